"""Open boards, kept up to date: one watcher for all of them, which tells each what of its page has changed.

A stream holds nothing but what it has sent: it is compared with the view when its reader is ready for more.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import structlog
from aiohttp import web

from watcher.model.outage import AccountState
from watcher.model.record import instant
from watcher.model.snapshot import Snapshot
from watcher.notify.wording import at_handle, name_of
from watcher.text import clean
from watcher.web.pages.bars import quarter_of
from watcher.web.pages.board import Arranged, Board, Index, Listed, concerns, notice_of, place_in_order, standing
from watcher.web.pages.health import Platforms, platforms_of
from watcher.web.pages.query import BoardQuery, parse_board_query
from watcher.web.pages.shell import Shell
from watcher.web.pages.wall import Wall
from watcher.web.pages.words import iso, look_of
from watcher.web.turns import Turns

MOST: Final = 100
"""So many boards may be open at once."""
_TICK: Final = timedelta(seconds=1)
# A reader that takes nothing for so long is let go of; it comes back by itself.
_PATIENCE: Final = timedelta(seconds=20)
_QUIET: Final = timedelta(seconds=5)
_AGAIN: Final = 3000
_SAID: Final = 200
_SAID_AT_ONCE: Final = 4
_PIECE: Final = 200
_GLANCE: Final = 5000
_DIGITS: Final = 15
_REST: Final = 4
_PARTS: Final = "board_parts.html.j2"
_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


@dataclass(frozen=True, slots=True)
class _News:
    """That an account stands otherwise now, numbered in the order in which it was seen."""

    number: int
    listed: Listed
    handle: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """A page of the board, ready to be sent: its pieces; its rows and headings by key, in order, with versions.

    `is_readable`: the record could be read for it. Else it is made anew at every turn, until it can.
    """

    arranged: Arranged
    version: int
    is_readable: bool
    parts: Mapping[str, str]
    accounts: frozenset[str]
    order: tuple[str, ...]
    versions: Mapping[str, int]
    html: Mapping[str, str]


@dataclass(slots=True, eq=False)
class _Stream:
    """One open board: its query, which rows its page had, and what it was sent since."""

    query: BoardQuery
    have: int
    told: int
    more: asyncio.Event = field(default_factory=asyncio.Event)
    view: _View | None = None
    probes: dict[str, datetime | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """What was seen at the last turn."""

    states: dict[str, AccountState]
    index: Index
    around: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Changes:
    """What is otherwise than at the last turn: the order of accounts, something around them, some rows."""

    order: bool = False
    around: bool = False
    rows: frozenset[str] = frozenset()


class Live:
    """The handler of `/events`, and the watcher behind it, which runs while a board is open."""

    def __init__(
        self, snapshot: Callable[[], Snapshot], wall: Wall, shell: Shell, *, most: int = MOST, tick: timedelta = _TICK
    ) -> None:
        self._snapshot = snapshot
        self._wall = wall
        self._shell = shell
        self._most = most
        self._tick = tick
        self._streams: set[_Stream] = set()
        self._views: dict[BoardQuery, _View] = {}
        self._rows: dict[str, tuple[int, str]] = {}  # by key: one for all views
        self._watching: asyncio.Task[None] | None = None
        self._seen: _Seen | None = None
        self._news: deque[_News] = deque(maxlen=_SAID)
        self._told = 0
        self._is_closed = False
        self._log = structlog.get_logger()

    @property
    def open(self) -> int:
        """How many boards are open."""
        return len(self._streams)

    async def close(self) -> None:
        """End all streams, and take no more."""
        self._is_closed = True
        for stream in self._streams:
            stream.more.set()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [web.get("/events", self.events, allow_head=False)]

    # A stream.

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: what of this page of the board has changed, until the reader or the server leaves."""
        try:
            query = parse_board_query(request.query, "have")
        except ValueError as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"{error}\n")
        if self._is_closed or len(self._streams) >= self._most:
            text = f"{self._most} boards are open, which is the most: this one is not kept up to date\n"
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=text, headers={"Retry-After": "60"})
        stream = _Stream(query=query, have=self._had(request), told=self._told)
        self._streams.add(stream)
        try:
            return await self._serve(request, stream)
        finally:
            self._streams.discard(stream)

    async def _serve(self, request: web.Request, stream: _Stream) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        # Whoever does not read, or has gone away, is let go of: nothing waits for it.
        with suppress(ConnectionError, TimeoutError):
            await response.prepare(request)
            await self._send(request, response, f"retry: {_AGAIN}\n\n")
            if self._watching is None:
                self._watching = asyncio.create_task(self._watch())
            spoken = asyncio.get_running_loop().time()
            while not self._is_closed and request.transport is not None and not request.transport.is_closing():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_QUIET.total_seconds()):
                        await stream.more.wait()
                stream.more.clear()
                changes = self._changes_for(stream)
                now = asyncio.get_running_loop().time()
                if changes or now - spoken >= _QUIET.total_seconds():
                    spoken = now
                    await self._send(request, response, self._event(stream, changes))
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, text: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                await response.write(text.encode(errors="replace"))
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()  # else the end of the answer would wait for the same reader
            raise

    def _event(self, stream: _Stream, changes: dict[str, Any]) -> str:
        have = stream.view.version if stream.view is not None else stream.have
        data = json.dumps({"at": instant(self._snapshot().at), **changes}, separators=(",", ":"))
        return f"id: {self._wall.run}.{have}\ndata: {data}\n\n"

    def _had(self, request: web.Request) -> int:
        """Up to which number the reader has all changes; -1: none of this process."""
        run, _, number = request.headers.get("Last-Event-ID", request.query.get("have", "")).partition(".")
        is_ours = run == self._wall.run and number.isascii() and number.isdigit() and len(number) < _DIGITS
        return int(number) if is_ours else -1

    def _changes_for(self, stream: _Stream) -> dict[str, Any]:
        view, before = self._views.get(stream.query), stream.view
        if view is None or self._seen is None:
            return {}
        changes: dict[str, Any] = {}
        if view is not before:
            known = before.parts if before is not None else {}
            changes = {name: text for name, text in view.parts.items() if known.get(name) != text}
            if before is None or before.order != view.order:
                changes["order"] = view.order
            if rows := {
                key: view.html[key] for key, version in view.versions.items() if not _has(stream, key, version)
            }:
                changes["rows"] = rows
            stream.view = view
        if probes := self._probes_for(stream, view):
            changes["probes"] = probes
        if said := self._said_to(stream):
            changes["say"] = said
        return changes

    def _probes_for(self, stream: _Stream, view: _View) -> dict[str, str]:
        """When those of the page were looked at last, as far as that is news."""
        states = self._seen.states if self._seen is not None else {}
        now = {f"a:{each}": states[each].last_probe_at for each in view.accounts if each in states}
        found = {key: iso(at) for key, at in now.items() if at is not None and stream.probes.get(key) != at}
        stream.probes = now
        return found

    def _said_to(self, stream: _Stream) -> str:
        """What a screen reader is to say: who stands otherwise now."""
        query, since = stream.query, stream.told
        news = [each for each in self._news if each.number > since and concerns(each.listed, each.handle, query)]
        stream.told = self._told
        more = len(news) - _SAID_AT_ONCE
        texts = [each.text for each in news[-_SAID_AT_ONCE:]]
        return ". ".join([*texts, f"and {more} others"] if more > 0 else texts)

    # The watcher.

    async def _watch(self) -> None:
        failed = False
        clock = asyncio.get_running_loop().time
        try:
            while self._streams:
                began = clock()
                try:
                    await self._turn()
                    failed = False
                except Exception:  # noqa: BLE001 - a fault of ours is logged, once, and ends no board
                    if not failed:
                        self._log.error("boards_not_kept_up", exc_info=True)
                    failed = True
                    self._seen = None  # what this turn noted reached no board: begin anew
                # Many different boards of very many accounts take their time; most of it is for the looks.
                await asyncio.sleep(max(self._tick.total_seconds(), _REST * (clock() - began)))
        finally:
            self._watching = self._seen = None
            self._views.clear()
            self._rows.clear()

    async def _turn(self) -> None:
        """See what has changed, make the views anew that it concerns, and wake the streams."""
        snapshot = self._snapshot()
        changes = await self._look(snapshot)
        queries = {stream.query for stream in self._streams}
        self._views = {query: view for query, view in self._views.items() if query in queries}
        platforms = platforms_of(snapshot)
        for query in queries:
            view = self._views.get(query)
            if view is None or changes.order:
                known = None
            elif changes.around or not view.is_readable or not changes.rows.isdisjoint(view.accounts):
                known = view.arranged
            else:
                continue
            board = await self._wall.board(snapshot, query, known)
            self._views[query] = await asyncio.to_thread(self._made, board, platforms)
        if changes.order:
            shown = {key for view in self._views.values() for key in view.order}
            self._rows = {key: row for key, row in self._rows.items() if key in shown}
        for stream in self._streams:
            stream.more.set()

    async def _look(self, snapshot: Snapshot) -> _Changes:
        index, before = await self._wall.index(snapshot), self._seen
        around = (
            quarter_of(snapshot.at),
            notice_of(snapshot),
            tuple((key, health, snapshot.reports[key]) for key, health in snapshot.health.items()),
        )
        if before is None or before.index is not index:
            self._seen = _Seen(states=dict(snapshot.states), index=index, around=around)
            return _Changes(order=True)
        is_around = before.around != around
        before.around = around
        order, rows, turns = False, set[str](), Turns()
        for number, (account_id, state) in enumerate(await _others(before.states, snapshot.states, turns)):
            if number % _PIECE == 0:
                await turns.give()
            known = before.states.get(account_id)
            before.states[account_id] = state
            if known is None or standing(known) != standing(state):
                rows.add(account_id)
            if known is None or place_in_order(known) != place_in_order(state):
                order = True
                self._note(index.listed.get(account_id), known, state)
        return _Changes(order=order, around=is_around, rows=frozenset(rows))

    def _note(self, listed: Listed | None, known: AccountState | None, state: AccountState) -> None:
        look = look_of(state)
        if listed is None or known is None or look_of(known) == look:
            return
        self._told += 1
        name = clean(at_handle(state.handle) if state.handle else name_of(listed.account))
        self._news.append(_News(self._told, listed, state.handle, f"{name} on {clean(listed.place)}: {look.words}"))

    def _made(self, board: Board, platforms: Platforms) -> _View:
        """The pieces of a page of the board; rows that are as before are not written anew, whoever shows them."""
        versions: dict[str, int] = {}
        html: dict[str, str] = {}
        for heading, row in board.entries:
            if heading:
                versions[f"g:{heading}"] = 0
                html[f"g:{heading}"] = self._shell.piece(_PARTS, "heading", heading)
            key = f"a:{row.key}"
            versions[key] = row.version
            written = self._rows.get(key)
            if written is None or written[0] != row.version:
                written = self._rows[key] = (row.version, self._shell.piece(_PARTS, "row", row, board.at))
            html[key] = written[1]
        return _View(
            arranged=board.arranged,
            version=board.version,
            is_readable=board.is_readable,
            parts={
                "title": board.title,
                "counts": self._shell.piece(_PARTS, "counts", board),
                "notice": self._shell.piece(_PARTS, "notice", board),
                "pager": self._shell.piece(_PARTS, "pager", board),
                "health": self._shell.piece(_PARTS, "health", platforms),
                "platforms": self._shell.piece(_PARTS, "platforms", platforms, board.at),
            },
            accounts=frozenset(row.key for _, row in board.entries),
            order=tuple(versions),
            versions=versions,
            html=html,
        )


async def _others(
    before: Mapping[str, AccountState], states: Mapping[str, AccountState], turns: Turns
) -> list[tuple[str, AccountState]]:
    """Whose state is another object than before; nearly nobody's is, of very many."""
    items, found = list(states.items()), list[tuple[str, AccountState]]()
    for start in range(0, len(items), _GLANCE):
        found += [pair for pair in items[start : start + _GLANCE] if before.get(pair[0]) is not pair[1]]
        await turns.give()
    return found


def _has(stream: _Stream, key: str, version: int) -> bool:
    """Whether the reader has that row: it was sent it, or had it on its page."""
    if stream.view is None:
        return version <= stream.have
    return stream.view.versions.get(key) == version
