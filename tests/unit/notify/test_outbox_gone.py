"""A channel that is gone for good: it is left alone, what was to be told is told elsewhere, and nothing is lost."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests.unit.notify.desk import Desk
from tests.unit.notify.story import S
from watcher.model.notification import GaveUp, Notification, NotificationState, RetryAfter
from watcher.notify.announce import tell_instead
from watcher.store.values import IncidentRecord

GONE = GaveUp(reason="gone: 404 no_service")
REFUSED = GaveUp(reason="client_error: 400 invalid_blocks")
DOWN = RetryAfter(reason="connect: ClientConnectorError")
DELIVERED, DEAD, PENDING = NotificationState.DELIVERED, NotificationState.DEAD, NotificationState.PENDING


def _to_mail(record: IncidentRecord, row: Notification) -> tuple[Notification, ...]:
    return tell_instead(row, record.incident, record.notifications, "mail")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """An outbox that tells mail what another channel cannot."""
    desk = Desk(others=_to_mail)
    yield desk
    await desk.stop()


def resend(desk: Desk, number: int = 1) -> None:
    """Somebody asks for the alert to be sent again."""
    row = desk.row(number)
    assert desk.worker.store.resend([row.id], by="ann", at=desk.clock.now()) == (row.id,)
    desk.outbox.wake()


async def test_each_alert_is_told_elsewhere_and_the_channel_is_left_alone(desk: Desk) -> None:
    """One try; the other alerts are kept dead without one; mail is told of each, once, and the log says it once."""
    slack, mail = desk.channel("slack", GONE), desk.channel("mail")
    for number in (1, 2, 3):
        desk.alert("slack", number=number)
    with capture_logs() as logs:
        desk.start()
        await desk.run_for(10 * S)
    assert len(slack.sent) == 1
    assert [desk.row(n).state for n in (1, 2, 3)] == [DEAD] * 3
    assert [desk.row(n, "mail").state for n in (1, 2, 3)] == [DELIVERED] * 3
    assert len(mail.sent) == 3
    assert len([line for line in logs if line["event"].startswith("the channel is disabled")]) == 1
    [untried] = desk.worker.store.tries(desk.row(2).id)
    assert (untried.outcome, untried.answer) == (
        "gave_up",
        "gone: not tried, since the channel is disabled: 404 no_service",
    )
    assert desk.value("watcher_notifications_total", channel="slack") == 1


async def test_the_end_of_what_was_told_before_is_told_elsewhere(desk: Desk) -> None:
    """Slack took the alert and is gone by the end: mail gets the whole story, once."""
    slack, mail = desk.channel("slack"), desk.channel("mail")
    desk.alert("slack")
    desk.start()
    await desk.run_for(2 * S)
    slack._script.append(GONE)
    desk.recover()
    await desk.run_for(10 * S)
    assert desk.states() == {"alert": DELIVERED, "resolved": DEAD}
    assert [headline for headline in mail.headlines if "was not available" in headline] == mail.headlines
    assert len(mail.sent) == 1


async def test_who_was_told_of_it_hears_of_the_end(desk: Desk) -> None:
    """Mail stands in for the alert, so that it gets the recovery too; the dead channel is not asked."""
    slack, mail = desk.channel("slack", GONE), desk.channel("mail")
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    desk.recover()
    await desk.run_for(5 * S)
    assert len(slack.sent) == 1
    assert ["is back" in headline for headline in mail.headlines] == [False, True]


async def test_one_refused_message_disables_nothing(desk: Desk) -> None:
    """What Slack will not take of one message says nothing of the next, and nobody else is told."""
    slack, mail = desk.channel("slack", REFUSED), desk.channel("mail")
    desk.alert("slack")
    desk.alert("slack", number=2)
    desk.start()
    await desk.run_for(10 * S)
    assert len(slack.sent) == 2
    assert mail.sent == []
    assert [desk.row(1).state, desk.row(2).state] == [DEAD, DELIVERED]


async def test_resending_tries_the_channel_again(desk: Desk) -> None:
    """What is asked for by hand is sent, under the same key; with that the channel is well, and takes new news."""
    slack = desk.channel("slack", GONE)
    desk.channel("mail")
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    resend(desk)
    await desk.run_for(5 * S)
    desk.alert("slack", number=2)
    await desk.run_for(5 * S)
    assert [message.dedup_key for _, message in slack.sent] == ["01OUTAGE1/slack/alert"] * 2 + ["01OUTAGE2/slack/alert"]
    assert [desk.row(n).state for n in (1, 2)] == [DELIVERED] * 2
    assert desk.outbox.standings.of("slack").failing_since is None


async def test_resending_in_vain_disables_it_again(desk: Desk) -> None:
    """Still gone: one try of those asked for, and the others are dead again without one."""
    slack = desk.channel("slack", GONE, GONE)
    desk.channel("mail")
    for number in (1, 2):
        desk.alert("slack", number=number)
    desk.start()
    await desk.run_for(5 * S)
    resend(desk, 1)
    resend(desk, 2)
    await desk.run_for(5 * S)
    assert len(slack.sent) == 2
    assert [desk.row(n).state for n in (1, 2)] == [DEAD] * 2


async def test_what_is_over_meanwhile_tells_the_whole_story(desk: Desk) -> None:
    """An alert that is sent again after the end says how long it was, and no recovery follows."""
    slack = desk.channel("slack", GONE)
    desk.channel("mail")
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    desk.recover()
    await desk.run_for(5 * S)
    resend(desk)
    await desk.run_for(5 * S)
    assert "was not available on X for" in slack.headlines[-1]
    assert len(slack.sent) == 2


async def test_what_is_sent_again_is_as_good_as_new(desk: Desk) -> None:
    """An old row that is sent again is tried again and again, as a new one; it is not too old at the first failure."""
    slack = desk.channel("slack", REFUSED, DOWN)
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    await desk.outbox.drain(timedelta(0))
    await desk.run_for(timedelta(days=4))
    resend(desk)
    desk.outbox = desk.new_outbox()
    desk.start()
    await desk.run_for(60 * S)
    assert len(slack.sent) == 3
    assert desk.row().state is DELIVERED


async def test_other_settings_enable_it(desk: Desk) -> None:
    """Another channel in its place, as a reload makes one, takes what is new at once."""
    desk.channel("slack", GONE)
    desk.channel("mail")
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    mended = desk.channel("slack")
    desk.alert("slack", number=2)
    await desk.run_for(5 * S)
    assert len(mended.sent) == 1
    assert desk.row(2).state is DELIVERED


async def test_a_restart_enables_it(desk: Desk) -> None:
    """A new process tries it."""
    slack = desk.channel("slack", GONE)
    desk.channel("mail")
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    await desk.outbox.drain(timedelta(0))
    desk.alert("slack", number=2)
    desk.outbox = desk.new_outbox()
    desk.start()
    await desk.run_for(5 * S)
    assert len(slack.sent) == 2
