"""How exactly an outage is measured when looks follow the policy's waits: eleven minutes, at every phase of polling."""

import random

import pytest

from tests.unit.judge.story import Story, at, found, policy, seconds
from watcher.judge.policy import wait
from watcher.model.account import Policy
from watcher.model.finding import Reason
from watcher.model.outage import Outage, Phase, TransitionKind

GONE, BACK = 600.0, 1260.0
TRUTH = seconds(BACK - GONE)
PHASES = 200


def measure(the_policy: Policy, phase: float, fetch: float) -> tuple[Outage, float]:
    """Poll from `phase` on, each look as long after the answer before as the policy says; the outage, told when."""
    story, second = Story.under(the_policy), phase
    while TransitionKind.OUTAGE_CLOSED not in story.kinds:
        second += fetch
        gone = GONE <= second - fetch / 2 < BACK
        story.see(Reason.NOT_FOUND if gone else Reason.PROFILE, second, took=fetch)
        second += wait(story.state, the_policy).total_seconds()
        assert second < 2 * BACK
    closed = story.happened[-1]
    assert closed.outage is not None
    return closed.outage, (closed.at - at(0)).total_seconds()


def test_eleven_minutes_at_every_phase() -> None:
    """At an interval of 60 s: confirmed within 90 s, told to be back within 30 s, and best is 35 s off at most."""
    fetch = 0.2
    for step in range(PHASES):
        outage, told = measure(policy(), 60 * step / PHASES, fetch)
        span = outage.duration
        assert span.max is not None
        assert span.min <= TRUTH <= span.max
        assert span.max - span.min <= seconds(90)
        assert abs(span.best - TRUTH) <= seconds((60 + 10) / 2 + fetch)
        assert outage.confirmed_at - at(GONE) <= seconds(90)
        assert told - BACK <= 30


def test_a_shorter_interval_measures_closer() -> None:
    """At an interval of 20 s best is 15 s off at most."""
    for step in range(PHASES):
        span = measure(policy(every=20), 20 * step / PHASES, 0.2)[0].duration
        assert abs(span.best - TRUTH) <= seconds(15.2)


@pytest.mark.parametrize("seed", range(20))
def test_slow_and_cached_answers(seed: int) -> None:
    """With fetches of 0.2 to 9 s and answers from a cache the bounds get wider, and still hold the truth."""
    chance = random.Random(seed)
    story, second, copy = Story.under(policy()), chance.uniform(0, 60), -1.0
    while story.phase is not Phase.UP or not story.state.outages_total:
        sent, fetch = second, chance.uniform(0.2, 9)
        second += fetch
        if chance.random() < 0.5 or copy < 0:
            copy, age = sent + fetch * chance.random(), None
        else:
            age = float(int(second - copy))
        gone = GONE <= copy < BACK
        story.see(Reason.NOT_FOUND if gone else Reason.PROFILE, second, took=fetch, age=age)
        second += wait(story.state, story.account.policy).total_seconds()
        assert second < 4 * BACK
    outage = next(t.outage for t in story.happened if t.kind is TransitionKind.OUTAGE_CLOSED)
    assert outage is not None
    assert outage.ended is not None
    assert outage.last_present <= at(GONE) <= outage.began.latest
    assert outage.last_absent.earliest <= at(BACK) <= outage.ended.latest
    assert outage.duration.max is not None
    assert outage.duration.min <= TRUTH <= outage.duration.max


def test_why_contradictions_in_one_window_are_dropped() -> None:
    """A page away from −50 to 9.5 and again from 12 on: an overlapping copy of the first absence opens nothing."""
    story = Story()
    story.see(Reason.PROFILE, -60)
    story.see(Reason.PROFILE, 10, took=10)  # seen at 9.9
    story.judge(found(Reason.NOT_FOUND, 12, took=1, age=1))  # the window [9, 11]; seen at 9.1
    assert story.phase is Phase.UP
    for second in (25, 35, 45):
        story.see(Reason.NOT_FOUND, second)
    assert story.outage.last_present <= at(12) <= story.outage.began.latest
