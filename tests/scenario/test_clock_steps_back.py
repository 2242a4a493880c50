"""The system's clock is set back by an hour during an outage: its duration is not bent, and nobody is told twice."""

from datetime import timedelta
from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")
HOUR = timedelta(hours=1)


async def lose(world: World) -> None:
    """Alice is gone, and that was told."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)
    world.x.set("alice", Page.MISSING_FR)
    await world.wait(minutes=4)
    assert world.state(ALICE).phase is Phase.DOWN


def test_while_we_watch(tmp_path: Path) -> None:
    """One warning and no other effect, also not when it is set right again: no alert, no end, and bounds that hold."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await lose(world)
            gone_at = world.x.log[-1].at
            world.clock.step(-HOUR)
            await world.wait(minutes=4)
            assert world.state(ALICE).phase is Phase.DOWN
            assert len(world.warnings("clock_stepped")) == 1
            world.clock.step(HOUR)
            await world.wait(minutes=2)

            world.x.set("alice", Page.PRESENT)
            truth = world.now - gone_at
            await world.wait(minutes=2)
            [outage] = await world.outages()
            assert outage.duration.max is not None
            assert outage.duration.min <= truth <= outage.duration.max
            assert outage.duration.max - outage.duration.min <= timedelta(seconds=90)
            assert outage.unobserved == timedelta(0)
            assert len(world.texts()) == 2
            assert len(await world.happened(TransitionKind.ACCOUNT_BLIND)) == 0

    run_virtual(story())


def test_a_restart_with_the_clock_an_hour_behind(tmp_path: Path) -> None:
    """The outage goes on: no span falls below zero, nothing is told twice, and its end is told once."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await lose(world)
            gone_at = world.x.log[-1].at
            before = world.state(ALICE)
            assert before.outage is not None
            await world.stop()
            world.clock.step(-HOUR)
            world.adopt_clock_step()
            await world.start()
            after = world.state(ALICE)
            assert after.outage is not None
            assert after.outage.id == before.outage.id
            assert after.outage.duration.min == before.outage.duration.min
            await world.wait(minutes=4)
            assert world.state(ALICE).phase is Phase.DOWN
            assert len(world.texts()) == 1

            world.x.set("alice", Page.PRESENT)
            truth = world.x.log[-1].at - gone_at
            await world.wait(minutes=2)
            [outage] = await world.outages()
            assert outage.id == before.outage.id
            assert outage.duration.max is not None
            assert timedelta(minutes=7) < outage.duration.min <= truth <= outage.duration.max
            assert timedelta(0) <= outage.unobserved < timedelta(minutes=1)
            assert len(world.texts()) == 2
            assert "is back on X" in world.texts()[1]
            state = world.state(ALICE)
            assert state.outage_closed == outage.duration.best
            assert min(state.outage_closed, state.unobserved) >= timedelta(0)
            assert len(await world.happened(TransitionKind.OUTAGE_OPENED)) == 1

    run_virtual(story())
