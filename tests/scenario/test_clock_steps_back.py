"""The system's clock is set back by an hour during an outage: its duration is not bent, and nobody is told twice.

Nor is anybody forgotten: who joins what was told before the step is told of, and reminders go on.
"""

from datetime import timedelta
from pathlib import Path

import pytest

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


MEMBERS = tuple(f"member{number}" for number in range(12))
TOGETHER = "owners: {mayor: The Mayor}\naccounts:\n" + "".join(
    f"  - {{platform: x, handle: {handle}, owner: mayor, severity: warning}}\n" for handle in MEMBERS
)


async def set_back(world: World, span: timedelta) -> None:
    """Stop, and start again with the clock so much earlier."""
    await world.stop()
    world.clock.step(-span)
    world.adopt_clock_step()
    await world.start()


@pytest.mark.parametrize("first", [1, 6], ids=["group", "mass event"])
def test_who_joins_after_a_restart_with_the_clock_set_back_is_told_of(tmp_path: Path, first: int) -> None:
    """The message that told of the others, at a time that is yet to come, is updated."""

    async def story() -> None:
        routes = ", group_by: owner, group_wait: 30s, group_interval: 2m"
        async with World(tmp_path, TOGETHER, routes=routes, durable=True) as world:
            for handle in MEMBERS:
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            for handle in MEMBERS[:first]:
                world.x.set(handle, Page.NOT_FOUND)
            await world.wait(minutes=6)
            before = len(world.texts())
            assert before >= 1
            await set_back(world, 2 * HOUR)
            await world.wait(minutes=3)
            world.x.set(MEMBERS[-1], Page.NOT_FOUND)
            await world.wait(minutes=10)
            assert world.state(f"x:{MEMBERS[-1]}").is_down
            assert [f"{first + 1} " in text for text in world.texts()[before:]] == [True]

    run_virtual(story())


def test_reminders_go_on_after_a_restart_with_the_clock_set_back(tmp_path: Path) -> None:
    """One soon after, since nobody knows how long ago the last was; then by the interval again."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, routes=", repeat_interval: 30m", durable=True) as world:
            await lose(world)
            await set_back(world, 6 * HOUR)
            await world.wait(minutes=2)
            assert len(world.texts()) == 2
            await world.wait(minutes=27)
            assert len(world.texts()) == 2
            await world.wait(minutes=5)
            assert len(world.texts()) == 3

    run_virtual(story())
