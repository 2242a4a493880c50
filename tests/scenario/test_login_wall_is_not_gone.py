"""The page turns into a log-in form: nobody is gone, we only cannot see. Told once, and once when it is over."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.finding import Reason
from watcher.model.outage import Phase, TransitionKind

ALICE, BOB = "x:alice", "x:bob"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")


def put_form(world: World) -> None:
    """A log-in form in place of every page, with status 200."""
    world.x.set_all(Page.LOGIN_WALL)


def send_to_log_in(world: World) -> None:
    """Every page sends visitors on to the log-in page, which itself says nothing that could be known."""

    def front(handle: str) -> web.Response:
        if handle == "login":
            return web.Response(text=f"<title>X</title>{'<p>Welcome.</p>' * 10}", content_type="text/html")
        where = f"https://x.com/login?redirect_after_login=%2F{quote(handle)}"
        return web.Response(status=302, headers={"Location": where})

    world.x.front = front


def let_in(world: World) -> None:
    """The platform is itself again."""
    world.x.set_all(None)
    world.x.front = None


@pytest.mark.parametrize("build", [put_form, send_to_log_in])
def test_a_wall_before_everybody(tmp_path: Path, build: Callable[[World], None]) -> None:
    """No suspicion and no outage; one message that the platform cannot be observed, and one that it can be again."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            build(world)
            await world.wait(minutes=20)
            assert {world.state(ALICE).reason, world.state(BOB).reason} == {Reason.LOGIN_WALL}
            assert {world.state(ALICE).phase, world.state(BOB).phase} == {Phase.UP}
            [told] = world.texts()
            assert "X cannot be observed" in told
            assert "without a verdict" in told
            assert "nasa present" not in told, "that was before the wall"
            assert "not an outage" in told

            let_in(world)
            await world.wait(minutes=3)
            assert [("again" in text) for text in world.texts()] == [False, True]
            assert await world.happened(TransitionKind.ACCOUNT_SUSPECTED, TransitionKind.OUTAGE_OPENED) == []
            assert timedelta(minutes=19) < world.state(ALICE).unobserved < timedelta(minutes=23)

    run_virtual(story())


def test_a_wall_before_one_account(tmp_path: Path) -> None:
    """It is not gone either, nor is the platform; one notice says so. Once the wall falls, a true absence is found."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            world.x.set("alice", Page.LOGIN_WALL)
            await world.wait(minutes=20)
            assert world.state(ALICE).phase is Phase.UP
            assert world.state(ALICE).blind_since is not None
            assert world.state(BOB).blind_since is None
            [told] = world.texts()
            assert "@alice on X cannot be seen, though the platform can" in told
            assert "login_wall" in told

            world.x.set("alice", Page.MISSING_EN)
            gone_at = world.now
            await world.wait(minutes=2)
            [outage] = await world.outages()
            assert outage.last_present < gone_at - timedelta(minutes=19) < outage.began.latest
            assert "@alice is not available" in world.texts()[-1]

    run_virtual(story())
