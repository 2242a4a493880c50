"""The gate: what passes, what is refused, and that what is refused is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.judge.story import KEY, ME, OTHER, at, control, found, report
from watcher.judge.gate import SETTLED, admit, describe, refuse
from watcher.model.control import Calibration, ControlFinding, ControlKey, ControlReport
from watcher.model.finding import Certainty, Finding, Reason, Verdict

ABSENT = found(Reason.NOT_FOUND, 60)
ALIKE = found(Reason.UNAVAILABLE, 60, certainty=Certainty.RESEMBLES)
PRESENT = found(Reason.PROFILE, 60)


def refused(finding: Finding) -> str:
    """Why a finding was refused; fails if it was admitted."""
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.reason is Reason.CONTROL_FAILED
    assert finding.refused is not None
    return finding.refused.why


def test_absent_after_a_positive_control() -> None:
    """An absence passes unchanged when a control was present in an answer given after it."""
    assert admit(ABSENT, report((control(Reason.PROFILE, 62),)), at(62)) is ABSENT


@pytest.mark.parametrize(
    ("positives", "said"),
    [
        ((), "none was asked"),
        ((control(Reason.PROFILE, 59),), "NASA present"),
        ((control(Reason.PROFILE, 60.5, took=1),), "NASA present"),
        ((control(Reason.PROFILE, 90, age=31),), "NASA present"),
        ((control(Reason.LOGIN_WALL, 62), control(Reason.NOT_FOUND, 62, "X")), "NASA login_wall, X not_found"),
    ],
    ids=["never asked", "before", "begun before", "a copy from before", "walled and absent"],
)
def test_absent_without_a_positive_control_after_it(positives: tuple[ControlFinding, ...], said: str) -> None:
    """Whatever a control said before the answer, or from a cache, proves nothing: a wall may have begun in between."""
    finding = admit(ABSENT, report(positives), at(95))
    assert refused(finding) == f"no positive control was present after the answer: {said}"


def test_absent_while_a_positive_control_was_missing_too() -> None:
    """What hid both may have ended before the next control was asked; one that was missing before says nothing."""
    there, missing = control(Reason.PROFILE, 62, "un"), control(Reason.NOT_FOUND, 61)
    finding = admit(ABSENT, report((there, missing)), at(63))
    assert refused(finding) == "an account that exists was missing as well: NASA not_found"
    assert admit(ABSENT, report((there, missing)), at(63), handle="NASA") is ABSENT, "it is its own control"
    assert admit(ABSENT, report((there, control(Reason.NOT_FOUND, 30))), at(63)) is ABSENT
    assert admit(ABSENT, report((there, control(Reason.LOGIN_WALL, 61))), at(63)) is ABSENT


def test_a_control_in_the_same_response_is_after_it() -> None:
    """No wall can have begun between two items of one answer; that stamps are equal does not make it one answer."""
    same = control(Reason.PROFILE, 60)
    assert (same.finding.at, same.finding.seen) == (ABSENT.at, ABSENT.seen)
    assert admit(ABSENT, report((same,)), at(62), beside=(same,)) is ABSENT
    assert refused(admit(ABSENT, report((same,)), at(62))).startswith("no positive control was present after")
    gone = control(Reason.NOT_FOUND, 60)
    assert refused(admit(ABSENT, report((gone,)), at(62), beside=(gone,))).startswith("no positive control was present")


def test_likeness_beside_its_control_needs_a_like_all_the_same() -> None:
    """Being left out of an answer that names an account that exists is borne out by a handle that is left out, too."""
    there, nobody = control(Reason.PROFILE, 60), control(Reason.UNAVAILABLE, 60, "qz")
    assert admit(ALIKE, report((there,), (nobody,)), at(62), beside=(there, nobody)) is ALIKE
    otherwise = control(Reason.NOT_FOUND, 60, "qz")
    finding = admit(ALIKE, report((there,), (otherwise,)), at(62), beside=(there, otherwise))
    assert refused(finding).startswith("no negative control of the last 5 minutes looks the same")


@pytest.mark.parametrize("key", [replace(KEY, source="api"), replace(KEY, vantage="elsewhere")])
def test_absent_with_controls_of_another_way(key: ControlKey) -> None:
    """Only controls of the same source and vantage share the error."""
    finding = admit(ABSENT, report((control(Reason.PROFILE, 62),), key=key), at(62))
    assert refused(finding).startswith("the controls were asked another way: ")


def test_likeness_needs_a_negative_control() -> None:
    """What merely resembles passes beside a fresh handle that does not exist and looks the same."""
    positives = (control(Reason.PROFILE, 62),)
    negatives = (control(Reason.PROFILE, 50, "qx"), control(Reason.UNAVAILABLE, -238, "qz"))
    assert admit(ALIKE, report(positives, negatives), at(62)) is ALIKE


@pytest.mark.parametrize(
    "negatives",
    [
        (),
        (control(Reason.UNAVAILABLE, -239, "qz"),),
        (control(Reason.UNAVAILABLE, 50, "qz", age=289),),
        (control(Reason.NOT_FOUND, 50, "qz"),),
        (control(Reason.PROFILE, 50, "qz"),),
        (control(Reason.UNRECOGNISED, 50, "qz"),),
    ],
    ids=["none", "too old", "an old copy", "another look", "present", "unknown"],
)
def test_likeness_without_a_like(negatives: tuple[ControlFinding, ...]) -> None:
    """A negative control that is missing, older than five minutes or looks otherwise bears nothing out."""
    positives = (control(Reason.PROFILE, 62),)
    finding = admit(ALIKE, report(positives, negatives), at(62))
    assert refused(finding).startswith("no negative control of the last 5 minutes looks the same: ")


def test_present_while_everybody_is() -> None:
    """A page that shows handles which cannot exist must not close outages."""
    wildcard = report(negatives=(control(Reason.NOT_FOUND, 50, "qx"), control(Reason.PROFILE, 40, "qz")))
    assert refused(admit(PRESENT, wildcard, at(61))) == "a handle that cannot exist is shown as present: qz"
    assert refused(admit(replace(PRESENT, stable_id=OTHER), wildcard, at(61), pinned=ME))
    assert refused(admit(PRESENT, wildcard, at(61), pinned=ME))
    assert refused(admit(replace(PRESENT, stable_id=OTHER), wildcard, at(61)))


def test_present_by_the_pinned_id() -> None:
    """The pinned id always passes: no wildcard page knows it."""
    own = replace(PRESENT, stable_id=ME)
    assert admit(own, report(negatives=(control(Reason.PROFILE, 50),)), at(61), pinned=ME) is own


@pytest.mark.parametrize("negatives", [(), (control(Reason.NOT_FOUND, 50),), (control(Reason.TIMEOUT, 50),)])
def test_present_needs_no_positive_control(negatives: tuple[ControlFinding, ...]) -> None:
    """A presence passes while no negative control is present, asked or not."""
    assert admit(PRESENT, report(negatives=negatives), at(61)) is PRESENT


def test_inconclusive_passes() -> None:
    """What proves nothing needs no proof."""
    wall = found(Reason.LOGIN_WALL, 60)
    assert admit(wall, report(), at(61)) is wall


def test_refused_keeps_the_raw_verdict() -> None:
    """A refusal says what was refused and why, and keeps the evidence and the stamps."""
    finding = refuse(ABSENT, Reason.CONFLICT, "the api says present")
    assert finding.refused is not None
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, Reason.CONFLICT)
    assert (finding.refused.verdict, finding.refused.reason) == (Verdict.ABSENT, Reason.NOT_FOUND)
    assert finding.refused.why == "the api says present"
    assert (finding.seen, finding.evidence) == (ABSENT.seen, ABSENT.evidence)


def test_controls_in_words() -> None:
    """Controls are told by handle, with what they said."""
    assert describe((control(Reason.PROTECTED, 0), control(Reason.TIMEOUT, 0, "X"))) == "NASA present, X timeout"
    assert describe(()) == "none was asked"


def test_a_410_is_like_a_404() -> None:
    """A forum answers 410 for members who left and 404 for handles that nobody ever had: both are nobody."""
    gone = found(Reason.GONE, 60, certainty=Certainty.RESEMBLES)
    controls = report((control(Reason.PROFILE, 62),), (control(Reason.NOT_FOUND, 50, "qx"),))
    assert admit(gone, controls, at(62)) is gone
    suspended = found(Reason.SUSPENDED, 60, certainty=Certainty.RESEMBLES)
    assert refused(admit(suspended, controls, at(62))).startswith("no negative control of the last 5 minutes")


def test_a_recovery_needs_a_negative_control_that_was_answered() -> None:
    """While an account is down, a weak presence passes only beside an impossible handle that showed nobody after it."""
    absent, failed = control(Reason.NOT_FOUND, 62, "qx"), control(Reason.TIMEOUT, 62, "qz")
    old = control(Reason.NOT_FOUND, 30, "qy")
    assert admit(PRESENT, report((), (absent, failed)), at(62), wary=True) is PRESENT
    assert admit(PRESENT, report((), (failed, old)), at(62)) is PRESENT
    assert admit(PRESENT, report((), (control(Reason.UNRECOGNISED, 62, "qu"),)), at(62), wary=True) is PRESENT
    why = refused(admit(PRESENT, report((), (failed, old)), at(62), wary=True))
    assert why.startswith("no negative control was answered after it: qz timeout")


def settled(changed: float | None) -> ControlReport:
    """Controls that are told apart, whose missing page was another one until then."""
    known = report((control(Reason.PROFILE, 605),), (control(Reason.NOT_FOUND, 604, "nobody"),))
    return replace(known, calibration=Calibration(unsettled_at=None if changed is None else at(changed)))


@pytest.mark.parametrize(("changed", "admitted"), [(None, True), (0, True), (10, False), (604, False)])
def test_likeness_tells_nothing_while_the_missing_page_changes(changed: float | None, admitted: bool) -> None:
    """For ten minutes after they were shown another page, likeness to the missing is no proof; a rule still is."""
    assert timedelta(minutes=10) == SETTLED
    like = found(Reason.NOT_FOUND, 601, certainty=Certainty.RESEMBLES)
    assert admit(like, settled(changed), at(606)).is_absent is admitted
    assert admit(found(Reason.NOT_FOUND, 601), settled(changed), at(606)).is_absent


def test_likeness_closes_nothing_while_the_missing_page_changes() -> None:
    """An error page for everybody is like neither; who is down is not back for it."""
    like = found(Reason.PROFILE, 600, certainty=Certainty.RESEMBLES)
    assert admit(like, settled(None), at(606), wary=True).is_present
    assert not admit(like, settled(300), at(606), wary=True).is_present
    assert admit(like, settled(300), at(606)).is_present
