"""A mail server that gives away what it was sent: it refuses every log-in, and quotes it."""

import asyncio
import base64
from types import TracebackType
from typing import Self


class ChattyMail:
    """On 127.0.0.1 at `port`; `received` are the lines that came in. As an async context manager."""

    def __init__(self) -> None:
        self.port = 0
        self.received: list[str] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.newsroom.example\r\n")
        while line := (await reader.readline()).decode():
            self.received.append(line.strip())
            writer.write(_answer(line.strip()))
        writer.close()


def _answer(line: str) -> bytes:
    match line.split():
        case ["EHLO", *_]:
            return b"250-mail.newsroom.example\r\n250 AUTH PLAIN\r\n"
        case ["AUTH", "PLAIN", token]:
            said = base64.b64decode(token).replace(b"\0", b" ")
            return b"535-5.7.8 Not these: %s\r\n535 5.7.8 (%s)\r\n" % (said, token.encode())
        case ["QUIT"]:
            return b"221 Bye\r\n"
        case _:
            return b"503 %s\r\n" % line.encode()
