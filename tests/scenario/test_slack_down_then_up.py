"""Slack asks to wait, fails, or is dead: what happened is told later, once; and what is over by then in one message."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.slack import SERVER_ERROR, Answer, rate_limited
from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.notification import NotificationState
from watcher.model.outage import Phase

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)


@pytest.mark.parametrize(
    ("answers", "after"),
    [
        ([rate_limited(240)], timedelta(minutes=4)),
        ([SERVER_ERROR], timedelta(seconds=1)),
        ([SERVER_ERROR] * 4, timedelta(seconds=15)),
    ],
    ids=["429", "500", "500 four times"],
)
def test_the_alert_comes_later(tmp_path: Path, answers: list[Answer], after: timedelta) -> None:
    """Not before the time that Slack named, and within a minute after; the alert once and the recovery once."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settle_in(world)
            world.slack.script(*answers)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: len(world.slack.received) == 1, minutes=2)
            refused_at = world.now
            await world.until(lambda: len(world.texts()) == 1, minutes=5)
            assert after <= world.now - refused_at <= after + timedelta(minutes=1)
            assert len(world.slack.received) == len(answers) + 1

            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=5)
            assert [("is back" in text) for text in world.texts()] == [False, True]
            assert len(world.slack.received) == len(answers) + 2

    run_virtual(story())


def test_dead_for_half_an_hour_during_an_outage(tmp_path: Path) -> None:
    """The alert comes when Slack does, with how long it has lasted so far; then the recovery, in its turn."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settle_in(world)
            await world.slack.stop()
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=32)  # seen gone for half an hour of it, whenever the next try is made
            assert world.state(ALICE).phase is Phase.DOWN
            assert world.slack.received == []
            await world.slack.__aenter__()
            await world.wait(minutes=7)
            [told] = world.texts()
            assert "@alice is not available on X" in told
            assert "at least 3" in str(world.slack.accepted[0]), "half an hour and more"

            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=2)
            assert ["is back on X" in text for text in world.texts()] == [False, True]

    run_virtual(story())


def test_over_before_slack_is_back(tmp_path: Path) -> None:
    """One message tells the whole story, and no recovery follows."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settle_in(world)
            await world.slack.stop()
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=11)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=19)
            await world.slack.__aenter__()
            await world.wait(minutes=7)
            [told] = world.texts()
            assert "@alice was not available on X for 11 min" in told
            [outage] = await world.outages()
            alert, resolved = await world.told(outage.id)
            assert alert.state is NotificationState.DELIVERED
            assert resolved.state is NotificationState.SUPPRESSED
            assert len(world.slack.received) == 1

    run_virtual(story())


def test_several_outages_meanwhile(tmp_path: Path) -> None:
    """Each is told once, in order, and never two within a second, as Slack wants it."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settle_in(world)
            await world.slack.stop()
            for _ in range(3):
                for page in (Page.MISSING_FR, Page.PRESENT):
                    world.x.set("alice", page)
                    world.x.set("bob", page)
                    await world.wait(minutes=7)  # not so often that they would come and go
            await world.slack.__aenter__()
            await world.wait(minutes=7)
            assert len(world.texts()) == 6
            assert all("was not available on X for" in text for text in world.texts())
            times = [(await world.told(outage.id))[0].delivered_at for outage in await world.outages()]
            delivered = sorted(at for at in times if at is not None)
            assert len(delivered) == 6
            assert all(later - sooner >= timedelta(seconds=1) for sooner, later in pairwise(delivered))

    run_virtual(story())


def test_a_restart_meanwhile(tmp_path: Path) -> None:
    """What could not be told before the restart is told after it, once."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settle_in(world)
            await world.slack.stop()
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=3)
            await world.restart(minutes=10)
            await world.slack.__aenter__()
            await world.wait(minutes=7)
            [told] = world.texts()
            assert "@alice is not available on X" in told

    run_virtual(story())


def test_a_channel_gets_another_name_before_it_took_the_alert(tmp_path: Path) -> None:
    """Those whom the routes name then get the alert, and the end; once each. The old name's rows wait for it."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await settle_in(world)
            world.slack.script(rate_limited(240))
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: len(world.slack.received) == 1, minutes=2)
            world.configure("newsroom", "desk")
            await world.until(lambda: len(world.texts()) == 1, minutes=5)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=10)
            assert [("is back" in text) for text in world.texts()] == [False, True]
            [outage] = await world.outages()
            rows = await world.told(outage.id)
            assert {row.state for row in rows if row.channel == "desk"} == {NotificationState.DELIVERED}
            assert {row.state for row in rows if row.channel == "newsroom"} == {NotificationState.PENDING}
            assert len(rows) == 4
            assert len(world.warnings("the channel is gone; others are told")) == 1

    run_virtual(story())
