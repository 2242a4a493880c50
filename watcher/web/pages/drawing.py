"""An outage drawn on a line of time: what was there, what was missing, what is not known. Pure geometry, no markup.

Positions are in the units of the drawing: as many as it is wide. What lies between two looks is drawn as neither, and
what nobody observed as such, never as there.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from watcher.model.outage import Outage, Unobserved
from watcher.record import Moment

WIDE: Final = 940
NARROW: Final = 340
BAR: Final = 34
_ROW: Final = 26
_APART: Final = 24
_TICK: Final = 84
_EDGE: Final = 0.5
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_LONGER: Final = (2, 7, 14, 30, 91, 182, 365)
_DAY: Final = 86400
_YEAR: Final = 365 * _DAY
_MINUTE: Final = 60
_WORDS: Final = {"present": "seen", "between": "not known", "absent": "missing"}
_SIGN: Final = 7
_ROOM: Final = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of the line. `kind` is present, between, absent, unobserved or after."""

    kind: str
    x: float
    width: float

    @property
    def words(self) -> str:
        """What it is, where there is room to say it: nobody need tell colours apart."""
        words = _WORDS.get(self.kind, "")
        return words if self.width >= _SIGN * len(words) + _ROOM else ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One of the moments, by its number; `row` keeps those apart that are close to one another."""

    number: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the scale."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole picture. `top` is where the bar begins, `name` tells it from others on the page."""

    name: str
    title: str
    width: int
    height: int
    top: int
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]


def drawings(
    outage: Outage, moments: Sequence[Moment], unobserved: Iterable[Unobserved], width: int
) -> tuple[Drawing, ...]:
    """The outage as a whole; its beginning and its end enlarged, where they are small beside it."""
    last = (outage.ended or outage.last_absent).latest
    whole = last - outage.last_present
    pad = max(whole * 0.08, timedelta(seconds=2))
    spans = tuple(unobserved)
    name = "wide" if width == WIDE else "narrow"
    drawn = [_draw(f"{name}-all", "The whole outage", outage, moments, spans, (-pad, pad), width)]
    began, first = outage.began.latest, outage.last_present
    if (began - first) * 4 < whole:
        around = (first - (began - first) * 0.6, began + (began - first) * 0.6)
        drawn.append(_zoom(f"{name}-began", "How it began, enlarged", outage, moments, spans, around, width))
    if outage.ended is not None and (last - outage.last_absent.earliest) * 4 < whole:
        gap = last - outage.last_absent.earliest
        around = (outage.last_absent.earliest - gap * 0.6, last + gap * 0.6)
        drawn.append(_zoom(f"{name}-ended", "How it ended, enlarged", outage, moments, spans, around, width))
    return tuple(drawn)


def _draw(
    name: str,
    title: str,
    outage: Outage,
    moments: Sequence[Moment],
    spans: Sequence[Unobserved],
    pads: tuple[timedelta, timedelta],
    width: int,
) -> Drawing:
    around = (outage.last_present + pads[0], (outage.ended or outage.last_absent).latest + pads[1])
    return _zoom(name, title, outage, moments, spans, around, width)


def _zoom(
    name: str,
    title: str,
    outage: Outage,
    moments: Sequence[Moment],
    spans: Sequence[Unobserved],
    around: tuple[datetime, datetime],
    width: int,
) -> Drawing:
    scale = _Scale(*around, width)
    marks, rows = _marks(moments, scale)
    top = rows * _ROW + 8
    return Drawing(
        name=name,
        title=title,
        width=width,
        height=top + BAR + 24,
        top=top,
        bars=tuple(_bars(outage, spans, scale)),
        marks=marks,
        ticks=tuple(_ticks(scale)),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    since: datetime
    until: datetime
    width: int

    def x(self, at: datetime) -> float:
        """Where that instant is; what lies outside is at the edge."""
        part = (at - self.since) / (self.until - self.since)
        return round(min(1.0, max(0.0, part)) * self.width, 1)

    def shows(self, at: datetime) -> bool:
        """True for an instant within."""
        return self.since <= at <= self.until


def _bars(outage: Outage, spans: Sequence[Unobserved], scale: _Scale) -> Iterator[Bar]:
    began, absent, ended = outage.began.latest, outage.last_absent.earliest, outage.ended
    parts = [
        ("present", scale.since, outage.last_present),
        ("between", outage.last_present, began),
        ("absent", began, max(began, absent)),
    ]
    if ended is not None:
        parts += [("between", absent, ended.latest), ("present", ended.latest, scale.until)]
    else:
        parts += [("after", max(began, absent), scale.until)]
    parts += [("unobserved", span.from_at, span.to_at) for span in spans]
    for kind, first, last in parts:
        x, end = scale.x(first), scale.x(last)
        if end - x >= _EDGE:
            yield Bar(kind, x, round(end - x, 1))


def _marks(moments: Sequence[Moment], scale: _Scale) -> tuple[tuple[Mark, ...], int]:
    """The marks, each in the first row where it has room, and how many rows there are."""
    ends: list[float] = []
    marks: list[Mark] = []
    for number, moment in enumerate(moments, start=1):
        at = moment.earliest if moment.name in ("last_seen", "last_missing") else moment.latest
        if not scale.shows(at):
            continue
        x = scale.x(at)
        row = next((row for row, end in enumerate(ends) if x - end >= _APART), len(ends))
        ends[row : row + 1] = [x]
        marks.append(Mark(number, x, row * _ROW + 13))
    return tuple(marks), max(1, len(ends))


def _ticks(scale: _Scale) -> Iterator[Tick]:
    """Round times, as many as there is room for."""
    most = max(2, scale.width // _TICK)
    seconds = (scale.until - scale.since).total_seconds()
    steps = (*_STEPS, *(days * _DAY for days in _LONGER))
    years = math.ceil(seconds / (most * _YEAR)) * _YEAR
    step = next((each for each in steps if seconds / each <= most), years)
    first = -(-scale.since.timestamp() // step) * step
    while first <= scale.until.timestamp():
        at = datetime.fromtimestamp(first, UTC)
        x = scale.x(at)
        if _APART <= x <= scale.width - _APART:
            yield Tick(x, _label(at, step))
        first += step


def _label(at: datetime, step: int) -> str:
    if step >= _DAY:
        return f"{at:%Y-%m-%d}"
    return f"{at:%H:%M}" if step >= _MINUTE else f"{at:%H:%M:%S}"
