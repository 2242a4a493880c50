"""A change of an interval is not taken for silence, nor does it hide one. It changes at 300 s: at 08:00, say."""

from dataclasses import replace

import pytest

from tests.unit.judge.story import Story, at, policy, seconds
from watcher.judge.policy import is_overdue
from watcher.model.account import Policy
from watcher.model.finding import Reason
from watcher.model.outage import TransitionKind

K = TransitionKind
CHANGE = 300


def changed(every: float, previous: float) -> Policy:
    """The policy after the change."""
    return replace(policy(every=every), changed_at=at(CHANGE), previous=seconds(previous))


def seen_before(second: float, every: float) -> Story:
    """An account that was last seen at `second`, under the interval before the change."""
    return Story.up(second, policy(every=every))


def change(story: Story, every: float) -> None:
    """From now on it is looked at so often."""
    before = story.account.policy.interval.total_seconds()
    story.account = replace(story.account, policy=changed(every, before))


def test_morning_ten_minutes_become_thirty_seconds() -> None:
    """Seen at 07:55, looked at again half a minute after 08:00: never blind, and nothing was unobserved."""
    story = seen_before(0, every=600)
    change(story, every=30)
    for second in (300, 310, 320, 330):
        assert story.wait(second) == []
    assert story.see(Reason.PROFILE, 331) == []
    assert story.unobserved == []
    for second in range(360, 600, 30):
        assert story.wait(second) == story.see(Reason.PROFILE, second) == []
    assert story.unobserved == []


def test_evening_thirty_seconds_become_ten_minutes() -> None:
    """The first look after 18:00 may be ten minutes away: no gap, and nobody is blind."""
    story = seen_before(290, every=30)
    change(story, every=600)
    assert story.wait(890) == []
    assert story.see(Reason.PROFILE, 895) == []
    assert story.unobserved == []


def test_who_is_silent_after_the_change_is_told_of_by_the_new_interval() -> None:
    """Three times thirty seconds after 08:00, not three times ten minutes after 07:55."""
    story = seen_before(0, every=600)
    change(story, every=30)
    assert story.see(Reason.TIMEOUT, 331) == []
    assert story.wait(CHANGE + 89) == []
    assert story.wait(CHANGE + 90) == [K.ACCOUNT_BLIND]
    assert story.see(Reason.PROFILE, 700) == [K.ACCOUNT_SIGHTED]


def test_who_falls_silent_later_is_told_of_as_ever() -> None:
    """Once there was a verdict under the new interval, the change is of the past."""
    story = seen_before(0, every=600)
    change(story, every=30)
    story.see(Reason.PROFILE, 331)
    assert story.wait(331 + 89) == []
    assert story.wait(331 + 90) == [K.ACCOUNT_BLIND]
    assert story.see(Reason.PROFILE, 500) == [K.ACCOUNT_SIGHTED]
    assert [(span.from_at, span.to_at) for span in story.unobserved] == [(at(331), at(500))]


def test_who_was_silent_by_the_old_interval_is_told_of_although_the_new_one_is_long() -> None:
    """Ninety seconds of silence before 18:00 were too many, whatever the interval afterwards."""
    story = seen_before(205, every=30)
    change(story, every=600)
    assert story.wait(CHANGE + 1) == [K.ACCOUNT_BLIND]


def test_a_little_silence_before_a_longer_interval_is_none() -> None:
    """Less than three of the short intervals before the change, less than three of the long ones after it."""
    story = seen_before(220, every=30)
    change(story, every=600)
    assert story.wait(CHANGE + 3 * 600 - 1) == []
    assert story.wait(CHANGE + 3 * 600) == [K.ACCOUNT_BLIND]


def test_what_was_unobserved_before_the_change_stays_so() -> None:
    """Looked at every thirty seconds, an account without a verdict for 70 s was not observed, by night either."""
    story = seen_before(230, every=30)
    change(story, every=600)
    story.see(Reason.PROFILE, 400)
    assert [(span.from_at, span.to_at) for span in story.unobserved] == [(at(230), at(400))]


def test_what_was_too_long_by_either_interval_is_unobserved() -> None:
    """Twice ten minutes are allowed across the change, and no more."""
    story = seen_before(0, every=600)
    change(story, every=30)
    within, beyond = replace(story), replace(story, unobserved=[])
    within.see(Reason.PROFILE, 1200)
    beyond.see(Reason.PROFILE, 1201)
    assert within.unobserved == []
    assert [(span.from_at, span.to_at) for span in beyond.unobserved] == [(at(0), at(1201))]


def test_an_outage_across_the_change_is_observed_by_the_intervals_too() -> None:
    """Gone, and looked at more seldom than every ten seconds, as the pace allows: a minute is no gap, 61 s are one."""
    story = Story.down(policy(every=600))
    for second in range(90, 300, 40):
        story.see(Reason.NOT_FOUND, second)
    change(story, every=30)
    for second in (330, 390):
        story.see(Reason.NOT_FOUND, second)
    assert story.unobserved == []
    story.see(Reason.NOT_FOUND, 451)
    assert [(span.from_at, span.to_at) for span in story.unobserved] == [(at(390), at(451))]


@pytest.mark.parametrize(("now", "overdue"), [(89, False), (90, True)])
def test_an_answer_from_before_the_change_is_reckoned_by_the_old_interval(now: float, overdue: bool) -> None:
    """A finding may be judged after a change that came while it was on its way."""
    assert is_overdue(at(0), at(now), changed(every=600, previous=30)) is overdue


def test_without_a_change_three_intervals_are_three_intervals() -> None:
    """An interval that has been in force ever since has nothing before it."""
    assert not is_overdue(at(0), at(179), policy())
    assert is_overdue(at(0), at(180), policy())


def test_another_confirm_interval_excuses_no_silence() -> None:
    """Silence is reckoned by `interval`: where that is the same before and after, the change makes no difference."""
    now = replace(policy(every=30, again=5), changed_at=at(CHANGE), previous=seconds(30))
    assert not is_overdue(at(250), at(339), now)
    assert is_overdue(at(250), at(340), now)
