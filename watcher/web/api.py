"""The JSON API: accounts as they stand, and their outages. Reads only; the shapes are those of model/record.py."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiohttp import web
from multidict import MultiMapping

from watcher.model.annotation import Annotation
from watcher.model.errors import WatcherError
from watcher.model.outage import Outage, Transition
from watcher.model.record import Record, account_record, outage_record, uptime_record
from watcher.model.sample import Sample
from watcher.model.snapshot import Snapshot
from watcher.model.uptime import UPTIME_SPAN, History, recent_uptime
from watcher.web import parameters
from watcher.web.answers import json_error
from watcher.web.turns import Turns


class Records(Protocol):
    """What is asked of the store, in its own words (see Store). Each raises StoreError."""

    async def outages(
        self, *, account_id: str | None, open_only: bool, limit: int, retracted: bool
    ) -> tuple[Outage, ...]:
        """Outages, the latest first."""
        ...

    async def annotations(self, outage_ids: Sequence[str], /) -> Mapping[str, tuple[Annotation, ...]]:
        """What was noted of them, by their ids."""
        ...

    async def history(self, account_id: str, since: datetime, /) -> History:
        """What the account's uptime since then is computed from."""
        ...

    async def histories(self, account_ids: Collection[str], since: datetime, /) -> Mapping[str, History]:
        """The same of several accounts, by their ids."""
        ...

    async def transitions(self, account_id: str, limit: int, /) -> tuple[Transition, ...]:
        """What happened to an account, the latest first."""
        ...

    async def samples(self, account_id: str, limit: int, /) -> tuple[Sample, ...]:
        """The looks at an account that are kept, the latest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageQuery:
    """Which outages are asked for. `open` None: both those that are and those that are not.

    `retracted`: also those that were taken back.
    """

    account_id: str | None = None
    open: bool | None = None
    retracted: bool = False
    limit: int = parameters.DEFAULT


class Api:
    """The handlers of /api/v1 over the snapshot and the records that the app hands in."""

    def __init__(self, snapshot: Callable[[], Snapshot], records: Records) -> None:
        self._snapshot = snapshot
        self._records = records

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler. Ids may hold slashes."""
        return [
            web.get("/api/v1/accounts", self.accounts),
            web.get("/api/v1/accounts/{id:.+}", self.account),
            web.get("/api/v1/outages", self.outages),
        ]

    async def accounts(self, request: web.Request) -> web.Response:
        """All accounts, in the order of the watchlist."""
        if (refusal := _refused(request)) is not None:
            return refusal
        rows = self._snapshot().rows
        return await _listed(account_record(account, state) for account, state in rows)

    async def account(self, request: web.Request) -> web.Response:
        """One account by its id, with its uptime of the last 30 days and how many of its outages were taken back.

        Both are null while the store cannot be read.
        """
        if (refusal := _refused(request)) is not None:
            return refusal
        wanted, shown = request.match_info["id"], self._snapshot()
        account = shown.accounts.get(wanted)
        if account is None:
            return json_error(404, "no such account is watched; /api/v1/accounts lists them all")
        state = shown.states[wanted]
        uptime: Record | None = None
        retracted: int | None = None
        with suppress(WatcherError):
            history = await self._records.history(wanted, shown.at - UPTIME_SPAN)
            uptime = uptime_record(recent_uptime(history, state, shown.at))
            retracted = history.retracted
        past = {"uptime_30d": uptime, "outages_retracted": retracted}
        return web.json_response(account_record(account, state) | past)

    async def outages(self, request: web.Request) -> web.Response:
        """Outages, the latest first: `account`, `open` (true or false) and `limit` (1 to 1000) narrow them down.

        `retracted=true` gives also those that were taken back.
        """
        try:
            query = parse_outage_query(request.query)
        except ValueError as error:
            return json_error(400, str(error))
        try:
            outages = await self._read(query)
            noted = await self._records.annotations([outage.id for outage in outages])
        except WatcherError as error:
            return json_error(503, f"the outages cannot be read at present: {error}")
        return await _listed(outage_record(outage, noted.get(outage.id, ())) for outage in outages)

    async def _read(self, query: OutageQuery) -> tuple[Outage, ...]:
        spare = 0
        if query.open is False:
            # The store tells open ones apart only: ask for as many more as can be open, one an account.
            spare = sum(state.outage is not None for _, state in self._snapshot().rows)
        found = await self._records.outages(
            account_id=query.account_id,
            open_only=query.open is True,
            limit=query.limit + spare,
            retracted=query.retracted,
        )
        wanted = found if query.open is None else tuple(outage for outage in found if outage.is_open is query.open)
        return wanted[: query.limit]


async def _listed(records: Iterable[Record]) -> web.Response:
    """The records as a JSON list, in slices of the loop's time: there may be many."""
    turns, body = Turns(), bytearray(b"[")
    for record in records:
        body += b", " if len(body) > 1 else b""
        body += json.dumps(record).encode()
        await turns.give()
    body += b"]"
    return web.Response(body=body, content_type="application/json", charset="utf-8")


def _refused(request: web.Request) -> web.Response | None:
    """What is asked with any parameter is refused, where there are none."""
    try:
        parameters.only_known(request.query, ())
    except ValueError as error:
        return json_error(400, str(error))
    return None


def parse_outage_query(query: MultiMapping[str]) -> OutageQuery:
    """The query that the parameters of a URL ask for. Raises ValueError with a text for the asker."""
    parameters.only_known(query, ("account", "open", "retracted", "limit"))
    account = query.get("account")
    if account == "":
        raise ValueError("account: empty; leave it out for the outages of all accounts")
    return OutageQuery(
        account_id=account,
        open=parameters.flag(query, "open"),
        retracted=parameters.flag(query, "retracted") or False,
        limit=parameters.limit(query),
    )
