"""What the controls say of a platform."""

import pytest

from tests.unit.judge.story import control, report
from watcher.judge.platform_health import assess
from watcher.model.control import ControlFinding, Health
from watcher.model.finding import Reason

THERE = (control(Reason.PROFILE, 0),)
MISSING = (control(Reason.NOT_FOUND, 0, "qz"),)


def test_ok() -> None:
    """Who exists is present, who does not is absent."""
    assert assess(report(THERE, MISSING)) is Health.OK


@pytest.mark.parametrize(
    "reason",
    [
        Reason.NOT_FOUND,
        Reason.SUSPENDED,
        Reason.PLATFORM_ERROR,
        Reason.TIMEOUT,
        Reason.DNS,
        Reason.CONNECT,
        Reason.TLS,
        Reason.TRUNCATED,
        Reason.BAD_RESPONSE,
    ],
)
def test_sick(reason: Reason) -> None:
    """Who always exists is absent, or the platform fails."""
    assert assess(report((control(reason, 0),), MISSING)) is Health.SICK


@pytest.mark.parametrize("reason", [Reason.LOGIN_WALL, Reason.CHALLENGE, Reason.RATE_LIMITED, Reason.UNRECOGNISED])
def test_blind_behind_a_wall(reason: Reason) -> None:
    """A wall before who always exists."""
    assert assess(report((control(reason, 0),), MISSING)) is Health.BLIND


@pytest.mark.parametrize(
    "negatives",
    [
        (control(Reason.PROFILE, 0, "qz"),),
        (control(Reason.PROFILE, 0, "qz"), control(Reason.NOT_FOUND, 0, "qy")),
        (control(Reason.UNRECOGNISED, 0, "qz"),),
    ],
    ids=["everybody exists", "some exist", "unknown"],
)
def test_blind_where_not_told_apart(negatives: tuple[ControlFinding, ...]) -> None:
    """Who exists and who does not look the same, or may."""
    assert assess(report(THERE, negatives)) is Health.BLIND


@pytest.mark.parametrize("reason", [Reason.LOCAL_NETWORK, Reason.NO_SOURCE, Reason.QUOTA])
def test_unproven_by_our_own_failure(reason: Reason) -> None:
    """What failed on our side says nothing of the platform, whichever side was asked."""
    assert assess(report((control(reason, 0),), MISSING)) is Health.UNPROVEN
    assert assess(report(THERE, (control(reason, 0, "qz"),))) is Health.UNPROVEN
    assert assess(report(THERE, (control(reason, 0, "qz"), *MISSING))) is Health.OK


def test_unproven_unless_both_sides_were_asked() -> None:
    """One side alone proves nothing."""
    assert assess(report()) is Health.UNPROVEN
    assert assess(report(THERE)) is Health.UNPROVEN
    assert assess(report(negatives=MISSING)) is Health.UNPROVEN


def test_the_newest_look_decides() -> None:
    """One control that was there before the wall does not hide the wall; one rotten control does not make one."""
    before, wall = control(Reason.PROFILE, 0), control(Reason.LOGIN_WALL, 300, "X")
    assert assess(report((wall, before), MISSING)) is Health.BLIND
    assert assess(report((before, wall), MISSING)) is Health.BLIND
    rotten, sound = control(Reason.SUSPENDED, 300, "X"), control(Reason.PROFILE, 301)
    assert assess(report((sound, rotten), MISSING)) is Health.OK
