"""A channel dies: people hear of it another way, what it was to tell is told there, and it can be mended."""

from pathlib import Path

import pytest

from tests.fakes.slack import NO_SERVICE
from tests.fakes.smtp import FakeMail, vouched
from tests.fakes.virtual_time import run_virtual
from tests.scenario.test_mail_down_then_up import headlines
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.notification import NotificationState

WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")
MAIL_ALONE = ", routes: [{name: mail, channels: desk}]"
SUBJECT = "watcher cannot tell anybody through "


def server() -> FakeMail:
    """A mail server that wants STARTTLS and a log-in."""
    return FakeMail(tls=vouched(), users=True)


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)


def test_slack_is_gone(tmp_path: Path) -> None:
    """Mail, which the route names too, hears of it once, also over a restart; with a new webhook all is well again."""

    async def story() -> None:
        mail = server()
        async with World(tmp_path, WATCHLIST, mail=mail, durable=True, threaded=False) as world:
            await settle_in(world)
            world.slack.script(*[NO_SERVICE] * 3)
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=5)
            said = [headline for _, headline in headlines(mail)]
            assert said == ["@alice is not available on X", f"{SUBJECT}newsroom"]
            assert await world.sample("watcher_channel_up", channel="newsroom") == 0
            assert await world.sample("watcher_channel_up", channel="desk") == 1
            assert await world.sample("watcher_notifications_dead", channel="newsroom") == 1
            assert len(world.slack.received) == 1

            world.x.set("bob", Page.MISSING_FR)
            await world.restart(kill=True, minutes=1)
            await world.wait(minutes=4)
            assert len(world.slack.received) == 2, "the new process tries it once"
            assert [headline for _, headline in headlines(mail)][2:] == ["@bob is not available on X"]

            world.configure("secret-part", "secret-part?mended")
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=3)
            assert await world.sample("watcher_channel_up", channel="newsroom") == 1
            ends = [headline for _, headline in headlines(mail)][3:]
            assert sorted(end[:20] for end in ends) == ["@alice is back on X a"[:20], "watcher has no more t"[:20]]

    run_virtual(story())


def test_mail_fails_for_long(tmp_path: Path) -> None:
    """After five minutes Slack hears of it, and of its end when a mail goes through; nothing is lost."""

    async def story() -> None:
        mail = server()
        async with World(tmp_path, WATCHLIST, mail=mail) as world:
            await settle_in(world)
            await mail.stop()
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=4)
            assert len(world.texts()) == 1
            await world.wait(minutes=6)
            assert len(world.texts()) == 2
            assert f"{SUBJECT}desk" in world.texts()[1]
            await mail.__aenter__()
            await world.wait(minutes=7)
            assert [headline for _, headline in headlines(mail)] == ["@alice is not available on X"]
            assert "no more trouble with desk" in world.texts()[2]
            assert len(world.texts()) == 3

    run_virtual(story())


@pytest.mark.parametrize(
    ("step", "answer"),
    [("RCPT", "554 5.7.1 Relay access denied"), ("MAIL", "550 5.4.5 quota"), ("DATA", "550 5.4.5 quota")],
)
def test_a_relay_refuses_everything(tmp_path: Path, step: str, answer: str) -> None:
    """That speaks of the way: others hear of it, and what was refused is mailed once it is mended."""

    async def story() -> None:
        mail = server()
        async with World(tmp_path, WATCHLIST, mail=mail, routes=MAIL_ALONE, threaded=False) as world:
            await settle_in(world)
            mail.say(step, *[answer] * 1000)
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=8)
            assert [f"{SUBJECT}desk" in text for text in world.texts()] == [True]
            assert await world.sample("watcher_channel_up", channel="desk") == 0
            mail.say_no_more()
            await world.wait(minutes=7)
            assert [headline for _, headline in headlines(mail)] == ["@alice is not available on X"]
            assert "no more trouble with desk" in world.texts()[1]
            assert await world.sample("watcher_channel_up", channel="desk") == 1

    run_virtual(story())


def test_the_only_channel_fails(tmp_path: Path) -> None:
    """Nobody can be told of it but by the log, and then the news is what people get, not our troubles."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settle_in(world)
            await world.slack.stop()
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=10)
            [warning] = world.warnings("trouble_of_our_own")
            assert warning["about"] == "channel/newsroom"
            await world.slack.__aenter__()
            await world.wait(minutes=7)
            [told] = world.texts()
            assert "@alice is not available on X" in told
            [outage] = await world.outages()
            assert [row.state for row in await world.told(outage.id)] == [NotificationState.DELIVERED]

    run_virtual(story())
