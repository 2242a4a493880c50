"""What the controls are worth: how existing and missing accounts are told apart, which control is rotten, what drifts.

Values of what the controls said in, values out. Asking them is `controls`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zlib import crc32

from watcher.model.control import Baseline, Calibration, ControlFinding, ControlReport, Features
from watcher.model.finding import Certainty, Reason

# A positive control that is found missing is asked last for so long, and then anew.
BURIED: Final = timedelta(hours=6)
_DRAWS: Final = 3
_REGISTERED: Final = 2
DRIFTED: Final = 0.5
_SKETCH: Final = 128
# What stands in a page's features for the handle.
NAMED: Final = "{h}"


class By(StrEnum):
    """What tells an existing account from a missing one, the surest first."""

    RULE = "rule"
    STATUS = "status"
    PHRASE = "phrase"
    LIKENESS = "likeness"
    OMISSION = "omission"


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How positive and negative controls are told apart; `margin` of likeness by which their pages differ, 0 … 1.

    The margin is None where no pages are compared.
    """

    by: By
    margin: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What fresh handles that cannot exist have shown: those to go by, and those that somebody has registered."""

    kept: tuple[ControlFinding, ...]
    registered: tuple[str, ...] = ()


def separation(report: ControlReport) -> Separation | None:
    """What the newest positive and the newest negative control are told apart by; None where they are not."""
    positive = max(report.positives, key=_at, default=None)
    negative = max(report.negatives, key=_at, default=None)
    if positive is None or negative is None or not positive.finding.is_present or not negative.finding.is_absent:
        return None
    pages = positive.features, negative.features
    margin = 1 - likeness(*map(sketch, pages)) if pages[0] is not None and pages[1] is not None else None
    return Separation(by=_by(negative), margin=None if margin is None else round(margin, 2))


def _by(negative: ControlFinding) -> By:
    """An absence is the harder one to tell: it is what is judged by."""
    if negative.finding.evidence.rule == "omitted":
        return By.OMISSION
    match negative.finding.evidence.step:
        case "phrase":
            return By.PHRASE
        case "similarity":
            return By.LIKENESS
        case _:
            return By.STATUS if negative.finding.certainty is Certainty.RESEMBLES else By.RULE


def dead_after(known: tuple[str, ...], fresh: tuple[ControlFinding, ...], report: ControlReport) -> tuple[str, ...]:
    """The positive controls that are gone, as a refresh shows: missing while another one is there.

    Where all are missing it is the platform. One that is there again is not gone any more; one that was found missing
    BURIED ago is given another chance.
    """
    now = max((control.finding.at for control in fresh), default=None)
    if now is None:
        return known
    there = {control.handle for control in fresh if control.finding.is_present}
    missing = {control.handle for control in fresh if control.finding.is_absent} if there else set()
    seen = {control.handle: control.finding.at for control in report.positives}
    lately = {handle for handle in known if handle in seen and now - seen[handle] < BURIED}
    return tuple(sorted((lately | missing) - there))


def in_turn(handles: tuple[str, ...], turn: int, dead: tuple[str, ...]) -> tuple[str, ...]:
    """The handles in the order in which to ask them this time: each in its turn, the dead ones last."""
    living = tuple(handle for handle in handles if handle not in dead)
    start = turn % len(living) if living else 0
    return (*living[start:], *living[:start], *(handle for handle in handles if handle in dead))


def is_another_drawn(drawn: tuple[bool, ...]) -> bool:
    """True when one more handle must be drawn: one of them exists, so it was registered, or everybody is shown.

    `drawn` says of each whether it was shown as present. Two that are prove that everybody is.
    """
    return any(drawn) and sum(drawn) < _REGISTERED and len(drawn) < _DRAWS


def sifted(fresh: tuple[ControlFinding, ...]) -> Drawn:
    """The fresh negative controls to go by: without one that is merely registered, as two others of its time show."""
    shown = [control for control in fresh if control.finding.is_present]
    others = tuple(control for control in fresh if not control.finding.is_present)
    if len(shown) == 1 and len(others) >= _REGISTERED and all(control.finding.is_absent for control in others):
        return Drawn(kept=others, registered=(shown[0].handle,))
    return Drawn(kept=fresh)


def sketch(features: Features | None) -> tuple[int, ...]:
    """A page's words in brief: the least of their checksums, enough to tell how many two pages have in common."""
    words = sorted({crc32(word.encode()) for word in features.tokens})[:_SKETCH] if features is not None else ()
    return tuple(words)


def likeness(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """0 … 1: the share of words in common, as two sketches tell it."""
    least = sorted({*one, *other})[: min(_SKETCH, max(len(one), len(other)))]
    if not least:
        return 1.0
    both = set(one) & set(other)
    return sum(word in both for word in least) / len(least)


def rebased(report: ControlReport) -> tuple[tuple[Baseline, ...], tuple[str, ...]]:
    """The baselines with what the positive controls show now, and those whose page is no longer like its baseline."""
    known: Mapping[str, Baseline] = {baseline.handle: baseline for baseline in report.calibration.baselines}
    now: dict[str, Baseline] = dict(known)
    drifted: list[str] = []
    for control in report.positives:
        before = known.get(control.handle)
        if control.features is None or not control.finding.is_present:
            continue
        if before is not None and before.at >= control.finding.at:
            continue
        page = Baseline(handle=control.handle, at=control.finding.at, words=sketch(control.features))
        if before is not None and likeness(before.words, page.words) < DRIFTED:
            drifted.append(control.handle)
        now[control.handle] = page
    kept = {control.handle for control in report.positives}
    return tuple(baseline for handle, baseline in now.items() if handle in kept), tuple(drifted)


def is_strange(handle: str, page: Features | None, known: Calibration) -> bool:
    """True where a positive control's page is unlike its last one and does not name it: an error page, perhaps.

    By itself it shows of nobody that he exists.
    """
    last = next((baseline for baseline in known.baselines if baseline.handle == handle), None)
    if page is None or last is None or NAMED in page.tokens:
        return False
    return likeness(last.words, sketch(page)) < DRIFTED


def missing_page(known: Calibration, fresh: tuple[ControlFinding, ...]) -> tuple[Baseline | None, datetime | None]:
    """The last page of a handle that cannot exist, and when such a page was last unlike the one before.

    Whoever is judged by likeness to it can be judged only while it stays the same.
    """
    missing, unsettled_at = known.missing, known.unsettled_at
    for control in sorted(fresh, key=_at):
        if control.features is None:
            continue
        page = Baseline(
            handle=control.handle,
            at=control.finding.at,
            words=sketch(control.features),
            status=control.features.status,
        )
        if missing is not None and (missing.status != page.status or likeness(missing.words, page.words) < DRIFTED):
            unsettled_at = page.at
        missing = page
    return missing, unsettled_at


def blind_reason(report: ControlReport) -> Reason | None:
    """What the newest positive control met in the place of the profile; None where it was there, or none was asked."""
    newest = max(report.positives, key=_at, default=None)
    return None if newest is None or newest.finding.is_present else newest.finding.reason


def _at(control: ControlFinding) -> datetime:
    return control.finding.at
