"""The handler of the board."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from watcher.model.snapshot import Snapshot
from watcher.web.pages.behind import Behind
from watcher.web.pages.health import platforms_of
from watcher.web.pages.query import STATES, parse_board_query
from watcher.web.pages.shell import Shell
from watcher.web.pages.wall import Wall

# Of more owners than that nobody picks one from a list: they are found by the search.
_MOST_OWNERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the filter offers: values and how they are called."""

    states: tuple[tuple[str, str], ...]
    platforms: tuple[tuple[str, str], ...]
    owners: tuple[tuple[str, str], ...]


def choices_of(snapshot: Snapshot) -> Choices:
    """Those platforms and owners of whom somebody is watched; no owners where there are very many."""
    platforms: dict[str, str] = {}
    owners: dict[str, str] = {}
    for account in tuple(snapshot.accounts.values()):
        if account.platform not in platforms:
            platform = snapshot.platforms.get(account.platform)
            platforms[account.platform] = platform.title if platform else account.platform
        if account.owner and account.owner not in owners:
            owner = snapshot.owners.get(account.owner)
            owners[account.owner] = owner.name if owner else account.owner
    return Choices(
        states=STATES,
        platforms=tuple(sorted(platforms.items(), key=lambda each: each[1].casefold())),
        owners=tuple(sorted(owners.items(), key=lambda each: each[1].casefold()))
        if len(owners) <= _MOST_OWNERS
        else (),
    )


class BoardPage:
    """`/`: everybody who is watched, as a page that the script of it keeps up to date."""

    def __init__(self, behind: Behind, wall: Wall, shell: Shell) -> None:
        self._behind = behind
        self._wall = wall
        self._shell = shell

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [web.get("/", self.get)]

    async def get(self, request: web.Request) -> web.Response:
        """The page of the board that the address asks for."""
        try:
            query = parse_board_query(request.query)
        except ValueError as error:
            return await self._shell.refusal(request, HTTPStatus.BAD_REQUEST, str(error))
        snapshot = self._behind.snapshot()
        board = await self._wall.board(snapshot, query)
        return await self._shell.answer(
            request,
            "board.html.j2",
            board=board,
            have=f"{self._wall.run}.{board.version}",
            choices=await asyncio.to_thread(choices_of, snapshot),
            platforms=platforms_of(snapshot),
        )
