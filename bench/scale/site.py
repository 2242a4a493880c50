"""A site of profile pages over TLS in a process of its own, quick enough to be no part of what is measured.

`python -m bench.scale.site DIR` writes DIR/ca.pem and says its port as a line of JSON. Each line of standard input is a
command, each answer a line: `{"gone": [HANDLE, …]}`, `{"back": […]}`, `{"delay": SECONDS}`, `{"hang": HOST}` and
`{"count": true}`. The size of pages is that of `--size`; handles beginning with `zz` never exist.
"""

import argparse
import asyncio
import json
import struct
import sys
import zlib
from collections import Counter
from pathlib import Path
from random import Random
from typing import Final, cast

from bench import profiles
from watcher.demo.certificates import Authority
from watcher.quicker import runner

PRESENT: Final = "nasa"  # the handle of a control that always exists
_NOBODY: Final = "zz"
_HANDLE: Final = b"handle-of-the-page"
_GZIP: Final = bytes.fromhex("1f8b08000000000000ff")
_END: Final = bytes.fromhex("0300")


class Packed:
    """A page as a web server sends it, packed once for all handles: between its parts each handle stands unpacked."""

    def __init__(self, page: str) -> None:
        self._parts = page.encode().split(_HANDLE)
        self._packed = tuple(map(_deflated, self._parts))

    def of(self, handle: str) -> bytes:
        """The whole answer about `handle`."""
        name = handle.encode()
        plain = name.join(self._parts)
        stored = struct.pack("<BHH", 0, len(name), len(name) ^ 0xFFFF) + name
        body = _GZIP + stored.join(self._packed) + _END + struct.pack("<LL", zlib.crc32(plain), len(plain))
        head = f"content-type: text/html; charset=utf-8\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}\r\n"
        return f"HTTP/1.1 200 OK\r\nserver: site\r\n{head}\r\n".encode() + body


def _deflated(part: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)


def _page(title: str, handle: str | None, inside: str, size: int) -> Packed:
    """A page of `size` characters that packs as those of large platforms do: 30 KB to 8.6."""
    noise = Random(2017).randbytes(size // 5).hex()
    script = f'<script>window.__TOKENS__="{noise}"</script>\n</body>'
    return Packed(profiles.scripted(title, handle, inside, size=size - len(script)).replace("</body>", script))


class Pages:
    """What is shown."""

    def __init__(self, size: int) -> None:
        self.gone: set[str] = set()
        handle = _HANDLE.decode()
        self._present = _page(f"Alice Doe (@{handle}) / X", handle, profiles.PROFILE, size)
        self._missing = _page("X", None, profiles.MISSING, size)

    def answer(self, handle: str) -> bytes:
        """The whole answer about `handle`."""
        is_gone = handle in self.gone or handle.startswith(_NOBODY)
        return (self._missing if is_gone else self._present).of(handle)


class Site:
    """What the site does at the moment, and what it has counted."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.delay = 0.0
        self.hung: set[str] = set()
        self.requests = 0
        self.connections = 0
        self.by_host: Counter[str] = Counter()

    def command(self, asked: dict[str, object]) -> dict[str, object]:
        """Do what a line of standard input says."""
        match asked:
            case {"gone": [*handles]}:
                self.pages.gone |= set(map(str, handles))
            case {"back": [*handles]}:
                self.pages.gone -= set(map(str, handles))
            case {"delay": float() | int() as seconds}:
                self.delay = float(seconds)
            case {"hang": str() as host}:
                self.hung.add(host)
        return {"requests": self.requests, "connections": self.connections, "by_host": self.by_host}


class _Connection(asyncio.Protocol):
    """One visitor, who may ask again and again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._unread = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no common class
        self._site.connections += 1

    def data_received(self, data: bytes) -> None:
        """Answer every whole request; one has no body."""
        self._unread += data
        while b"\r\n\r\n" in self._unread:
            request, _, self._unread = self._unread.partition(b"\r\n\r\n")
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        site = self._site
        path = request.split(b" ", 2)[1].decode()
        host = _host(request)
        site.requests += 1
        site.by_host[host] += 1
        if host in site.hung:
            return
        answer = _ROBOTS if path == "/robots.txt" else site.pages.answer(path.rpartition("/")[2])
        if site.delay:
            asyncio.get_running_loop().call_later(site.delay, self._write, answer)
        else:
            self._transport.write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


_ROBOTS: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n"


def _host(request: bytes) -> str:
    at = request.lower().find(b"\r\nhost:")
    return request[at + 7 :].split(b"\r\n", 1)[0].strip().decode() if at >= 0 else ""


async def serve(directory: Path, size: int) -> None:
    """Serve until standard input ends."""
    site, loop = Site(Pages(size)), asyncio.get_running_loop()
    context = Authority(directory).server_context()
    server = await loop.create_server(lambda: _Connection(site), "127.0.0.1", 0, ssl=context, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        print(json.dumps(site.command(json.loads(line))), flush=True)
    server.close()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.site", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--size", type=int, default=30_000)
    asked = parser.parse_args()
    with runner() as running:
        running.run(serve(asked.directory, asked.size))


if __name__ == "__main__":
    main()
