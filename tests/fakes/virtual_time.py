"""An event loop whose time jumps to the next timer as soon as nothing is left to do: real sockets, no waiting.

Client and server live on the same loop. Bytes sent over loopback are there at once, so that nothing readable, no
thread at work and nothing expected means: nobody has anything to do before the next timer.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Result = TypeVar("Result")
Ts = TypeVarTuple("Ts")

START = datetime(2017, 11, 2, 22, 50, tzinfo=UTC)
_GRACE = 0.002
_THREADS = 0.05


class _Selector(selectors.DefaultSelector):
    """Polls the sockets; when they have nothing, lets the loop's time jump instead of waiting."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if self.loop.busy:
            return super().select(_THREADS)
        if timeout is None:
            return super().select(None)
        if self.loop.is_expecting():
            events = super().select(_GRACE)
        if not events:
            self.loop.jump(timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its `time()` begins at 0 and passes only by jumps. `is_expecting`: an answer may be on its way right now."""

    def __init__(self) -> None:
        selector = _Selector()
        super().__init__(selector)
        selector.loop = self
        self.busy = 0
        self.is_expecting: Callable[[], bool] = lambda: False
        self._virtual = 0.0

    def time(self) -> float:
        return self._virtual

    def jump(self, span: float) -> None:
        self._virtual += span

    def run_in_executor(
        self, executor: Any, func: Callable[[Unpack[Ts]], Result], *args: *Ts
    ) -> asyncio.Future[Result]:
        self.busy += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._idle)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - as asyncio's
        # Its threads are joined by one more: until that is done, time stands still and no time-out can pass.
        self.busy += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self.busy -= 1

    def _idle(self, _future: asyncio.Future[Any]) -> None:
        self.busy -= 1


class VirtualClock:
    """The Clock of a VirtualLoop. `step` moves the system's clock, which this one does not follow."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._stepped = timedelta(0)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=asyncio.get_running_loop().time())

    async def sleep(self, span: timedelta) -> None:
        await asyncio.sleep(max(0.0, span.total_seconds()))

    def offset(self) -> timedelta:
        return self._stepped

    def step(self, span: timedelta) -> None:
        self._stepped += span


def run_virtual(story: Coroutine[Any, Any, T]) -> T:
    """Run a story to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)
