"""An event loop without sockets whose time passes only by jumps, and its clock."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2017, 11, 2, 22, 0, tzinfo=UTC)


class _NoSelector:
    """Waits for nothing: the time of the loop jumps to the next timer instead."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        self._jump = jump

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        if timeout > 0:
            self._jump(timeout)
        return []


class TimeLoop(asyncio.BaseEventLoop):
    """Runs coroutines in virtual time. It has no file descriptors and no threads."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _NoSelector(self.jump)
        self._virtual = 0.0

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._virtual

    def rewind(self) -> None:
        """Begin anew at 0, so that a story is the same wherever it is played. Nobody may be waiting."""
        self._virtual = 0.0

    def jump(self, span: float) -> None:
        """Let time pass."""
        self._virtual += span

    def _process_events(self, _events: list[Any]) -> None:
        return

    def _write_to_self(self) -> None:
        return


class StoryClock:
    """The Clock of a TimeLoop. `shift` is by how much the machine's clock was set since; a restart goes by it."""

    def __init__(self, loop: TimeLoop) -> None:
        self._loop = loop
        self.shift = timedelta(0)

    def now(self) -> datetime:
        """The machine's time."""
        return START + self.shift + timedelta(seconds=self._loop.time())

    async def sleep(self, span: timedelta) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, span.total_seconds()))

    def offset(self) -> timedelta:
        """Nothing: while a run lasts, its clock is not set."""
        return timedelta(0)
