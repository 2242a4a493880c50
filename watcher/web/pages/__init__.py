"""The pages that people see: templates over values from memory and from the store.

Each page is a file with its pure part, its handlers and its routes; a page of its own is added to `Pages`.
"""

from aiohttp import web

from watcher.web.pages.accountpage import AccountPage
from watcher.web.pages.apipage import ApiPages
from watcher.web.pages.behind import Behind
from watcher.web.pages.boardpage import BoardPage
from watcher.web.pages.live import Live
from watcher.web.pages.records import record_routes
from watcher.web.pages.shell import Shell
from watcher.web.pages.wall import Wall

__all__ = ["Behind", "Pages"]


class Pages:
    """All handlers."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind
        self._shell = Shell(behind.version)
        wall = Wall(behind.records)
        self._live = Live(behind.snapshot, wall, self._shell)
        self._board = BoardPage(behind, wall, self._shell)
        self._record = record_routes(behind, self._shell)
        self._account = AccountPage(behind, wall, self._shell)

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler."""
        return [
            *self._board.routes(),
            *self._account.routes(),
            *self._live.routes(),
            *self._record,
            *ApiPages(self._shell, self._behind.version).routes(),
            *self._shell.statics.routes(),
        ]

    async def close(self, _app: web.Application) -> None:
        """End what would never end by itself."""
        await self._live.close()
