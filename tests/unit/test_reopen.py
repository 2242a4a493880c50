"""How a start goes on from what an earlier run stored."""

from dataclasses import replace

from tests.unit.judge.story import TRUMP, Story, at, control, report
from watcher.model.account import Watchlist
from watcher.model.finding import Reason
from watcher.model.outage import EndCause, Phase, TransitionKind
from watcher.reopen import not_after, reopen
from watcher.store.base import Commit, Stored

WATCHED = Watchlist(accounts={TRUMP.id: TRUMP}, owners={})
POTUS = replace(TRUMP, id="x:potus", handle="potus", display_handle="POTUS")
OTHERS = Watchlist(accounts={POTUS.id: POTUS}, owners={})


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
    assert reopened.commit == Commit()


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

    left = Stored(states={TRUMP.id: reopened.commit.states[0]}, unwatched=frozenset({TRUMP.id}))
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
