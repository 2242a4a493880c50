"""Look names up in threads of their own, so that dead names hold up nobody else's. Judges no address.

A look-up blocks its thread for seconds when a name server is silent, and nothing can end it early. The loop's own
executor has a handful of threads: a few dead names would fill it, and healthy ones would wait behind them.
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aiohttp.abc import ResolveResult

from watcher.probe.threads import Threads

_THREADS: Final = 64
_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_Key = tuple[str, int, socket.AddressFamily]


class Names:
    """Looks names up as the machine does, each at most once at a time: who comes meanwhile shares the answer.

    `getaddrinfo` is asked in a thread, and is socket.getaddrinfo or one that answers as it does.
    """

    def __init__(self, getaddrinfo: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._getaddrinfo = getaddrinfo
        self._threads = Threads(_THREADS, "names")
        self._under_way: dict[_Key, asyncio.Future[list[Any]]] = {}

    async def look_up(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of `host`. Raises OSError when it is not resolved, UnicodeError when it is no name."""
        key = (host, port, family)
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = self._under_way[key] = self._start(host, port, family)
            under_way.add_done_callback(partial(self._ended, key))
        await asyncio.wait([under_way])  # who gives up leaves the look-up to the others
        return [_result(host, info) for info in under_way.result()]

    def close(self) -> None:
        """Start no more look-ups. Waits for none: their threads end with them, or with the process."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start(self, host: str, port: int, family: socket.AddressFamily) -> asyncio.Future[list[Any]]:
        ask = partial(self._getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        return asyncio.get_running_loop().run_in_executor(self._threads, ask)

    def _ended(self, key: _Key, under_way: asyncio.Future[list[Any]]) -> None:
        del self._under_way[key]
        if not under_way.cancelled():
            under_way.exception()  # seen, also when nobody waits for it any more


def _result(host: str, info: Any) -> ResolveResult:
    family, _, proto, _, address = info
    # Without its zone nobody can be reached at a link-local address.
    zone = f"%{address[3]}" if family == socket.AF_INET6 and address[3] else ""
    return ResolveResult(
        hostname=host, host=address[0] + zone, port=address[1], family=family, proto=proto, flags=_NUMERIC
    )
