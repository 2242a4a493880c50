"""The pages that people see: templates over values from memory and from the store.

Each page is a file with its pure part, its handlers and its routes; a page of its own is added to `Pages`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from watcher.model.snapshot import Snapshot
from watcher.settings.values import Secret
from watcher.web.api import Records
from watcher.web.attention import Desk
from watcher.web.pages.board import board_of
from watcher.web.pages.shell import Shell

__all__ = ["Behind", "Pages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What pages are made of, and what they change by: memory, the store, the token that a change needs."""

    version: str
    snapshot: Callable[[], Snapshot]
    records: Records
    desk: Desk | None = None
    token: Secret | None = None

    @property
    def now(self) -> datetime:
        """The time."""
        return self.snapshot().at


class Pages:
    """All handlers."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind
        self._shell = Shell(behind.version)

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler."""
        return [web.get("/", self.board), *self._shell.statics.routes()]

    async def board(self, request: web.Request) -> web.Response:
        """All accounts as they stand."""
        board = await asyncio.to_thread(board_of, self._behind.snapshot())
        return await self._shell.answer(request, "board.html.j2", board=board)
