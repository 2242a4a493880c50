"""A wall that looks exactly like the missing page comes up before everybody: whenever that is, nobody is gone."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice", interval="60s")
ANSWER = timedelta(seconds=1)
# From before the target is asked until after both controls have answered: target 1 s, gathering 0.25 s, controls 1 s.
INSTANTS = [timedelta(milliseconds=each) for each in range(0, 3000, 200)]


async def next_look(world: World) -> None:
    """Wait until the platform has been asked about the target, and has not answered yet."""
    before = len(world.x.asked("alice"))
    await world.until(lambda: len(world.x.asked("alice")) > before, minutes=1)


async def lose_once(world: World) -> None:
    """The target itself is away for one look, and for that alone: the suspicion is a true one."""
    counted = world.state(ALICE).n
    world.x.set("alice", Page.MISSING_FR)
    await world.until(lambda: world.state(ALICE).n == counted + 1, minutes=1)
    world.x.set("alice", Page.PRESENT)


async def seen_again(world: World) -> None:
    """Wait until the target was looked at, and found, from now on."""
    now = world.now
    await world.until(lambda: (world.state(ALICE).last_present or now) > now, minutes=2)
    assert world.state(ALICE).phase is Phase.UP


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_at_every_instant_of_a_round(tmp_path: Path, rounds: int) -> None:
    """After so many true absences the wall begins, at each instant of the next round: no outage ever opens."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, platform_options={"delay": ANSWER}) as world:
            world.x.set("alice", Page.PRESENT)
            await world.until(lambda: world.state(ALICE).phase is Phase.UP, minutes=2)
            for instant in INSTANTS:
                for _ in range(rounds):
                    await lose_once(world)
                assert world.state(ALICE).n == rounds
                await next_look(world)
                await world.wait(seconds=instant.total_seconds())
                world.x.set_all(Page.MISSING_FR)
                await world.wait(seconds=55)
                world.x.set_all(None)
                await seen_again(world)
            assert await world.happened(TransitionKind.OUTAGE_OPENED) == []
            assert world.texts() == []
            suspected = await world.happened(TransitionKind.ACCOUNT_SUSPECTED)
            assert len(suspected) == (len(INSTANTS) if rounds else 0)

    run_virtual(story())
