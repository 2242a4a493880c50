"""Long work on the loop lets others have their part of it."""

import asyncio
from collections.abc import Callable

import pytest

from watcher.web.turns import Turns


class Stopwatch:
    """Seconds that pass when work is done, and not otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def work(self, seconds: float) -> None:
        """Take so long."""
        self.now += seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """What the turns are measured by."""
    watch = Stopwatch()
    monkeypatch.setattr("watcher.web.turns.time.perf_counter", lambda: watch.now)
    return watch


async def beside(turns: Turns, work: Callable[[], None]) -> int:
    """How often another task got to do its work in one `give`."""
    done = 0

    async def others() -> None:
        nonlocal done
        while True:
            work()
            done += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    await turns.give()
    other.cancel()
    return done


async def test_others_that_are_busy_have_five_times_as_long(watch: Stopwatch) -> None:
    """Looks may need four fifths of a core, also while somebody reads the metrics."""
    turns = Turns()
    watch.work(0.002)
    assert await beside(turns, lambda: watch.work(0.001)) == 10


async def test_nobody_waits_for_others_that_have_nothing_to_do(watch: Stopwatch) -> None:
    """Else each page would take six times as long at night."""
    turns = Turns()
    watch.work(0.002)
    assert await beside(turns, lambda: None) == 1


async def test_before_the_slice_is_over_nobody_else_has_a_turn(watch: Stopwatch) -> None:
    """To give the loop away costs something, too."""
    turns = Turns()
    watch.work(0.001)
    assert await beside(turns, lambda: watch.work(0.001)) == 0
