"""The outbox with a real mail server: some have the news, others get it later, and all hear of the end."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.fakes.smtp import DROP, FakeMail, trust, vouched
from tests.unit.notify.desk import Desk
from tests.unit.notify.story import S
from watcher.model.notification import NotificationState
from watcher.notify.channels.email import EmailChannel
from watcher.settings import values
from watcher.settings.values import Mailbox, Tls
from watcher.store.base import Store
from watcher.store.memory import MemoryStore
from watcher.store.sql import SqlStore

A, B = "a@newsroom.example", "b@newsroom.example"
LATER, NEVER = "451 4.7.1 later", "550 5.1.1 never"
ALERT = "@realDonaldTrump is not available on X"
BACK = "@realDonaldTrump is back on X after 11 min ± 40 s"
STORY = "@realDonaldTrump was not available on X for 11 min ± 40 s"


@pytest.fixture
async def mail() -> AsyncIterator[FakeMail]:
    """A mail server that takes everything until it is scripted."""
    async with FakeMail(tls=vouched()) as mail:
        yield mail


@pytest.fixture(params=["memory", "sql"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path, mail: FakeMail) -> AsyncIterator[Desk]:
    """An outbox with a mail channel for two, over each store."""
    store: Store = MemoryStore() if request.param == "memory" else SqlStore(tmp_path)
    desk = Desk(store)
    desk.channels["desk"] = EmailChannel(
        values.EmailChannel(
            name="desk",
            host=mail.host,
            port=mail.port,
            tls=Tls.STARTTLS,
            sender=Mailbox(local="watcher", domain="newsroom.example"),
            to=(Mailbox(local="a", domain="newsroom.example"), Mailbox(local="b", domain="newsroom.example")),
            ca_file=trust(tmp_path),
        ),
        desk.clock,
    )
    yield desk
    await desk.stop()


def arrived(mail: FakeMail) -> list[tuple[tuple[str, ...], str]]:
    """Who was told, and the first line of what."""
    bodies = ((taken, taken.mail.get_body(("plain",))) for taken in mail.taken)
    return [(taken.recipients, body.get_content().splitlines()[0]) for taken, body in bodies if body is not None]


async def send_due(desk: Desk) -> None:
    """What is due now is sent by a new outbox, as after a restart, and settled."""
    await desk.new_outbox().drain(timedelta(seconds=20))


async def test_only_those_left_are_asked_again(desk: Desk, mail: FakeMail) -> None:
    """The row keeps who was put off, also over a restart; who has the message does not get it twice."""
    mail.say(f"RCPT {B}", LATER, LATER)
    desk.alert("desk")
    for _ in range(3):
        await send_due(desk)
        desk.clock.advance(10 * S)
    assert arrived(mail) == [((A,), ALERT), ((B,), ALERT)]
    assert desk.row(channel="desk").state is NotificationState.DELIVERED
    assert desk.row(channel="desk").attempts == 3


async def test_all_hear_of_the_end(desk: Desk, mail: FakeMail) -> None:
    """One who cannot be reached holds up nobody: the recovery comes in time, and the whole story when it can."""
    mail.say(f"RCPT {B}", *[LATER] * 2)
    desk.alert("desk")
    await send_due(desk)
    desk.recover()
    await send_due(desk)
    assert arrived(mail) == [((A,), ALERT), ((A,), BACK)]
    desk.clock.advance(60 * S)
    await send_due(desk)
    assert sorted(arrived(mail)[2:]) == [((B,), BACK), ((B,), STORY)]
    assert desk.states("desk") == {"alert": NotificationState.DELIVERED, "resolved": NotificationState.DELIVERED}


async def test_who_is_never_reached_keeps_the_end_from_nobody(desk: Desk, mail: FakeMail) -> None:
    """The alert ends as dead after three days of tries, and the others hear of the recovery all the same."""
    mail.say(f"RCPT {B}", *[LATER] * 50)
    desk.alert("desk")
    with capture_logs() as logs:
        for _ in range(50):
            await send_due(desk)
            desk.clock.advance(timedelta(hours=2))
    assert logs[-1]["event"] == "a notification was given up"
    assert desk.row(channel="desk").state is NotificationState.DEAD
    desk.recover()
    await send_due(desk)
    assert arrived(mail) == [((A,), ALERT), ((A, B), BACK)]


async def test_when_the_others_were_reached_is_kept(desk: Desk, mail: FakeMail) -> None:
    """From then on they are reminded; that a try reached nobody more changes nothing."""
    mail.say(f"RCPT {B}", LATER, LATER)
    desk.alert("desk")
    reached_at = desk.clock.now()
    for _ in range(2):
        await send_due(desk)
        assert (desk.row(channel="desk").recipients, desk.row(channel="desk").delivered_at) == ((B,), reached_at)
        desk.clock.advance(10 * S)
    await send_due(desk)
    assert desk.row(channel="desk").delivered_at == desk.clock.now()


async def test_refused_for_good_beside_one_who_took_it(desk: Desk, mail: FakeMail) -> None:
    """It is delivered; the delivery's answer and a warning say who did not get it."""
    mail.say(f"RCPT {B}", NEVER)
    desk.alert("desk")
    with capture_logs() as logs:
        await send_due(desk)
    assert desk.row(channel="desk").state is NotificationState.DELIVERED
    assert [(line["log_level"], line["recipient"]) for line in logs] == [("warning", B)]


async def test_lost_after_the_message(desk: Desk, mail: FakeMail) -> None:
    """It goes out once more, to the same, under the same Message-ID."""
    mail.say("after DATA", DROP)
    desk.alert("desk")
    await send_due(desk)
    desk.clock.advance(10 * S)
    await send_due(desk)
    assert arrived(mail) == [((A, B), ALERT)] * 2
    assert len({one["message-id"] for one in mail.mails}) == 1
    assert desk.row(channel="desk").state is NotificationState.DELIVERED
