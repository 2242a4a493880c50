"""Windows of the calendar: looked at more often in office hours, and nobody cries wolf when they begin or end."""

from datetime import timedelta
from pathlib import Path

from tests.fakes.virtual_time import START, run_virtual
from tests.scenario.world import World, X
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

ALICE = "x:alice"
# The story begins at 22:50 UTC on a Thursday, which is 23:50 in Berlin: the window begins ten minutes later, on Friday.
WATCHLIST = """\
defaults: {interval: 10m, timezone: Europe/Berlin}
accounts:
  - {url: https://x.com/alice, windows: [{days: fri, hours: "00:00-00:30", interval: 30s}]}
  - https://x.com/bob
"""
BEGINS, ENDS = START + timedelta(minutes=10), START + timedelta(minutes=40)


def test_a_window_begins_and_ends(tmp_path: Path) -> None:
    """Every ten minutes before, every thirty seconds within, and every ten minutes after; nothing is told of it."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=9)
            assert len(world.x.asked("alice")) <= 2
            await world.wait(minutes=32)
            within = [look.at for look in world.x.asked("alice") if BEGINS <= look.at < ENDS]
            assert 59 <= len(within) <= 62
            await world.wait(minutes=40)
            after = [look for look in world.x.asked("alice") if look.at >= ENDS + timedelta(seconds=3)]
            assert 4 <= len(after) <= 6
            assert len(world.x.asked("bob")) <= 10
            assert world.texts() == []
            assert await world.happened(TransitionKind.ACCOUNT_BLIND) == []
            assert world.state(ALICE).unobserved == timedelta(0)

    run_virtual(story())


def test_a_refused_edit_changes_no_calendar(tmp_path: Path) -> None:
    """An edit that takes too much away is refused, and the windows of the list that goes on begin all the same."""

    async def story() -> None:
        async with World(tmp_path, f"{WATCHLIST}  - https://x.com/carol\n") as world:
            for handle in ("alice", "bob", "carol"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=5)
            world.edit("accounts:\n  - https://x.com/carol\n")
            status, _ = await world.post("/-/reload")
            assert status == 409
            await world.wait(minutes=36)
            assert len([look for look in world.x.asked("alice") if BEGINS <= look.at < ENDS]) >= 59

    run_virtual(story())


def test_gone_within_the_window(tmp_path: Path) -> None:
    """What holds within the window is measured with its interval; the outage outlasts it and ends as any other."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=35)
            world.x.set("alice", Page.MISSING_FR)
            gone_at = world.now
            await world.until(lambda: world.state(ALICE).phase is Phase.DOWN, seconds=60)
            await world.wait(minutes=10)
            world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.wait(minutes=1)
            [outage] = await world.outages()
            duration = outage.duration
            assert duration.max is not None
            assert duration.min <= back_at - gone_at <= duration.max
            assert duration.max - duration.min <= timedelta(seconds=42)
            assert outage.unobserved == timedelta(0)
            assert len(world.texts()) == 2

    run_virtual(story())


def test_silent_since_the_window_began(tmp_path: Path) -> None:
    """A platform that answers nobody any more is told three of the window's intervals after it began, not sooner."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=9.5)
            world.at[X].set_all(Page.SERVER_ERROR)
            await world.until(lambda: world.state(ALICE).blind_since is not None, minutes=5)
            since = world.state(ALICE).blind_since
            assert since is not None
            assert timedelta(seconds=85) <= since - BEGINS <= timedelta(seconds=110)

    run_virtual(story())
