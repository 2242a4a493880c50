"""Where the demo's messages go: a small HTTP server that takes what a Slack incoming webhook takes, and keeps it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any, Final

from aiohttp import web

from watcher.clock import Clock

# What Slack makes of mrkdwn: the reader's own time, links, bold labels, code spans.
_LOCAL_TIME: Final = re.compile(r" \(<!date\^[^>]*>\)")
_LINK: Final = re.compile(r"<([^|>]*)\|([^>]*)>")
_FIELD: Final = re.compile(r"\*(?P<label>[^\n]*)\*\n(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message and when it came."""

    at: datetime
    payload: dict[str, Any]

    @property
    def lines(self) -> tuple[str, ...]:
        """The whole message as its reader sees it, without the typography."""
        return tuple(line for block in self.payload.get("blocks", ()) for line in _lines(block))


class SlackSink:
    """Listens on a free port of 127.0.0.1 between `start` and `stop`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.received: list[Received] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; `url` is then the webhook's."""
        app = web.Application()
        app.router.add_post("/services/demo", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/services/demo"

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.received.append(Received(at=self._clock.now(), payload=await request.json()))
        return web.Response(text="ok")


def _lines(block: dict[str, Any]) -> Iterator[str]:
    """Header, section (a text, or fields), context: the blocks that are sent."""
    if "text" in block:
        yield from _plain(block["text"]).splitlines()
    for field in block.get("fields", ()):
        found = _FIELD.fullmatch(field["text"])
        yield f"{_plain(found['label'])}: {_plain(found['value'])}" if found else _plain(str(field["text"]))
    yield from (_plain(element) for element in block.get("elements", ()))


def _plain(text: dict[str, Any] | str) -> str:
    if isinstance(text, dict):
        return str(text["text"]) if text["type"] == "plain_text" else _plain(str(text["text"]))
    shown = _LINK.sub(r"\2: \1", _LOCAL_TIME.sub("", text))
    return unescape(shown.removeprefix("`").removesuffix("`"))
