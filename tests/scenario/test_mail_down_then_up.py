"""The mail server is down, slow or picky: what happened is told later, once, and nobody else waits for it."""

import re
from email.message import EmailMessage
from pathlib import Path

from tests.fakes.smtp import HANG, FakeMail, vouched
from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.notification import NotificationState
from watcher.notify.channels.letter import message_id

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")
A, B = "a@newsroom.example", "b@newsroom.example"


def server() -> FakeMail:
    """A mail server that wants STARTTLS and a log-in."""
    return FakeMail(tls=vouched(), users=True)


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)


def text_of(mail: EmailMessage) -> str:
    """Its plain text."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def headlines(mail: FakeMail) -> list[tuple[tuple[str, ...], str]]:
    """Who was mailed, and the first line of what."""
    return [(taken.recipients, text_of(taken.mail).splitlines()[0]) for taken in mail.taken]


def test_alert_and_recovery_are_one_thread(tmp_path: Path) -> None:
    """With the server well, two mails: the second answers the first, under its subject, in both times."""

    async def story() -> None:
        mail = server()
        async with World(tmp_path, WATCHLIST, mail=mail) as world:
            await settle_in(world)
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=11)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=3)
            alert, recovery = mail.mails
            assert recovery["in-reply-to"] == recovery["references"] == alert["message-id"]
            assert alert["subject"] == "[watcher] @alice (X) unavailable"
            assert recovery["subject"] == f"Re: {alert['subject']}"
            (_, first), (_, second) = headlines(mail)
            assert first == "@alice is not available on X"
            assert second.startswith("@alice is back on X after 11 min")
            assert re.search(
                r"^Confirmed: 2 Nov 2017 22:5\d:\d\d UTC \(23:5\d:\d\d CET\)$", text_of(alert), re.MULTILINE
            )

    run_virtual(story())


def test_down_for_half_an_hour_during_an_outage(tmp_path: Path) -> None:
    """Slack is told in time; the mail comes when the server does, with how long it has lasted; then the recovery."""

    async def story() -> None:
        mail = server()
        async with World(tmp_path, WATCHLIST, mail=mail) as world:
            await settle_in(world)
            await mail.stop()
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=2)
            assert len(world.texts()) == 1
            await world.wait(minutes=28)
            assert mail.taken == []
            await mail.__aenter__()
            await world.wait(minutes=7)
            assert headlines(mail) == [((A, B), "@alice is not available on X")]
            assert "at least 3" in str(mail.mails[0]), "half an hour and more"
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=2)
            assert ["is back on X" in first for _, first in headlines(mail)] == [False, True]
            assert mail.mails[1]["in-reply-to"] == mail.mails[0]["message-id"]

    run_virtual(story())


def test_over_before_the_server_is_back(tmp_path: Path) -> None:
    """One mail tells the whole story and no recovery follows; over a restart too.

    It has the key of the end, and stands in the thread of the alert: a server that broke off may have taken that.
    """

    async def story() -> None:
        mail = server()
        async with World(tmp_path, WATCHLIST, mail=mail) as world:
            await settle_in(world)
            await mail.stop()
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=11)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=4)
            await world.restart(minutes=1)
            await mail.__aenter__()
            await world.wait(minutes=7)
            [(who, first)] = headlines(mail)
            assert who == (A, B)
            assert first.startswith("@alice was not available on X for 11 min")
            [outage] = await world.outages()
            alert = message_id(f"{outage.id}/desk/alert", "newsroom.example")
            assert mail.mails[0]["in-reply-to"] == mail.mails[0]["references"] == alert
            assert mail.mails[0]["message-id"] == message_id(f"{outage.id}/desk/resolved", "newsroom.example")
            states = {row.kind.value: row.state for row in await world.told(outage.id) if row.channel == "desk"}
            assert states == {"alert": NotificationState.DELIVERED, "resolved": NotificationState.SUPPRESSED}

    run_virtual(story())


def test_a_server_that_hangs_delays_no_other_channel(tmp_path: Path) -> None:
    """Slack is told at once, both times; the mail goes out after the time-out, once."""

    async def story() -> None:
        mail = server()
        async with World(tmp_path, WATCHLIST, mail=mail) as world:
            await settle_in(world)
            mail.say("DATA", HANG)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: len(world.texts()) == 1, minutes=2)
            told_at = world.now
            world.x.set("bob", Page.MISSING_FR)
            await world.until(lambda: len(world.texts()) == 2, minutes=2)
            await world.until(lambda: len(mail.taken) == 2, minutes=2)
            assert 30 <= (world.now - told_at).total_seconds() <= 100
            assert sorted(first for _, first in headlines(mail)) == [
                "@alice is not available on X",
                "@bob is not available on X",
            ]

    run_virtual(story())


def test_a_full_mailbox_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    """One of two is put off for half an hour: the other has the alert and the recovery in time, and neither twice."""

    async def story() -> None:
        mail = server()
        async with World(tmp_path, WATCHLIST, mail=mail) as world:
            await settle_in(world)
            mail.say(f"RCPT {B}", *["452 4.2.2 Mailbox full"] * 25)
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=5)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=2)
            assert [who for who, _ in headlines(mail)] == [(A,), (A,)]
            assert headlines(mail)[1][1].startswith("@alice is back on X")
            await world.wait(minutes=60)
            assert [who for who, _ in headlines(mail)] == [(A,), (A,), (B,), (B,)]
            assert len(world.texts()) == 2

    run_virtual(story())
