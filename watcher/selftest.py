"""Hold platform files against examples: does each rule still say what it must say of the answers that it is for? Pure.

What the sources say live is asked elsewhere (`manual`); here is only what is made of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.classify import classify, members_of
from watcher.judge.gate import describe
from watcher.judge.platform_health import assess
from watcher.model.control import ControlReport, Health
from watcher.model.example import Example, exchange_of
from watcher.model.finding import Finding
from watcher.model.platform import Platform
from watcher.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An example, and what was made of it; `miss` says what is wrong with that, None: nothing."""

    example: Example
    finding: Finding | None
    miss: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    """All examples of some platforms. `untried` are the rules (platform/source: rule) that no example is for."""

    platforms: tuple[str, ...]
    tried: tuple[Tried, ...]
    untried: tuple[str, ...]

    @property
    def missed(self) -> tuple[Tried, ...]:
        """The examples that were not understood."""
        return tuple(each for each in self.tried if each.miss is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What the controls of one source said when they were asked; `why` they were not asked."""

    platform: str
    source: str
    instance: str = ""
    report: ControlReport | None = None
    why: str | None = None

    @property
    def health(self) -> Health | None:
        """Whether they are told apart; None where nobody was asked."""
        return None if self.report is None else assess(self.report)


def selftest(platforms: Mapping[str, Platform], examples: Iterable[Example]) -> Selftest:
    """Classify every example of these platforms."""
    tried = tuple(_tried(example, platforms[example.platform]) for example in examples if example.platform in platforms)
    hit = {
        (each.example.platform, each.example.source, each.finding.evidence.rule)
        for each in tried
        if each.finding is not None
    }
    untried = tuple(
        f"{platform.id}/{source.name}: {rule.id}"
        for platform in platforms.values()
        for source in platform.sources
        for rule in source.rules
        if (platform.id, source.name, rule.id) not in hit
    )
    return Selftest(platforms=tuple(platforms), tried=tried, untried=untried)


def _tried(example: Example, platform: Platform) -> Tried:
    source = next((source for source in platform.sources if source.name == example.source), None)
    if source is None:
        return Tried(example=example, finding=None, miss=f"{platform.id} has no source '{example.source}'")
    [exchange] = members_of(exchange_of(example, platform, source))
    finding = classify(exchange).finding
    return Tried(example=example, finding=finding, miss=_miss(example, finding))


def _miss(example: Example, finding: Finding) -> str | None:
    got = f"{finding.verdict}, {finding.reason}, by {finding.evidence.step}/{finding.evidence.rule}"
    if (finding.verdict, finding.reason) != (example.verdict, example.reason):
        return f"must be {example.verdict}, {example.reason}; it is {got}"
    if example.rule is not None and finding.evidence.rule != example.rule:
        return f"must be decided by rule '{example.rule}'; it is {got}"
    return None


def said(found: Selftest, live: Sequence[Live] = ()) -> Iterator[str]:
    """The result for people."""
    for each in found.missed:
        yield f"missed    {each.example.at}: {each.miss}"
    for rule in found.untried:
        yield f"untried   {rule} has no example"
    hits = len(found.tried) - len(found.missed)
    yield f"{hits} of {len(found.tried)} examples of {len(found.platforms)} platforms are understood"
    yield from map(_live, live)


def _live(each: Live) -> str:
    where = f"{each.platform}/{each.source}" + (f" at {each.instance}" if each.instance else "")
    if each.report is None:
        return f"live      {where}: not asked, {each.why}"
    told = f"positive: {describe(each.report.positives)}; negative: {describe(each.report.negatives)}"
    match each.health:
        case Health.OK:
            return f"live      {where}: told apart ({told})"
        case Health.UNPROVEN:
            return f"live      {where}: not proven ({told})"
        case _:
            return f"live      {where}: NOT told apart, {each.health} ({told})"


def record(found: Selftest, live: Sequence[Live] = ()) -> Record:
    """The result as data."""
    return {
        "platforms": list(found.platforms),
        "examples": len(found.tried),
        "missed": [{"at": each.example.at, "why": each.miss} for each in found.missed],
        "untried": list(found.untried),
        "live": [
            {
                "platform": each.platform,
                "source": each.source,
                "instance": each.instance,
                "health": None if each.health is None else str(each.health),
                "why": each.why,
            }
            for each in live
        ],
    }
