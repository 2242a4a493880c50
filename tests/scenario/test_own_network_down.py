"""Nothing at all can be reached: that is our own network, and says nothing of any account or platform."""

from datetime import timedelta
from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import BLUESKY, World, X, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

ALICE, BOB, OLGA = "x:alice", "x:bob", "bluesky:olga.example"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob", "https://bsky.app/profile/olga.example")


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    world.bluesky.set("olga.example", Page.PRESENT)
    await world.wait(minutes=2)
    assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}


async def unplug(world: World, **span: float) -> None:
    """Nobody is reached for that long."""
    for stage in world.at.values():
        await stage.stop()
    await world.wait(**span)
    for stage in world.at.values():
        await stage.start()


def test_no_alert_and_at_most_one_message(tmp_path: Path) -> None:
    """No account and no platform is told of, our own network once, and once that it is back; the time is unobserved."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(X, BLUESKY)) as world:
            await settle_in(world)
            await unplug(world, minutes=15)
            assert len(world.warnings("nothing_can_be_reached")) == 1
            await world.wait(minutes=5)

            assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}
            assert await world.happened(TransitionKind.ACCOUNT_SUSPECTED, TransitionKind.OUTAGE_OPENED) == []
            assert all("watcher's own network" in text for text in world.texts()), world.texts()
            assert len(world.texts()) == 2
            for account_id in (ALICE, BOB, OLGA):
                unobserved = world.state(account_id).unobserved
                assert timedelta(minutes=15) <= unobserved <= timedelta(minutes=18)

    run_virtual(story())


def test_a_short_one_is_not_worth_a_word(tmp_path: Path) -> None:
    """Two minutes without a network, and nothing is told."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(X, BLUESKY)) as world:
            await settle_in(world)
            await unplug(world, minutes=1.5)
            await world.wait(minutes=5)
            assert world.texts() == []
            assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}

    run_virtual(story())


def test_who_vanished_meanwhile_is_found_after(tmp_path: Path) -> None:
    """An account that went while nothing was reached is told of once it is, with bounds that hold."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(X, BLUESKY)) as world:
            await settle_in(world)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: world.state(ALICE).is_down, minutes=2)
            told_before = len(world.texts())

            world.bluesky.set("olga.example", Page.NOT_FOUND)
            gone_at = world.now
            await unplug(world, minutes=8)
            reached_at = world.now
            await world.until(lambda: world.state(OLGA).is_down, minutes=2)
            await world.wait(minutes=1)
            assert world.now - reached_at < timedelta(minutes=3)
            assert ["@olga.example is not available" in text for text in world.texts()].count(True) == 1

            world.bluesky.set("olga.example", Page.PRESENT)
            truth = world.now - gone_at
            await world.wait(minutes=2)
            open_still, closed = sorted(await world.outages(), key=lambda outage: not outage.is_open)
            assert (open_still.account_id, closed.account_id) == (ALICE, OLGA)
            assert open_still.unobserved >= timedelta(minutes=8)
            assert closed.duration.max is not None
            assert closed.duration.min <= truth <= closed.duration.max
            assert closed.last_present <= gone_at <= closed.began.latest
            assert ["alice" in text for text in world.texts()].count(True) == told_before

    run_virtual(story())


def test_a_restart_meanwhile_tells_nothing_new(tmp_path: Path) -> None:
    """Stopped and started without a network: still one message, and one when the network is back."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(X, BLUESKY)) as world:
            await settle_in(world)
            for stage in world.at.values():
                await stage.stop()
            await world.wait(minutes=6)
            assert len(world.texts()) == 1
            await world.stop()
            await world.wait(minutes=1)
            await world.start()
            await world.wait(minutes=6)
            assert len(world.texts()) == 1

            for stage in world.at.values():
                await stage.start()
            await world.wait(minutes=5)
            assert [("was down" in text) for text in world.texts()] == [False, True]

    run_virtual(story())
