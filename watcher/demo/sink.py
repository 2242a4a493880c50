"""Where the demo's messages go: a small HTTP server that takes what a Slack incoming webhook takes, and keeps it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from watcher.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message and when it came."""

    at: datetime
    payload: dict[str, Any]

    @property
    def text(self) -> str:
        """The message's own plain text."""
        return str(self.payload.get("text", ""))


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
