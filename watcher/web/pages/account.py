"""What is shown of one account, as values for its template. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watcher.model.finding import Reason, Verdict
from watcher.model.outage import AccountState, Outage, Transition
from watcher.model.platform import Rule, Source, SourceKind
from watcher.model.sample import Sample
from watcher.model.silence import Silence
from watcher.model.snapshot import Snapshot
from watcher.notify.wording import format_bounds, format_duration
from watcher.record.words import UNCLEAR
from watcher.web.pages.board import Row, began_of
from watcher.web.pages.health import Seen, seen_of
from watcher.web.pages.reasons import HAPPENED
from watcher.web.pages.words import milliseconds, outage_path, plain

WIDTH: Final = 640
HEIGHT: Final = 90
_FEWEST: Final = 3
# What the judge knows nothing of when people are told: it says which news, not whose.
_OF_NEWS: Final = frozenset({"kind", "reason"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in words, and what it rests on."""

    at: datetime
    words: str
    colour: str
    reason: str
    quote: str | None
    language: str | None
    source: str
    rule: str
    path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """One outage with its bounds."""

    path: str
    began: datetime
    ended: datetime | None
    duration: str
    bounds: str
    reason: str
    certainty: str
    is_open: bool
    retracted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A source of the platform: whether it can be asked, its rules, and how the platform is seen through it."""

    name: str
    kind: str
    why_not: str | None
    is_latest: bool
    rules: tuple[Rule, ...]
    seen: Seen | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """Why looks said nothing, how often of those that are kept, and when last."""

    reason: str
    meaning: str
    count: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One response time in the chart. `is_answer`: it came with a verdict."""

    x: float
    y: float
    label: str
    is_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Response times over the time that is kept; `most` is the top of it."""

    dots: tuple[Dot, ...]
    since: datetime
    until: datetime
    most: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """The account's page. `upcoming` is when it is looked at next; None while a look is under way.

    `outages` counts those that were not taken back; `last_outage` is how long the last one took, None if it was.
    """

    row: Row
    at: datetime
    upcoming: datetime | None
    outages: int
    last_outage: timedelta | None
    events: tuple[Event, ...]
    absences: tuple[Absence, ...]
    asked: tuple[Asked, ...]
    looks: tuple[Sample, ...]
    unclear: tuple[Unclear, ...]
    chart: Chart | None
    silences: tuple[Silence, ...]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store has of an account, as far as it could be read; `faults` say what could not."""

    outages: tuple[Outage, ...] = ()
    transitions: tuple[Transition, ...] = ()
    samples: tuple[Sample, ...] = ()
    silences: tuple[Silence, ...] = ()
    faults: tuple[str, ...] = ()


def dossier(row: Row, snapshot: Snapshot, stored: Stored, upcoming: datetime | None) -> Dossier:
    """All that is known of the account, ready to be shown."""
    return Dossier(
        row=row,
        at=snapshot.at,
        upcoming=upcoming,
        outages=row.state.outages_total - row.retracted,
        last_outage=_last_outage(stored.outages, row.state),
        events=tuple(map(_event, stored.transitions)),
        absences=tuple(map(_absence, _current(stored.outages, row.state))),
        asked=tuple(_sources(row, snapshot)),
        looks=stored.samples,
        unclear=tuple(_unclear(stored.samples)),
        chart=chart_of(stored.samples),
        silences=tuple(each for each in stored.silences if _is_about(each, row)),
        faults=stored.faults,
    )


def _current(outages: Iterable[Outage], state: AccountState) -> Iterator[Outage]:
    """The outages, the open one as memory knows it: it is ahead of the store."""
    open_one = state.outage
    stored = list(outages)
    if open_one is not None and all(outage.id != open_one.id for outage in stored):
        yield open_one
    for outage in stored:
        yield open_one if open_one is not None and outage.id == open_one.id else outage


def _last_outage(outages: Iterable[Outage], state: AccountState) -> timedelta | None:
    """How long the last outage took; None where there was none, or it was taken back."""
    is_retracted = any(outage.is_retracted for outage in outages if outage.id == state.last_outage_id)
    return None if is_retracted else state.last_outage


def _absence(outage: Outage) -> Absence:
    ended = None
    if outage.ended is not None:
        ended = outage.last_absent.earliest + (outage.ended.latest - outage.last_absent.earliest) / 2
    return Absence(
        path=outage_path(outage.id),
        began=began_of(outage),
        ended=ended,
        duration=format_duration(outage.duration),
        bounds=format_bounds(outage.duration),
        reason=plain(outage.reason),
        certainty=outage.certainty,
        is_open=outage.is_open,
        retracted=outage.is_retracted,
    )


def _event(transition: Transition) -> Event:
    words, colour = HAPPENED[transition.kind]
    finding = transition.finding
    evidence = finding.evidence if finding is not None else None
    return Event(
        at=transition.at,
        words=words,
        colour=colour,
        reason=plain(finding.reason) if finding is not None else "",
        quote=evidence.quote if evidence is not None else None,
        language=evidence.language if evidence is not None else None,
        source=finding.source if finding is not None else "",
        rule=evidence.rule if evidence is not None else "",
        path=outage_path(transition.outage.id) if transition.outage is not None else None,
    )


def _sources(row: Row, snapshot: Snapshot) -> Iterator[Asked]:
    account = row.listed.account
    platform = snapshot.platforms.get(account.platform)
    keys = {key.source: key for key in snapshot.health if _is_of(key.platform, key.instance, row)}
    for source in platform.sources if platform is not None else ():
        key = keys.get(source.name)
        yield Asked(
            name=source.name,
            kind=_kind(source),
            why_not=source.why_unusable,
            is_latest=source.name == row.state.source,
            rules=source.rules,
            seen=seen_of(key, snapshot) if key is not None else None,
        )


def _is_of(platform: str, instance: str, row: Row) -> bool:
    return platform == row.listed.account.platform and instance == row.listed.account.instance


def _kind(source: Source) -> str:
    match source.kind:
        case SourceKind.HTTP:
            return "asked about this account alone"
        case SourceKind.BATCH:
            return "asked about many accounts at once"
        case SourceKind.BROWSER:
            return "read in a browser"


def _unclear(samples: Iterable[Sample]) -> Iterator[Unclear]:
    vague = [sample for sample in samples if sample.verdict is Verdict.INCONCLUSIVE]
    counts: Counter[Reason] = Counter(sample.reason for sample in vague)
    for reason, count in counts.most_common():
        latest = max(sample.at for sample in vague if sample.reason is reason)
        yield Unclear(reason=plain(reason), meaning=UNCLEAR[reason], count=count, at=latest)


def chart_of(samples: Sequence[Sample]) -> Chart | None:
    """The response times that are kept; None where they are too few to be a picture of anything."""
    timed = [(sample, sample.latency) for sample in samples if sample.latency is not None]
    if len(timed) < _FEWEST:
        return None
    since, until = min(sample.at for sample, _ in timed), max(sample.at for sample, _ in timed)
    most = max(latency for _, latency in timed)
    whole = (until - since) or timedelta(seconds=1)
    top = most or timedelta(seconds=1)
    return Chart(
        dots=tuple(
            Dot(
                x=round((sample.at - since) / whole * WIDTH, 1),
                y=round(HEIGHT - latency / top * HEIGHT, 1),
                label=f"{sample.at:%Y-%m-%d %H:%M:%S}: {milliseconds(latency)}, {plain(sample.reason)}",
                is_answer=sample.verdict is not Verdict.INCONCLUSIVE,
            )
            for sample, latency in timed
        ),
        since=since,
        until=until,
        most=most,
    )


def _is_about(silence: Silence, row: Row) -> bool:
    """Whether the silence is about news of this account, or of some kinds of it."""
    account = row.listed.account
    subject = {
        **account.labels,
        "account": account.id,
        "platform": account.platform,
        "instance": account.instance,
        "owner": account.owner or "",
        "severity": account.severity,
    }
    return all(matcher.holds(subject) for matcher in silence.matchers if matcher.name not in _OF_NEWS)
