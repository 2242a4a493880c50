"""Somebody else takes the handle: the page is there, the account that was watched is not."""

from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import BLUESKY, World, watching
from watcher.demo.answers import Page
from watcher.model.outage import EndCause, Phase, TransitionKind

OLGA = "bluesky:olga.example"
WATCHLIST = watching("https://bsky.app/profile/olga.example")


def test_during_an_outage(tmp_path: Path) -> None:
    """The outage ends for that reason and not as a recovery; one message says so; the new account is watched on."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(BLUESKY,)) as world:
            world.bluesky.set("olga.example", Page.PRESENT)
            await world.wait(minutes=2)
            first_id = world.state(OLGA).stable_id
            world.bluesky.set("olga.example", Page.DEACTIVATED)
            await world.wait(minutes=5)
            assert world.state(OLGA).phase is Phase.DOWN

            world.bluesky.reregister("olga.example")
            await world.wait(minutes=5)
            state = world.state(OLGA)
            assert state.phase is Phase.UP
            assert None is not state.stable_id != first_id
            [outage] = await world.outages()
            assert outage.end_cause is EndCause.REREGISTERED
            assert len(world.texts()) == 2
            assert "A different account now holds @olga.example on Bluesky" in world.texts()[1]

            world.bluesky.set("olga.example", Page.SUSPENDED)
            await world.wait(seconds=90)
            assert "@olga.example is not available" in world.texts()[2]

    run_virtual(story())


def test_while_it_was_up(tmp_path: Path) -> None:
    """Between two looks the handle changes hands: no outage, one notice."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(BLUESKY,)) as world:
            world.bluesky.set("olga.example", Page.PRESENT)
            await world.wait(minutes=2)
            world.bluesky.reregister("olga.example")
            await world.wait(minutes=5)
            assert world.state(OLGA).phase is Phase.UP
            assert await world.outages() == []
            assert len(await world.happened(TransitionKind.ACCOUNT_REREGISTERED)) == 1
            [told] = world.texts()
            assert "@olga.example on Bluesky is now held by a different account" in told

    run_virtual(story())
