"""Score a folder of pages: what classify and the gate say of each against what is expected.

    python -m tests.corpus.score tests/corpus [--json]

Prints counts by group, a confusion table and every miss with its evidence; exit status 0 only when nothing was missed.
A case with controls is gated as in the running program, the controls' answers taken as fetched after the account's.
One without is classified only; but of a site of which nothing is known, no absence is told without controls.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.corpus.cases import Answer, Broken, Case, read_folder
from tests.corpus.whom import control_of, instance_of, platform_of, source_of, target_of
from watcher.classify import classify, members_of
from watcher.judge.gate import admit
from watcher.look.reports import merge
from watcher.model.control import ControlKey, ControlReport
from watcher.model.exchange import Exchange, FetchFailure, Hop, Purpose, Response, Target, Task
from watcher.model.finding import Finding, Reason
from watcher.model.platform import Platform, Source
from watcher.settings.load import load_platforms
from watcher.settings.values import ProbeSettings

ASKED_AT: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANSWER_TOOK: Final = timedelta(seconds=1)
MAX_AGE: Final = timedelta(seconds=60)
VANTAGE: Final = "local"
_CONTROLS_AT: Final = ASKED_AT + ANSWER_TOOK + timedelta(seconds=1)
_MAX_BODY: Final = ProbeSettings().max_body
_UNREADABLE: Final = "UNREADABLE"
# Many cases have the same controls. A report is a value: judging them once is enough.
_REPORTS: Final[dict[object, ControlReport]] = {}
_MANY: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A case with what was said of it. `findings` are all that were made on the way, the controls' too."""

    case: Case
    finding: Finding
    findings: tuple[Finding, ...]

    @property
    def miss(self) -> str | None:
        """What is wrong, for people; None for a hit."""
        said, expected = self.finding, self.case.expected
        if expected.verdict is not None and said.verdict != expected.verdict:
            return f"expected {expected.verdict}({expected.reason or 'any'}), got {self.told}"
        if expected.reason is not None and said.reason != expected.reason:
            return f"expected {expected.verdict or 'any'}({expected.reason}), got {self.told}"
        if expected.not_verdict is not None and said.verdict == expected.not_verdict:
            return f"expected anything but {expected.not_verdict}, got {self.told}"
        return None

    @property
    def told(self) -> str:
        """The finding with the evidence that it rests on."""
        said, shown = self.finding, self.finding.evidence
        parts = [f"{said.verdict}({said.reason}) by {shown.step}/{shown.rule} of {said.source}, status {shown.status}"]
        parts += [f"“{shown.quote}”"] if shown.quote else []
        parts += [shown.detail] if shown.detail else []
        if said.refused is not None:
            parts.append(f"{said.refused.verdict}({said.refused.reason}) was not admitted: {said.refused.why}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What came of a folder. `others` are JSON files in it that are no cases."""

    results: tuple[Result, ...]
    broken: tuple[Broken, ...] = ()
    others: tuple[Path, ...] = ()

    @property
    def misses(self) -> tuple[Result, ...]:
        """The results that are not as expected."""
        return tuple(result for result in self.results if result.miss)

    @property
    def is_clean(self) -> bool:
        """True when there was something to score, and nothing was missed."""
        return bool(self.results) and not self.misses and not self.broken


def examine(case: Case, platform: Platform) -> Result:
    """Classify a case and, where it has controls, gate it."""
    source = source_of(case, platform)
    target = target_of(case, platform, source)
    report = _report(case, platform, source)
    exchange = exchange_of(case.answer, case.url, platform, source, target, ASKED_AT)
    finding = raw = classify(exchange, report.references, vantage=VANTAGE).finding
    controls = tuple(control.finding for control in (*report.positives, *report.negatives))
    if controls or source.similarity:
        finding = admit(raw, report, _CONTROLS_AT + ANSWER_TOOK, pinned=target.stable_id, handle=target.handle)
    return Result(case=case, finding=finding, findings=(raw, *controls))


def _report(case: Case, platform: Platform, source: Source) -> ControlReport:
    """The controls' answers as the running program judges them, at its second refresh: beside one another."""
    key = ControlKey(platform=platform.id, instance=instance_of(case, platform), source=source.name, vantage=VANTAGE)
    asked = tuple(
        (control_of(answer, case, platform, source, exists=exists), answer) if answer is not None else None
        for answer, exists in ((case.present, True), (case.absent, False))
    )
    known = (platform, key, *((control[0], control[1].content) if control else None for control in asked))
    report = _REPORTS.get(known)
    if report is None:
        positives, negatives = ([_control(control, platform, source)] if control else [] for control in asked)
        report = ControlReport(key=key)
        for _ in range(2):
            report, _ = merge(report, positives, negatives)
        if len(_REPORTS) >= _MANY:
            _REPORTS.clear()
        _REPORTS[known] = report
    return report


def _control(control: tuple[Target, Answer], platform: Platform, source: Source) -> Exchange:
    target, answer = control
    return exchange_of(answer, answer.final_url, platform, source, target, _CONTROLS_AT)


def exchange_of(
    answer: Answer, asked_url: str | None, platform: Platform, source: Source, target: Target, at: datetime
) -> Exchange:
    """The answer as the prober would hand it over, asked for at `at` by `asked_url`."""
    task = Task(
        purpose=Purpose.ROUTINE if target.account_id else Purpose.CONTROL,
        platform=platform,
        source=source,
        target=target,
        due=at,
        max_age=MAX_AGE,
        timeout=timedelta(seconds=10),
    )
    age = answer.headers.get("age", "")
    exchange = Exchange(
        task=task,
        sent_at=at,
        received_at=at + ANSWER_TOOK,
        outcome=_outcome(answer, asked_url or task.url),
        age=timedelta(seconds=int(age)) if age.isascii() and age.isdigit() else None,
    )
    return members_of(exchange)[0]  # of the answer to a batch, what it says of this one


def _outcome(answer: Answer, asked_url: str) -> Response | FetchFailure:
    size, declared = len(answer.body), answer.headers.get("content-length", "")
    if size > _MAX_BODY:
        detail = f"the body has more than {_MAX_BODY} bytes"
        return FetchFailure(reason=Reason.TOO_LARGE, detail=detail, status=answer.status)
    is_packed = answer.headers.get("content-encoding", "identity") not in ("", "identity")
    if declared.isascii() and declared.isdigit() and size < int(declared) and size and not is_packed:
        detail = f"the body ended early: {size} of {declared} bytes"
        return FetchFailure(reason=Reason.TRUNCATED, detail=detail, status=answer.status)
    url = answer.final_url or asked_url
    hops = () if url == asked_url else (Hop(url=asked_url, status=302, location=url),)
    return Response(status=answer.status, url=url, headers=answer.headers, body=answer.body, hops=hops)


def score(folder: Path, platforms: Mapping[str, Platform] | None = None) -> tuple[Result, ...]:
    """Examine every readable case below `folder`."""
    return score_folder(folder, platforms).results


def score_folder(folder: Path, platforms: Mapping[str, Platform] | None = None) -> Score:
    """Examine every case below `folder`, and tell what could not be read. Raises OSError where there is no folder."""
    known = load_platforms(None) if platforms is None else platforms
    found = read_folder(folder)
    results = tuple(examine(case, platform_of(case, known)) for case in found.cases)
    return Score(results=results, broken=found.broken, others=found.others)


def confusion(results: Sequence[Result]) -> Counter[tuple[str, str]]:
    """How often each (expected, given) pair of verdicts came up. A case that only forbids a verdict expects `not …`."""
    return Counter((_wanted(result.case), str(result.finding.verdict)) for result in results)


def _wanted(case: Case) -> str:
    expected = case.expected
    if expected.verdict is None and expected.not_verdict is None:
        return "anything"
    return expected.verdict or f"not {expected.not_verdict}"


def _by_group(made: Score) -> dict[str, dict[str, int]]:
    groups: dict[str, dict[str, int]] = {}
    every = [(result.case.group, result.miss is not None) for result in made.results]
    for group, is_missed in sorted([*every, *((broken.group, True) for broken in made.broken)]):
        counts = groups.setdefault(group, {"cases": 0, "missed": 0})
        counts["cases"] += 1
        counts["missed"] += is_missed
    return groups


def _lines(made: Score) -> list[str]:
    misses, total = len(made.misses) + len(made.broken), len(made.results) + len(made.broken)
    lines = [f"{total} cases, {total - misses} as expected, {misses} missed", ""]
    lines += [
        f"  {group or '(no group)':<32} {counts['cases'] - counts['missed']:>4} / {counts['cases']}"
        for group, counts in _by_group(made).items()
    ]
    lines += ["", f"  {'expected':<18} {'given':<14} cases"]
    lines += [f"  {want:<18} {got:<14} {count:>5}" for (want, got), count in sorted(confusion(made.results).items())]
    lines += ["", *(f"MISS {result.case.label}: {result.miss}" for result in made.misses)]
    lines += [f"MISS {broken.fault}" for broken in made.broken]
    lines += [f"note: {other} is no case" for other in made.others]
    return lines


def _as_json(made: Score) -> str:
    misses = [
        {"name": result.case.name, "got": result.finding.verdict.upper(), "reason": str(result.finding.reason)}
        for result in made.misses
    ]
    misses += [{"name": broken.name, "got": _UNREADABLE, "reason": broken.fault} for broken in made.broken]
    cases = len(made.results) + len(made.broken)
    document = {"cases": cases, "missed": len(misses), "by_group": _by_group(made), "misses": misses}
    return json.dumps(document, ensure_ascii=False, indent=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Score the folder named on the command line: 0 when nothing was missed, 1 when something was or none is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.score", description="score a folder of pages")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    try:
        made = score_folder(options.folder)
    except OSError as error:
        parser.error(str(error))
    text = _as_json(made) if options.json else "\n".join(_lines(made))
    # A quoted page may hold half a surrogate pair, which no terminal takes.
    sys.stdout.buffer.write((text + "\n").encode("utf-8", "replace"))
    sys.stdout.flush()
    return 0 if made.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
