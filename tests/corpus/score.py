"""Score a folder of pages: what classify and the gate say of each against what is expected.

    python -m tests.corpus.score tests/corpus [--json]

Prints counts, a confusion table and every miss; exit status 1 when there is one. A case with controls is gated as in
the running program, the controls' answers taken as given after the account's; a case without is classified only.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tests.corpus.cases import ANSWER_TOOK, ASKED_AT, Answer, Case, control_of, exchange_of, read_cases, source_of
from tests.corpus.cases import target_of as whom
from watcher.classify import Classified, classify
from watcher.judge.gate import admit
from watcher.model.control import ControlFinding, ControlKey, ControlReport, References
from watcher.model.finding import Finding
from watcher.model.platform import Platform, Source
from watcher.settings import load_platforms

VANTAGE: Final = "local"
_AFTER: Final = ANSWER_TOOK + timedelta(seconds=1)


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
        told = f"{said.verdict}({said.reason}) by {said.evidence.step}/{said.evidence.rule}"
        if expected.verdict is not None and said.verdict != expected.verdict:
            return f"expected {expected.verdict}({expected.reason or 'any'}), got {told}"
        if expected.reason is not None and said.reason != expected.reason:
            return f"expected {expected.verdict or 'any'}({expected.reason}), got {told}"
        if expected.not_verdict is not None and said.verdict == expected.not_verdict:
            return f"expected anything but {expected.not_verdict}, got {told}"
        return None


def examine(case: Case, platform: Platform) -> Result:
    """Classify a case and, where it has controls, gate it."""
    source = source_of(case, platform)
    target = whom(case, platform, source)
    report = _report(case, platform, source)
    exchange = exchange_of(case.answer, case.url, platform, source, target, ASKED_AT)
    classified = classify(exchange, report.references, vantage=VANTAGE)
    controls = tuple(control.finding for control in (*report.positives, *report.negatives))
    finding = classified.finding
    if controls:
        finding = admit(finding, report, _controls_at() + ANSWER_TOOK, pinned=target.stable_id)
    return Result(case=case, finding=finding, findings=(classified.finding, *controls))


def _controls_at() -> datetime:
    return ASKED_AT + _AFTER


def _report(case: Case, platform: Platform, source: Source) -> ControlReport:
    """The controls' answers, classified twice: the second time in the light of one another, as on a second refresh."""
    instance = "" if not case.present else control_of(case.present, case, platform, source, exists=True).instance
    key = ControlKey(platform=platform.id, instance=instance, source=source.name, vantage=VANTAGE)
    report = ControlReport(key=key)
    for _ in range(2):
        negatives = _control(case.absent, case, platform, source, report.references, exists=False)
        report = ControlReport(key=key, positives=report.positives, negatives=negatives)
        positives = _control(case.present, case, platform, source, report.references, exists=True)
        report = ControlReport(key=key, positives=positives, negatives=negatives)
    return report


def _control(
    answer: Answer | None, case: Case, platform: Platform, source: Source, references: References, *, exists: bool
) -> tuple[ControlFinding, ...]:
    if answer is None:
        return ()
    target = control_of(answer, case, platform, source, exists=exists)
    exchange = exchange_of(answer, answer.final_url, platform, source, target, _controls_at())
    made: Classified = classify(exchange, references, vantage=VANTAGE)
    return (ControlFinding(handle=target.handle, finding=made.finding, features=made.features),)


def score(folder: Path, platforms: Mapping[str, Platform] | None = None) -> tuple[Result, ...]:
    """Examine every case below `folder`. Raises what `read_cases` raises, and KeyError for an unknown platform."""
    known = load_platforms(None) if platforms is None else platforms
    return tuple(examine(case, known[case.platform]) for case in read_cases(folder))


def confusion(results: Sequence[Result]) -> Counter[tuple[str, str]]:
    """How often each (expected, given) pair of verdicts came up. A case that only forbids a verdict expects `not …`."""
    return Counter(
        (result.case.expected.verdict or f"not {result.case.expected.not_verdict}", str(result.finding.verdict))
        for result in results
    )


def _lines(results: Sequence[Result]) -> list[str]:
    misses = [result for result in results if result.miss]
    groups = Counter(f"{result.case.platform} {result.case.group}" for result in results)
    missed = Counter(f"{result.case.platform} {result.case.group}" for result in misses)
    lines = [f"{len(results)} cases, {len(results) - len(misses)} as expected, {len(misses)} not", ""]
    lines += [f"  {name:<32} {groups[name] - missed[name]:>4} / {groups[name]}" for name in sorted(groups)]
    lines += ["", f"  {'expected':<18} {'given':<14} cases"]
    lines += [f"  {want:<18} {got:<14} {count:>5}" for (want, got), count in sorted(confusion(results).items())]
    lines += ["", *(f"MISS {result.case.label}: {result.miss}" for result in misses)]
    return lines


def _as_json(results: Sequence[Result]) -> str:
    cells = [{"expected": want, "given": got, "cases": n} for (want, got), n in sorted(confusion(results).items())]
    misses = [{"case": result.case.label, "miss": result.miss} for result in results if result.miss]
    document = {"cases": len(results), "hits": len(results) - len(misses), "confusion": cells, "misses": misses}
    return json.dumps(document, ensure_ascii=False, indent=2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Score the folder named on the command line; 1 when a case is missed or there is none."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.score", description="score a folder of pages")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    results = score(options.folder)
    sys.stdout.write((_as_json(results) if options.json else "\n".join(_lines(results))) + "\n")
    return 0 if results and not any(result.miss for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
