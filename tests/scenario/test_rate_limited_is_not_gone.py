"""We asked too often: 429, or the empty 404 that some platforms give instead. Nobody is gone by it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.finding import Reason
from watcher.model.outage import Phase, TransitionKind
from watcher.notify.wording import format_stamp

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")
WAIT = timedelta(minutes=2)


def too_many(world: World) -> None:
    """429 that says how long to wait."""
    world.x.set_all(Page.RATE_LIMITED, span=WAIT)


def too_many_without_a_word(world: World) -> None:
    """429 that does not."""
    world.x.front = lambda _handle: web.Response(status=429, text="Too Many Requests")


def empty(world: World) -> None:
    """404 without a body."""
    world.x.set_all(Page.EMPTY_404)


@pytest.mark.parametrize("limit", [too_many, too_many_without_a_word, empty])
def test_for_everybody(tmp_path: Path, limit: Callable[[World], None]) -> None:
    """No suspicion and no outage, only a platform that cannot be observed; afterwards a true absence is found."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            limit(world)
            await world.wait(minutes=15)
            assert world.state(ALICE).reason is Reason.RATE_LIMITED
            assert world.state(ALICE).phase is Phase.UP
            assert len(world.texts()) == 1
            assert "cannot be observed: the last answers were rate_limited" in world.texts()[0]

            world.x.set_all(None)
            world.x.front = None
            await world.until(lambda: len(world.texts()) == 2, minutes=17)
            assert await world.happened(TransitionKind.ACCOUNT_SUSPECTED, TransitionKind.OUTAGE_OPENED) == []

            world.x.set("alice", Page.MISSING_FR)
            await world.wait(seconds=90)
            assert "@alice is not available" in world.texts()[-1]

    run_virtual(story())


def test_for_one_account(tmp_path: Path) -> None:
    """An empty 404 for the target alone, with controls that are all right, is no absence either."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            world.x.set("alice", Page.EMPTY_404)
            await world.wait(minutes=15)
            assert world.state(ALICE).phase is Phase.UP
            assert await world.happened(TransitionKind.ACCOUNT_SUSPECTED, TransitionKind.OUTAGE_OPENED) == []
            assert world.state(ALICE).blind_since is not None

    run_virtual(story())


def test_the_platform_is_left_alone_for_as_long_as_it_says(tmp_path: Path) -> None:
    """After each 429 no request comes, for an account or a control, before its Retry-After has passed."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            limited_at = world.now
            too_many(world)
            await world.wait(minutes=15)
            asked = [item.at for item in world.x.requests if item.at > limited_at]
            assert len(asked) >= 5
            assert all(later == sooner or later - sooner >= WAIT for sooner, later in pairwise(asked))

    run_virtual(story())


def test_a_limit_that_was_said_to_somebody_else_is_told_as_why_nobody_is_asked(tmp_path: Path) -> None:
    """The host gave a look by hand half an hour to wait, say: that is told, not the profiles that were seen before."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            world.app.prober.pacer.limited("x.com", timedelta(minutes=30))
            until = format_stamp(world.now + timedelta(minutes=30))
            await world.wait(minutes=5)
            [text] = world.texts()
            assert f"nothing was asked lately: x.com is left alone until {until}, as it asked us to wait" in text

    run_virtual(story())


def test_in_the_middle_of_a_confirmation(tmp_path: Path) -> None:
    """A limit that comes after two absences opens nothing; what is still absent after it is confirmed then."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            world.x.set("alice", Page.PRESENT)
            world.x.set("bob", Page.PRESENT)
            await world.wait(minutes=2)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: world.state(ALICE).n == 2, minutes=2)
            too_many_without_a_word(world)
            await world.wait(minutes=2)
            assert world.state(ALICE).phase is Phase.SUSPECT
            assert world.texts() == []

            world.x.front = None
            await world.wait(minutes=2)
            assert world.state(ALICE).phase is Phase.DOWN
            assert ["@alice is not available" in text for text in world.texts()].count(True) == 1

    run_virtual(story())
