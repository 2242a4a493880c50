"""What every store does about silences, acknowledgements and reminders."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.test_store import STORES, AnyStore, reopened, told
from tests.unit.store.samples import LEASE, T0, account, after, closing, delivered, delivery, opening, outage
from watcher.model.notification import IncidentKind, Notification, NotificationKind, NotificationState
from watcher.model.silence import Matcher, Silence
from watcher.store.values import EPOCH, Amended, Commit, Cutoffs

OUTAGE = outage()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """An open store that watches two accounts."""
    made = STORES[request.param](tmp_path)
    made.open()
    made.watch([account("potus"), account("realdonaldtrump")], T0)
    yield made
    made.close()


def silence(number: int, begins: float, ends: float) -> Silence:
    """One of platform x, between these seconds after T0."""
    matchers = (Matcher(name="platform", value="x"), Matcher(name="owner", value='a"|b', is_pattern=True))
    return Silence(
        id=f"s{number}", matchers=matchers, starts_at=after(begins), ends_at=after(ends), by="desk", comment="moving"
    )


def deliver(store: AnyStore, seconds: float) -> list[str]:
    """Deliver what is due then; the channels."""
    rows = store.claim(after(seconds), LEASE, 100)
    for row in rows:
        store.settle(delivered(row, seconds), delivery(row, seconds=seconds))
    return [row.channel for row in rows]


# Silences.


def test_silences_are_kept_and_listed(store: AnyStore) -> None:
    """By their beginning; those that are over only when asked for; a second one of an id changes nothing."""
    first, second = silence(1, 100, 200), silence(2, 0, 50)
    assert [store.add_silence(each) for each in (first, second)] == [Amended.DONE] * 2
    assert store.add_silence(replace(first, comment="other")) is Amended.ALREADY
    store = reopened(store)
    assert store.silences() == (second, first)
    assert store.silences(after(50)) == (first,)
    assert store.silences(after(200)) == ()


def test_a_silence_that_is_asked_for_twice_is_kept_once(store: AnyStore) -> None:
    """A double click makes one, where that is wanted; a later end, other words, or one that was ended make another."""
    first = silence(1, 0, 200)
    store.add_silence(first)
    again = replace(first, id="s2", starts_at=after(1), ends_at=after(201))
    assert store.add_silence(again, once=True) is Amended.ALREADY
    for changed in (
        replace(again, id="s3", ends_at=after(230)),
        replace(again, id="s4", starts_at=after(30)),
        replace(again, id="s5", comment="other"),
        replace(again, id="s6", by="mia"),
        replace(again, id="s7", matchers=again.matchers[:1]),
    ):
        assert store.add_silence(changed, once=True) is Amended.DONE
    assert store.add_silence(again) is Amended.DONE
    for each in store.silences():
        store.expire_silence(each.id, after(2))
    assert store.add_silence(replace(again, id="s8", starts_at=after(3), ends_at=after(8)), once=True) is Amended.DONE


def test_a_silence_is_expired_once(store: AnyStore) -> None:
    """One that lasts ends then; one that is still to begin never does."""
    store.add_silence(silence(1, 0, 200))
    store.add_silence(silence(2, 100, 200))
    assert store.expire_silence("s1", after(50)) is Amended.DONE
    assert store.expire_silence("s2", after(50)) is Amended.DONE
    assert store.expire_silence("s1", after(60)) is Amended.ALREADY
    assert store.expire_silence("s3", after(60)) is Amended.UNKNOWN
    assert [(each.starts_at, each.ends_at) for each in store.silences()] == [(T0, after(50)), (after(50), after(50))]


def test_old_silences_go_with_the_deliveries(store: AnyStore) -> None:
    """What ended before the cut-off; not what still lasts."""
    store.add_silence(silence(1, 0, 50))
    store.add_silence(silence(2, 0, 200))
    assert store.prune(Cutoffs(deliveries=after(100)), 10) == 1
    assert [each.id for each in store.silences()] == ["s2"]


# Acknowledgements.


def test_acknowledged_once_and_told_to_who_was_told(store: AnyStore) -> None:
    """The mark and one row a channel; again changes nothing; a channel that never got the alert hears nothing."""
    store.commit(opening(OUTAGE, ("slack", "mail", "dead")))
    dead = next(row for row in store.claim(after(20), LEASE, 10) if row.channel == "dead")
    store.settle(replace(dead, state=NotificationState.DEAD), delivery(dead, "gave_up"))
    assert store.ack(OUTAGE.id, "mia", after(60), "I call them") is Amended.DONE
    assert store.ack(OUTAGE.id, "tom", after(61)) is Amended.ALREADY
    assert store.ack("nothing", "tom", after(61)) is Amended.UNKNOWN
    record = reopened(store).incident(OUTAGE.id)
    assert record is not None
    marked = record.incident
    assert (marked.acked_by, marked.acked_at, marked.ack_comment) == ("mia", after(60), "I call them")
    rows = [row for row in record.notifications if row.kind is NotificationKind.ACKNOWLEDGED]
    assert sorted((row.channel, row.seq, row.event_at) for row in rows) == [
        ("mail", 1, after(60)),
        ("slack", 1, after(60)),
    ]


def test_taken_back_and_done_again(store: AnyStore) -> None:
    """Each time is news of its own; what is over has nothing to acknowledge."""
    store.commit(opening(OUTAGE))
    assert store.unack(OUTAGE.id, after(50)) is Amended.ALREADY
    store.ack(OUTAGE.id, "mia", after(60))
    assert store.unack(OUTAGE.id, after(70)) is Amended.DONE
    record = store.incident(OUTAGE.id)
    assert record is not None
    assert (record.incident.acked_by, record.incident.acked_at) == (None, None)
    store.ack(OUTAGE.id, "tom", after(80))
    assert [str(row.kind) for row in told(store, OUTAGE.id)] == ["alert", *["acknowledged"] * 3]
    store.commit(closing(OUTAGE))
    assert store.ack(OUTAGE.id, "tom", after(800)) is Amended.OVER
    assert store.unack(OUTAGE.id, after(800)) is Amended.OVER
    assert store.unack("nothing", after(800)) is Amended.UNKNOWN


def test_the_end_keeps_who_acknowledged(store: AnyStore) -> None:
    """Neither the closing nor a repeated opening takes the mark away."""
    store.commit(opening(OUTAGE))
    store.ack(OUTAGE.id, "mia", after(60))
    store.commit(opening(OUTAGE))
    store.commit(closing(OUTAGE))
    record = store.incident(OUTAGE.id)
    assert record is not None
    assert record.incident.acked_by == "mia"


# What was told.


def reminder_after(alert: Notification, seconds: float) -> Notification:
    """What reminds of what that alert told, at that time."""
    return replace(
        alert,
        kind=NotificationKind.REMINDER,
        dedup_key="r/1",
        seq=1,
        due_at=after(seconds),
        event_at=after(seconds),
        state=NotificationState.PENDING,
        attempts=0,
        delivered_at=None,
    )


def test_told_says_when_each_channel_heard_last(store: AnyStore) -> None:
    """Of what lasts, by channel; who was told since, or is to be told of something, is left out."""
    store.commit(opening(OUTAGE, ("slack", "mail")))
    assert store.told(after(10_000), after(10_000)) == ()
    deliver(store, 21)
    found = store.told(after(21), after(10_000))
    assert [(each.channel, each.route, each.last_at, each.reminders, each.seq) for each in found] == [
        ("mail", "newsroom", after(21), 0, 0),
        ("slack", "newsroom", after(21), 0, 0),
    ]
    assert found[0].incident == store.incidents()[0]
    assert store.told(after(20), after(10_000)) == ()
    alert = next(row for row in told(store, OUTAGE.id) if row.channel == "slack")
    store.commit(Commit(notifications=(reminder_after(alert, 90),)))
    assert [each.channel for each in store.told(after(1000), after(10_000))] == ["mail"]
    [row] = store.claim(after(90), LEASE, 10)
    store.settle(replace(row, state=NotificationState.DEAD), delivery(row, "gave_up", 91))
    # That nobody took it is no reason to remind at once, again and again.
    [mail, slack] = store.told(after(1000), after(10_000))
    assert (slack.channel, slack.last_at, slack.reminders, slack.seq) == ("slack", after(90), 1, 1)
    assert (mail.last_at, mail.reminders) == (after(21), 0)
    assert [each.channel for each in store.told(after(89), after(10_000))] == ["mail"]


def test_what_waits_for_some_keeps_the_others_from_no_reminder(store: AnyStore) -> None:
    """A full mailbox: the others are reminded, counted from when they were reached; so it is once it is given up."""
    store.commit(opening(OUTAGE))
    [row] = store.claim(after(20), LEASE, 10)
    left = replace(row, state=NotificationState.PENDING, due_at=after(500), recipients=("b@x.example",))
    store.settle(replace(left, delivered_at=after(31)), delivery(row, "retry", 31))
    assert store.told(after(30), after(10_000)) == ()
    [found] = store.told(after(31), after(10_000))
    assert (found.channel, found.last_at, found.reminders) == ("slack", after(31), 0)
    [row] = store.claim(after(500), LEASE, 10)
    assert [each.last_at for each in store.told(after(31), after(10_000))] == [after(31)]
    store.settle(replace(row, state=NotificationState.DEAD), delivery(row, "gave_up", 501))
    assert [each.last_at for each in store.told(after(31), after(10_000))] == [after(31)]


def test_what_is_yet_to_come_is_of_before_the_clock_was_set_back(store: AnyStore) -> None:
    """Who was told at a time that is yet to come is reminded, and from then on as others are."""
    store.commit(opening(OUTAGE))
    deliver(store, 7_000)
    [told_later] = store.told(after(100), after(130))
    assert told_later.last_at == EPOCH
    alert = told(store, OUTAGE.id)[0]
    store.commit(Commit(notifications=(reminder_after(alert, 130),)))
    deliver(store, 131)
    assert store.told(after(110), after(140)) == ()
    [again] = store.told(after(140), after(200))
    assert (again.last_at, again.reminders) == (after(131), 1)


def test_nobody_is_reminded_of_what_is_acknowledged_or_over(store: AnyStore) -> None:
    """Neither of them is in what was told."""
    other = outage("realdonaldtrump")
    for each in (OUTAGE, other):
        store.commit(opening(each))
    deliver(store, 21)
    assert len(store.told(after(100), after(10_000))) == 2
    store.ack(OUTAGE.id, "mia", after(60))
    store.commit(closing(other))
    deliver(store, 700)
    assert store.told(after(1000), after(10_000)) == ()


def test_incidents_and_their_deliveries_are_listed(store: AnyStore) -> None:
    """The latest first, open ones alone, one kind alone; each try with its answer."""
    other = outage("realdonaldtrump", seconds=100)
    for each in (OUTAGE, other):
        store.commit(opening(each))
    store.commit(closing(OUTAGE))
    assert [each.id for each in store.incidents()] == [other.id, OUTAGE.id]
    assert [each.id for each in store.incidents(limit=1)] == [other.id]
    assert [each.id for each in store.incidents(open_only=True)] == [other.id]
    assert store.incidents(kind=IncidentKind.DIGEST) == ()
    assert len(store.incidents(kind=IncidentKind.ACCOUNT)) == 2
    deliver(store, 21)
    [tried] = store.deliveries(OUTAGE.id)
    assert (tried.outcome, tried.answer, tried.latency) == ("delivered", "ok", timedelta(milliseconds=120))
    assert store.deliveries("nothing") == ()


def test_what_is_to_wait_is_not_late(store: AnyStore) -> None:
    """A row that was put back is not in the figures by which late news is noticed; a failed one is."""
    store.commit(opening(OUTAGE, ("slack", "mail")))
    assert store.pending() == (2, after(20))
    rows = {row.channel: row for row in store.claim(after(20), LEASE, 10)}
    store.withhold(rows["slack"], after(80))
    assert store.pending() == (1, after(20))
    failed = replace(rows["mail"], state=NotificationState.PENDING, due_at=after(80))
    store.settle(failed, delivery(failed, "retry"))
    assert store.pending() == (1, after(20))
