"""What controls are worth: how they are told apart, who is rotten, what drifts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.judge.story import at, control, report
from watcher.judge.calibration import (
    BURIED,
    By,
    Separation,
    blind_reason,
    dead_after,
    in_turn,
    is_another_drawn,
    is_strange,
    likeness,
    missing_page,
    rebased,
    separation,
    sifted,
    sketch,
)
from watcher.model.control import Baseline, Calibration, ControlFinding, ControlReport, Features
from watcher.model.finding import Certainty, Reason

WORDS = frozenset(f"word{number}" for number in range(60))


def page(*, but: int = 0, of: frozenset[str] = WORDS) -> Features:
    """A page of which so many words are others."""
    kept = sorted(of)[but:]
    return Features(status=200, tokens=frozenset((*kept, *(f"new{number}" for number in range(but)))))


def told_by(step: str, **sides: object) -> ControlFinding:
    """A negative control whose absence a step of classify told."""
    found = control(Reason.NOT_FOUND, 2, "nobody", **sides)
    return replace(found, finding=replace(found.finding, evidence=replace(found.finding.evidence, step=step)))


@pytest.mark.parametrize(
    ("negative", "by"),
    [
        (told_by("structured", certainty=Certainty.STATED), By.RULE),
        (told_by("structured", certainty=Certainty.RESEMBLES), By.STATUS),
        (told_by("phrase"), By.PHRASE),
        (told_by("similarity", certainty=Certainty.RESEMBLES), By.LIKENESS),
    ],
)
def test_what_they_are_told_apart_by(negative: ControlFinding, by: By) -> None:
    """A documented field, the status alone, a text, or mere likeness."""
    assert separation(report((control(Reason.PROFILE, 1),), (negative,))) == Separation(by=by)


def test_the_margin_by_which_their_pages_differ() -> None:
    """Of pages with 24 words in common, of 96 in all, three quarters: as near as a sketch of 60 of them tells it."""
    there = replace(control(Reason.PROFILE, 1), features=page())
    gone = replace(told_by("phrase"), features=page(but=36))
    found = separation(report((there,), (gone,)))
    assert found is not None
    assert found.margin == pytest.approx(0.75, abs=0.08)


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        (Reason.LOGIN_WALL, Reason.NOT_FOUND),
        (Reason.NOT_FOUND, Reason.NOT_FOUND),
        (Reason.PROFILE, Reason.PROFILE),
        (Reason.PROFILE, Reason.UNRECOGNISED),
    ],
)
def test_what_does_not_separate_is_not_told_apart(positive: Reason, negative: Reason) -> None:
    """A wall before either, or one answer for both."""
    assert separation(report((control(positive, 1),), (control(negative, 2, "nobody"),))) is None
    assert separation(report()) is None


def test_a_dead_control_is_asked_last() -> None:
    """Missing while another one is there; the living are asked in turn."""
    fresh = (control(Reason.NOT_FOUND, 1, "old"), control(Reason.PROFILE, 2, "NASA"))
    dead = dead_after((), fresh, report(fresh))
    assert dead == ("old",)
    handles = ("old", "NASA", "UN")
    assert [in_turn(handles, turn, dead)[0] for turn in range(4)] == ["NASA", "UN", "NASA", "UN"]
    assert {in_turn(handles, turn, dead)[-1] for turn in range(4)} == {"old"}
    assert in_turn((), 3, ()) == ()


def test_where_all_are_missing_nobody_is_dead() -> None:
    """That is the platform's trouble, and so is a wall."""
    for reasons in ((Reason.NOT_FOUND, Reason.NOT_FOUND), (Reason.LOGIN_WALL, Reason.PROFILE)):
        fresh = tuple(control(reason, second, str(second)) for second, reason in enumerate(reasons))
        assert dead_after((), fresh, report(fresh)) == ()


def test_who_is_there_again_is_not_dead() -> None:
    """And so is who was found missing long ago: it is given another chance."""
    there = (control(Reason.PROFILE, 5, "old"),)
    assert dead_after(("old",), there, report(there)) == ()
    missing = control(Reason.NOT_FOUND, 1, "old")
    later = BURIED.total_seconds()
    for second, dead in ((later - 10, ("old",)), (later + 10, ())):
        fresh = (control(Reason.PROFILE, second, "NASA"),)
        assert dead_after(("old",), fresh, report((*fresh, missing))) == dead
    assert dead_after(("old",), (), report()) == ("old",)
    assert timedelta(hours=1) < BURIED


@pytest.mark.parametrize(
    ("drawn", "another"),
    [
        ((), False),
        ((False,), False),
        ((True,), True),
        ((True, False), True),
        ((True, False, False), False),
        ((True, True), False),
        ((False, True), True),
    ],
)
def test_how_many_handles_are_drawn(drawn: tuple[bool, ...], another: bool) -> None:
    """One more while a single one exists; two that exist prove that everybody is shown."""
    assert is_another_drawn(drawn) is another


def test_a_registered_handle_is_left_out() -> None:
    """Where two others of its time are missing; where they are not, everybody may be shown, and nothing is left out."""
    taken = control(Reason.PROFILE, 1, "a")
    one, two = (control(Reason.NOT_FOUND, 1, name) for name in "bc")
    drawn = sifted((taken, one, two))
    assert (drawn.kept, drawn.registered) == ((one, two), ("a",))
    also = control(Reason.PROFILE, 1, "d")
    walled = control(Reason.LOGIN_WALL, 1, "e")
    for fresh in ((taken, also), (taken, one), (taken, one, walled), (one, two)):
        assert sifted(fresh).kept == fresh
        assert sifted(fresh).registered == ()


def known(*, second: float, features: Features) -> ControlReport:
    """What was known of a control's page at that second."""
    found = report((replace(control(Reason.PROFILE, second), features=features),))
    return replace(found, calibration=Calibration(baselines=rebased(found)[0]))


@pytest.mark.parametrize(("but", "drifted"), [(0, ()), (10, ()), (40, ("NASA",))])
def test_a_new_layout_is_noticed(but: int, drifted: tuple[str, ...]) -> None:
    """A page that shares less than half of its words with what it was; it is the baseline from then on."""
    before = known(second=0, features=page())
    after = replace(before, positives=(replace(control(Reason.PROFILE, 300), features=page(but=but)),))
    baselines, found = rebased(after)
    assert found == drifted
    assert [baseline.words for baseline in baselines] == [sketch(page(but=but))]
    assert rebased(replace(after, calibration=Calibration(baselines=baselines)))[1] == ()


def test_a_wall_is_no_new_layout() -> None:
    """Only a page that shows the profile is compared; the baseline stays."""
    before = known(second=0, features=page())
    walled = replace(before, positives=(replace(control(Reason.LOGIN_WALL, 300), features=page(but=60)),))
    assert rebased(walled) == (before.calibration.baselines, ())


def test_sketches_tell_how_much_pages_share() -> None:
    """Of long pages too, within a few hundredths."""
    many = frozenset(f"w{number}" for number in range(2000))
    one, other = sketch(page(of=many)), sketch(page(but=500, of=many))
    assert len(one) == 128
    assert likeness(one, one) == 1
    assert likeness(one, other) == pytest.approx(1500 / 2500, abs=0.12)
    assert likeness((), ()) == 1
    assert likeness(one, ()) == 0


def test_why_nothing_is_seen() -> None:
    """What the newest positive control met; None where it was there, or nobody was asked."""
    assert blind_reason(report((control(Reason.LOGIN_WALL, 2), control(Reason.PROFILE, 1, "UN")))) is Reason.LOGIN_WALL
    assert blind_reason(report((control(Reason.PROFILE, 2),))) is None
    assert blind_reason(report()) is None


def missing(second: float, features: Features | None) -> ControlFinding:
    """A handle that cannot exist, and its page."""
    return replace(control(Reason.NOT_FOUND, second, f"n{second}"), features=features)


def test_when_the_missing_page_was_last_unlike_itself() -> None:
    """Another page, or another status, unsettles it; a wall in its place says nothing, and neither does a banner."""
    other = page(of=frozenset(f"other{number}" for number in range(40)))
    known = Calibration()
    for second, features, unsettled in (
        (0, page(), None),
        (300, page(but=10), None),
        (400, None, None),
        (600, other, 600),
        (900, other, 600),
        (1200, replace(other, status=404), 1200),
    ):
        last, changed = missing_page(known, (missing(second, features),))
        known = Calibration(missing=last, unsettled_at=changed)
        assert changed == (None if unsettled is None else at(unsettled))
    both = missing_page(Calibration(), (missing(2, other), missing(1, page())))
    assert both[1] == at(2)


def test_a_page_that_is_new_and_names_nobody_is_strange() -> None:
    """An error in a control's place: unlike its last page, and without its handle."""
    last = Baseline(handle="NASA", at=at(1), words=sketch(page()))
    known = Calibration(baselines=(last,))
    error = page(but=60)
    assert is_strange("NASA", error, known)
    assert not is_strange("NASA", replace(error, tokens=error.tokens | {"{h}"}), known), "a new layout names it"
    assert not is_strange("NASA", page(but=5), known)
    assert not is_strange("UN", error, known), "nothing is known of it"
    assert not is_strange("NASA", None, known)
