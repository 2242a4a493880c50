"""When to look again, and how loud an outage is."""

from dataclasses import replace

import pytest

from tests.unit.judge.story import Story, policy, seconds
from watcher.judge.policy import expected, severity_of, wait
from watcher.model.account import Severity
from watcher.model.finding import Certainty, Reason

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    ("severity", "reason", "certainty", "loud"),
    [
        (CRITICAL, Reason.NOT_FOUND, Certainty.STATED, CRITICAL),
        (WARNING, Reason.SUSPENDED, Certainty.SHOWN, WARNING),
        (CRITICAL, Reason.UNAVAILABLE, Certainty.RESEMBLES, WARNING),
        (WARNING, Reason.UNAVAILABLE, Certainty.RESEMBLES, INFO),
        (INFO, Reason.UNAVAILABLE, Certainty.RESEMBLES, INFO),
        (CRITICAL, Reason.WITHHELD, Certainty.STATED, INFO),
        (CRITICAL, Reason.WITHHELD, Certainty.RESEMBLES, INFO),
    ],
)
def test_severity(severity: Severity, reason: Reason, certainty: Certainty, loud: Severity) -> None:
    """An outage is as loud as its account, one step lower where it is mere likeness, info where it is withheld."""
    assert severity_of(severity, reason, certainty) is loud


def test_waits_of_the_phases() -> None:
    """The interval where nothing is open, confirm.interval under suspicion, recover.interval on return."""
    rules = replace(policy(), recover=replace(policy().recover, interval=seconds(15)))
    story = Story.under(rules)
    assert wait(story.state, rules) == seconds(60)
    story.see(Reason.NOT_FOUND, 0)
    assert wait(story.state, rules) == seconds(10)  # NEW, and missing: is it a typo?
    story.see(Reason.NOT_FOUND, 10)
    story.see(Reason.NOT_FOUND, 20)
    assert wait(story.state, rules) == seconds(60)  # NEVER_SEEN
    story.see(Reason.PROFILE, 80)
    assert wait(story.state, rules) == seconds(60)  # UP
    story.see(Reason.NOT_FOUND, 140)
    assert wait(story.state, rules) == seconds(10)  # SUSPECT
    story.see(Reason.NOT_FOUND, 150)
    story.see(Reason.NOT_FOUND, 160)
    assert wait(story.state, rules) == seconds(10)  # DOWN
    story.see(Reason.PROFILE, 170)
    assert wait(story.state, rules) == seconds(15)  # RECOVERING


def test_no_wait_is_longer_than_the_interval() -> None:
    """An interval shorter than those of confirmation and recovery holds for these too."""
    rules = policy(every=5, again=30)
    story = Story.down(rules)
    assert wait(story.state, rules) == seconds(5)
    for second in (100, 110, 120, 130, 140, 150):
        story.see(Reason.NOT_FOUND, second)
    assert wait(story.state, rules) == seconds(5)
    story.see(Reason.PROFILE, 160)
    assert wait(story.state, rules) == seconds(5)
    assert wait(Story.under(rules).state, rules) == seconds(5)


def test_watched_closely_for_a_quarter_of_an_hour() -> None:
    """While DOWN every 10 s for 15 minutes from the confirmation, then ever more slowly up to the interval."""
    story = Story.down(policy(every=300))
    second, waits = 80.0, []
    while second < 80 + 900 + 800:
        span = wait(story.state, story.account.policy).total_seconds()
        waits.append(span)
        second += span
        story.see(Reason.NOT_FOUND, second)
    assert waits[:90] == [10.0] * 90
    assert waits[90:] == [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]


def test_walls_double_the_wait() -> None:
    """Inconclusive answers in a row are asked again after 10, 20, 40 s, then at the interval; a verdict ends that."""
    story = Story.up(0)
    waits = []
    for second in (60, 70, 90, 130, 190):
        story.see(Reason.LOGIN_WALL, second)
        waits.append(wait(story.state, story.account.policy))
    assert waits == [seconds(10), seconds(20), seconds(40), seconds(60), seconds(60)]
    story.see(Reason.PROFILE, 250)
    assert wait(story.state, story.account.policy) == seconds(60)


def test_walls_for_years_overflow_nothing() -> None:
    """However many walls in a row, the wait is the interval."""
    state = replace(Story.up().state, inconclusive=10**9)
    assert wait(state, policy()) == seconds(60)


def test_down_without_an_outage_at_hand() -> None:
    """A state that was put together without its outage is looked at closely."""
    down = Story.down().state
    assert expected(replace(down, outage=None), policy()) == seconds(10)
    assert expected(replace(down, last_verdict_at=None), policy()) == seconds(10)
