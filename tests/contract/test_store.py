"""What every store does. A further implementation is one more line in STORES."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.store.samples import (
    BODY,
    LEASE,
    PAGE,
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
from watcher.model.account import Policy, Severity
from watcher.model.calendar import Calendar
from watcher.model.control import ControlFinding, ControlKey, ControlReport, Features
from watcher.model.errors import StoreError
from watcher.model.finding import Reason
from watcher.model.notification import (
    Incident,
    IncidentKind,
    Notification,
    NotificationKind,
    NotificationState,
    ToldAsWell,
)
from watcher.model.outage import Phase, TransitionKind, Unobserved
from watcher.store.base import Store
from watcher.store.codec import chained_hash, transition_document
from watcher.store.memory import MemoryStore
from watcher.store.sql import SqlStore
from watcher.store.values import Body, Commit, Forgotten, Stored

AnyStore = MemoryStore | SqlStore

STORES: dict[str, Callable[[Path], AnyStore]] = {
    "memory": lambda _: MemoryStore(),
    "sqlite": lambda directory: SqlStore(directory / "state"),
}
OUTAGE = outage()
DOWN = opening(OUTAGE)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """An open store that watches two accounts."""
    made = STORES[request.param](tmp_path)
    made.open()
    made.watch([account("potus"), account("realdonaldtrump")], T0)
    yield made
    made.close()


def reopened(store: AnyStore) -> AnyStore:
    """The same store after a restart."""
    store.close()
    store.open()
    return store


def everything(store: AnyStore) -> tuple[object, ...]:
    """All that a store shows."""
    records = [store.incident(item.id) for item in store.outages(limit=1000)]
    return store.load(), store.outages(limit=1000), store.transitions(limit=1000), records, store.pending()


def told(store: Store, incident_id: str) -> tuple[Notification, ...]:
    """The rows of the outbox about that incident."""
    record = store.incident(incident_id)
    assert record is not None
    return record.notifications


def claim_all(store: Store, seconds: float) -> list[tuple[str, str]]:
    """Channels and kinds of what can be claimed then."""
    return [(item.channel, item.kind.value) for item in store.claim(after(seconds), LEASE, 100)]


def test_new_store_is_empty(store: AnyStore) -> None:
    """A new store knows of nothing."""
    assert replace(store.load(), accounts={}) == Stored()
    assert store.pending() == (0, None)
    assert store.verify_chain() is None


def test_commit_survives_a_restart(store: AnyStore) -> None:
    """State, outage, incident, transition and page are there after the store was closed and opened."""
    store.commit(DOWN)
    reopened(store)
    loaded = store.load()
    assert loaded == Stored(accounts=loaded.accounts, states={"x:potus": DOWN.states[0]}, incidents=DOWN.opened)
    listed = loaded.accounts["x:potus"]
    assert (listed.platform, listed.display_handle, listed.labels) == ("x", "POTUS", {"desk": "politics"})
    assert store.outages() == (OUTAGE,)
    assert store.transitions() == DOWN.transitions
    assert store.body(PAGE_HASH) == PAGE


@pytest.mark.parametrize("times", [2, 3])
def test_same_commit_again_changes_nothing(store: AnyStore, times: int) -> None:
    """A commit whose outcome was unknown can be repeated."""
    gap = Commit(unobserved=(Unobserved(account_id=None, from_at=T0, to_at=after(5), cause="stopped"),))
    for commit in (DOWN, gap, closing(OUTAGE)):
        store.commit(commit)
        before = everything(store)
        for _ in range(times - 1):
            store.commit(commit)
        assert everything(store) == before
        assert store.verify_chain() is None


def test_opening_again_does_not_reopen_what_was_closed(store: AnyStore) -> None:
    """A commit repeated late leaves the closed outage and incident closed."""
    store.commit(DOWN)
    store.commit(closing(OUTAGE))
    store.commit(DOWN)
    assert store.outages(open_only=True) == ()
    assert store.load().incidents == ()
    assert [row.kind for row in told(store, OUTAGE.id)] == [NotificationKind.ALERT, NotificationKind.RESOLVED]


def test_state_of_unknown_account_is_refused_whole(store: AnyStore) -> None:
    """A commit that names an account never watched leaves nothing behind, not even its good parts."""
    before = everything(store)
    with pytest.raises(StoreError):
        store.commit(replace(DOWN, states=(*DOWN.states, state("stranger"))))
    assert everything(store) == before


def test_second_open_outage_is_refused_whole(store: AnyStore) -> None:
    """An account has one open outage at most; the commit that says otherwise leaves nothing behind."""
    store.commit(DOWN)
    before = everything(store)
    with pytest.raises(StoreError):
        store.commit(opening(outage(number=2, seconds=60)))
    assert everything(store) == before


def test_one_outage_may_close_and_the_next_open_in_one_commit(store: AnyStore) -> None:
    """Order within the commit does not matter to the rule of one open outage."""
    store.commit(DOWN)
    second = outage(number=2, seconds=700)
    store.commit(
        Commit(
            states=(state(phase=Phase.DOWN, outage=second),),
            transitions=(
                transition(TransitionKind.OUTAGE_OPENED, 720, second),
                transition(TransitionKind.OUTAGE_CLOSED, 670, closed(OUTAGE, 660)),
            ),
        )
    )
    assert store.outages(open_only=True) == (second,)


def test_state_carries_its_outage_forward(store: AnyStore) -> None:
    """A state without a transition brings the last absence of its open outage."""
    store.commit(DOWN)
    grown = replace(OUTAGE, last_absent=replace(OUTAGE.last_absent, latest=after(300)))
    store.commit(Commit(states=(state(phase=Phase.DOWN, outage=grown),)))
    assert store.outages() == (grown,)
    assert reopened(store).load().states["x:potus"].outage == grown


def test_closed_outage_beats_an_older_state_of_the_same_commit(store: AnyStore) -> None:
    """When a commit both closes an outage and carries it open, it is closed."""
    over = closed(OUTAGE, 660)
    commit = Commit(states=(state(outage=OUTAGE),), transitions=(transition(TransitionKind.OUTAGE_CLOSED, 670, over),))
    store.commit(DOWN)
    store.commit(commit)
    assert store.outages() == (over,)


def test_second_open_incident_of_one_key_is_refused(store: AnyStore) -> None:
    """One incident is open for a kind and key; after its end another one may be."""
    first = Incident(id="p1", kind=IncidentKind.PLATFORM, key="x", severity=OUTAGE.severity_then, opened_at=T0)
    second = replace(first, id="p2", opened_at=after(60))
    store.commit(Commit(opened=(first,)))
    with pytest.raises(StoreError):
        store.commit(Commit(opened=(second,)))
    store.commit(Commit(opened=(second,), closed=(("p1", after(60)),)))
    assert store.load().incidents == (second,)


def test_notice_is_told_and_not_resolved(store: AnyStore) -> None:
    """An incident that is closed from the start is stored so, and nobody is told of its end."""
    notice = replace(incident(OUTAGE), id="n1", kind=IncidentKind.NOTICE, closed_at=OUTAGE.confirmed_at)
    store.commit(Commit(opened=(notice,), closed=(("n1", after(30)),), notifications=(alert("n1"),)))
    record = store.incident("n1")
    assert record is not None
    assert record.incident == notice
    assert record.outage is None
    assert record.digest == ""
    assert [row.kind for row in record.notifications] == [NotificationKind.ALERT]


def test_incident_that_opens_and_closes_in_one_commit_is_resolved(store: AnyStore) -> None:
    """What began and ended before it could be written is told of as both."""
    store.commit(replace(DOWN, closed=((OUTAGE.id, after(670)),)))
    assert store.load().incidents == ()
    assert [row.kind for row in told(store, OUTAGE.id)] == [NotificationKind.ALERT, NotificationKind.RESOLVED]


def test_end_is_told_to_every_channel_that_was_alerted(store: AnyStore) -> None:
    """The RESOLVED row copies the route, is due at the end and follows the alert; a DEAD alert gets none."""
    store.commit(opening(OUTAGE, channels=("slack", "log", "mail")))
    mail = next(row for row in store.claim(after(20), LEASE, 10) if row.channel == "mail")
    store.settle(replace(mail, state=NotificationState.DEAD), delivery(mail, "gone"))
    store.commit(closing(OUTAGE))
    resolved = {row.channel: row for row in told(store, OUTAGE.id) if row.kind is NotificationKind.RESOLVED}
    assert set(resolved) == {"slack", "log"}
    row = resolved["slack"]
    assert row == Notification(
        id=row.id,
        incident_id=OUTAGE.id,
        route="newsroom",
        channel="slack",
        kind=NotificationKind.RESOLVED,
        dedup_key=f"{OUTAGE.id}/slack/resolved",
        due_at=after(670),
        event_at=after(670),
        seq=1,
    )


def test_end_is_told_where_some_were_reached(store: AnyStore) -> None:
    """A DEAD alert that names recipients left over reached the others: they hear of the end, all of them."""
    store.commit(DOWN)
    (row,) = store.claim(after(20), LEASE, 10)
    store.settle(replace(row, state=NotificationState.DEAD, recipients=("b@x.example",)), delivery(row, "gone"))
    store.commit(closing(OUTAGE))
    [end] = [row for row in told(store, OUTAGE.id) if row.kind is NotificationKind.RESOLVED]
    assert end.recipients == ()


def test_two_alerts_of_one_channel_get_one_end(store: AnyStore) -> None:
    """A channel that two routes name is told of the end once."""
    other = replace(alert(OUTAGE.id), route="night desk", dedup_key="another")
    store.commit(replace(DOWN, notifications=(*DOWN.notifications, other)))
    store.commit(closing(OUTAGE))
    ends = [row for row in told(store, OUTAGE.id) if row.kind is NotificationKind.RESOLVED]
    assert [row.route for row in ends] == ["newsroom"]


def test_closing_again_tells_nothing_more(store: AnyStore) -> None:
    """A second end neither moves the first nor tells channels that came later."""
    store.commit(DOWN)
    store.commit(closing(OUTAGE))
    store.commit(Commit(notifications=(alert(OUTAGE.id, "late"),)))
    store.commit(Commit(closed=((OUTAGE.id, after(900)),)))
    record = store.incident(OUTAGE.id)
    assert record is not None
    assert record.incident.closed_at == after(670)
    assert [row.channel for row in record.notifications if row.kind is NotificationKind.RESOLVED] == ["slack"]


def test_closing_what_is_not_there_does_nothing(store: AnyStore) -> None:
    """An end without a beginning is no error."""
    before = everything(store)
    store.commit(Commit(closed=(("nothing", T0),)))
    assert everything(store) == before


def test_notification_of_no_incident_is_refused(store: AnyStore) -> None:
    """A row of the outbox needs an incident to tell of."""
    with pytest.raises(StoreError):
        store.commit(Commit(notifications=(alert("nothing"),)))
    assert store.pending() == (0, None)


def test_naive_stamps_are_refused(store: AnyStore) -> None:
    """A datetime without a zone is stored nowhere."""
    naive = T0.replace(tzinfo=None)
    for commit in (
        Commit(states=(replace(state(), last_seen=naive),)),
        Commit(transitions=(replace(transition(TransitionKind.OUTAGE_OPENED, 20, OUTAGE), at=naive),)),
    ):
        with pytest.raises(StoreError, match="naive"):
            store.commit(commit)
    assert store.load().states == {}


def test_value_of_foreign_type_is_refused(store: AnyStore) -> None:
    """What the model does not use cannot be stored, and says so."""
    odd = replace(transition(TransitionKind.OUTAGE_OPENED, 20, OUTAGE), detail={"looks": object()})  # type: ignore[dict-item] # wrong on purpose
    with pytest.raises(StoreError, match="cannot be stored"):
        store.commit(Commit(transitions=(odd,)))


def test_claim_takes_what_is_due_once(store: AnyStore) -> None:
    """A claimed row is not given out again while the lease lasts, and the claim is counted."""
    store.commit(DOWN)
    assert store.claim(after(19), LEASE, 10) == ()
    (row,) = store.claim(after(20), LEASE, 10)
    assert (row.state, row.claimed_until, row.attempts) == (NotificationState.CLAIMED, after(80), 1)
    assert told(store, OUTAGE.id) == (row,)
    assert store.claim(after(79), LEASE, 10) == ()


def test_lapsed_claim_is_given_out_again(store: AnyStore) -> None:
    """When its holder died, the row goes to the next one."""
    store.commit(DOWN)
    store.claim(after(20), LEASE, 10)
    (row,) = store.claim(after(80), LEASE, 10)
    assert (row.attempts, row.claimed_until) == (2, after(140))


def test_what_was_put_off_before_the_clock_was_set_back_is_due(store: AnyStore) -> None:
    """A row that waits for longer than anybody may ask waits for a time that is long past: it is given out at once."""
    store.commit(DOWN)
    an_hour_back = after(20) - timedelta(hours=1, seconds=1)
    (row,) = store.claim(an_hour_back, LEASE, 10)
    assert row.attempts == 1
    assert store.claim(an_hour_back, LEASE, 10) == ()
    (again,) = store.claim(an_hour_back - timedelta(hours=1), LEASE, 10)
    assert again.attempts == 2


def test_news_of_a_group_wait_as_long_as_its_interval(store: AnyStore) -> None:
    """Those of today may be due tomorrow; what is due then of something yet to come is of before the clock's step."""
    at = after(20)
    news = replace(alert(OUTAGE.id, "slack", 20), kind=NotificationKind.UPDATE, due_at=at + timedelta(hours=4))
    store.commit(replace(DOWN, notifications=(news,)))
    assert store.claim(at, LEASE, 10) == ()
    assert store.claim(at + timedelta(hours=3), LEASE, 10) == ()
    assert store.due(at - timedelta(seconds=1)) == {"slack"}
    (row,) = store.claim(at + timedelta(hours=4), LEASE, 10)
    assert row.attempts == 1


def test_what_an_earlier_run_held_is_given_back(store: AnyStore) -> None:
    """There is one run at a time: after a start nobody waits for the lease of one that is gone. Claims count on."""
    store.commit(opening(OUTAGE, channels=("slack", "log")))
    (row,) = store.claim(after(20), LEASE, 1)
    reopened(store)
    claimed = store.claim(after(21), LEASE, 10)
    assert {again.channel: again.attempts for again in claimed} == {"slack": 2, "log": 1}
    store.settle(replace(row, state=NotificationState.DEAD), delivery(row, "gone"))
    assert told(store, OUTAGE.id)[0].state is NotificationState.CLAIMED
    assert told(store, OUTAGE.id)[0].claimed_until == after(81)


def test_claim_keeps_to_its_limit_and_order(store: AnyStore) -> None:
    """The row that is due first comes first."""
    rows = tuple(alert(OUTAGE.id, channel, seconds) for channel, seconds in [("c", 22), ("a", 20), ("b", 21)])
    store.commit(replace(DOWN, notifications=rows))
    assert [row.channel for row in store.claim(after(30), LEASE, 2)] == ["a", "b"]
    assert [row.channel for row in store.claim(after(30), LEASE, 2)] == ["c"]


def test_more_severe_goes_first(store: AnyStore) -> None:
    """A critical alert does not wait behind what has been due for longer; among equals the older one goes first."""
    severities = (Severity.INFO, Severity.WARNING, Severity.CRITICAL, Severity.WARNING)
    who = [account(f"member{number}") for number in range(len(severities))]
    store.watch(who, T0)
    for number, severity in enumerate(severities):
        opened = opening(outage(f"member{number}", seconds=10.0 * number))
        store.commit(replace(opened, opened=tuple(replace(each, severity=severity) for each in opened.opened)))
    claimed = [row.incident_id for _ in range(2) for row in store.claim(after(900), LEASE, 2)]
    assert claimed == [outage(f"member{number}", seconds=10.0 * number).id for number in (2, 1, 3, 0)]


def test_claim_for_one_channel(store: AnyStore) -> None:
    """Who serves one channel asks for its rows only, and hears beforehand for which there is something."""
    store.commit(opening(OUTAGE, channels=("slack", "log")))
    store.commit(closing(OUTAGE))
    assert store.due(after(19)) == frozenset()
    assert store.due(after(20)) == {"slack", "log"}
    (row,) = store.claim(after(20), LEASE, 10, "log")
    assert (row.channel, row.kind) == ("log", NotificationKind.ALERT)
    assert store.claim(after(700), LEASE, 10, "pager") == ()
    # Its end waits for its beginning.
    assert store.due(after(21)) == {"slack"}
    store.settle(delivered(row), delivery(row))
    assert store.due(after(700)) == {"slack", "log"}


def test_undelivered_row_holds_back_later_ones_of_its_channel(store: AnyStore) -> None:
    """Nobody is told of an end before the beginning; other channels and incidents do not wait."""
    store.commit(opening(OUTAGE, channels=("slack", "log")))
    store.commit(closing(OUTAGE))
    assert claim_all(store, 700) == [("slack", "alert"), ("log", "alert")]
    assert claim_all(store, 701) == []
    log = next(row for row in told(store, OUTAGE.id) if row.channel == "log")
    store.settle(delivered(log), delivery(log))
    assert claim_all(store, 702) == [("log", "resolved")]


@pytest.mark.parametrize("end", [NotificationState.DEAD, NotificationState.SUPPRESSED, NotificationState.DELIVERED])
def test_row_that_is_done_with_holds_back_nothing(store: AnyStore, end: NotificationState) -> None:
    """Dead, suppressed and delivered rows let the next one pass."""
    store.commit(DOWN)
    store.commit(closing(OUTAGE))
    (row,) = store.claim(after(700), LEASE, 10)
    store.settle(replace(row, state=end), delivery(row, "done"))
    assert claim_all(store, 700) == [("slack", "resolved")]


def test_row_that_waits_for_its_next_try_holds_back_later_ones(store: AnyStore) -> None:
    """Backing off is being undelivered."""
    store.commit(DOWN)
    store.commit(closing(OUTAGE))
    (row,) = store.claim(after(700), LEASE, 10)
    store.settle(replace(row, state=NotificationState.PENDING, due_at=after(900)), delivery(row, "retry"))
    assert claim_all(store, 899) == []
    assert claim_all(store, 900) == [("slack", "alert")]


def test_row_that_reached_some_recipients_holds_back_nothing(store: AnyStore) -> None:
    """Those who were told of the outage hear of its end in time, however long others are out of reach."""
    store.commit(DOWN)
    store.commit(closing(OUTAGE))
    (row,) = store.claim(after(700), LEASE, 10)
    left = replace(row, state=NotificationState.PENDING, due_at=after(900), recipients=("b@x.example",))
    store.settle(left, delivery(row, "retry"))
    assert claim_all(store, 701) == [("slack", "resolved")]
    again = next(row for row in store.claim(after(900), LEASE, 10) if row.kind is NotificationKind.ALERT)
    assert again.recipients == ("b@x.example",)


def test_delivery_is_recorded(store: AnyStore) -> None:
    """A delivered row stays delivered, with its instant, and is pending no more."""
    store.commit(DOWN)
    assert store.pending() == (1, after(20))
    (row,) = store.claim(after(20), LEASE, 10)
    assert store.pending() == (1, after(20))
    store.settle(delivered(row), delivery(row))
    reopened(store)
    (stored,) = told(store, OUTAGE.id)
    assert (stored.state, stored.delivered_at, stored.claimed_until) == (NotificationState.DELIVERED, after(21), None)
    assert store.pending() == (0, None)
    assert claim_all(store, 10_000) == []


def test_late_holder_does_not_undo_the_next_ones_claim(store: AnyStore) -> None:
    """Whose lease lapsed may still say that it was delivered, but not put the row back."""
    store.commit(DOWN)
    (first,) = store.claim(after(20), LEASE, 10)
    (second,) = store.claim(after(80), LEASE, 10)
    store.settle(replace(first, state=NotificationState.PENDING), delivery(first, "retry"))
    assert told(store, OUTAGE.id) == (second,)
    store.settle(delivered(first), delivery(first))
    assert told(store, OUTAGE.id)[0].state is NotificationState.DELIVERED
    store.settle(replace(second, state=NotificationState.DEAD), delivery(second, "gone"))
    assert told(store, OUTAGE.id)[0].state is NotificationState.DELIVERED


def test_settled_as_still_claimed_keeps_its_lease(store: AnyStore) -> None:
    """A holder may record an attempt and hold on to the row."""
    store.commit(DOWN)
    (row,) = store.claim(after(20), LEASE, 10)
    store.settle(replace(row, claimed_until=after(200)), delivery(row, "slow"))
    assert claim_all(store, 199) == []
    assert claim_all(store, 200) == [("slack", "alert")]


def test_what_was_forgotten_while_it_was_sent_settles_nothing(store: AnyStore) -> None:
    """Its holder's word is let go, and no other row takes it for its own: not even one that has its number now."""
    other = outage("realdonaldtrump")
    store.commit(DOWN)
    (row,) = store.claim(after(20), LEASE, 10)
    assert store.forget("x:potus", even_watched=True) is Forgotten.DONE
    store.commit(opening(other))
    (stranger,) = told(store, other.id)
    for gone in (row, replace(row, id=stranger.id)):
        store.settle(delivered(gone), delivery(gone))
    assert told(store, other.id) == (stranger,)
    (claimed,) = store.claim(after(20), LEASE, 10)
    store.settle(delivered(claimed), delivery(claimed))
    assert told(store, other.id)[0].state is NotificationState.DELIVERED


def test_what_a_message_told_as_well_need_not_be_told(store: AnyStore) -> None:
    """Only the undelivered rows of that incident, channel and kinds are suppressed, if they were due by then."""
    store.commit(opening(OUTAGE, channels=("slack", "log")))
    store.commit(closing(OUTAGE))
    slack, log = store.claim(after(20), LEASE, 2)
    store.settle(delivered(slack), delivery(slack), "", ToldAsWell(kinds=(NotificationKind.RESOLVED,)))
    earlier = ToldAsWell(kinds=(NotificationKind.RESOLVED,), until=after(659))
    store.settle(delivered(log), delivery(log), "", earlier)
    rows = {(row.channel, row.kind.value): row.state.value for row in told(store, OUTAGE.id)}
    assert rows == {
        ("slack", "alert"): "delivered",
        ("slack", "resolved"): "suppressed",
        ("log", "alert"): "delivered",
        ("log", "resolved"): "pending",
    }


def test_what_told_the_others_is_not_suppressed_with_them(store: AnyStore) -> None:
    """An update that tells of the updates before it is itself kept as delivered."""
    store.commit(DOWN)
    first, *_ = told(store, OUTAGE.id)
    later = replace(first, id=0, kind=NotificationKind.UPDATE, dedup_key="later", seq=1)
    store.commit(Commit(notifications=(later, replace(later, dedup_key="last", seq=2))))
    alert = next(row for row in store.claim(after(20), LEASE, 10) if row.kind is NotificationKind.ALERT)
    store.settle(replace(alert, state=NotificationState.DELIVERED, delivered_at=after(20)), delivery(alert, "ok"))
    update = next(row for row in store.claim(after(21), LEASE, 10) if row.dedup_key == "later")
    sent = replace(update, state=NotificationState.DELIVERED, delivered_at=after(21))
    store.settle(sent, delivery(update, "ok"), "", ToldAsWell(kinds=(NotificationKind.UPDATE,)))
    assert [row.state.value for row in told(store, OUTAGE.id)] == ["delivered", "delivered", "suppressed"]


def test_what_takes_the_place_of_others_goes_on_waiting(store: AnyStore) -> None:
    """A reminder that reached some stands for the earlier ones, and is tried again for who is left."""
    store.commit(DOWN)
    first, *_ = told(store, OUTAGE.id)
    left = replace(first, id=0, kind=NotificationKind.REMINDER, dedup_key="r/1", seq=1, recipients=("b@x.example",))
    store.commit(Commit(notifications=(left, replace(left, dedup_key="r/2", seq=2, recipients=()))))
    alert = next(row for row in store.claim(after(20), LEASE, 10) if row.kind is NotificationKind.ALERT)
    store.settle(delivered(alert), delivery(alert))
    last = next(row for row in store.claim(after(90), LEASE, 10) if row.dedup_key == "r/2")
    some = replace(last, state=NotificationState.PENDING, due_at=after(500), recipients=("b@x.example",))
    store.settle(some, delivery(last, "retry"), "", ToldAsWell(kinds=(NotificationKind.REMINDER,)))
    assert [row.state.value for row in told(store, OUTAGE.id)] == ["delivered", "suppressed", "pending"]


def test_suppressed_row_may_have_been_delivered_all_the_same(store: AnyStore) -> None:
    """Whoever held it when it was suppressed cannot bring it back, but can say that it went out."""
    store.commit(DOWN)
    store.commit(closing(OUTAGE))
    (row,) = store.claim(after(20), LEASE, 10)
    some = replace(row, state=NotificationState.PENDING, due_at=after(700), recipients=("b@x.example",))
    store.settle(some, delivery(row, "retry"))
    rows = {row.kind: row for row in store.claim(after(700), LEASE, 10)}
    held, end = rows[NotificationKind.ALERT], rows[NotificationKind.RESOLVED]
    also = ToldAsWell(kinds=(NotificationKind.ALERT,))
    store.settle(delivered(end), delivery(end), "", also)
    assert told(store, OUTAGE.id)[0].state is NotificationState.SUPPRESSED
    store.settle(replace(held, state=NotificationState.PENDING), delivery(held, "retry"))
    assert told(store, OUTAGE.id)[0].state is NotificationState.SUPPRESSED
    store.settle(delivered(held), delivery(held))
    assert told(store, OUTAGE.id)[0].state is NotificationState.DELIVERED
    store.settle(delivered(end), delivery(end), "", also)
    assert told(store, OUTAGE.id)[0].state is NotificationState.DELIVERED


def test_outages_come_latest_first(store: AnyStore) -> None:
    """They can be narrowed to an account, to the open ones, and in number."""
    first, second = outage(number=1), outage(number=2, seconds=900)
    other = outage("realdonaldtrump", seconds=500)
    for commit in (opening(first), closing(first), opening(second), opening(other)):
        store.commit(commit)
    assert [item.id for item in store.outages()] == ["potus-2", "realdonaldtrump-1", "potus-1"]
    assert [item.id for item in store.outages(account_id="x:potus")] == ["potus-2", "potus-1"]
    assert [item.id for item in store.outages(open_only=True)] == ["potus-2", "realdonaldtrump-1"]
    assert [item.id for item in store.outages(limit=1)] == ["potus-2"]
    assert store.outages(account_id="x:nobody") == ()


def test_transitions_come_latest_first(store: AnyStore) -> None:
    """Of one instant the one stored last leads; they can be narrowed to an account and in number."""
    other = outage("realdonaldtrump")
    suspected = transition(TransitionKind.ACCOUNT_SUSPECTED, 20, OUTAGE)
    opened = transition(TransitionKind.OUTAGE_OPENED, 20, OUTAGE)
    elsewhere = transition(TransitionKind.ACCOUNT_SUSPECTED, 40, other)
    store.commit(Commit(transitions=(elsewhere, suspected, opened)))
    assert store.transitions() == (elsewhere, opened, suspected)
    assert store.transitions(account_id="x:potus") == (opened, suspected)
    assert store.transitions(limit=1) == (elsewhere,)


def test_record_of_an_incident(store: AnyStore) -> None:
    """It has the outage, the rows in their order, and the hash of the last transition that was told of."""
    suspected = replace(transition(TransitionKind.ACCOUNT_SUSPECTED, 0, OUTAGE), outage=None)
    store.commit(Commit(states=(state(phase=Phase.SUSPECT),), transitions=(suspected,)))
    store.commit(DOWN)
    store.commit(closing(OUTAGE))
    record = store.incident(OUTAGE.id)
    assert record is not None
    assert record.incident == replace(incident(OUTAGE), closed_at=after(670))
    assert record.outage == closed(OUTAGE, 660)
    assert [row.kind for row in record.notifications] == [NotificationKind.ALERT, NotificationKind.RESOLVED]
    digest = ""
    for happened in (suspected, DOWN.transitions[0], closing(OUTAGE).transitions[0]):
        digest = chained_hash(transition_document(happened), digest)
    assert record.digest == digest
    assert store.incident("nothing") is None


def test_record_of_an_incident_knows_whom_it_is_about(store: AnyStore) -> None:
    """The account as last watched, still watched or not; not by what it was judged, and of a platform there is none."""
    rich = replace(
        account("potus"),
        platform="generic",
        instance="https://forum.example/u/{handle}",
        url="https://forum.example/u/potus",
        owner="desk",
        severity=Severity.CRITICAL,
        policy=Policy(interval=timedelta(hours=1)),
        controls=("admin",),
        calendar=Calendar(usual=timedelta(hours=1), windows=(), timezone=ZoneInfo("UTC")),
    )
    notice = replace(incident(OUTAGE), id="n1", kind=IncidentKind.NOTICE, closed_at=OUTAGE.confirmed_at)
    platform = Incident(
        id="p1", kind=IncidentKind.PLATFORM, key="x", severity=OUTAGE.severity_then, opened_at=OUTAGE.confirmed_at
    )
    store.watch([rich], T0)
    store.commit(DOWN)
    store.commit(Commit(opened=(notice, platform)))
    store.watch([account("realdonaldtrump")], after(700))
    kept = replace(rich, policy=Policy(), controls=(), calendar=None)
    records = [reopened(store).incident(incident_id) for incident_id in (OUTAGE.id, "n1", "p1")]
    assert [record.account if record else record for record in records] == [kept, kept, None]


def test_chain_of_hashes_holds(store: AnyStore) -> None:
    """Whatever was committed in whatever portions, the chain is whole."""
    for number in range(1, 4):
        one = outage(number=number, seconds=number * 1000)
        store.commit(opening(one))
        store.commit(closing(one, number * 1000 + 660))
    assert len(store.transitions()) == 6
    assert reopened(store).verify_chain() is None


def test_body_is_kept_under_its_own_hash_only(store: AnyStore) -> None:
    """A body under another name is refused, whatever the name; then nothing of the commit is stored."""
    for name in ("0" * 64, "../../outside", PAGE_HASH.upper(), f"{PAGE_HASH}\n", ""):
        with pytest.raises(StoreError):
            store.commit(replace(DOWN, bodies=(Body(sha256=name, content=PAGE),)))
    assert store.load().states == {}
    assert store.body(PAGE_HASH) is None


@pytest.mark.parametrize("name", ["0" * 64, "../../outside", "", "/etc/passwd", f"{PAGE_HASH}/.."])
def test_no_body_under_other_names(store: AnyStore, name: str) -> None:
    """Asking for what is not a known hash gives nothing."""
    store.commit(DOWN)
    assert store.body(name) is None


def test_body_that_no_transition_names_is_kept_too(store: AnyStore) -> None:
    """A control's page has no finding in a transition; it is there all the same."""
    store.commit(Commit(bodies=(replace(BODY, role="positive"),)))
    assert store.body(PAGE_HASH) == PAGE


def test_unwatched_account_is_marked_and_kept(store: AnyStore) -> None:
    """Removing an account from the list leaves its state; adding it again takes it up."""
    store.commit(Commit(states=(state("potus", n=1), state("realdonaldtrump", n=2))))
    store.watch([account("realdonaldtrump")], after(60))
    store.watch([account("realdonaldtrump")], after(120))
    stored = reopened(store).load()
    assert stored.unwatched == {"x:potus"}
    assert set(stored.states) == {"x:potus", "x:realdonaldtrump"}
    store.watch([account("potus"), account("third")], after(180))
    stored = store.load()
    assert stored.unwatched == {"x:realdonaldtrump"}
    assert stored.states["x:potus"].n == 1
    store.commit(Commit(states=(state("third"),)))


def test_heartbeat_is_kept(store: AnyStore) -> None:
    """The last one counts."""
    store.heartbeat(T0)
    store.heartbeat(after(10.000001))
    assert reopened(store).load().heartbeat_at == after(10.000001)


def test_controls_are_kept_without_features(store: AnyStore) -> None:
    """The last report of each key is there after a restart, less the words of the pages."""
    key = ControlKey(platform="x", instance="", source="page", vantage="local")
    other = replace(key, source="api")
    features = Features(status=404, tokens=frozenset({"page"}))
    positive = ControlFinding(handle="nasa", finding=finding(1, Reason.PROFILE), features=features)
    negative = ControlFinding(handle="zzz", finding=finding(2, body=PAGE_HASH))
    store.save_controls([ControlReport(key=key), ControlReport(key=other)])
    store.save_controls([ControlReport(key=key, positives=(positive,), negatives=(negative, negative))])
    store.save_controls([])
    assert reopened(store).load().controls == (
        ControlReport(key=other),
        ControlReport(key=key, positives=(replace(positive, features=None),), negatives=(negative, negative)),
    )


def test_many_at_once(store: AnyStore) -> None:
    """A commit of many accounts with their transitions is stored whole, and again without change."""
    names = [f"account{number}" for number in range(700)]
    store.watch([account(name) for name in names], T0)
    rises = tuple(
        replace(
            transition(TransitionKind.ACCOUNT_FIRST_SEEN, 0, outage(name)),
            outage=None,
            at=T0 + timedelta(microseconds=number),
        )
        for number, name in enumerate(names)
    )
    commit = Commit(states=tuple(state(name) for name in names), transitions=rises)
    store.commit(commit)
    store.commit(commit)
    assert len(store.load().states) == 700
    assert store.transitions(limit=1000) == rises[::-1]
    assert store.verify_chain() is None
