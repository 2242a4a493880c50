"""A receiver of HTTPS posts that fails as it is told, byte by byte: TLS, the answer, the connection."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

NAME = "hooks.watcher.test"
HOST = "127.0.0.1"


class Fault(StrEnum):
    """One way to fail."""

    NONE = "none"
    REFUSED = "refused"
    DNS = "DNS failure"
    TLS = "TLS failure"
    TIMEOUT = "timeout"
    RATE_LIMITED = "429"
    RATE_LIMITED_FOR = "429, Retry-After"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    ERROR_BODY = "200, error body"
    REFUSED_FOR_GOOD = "4xx permanent"
    CUT = "cut mid-answer"


AMBIGUOUS = frozenset({Fault.TIMEOUT, Fault.CUT})
"""The receiver may have the message all the same: at least once means twice here."""
_STATUS = {
    Fault.RATE_LIMITED: 429,
    Fault.RATE_LIMITED_FOR: 429,
    Fault.SERVER_ERROR: 500,
    Fault.UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came in whole."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """`fault` may be changed at any time. `taken` are the requests that a real receiver would have acted on.

    `says` are the answers of its kind to what it takes, to what it cannot take (200), and to what it never will.
    """

    def __init__(self, says: Mapping[Fault, Answer], good: ssl.SSLContext, bad: ssl.SSLContext) -> None:
        self.taken: list[Request] = []
        self.tries = 0
        self.port = 0
        self._says, self._good, self._bad = says, good, bad
        self._fault = Fault.NONE
        self._server: asyncio.Server | None = None
        self._released = asyncio.Event()
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.fail(Fault.NONE)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._released.set()
        await self._stop()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def fail(self, fault: Fault) -> None:
        """From now on fail like this."""
        self._fault = fault
        await self._stop()
        if fault is not Fault.REFUSED:
            tls = self._bad if fault is Fault.TLS else self._good
            self._server = await asyncio.start_server(self._talk, HOST, self.port, ssl=tls)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._answer(await _request(reader), writer)
        with suppress(ConnectionError):
            writer.transport.abort() if self._fault is Fault.CUT else writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        fault = self._fault
        self.tries += 1
        if fault in AMBIGUOUS or fault is Fault.NONE:
            self.taken.append(request)
        if fault is Fault.TIMEOUT:
            await self._released.wait()
        answer = self._says.get(fault) or Answer(status=_STATUS.get(fault, 200), body=self._says[Fault.NONE].body)
        if fault is Fault.RATE_LIMITED_FOR:
            answer = Answer(status=429, headers={"Retry-After": "30"})
        length = len(answer.body.encode()) + (100 if fault is Fault.CUT else 0)
        lines = [f"HTTP/1.1 {answer.status} X", f"Content-Length: {length}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        whole = "\r\n".join((*lines, "", answer.body)).encode()
        # Who reads no body has its answer with the head: then that is what breaks off.
        reads_body = Fault.ERROR_BODY in self._says
        writer.write(whole[:10] if fault is Fault.CUT and not reads_body else whole)
        await writer.drain()


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(path=head[0].split()[1], headers=headers, body=body)
