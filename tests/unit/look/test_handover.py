"""How states go on over a restart, and over an edit of the watchlist."""

from dataclasses import replace

import pytest

from tests.unit.judge.story import TRUMP, Story, at, control, report
from watcher.look.handover import compare, edited, not_after, removed_at_start, reopen, too_much
from watcher.model.account import Account, Severity, Watchlist
from watcher.model.finding import Reason
from watcher.model.outage import AccountState, EndCause, Phase, TransitionKind
from watcher.model.reload import Edit
from watcher.store.values import Commit, Stored, Watched

WATCHED = Watchlist(accounts={TRUMP.id: TRUMP}, owners={})
POTUS = replace(TRUMP, id="x:potus", handle="potus", display_handle="POTUS")
OTHERS = Watchlist(accounts={POTUS.id: POTUS}, owners={})


def watched(*accounts: Account, second: float, gone: tuple[str, ...] = ()) -> Watched:
    """The edit by which these are watched from then on."""
    return Watched(accounts=accounts, at=at(second), gone=gone)


def down() -> Story:
    """An account with an open outage."""
    story = Story.up()
    for second in (60, 70, 80):
        story.see(Reason.NOT_FOUND, second)
    assert story.state.phase is Phase.DOWN
    return story


def test_a_first_start() -> None:
    """Nothing is stored: every account is new, and nothing is to be stored of the way there."""
    reopened = reopen(Stored(), WATCHED, at(0))
    assert reopened.states[TRUMP.id].phase is Phase.NEW
    assert reopened.commit == Commit(watched=(watched(TRUMP, second=0),))


def test_a_restart_during_an_outage() -> None:
    """The outage goes on; the time since the last heartbeat is unobserved, for all and in the outage."""
    stored = Stored(states={TRUMP.id: down().state}, heartbeat_at=at(100))
    reopened = reopen(stored, WATCHED, at(160))
    state = reopened.states[TRUMP.id]
    assert (state.phase, state.outage is not None) == (Phase.DOWN, True)
    assert state.unobserved == at(160) - at(100)
    [gone] = reopened.commit.unobserved
    assert (gone.account_id, gone.from_at, gone.to_at) == (None, at(100), at(160))
    assert reopened.commit.transitions == ()
    assert reopened.commit.states == (state,)


def test_an_account_that_is_no_longer_watched() -> None:
    """Its outage is closed with its end unknown, and so is the incident; once it is unwatched nothing more happens."""
    stored = Stored(states={TRUMP.id: down().state}, heartbeat_at=at(100))
    reopened = reopen(stored, OTHERS, at(160))
    assert list(reopened.states) == [POTUS.id]
    [closed, unwatched] = reopened.commit.transitions
    assert closed.outage is not None
    assert (closed.outage.end_cause, unwatched.kind) == (EndCause.UNWATCHED, TransitionKind.ACCOUNT_UNWATCHED)
    assert reopened.commit.closed == ((closed.outage.id, at(160)),)

    assert reopened.commit.watched == (watched(POTUS, second=160, gone=(TRUMP.id,)),)

    left = Stored(
        accounts={account.id: account for account in (TRUMP, POTUS)},
        states={TRUMP.id: reopened.commit.states[0]},
        unwatched=frozenset({TRUMP.id}),
    )
    assert reopen(left, OTHERS, at(200)).commit == Commit()


def test_an_account_that_is_watched_again() -> None:
    """It goes on from its row, suspected if it was down."""
    gone = reopen(Stored(states={TRUMP.id: down().state}), OTHERS, at(160)).commit.states[0]
    stored = Stored(states={TRUMP.id: gone}, unwatched=frozenset({TRUMP.id}))
    reopened = reopen(stored, WATCHED, at(400))
    assert reopened.states[TRUMP.id].phase is Phase.SUSPECT
    assert [t.kind for t in reopened.commit.transitions] == [TransitionKind.ACCOUNT_REWATCHED]


def test_controls_of_the_future_prove_nothing() -> None:
    """What was said by a clock that has been set back since is left out."""
    past, future = control(Reason.PROFILE, 10), control(Reason.PROFILE, 90, "UN")
    absent = control(Reason.NOT_FOUND, 95, "qx")
    [kept] = not_after([report((future, past), (absent,))], at(60))
    assert (kept.positives, kept.negatives) == ((past,), ())


BOTH = Watchlist(accounts={TRUMP.id: TRUMP, POTUS.id: POTUS}, owners={})


def test_what_an_edit_changes() -> None:
    """Who comes, who goes, and whose entry says something else; the order of the list means nothing."""
    louder = replace(POTUS, severity=Severity.CRITICAL)
    assert compare(WATCHED, OTHERS) == Edit(added=(POTUS.id,), removed=(TRUMP.id,))
    assert compare(BOTH, Watchlist(accounts={louder.id: louder, TRUMP.id: TRUMP}, owners={})) == Edit(
        changed=(POTUS.id,)
    )
    assert compare(BOTH, BOTH) == Edit()


def listed(count: int) -> Watchlist:
    """The first so many of some accounts."""
    return Watchlist(accounts={f"x:{n}": replace(TRUMP, id=f"x:{n}") for n in range(count)}, owners={})


@pytest.mark.parametrize(
    ("left", "gone", "why"),
    [
        (5, 0, None),
        (5, 1, None),
        (4, 0, "removes 6 of 10 accounts"),
        (8, 2, "removes 2 accounts that are gone right now (x:8, x:9)"),
        (10, 9, None),
    ],
)
def test_too_much_is_not_done_unasked(left: int, gone: int, why: str | None) -> None:
    """More than half of all accounts, or several that are gone: rather a file cut short than an intention."""
    states = {f"x:{n}": AccountState(account_id=f"x:{n}", since=at(0)) for n in range(10)}
    states |= {f"x:{n}": replace(states[f"x:{n}"], phase=Phase.DOWN) for n in range(10 - gone, 10)}
    assert too_much(compare(listed(10), listed(left)), listed(10), states) == why


def test_an_edit_leaves_the_others_alone() -> None:
    """Who stays is the same to the last counter, and nothing is stored of them; the newcomer is new."""
    story = down()
    handover = edited(WATCHED, BOTH, {TRUMP.id: story.state}, Stored(), at(100))
    assert handover.states == {POTUS.id: AccountState(account_id=POTUS.id, since=at(100))}
    assert handover.commit == Commit(watched=(watched(POTUS, second=100),))


def test_another_interval_is_not_stored() -> None:
    """A calendar turns for all accounts at once: the store, which keeps no intervals, is not written to."""
    sooner = replace(TRUMP, policy=replace(TRUMP.policy, interval=TRUMP.policy.interval / 2))
    faster = replace(WATCHED, accounts={TRUMP.id: sooner})
    assert edited(WATCHED, faster, {TRUMP.id: down().state}, Stored(), at(100)).commit == Commit()


def test_an_edit_that_takes_one_away_in_an_outage() -> None:
    """As at a start: closed with its end unknown. Put on again it goes on from what was stored."""
    states = {TRUMP.id: down().state, POTUS.id: AccountState(account_id=POTUS.id, since=at(0))}
    without = edited(BOTH, OTHERS, states, Stored(), at(100))
    assert (without.states, without.gone) == ({}, (TRUMP.id,))
    [closed, unwatched] = without.commit.transitions
    assert closed.outage is not None
    assert (closed.outage.end_cause, unwatched.kind) == (EndCause.UNWATCHED, TransitionKind.ACCOUNT_UNWATCHED)
    assert without.commit.closed == ((closed.outage.id, at(100)),)

    [stored] = without.commit.states
    again = edited(OTHERS, BOTH, {POTUS.id: states[POTUS.id]}, Stored(states={TRUMP.id: stored}), at(160))
    assert again.states[TRUMP.id].phase is Phase.SUSPECT
    assert again.states[TRUMP.id].previous_outage_id == closed.outage.id
    assert again.states[TRUMP.id].outages_total == 1
    assert [item.kind for item in again.commit.transitions] == [TransitionKind.ACCOUNT_REWATCHED]


def test_an_edit_of_the_handle_after_a_rename() -> None:
    """The entry that catches up with a rename changes nothing else; an edit of anything else leaves what was found."""
    renamed = replace(Story.up().state, handle="potus45")
    louder = Watchlist(accounts={TRUMP.id: replace(TRUMP, severity=Severity.CRITICAL)}, owners={})
    moved = Watchlist(accounts={TRUMP.id: replace(TRUMP, handle="potus45", display_handle="POTUS45")}, owners={})
    assert edited(WATCHED, louder, {TRUMP.id: renamed}, Stored(), at(100)).states == {}
    handover = edited(WATCHED, moved, {TRUMP.id: renamed}, Stored(), at(100))
    assert handover.states[TRUMP.id] == replace(renamed, handle=None)
    assert handover.commit.states == (replace(renamed, handle=None),)


def test_another_handle_in_the_list_since_the_last_run() -> None:
    """A rename had been followed; the entry, edited while stopped or put back, names another page: that is asked."""
    renamed = replace(Story.up().state, handle="potus45")
    moved = Watchlist(accounts={TRUMP.id: replace(TRUMP, handle="djt", display_handle="djt")}, owners={})
    for unwatched in (frozenset[str](), frozenset({TRUMP.id})):
        stored = Stored(accounts={TRUMP.id: TRUMP}, states={TRUMP.id: renamed}, unwatched=unwatched)
        assert reopen(stored, WATCHED, at(160)).states[TRUMP.id].handle == "potus45"
        assert reopen(stored, moved, at(160)).states[TRUMP.id].handle is None
        back = edited(OTHERS, moved, {POTUS.id: AccountState(account_id=POTUS.id, since=at(0))}, stored, at(160))
        assert back.states[TRUMP.id].handle is None


def test_an_entry_that_names_another_page() -> None:
    """Of that one nothing is known: an outage of the old page has not ended by a sight of the new one."""
    state = replace(down().state, stable_id="25073877")
    assert state.outage is not None
    other = Watchlist(accounts={TRUMP.id: replace(TRUMP, handle="djt", display_handle="djt")}, owners={})
    stored = Stored(accounts={TRUMP.id: TRUMP}, states={TRUMP.id: state}, heartbeat_at=at(100))
    for handover in (edited(WATCHED, other, {TRUMP.id: state}, Stored(), at(100)), reopen(stored, other, at(100))):
        moved = handover.states[TRUMP.id]
        assert (moved.phase, moved.outage, moved.stable_id, moved.last_present) == (Phase.NEW, None, None, None)
        assert (moved.outages_total, moved.observed, moved.last_outage_id) == (1, state.observed, state.outage.id)
        [closed] = handover.commit.transitions
        assert closed.outage is not None
        assert (closed.kind, closed.outage.end_cause) == (TransitionKind.OUTAGE_CLOSED, EndCause.UNWATCHED)
        assert handover.commit.closed == ((state.outage.id, at(100)),)


def test_a_start_that_takes_away_much_is_noticed() -> None:
    """As an edit would be, by what was watched last; who was taken off before does not count."""
    stored = Stored(accounts=dict(listed(10).accounts), unwatched=frozenset({"x:9"}))
    assert removed_at_start(stored, listed(5)) is None
    assert removed_at_start(stored, listed(4)) == "removes 5 of 9 accounts"
    assert removed_at_start(Stored(), listed(4)) is None
