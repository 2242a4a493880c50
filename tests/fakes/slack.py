"""A recording Slack: an incoming webhook on a real socket that answers as it is told, and keeps what it accepted."""

import asyncio
import json
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

_PATH = "/services/T0000/B0000/secret-part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One scripted answer. `hang` never answers; `drop` breaks the connection in the middle of the body.

    `endless` sends a body that has no end.
    """

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drop: bool = False
    endless: bool = False


OK = Answer()
NOT_OK = Answer(body="<html>Please log in to the network</html>")
RATE_LIMITED = Answer(status=429, body="rate_limited")
SERVER_ERROR = Answer(status=500, body="server_error")
NO_SERVICE = Answer(status=404, body="no_service")
INVALID_TOKEN = Answer(status=400, body="invalid_token")
INVALID_BLOCKS = Answer(status=400, body="invalid_blocks")
HANG = Answer(hang=True)
DROP = Answer(drop=True)
ENDLESS = Answer(endless=True)


def rate_limited(seconds: int | str) -> Answer:
    """429 with Retry-After, as Slack says it."""
    return Answer(status=429, body="rate_limited", headers={"Retry-After": str(seconds)})


class FakeSlack:
    """Use as an async context manager; `url` is the webhook. Answers as scripted, then `ok` for ever.

    `accepted` holds the payloads that were answered with 200 ok, `received` all of them. As the real one does, it
    refuses what is not JSON, has no text, or breaks the limits of blocks.
    """

    def __init__(self, *script: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.accepted: list[dict[str, Any]] = []
        self.received: list[dict[str, Any]] = []
        self._script = deque(script)
        self._tls = tls
        self._released = asyncio.Event()
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}{_PATH}"

    def script(self, *answers: Answer) -> None:
        """Answer the next requests like this."""
        self._script.extend(answers)

    async def until_received(self, count: int) -> None:
        """Return once `count` requests have come in."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.received) >= count)

    async def until_accepted(self, count: int) -> None:
        """Return once `count` messages have been taken."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.accepted) >= count)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1_000_000)
        app.router.add_post(_PATH, self._post)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Die: connections are refused from now on. Entering it again brings it back at the same address."""
        self._released.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _post(self, request: web.Request) -> web.StreamResponse:
        answer = self._script.popleft() if self._script else OK
        try:
            payload = json.loads(await request.text())
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        fault = _fault(payload)
        if fault:
            answer = Answer(status=400, body=fault)
        taken = (answer.status, answer.body) == (200, "ok") and not (answer.hang or answer.drop or answer.endless)
        async with self._news:
            self.received.append(payload)
            if taken:
                self.accepted.append(payload)
            self._news.notify_all()
        if answer.hang:
            await self._released.wait()
        if answer.drop:
            return await _drop(request)
        if answer.endless:
            return await self._go_on(request)
        return web.Response(status=answer.status, text=answer.body, headers=answer.headers)

    async def _go_on(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while not self._released.is_set():
                await response.write(b"o" * 1024)
                await asyncio.sleep(0)
        return response


def _fault(payload: Any) -> str:
    if not isinstance(payload, dict):
        return "invalid_payload"
    if not payload.get("text"):
        return "no_text"
    blocks = payload.get("blocks", [])
    return "" if len(blocks) <= 50 and all(_fits(block) for block in blocks) else "invalid_blocks"


def _fits(block: dict[str, Any]) -> bool:
    text = block.get("text", {}).get("text")
    match block["type"]:
        case "header":
            return block["text"]["type"] == "plain_text" and 0 < len(text) <= 150
        case "section":
            fields = block.get("fields", [])
            said = text is None or 0 < len(text) <= 3000
            return said and len(fields) <= 10 and all(0 < len(each["text"]) <= 2000 for each in fields)
        case "context":
            return 0 < len(block["elements"]) <= 10
        case _:
            return False


async def _drop(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"o")
    assert request.transport is not None
    request.transport.abort()
    return response
