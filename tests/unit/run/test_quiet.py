"""What the outbox is told before it sends: what a row is about, and which silences there are."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.fakes.clock import FakeClock
from tests.unit.notify.story import CLOSED, EVENING, OPEN, POTUS, TRUMP, S, incident, state
from watcher.look.book import Book
from watcher.metrics import Metrics
from watcher.model.account import Account, Severity, Watchlist
from watcher.model.calendar import Hours, QuietHours
from watcher.model.matchers import parse_matchers
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, Withheld
from watcher.model.outage import Outage, Phase
from watcher.model.route import Route
from watcher.model.silence import Silence
from watcher.run.quiet import Quiet, around
from watcher.store.memory import MemoryStore
from watcher.store.values import Commit, IncidentRecord
from watcher.store.worker import StoreWorker

LABELLED = replace(TRUMP, labels={"desk": "politics", "platform": "hidden"})
NOW = EVENING + 600 * S
NIGHT = datetime(2017, 11, 2, 23, 30, tzinfo=UTC)


def book(*accounts: Account, incidents: tuple[Incident, ...] = (), routes: tuple[Route, ...] = ()) -> Book:
    """What is watched."""
    return Book(
        watchlist=Watchlist(accounts={account.id: account for account in accounts}, owners={}),
        platforms={},
        routes=routes,
        states={account.id: state(account, Phase.UP) for account in accounts},
        incidents=incidents,
        timeout=timedelta(seconds=10),
    )


def row(kind: NotificationKind = NotificationKind.ALERT) -> Notification:
    """A row of the evening's incident."""
    return Notification(
        incident_id=OPEN.id,
        route="default",
        channel="slack",
        kind=kind,
        dedup_key=f"{OPEN.id}/slack/{kind}",
        due_at=EVENING,
        event_at=EVENING,
    )


def subjects(of: Incident, *outages: Outage, watched: tuple[Account, ...] = (LABELLED, POTUS)) -> list[dict[str, str]]:
    """What a row of that incident is about; without outages it is told of the first as its own."""
    alone = OPEN if of.kind is IncidentKind.ACCOUNT else None
    record = IncidentRecord(incident=of, outage=alone, notifications=(), outages=outages)
    return [dict(each) for each in around(record, row(), book(*watched), (), NOW).subjects]


def test_an_account_with_all_its_attributes() -> None:
    """Those of the outage and of the watchlist; a label does not hide an attribute of the same name."""
    assert subjects(incident()) == [
        {
            "account": "x:realdonaldtrump",
            "platform": "x",
            "instance": "",
            "owner": "trump",
            "severity": "critical",
            "reason": "not_found",
            "kind": "account",
            "desk": "politics",
        }
    ]


def test_who_is_not_watched_any_more_keeps_account_and_platform() -> None:
    """So that the end of a silenced outage is silenced too."""
    [about] = subjects(incident(), watched=(POTUS,))
    assert (about["account"], about["platform"], about["reason"]) == ("x:realdonaldtrump", "x", "not_found")


@pytest.mark.parametrize("kind", [IncidentKind.GROUP, IncidentKind.COHORT])
def test_several_that_are_missing(kind: IncidentKind) -> None:
    """Each of them; where all are back, each of those who were missing."""
    back = replace(CLOSED, id="2", account_id=POTUS.id)
    of = incident(kind=kind, key="x#1" if kind is IncidentKind.COHORT else "desk{}")
    assert [about["account"] for about in subjects(of, OPEN, back)] == [TRUMP.id]
    assert [about["account"] for about in subjects(of, replace(back, id="3", account_id=TRUMP.id), back)] == [
        TRUMP.id,
        POTUS.id,
    ]


def test_a_platform_with_its_instance() -> None:
    """And its kind; our own network has a kind alone."""
    [about] = subjects(incident(kind=IncidentKind.PLATFORM, key="mastodon@big.example"))
    assert (about["platform"], about["instance"], about["kind"]) == ("mastodon", "big.example", "platform")
    [about] = subjects(incident(kind=IncidentKind.EGRESS, key="local"))
    assert about["kind"] == "egress"
    assert not about.get("platform")


def test_what_is_explained_is_looked_up_for_what_may_wait() -> None:
    """That the account's platform cannot be observed explains an update; nobody asks for an alert."""
    known = book(LABELLED, incidents=(incident(id="p", kind=IncidentKind.PLATFORM, key="x"),))
    record = IncidentRecord(incident=incident(), outage=OPEN, notifications=())
    assert around(record, row(), known, (), NOW).explained == ""
    update = row(NotificationKind.UPDATE)
    assert around(record, update, known, (), NOW).explained == "what it is about cannot be observed"
    assert around(record, update, book(LABELLED), (), NOW).explained == ""


@pytest.mark.parametrize(
    ("of", "severity", "waits"),
    [
        (IncidentKind.GROUP, Severity.WARNING, True),
        (IncidentKind.GROUP, Severity.CRITICAL, False),
        (IncidentKind.ACCOUNT, Severity.WARNING, False),
    ],
)
def test_the_news_of_a_group_are_due_after_its_wait(of: IncidentKind, severity: Severity, waits: bool) -> None:
    """Whether it was quiet when they were due counts, not whether it was when the first of the group was gone."""
    at_night = QuietHours(mute=(Hours(begins=NIGHT.time(), ends=time(6)),), timezone=ZoneInfo("UTC"))
    route = Route(name="default", channels=("slack",), quiet=at_night, group_wait=60 * S)
    group = incident(kind=of, key="default{}", severity=severity, opened_at=NIGHT - 30 * S)
    record = IncidentRecord(incident=group, outage=None, notifications=(), outages=(OPEN,))
    found = around(record, replace(row(), event_at=group.opened_at), book(LABELLED, routes=(route,)), (), NOW)
    assert (found.due_at, found.due_quiet) == (group.opened_at + (60 * S if waits else 0 * S), waits)


class CountingStore(MemoryStore):
    """A store that counts how often it is asked for silences."""

    asked = 0

    def silences(self, since: Any = None) -> tuple[Silence, ...]:
        self.asked += 1
        return super().silences(since)


async def test_silences_are_read_once_a_second() -> None:
    """For however many rows; one that is new holds from the next second on, and is counted."""
    clock, store, metrics = FakeClock(NOW), CountingStore(), Metrics("1")
    store.watch([LABELLED], NOW)
    store.commit(Commit(opened=(incident(),)))
    worker = StoreWorker(store, clock, metrics, threaded=False)
    quiet = Quiet(worker, lambda: book(LABELLED), clock, metrics, lambda: None)
    record = IncidentRecord(incident=incident(), outage=OPEN, notifications=())
    for _ in range(100):
        assert await quiet.holds(record, row()) is None
    assert store.asked == 1
    made = Silence(
        id="s", matchers=parse_matchers(["desk=politics"]), starts_at=NOW, ends_at=NOW + timedelta(seconds=30)
    )
    store.add_silence(made)
    await clock.run_for(timedelta(seconds=1))
    assert await quiet.holds(record, row()) == Withheld(reason="silenced", until=made.ends_at)
    await quiet.looks["silences"]()
    assert metrics.registry.get_sample_value("watcher_silences", {"state": "active"}) == 1
    assert metrics.registry.get_sample_value("watcher_silences", {"state": "pending"}) == 0
    assert store.asked == 2
