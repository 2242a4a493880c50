"""The list of outages: which are asked for, what is shown of each, page by page; the same as CSV, all of them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import hdrs, web
from multidict import MultiMapping

from watcher.model.account import Account, Owner
from watcher.model.annotation import Annotation
from watcher.model.errors import WatcherError
from watcher.model.outage import Outage
from watcher.model.snapshot import Snapshot
from watcher.notify.wording import at_handle, format_duration, name_of, place_of
from watcher.record import Names
from watcher.settings.wording import near
from watcher.web import parameters
from watcher.web.cases import Cases
from watcher.web.pages.outage import names_of
from watcher.web.pages.shell import Shell
from watcher.web.turns import Turns
from watcher.words.export import csv_rows, moment

SIZE: Final = 50
_CHUNK: Final = 500
_MOST_CHOICES: Final = 200
_KEYS: Final = ("account", "owner", "platform", "state", "since", "until", "before", "retracted")
STATES: Final = {"": "all", "open": "still missing", "over": "over"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagesQuery:
    """Which outages are asked for. `fields` are the parameters as they were given, to be shown and linked to again."""

    fields: Mapping[str, str]
    since: datetime | None = None
    until: datetime | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """The question to the store, without how many."""
        given = self.fields
        return {
            "account_id": given.get("account"),
            "owner": given.get("owner"),
            "platform": given.get("platform"),
            "open_only": given.get("state") == "open",
            "over_only": given.get("state") == "over",
            "retracted": given.get("retracted") != "no",
            "since": self.since,
            "until": self.until,
            "before": given.get("before"),
        }

    def link(self, path: str, **changes: str | None) -> str:
        """The address of the same question with these changes; None leaves one out."""
        fields = {**self.fields, **changes}
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"{path}?{query}" if query else path


def parse_outages(query: MultiMapping[str], now: datetime) -> OutagesQuery:
    """The question that a URL asks; an empty parameter is as good as none. ValueError with a text for the asker."""
    parameters.only_known(query, _KEYS)
    fields = {name: query[name].strip() for name in _KEYS if query.get(name, "").strip()}
    if fields.get("state", "") not in STATES:
        raise ValueError(f"state: {fields['state'][:40]!a} is none of open and over")
    if fields.get("retracted", "no") != "no":
        raise ValueError(f"retracted: {fields['retracted'][:40]!a} is not no, which leaves out what was taken back")
    times = {name: _time(name, fields[name], now) for name in ("since", "until") if name in fields}
    return OutagesQuery(fields=fields, **times)


def _time(name: str, text: str, now: datetime) -> datetime:
    try:
        at = moment(text, now).astimezone(UTC)
        return at + timedelta(days=1) if name == "until" and _is_day(text) else at  # that day is meant, too
    except OverflowError:
        raise ValueError(f"{name}: {text[:40]!a} is at an end of the calendar: is the year right?") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRow:
    """One outage as the list shows it."""

    outage: Outage
    name: str
    place: str
    owner: str | None
    lasted: str
    notes: tuple[Annotation, ...]


def row_of(outage: Outage, account: Account | None, names: Names, notes: Sequence[Annotation]) -> OutageRow:
    """The outage with what things are called."""
    owner = None if account is None or account.owner is None else names.owners.get(account.owner, account.owner)
    known = () if account is None else (account.display_handle.casefold(), account.handle.casefold())
    same = account is not None and outage.handle_then.casefold() in known
    platform = outage.account_id.partition(":")[0]
    return OutageRow(
        outage=outage,
        name=name_of(account) if account is not None and same else at_handle(outage.handle_then),
        place=place_of(account, names.titles) if account is not None else names.titles.get(platform, platform),
        owner=owner,
        lasted=format_duration(outage.duration),
        notes=tuple(notes),
    )


class OutagesPages:
    """The handlers."""

    def __init__(self, shell: Shell, cases: Cases, snapshot: Callable[[], Snapshot]) -> None:
        self._shell = shell
        self._cases = cases
        self._snapshot = snapshot

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler."""
        return [web.get("/outages", self.page), web.get("/outages.csv", self.csv)]

    async def page(self, request: web.Request) -> web.Response:
        """The outages that are asked for, the latest first, so many at once."""
        snapshot = self._snapshot()
        rows: tuple[OutageRow, ...] = ()
        query, trouble, status = OutagesQuery(fields={}), "", HTTPStatus.OK
        try:
            query = parse_outages(request.query, snapshot.at)
            rows = await self.rows(query, SIZE + 1)
            trouble = "" if rows else await self._nobody(query.fields.get("account"), snapshot)
        except ValueError as error:
            trouble, status = f"{error}. Here are the latest of all.", HTTPStatus.BAD_REQUEST
        except WatcherError as error:
            trouble, status = f"The record cannot be read at present: {error}.", HTTPStatus.SERVICE_UNAVAILABLE
        if status is HTTPStatus.BAD_REQUEST:
            try:
                rows = await self.rows(query, SIZE + 1)
            except WatcherError as error:
                trouble, status = f"The record cannot be read at present: {error}.", HTTPStatus.SERVICE_UNAVAILABLE
        shown = rows[:SIZE]
        return await self._shell.answer(
            request,
            "outages.html.j2",
            status=status,
            query=query,
            rows=shown,
            trouble=trouble,
            older=query.link("/outages", before=shown[-1].outage.id) if len(rows) > SIZE else None,
            states=STATES,
            owners=_few(sorted(snapshot.owners.values(), key=lambda owner: owner.name.casefold())),
            platforms=sorted(snapshot.platforms.values(), key=lambda platform: platform.title.casefold()),
            csv=query.link("/outages.csv", before=None),
            feed=feed_link(query),
        )

    async def _nobody(self, account_id: str | None, snapshot: Snapshot) -> str:
        """What to say where neither the watchlist nor the record knows the account; nothing where one does."""
        if account_id is None or account_id in snapshot.accounts or await self._cases.accounts({account_id}):
            return ""
        hint = await asyncio.to_thread(
            near, account_id, tuple(snapshot.accounts), otherwise="write its id as in x:potus"
        )
        return f"No such account is known; {hint}{'' if hint.endswith('?') else '.'}"

    async def rows(self, query: OutagesQuery, limit: int) -> tuple[OutageRow, ...]:
        """The first `limit` of what is asked for. StoreError where it cannot be read."""
        outages = await self._cases.outages(limit=limit, **query.asked)
        notes = await self._cases.annotations([outage.id for outage in outages])
        accounts = await self._cases.accounts({outage.account_id for outage in outages})
        names = names_of(self._snapshot())
        return tuple(
            row_of(outage, accounts.get(outage.account_id), names, notes.get(outage.id, ())) for outage in outages
        )

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All that is asked for, a row each, as it is read: there may be very many.

        What cannot be read in the midst of it ends the connection, so that nobody takes a part for the whole.
        """
        try:
            query = parse_outages(request.query, self._snapshot().at)
            chunk = await self._chunk(query.asked)
        except ValueError as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"{error}\n")
        except WatcherError as error:
            text = f"the outages cannot be read at present: {error}\n"
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=text)
        answer = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="outages.csv"'})
        answer.content_type, answer.charset = "text/csv", "utf-8"
        await answer.prepare(request)
        if request.method == hdrs.METH_HEAD:
            return answer  # what is written to it would be sent
        turns, is_first = Turns(), True
        while chunk or is_first:
            outages, notes = chunk or ((), {})
            lines = csv_rows(outages, notes)
            if not is_first:
                next(lines)
            part = bytearray()
            for line in lines:
                part += line.encode()
                await turns.give()
            await answer.write(bytes(part))
            is_first = False
            if len(outages) < _CHUNK:
                break
            chunk = await self._chunk({**query.asked, "before": outages[-1].id})
        await answer.write_eof()
        return answer

    async def _chunk(
        self, asked: Mapping[str, Any]
    ) -> tuple[tuple[Outage, ...], Mapping[str, tuple[Annotation, ...]]] | None:
        outages = await self._cases.outages(limit=_CHUNK, **asked)
        if not outages:
            return None
        await asyncio.sleep(0)
        return outages, await self._cases.annotations([outage.id for outage in outages])


def _few(owners: list[Owner]) -> list[Owner]:
    """The owners to choose from; where there are too many for a list, one types the name of theirs."""
    return owners if len(owners) <= _MOST_CHOICES else []


def feed_link(query: OutagesQuery) -> str:
    """The feed of what is asked for, as far as there is one: of all, of an owner, of a platform."""
    wanted = {name: query.fields[name] for name in ("owner", "platform") if name in query.fields}
    return f"/feeds/outages.atom?{urlencode(wanted)}" if wanted else "/feeds/outages.atom"
