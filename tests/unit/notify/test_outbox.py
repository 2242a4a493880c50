"""When a notification is sent, and what becomes of it when that fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.unit.notify.desk import CONFIRMED, Desk
from tests.unit.notify.story import TRUMP, S
from watcher.model.account import Severity
from watcher.model.errors import ContradictionError, StoreError
from watcher.model.notification import Delivered, GaveUp, Notification, NotificationKind, NotificationState, RetryAfter
from watcher.notify.view import View
from watcher.store.memory import MemoryStore
from watcher.store.sql import SqlStore
from watcher.store.values import Forgotten, IncidentRecord

DELIVERED, DEAD, PENDING = NotificationState.DELIVERED, NotificationState.DEAD, NotificationState.PENDING
SUPPRESSED, CLAIMED = NotificationState.SUPPRESSED, NotificationState.CLAIMED
RESOLVED = NotificationKind.RESOLVED
DAY = timedelta(days=1)
FULL = StoreError("disk full")
DOWN = RetryAfter(reason="connect: ClientConnectorError")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """An outbox over a store in memory."""
    desk = Desk()
    yield desk
    await desk.stop()


async def test_what_is_due_is_sent_and_recorded(desk: Desk) -> None:
    """A due row is rendered, sent and recorded, with its attempt and its latency."""
    slack = desk.channel("slack")
    desk.alert("slack")
    desk.start()
    await desk.rest()
    assert slack.headlines == ["@realDonaldTrump is not available on X"]
    assert slack.sent[0][1].dedup_key == "01OUTAGE1/slack/alert"
    assert (desk.row().state, desk.row().delivered_at) == (DELIVERED, CONFIRMED)
    assert desk.value("watcher_notifications_total", channel="slack") == 1
    assert desk.value("watcher_notification_latency_seconds_count", channel="slack") == 1
    assert desk.value("watcher_notification_queue_length") == 0
    assert desk.value("watcher_notification_oldest_pending_timestamp_seconds") == 0


async def test_what_is_not_due_waits(desk: Desk) -> None:
    """A row is sent at its instant, within a second, and is not late until then."""
    slack = desk.channel("slack")
    desk.alert("slack", after=10 * S)
    desk.start()
    await desk.run_for(9 * S)
    assert slack.sent == []
    assert desk.value("watcher_notification_queue_length") == 0
    assert desk.value("watcher_notification_oldest_pending_timestamp_seconds") == 0
    await desk.run_for(2 * S)
    assert slack.times == [10]


async def test_a_commit_wakes_it(desk: Desk) -> None:
    """After `wake` no second is lost."""
    slack = desk.channel("slack")
    desk.start()
    await desk.rest()
    desk.alert("slack")
    desk.outbox.wake()
    await desk.rest()
    assert slack.times == [0]


async def test_backs_off_with_jitter(desk: Desk) -> None:
    """Without a time named by the channel the waits double from 2 s to 5 min, each within 20 %."""
    slack = desk.channel("slack", *[DOWN] * 11)
    desk.alert("slack")
    desk.start()
    await desk.run_for(timedelta(minutes=40))
    waits = [later - earlier for earlier, later in zip(slack.times, slack.times[1:], strict=False)]
    expected = [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert len(waits) == len(expected)
    # The table is looked at every second.
    assert all(0.8 * want <= wait <= 1.2 * want + 1 for wait, want in zip(waits, expected, strict=True))
    assert len({wait / want for wait, want in zip(waits, expected, strict=True)}) > 3
    assert desk.row().state is DELIVERED
    assert desk.value("watcher_notifications_failed_total", channel="slack", reason="connect") == 11


async def test_a_time_named_by_the_channel_is_kept_for_all(desk: Desk) -> None:
    """After RetryAfter with a time nothing at all is sent to that channel before it, and others go on."""
    slack = desk.channel("slack", RetryAfter(reason="rate_limited: 429", wait=30 * S))
    log = desk.channel("log")
    desk.alert("slack", "log")
    desk.alert("slack", "log", number=2)
    desk.start()
    await desk.run_for(29 * S)
    assert (slack.times, log.times) == ([0], [0, 0])
    await desk.run_for(3 * S)
    assert slack.times[1:] == [30, 30]


async def test_no_wait_is_longer_than_an_hour(desk: Desk) -> None:
    """A channel that asks for a year is asked again after an hour."""
    slack = desk.channel("slack", RetryAfter(reason="rate_limited: 429", wait=365 * DAY))
    desk.alert("slack")
    desk.start()
    await desk.rest()
    assert desk.row().due_at == CONFIRMED + timedelta(hours=1)
    assert slack.times == [0]


async def test_gave_up_is_dead_and_said_once(desk: Desk) -> None:
    """What the channel never will take is dead, said in one warning, and nobody is told of its end."""
    slack = desk.channel("slack", GaveUp(reason="gone: 404 no_service"))
    desk.alert("slack")
    with capture_logs() as logs:
        desk.start()
        await desk.run_for(5 * S)
        desk.recover()
        await desk.run_for(600 * S)
    assert len(slack.sent) == 1
    assert desk.states() == {"alert": DEAD}
    [warning] = [line for line in logs if line["log_level"] == "warning"]
    assert (warning["channel"], warning["reason"]) == ("slack", "gone: 404 no_service")
    assert desk.value("watcher_notifications_failed_total", channel="slack", reason="gone") == 1


async def test_the_end_of_what_was_never_told_is_not_told(desk: Desk) -> None:
    """When the alert is given up after the outage ended, the recovery that waited for it is suppressed."""
    slack = desk.channel("slack", GaveUp(reason="gone: 404 no_service"))
    desk.alert("slack")
    desk.recover()
    desk.start()
    await desk.run_for(60 * S)
    assert len(slack.sent) == 1
    assert desk.states() == {"alert": DEAD, "resolved": SUPPRESSED}


async def test_a_channel_that_is_not_there(desk: Desk) -> None:
    """What is for a channel that was removed waits for one of that name, and is said once; so is its end."""
    desk.alert("pager")
    with capture_logs() as logs:
        desk.start()
        await desk.run_for(600 * S)
    assert desk.states("pager") == {"alert": PENDING}
    assert [(line["log_level"], line["reason"]) for line in logs] == [("warning", "unknown_channel")]
    assert desk.value("watcher_notifications_failed_total", channel="pager", reason="unknown_channel") > 1
    desk.recover()
    pager = desk.channel("pager")
    await desk.run_for(600 * S)
    assert pager.headlines == ["@realDonaldTrump was not available on X for 11 min ± 40 s"]


async def test_a_channel_that_stays_away(desk: Desk) -> None:
    """After three days of tries it is given up, and that is said as well."""
    desk.alert("pager")
    with capture_logs() as logs:
        desk.start()
        for _ in range(60):
            await desk.rest()
            desk.clock.advance(DAY / 15)
        await desk.rest()
    assert desk.states("pager") == {"alert": DEAD}
    assert logs[-1]["event"] == "a notification was given up"


async def test_others_are_told_what_a_removed_channel_was_not() -> None:
    """Those who are told such things now are, once; a store that fails meanwhile is asked again."""

    def others(_record: IncidentRecord, row: Notification) -> tuple[Notification, ...]:
        return (replace(row, id=0, channel="slack", dedup_key="01OUTAGE1/slack/alert", state=PENDING, attempts=0),)

    desk = Desk(others=others)
    slack = desk.channel("slack")
    desk.alert("pager")
    desk.worker.fail("commit", FULL)
    desk.start()
    await desk.run_for(5 * S)
    assert slack.headlines == ["@realDonaldTrump is not available on X"]
    await desk.run_for(600 * S)
    assert (len(slack.sent), desk.states(), desk.states("pager")) == (1, {"alert": DELIVERED}, {"alert": PENDING})
    await desk.stop()


async def test_a_slow_channel_delays_no_other(desk: Desk) -> None:
    """While one channel hangs, the others send."""
    slow, quick = desk.channel("slow"), desk.channel("quick")
    slow.gate = asyncio.Event()
    desk.alert("slow", "quick")
    desk.alert("slow", "quick", number=2)
    desk.start()
    await desk.rest()
    assert (len(slow.sent), len(quick.sent)) == (1, 2)
    slow.gate.set()
    await desk.rest()
    assert len(slow.sent) == 2


async def test_the_spacing_of_a_channel_is_kept(desk: Desk) -> None:
    """Messages to one channel are as far apart as it wants."""
    slack = desk.channel("slack", spacing=1 * S)
    for number in range(1, 5):
        desk.alert("slack", number=number)
    desk.start()
    await desk.run_for(10 * S)
    assert slack.times == [0, 1, 2, 3]


async def test_a_channel_that_was_mended_need_not_wait(desk: Desk) -> None:
    """What waits for the hour that a channel named goes out by the one that a reload put in its place, soon."""
    old = desk.channel("slack", RetryAfter(reason="rate_limited: 429", wait=timedelta(hours=1)))
    desk.alert("slack")
    desk.alert("slack", number=2)
    desk.start()
    await desk.run_for(60 * S)
    mended = desk.channel("slack")
    await desk.run_for(2 * S)
    assert (old.times, len(mended.sent)) == ([0], 1)
    assert mended.times[0] <= 62
    await desk.run_for(timedelta(hours=1))
    assert (len(old.sent), len(mended.sent)) == (1, 2)


async def test_alert_and_recovery_in_order(desk: Desk) -> None:
    """The recovery is told after the alert, and at once."""
    slack = desk.channel("slack")
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    desk.recover()
    desk.outbox.wake()
    await desk.rest()
    assert slack.headlines == [
        "@realDonaldTrump is not available on X",
        "@realDonaldTrump is back on X after 11 min ± 40 s",
    ]
    assert desk.states() == {"alert": DELIVERED, "resolved": DELIVERED}


async def test_a_late_alert_tells_both(desk: Desk) -> None:
    """An alert that gets through only after the end is one message that tells all; the recovery is suppressed."""
    slack = desk.channel("slack", *[DOWN] * 3)
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    desk.recover()
    await desk.run_for(120 * S)
    assert slack.headlines[-1] == "@realDonaldTrump was not available on X for 11 min ± 40 s"
    assert len(slack.sent) == 4
    assert desk.states() == {"alert": DELIVERED, "resolved": SUPPRESSED}


async def test_a_late_update_tells_the_end(desk: Desk) -> None:
    """An update that gets through only after the end tells that too, instead of the recovery."""
    slack = desk.channel("slack")
    desk.alert("slack")
    desk.start()
    await desk.rest()
    desk.update("slack")
    desk.recover()
    await desk.run_for(5 * S)
    assert len(slack.sent) == 2
    assert desk.states() == {"alert": DELIVERED, "update": DELIVERED, "resolved": SUPPRESSED}


async def test_an_end_during_the_sending_is_told(desk: Desk) -> None:
    """What ends while the alert is on its way gets its own message: the alert did not tell it."""
    slack = desk.channel("slack")
    slack.gate = asyncio.Event()
    desk.alert("slack")
    desk.start()
    await desk.rest()
    desk.recover()
    slack.gate.set()
    await desk.rest()
    assert len(slack.sent) == 2
    assert desk.states() == {"alert": DELIVERED, "resolved": DELIVERED}


async def test_a_bug_in_a_channel_ends_nothing(desk: Desk) -> None:
    """An exception that nobody expected is logged as an error, and the notification is tried again."""
    slack = desk.channel("slack", RuntimeError("boom"))
    desk.alert("slack")
    with capture_logs() as logs:
        desk.start()
        await desk.run_for(5 * S)
    assert len(slack.sent) == 2
    assert desk.row().state is DELIVERED
    assert [line["log_level"] for line in logs] == ["error", "warning", "info"]
    assert desk.value("watcher_notifications_failed_total", channel="slack", reason="bug") == 1


async def test_a_bug_in_the_view_ends_nothing(desk: Desk) -> None:
    """The same holds for what is looked up to render the message."""
    slack = desk.channel("slack")
    faults = [KeyError("account")]

    def view(record: IncidentRecord, row: Notification) -> View:
        if faults:
            raise faults.pop()
        return desk.view(record, row)

    desk.outbox = desk.new_outbox(view)
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    assert len(slack.sent) == 1


async def test_an_unheard_of_reason_makes_no_new_series(desk: Desk) -> None:
    """The label `reason` has a closed set of values."""
    desk.channel("slack", RetryAfter(reason="<html>: whatever"))
    desk.alert("slack")
    desk.start()
    await desk.rest()
    assert desk.value("watcher_notifications_failed_total", channel="slack", reason="bug") == 1


async def test_a_failing_channel_is_said_once_and_its_return_too(desk: Desk) -> None:
    """One warning when a channel begins to fail, silence, one line when it works again; the next time likewise."""
    desk.channel("slack", *[DOWN] * 4, Delivered(), *[DOWN] * 4)
    desk.alert("slack")
    with capture_logs() as logs:
        desk.start()
        await desk.run_for(120 * S)
        desk.alert("slack", number=2)
        await desk.run_for(120 * S)
    assert [line["log_level"] for line in logs] == ["warning", "info"] * 2


async def test_after_three_days_it_is_too_late(desk: Desk) -> None:
    """What could not be delivered for three days, though it was tried again and again, is given up, with a warning."""
    desk.channel("slack", *[DOWN] * 60)
    desk.alert("slack")
    with capture_logs() as logs:
        desk.start()
        for _ in range(60):
            await desk.rest()
            desk.clock.advance(DAY / 15)
        await desk.rest()
    assert desk.states() == {"alert": DEAD}
    assert [line["event"].partition(";")[0] for line in logs] == [
        "a notification was not delivered",
        "a notification was given up",
    ]


async def test_old_news_are_not_given_up_at_the_first_failure(desk: Desk) -> None:
    """What was silenced for days, or was to be told while we did not run, is tried as often as anything else."""
    slack = desk.channel("slack", DOWN, DOWN)
    desk.alert("slack")
    desk.clock.advance(4 * DAY)
    desk.start()
    await desk.run_for(30 * S)
    assert (len(slack.sent), desk.states()) == (3, {"alert": DELIVERED})


async def test_a_send_without_end_is_cut_off() -> None:
    """A channel that never answers, not even after its own time-out, is left and asked again; in real time."""
    desk = Desk(overtime=timedelta(seconds=0.02))
    slack = desk.channel("slack")
    slack.gate = asyncio.Event()
    desk.alert("slack")
    desk.start()
    await desk.worker.until_called("settle", 1)
    await desk.rest()
    assert desk.row().state is PENDING
    assert desk.value("watcher_notifications_failed_total", channel="slack", reason="timeout") == 1
    slack.gate.set()
    await desk.run_for(5 * S)
    assert desk.row().state is DELIVERED
    await desk.stop()


async def test_a_send_longer_than_the_lease_is_not_sent_twice(desk: Desk) -> None:
    """A row that this process still holds is not claimed again when its lease ends, and its outcome counts."""
    slack = desk.channel("slack", DOWN)
    slack.gate = asyncio.Event()
    desk.alert("slack")
    desk.start()
    await desk.run_for(300 * S)
    assert len(slack.sent) == 1
    assert desk.row().attempts == 1
    slack.gate.set()
    await desk.rest()
    assert desk.row().state is PENDING
    await desk.run_for(300 * S)
    assert desk.row().state is DELIVERED


async def test_the_end_has_a_key_of_its_own(desk: Desk) -> None:
    """An alert that was taken without our knowing, and whose second try tells the end, is not the same news twice."""
    slack = desk.channel("slack", RetryAfter(reason="timeout"))
    desk.alert("slack")
    desk.start()
    await desk.rest()
    desk.recover()
    await desk.run_for(60 * S)
    assert [message.dedup_key for _, message in slack.sent] == ["01OUTAGE1/slack/alert", "01OUTAGE1/slack/resolved"]
    assert [message.kind for _, message in slack.sent] == [NotificationKind.ALERT, RESOLVED]
    assert desk.states() == {"alert": DELIVERED, "resolved": SUPPRESSED}


async def test_what_was_held_at_the_end_is_told_at_the_next_start(desk: Desk) -> None:
    """What a hanging channel kept from being sent does not wait for a lease: a start lets go of what was claimed."""
    slack = desk.channel("slack")
    slack.gate = asyncio.Event()
    desk.alert("slack")
    desk.alert("slack", number=2)
    desk.start()
    await desk.rest()
    await desk.outbox.drain(timedelta(0))
    assert [desk.row(number=number).state for number in (1, 2)] == [CLAIMED, PENDING]
    slack.gate.set()
    desk.worker.store.open()
    desk.outbox = desk.new_outbox()
    desk.start(desk.outbox)
    await desk.rest()
    assert [desk.row(number=number).state for number in (1, 2)] == [DELIVERED, DELIVERED]


async def test_killed_while_sending(desk: Desk) -> None:
    """A process that dies while it sends leaves a row that the next one sends again, with the same dedup_key."""
    slack = desk.channel("slack")
    slack.gate = asyncio.Event()
    desk.alert("slack")
    first = desk.outbox
    desk.start()
    await desk.rest()
    await first.drain(timedelta(0))
    assert desk.row().state is CLAIMED
    slack.gate.set()
    desk.outbox = desk.new_outbox()
    desk.start(desk.outbox)
    await desk.run_for(59 * S)
    assert len(slack.sent) == 1
    await desk.run_for(2 * S)
    assert [message.dedup_key for _, message in slack.sent] == ["01OUTAGE1/slack/alert"] * 2
    assert desk.row().state is DELIVERED


async def test_a_store_that_fails_to_claim_is_asked_again(desk: Desk) -> None:
    """A failing store stops nothing for good, and is said once."""
    slack = desk.channel("slack")
    desk.worker.fail("claim", *[FULL] * 3)
    desk.alert("slack")
    with capture_logs() as logs:
        desk.start()
        await desk.run_for(5 * S)
    assert slack.times == [3]
    assert [line["event"] for line in logs] == ["the store failed; notifications wait"]


async def test_what_was_sent_is_not_forgotten(desk: Desk) -> None:
    """When the outcome cannot be stored, it is stored later, and the message is not sent again."""
    slack = desk.channel("slack")
    desk.worker.fail("settle", *[FULL] * 90)
    desk.alert("slack")
    desk.start()
    await desk.run_for(100 * S)
    assert len(slack.sent) == 1
    assert desk.row().state is DELIVERED


async def test_an_incident_that_cannot_be_read_is_tried_again(desk: Desk) -> None:
    """A store that fails between the claim and the sending delays the message."""
    slack = desk.channel("slack")
    desk.worker.fail("incident", FULL)
    desk.alert("slack")
    desk.start()
    await desk.run_for(5 * S)
    assert len(slack.sent) == 1
    assert desk.row().state is DELIVERED


async def test_what_the_store_refuses_for_good_blocks_nobody(desk: Desk) -> None:
    """A settlement that contradicts the store is logged, and the lane goes on with the next."""
    slack = desk.channel("slack")
    desk.worker.fail("settle", ContradictionError("no such notification"))
    desk.alert("slack")
    desk.alert("slack", number=2)
    with capture_logs() as logs:
        desk.start()
        await desk.rest()
    assert len(slack.sent) == 2
    assert desk.row(number=2).state is DELIVERED
    assert [line["log_level"] for line in logs] == ["error"]


class _Forgetful(MemoryStore):
    """Has rows of incidents that it does not know."""

    def incident(self, incident_id: str) -> IncidentRecord | None:  # noqa: ARG002 - it forgets all
        return None


async def test_a_row_without_its_incident_is_given_up() -> None:
    """Where there is nothing to tell, nothing is told; nor is it a fault."""
    desk = Desk(_Forgetful())
    slack = desk.channel("slack")
    desk.alert("slack")
    with capture_logs() as logs:
        desk.start()
        await desk.rest()
    assert slack.sent == []
    assert [line["log_level"] for line in logs] == ["info"]
    await desk.run_for(100 * S)
    assert desk.worker.calls.count("settle") == 1
    await desk.stop()


async def test_a_number_that_is_used_again(tmp_path: Path) -> None:
    """An account is forgotten while its alert is sent, and the next alert gets the number: it is sent all the same."""
    desk = Desk(SqlStore(tmp_path))
    slack = desk.channel("slack")
    slack.gate = asyncio.Event()
    desk.alert("slack")
    desk.start()
    await desk.rest()
    number = desk.row().id
    assert desk.worker.store.forget(TRUMP.id, even_watched=True) is Forgotten.DONE
    desk.alert("slack", number=2)
    assert desk.row(number=2).id == number
    with capture_logs() as logs:
        await desk.run_for(5 * S)
        slack.gate.set()
        await desk.run_for(5 * S)
    assert [message.incident_id for _, message in slack.sent] == ["01OUTAGE1", "01OUTAGE2"]
    assert desk.row(number=2).state is DELIVERED
    assert logs == []
    await desk.stop()


async def test_more_than_one_claim_takes(desk: Desk) -> None:
    """A crowd of rows is taken little by little, and no channel waits for another's crowd."""
    crowded = desk.channel("slack")
    crowded.gate = asyncio.Event()
    quick = desk.channel("quick")
    for number in range(1, 251):
        desk.alert("slack", number=number)
    desk.alert("quick", number=251)
    desk.start()
    await desk.rest()
    assert (len(crowded.sent), len(quick.sent)) == (1, 1)
    crowded.gate.set()
    await desk.worker.until_called("settle", 251)
    assert len(crowded.sent) == 250


async def test_a_critical_one_overtakes(desk: Desk) -> None:
    """A new critical alert is the next to be sent, however many wait that are less severe; those keep their order."""
    slack = desk.channel("slack", spacing=1 * S)
    for number in range(1, 31):
        desk.alert("slack", number=number, severity=Severity.WARNING)
    desk.start()
    await desk.run_for(2.5 * S)
    desk.alert("slack", number=31, severity=Severity.CRITICAL)
    desk.outbox.wake()
    await desk.run_for(28 * S)
    order = [int(message.incident_id.removeprefix("01OUTAGE")) for _, message in slack.sent]
    assert order == [1, 2, 3, 31, *range(4, 31)]
    assert slack.times == [float(second) for second in range(31)]


async def test_the_rest_stays_in_the_table(desk: Desk) -> None:
    """A lane claims what it may send now: what waits for the channel is neither held in memory nor counted as tried."""
    slack = desk.channel("slack", RetryAfter(reason="rate_limited: 429", wait=30 * S))
    desk.alert("slack")
    desk.alert("slack", number=2)
    desk.start()
    await desk.run_for(20 * S)
    assert len(slack.sent) == 1
    assert [(desk.row(number=number).state, desk.row(number=number).attempts) for number in (1, 2)] == [
        (PENDING, 1),
        (PENDING, 0),
    ]


async def test_the_count_is_of_the_last_second(desk: Desk) -> None:
    """While a crowd is sent, how many wait is counted once a second, and once more when all is sent."""
    desk.channel("slack", spacing=0.1 * S)
    for number in range(1, 31):
        desk.alert("slack", number=number)
    desk.start()
    await desk.run_for(1.5 * S)
    assert 14 <= desk.value("watcher_notification_queue_length") <= 30
    await desk.run_for(2 * S)
    assert desk.value("watcher_notification_queue_length") == 0
    await desk.outbox.drain(timedelta(seconds=5))


async def test_drain_waits_for_the_turn_of_what_is_due(desk: Desk) -> None:
    """At the end what is due for a channel that is to be left alone for a moment is waited for."""
    slack = desk.channel("slack", spacing=1 * S)
    for number in (1, 2):
        desk.alert("slack", number=number)
    desk.start()
    await desk.rest()
    draining = asyncio.create_task(desk.outbox.drain(timedelta(seconds=5)))
    await desk.run_for(1 * S)
    await draining
    assert slack.times == [0, 1]


async def test_drain_waits_for_no_turn_where_nothing_is_due(desk: Desk) -> None:
    """A channel that asked for an hour, with nothing to be told, holds up no shutdown."""
    slack = desk.channel("slack", RetryAfter(reason="rate_limited: 429", wait=timedelta(hours=1)))
    desk.alert("slack")
    desk.start()
    await desk.rest()
    async with asyncio.timeout(5):
        await desk.outbox.drain(timedelta(hours=1))
    assert len(slack.sent) == 1


async def test_drain_sends_what_is_due_and_leaves_the_rest(desk: Desk) -> None:
    """At the end alert and recovery that are due go out; what is not due stays; `run` is over."""
    slack = desk.channel("slack")
    desk.alert("slack", number=2, after=10 * S)
    running = desk.start()
    await desk.rest()
    desk.alert("slack", number=3)
    desk.alert("slack")
    desk.recover()
    await desk.outbox.drain(timedelta(seconds=5))
    await desk.rest()
    assert running.done()
    assert len(slack.sent) == 2
    assert desk.row(number=2).state is PENDING


async def test_drain_waits_for_what_is_on_its_way(desk: Desk) -> None:
    """What a message under way makes due is sent as well, though there was nothing to claim at first."""
    slack = desk.channel("slack")
    slack.gate = asyncio.Event()
    desk.alert("slack")
    running = desk.start()
    await desk.rest()
    running.cancel()
    desk.recover()
    draining = asyncio.create_task(desk.outbox.drain(timedelta(seconds=5)))
    await desk.rest()
    slack.gate.set()
    await draining
    assert desk.states() == {"alert": DELIVERED, "resolved": DELIVERED}


async def test_drain_without_run_sends_in_order(desk: Desk) -> None:
    """`drain` needs no loop beside it: it tells the alert, then the recovery that becomes due by that."""
    slack = desk.channel("slack")
    slack.gate = asyncio.Event()
    desk.alert("slack")
    draining = asyncio.create_task(desk.outbox.drain(timedelta(seconds=5)))
    await desk.rest()
    desk.recover()
    slack.gate.set()
    await draining
    assert desk.states() == {"alert": DELIVERED, "resolved": DELIVERED}


async def test_drain_ends_in_time(desk: Desk) -> None:
    """A channel that hangs holds up the shutdown no longer than was allowed; its row stays in the table."""
    slack = desk.channel("slack")
    slack.gate = asyncio.Event()
    desk.alert("slack")
    desk.start()
    await desk.outbox.drain(timedelta(seconds=0.02))
    assert desk.row().state is CLAIMED


async def test_what_was_sent_is_noted_although_the_time_is_up(desk: Desk) -> None:
    """A message that got through just when the shutdown ran out of time is recorded: it is not sent again."""
    slack = desk.channel("slack")
    settling = desk.worker.before["settle"] = asyncio.Event()
    desk.alert("slack")
    desk.start()
    await desk.rest()
    draining = asyncio.create_task(desk.outbox.drain(timedelta(0)))
    await desk.rest()
    settling.set()
    await draining
    assert len(slack.sent) == 1
    assert desk.row().state is DELIVERED


async def test_a_claim_that_comes_after_the_end_starts_nothing(desk: Desk) -> None:
    """Rows claimed by a look that was under way when the outbox ended are left to the next process."""
    slack = desk.channel("slack")
    claiming = desk.worker.after["claim"] = asyncio.Event()
    desk.alert("slack")
    running = desk.start()
    await desk.rest()
    await desk.outbox.drain(timedelta(0))
    claiming.set()
    await running
    assert slack.sent == []
    assert desk.row().state is CLAIMED
