"""The account goes on under another handle: its old page is gone, the account is not."""

from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import BLUESKY, World, watching
from watcher.demo.answers import Page
from watcher.model.outage import EndCause, Phase, TransitionKind

OLGA = "bluesky:olga.example"
WATCHLIST = watching("https://bsky.app/profile/olga.example", "https://bsky.app/profile/paul.example")


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in ("olga.example", "paul.example"):
        world.bluesky.set(handle, Page.PRESENT)
    await world.wait(minutes=2)
    assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}


def test_found_under_the_new_handle(tmp_path: Path) -> None:
    """Told once as a rename, never as an outage; the id stays, and the new handle is asked for from then on."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(BLUESKY,)) as world:
            await settle_in(world)
            world.bluesky.rename("olga.example", "olga.news.example")
            await world.wait(minutes=5)
            state = world.state(OLGA)
            assert (state.phase, state.handle) == (Phase.UP, "olga.news.example")
            [told] = world.texts()
            assert "@olga.example on Bluesky is now @olga.news.example" in told
            assert await world.outages() == []
            since = world.now
            await world.wait(minutes=3)
            assert len(world.bluesky.asked("olga.news.example", since=since)) == 3
            assert world.bluesky.asked("olga.example", since=since) == []

    run_virtual(story())


def test_watched_on_under_the_new_handle(tmp_path: Path) -> None:
    """An absence after the rename, and after a restart, is one of the same account, and told under the new handle."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(BLUESKY,), durable=True) as world:
            await settle_in(world)
            world.bluesky.rename("olga.example", "olga.news.example")
            await world.wait(minutes=3)
            await world.stop()
            await world.start()
            await world.wait(minutes=2)
            world.bluesky.set("olga.news.example", Page.DEACTIVATED)
            await world.wait(seconds=90)
            [outage] = await world.outages()
            assert (outage.account_id, outage.handle_then) == (OLGA, "olga.news.example")
            assert "@olga.news.example is not available" in world.texts()[1]
            assert len(world.texts()) == 2

    run_virtual(story())


def test_renamed_while_it_was_away(tmp_path: Path) -> None:
    """It comes back under another handle: told as a rename, which ends the outage."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(BLUESKY,)) as world:
            await settle_in(world)
            world.bluesky.set("olga.example", Page.DEACTIVATED)
            gone_at = world.now
            await world.wait(minutes=5)
            assert world.state(OLGA).phase is Phase.DOWN
            world.bluesky.set("olga.example", Page.PRESENT)
            world.bluesky.rename("olga.example", "olga.news.example")
            truth = world.now - gone_at
            await world.wait(minutes=5)
            assert world.state(OLGA).phase is Phase.UP
            [outage] = await world.outages()
            assert outage.end_cause is EndCause.RENAMED
            assert outage.duration.max is not None
            assert outage.duration.min <= truth <= outage.duration.max
            assert len(world.texts()) == 2
            assert "was renamed to @olga.news.example" in world.texts()[1]
            assert len(await world.happened(TransitionKind.ACCOUNT_RENAMED)) == 1

    run_virtual(story())
