"""When an account is said to come and go."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.judge.story import TRUMP, at
from tests.unit.judge.story import found as finding
from watcher.judge.flapping import SAMPLES, share_of
from watcher.judge.machine import step
from watcher.model.account import Account
from watcher.model.finding import Reason
from watcher.model.outage import AccountState, TransitionKind

MINUTE = 60


def play(account: Account, *absent: bool, every: int = MINUTE) -> list[tuple[int, TransitionKind]]:
    """What is said of an account seen so, one look after the other: (look, kind) of each word about flapping."""
    state = AccountState(account_id=account.id, since=at(0))
    said = []
    for place, is_absent in enumerate((False, *absent)):
        decision = step(state, finding(Reason.NOT_FOUND if is_absent else Reason.PROFILE, place * every), account)
        state = decision.state
        said += [(place, item.kind) for item in decision.transitions if item.kind.startswith("Flapping")]
    return said


def test_one_outage_is_none() -> None:
    """Eleven minutes away, and back: two changes."""
    assert play(TRUMP, *[True] * 11, *[False] * 30) == []


def test_it_begins_once_and_ends_once() -> None:
    """Gone every four minutes: said at the third outage. Then it stays: said once the changes have gone by."""
    told = play(TRUMP, *[True, True, True, False, False] * 8, *[False] * 40)
    assert [kind for _, kind in told] == [TransitionKind.FLAPPING_STARTED, TransitionKind.FLAPPING_STOPPED]
    begins, ends = (look for look, _ in told)
    assert 13 <= begins <= 15
    assert 40 < ends <= 40 + SAMPLES


def test_suspicions_that_come_to_nothing_are_none() -> None:
    """Gone every second look, and never long enough to be an outage."""
    assert play(TRUMP, *[True, False] * 30) == []


def test_looks_that_follow_quickly_are_one_sample() -> None:
    """Three outages within one interval are one change."""
    assert play(TRUMP, *[True, True, True, False, False] * 3, *[False] * 30, every=1) == []


def test_what_is_gone_for_good_stops_too() -> None:
    """The end does not mean that it is there."""
    told = play(TRUMP, *[True, True, True, False, False] * 6, *[True] * 40)
    assert [kind for _, kind in told] == [TransitionKind.FLAPPING_STARTED, TransitionKind.FLAPPING_STOPPED]


def test_a_long_silence_is_no_sample_of_anything() -> None:
    """After hours without a look nothing of before counts."""
    state = AccountState(account_id=TRUMP.id, since=at(0))
    for place in range(23):
        reason = Reason.NOT_FOUND if place % 5 > 1 else Reason.PROFILE
        state = step(state, finding(reason, place * MINUTE), TRUMP).state
    assert state.flapping_since is not None
    after = step(state, finding(Reason.PROFILE, 100 * MINUTE), TRUMP)
    assert after.state.flapping_since is None
    assert [t.kind for t in after.transitions][-1:] == [TransitionKind.FLAPPING_STOPPED]


@given(st.integers(0, 2**20 - 1))
def test_the_recent_weigh_more(history: int) -> None:
    """The share lies between 0 and 1, and a change moved to the past weighs less."""
    assert 0 <= share_of(history) <= 1.0000001
    older = history << 1 & (2**20 - 1)
    assert share_of(older) <= share_of(history)


def test_the_samples_are_intervals_of_the_account() -> None:
    """With looks every ten minutes a change every twenty is as many as with minutes and two."""
    slow = replace(TRUMP, policy=replace(TRUMP.policy, interval=timedelta(minutes=10)))
    looks = [True, True, True, False, False] * 8
    assert play(slow, *looks, every=10 * MINUTE) == play(TRUMP, *looks) != []
