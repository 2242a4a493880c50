"""An account that is not there when watching begins: said once, never an outage; and said once when it appears."""

from datetime import timedelta
from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

ALICE, BOB = "x:alice", "x:bob"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")


def test_told_once_and_no_outage(tmp_path: Path) -> None:
    """Half an hour of absence of somebody never seen: one notice, no outage, and routine looks only."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            world.x.set("bob", Page.PRESENT)
            await world.wait(minutes=30)
            assert world.state(ALICE).phase is Phase.NEVER_SEEN
            [told] = world.texts()
            assert "@alice on X was not there when watching began" in told
            assert await world.outages() == []
            assert len(world.x.asked("alice", since=world.now - timedelta(minutes=10))) == 10

    run_virtual(story())


def test_a_restart_says_nothing_again(tmp_path: Path) -> None:
    """Neither the absence of somebody never seen nor the presence of the others is news after a restart."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            world.x.set("bob", Page.PRESENT)
            await world.wait(minutes=3)
            await world.stop()
            await world.start()
            await world.wait(minutes=5)
            assert len(world.texts()) == 1
            seen = await world.happened(TransitionKind.ACCOUNT_NEVER_SEEN, TransitionKind.ACCOUNT_FIRST_SEEN)
            assert sorted(item.account_id for item in seen) == [ALICE, BOB]

    run_virtual(story())


def test_it_appears(tmp_path: Path) -> None:
    """That is told once; from then on it is watched for outages like any other."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            world.x.set("bob", Page.PRESENT)
            await world.wait(minutes=5)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=5)
            assert world.state(ALICE).phase is Phase.UP
            assert "@alice on X has appeared" in world.texts()[1]
            assert len(world.texts()) == 2
            assert await world.outages() == []

            world.x.set("alice", Page.MISSING_EN)
            await world.wait(seconds=90)
            assert "@alice is not available on X" in world.texts()[2]
            assert len(await world.outages()) == 1

    run_virtual(story())


def test_a_wall_at_the_start_is_not_an_absence(tmp_path: Path) -> None:
    """Where everybody is missing in the beginning nobody is said to be; those who are there are found afterwards."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            world.x.set("bob", Page.PRESENT)
            world.x.set_all(Page.MISSING_FR)
            await world.wait(minutes=10)
            assert {state.phase for state in world.app.book.states.values()} == {Phase.NEW}
            world.x.set_all(None)
            await world.wait(minutes=3)
            assert world.state(BOB).phase is Phase.UP
            assert world.state(ALICE).phase is Phase.NEVER_SEEN
            assert await world.happened(TransitionKind.ACCOUNT_APPEARED) == []

    run_virtual(story())
