"""The accuracy of the detector on generated pages, figure by figure, each with its goal.

    python -m tests.corpus.figures [--portion N]

`--portion N` examines every Nth generated case only. Exit status 0 only when every goal is reached.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tests.corpus.cases import Answer, Expected
from tests.corpus.generate import Kind, Made, every_case, load_barriers, load_sites
from tests.corpus.generate.made import ABSENT, EXISTING
from tests.corpus.score import Result, examine
from tests.corpus.whom import platform_of
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import Platform
from watcher.settings.load import load_platforms
from watcher.settings.weburl import GENERIC

NAMES: Final = (
    "ABSENT on pages that are not absent",
    "PRESENT on healthy pages that are decidable",
    "INCONCLUSIVE on the same",
    "missing or suspended found, structured sources",
    "missing or suspended found, X's texts in every language",
    "missing or suspended found, pages of the others",
    "reason right where it can be told",
    "unavailable where it cannot be told",
    "everything as expected",
    "left out: missing found, controls apart",
    "left out: ABSENT on pages that are not",
    "left out: ABSENT where controls are not apart",
)
_TAGS: Final = re.compile(r"<(script|style|title|noscript|template)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_SHOWN: Final = 20
_APART: Final = 0.35
"""Controls are apart where their statuses differ, or where no more than this share of their visible words is common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A generated case with what was said of it."""

    made: Made
    result: Result

    @property
    def verdict(self) -> Verdict:
        """What was said."""
        return self.result.finding.verdict

    @property
    def reason(self) -> Reason:
        """Why."""
        return self.result.finding.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `misses` are what keeps it from its best."""

    name: str
    value: float
    goal: float
    of: int
    is_most: bool = False
    misses: tuple[Looked, ...] = ()

    @property
    def is_ok(self) -> bool:
        """True when the goal is reached on something."""
        reached = self.value <= self.goal if self.is_most else self.value >= self.goal
        return reached and self.of > 0

    def __str__(self) -> str:
        shown = f"{self.value:.0f}" if self.is_most and self.goal == 0 else f"{self.value:.4f}"
        sign = "≤" if self.is_most else "≥"
        return f"{self.name:<66} {shown:>8}  {sign} {self.goal:<5g} {self.of:>6}  {'ok' if self.is_ok else 'NOT OK'}"


def look(cases: Sequence[Made], platforms: Mapping[str, Platform]) -> tuple[Looked, ...]:
    """Examine the cases of the platforms that there are."""
    return tuple(
        Looked(made=made, result=examine(made.case, platform_of(made.case, platforms)))
        for made in cases
        if made.site.platform in platforms
    )


def portion_of(cases: Sequence[Made], nth: int) -> tuple[Made, ...]:
    """Every Nth case, and those of the few sites that show the same of everybody."""
    return tuple(made for place, made in enumerate(cases) if not place % nth or made.layout.everybody)


def figures(looked: Sequence[Looked], platforms: Mapping[str, Platform]) -> tuple[Figure, ...]:
    """All figures of the issue that pages alone can give."""
    left_out = tuple(_left_out(looked, platforms))
    healthy = _is_healthy(platforms)
    return (
        _none(NAMES[0], looked, _is_not_absent, _is_absent),
        _share(NAMES[1], looked, healthy, _is_present, 0.98),
        _most(NAMES[2], looked, healthy, _is_inconclusive, 0.01),
        _share(NAMES[3], looked, _is_structured_absence, _is_absent, 0.99),
        _share(NAMES[4], looked, _is_text_of_x, _is_absent, 0.98),
        _share(NAMES[5], looked, _is_page_absence, _is_absent, 0.98),
        _share(NAMES[6], looked, _has_reason(separable=True), _is_as_expected, 0.95),
        _share(NAMES[7], looked, _has_reason(separable=False), _is_as_expected, 0.95),
        _share(NAMES[8], looked, lambda one: one.made.strict, _is_as_expected, 0.98),
        _share(NAMES[9], left_out, _is_left_out_absence(apart=True), _is_absent, 0.95),
        _none(NAMES[10], left_out, _is_not_absent, _is_absent),
        _none(NAMES[11], left_out, _is_left_out_absence(apart=False), _is_absent),
    )


Claim = Callable[[Looked], bool]


def _share(name: str, looked: Sequence[Looked], among: Claim, holds: Claim, goal: float) -> Figure:
    chosen = [one for one in looked if among(one)]
    misses = tuple(one for one in chosen if not holds(one))
    value = 1 - len(misses) / len(chosen) if chosen else 0.0
    return Figure(name=name, value=value, goal=goal, of=len(chosen), misses=misses)


def _most(name: str, looked: Sequence[Looked], among: Claim, holds: Claim, goal: float) -> Figure:
    chosen = [one for one in looked if among(one)]
    found = tuple(one for one in chosen if holds(one))
    value = len(found) / len(chosen) if chosen else 1.0
    return Figure(name=name, value=value, goal=goal, of=len(chosen), is_most=True, misses=found)


def _none(name: str, looked: Sequence[Looked], among: Claim, holds: Claim) -> Figure:
    chosen = [one for one in looked if among(one)]
    found = tuple(one for one in chosen if holds(one))
    return Figure(name=name, value=len(found), goal=0, of=len(chosen), is_most=True, misses=found)


def _is_absent(one: Looked) -> bool:
    return one.verdict is Verdict.ABSENT


def _is_present(one: Looked) -> bool:
    return one.verdict is Verdict.PRESENT


def _is_inconclusive(one: Looked) -> bool:
    return one.verdict is Verdict.INCONCLUSIVE


def _is_as_expected(one: Looked) -> bool:
    return one.result.miss is None


def _is_not_absent(one: Looked) -> bool:
    """True where ABSENT would be a false alarm: an account that is there, a barrier, or controls that prove nothing.

    A layout that may be a barrier or an absence (one page for both) is neither.
    """
    made = one.made
    if made.kind in EXISTING:
        return True
    expected = made.case.expected
    return expected.verdict == "inconclusive" or expected.not_verdict == "absent"


def _is_healthy(platforms: Mapping[str, Platform]) -> Claim:
    def claim(one: Looked) -> bool:
        made = one.made
        decidable = platforms[made.site.platform].decidable or made.site.structured
        return made.kind in EXISTING and made.site.decidable and decidable and made.case.expected.verdict == "present"

    return claim


def _is_absence(one: Looked) -> bool:
    return one.made.kind in ABSENT and one.made.case.expected.verdict == "absent"


def _is_structured_absence(one: Looked) -> bool:
    return _is_absence(one) and one.made.site.structured


def _is_text_of_x(one: Looked) -> bool:
    return _is_absence(one) and one.made.site.platform == "x" and one.made.language != ""


def _is_page_absence(one: Looked) -> bool:
    return _is_absence(one) and not one.made.site.structured and not _is_text_of_x(one)


def _has_reason(*, separable: bool) -> Claim:
    """Absences that were found, and of which the site says (or does not say) what they are."""

    def claim(one: Looked) -> bool:
        wanted = one.made.case.expected.reason
        if not _is_absence(one) or not _is_absent(one) or wanted is None:
            return False
        return (wanted != Reason.UNAVAILABLE) is separable

    return claim


# Leave one platform out: its pages as a site of which nothing is known, told by the controls alone.


def _left_out(looked: Sequence[Looked], platforms: Mapping[str, Platform]) -> Iterator[Looked]:
    """The base pages of each platform, examined without its rules and phrases."""
    nobody_knows = platforms[GENERIC]
    for one in looked:
        made = one.made
        if not made.site.is_html or made.mutation not in ("", "quote", "hostile") or made.case.present is None:
            continue
        case = replace(made.case, platform=GENERIC, expected=_expected_unknown(made))
        unknown = replace(made, case=case)
        yield Looked(made=unknown, result=examine(case, nobody_knows))


def _expected_unknown(made: Made) -> Expected:
    if made.kind is Kind.MISSING:
        return Expected(verdict="absent")
    may_be_absent = made.kind not in EXISTING and made.case.expected.not_verdict == "present"
    is_there = made.kind in EXISTING or (made.kind is Kind.BARRIER and not may_be_absent)
    return Expected(not_verdict="absent") if is_there else Expected()


def _is_left_out_absence(*, apart: bool) -> Claim:
    def claim(one: Looked) -> bool:
        made = one.made
        if made.mutation or not (made.kind is Kind.MISSING or made.layout.everybody):
            return False
        return _are_apart(made.case.present, made.case.absent) is apart

    return claim


def _are_apart(present: Answer | None, absent: Answer | None) -> bool:
    """True where somebody who reads both pages would tell them apart at a glance. Not the program's measure."""
    if present is None or absent is None:
        return False
    if present.status != absent.status:
        return True
    ours, theirs = _words(present), _words(absent)
    return bool(ours | theirs) and len(ours & theirs) / len(ours | theirs) <= _APART


def _words(answer: Answer) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", _TAGS.sub(" ", answer.body.decode("utf-8", "replace")).lower()))


def table(looked: Sequence[Looked], platforms: Mapping[str, Platform]) -> tuple[str, bool]:
    """The table for people, and whether every goal is reached."""
    made = figures(looked, platforms)
    layouts = sum(len(site.pages) for site in load_sites()) + len(load_barriers())
    base = sum(1 for one in looked if not one.made.mutation)
    lines = [
        f"{layouts} independent templates, {base} base cases, {len(looked) - base} mutations of them examined",
        "",
        f"{'figure':<66} {'value':>8}  {'goal':<7} {'of':>6}",
        *map(str, made),
    ]
    for figure in made:
        shown = () if figure.is_ok else figure.misses
        lines += ["", f"{figure.name}:"] if shown else []
        lines += [f"  {one.made.case.name}: {one.result.miss or one.result.told}" for one in shown[:_SHOWN]]
        lines += [f"  … and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    return "\n".join(lines) + "\n", all(figure.is_ok for figure in made)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.figures", description="measure the detector")
    parser.add_argument("--portion", type=int, default=1, metavar="N", help="examine every Nth case only")
    options = parser.parse_args(arguments)
    platforms = load_platforms(None)
    text, is_ok = table(look(portion_of(every_case(), options.portion), platforms), platforms)
    sys.stdout.write(text)
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
