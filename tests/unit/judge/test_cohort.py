"""Mass events: who belongs to one, how long confirmation waits for it, and that nothing is lost by it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.judge.story import TRUMP, Story, at, found, policy, seconds, window
from watcher.judge.cohort import HOLD, WINDOW, Absences, Cohort, is_held, key_of, place_of
from watcher.judge.machine import step
from watcher.model.account import Policy
from watcher.model.finding import Reason
from watcher.model.outage import AccountState, Phase, TransitionKind

X = "x"
MASS = Cohort(id="cohort-x-20171102T230100000")


def missing(name: str, second: float) -> AccountState:
    """An account that is suspected to be gone since then."""
    return AccountState(
        account_id=f"x:{name}", phase=Phase.SUSPECT, since=at(second), began=window(second - 1, second), n=1
    )


def told(name: str, second: float, cohort_id: str | None) -> AccountState:
    """An account with an open outage of that mass event."""
    outage = Story.down().state.outage
    assert outage is not None
    of = replace(outage, account_id=f"x:{name}", began=window(second - 1, second), cohort_id=cohort_id)
    return AccountState(account_id=f"x:{name}", phase=Phase.DOWN, since=at(second), outage=of)


def absences(*states: AccountState) -> Absences:
    """As known of these."""
    return Absences((X, state) for state in states)


@pytest.mark.parametrize(
    ("others", "watched", "is_mass"), [(3, 10, False), (4, 10, True), (4, 25, True), (4, 26, False)]
)
def test_how_many_make_a_mass_event(others: int, watched: int, is_mass: bool) -> None:
    """Five of those watched at the place, or one in five where that is more, the account itself among them."""
    known = absences(*(missing(str(number), number) for number in range(others)))
    assert (known.cohort(X, "x:me", at(10), watched) is not None) is is_mass


@pytest.mark.parametrize(("last", "is_mass"), [(300, True), (301, False)])
def test_they_turn_absent_within_five_minutes(last: float, is_mass: bool) -> None:
    """All of them within one window, wherever in it the account's own absence lies."""
    assert timedelta(minutes=5) == WINDOW
    known = absences(*(missing(str(number), second) for number, second in enumerate((0, 10, 20, last))))
    assert (known.cohort(X, "x:me", at(150), 8) is not None) is is_mass


def test_who_is_back_or_elsewhere_does_not_count() -> None:
    """An absence that ended, or at another platform, makes no mass event."""
    known = absences(*(missing(str(number), number) for number in range(4)))
    assert known.cohort("bluesky", "bluesky:me", at(10), 8) is None
    known.note(X, AccountState(account_id="x:0", phase=Phase.UP, since=at(5)))
    assert known.cohort(X, "x:me", at(10), 8) is None


def test_an_event_that_was_told_of_is_joined() -> None:
    """Who is confirmed later comes under the same incident; an event of another time has another one."""
    known = absences(*(told(str(number), number, MASS.id) for number in range(4)))
    joined = known.cohort(X, "x:me", at(200), 8)
    assert joined is not None
    assert joined.id == MASS.id
    later = absences(
        *(told(str(number), number, MASS.id) for number in range(4)), *(missing(f"l{n}", 2000) for n in range(5))
    )
    other = later.cohort(X, "x:me", at(2001), 8)
    assert other is not None
    assert other.id != MASS.id
    assert key_of(other.id) != key_of(MASS.id)
    assert place_of(other.id) == place_of(MASS.id) == X


def test_how_many_of_an_event_are_still_missing() -> None:
    """They are counted as they return; at half of them the event is said to end."""
    known = absences(*(told(str(number), number, MASS.id) for number in range(4)))
    assert (known.missing_of(MASS.id), known.is_returning(MASS.id)) == (4, False)
    for number in range(2):
        known.note(X, AccountState(account_id=f"x:{number}", phase=Phase.UP, since=at(500)))
    assert (known.missing_of(MASS.id), known.is_returning(MASS.id)) == (2, True)
    for number in range(2, 4):
        known.note(X, AccountState(account_id=f"x:{number}", phase=Phase.UP, since=at(500)))
    assert (known.missing_of(MASS.id), known.is_returning(MASS.id)) == (0, False)


def test_a_restart_knows_the_same() -> None:
    """What is known follows from the states alone, in whatever order they come."""
    states = [told(str(number), number, MASS.id) for number in range(3)] + [missing("3", 3)]
    running = Absences()
    for state in (missing("0", 0), *states):
        running.note(X, state)
    restarted = absences(*reversed(states))
    assert running.cohort(X, "x:me", at(4), 8) == restarted.cohort(X, "x:me", at(4), 8) == replace(MASS)
    assert running.missing_of(MASS.id) == restarted.missing_of(MASS.id) == 3


@pytest.mark.parametrize(
    ("cohort", "threshold", "second", "held"),
    [
        (None, 3, 20, False),
        (MASS, 3, 20, True),
        (MASS, 3, 139, True),
        (MASS, 3, 140, False),
        (MASS, 1, 119, True),
        (MASS, 1, 120, False),
        (Cohort(id=MASS.id, seconded=True), 3, 20, False),
    ],
)
def test_how_long_an_absence_waits(cohort: Cohort | None, threshold: int, second: float, held: bool) -> None:
    """Two minutes longer than confirmation takes at least, unless another source says the same."""
    assert timedelta(minutes=2) == HOLD
    assert is_held(cohort, at(0), at(second), policy(confirm=threshold)) is held


def test_the_outage_of_a_mass_event_begins_with_its_first_absence() -> None:
    """It is opened two minutes later, under the event's incident, and nothing of it is lost."""
    state, opened = Story.up().state, []
    for second in range(60, 300, 10):
        decision = step(state, found(Reason.SUSPENDED, second), TRUMP, MASS)
        state = decision.state
        opened += [(second, t) for t in decision.transitions if t.kind is TransitionKind.OUTAGE_OPENED]
    [(second, transition)] = opened
    assert second == 60 + 20 + 120
    assert transition.outage is not None
    assert transition.outage.began == window(59, 60)
    assert transition.outage.cohort_id == MASS.id


def test_another_source_or_the_end_of_the_event_ends_the_wait() -> None:
    """An absence that another source confirms, or whose company has returned, is opened at the usual count."""
    for cohort, cohort_id in ((replace(MASS, seconded=True), MASS.id), (None, None)):
        state = Story.up().state
        for second in (60, 70):
            state = step(state, found(Reason.SUSPENDED, second), TRUMP, MASS).state
        state = step(state, found(Reason.SUSPENDED, 80), TRUMP, cohort).state
        assert state.phase is Phase.DOWN
        assert state.outage is not None
        assert state.outage.cohort_id == cohort_id


def test_a_return_never_waits() -> None:
    """Who is seen again is up at once while held, and after two looks once an outage was opened, as ever."""
    held = Story.up().state
    for second in (60, 70, 80, 90):
        held = step(held, found(Reason.SUSPENDED, second), TRUMP, MASS).state
    assert held.phase is Phase.SUSPECT
    assert step(held, found(Reason.PROFILE, 100), TRUMP).state.phase is Phase.UP
    down = step(held, found(Reason.SUSPENDED, 200), TRUMP, MASS).state
    assert down.phase is Phase.DOWN
    for second in (210, 220):
        down = step(down, found(Reason.PROFILE, second), TRUMP).state
    assert down.phase is Phase.UP


def test_the_wait_is_reckoned_by_the_policy_of_the_account() -> None:
    """A slower confirmation waits its own time, and two minutes more."""
    slow = replace(Policy(), confirm=replace(Policy().confirm, interval=seconds(30)))
    assert is_held(MASS, at(0), at(179), slow)
    assert not is_held(MASS, at(0), at(180), slow)
