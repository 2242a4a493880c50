"""Only proven findings pass. Errors are correlated: one wall hits every retry; only controls share it and cancel it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from watcher.model.control import ControlFinding, ControlReport
from watcher.model.finding import Certainty, Finding, Reason, Refused, Verdict

NEGATIVE_FRESH: Final = timedelta(minutes=5)
SETTLED: Final = timedelta(minutes=10)


def admit(
    finding: Finding,
    report: ControlReport,
    now: datetime,
    *,
    pinned: str | None = None,
    wary: bool = False,
    beside: tuple[ControlFinding, ...] = (),
    handle: str = "",
) -> Finding:
    """The finding itself where the controls bear it out, else INCONCLUSIVE(control_failed) with the raw one kept.

    ABSENT needs a positive control of the same source and vantage that was PRESENT after the target's answer
    (an earlier one proves nothing: a wall may have begun in between) and none that was ABSENT meanwhile (what hid both
    may have ended in between), and, where it merely `resembles`, a
    negative control of the last five minutes that it resembles, while what such controls show has been the same for
    SETTLED: a page that some get and others do not is no page of the missing. PRESENT passes while no negative control
    is PRESENT (a page that shows everybody must not close outages), `wary` only beside a negative control that was
    answered after it and showed nobody, and likeness only while their pages are settled; with the `pinned` stable id
    it always does.

    `beside` are the controls that were answered in the very same response as the target, which no wall can have come
    between. Equal stamps alone do not say so: they must have been in one batch. `handle` is the target's: it may be a
    control of others, and bears no witness in its own case.
    """
    why: str | None = None
    if finding.is_absent:
        why = _against_absent(finding, report, now, beside, handle)
    elif finding.is_present:
        why = _against_present(finding, report, now, pinned, wary=wary)
    return finding if why is None else refuse(finding, Reason.CONTROL_FAILED, why)


def refuse(finding: Finding, reason: Reason, why: str) -> Finding:
    """An INCONCLUSIVE finding in place of `finding`, which is kept in it."""
    return replace(
        finding,
        verdict=Verdict.INCONCLUSIVE,
        reason=reason,
        refused=Refused(verdict=finding.verdict, reason=finding.reason, why=why),
    )


def _against_absent(
    finding: Finding, report: ControlReport, now: datetime, beside: tuple[ControlFinding, ...], handle: str
) -> str | None:
    if (report.key.source, report.key.vantage) != (finding.source, finding.vantage):
        return f"the controls were asked another way: {report.key.source} from {report.key.vantage}"
    if not vouched_for(beside) and report.positive_after(finding.at) is None:
        return f"no positive control was present after the answer: {describe(report.positives)}"
    missing = missing_too(finding, report, handle)
    if missing is not None:
        return f"an account that exists was missing as well: {missing.handle} {missing.finding.reason}"
    if finding.certainty is Certainty.RESEMBLES and not any(
        _is_like(negative, finding, now) for negative in report.negatives
    ):
        return f"no negative control of the last 5 minutes looks the same: {describe(report.negatives)}"
    return _against_likeness(finding, report, now)


def _against_likeness(finding: Finding, report: ControlReport, now: datetime) -> str | None:
    """What keeps a mere likeness from telling anything: the pages that it is held against do not stay the same."""
    changed_at = report.calibration.unsettled_at
    if finding.certainty is not Certainty.RESEMBLES or changed_at is None or now - changed_at >= SETTLED:
        return None
    return f"what handles that cannot exist show was another page {int((now - changed_at).total_seconds())} s ago"


def missing_too(finding: Finding, report: ControlReport, handle: str) -> ControlFinding | None:
    """A positive control that was missing as well as the target, which goes by `handle`; None where there is none."""
    return next((c for c in report.positives if c.handle != handle and _was_missing_too(c.finding, finding)), None)


def vouched_for(beside: tuple[ControlFinding, ...]) -> bool:
    """True when one of the controls that were asked about in the same request is there."""
    return any(control.finding.is_present for control in beside)


def _was_missing_too(control: Finding, finding: Finding) -> bool:
    """True when a positive control was absent while the target was asked about, or since: what hid both may be over.

    One that is really gone is asked last from then on (see Calibration), and holds up no second look.
    """
    return control.is_absent and control.seen.latest >= finding.seen.earliest


def _is_like(negative: ControlFinding, finding: Finding, now: datetime) -> bool:
    other = negative.finding
    # 410 is said of what was there once, and no negative control ever was (RFC 9110, 15.5.11).
    alike = other.reason is finding.reason or {other.reason, finding.reason} == {Reason.NOT_FOUND, Reason.GONE}
    return other.is_absent and alike and now - other.seen.latest <= NEGATIVE_FRESH


def _against_present(
    finding: Finding, report: ControlReport, now: datetime, pinned: str | None, *, wary: bool
) -> str | None:
    if pinned is not None and finding.stable_id == pinned:
        return None
    shown = next((negative for negative in report.negatives if negative.finding.is_present), None)
    if shown is not None:
        return f"a handle that cannot exist is shown as present: {shown.handle}"
    # Nobody asked for that handle before: whatever its Age says, no cache had an older answer.
    told_apart = any(_shows_nobody(n.finding) and n.finding.at >= finding.at for n in report.negatives)
    if wary and not told_apart:
        return f"no negative control was answered after it: {describe(report.negatives)}"
    return _against_likeness(finding, report, now) if wary else None


def _shows_nobody(finding: Finding) -> bool:
    """True when an answer came through and showed no profile; a wall or a failure says nothing of what it hides."""
    return finding.is_absent or finding.reason in (Reason.UNRECOGNISED, Reason.EMPTY_SHELL)


def describe(controls: tuple[ControlFinding, ...]) -> str:
    """What controls said, for people: `NASA present, X login_wall`."""
    said = (f"{c.handle} {c.finding.reason if not c.finding.is_present else 'present'}" for c in controls)
    return ", ".join(said) or "none was asked"
