"""One stored look, judged by the rules of today and the controls of then. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from watcher.classify.restore import NotKeptError, judge_again, report_again
from watcher.classify.rules import Step
from watcher.judge.gate import admit
from watcher.model.account import Account
from watcher.model.control import ControlKey, ControlReport
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Stamp, Verdict
from watcher.model.imprint import Imprint
from watcher.model.outage import ZERO, Outage
from watcher.model.platform import Platform, Source
from watcher.model.sample import Sample

# Decided by more than the page, the rules and the controls.
_ELSEWHERE: Final = {
    Reason.CONFLICT: "a second look had contradicted it",
    Reason.LOCAL_NETWORK: "nothing was reached from here",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A sample as it is judged today. `why` it could not be; None where it could."""

    finding: Finding
    why: str | None


def judged(sample: Sample, account: Account, platform: Platform, told: Sequence[Outage]) -> Look:
    """The sample as it is judged today; `told` are the outages of the account that were told of."""
    as_it_was = _as_it_was(sample)
    if sample.imprint is None:
        # Without an answer there is nothing for rules to look at: today it would be the same.
        is_failure = sample.verdict is Verdict.INCONCLUSIVE
        return Look(finding=as_it_was, why=None if is_failure else "no features were kept of it")
    if sample.reason in _ELSEWHERE:
        return Look(finding=as_it_was, why=_ELSEWHERE[sample.reason])
    source = next((source for source in platform.sources if source.name == sample.source), None)
    if source is None:
        return Look(finding=as_it_was, why=f"{platform.id} has no source '{sample.source}' any more")
    try:
        finding = _again(sample, sample.imprint, account, platform, source)
    except NotKeptError as error:
        return Look(finding=as_it_was, why=f"not kept: {error.what}")
    if finding is None:
        return Look(finding=as_it_was, why="it rests on likeness, which needs the controls' pages")
    return _gated(sample, sample.imprint, account, finding, told)


def _as_it_was(sample: Sample) -> Finding:
    imprint = sample.imprint
    age = (imprint.age if imprint is not None else None) or ZERO
    asked = sample.at - (sample.latency or ZERO)
    return Finding(
        verdict=sample.verdict,
        reason=sample.reason,
        certainty=Certainty.SHOWN,
        source=sample.source,
        vantage=sample.vantage,
        at=sample.at,
        seen=Stamp(earliest=asked - age, latest=sample.at - age),
        evidence=Evidence(step="", rule=""),
        stable_id=imprint.stable_id if imprint is not None else None,
    )


def _again(sample: Sample, imprint: Imprint, account: Account, platform: Platform, source: Source) -> Finding | None:
    """What the page says today; None where only its likeness could tell."""
    classified = judge_again(imprint, platform, source, account_id=account.id, vantage=sample.vantage)
    finding = classified.finding
    says_nothing = finding.evidence.step == Step.NOTHING
    if source.similarity and says_nothing and sample.reason is not Reason.UNRECOGNISED:
        return None
    return finding


def _gated(sample: Sample, imprint: Imprint, account: Account, finding: Finding, told: Sequence[Outage]) -> Look:
    """The finding as far as the controls of then bear it out."""
    as_it_was = _as_it_was(sample)
    key = ControlKey(platform=account.platform, instance=account.instance, source=sample.source, vantage=sample.vantage)
    report = report_again(imprint.controls, ControlReport(key=key))
    was_gated = sample.verdict is finding.verdict or sample.reason is Reason.CONTROL_FAILED
    wary = sample.verdict is not finding.verdict and any(_covers(outage, sample.at) for outage in told)
    asked = [control.at for control in imprint.controls]
    now = max(asked, default=finding.at)
    admitted = admit(finding, report, now, pinned=imprint.stable_id, wary=wary, handle=imprint.handle)
    if admitted.reason is Reason.CONTROL_FAILED and not was_gated and not _is_shown(report):
        return Look(finding=as_it_was, why="no control was asked after it, since nobody doubted it then")
    return Look(finding=admitted, why=None)


def _is_shown(report: ControlReport) -> bool:
    """True when a handle that cannot exist was shown: that refuses, whenever it was."""
    return any(control.finding.is_present for control in report.negatives)


def _covers(outage: Outage, at: datetime) -> bool:
    return outage.began.earliest <= at and (outage.closed_at is None or at <= outage.closed_at)
