"""What every store says of what a channel was told and that lasts: from this alerts are repeated."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.contract.test_store import STORES, AnyStore, reopened
from tests.unit.store.samples import (
    LEASE,
    T0,
    account,
    after,
    alert,
    closing,
    delivered,
    delivery,
    incident,
    opening,
    outage,
)
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, NotificationState
from watcher.store.values import Commit, IncidentRecord

LABELS = {"account": "x:potus", "desk": "politics"}
KINDS = IncidentKind


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """An open store that watches two accounts."""
    made = STORES[request.param](tmp_path)
    made.open()
    made.watch([account("potus"), account("realdonaldtrump")], T0)
    yield made
    made.close()


def labelled(commit: Commit) -> Commit:
    """The same, with the labels of the account in the incident."""
    return replace(commit, opened=tuple(replace(each, labels=LABELS) for each in commit.opened))


def deliver(store: AnyStore, seconds: float, **changes: object) -> None:
    """Settle what is due then, as delivered unless something else is said."""
    for row in store.claim(after(seconds), LEASE, 100):
        settled = replace(delivered(row, seconds), **changes)  # type: ignore[arg-type]
        store.settle(settled, delivery(row, seconds=seconds))


def renewable(store: AnyStore, channel: str = "am", since: float = 0) -> dict[str, tuple[IncidentRecord, Notification]]:
    """What is to be repeated, by the incident's id."""
    found = store.renewable(channel, after(since))
    return {record.incident.id: (record, row) for record, row in found}


def test_what_was_told_and_lasts(store: AnyStore) -> None:
    """Once it was delivered, with its outage, labels and evidence; also after a restart; to that channel only."""
    first = outage()
    store.commit(labelled(opening(first, ("am", "slack"))))
    assert renewable(store) == {}
    deliver(store, 30)
    store = reopened(store)
    record, row = renewable(store)[first.id]
    assert record.outage == first
    assert record.incident.labels == LABELS
    known = store.incident(first.id)
    assert known is not None
    assert (record.digest, record.incident) == (known.digest, known.incident)
    assert (row.channel, row.kind, row.state) == ("am", NotificationKind.ALERT, NotificationState.DELIVERED)
    assert renewable(store, "mail") == {}


def test_what_nobody_was_told_is_not_repeated(store: AnyStore) -> None:
    """A row that is withheld, given up or never tried."""
    store.commit(opening(outage(), ("am",)))
    [row] = store.claim(after(30), LEASE, 10)
    store.withhold(row, after(90))
    assert renewable(store) == {}
    [row] = store.claim(after(90), LEASE, 10)
    store.settle(replace(row, state=NotificationState.DEAD), delivery(row))
    assert renewable(store) == {}


def test_what_reached_some_is_repeated(store: AnyStore) -> None:
    """One peer is down: the alert must not end at the others meanwhile."""
    store.commit(opening(outage(), ("am",)))
    deliver(store, 30, state=NotificationState.PENDING, delivered_at=None, recipients=("http://b",), due_at=after(99))
    assert list(renewable(store)) == [outage().id]


def test_an_end_is_repeated_for_a_while_once_it_was_told(store: AnyStore) -> None:
    """From its delivery on, not before."""
    first = outage()
    store.commit(opening(first, ("am",)))
    deliver(store, 30)
    store.commit(closing(first, 660))
    assert renewable(store) == {}
    deliver(store, 2000)
    record, _ = renewable(store, since=1900)[first.id]
    assert record.outage is not None
    assert record.outage.closed_at == after(670)
    assert renewable(store, since=2000) == {}


@pytest.mark.parametrize("kind", [KINDS.GROUP, KINDS.COHORT])
def test_those_told_of_together(store: AnyStore, kind: IncidentKind) -> None:
    """Each outage with the labels of its own incident and with its evidence, in one record and in all."""
    told_under = "together"
    names = ("potus", "realdonaldtrump")
    outages = [outage(name) for name in names]
    if kind is KINDS.COHORT:
        outages = [replace(each, cohort_id=told_under) for each in outages]
    for place, each in enumerate(outages):
        whole = Incident(
            id=told_under, kind=kind, key="r{}", severity=each.severity_then, opened_at=outages[0].confirmed_at
        )
        commit = replace(
            opening(each, ()),
            opened=(replace(incident(each), labels={"account": each.account_id}), whole),
            notifications=(alert(told_under, "am"),),
            joined=((told_under, each.id),) if kind is KINDS.GROUP else (),
        )
        store.commit(replace(commit, opened=commit.opened[: 2 - place]) if place else commit)
    deliver(store, 30)
    record, _ = renewable(store)[told_under]
    known = store.incident(told_under)
    assert known is not None
    assert record.outages == known.outages == tuple(outages)
    assert record.labels == known.labels == {each.id: {"account": each.account_id} for each in outages}
    assert record.digests == known.digests
    assert set(known.digests) == {each.id for each in outages}
    assert list(known.digests.values())[-1] == known.digest


def test_what_is_about_no_outage(store: AnyStore) -> None:
    """A platform that cannot be seen: until its end was told."""
    blind = Incident(id="p", kind=KINDS.PLATFORM, key="x", severity=outage().severity_then, opened_at=T0)
    store.commit(Commit(opened=(blind,), notifications=(alert("p", "am"),)))
    deliver(store, 30)
    record, _ = renewable(store)["p"]
    assert (record.incident, record.outage, record.outages) == (blind, None, ())
    store.commit(Commit(closed=(("p", after(100)),)))
    deliver(store, 110)
    assert list(renewable(store, since=100)) == ["p"]
    assert renewable(store, since=500) == {}


def test_a_notice_is_told_once(store: AnyStore) -> None:
    """It is over when it begins, and nobody is told of its end."""
    about = Incident(
        id="n", kind=KINDS.NOTICE, key="x:potus", severity=outage().severity_then, opened_at=T0, closed_at=T0
    )
    store.commit(Commit(opened=(about,), notifications=(alert("n", "am"),)))
    deliver(store, 30)
    assert renewable(store) == {}
