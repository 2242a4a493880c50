"""Which controls a finding must wait for before it can be admitted or told apart. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from watcher.classify import Classified, Step
from watcher.judge.gate import NEGATIVE_FRESH
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.exchange import Task
from watcher.model.finding import Certainty, Finding
from watcher.model.platform import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a report must hold: a positive control asked after `positive`, a negative one after `negative`."""

    positive: datetime | None = None
    negative: datetime | None = None


def need_of(
    classified: Classified, task: Task, report: ControlReport, *, wary: bool, vouched: bool = False
) -> Need | None:
    """Which controls a finding must wait for before it can be admitted or told apart; None: it can be as it is.

    What the controls said lately will do where it tells something; what a wall said in their place does not.
    `vouched`: a positive control was there in the same answer.
    """
    finding = classified.finding
    compares = task.source.answers is Answers.HTML and bool(task.source.identity or task.source.similarity)
    at = finding.at
    if finding.is_absent:
        positive = None if vouched else finding.at
        if finding.certainty is Certainty.RESEMBLES:
            return Need(positive=positive, negative=finding.seen.earliest if vouched else finding.at)
        # Without the negative control's page, a profile that quotes a missing page's text would not be recognised.
        negative = _lately(report.negatives, at, _is_not_there) if compares else None
        return Need(positive=positive, negative=negative)
    if finding.is_present:
        proven = finding.stable_id is not None and finding.stable_id == task.target.stable_id
        return Need(negative=finding.seen.earliest if vouched else finding.at) if wary and not proven else None
    if compares and classified.trace[-1][0] in (Step.SOFT_BARRIER, Step.NOTHING):
        known = _lately(report.positives, at, _is_there) if task.source.similarity else None
        return Need(positive=known, negative=_lately(report.negatives, at, _is_not_there))
    return None


def _lately(controls: tuple[ControlFinding, ...], at: datetime, does: Callable[[Finding], bool]) -> datetime:
    """NEGATIVE_FRESH before `at`, where the newest's page showed since then what it should; else `at`."""
    since = at - NEGATIVE_FRESH
    newest = max(controls, key=lambda control: control.finding.at, default=None)
    if newest is None:
        return since  # nobody was asked yet
    shows = newest.features is not None and does(newest.finding)
    return since if shows and newest.finding.at >= since else at


def _is_there(finding: Finding) -> bool:
    return finding.is_present


def _is_not_there(finding: Finding) -> bool:
    return not finding.is_present
