"""A page that shows everybody, even handles that cannot exist, says nothing of anybody: no outage ends by it."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")


async def lose(world: World) -> None:
    """Alice is gone, and that was told."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)
    world.x.set("alice", Page.MISSING_FR)
    await world.wait(minutes=3)
    assert world.state(ALICE).phase is Phase.DOWN
    assert len(world.texts()) == 1


@pytest.mark.parametrize("back_meanwhile", [False, True])
def test_the_outage_stays_open(tmp_path: Path, back_meanwhile: bool) -> None:
    """Nothing is told while everybody is shown; it ends once the account is seen on a platform that is itself again."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await lose(world)
            gone_at = world.x.log[-1].at
            world.x.set_all(Page.PRESENT)
            await world.wait(minutes=5)
            if back_meanwhile:
                world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.wait(minutes=5)
            assert world.state(ALICE).is_down
            assert await world.happened(TransitionKind.RECOVERY_BEGAN, TransitionKind.OUTAGE_CLOSED) == []
            assert [text for text in world.texts() if "is back" in text] == []

            world.x.set_all(None)
            if not back_meanwhile:
                await world.wait(minutes=5)
                assert world.state(ALICE).is_down
                world.x.set("alice", Page.PRESENT)
                back_at = world.now
            await world.wait(minutes=3)
            assert world.state(ALICE).phase is Phase.UP
            [outage] = await world.outages()
            assert outage.duration.max is not None
            assert outage.duration.min <= back_at - gone_at <= outage.duration.max
            assert outage.unobserved >= timedelta(minutes=9)
            assert len([text for text in world.texts() if "@alice" in text]) == 2

    run_virtual(story())


def test_nobody_vanishes_by_it(tmp_path: Path) -> None:
    """Those who were there stay up, before, during and after."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            world.x.set("alice", Page.PRESENT)
            world.x.set("bob", Page.PRESENT)
            await world.wait(minutes=2)
            world.x.set_all(Page.PRESENT)
            await world.wait(minutes=12)
            world.x.set_all(None)
            await world.wait(minutes=6)
            assert world.state(ALICE).phase is Phase.UP
            assert await world.happened(TransitionKind.ACCOUNT_SUSPECTED) == []
            assert [text for text in world.texts() if "@alice" in text or "@bob" in text] == []

    run_virtual(story())
