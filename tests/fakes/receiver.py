"""Somebody who is told by HTTP: takes what is posted anywhere, on a real socket, and answers as it is told."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fakes.slack import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. Names of `headers` are lower-case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Use as an async context manager. Answers as scripted, then 200; entering it again keeps the address.

    `calls` are the requests that were answered with 2xx, `received` all of them.
    """

    calls: list[Call] = field(default_factory=list)
    received: list[Call] = field(default_factory=list)
    _script: deque[Answer] = field(default_factory=deque)
    _runner: web.AppRunner | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _port: int = 0

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """Without a slash."""
        return f"http://{self.address}"

    def script(self, *answers: Answer) -> None:
        """Answer the next requests like this."""
        self._script.extend(answers)

    def release(self) -> None:
        """Answer those who wait."""
        self._released.set()

    async def until_received(self, count: int) -> None:
        """Return once so many requests have come in."""
        while len(self.received) < count:
            self._news.clear()
            await self._news.wait()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._post)
        self._released.clear()
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Die: connections are refused from now on."""
        self.release()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _post(self, request: web.Request) -> web.StreamResponse:
        answer = self._script.popleft() if self._script else Answer()
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(path=request.path_qs, headers=headers, body=await request.read())
        self.received.append(call)
        self._news.set()
        if answer.hang:
            await self._released.wait()
        if answer.drop:
            assert request.transport is not None
            request.transport.abort()
        if 200 <= answer.status < 300 and not answer.drop:
            self.calls.append(call)
        return web.Response(status=answer.status, text=answer.body, headers=answer.headers)
