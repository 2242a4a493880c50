"""The process stood still for minutes (SIGSTOP, a paused container, a machine asleep): nobody is blamed for it."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.virtual_time import VirtualLoop, run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase

MANY = [f"member{number}" for number in range(10)]


@pytest.mark.parametrize("seconds", [1.1, 3.3, 5.1, 7.7])
def test_no_platform_is_said_to_be_unobservable_for_it(tmp_path: Path, seconds: float) -> None:
    """Whenever it began; the time counts as unobserved. What really cannot be seen afterwards is told as ever."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with World(tmp_path, watching(*(f"https://x.com/{handle}" for handle in MANY))) as world:
            for handle in MANY:
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            await world.wait(seconds=seconds)
            loop.jump(240)
            await world.wait(minutes=4)
            assert world.texts() == []
            assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}
            assert len(world.warnings("stood_still")) == 1
            assert world.state(f"x:{MANY[0]}").unobserved > timedelta(minutes=2)
            world.x.set_all(Page.SERVER_ERROR, span=timedelta(minutes=1))
            await world.wait(minutes=5)
            [told] = world.texts()
            assert "X cannot be observed" in told

    run_virtual(story())
