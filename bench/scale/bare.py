"""What no client in Python does without: `python -m bench.scale.bare DIR PORT` asks the site by aiohttp, and no more.

Kept connections over TLS, uvloop and isal as the program has them; each page is searched for forty texts in one pass.
Each line of standard input, `{"asks": N}`, is answered by `{"cpu": SECONDS}`, the processor time of them all.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from yarl import URL

from bench.scale.peers import patterns
from bench.scale.rig import handles
from watcher.classify.finder import at_once
from watcher.collecting import settle
from watcher.quicker import runner

_BESIDE: Final = 20
_ACCOUNTS: Final = 1000
_HEADERS: Final = {"Accept": "text/html", "Accept-Language": "en"}


class Bare:
    """A session, and what it asks for."""

    def __init__(self, session: ClientSession, port: str) -> None:
        self._session = session
        self._urls = [URL(f"https://localhost:{port}/{handle}") for handle in handles(_ACCOUNTS)]
        self._find: Callable[[bytes], int | None] = at_once(tuple(text.lower().encode() for text in patterns()))

    async def ask(self, count: int) -> float:
        """So many questions, twenty at a time; their processor time in seconds."""
        began, turns = time.process_time(), iter(range(count))
        await asyncio.gather(*(self._in_turn(turns) for _ in range(_BESIDE)))
        return time.process_time() - began

    async def _in_turn(self, turns: Iterator[int]) -> None:
        for turn in turns:
            url = self._urls[turn % _ACCOUNTS]
            async with self._session.get(url, headers=_HEADERS, allow_redirects=False) as answer:
                page = await answer.read()
            self._find(page.lower())  # texts of missing pages stand in the scripts of any page


async def serve(directory: Path, port: str) -> None:
    """Do what standard input says, until it ends."""
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    lines, loop = asyncio.StreamReader(), asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with ClientSession(connector=TCPConnector(limit=0, ssl=context), cookie_jar=DummyCookieJar()) as session:
        bare = Bare(session, port)
        await bare.ask(2 * _ACCOUNTS)
        settle()
        print(json.dumps({"ready": True}), flush=True)
        while line := await lines.readline():
            print(json.dumps({"cpu": await bare.ask(json.loads(line)["asks"])}), flush=True)


def main() -> None:
    """Ask."""
    with runner() as running:
        running.run(serve(Path(sys.argv[1]), sys.argv[2]))


if __name__ == "__main__":
    main()
