"""The watchlist is edited while the program is stopped: an outage that nobody watches any more has no known end."""

from datetime import timedelta
from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import EndCause, Phase, TransitionKind

ALICE, BOB, CAROL = "x:alice", "x:bob", "x:carol"
BOTH = watching("https://x.com/alice", "https://x.com/bob")
BOB_ALONE = watching("https://x.com/bob")


async def lose(world: World) -> None:
    """Alice is gone, and that was told."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)
    world.x.set("alice", Page.MISSING_FR)
    await world.wait(minutes=3)
    assert world.state(ALICE).phase is Phase.DOWN


def test_removed_during_an_outage(tmp_path: Path) -> None:
    """The outage is closed as unwatched, told as such once, and the account is asked for no more."""

    async def story() -> None:
        async with World(tmp_path, BOTH, durable=True) as world:
            await lose(world)
            await world.restart(watchlist=BOB_ALONE)
            since = world.now
            await world.wait(minutes=3)
            assert world.x.asked("alice", since=since) == []
            [outage] = await world.outages()
            assert (outage.end_cause, outage.ended, outage.duration.max) == (EndCause.UNWATCHED, None, None)
            assert outage.duration.min >= timedelta(minutes=1)
            assert ["is no longer watched" in text for text in world.texts()] == [False, True]

            await world.restart()
            await world.wait(minutes=1)
            assert len(world.texts()) == 2
            assert len(await world.happened(TransitionKind.ACCOUNT_UNWATCHED)) == 1

    run_virtual(story())


def test_added_again_while_it_is_still_gone(tmp_path: Path) -> None:
    """Its absence is a new outage that follows the old one; both are counted, and neither covers the gap twice."""

    async def story() -> None:
        async with World(tmp_path, BOTH) as world:
            await lose(world)
            await world.restart(watchlist=BOB_ALONE)
            await world.wait(minutes=2)
            await world.restart(watchlist=BOTH)
            assert world.state(ALICE).phase is Phase.SUSPECT
            added_at = world.now
            await world.wait(minutes=2)
            first, second = await world.outages()
            assert second.previous_id == first.id
            assert second.began.latest >= added_at
            assert world.state(ALICE).phase is Phase.DOWN
            assert world.state(ALICE).outages_total == 2
            assert "@alice is not available on X" in world.texts()[2]

            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=2)
            assert "@alice is back on X" in world.texts()[3]
            assert len(world.texts()) == 4

    run_virtual(story())


def test_added_again_when_it_is_back(tmp_path: Path) -> None:
    """It is up, and nothing more is told of it; it is no newcomer either."""

    async def story() -> None:
        async with World(tmp_path, BOTH) as world:
            await lose(world)
            await world.restart(watchlist=BOB_ALONE)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=2)
            await world.restart(watchlist=BOTH)
            await world.wait(minutes=2)
            assert world.state(ALICE).phase is Phase.UP
            assert len(await world.outages()) == 1
            assert len(world.texts()) == 2
            assert len(await world.happened(TransitionKind.ACCOUNT_FIRST_SEEN, account_id=ALICE)) == 1
            assert len(await world.happened(TransitionKind.ACCOUNT_REWATCHED)) == 1

    run_virtual(story())


def test_another_is_added_during_an_outage(tmp_path: Path) -> None:
    """A newcomer changes nothing for the one that is gone."""

    async def story() -> None:
        async with World(tmp_path, BOTH) as world:
            await lose(world)
            world.x.set("carol", Page.PRESENT)
            await world.restart(watchlist=watching("https://x.com/carol", "https://x.com/bob", "https://x.com/alice"))
            await world.wait(minutes=2)
            assert [world.state(each).phase for each in (ALICE, BOB, CAROL)] == [Phase.DOWN, Phase.UP, Phase.UP]
            assert len(world.texts()) == 1
            assert len(await world.outages()) == 1

    run_virtual(story())
