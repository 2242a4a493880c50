"""What every store does for people who look after the outbox."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.test_store import STORES, AnyStore, claim_all, reopened
from tests.contract.test_store import store as store  # noqa: PLC0414 - the fixture
from tests.unit.store.samples import LEASE, T0, account, after, alert, closing, delivered, delivery, opening, outage
from watcher.model.notification import Notification, NotificationState
from watcher.store.sql import SqlStore
from watcher.store.values import RESENT, Commit

OUTAGE = outage()
DEAD, PENDING = NotificationState.DEAD, NotificationState.PENDING


@pytest.fixture
def told(store: AnyStore) -> AnyStore:
    """A store with an outage of which Slack and mail are to be told."""
    store.commit(opening(OUTAGE))
    store.commit(Commit(notifications=(alert(OUTAGE.id, "mail", seconds=21),)))
    return store


def give_up(store: AnyStore, channel: str = "slack", seconds: float = 30) -> Notification:
    """One try of the channel's alert, and no more."""
    [row] = [row for row in store.claim(after(seconds), LEASE, 100) if row.channel == channel]
    dead = replace(row, state=DEAD, claimed_until=None)
    store.settle(dead, replace(delivery(row, "gave_up", seconds), answer="gone: 404"))
    return dead


def test_what_is_asked_for_is_listed(told: AnyStore) -> None:
    """By state, channel, incident and number, the latest event first, as many as are wanted."""
    dead = give_up(told)
    assert [row.channel for row in told.notifications()] == ["mail", "slack"]
    assert told.notifications(states=(DEAD,)) == (dead,)
    assert [row.channel for row in told.notifications(states=(DEAD, NotificationState.CLAIMED))] == ["mail", "slack"]
    assert [row.channel for row in told.notifications(channel="mail")] == ["mail"]
    assert told.notifications(incident_id="another") == ()
    assert told.notifications(ids=(dead.id, 999)) == (dead,)
    assert told.notifications(ids=()) == ()
    assert len(told.notifications(incident_id=OUTAGE.id, limit=1)) == 1
    assert len(told.notifications(limit=None)) == 2
    assert told.dead() == {"slack": 1}


def test_each_try_is_listed(told: AnyStore) -> None:
    """Oldest first, with what was answered and how long it took."""
    dead = give_up(told)
    told.resend([dead.id], by="ann", at=after(60))
    again = give_up(told, seconds=120)
    first, asked, second = told.tries(dead.id)
    assert (first.outcome, first.answer, first.at) == ("gave_up", "gone: 404", after(30))
    assert (asked.outcome, asked.answer, asked.at, asked.latency) == (RESENT, "ann", after(60), timedelta(0))
    assert second.outcome == "gave_up"
    assert (again.id, again.attempts) == (dead.id, 1)
    assert told.tries(999) == ()


def test_what_was_given_up_is_due_again(told: AnyStore) -> None:
    """At once, as new, under its key; also after a restart."""
    dead = give_up(told)
    assert told.resend([dead.id, 999, dead.id], by="ann", at=after(60)) == (dead.id,)
    [row] = reopened(told).notifications(channel="slack")
    assert row == replace(dead, state=PENDING, due_at=after(60), attempts=0, resent_at=after(60))
    assert ("slack", "alert") in claim_all(told, 60)
    assert told.dead() == {}


def test_what_waits_is_due_now(told: AnyStore) -> None:
    """Who does not want to wait for the next try has it made."""
    [row] = [row for row in told.claim(after(30), LEASE, 100) if row.channel == "slack"]
    told.settle(replace(row, state=PENDING, claimed_until=None, due_at=after(300)), delivery(row, "retry", 30))
    assert told.resend([row.id], by="ann", at=after(40)) == (row.id,)
    assert ("slack", "alert") in claim_all(told, 40)


def test_what_was_told_is_not_sent_again(told: AnyStore) -> None:
    """Nor what is being sent."""
    rows = told.claim(after(30), LEASE, 100)
    told.settle(delivered(rows[0], 31), delivery(rows[0], seconds=31))
    assert told.resend([row.id for row in rows], by="ann", at=after(40)) == ()
    assert told.tries(rows[1].id) == ()


def test_the_end_is_told_of_what_was_sent_again(told: AnyStore) -> None:
    """An alert that was given up, and is sent again before the outage is over, is followed by its end."""
    dead = give_up(told)
    told.resend([dead.id], by="ann", at=after(60))
    told.commit(closing(OUTAGE))
    kinds = [row.kind.value for row in told.notifications(channel="slack")]
    assert kinds == ["resolved", "alert"]
    assert told.notifications(channel="slack")[0].resent_at is None


def test_many_at_once(store: AnyStore) -> None:
    """Thousands are listed and sent again in one call."""
    store.commit(opening(OUTAGE))
    rows = [replace(alert(OUTAGE.id, "mail"), dedup_key=f"k{n}", seq=n + 1) for n in range(1200)]
    store.commit(Commit(notifications=tuple(rows)))
    found = store.notifications(channel="mail", limit=None)
    assert len(found) == 1200
    assert len(store.resend([row.id for row in found], by="ann", at=after(60))) == 1200
    assert {row.resent_at for row in store.notifications(channel="mail", limit=None)} == {after(60)}


def test_beside_a_run(tmp_path: Path) -> None:
    """Another process lists and sends again while a run has the store; the run claims it."""
    run = STORES["sqlite"](tmp_path)
    run.open()
    run.watch([account("potus")], T0)
    run.commit(opening(OUTAGE))
    dead = give_up(run)
    beside = SqlStore(tmp_path / "state", amends=True)
    beside.open()
    assert beside.resend([dead.id], by="ann", at=after(60)) == (dead.id,)
    beside.close()
    assert claim_all(run, 60) == [("slack", "alert")]
    run.close()
