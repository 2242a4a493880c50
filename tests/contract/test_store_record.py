"""What every store does with the record afterwards: annotate, retract, prune, forget, and answer for the past."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.contract.test_store import STORES, AnyStore, told
from tests.unit.classify.story import exchange, html_source, missing, response
from tests.unit.store.samples import (
    BODY,
    LEASE,
    PAGE_HASH,
    T0,
    account,
    after,
    alert,
    closed,
    closing,
    delivered,
    delivery,
    finding,
    incident,
    opening,
    outage,
    state,
    transition,
)
from watcher.classify import classify
from watcher.classify.condense import condense
from watcher.model.annotation import Annotation
from watcher.model.control import ControlFinding, ControlKey, ControlReport
from watcher.model.errors import ContradictionError
from watcher.model.finding import Reason, Verdict
from watcher.model.matchers import parse_matchers
from watcher.model.notification import Incident, IncidentKind, NotificationKind, NotificationState
from watcher.model.outage import Outage, TransitionKind, Unobserved
from watcher.model.sample import Sample
from watcher.model.silence import Silence
from watcher.model.uptime import History
from watcher.store.codec import chained_hash
from watcher.store.values import Amended, Body, Commit, Cutoffs, Forgotten

OUTAGE = outage()
DAY = timedelta(days=1)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """An open store that watches two accounts."""
    made = STORES[request.param](tmp_path)
    made.open()
    made.watch([account("potus"), account("realdonaldtrump")], T0)
    yield made
    made.close()


def note(cause: str = "a departing employee", seconds: float = 900, **changes: str) -> Annotation:
    """What somebody says of the outage."""
    made = Annotation(outage_id=OUTAGE.id, at=after(seconds), by="desk", cause=cause)
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests name real fields


def end_it(store: AnyStore, channels: tuple[str, ...] = ("slack",)) -> Outage:
    """The outage, opened, told and over."""
    store.commit(opening(OUTAGE, channels))
    store.commit(closing(OUTAGE))
    return closed(OUTAGE, 660)


def retract(store: AnyStore, outage_id: str = OUTAGE.id, seconds: float = 1000) -> Amended:
    """Take it back."""
    return store.retract(outage_id, "a test of the platform", by="desk", at=after(seconds))


def send_all(store: AnyStore, seconds: float) -> list[tuple[str, str]]:
    """Deliver whatever is due then, round by round; what that was."""
    sent: list[tuple[str, str]] = []
    while rows := store.claim(after(seconds), LEASE, 100):
        for row in rows:
            store.settle(delivered(row, seconds), delivery(row, seconds=seconds))
            sent.append((row.channel, str(row.kind)))
    return sent


# Annotations.


def test_notes_are_kept_in_order(store: AnyStore) -> None:
    """Several, on open and closed outages alike; they survive a restart and are in the incident's record."""
    store.commit(opening(OUTAGE))
    first, second = note(), note("human error", 950, text="said at noon", link="https://x.com/a")
    assert store.annotate(first) is Amended.DONE
    assert store.annotate(second) is Amended.DONE
    store.close()
    store.open()
    found = store.annotations([OUTAGE.id, "nothing"])
    assert set(found) == {OUTAGE.id}
    assert [replace(each, id=0) for each in found[OUTAGE.id]] == [first, second]
    record = store.incident(OUTAGE.id)
    assert record is not None
    assert record.annotations == found[OUTAGE.id]
    assert store.annotations([]) == {}


def test_note_on_nothing_is_refused(store: AnyStore) -> None:
    """An outage that is not there."""
    assert store.annotate(note()) is Amended.UNKNOWN
    assert store.annotations([OUTAGE.id]) == {}


def test_same_note_again_is_there_already(store: AnyStore) -> None:
    """Whoever does not know whether it was stored may try again; to tell it afterwards is possible, once."""
    end_it(store)
    assert store.annotate(note()) is Amended.DONE
    assert store.annotate(note(seconds=999)) is Amended.ALREADY
    assert len(store.annotations([OUTAGE.id])[OUTAGE.id]) == 1
    assert store.annotate(note(seconds=1000), tell=True) is Amended.DONE
    assert store.annotate(note(seconds=1001), tell=True) is Amended.ALREADY
    assert [row.kind for row in told(store, OUTAGE.id)].count(NotificationKind.CORRECTION) == 1


def test_note_tells_nobody_unless_asked(store: AnyStore) -> None:
    """With `tell`, every channel that was told of the outage, after what it was told before."""
    end_it(store, ("slack", "log"))
    store.annotate(note())
    assert len(told(store, OUTAGE.id)) == 4
    store.annotate(note("human error"), tell=True)
    assert sorted(send_all(store, 1000)[-2:]) == [("log", "correction"), ("slack", "correction")]


# Retractions.


def test_retraction_is_kept_marked_and_told(store: AnyStore) -> None:
    """The outage stays, marked; the log has the transition in its chain; the channel gets a correction at the end."""
    over = end_it(store)
    assert retract(store) is Amended.DONE
    marked = replace(over, retracted_at=after(1000), retraction="a test of the platform")
    assert store.outages() == (marked,)
    assert store.outages(retracted=False) == ()
    happened = store.transitions()[0]
    assert (happened.kind, happened.at, happened.outage) == (TransitionKind.OUTAGE_RETRACTED, after(1000), marked)
    assert happened.detail == {"reason": "a test of the platform", "by": "desk"}
    assert store.verify_chain() is None
    assert send_all(store, 1000) == [("slack", "alert"), ("slack", "resolved"), ("slack", "correction")]
    row = told(store, OUTAGE.id)[-1]
    assert (row.route, row.seq, row.dedup_key) == ("newsroom", 2, f"{OUTAGE.id}/slack/correction/0")
    assert (row.due_at, row.event_at) == (after(1000), after(1000))


def test_retraction_happens_once(store: AnyStore) -> None:
    """A second one says so, and changes and tells nothing."""
    end_it(store)
    retract(store)
    before = store.outages(), store.transitions(), told(store, OUTAGE.id)
    assert retract(store, seconds=2000) is Amended.ALREADY
    assert (store.outages(), store.transitions(), told(store, OUTAGE.id)) == before


def test_open_outage_cannot_be_retracted(store: AnyStore) -> None:
    """Nor one that is not there."""
    store.commit(opening(OUTAGE))
    assert retract(store) is Amended.STILL_OPEN
    assert retract(store, "nothing") is Amended.UNKNOWN
    assert store.outages() == (OUTAGE,)
    assert len(store.transitions()) == 1


def test_only_who_was_told_is_corrected(store: AnyStore) -> None:
    """A channel whose alert died was told nothing; one whose end was told by the alert is told all the same."""
    store.commit(opening(OUTAGE, ("dead", "slack")))
    for row in store.claim(after(20), LEASE, 10):
        left = delivered(row) if row.channel == "slack" else replace(row, state=NotificationState.DEAD)
        store.settle(left, delivery(row))
    store.commit(closing(OUTAGE))
    [end] = store.claim(after(700), LEASE, 10)
    store.withhold(end, None)
    retract(store)
    assert send_all(store, 1000) == [("slack", "correction")]


def test_correction_goes_where_some_were_reached(store: AnyStore) -> None:
    """An alert that died for one recipient had reached the others: they hear of the correction."""
    store.commit(opening(OUTAGE))
    [row] = store.claim(after(20), LEASE, 10)
    store.settle(replace(row, state=NotificationState.DEAD, recipients=("b@newsroom.example",)), delivery(row))
    store.commit(closing(OUTAGE))
    [end] = store.claim(after(700), LEASE, 10)
    store.withhold(end, None)
    retract(store)
    assert send_all(store, 1000) == [("slack", "correction")]


def test_correction_waits_for_what_it_corrects(store: AnyStore) -> None:
    """Nobody is told that something was wrong before they were told it."""
    end_it(store)
    retract(store)
    [row] = store.claim(after(1000), LEASE, 10)
    assert row.kind is NotificationKind.ALERT
    assert store.claim(after(1001), LEASE, 10) == ()


def test_retraction_says_what_a_waiting_correction_would(store: AnyStore) -> None:
    """One message is enough."""
    end_it(store)
    send_all(store, 700)
    store.annotate(note(), tell=True)
    retract(store)
    assert send_all(store, 1000) == [("slack", "correction")]


def test_late_commit_does_not_undo_a_retraction(store: AnyStore) -> None:
    """The running process does not know of it, and may write the same end again."""
    end_it(store)
    retract(store)
    store.commit(closing(OUTAGE))
    store.commit(opening(OUTAGE))
    assert store.outages()[0].is_retracted
    assert store.verify_chain() is None


def test_told_of_the_cause_before_the_end(store: AnyStore) -> None:
    """The end comes after the correction of an open outage, whichever was written first."""
    store.commit(opening(OUTAGE))
    store.annotate(note(seconds=100), tell=True)
    store.commit(closing(OUTAGE))
    assert send_all(store, 1000) == [("slack", "alert"), ("slack", "correction"), ("slack", "resolved")]


# The past.


def test_outages_of_a_span_of_time(store: AnyStore) -> None:
    """Those that were going on at some time of it, open ones too; without limit when asked so."""
    end_it(store)
    open_one = outage("realdonaldtrump", seconds=2000)
    store.commit(opening(open_one))
    over = closed(OUTAGE, 660)
    assert store.outages(since=after(700)) == (open_one,)
    assert store.outages(since=after(660)) == (open_one, over)
    assert store.outages(until=after(2000)) == (over,)
    assert store.outages(since=after(100), until=after(200)) == (over,)
    assert store.outages(until=after(0)) == ()
    assert store.outages(limit=None) == (open_one, over)


def test_history_has_what_uptime_needs(store: AnyStore) -> None:
    """When first seen, the outages that reach the instant and count, and what was not observed, of one and of all."""
    seen = replace(transition(TransitionKind.ACCOUNT_FIRST_SEEN, 5, OUTAGE), outage=None)
    known = replace(state(), last_present=after(5))
    spans = tuple(
        Unobserved(account_id=who, from_at=after(at), to_at=after(at + 10), cause="stopped")
        for who, at in ((None, 30), ("x:potus", 50), ("x:realdonaldtrump", 40), (None, 1))
    )
    store.commit(Commit(transitions=(seen,), states=(known,), unobserved=spans))
    end_it(store)
    store.commit(Commit(states=(known,)))
    [potus] = store.history(after(20), account_ids=["x:potus"]).values()
    assert potus == History(seen_since=after(5), outages=(closed(OUTAGE, 660),), unobserved=(spans[1], spans[0]))
    everybody = store.history(after(700))
    assert everybody == {"x:potus": History(seen_since=after(5)), "x:realdonaldtrump": History()}
    retract(store)
    assert store.history(after(20))["x:potus"] == replace(potus, outages=(), retracted=1)
    assert store.history(after(20), account_ids=["x:nobody"]) == {}
    assert store.history(after(20), account_ids=[]) == {}
    both = ["x:nobody", "x:realdonaldtrump", "x:potus"]
    assert store.history(after(700), account_ids=both) == store.history(after(700))


def sample(seconds: float, reason: Reason = Reason.PROFILE, name: str = "potus") -> Sample:
    """A look so many seconds after T0."""
    verdict = Verdict.PRESENT if reason is Reason.PROFILE else Verdict.INCONCLUSIVE
    return Sample(
        account_id=f"x:{name}",
        at=after(seconds),
        verdict=verdict,
        reason=reason,
        source="page",
        vantage="local",
        status=200,
        latency=timedelta(milliseconds=120),
    )


def test_samples_are_kept_once(store: AnyStore) -> None:
    """The latest first, of one account; the same again changes nothing."""
    failed = replace(sample(60, Reason.TIMEOUT), status=None, latency=None)
    for _ in range(2):
        store.commit(Commit(samples=(sample(0), failed, sample(0, name="realdonaldtrump"))))
    assert store.samples("x:potus") == (failed, sample(0))
    assert store.samples("x:potus", limit=1) == (failed,)


# Retention.


def prune(store: AnyStore, limit: int = 100, **cutoffs: datetime) -> int:
    """Prune until nothing is left to do; how much that was."""
    removed = 0
    while batch := store.prune(Cutoffs(**cutoffs), limit):
        removed += batch
    return removed


def test_nothing_goes_unless_it_is_too_old(store: AnyStore) -> None:
    """No cut-off, no loss; and what is as old as the cut-off stays."""
    end_it(store)
    send_all(store, 700)
    store.commit(Commit(samples=(sample(0),)))
    before = store.outages(), store.transitions(), store.samples("x:potus"), told(store, OUTAGE.id)
    assert prune(store) == 0
    assert prune(store, samples=T0, deliveries=after(700), evidence=after(670), outages=after(670)) == 0
    assert (store.outages(), store.transitions(), store.samples("x:potus"), told(store, OUTAGE.id)) == before
    assert store.body(PAGE_HASH) is not None


def test_old_samples_go_in_batches(store: AnyStore) -> None:
    """However many; younger ones stay."""
    store.commit(Commit(samples=tuple(sample(number) for number in range(50))))
    assert prune(store, limit=7, samples=after(48)) == 48
    assert store.samples("x:potus") == (sample(49), sample(48))


def test_page_outlives_its_outage_by_the_time_given(store: AnyStore) -> None:
    """The page goes; the outage, its transitions and the hash that they name stay."""
    end_it(store)
    assert prune(store, evidence=after(671)) == 1
    assert store.body(PAGE_HASH) is None
    assert store.outages() == (closed(OUTAGE, 660),)
    found = [item.finding.evidence.body_sha256 for item in store.transitions() if item.finding is not None]
    assert PAGE_HASH in found
    assert store.verify_chain() is None


def test_page_of_an_open_outage_stays(store: AnyStore) -> None:
    """However old; also one of before it was confirmed, when there was no outage yet."""
    suspected = transition(TransitionKind.ACCOUNT_SUSPECTED, 0.3, OUTAGE, body=PAGE_HASH)
    store.commit(Commit(transitions=(replace(suspected, outage=None),), bodies=(BODY,)))
    opened = opening(OUTAGE)
    store.commit(replace(opened, bodies=(), transitions=(replace(opened.transitions[0], finding=finding(20)),)))
    assert prune(store, evidence=T0 + 365 * DAY) == 0
    assert store.body(PAGE_HASH) is not None
    store.commit(closing(OUTAGE))
    assert prune(store, evidence=T0 + 365 * DAY) == 1


def test_page_of_a_suspicion_goes_by_its_own_age(store: AnyStore) -> None:
    """It came to nothing."""
    suspected = replace(transition(TransitionKind.ACCOUNT_SUSPECTED, 0, OUTAGE, body=PAGE_HASH), outage=None)
    store.commit(Commit(transitions=(suspected,), bodies=(BODY,)))
    assert prune(store, evidence=T0) == 0
    assert prune(store, evidence=after(1)) == 1


def test_page_that_two_outages_share_stays_for_the_later(store: AnyStore) -> None:
    """One file, two that rest on it."""
    end_it(store)
    later = outage("realdonaldtrump", seconds=5000)
    store.commit(opening(later))
    store.commit(closing(later, 5660))
    assert prune(store, evidence=after(1000)) == 0
    assert prune(store, evidence=after(5671)) == 1


def test_settled_notices_go_with_their_deliveries(store: AnyStore) -> None:
    """Incidents that are about no outage: over, told and old. Those of outages stay for ever."""
    end_it(store)
    kind, severity = IncidentKind.PLATFORM, OUTAGE.severity_then
    over = Incident(id="p1", kind=kind, key="x", severity=severity, opened_at=T0, closed_at=after(60))
    still = Incident(id="p2", kind=kind, key="y", severity=severity, opened_at=T0)
    waits = Incident(id="p3", kind=kind, key="z", severity=severity, opened_at=T0, closed_at=after(60))
    store.commit(Commit(opened=(over, still, waits), notifications=tuple(alert(f"p{n}") for n in (1, 2))))
    send_all(store, 700)
    store.commit(Commit(notifications=(alert("p3"),)))
    prune(store, deliveries=T0 + 90 * DAY)
    assert [store.incident(f"p{number}") is not None for number in (1, 2, 3)] == [False, True, True]
    assert [row.state for row in told(store, OUTAGE.id)] == [NotificationState.DELIVERED] * 2


@pytest.mark.parametrize("limit", [1, 100])
def test_outages_go_when_told_so(store: AnyStore, limit: int) -> None:
    """With transitions, notes, messages, pages and spans of their time; the chain still verifies, and goes on."""
    first = replace(transition(TransitionKind.ACCOUNT_FIRST_SEEN, -100, OUTAGE), outage=None)
    span = Unobserved(account_id=None, from_at=T0, to_at=after(5), cause="stopped")
    store.commit(Commit(transitions=(first,), unobserved=(span,)))
    end_it(store)
    send_all(store, 700)
    store.annotate(note())
    later = outage("realdonaldtrump", seconds=5000)
    store.commit(opening(later))
    prune(store, limit=limit, outages=after(4000))
    assert store.outages() == (later,)
    assert store.incident(OUTAGE.id) is None
    assert store.annotations([OUTAGE.id]) == {}
    assert store.history(T0)["x:potus"].unobserved == ()
    assert [item.outage for item in store.transitions()] == [later]
    assert store.verify_chain() is None
    store.commit(closing(later, 5660))
    store.close()
    store.open()
    assert store.verify_chain() is None
    assert store.body(PAGE_HASH) is not None


def test_the_suspicion_before_an_outage_that_lasts_stays_with_its_page(store: AnyStore) -> None:
    """Though it belongs to no outage by name, and is older than outages are kept; with the outage it goes."""
    page = b"the first page without the profile"
    body = Body(sha256=sha256(page).hexdigest(), content=page)
    suspected = transition(TransitionKind.ACCOUNT_SUSPECTED, 0.3, OUTAGE, body=body.sha256)
    store.commit(Commit(transitions=(replace(suspected, outage=None),), bodies=(body,)))
    store.commit(opening(OUTAGE))
    prune(store, evidence=T0 + 30 * DAY, outages=T0 + 31 * DAY)
    assert store.body(body.sha256) == page
    assert [str(each.kind) for each in store.transitions()] == ["OutageOpened", "AccountSuspected"]
    store.commit(closing(OUTAGE))
    send_all(store, 700)
    prune(store, evidence=T0 + 30 * DAY, outages=T0 + 31 * DAY)
    assert store.body(body.sha256) is None
    assert store.verify_chain() is None


def test_outage_with_something_left_to_tell_stays(store: AnyStore) -> None:
    """However old."""
    end_it(store)
    prune(store, outages=T0 + 365 * DAY)
    assert store.outages() == (closed(OUTAGE, 660),)


# Forgetting.


def known_everywhere(store: AnyStore) -> None:
    """POTUS in every table; and @realDonaldTrump beside, who must stay as he is."""
    other = outage("realdonaldtrump", seconds=3000)
    end_it(store)
    store.annotate(note("said by POTUS himself"))
    retract(store)
    store.commit(opening(other))
    notice = Incident(
        id="x:potus-notice",
        kind=IncidentKind.NOTICE,
        key="x:potus",
        severity=OUTAGE.severity_then,
        opened_at=T0,
        closed_at=T0,
        detail="@POTUS on X has appeared",
    )
    platform = replace(
        incident(OUTAGE),
        id="platform-x",
        kind=IncidentKind.PLATFORM,
        key="x",
        detail="controls: potus login_wall, un ok",
    )
    store.commit(
        Commit(
            states=(state("potus", n=1),),
            opened=(notice, platform, replace(notice, id="x:potus-flapping", kind=IncidentKind.FLAPPING)),
            notifications=(alert(notice.id), alert(platform.id), alert("x:potus-flapping")),
            unobserved=(Unobserved(account_id="x:potus", from_at=T0, to_at=after(5), cause="no verdict"),),
            samples=(sample(0), sample(0, name="realdonaldtrump")),
        )
    )
    key = ControlKey(platform="x", instance="", source="page", vantage="local")
    controls = tuple(ControlFinding(handle=who, finding=finding(1, Reason.PROFILE)) for who in ("potus", "un"))
    store.save_controls([ControlReport(key=key, positives=controls)])


def test_forgotten_account_is_nowhere(store: AnyStore) -> None:
    """Gone from outages, log, notes, samples, incidents, controls; the others are as before, the chain holds."""
    known_everywhere(store)
    store.watch([account("realdonaldtrump")], after(4000))
    others = store.outages(account_id="x:realdonaldtrump"), store.transitions(account_id="x:realdonaldtrump")
    assert store.forget("x:potus") is Forgotten.DONE
    assert store.outages(account_id="x:potus") == ()
    assert store.transitions(account_id="x:potus") == ()
    assert store.samples("x:potus") == ()
    assert store.annotations([OUTAGE.id]) == {}
    assert store.incident(OUTAGE.id) is None
    assert store.incident("x:potus-notice") is None
    assert store.incident("x:potus-flapping") is None
    assert set(store.history(T0)) == {"x:realdonaldtrump"}
    platform = store.incident("platform-x")
    assert platform is not None
    assert platform.incident.detail == "controls: [forgotten] login_wall, un ok"
    loaded = store.load()
    assert set(loaded.states) == {"x:realdonaldtrump"}
    assert [control.handle for control in loaded.controls[0].positives] == ["un"]
    assert (store.outages(), store.transitions()) == others
    assert len(store.samples("x:realdonaldtrump")) == 1
    assert store.verify_chain() is None
    assert store.forget("x:potus") is Forgotten.UNKNOWN


def test_forgotten_with_what_was_told_of_it_alone(store: AnyStore) -> None:
    """A group that told of nobody else goes, with its messages, and so do the silences for it; the others stay."""
    known_everywhere(store)
    other = outage("realdonaldtrump", seconds=3000)
    alone, both = (
        replace(incident(OUTAGE), id=name, kind=IncidentKind.GROUP, key=name, opened_at=T0, closed_at=after(9))
        for name in ("alone", "both")
    )
    members = (("alone", OUTAGE.id), ("both", OUTAGE.id), ("both", other.id))
    store.commit(Commit(opened=(alone, both), joined=members, notifications=(alert("alone"), alert("both"))))
    for name, matcher in (("its", "account=x:potus"), ("all", "platform=x"), ("else", 'account!="x:potus"')):
        kept = Silence(id=name, matchers=parse_matchers([matcher, "platform=x"]), starts_at=T0, ends_at=after(9))
        assert store.add_silence(kept) is Amended.DONE
    store.watch([account("realdonaldtrump")], after(4000))
    assert store.forget("x:potus") is Forgotten.DONE
    assert store.incident("alone") is None
    record = store.incident("both")
    assert record is not None
    assert [each.account_id for each in record.outages] == ["x:realdonaldtrump"]
    assert {silence.id for silence in store.silences()} == {"all", "else"}


def test_page_that_others_need_is_not_forgotten(store: AnyStore) -> None:
    """Two accounts may have shown the very same page."""
    known_everywhere(store)
    store.watch([], after(4000))
    store.forget("x:potus")
    assert store.body(PAGE_HASH) is not None
    store.forget("x:realdonaldtrump")
    assert store.body(PAGE_HASH) is None
    assert store.verify_chain() is None


def test_watched_account_is_not_forgotten(store: AnyStore) -> None:
    """Unless nobody runs who would watch it."""
    end_it(store)
    assert store.forget("x:potus") is Forgotten.STILL_WATCHED
    assert store.outages() == (closed(OUTAGE, 660),)
    assert store.forget("x:potus", even_watched=True) is Forgotten.DONE
    assert store.outages() == ()


def test_forgotten_account_can_be_watched_again(store: AnyStore) -> None:
    """As if it never had been; the log goes on from where it was."""
    end_it(store)
    store.forget("x:potus", even_watched=True)
    store.watch([account("potus")], after(5000))
    again = outage(seconds=6000, number=2)
    store.commit(opening(again))
    assert store.outages() == (again,)
    assert store.verify_chain() is None


def mass_event(store: AnyStore) -> tuple[Outage, Outage]:
    """Two outages that are told together, and nothing of each by itself."""
    both = tuple(replace(outage(name), cohort_id="cohort-x-1") for name in ("potus", "realdonaldtrump"))
    event = Incident(
        id="cohort-x-1", kind=IncidentKind.COHORT, key="x#1", severity=both[0].severity_then, opened_at=after(20)
    )
    for each in both:
        own = replace(opening(each, ()), notifications=(alert("cohort-x-1"),))
        store.commit(replace(own, opened=(*own.opened, event)))
    return both[0], both[1]


def test_outages_told_together_are_found_by_their_incident(store: AnyStore) -> None:
    """The incident of a mass event knows its outages, each of which has an incident of its own; one alert tells all."""
    first, second = mass_event(store)
    record = store.incident("cohort-x-1")
    assert record is not None
    assert record.outages == (first, second)
    assert [row.kind for row in record.notifications] == [NotificationKind.ALERT]
    assert [incident.kind for incident in store.load().incidents] == [
        IncidentKind.COHORT,
        IncidentKind.ACCOUNT,
        IncidentKind.ACCOUNT,
    ]
    for each in (first, second):
        own = store.incident(each.id)
        assert own is not None
        assert own.outages == ()
        store.commit(closing(each))
        assert told(store, each.id) == ()
        assert store.load().cohorts == {"cohort-x-1": 2}  # with those who are back
    store.commit(Commit(closed=(("cohort-x-1", after(700)),)))
    assert [row.kind for row in told(store, "cohort-x-1")] == [NotificationKind.ALERT, NotificationKind.RESOLVED]
    assert store.load().cohorts == {}


def test_who_was_told_of_many_hears_that_one_was_taken_back(store: AnyStore) -> None:
    """A retraction of one outage of a mass event goes to those who were told of the event, once."""
    first, _ = mass_event(store)
    store.commit(closing(first))
    assert retract(store, first.id) is Amended.DONE
    assert retract(store, first.id) is Amended.ALREADY
    assert [(row.kind, row.channel) for row in told(store, first.id)] == [(NotificationKind.CORRECTION, "slack")]


def test_who_was_told_of_many_can_be_corrected_as_long_as_the_outages_are_kept(store: AnyStore) -> None:
    """Whatever is older than deliveries are kept; with the outages the mass event goes, too."""
    first, second = mass_event(store)
    for each in (first, second):
        store.commit(closing(each))
    store.commit(Commit(closed=(("cohort-x-1", after(700)),)))
    send_all(store, 700)
    prune(store, deliveries=T0 + 91 * DAY, evidence=T0 + 91 * DAY)
    assert retract(store, first.id) is Amended.DONE
    assert [(row.kind, row.channel) for row in told(store, first.id)] == [(NotificationKind.CORRECTION, "slack")]
    send_all(store, 1_000_000)
    prune(store, deliveries=T0 + 400 * DAY, outages=T0 + 400 * DAY)
    assert store.outages() == ()
    assert store.incidents() == ()


# Evidence bundles.


def bundle(role: str = "bundle", content: bytes = b'{"schema": "test"}', of: str | None = None) -> Body:
    """A piece of evidence that belongs to a bundle (itself, where it is one)."""
    digest = sha256(content).hexdigest()
    return Body(sha256=digest, content=content, role=role, bundle=of or digest)


def said_by(*handles: str) -> bytes:
    """What controls said, as far as forgetting looks at it."""
    positive = [{"handle": handle} for handle in handles]
    return json.dumps({"platform": "x", "positive": positive, "negative": [{"handle": "q1"}]}).encode()


def witnessed(of: Outage, *more: Body, content: bytes = b'{"schema": "test"}') -> Commit:
    """The opening of an outage whose transition names a bundle, with other pieces of it."""
    whole = bundle(content=content)
    opened = opening(of)
    named = replace(opened.transitions[0], detail={"bundle": whole.sha256})
    others = tuple(replace(each, bundle=whole.sha256) for each in more)
    return replace(opened, transitions=(named,), bodies=(whole, *others))


def test_bundle_is_kept_as_long_as_its_pages(store: AnyStore) -> None:
    """With the outage's evidence, and no longer; what stays is its hash in the log."""
    commit = witnessed(OUTAGE, bundle("controls", said_by("un")), bundle("screenshot", b"PNG"))
    store.commit(commit)
    store.commit(commit)
    store.commit(closing(OUTAGE))
    assert [store.body(body.sha256) for body in commit.bodies] == [body.content for body in commit.bodies]
    assert prune(store, evidence=after(669)) == 0
    assert prune(store, evidence=after(671)) == 3
    assert [store.body(body.sha256) for body in commit.bodies] == [None, None, None]
    assert commit.transitions[0] in store.transitions()
    assert store.verify_chain() is None


def test_bundle_that_is_not_what_it_says_is_refused(store: AnyStore) -> None:
    """Its name must be its hash, also where it is no file."""
    commit = witnessed(OUTAGE)
    with pytest.raises(ContradictionError):
        store.commit(replace(commit, bodies=(replace(commit.bodies[0], content=b"other"),)))
    assert store.outages() == ()


def test_forgotten_account_leaves_others_bundles_and_what_it_said_as_a_control_goes(store: AnyStore) -> None:
    """Its own bundle goes; of another's, only what controls said goes, and only where it was one of them."""
    mine = witnessed(OUTAGE, bundle("controls", said_by("un")), content=b"mine")
    other = outage("realdonaldtrump", seconds=3000)
    beside = witnessed(other, bundle("controls", said_by("@Potus", "un")), content=b"beside")
    store.commit(mine)
    store.commit(beside)
    store.watch([account("realdonaldtrump")], after(4000))
    assert store.forget("x:potus") is Forgotten.DONE
    assert [store.body(body.sha256) for body in mine.bodies] == [None, None]
    assert [store.body(body.sha256) for body in beside.bodies] == [b"beside", None]
    assert store.verify_chain() is None


def test_sample_keeps_what_is_needed_to_judge_it_again(store: AnyStore) -> None:
    """The imprint of the answer comes back as it was, and goes with the sample."""
    asked = exchange(response(missing(), status=404, content_type="text/html"), html_source())
    imprint = condense(asked, classify(asked).finding)
    kept = replace(sample(7), imprint=imprint)
    store.commit(Commit(samples=(kept, sample(8))))
    assert imprint is not None
    assert store.samples("x:potus", limit=None) == (sample(8), kept)
    assert prune(store, samples=after(7.5)) == 1
    assert store.samples("x:potus") == (sample(8),)


def test_message_carries_the_hash_of_what_it_tells(store: AnyStore) -> None:
    """While it is open that of its opening, whatever else happens; then that of its end; of a notice, its own."""
    store.commit(opening(OUTAGE))
    opened = store.incident(OUTAGE.id)
    store.commit(Commit(transitions=(transition(TransitionKind.RECOVERY_BEGAN, 650, OUTAGE),)))
    assert opened is not None
    assert store.incident(OUTAGE.id) == opened
    assert opened.digest
    store.commit(closing(OUTAGE))
    ended = store.incident(OUTAGE.id)
    assert ended is not None
    assert ended.digest not in ("", opened.digest)
    renamed = replace(transition(TransitionKind.ACCOUNT_RENAMED, 900, OUTAGE), outage=None)
    notice = Incident(
        id="x:potus-AccountRenamed-20171102T231500000",
        kind=IncidentKind.NOTICE,
        key="x:potus",
        severity=OUTAGE.severity_then,
        opened_at=renamed.at,
        closed_at=renamed.at,
        detail="@POTUS is now @POTUS45",
    )
    store.commit(Commit(transitions=(renamed,), opened=(notice,)))
    told_of = store.incident(notice.id)
    assert told_of is not None
    assert told_of.digest not in ("", opened.digest, ended.digest)


# What the record of an outage is put together from.


def test_outages_by_whose_they_are_and_from_one_on(store: AnyStore) -> None:
    """By owner, by platform, those that are over; from a given one on, in the order of the list, page by page."""
    store.watch([replace(account("potus"), owner="potus45"), account("realdonaldtrump")], T0)
    over = end_it(store)
    other = outage("realdonaldtrump", seconds=800)
    store.commit(opening(other))
    assert store.outage(over.id) == over
    assert store.outage("nothing") is None
    assert store.outages(owner="potus45") == (over,)
    assert store.outages(owner="somebody") == ()
    assert store.outages(platform="x", over_only=True) == (over,)
    assert store.outages(platform="bluesky") == ()
    first, second = store.outages()
    assert store.outages(before=first.id) == (second,)
    assert store.outages(before=second.id) == ()
    assert store.outages(before="nothing") == ()


def test_traces_of_an_outage(store: AnyStore) -> None:
    """By the outage's id, by number, by the beginning of a hash; each with what it rests on and the hash before it."""
    store.commit(opening(OUTAGE))
    store.commit(closing(OUTAGE))
    opened, over = store.traces(OUTAGE.id)
    assert [each.document["kind"] for each in (opened, over)] == ["OutageOpened", "OutageClosed"]
    assert (opened.previous, over.previous) == ("", opened.hash)
    assert chained_hash(over.document, over.previous) == over.hash
    assert opened.evidence == (("target", PAGE_HASH, len(BODY.content)),)
    assert store.traces(OUTAGE.id, most=1) == (over,)
    assert store.traces(str(over.seq)) == store.traces(over.hash[:12]) == (over,)
    assert store.traces("nothing") == store.traces("abc") == ()


def test_samples_of_a_time(store: AnyStore) -> None:
    """Those within it, both ends included."""
    made = [
        Sample(
            account_id="x:potus",
            at=after(at),
            verdict=Verdict.PRESENT,
            reason=Reason.PROFILE,
            source="page",
            vantage="local",
        )
        for at in (0, 10, 20, 30)
    ]
    store.commit(Commit(samples=tuple(made)))
    assert store.samples("x:potus", since=after(10), until=after(20)) == (made[2], made[1])
