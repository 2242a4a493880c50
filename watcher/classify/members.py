"""Take the answer to a batch apart: for each member an exchange of its own, whose document is that member's item.

Nothing is judged here: a member whom the answer does not name gets the document `null`. Where the first of its lists is
missing, that of those who are there, the answer says nothing of whom it does not name; it is handed on whole, and
stays so (see `Exchange.is_item`). An answer with a list of more than MOST_ITEMS is too large to say anything of anyone.
The question is narrowed as the answer is: what is kept of an account names no other.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from watcher.classify.page import NOT_JSON, Json, NotJson, Page, rendered, walk
from watcher.model.exchange import Exchange, FetchFailure, Response, Target, name_of
from watcher.model.finding import Reason
from watcher.model.platform import KEY, Batch, Items

_JSON: Final = {"content-type": "application/json"}
_NOBODY: Final = b"null"
MOST_ITEMS: Final = 10_000


def members_of(exchange: Exchange) -> tuple[Exchange, ...]:
    """One exchange for each whom the answer is about, in the order asked; for a single look-up, itself."""
    targets, batch = exchange.task.asked_about, exchange.task.source.batch
    if batch is None:
        return (exchange,)
    outcome = exchange.outcome
    nodes = _nodes(outcome, batch)
    if isinstance(outcome, Response) and any(isinstance(n, list | dict) and len(n) > MOST_ITEMS for n in nodes):
        exchange, nodes = replace(exchange, outcome=_too_long(outcome)), []
    lists = [_list(node, items) for node, items in zip(nodes, batch.items, strict=False)]
    if isinstance(outcome, FetchFailure) or all(each is None for each in lists):
        return tuple(_about(exchange, target) for target in targets)
    named = [_Named(entries, exchange.task.platform.handle.fold) for entries in lists if entries is not None]
    items = (_found(named, _names(batch, target, place)) for place, target in enumerate(targets))
    return tuple(
        _about(exchange, target) if item is None and lists[0] is None else _item(exchange, outcome, target, item)
        for target, item in zip(targets, items, strict=True)
    )


def is_omitted(exchange: Exchange) -> bool:
    """True when the answer to a batch does not name whom this exchange is about."""
    return exchange.is_item and isinstance(exchange.outcome, Response) and exchange.outcome.body == _NOBODY


class _Named:
    """One list's items by what they are called: as written, and by what is the same name."""

    def __init__(self, entries: Iterable[tuple[frozenset[str], Json]], fold: bool) -> None:
        self._exact: dict[str, Json] = {}
        self._alike: dict[str, Json] = {}
        self._fold = fold
        for names, item in entries:
            for name in names:
                self._exact.setdefault(name, item)
                self._alike.setdefault(alike(name, fold=fold), item)

    def get(self, names: Iterable[str]) -> Json:
        """The item of the first of `names` that there is; None without one."""
        names = tuple(names)
        for known, called in ((self._exact, names), (self._alike, tuple(alike(n, fold=self._fold) for n in names))):
            for name in called:
                if known.get(name) is not None:
                    return known[name]
        return None


def alike(name: str, *, fold: bool) -> str:
    """A name so written that what means the same account is equal. On most platforms case does not matter at all.

    MediaWiki's names begin with a capital and have spaces for underscores, however they were asked for.
    """
    plain = name.replace("_", " ")
    return plain.casefold() if fold else plain[:1].upper() + plain[1:]


def _found(named: Iterable[_Named], names: tuple[str, ...]) -> Json:
    return next((item for each in named if (item := each.get(names)) is not None), None)


def _names(batch: Batch, target: Target, place: int) -> tuple[str, ...]:
    """What the member may be called in the answer; nothing by an id that is not known."""
    known = (name for name in batch.names if target.stable_id or "{stable_id}" not in name)
    return tuple(name_of(name, target, place) for name in known)


def _nodes(outcome: Response | FetchFailure, batch: Batch) -> list[Json]:
    """What stands where each of the lists is to be; nothing of an answer that is none."""
    document = Page(outcome).json if isinstance(outcome, Response) and outcome.status == HTTPStatus.OK else NOT_JSON
    return [] if isinstance(document, NotJson) else [walk(document, items.list_) for items in batch.items]


def _too_long(response: Response) -> FetchFailure:
    detail = f"a list in the answer has more than {MOST_ITEMS} items"
    return FetchFailure(reason=Reason.TOO_LARGE, detail=detail, status=response.status, hops=response.hops)


def _list(node: Json, items: Items) -> list[tuple[frozenset[str], Json]] | None:
    """The items of one list or mapping, each with its names; None where there is no such thing."""
    if isinstance(node, list):
        return [(_called(items, item, {}), item) for item in node]
    if isinstance(node, dict):
        return [(_called(items, item, {KEY: key}), item) for key, item in node.items()]
    return None


def _called(items: Items, item: Json, own: Mapping[str, str]) -> frozenset[str]:
    """What an item is called: the values of its names, of which one may stand within a text (`id{id}`)."""

    def values() -> Iterator[str]:
        for name in items.names:
            before, brace, rest = name.partition("{")
            path, _, after = rest.partition("}") if brace else (name, "", "")
            node = own.get(path, walk(item, path))
            if isinstance(node, str | int) and not isinstance(node, bool):
                yield f"{before if brace else ''}{rendered(node)}{after}"

    return frozenset(values())


def _item(exchange: Exchange, response: Response, target: Target, item: Json) -> Exchange:
    about = _about(exchange, target)
    try:
        body = json.dumps(item).encode()
    except RecursionError:  # nested so deeply that it could just be read
        return about
    url = response.url if response.hops else about.task.url
    outcome = replace(response, url=url, headers={**response.headers, **_JSON}, body=body)
    return replace(about, outcome=outcome, is_item=True)


def _about(exchange: Exchange, target: Target) -> Exchange:
    task = replace(exchange.task, target=target, members=(target,))
    outcome = exchange.outcome
    if isinstance(outcome, Response) and not outcome.hops:
        outcome = replace(outcome, url=task.url)
    return replace(exchange, task=task, outcome=outcome)
