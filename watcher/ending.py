"""How a run ends: the signals that ask for it, the time it may take, and a limit that nothing that hangs can pass.

What is stopped, and in which order, is the app's.
"""

import asyncio
import os
import select
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from threading import Timer
from types import FrameType, TracebackType
from typing import Any, Final, Self

from watcher.model.errors import StoreError, WatcherError

LIMIT: Final = timedelta(seconds=9)
BROKE_OFF: Final = 3
"""The status of a run that ended by no fault of the configuration, the port or the store: another start may do."""
# Some send a signal twice at once: to the process, and to its group.
_AGAIN: Final = timedelta(seconds=1)
_ASKS: Final = (signal.SIGTERM, signal.SIGINT)


class Budget:
    """So much time of the loop, from now on, for several things one after the other."""

    def __init__(self, span: timedelta) -> None:
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + span.total_seconds()

    def left(self, most: timedelta, *, keep: timedelta = timedelta(0)) -> timedelta:
        """What is left of it but for `keep`, and no more than `most`."""
        left = timedelta(seconds=self._until - self._loop.time()) - keep
        return max(timedelta(0), min(left, most))


class Ending:
    """`with Ending() as ending:` around a whole run, and `async with ending.by_signal() as stop:` in its loop.

    From the beginning SIGTERM and SIGINT end the process with 0 while there is nothing to be ended in order; else
    they set `stop`. One that comes a second later or more ends it at once, as if it had crashed. `limit` after the
    first it is ended in any case: a thread that waits for a dead disk or name server would be waited for. SIGHUP does
    nothing.
    """

    def __init__(self, limit: timedelta = LIMIT) -> None:
        self._limit = limit
        self._before: dict[signal.Signals, Any] = {}
        self._timer = Timer(limit.total_seconds(), self._leave)
        self._timer.daemon = True
        late = f"it did not end within {limit.total_seconds():g} s, something hangs; what was not stored is lost"
        self._outcome = (2, late)

    def __enter__(self) -> Self:
        # The first process of a container gets no signal that it does not heed.
        self._before = {number: signal.signal(number, _end) for number in _ASKS}
        self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The limit goes on: at the very end, Python waits for threads.
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @asynccontextmanager
    async def by_signal(self) -> AsyncIterator[asyncio.Event]:
        """An event that the signals set. How the block ends is what a process is ended with that then hangs."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()

        def ask() -> None:
            if not stop.is_set():
                stop.set()
                self._timer.start()
                loop.call_later(_AGAIN.total_seconds(), _let_signals_kill, loop)

        for number in _ASKS:
            loop.add_signal_handler(number, ask)
        try:
            yield stop
        except BaseException as error:
            self._outcome = (_status_after(error), str(error) or type(error).__name__)
            raise
        self._outcome = (0, "")

    def _leave(self) -> None:
        status, said = self._outcome
        with suppress(OSError, ValueError):
            # A standard error that nobody reads may be what hangs.
            if said and select.select([], [sys.stderr.fileno()], [], 0)[1]:
                os.write(sys.stderr.fileno(), f"watcher: {said}\n".encode()[: select.PIPE_BUF])
        os._exit(status)


def _status_after(error: BaseException) -> int:
    match error:
        case StoreError():
            return 2
        case WatcherError() | ssl.SSLError():
            return 1
        case _:
            return BROKE_OFF


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _let_signals_kill(loop: asyncio.AbstractEventLoop) -> None:
    for number in _ASKS:
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
