"""A whole platform fails, in whatever way: that is one thing to tell, not twenty, and none of the accounts is gone."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import BLUESKY, World, X, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

MANY = [f"member{number:02}" for number in range(20)]
FIRST = f"x:{MANY[0]}"
OLGA, PAUL = "bluesky:olga.example", "bluesky:paul.example"
ELSEWHERE = ("https://bsky.app/profile/olga.example", "https://bsky.app/profile/paul.example")
WATCHLIST = watching(*(f"https://x.com/{handle}" for handle in MANY), *ELSEWHERE)
TWO_OF_THEM = watching(*(f"https://x.com/{handle}" for handle in MANY[:2]), *ELSEWHERE)


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in MANY:
        world.x.set(handle, Page.PRESENT)
    for handle in ("olga.example", "paul.example"):
        world.bluesky.set(handle, Page.PRESENT)
    await world.wait(minutes=2)
    assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}


@pytest.mark.parametrize("page", [Page.NOT_FOUND, Page.MISSING_FR, Page.SERVER_ERROR, Page.HANG])
def test_one_message_and_one_when_it_is_over(tmp_path: Path, page: Page) -> None:
    """No account of the platform is told of; the other platform is watched as before, and an absence there is told."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, hosts=(X, BLUESKY)) as world:
            await settle_in(world)
            world.x.set_all(page, span=timedelta(minutes=1))
            await world.wait(minutes=5)
            assert len(world.texts()) == 1
            assert "X cannot be observed" in world.texts()[0]
            assert len(world.bluesky.asked("olga.example", since=world.now - timedelta(minutes=4))) == 4

            world.bluesky.set("olga.example", Page.NOT_FOUND)
            await world.wait(seconds=90)
            assert "@olga.example is not available" in world.texts()[1]
            world.bluesky.set("olga.example", Page.PRESENT)
            await world.wait(seconds=60)
            assert "@olga.example is back" in world.texts()[2]

            world.x.set_all(None)
            await world.wait(minutes=3)
            assert "X can be observed again" in world.texts()[3]
            assert len(world.texts()) == 4
            assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}
            assert {item.account_id for item in await world.happened(TransitionKind.OUTAGE_OPENED)} == {OLGA}
            assert world.state(PAUL).unobserved == timedelta(0)

    run_virtual(story())


@pytest.mark.parametrize("page", [Page.NOT_FOUND, Page.PRESENT, Page.HANG])
def test_an_outage_that_was_open_before_stays_open(tmp_path: Path, page: Page) -> None:
    """It is neither closed nor told again while the platform fails, and ends with its account's own return."""

    async def story() -> None:
        async with World(tmp_path, TWO_OF_THEM, hosts=(X, BLUESKY)) as world:
            await settle_in(world)
            world.x.set(MANY[0], Page.MISSING_FR)
            gone_at = world.now
            await world.wait(minutes=5)
            assert world.state(FIRST).phase is Phase.DOWN

            world.x.set_all(page, span=timedelta(minutes=1))
            await world.wait(minutes=10)
            assert world.state(FIRST).phase is Phase.DOWN
            world.x.set_all(None)
            await world.wait(minutes=5)
            assert world.state(FIRST).phase is Phase.DOWN
            world.x.set(MANY[0], Page.PRESENT)
            truth = world.now - gone_at
            await world.wait(minutes=3)

            [outage] = await world.outages()
            assert outage.duration.max is not None
            assert outage.duration.min <= truth <= outage.duration.max
            assert outage.unobserved >= timedelta(minutes=9)
            assert [row.kind for row in await world.told(outage.id)] == ["alert", "resolved"]
            assert len([text for text in world.texts() if MANY[0] in text]) == 2

    run_virtual(story())
