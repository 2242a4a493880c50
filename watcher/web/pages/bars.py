"""Uptime bars: 90 days by day and 24 hours by quarter of an hour, as runs of like cells to be drawn. Pure.

What was not observed is drawn as such, never as present; what was before an account was first seen is left empty.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from math import ceil
from typing import Final

from watcher.model.outage import ZERO, AccountState
from watcher.model.uptime import History, Uptime, divided, unseen_of
from watcher.web.pages.words import percent, span

DAYS: Final = 90
QUARTERS: Final = 96
STEPS: Final = 4
"""A cell is drawn in so many steps of height."""
_DAY: Final = timedelta(days=1)
_QUARTER: Final = timedelta(minutes=15)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# So much of a cell at least is not observed before that is drawn: a restart takes seconds.
_NOTICED: Final = 0.01
# What was absent shows, however short it was.
_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Run:
    """Cells that look alike, from the cell `at` on: of STEPS, so many absent and so many not observed."""

    at: int
    cells: int
    absent: int
    unseen: int

    @property
    def present(self) -> int:
        """The rest."""
        return STEPS - self.absent - self.unseen


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of `cells`, in words (`label`), and the part of the observed time that was present; None: none was."""

    cells: int
    runs: tuple[Run, ...]
    label: str
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Bars:
    """Both bars of an account."""

    days: Bar
    hours: Bar


def with_current(history: History, state: AccountState) -> History:
    """What is stored, and the open outage as memory knows it: it may be ahead."""
    if state.outage is None:
        return history
    stored = tuple(outage for outage in history.outages if outage.id != state.outage.id)
    return replace(history, outages=(*stored, state.outage))


def quarter_of(now: datetime) -> int:
    """The number of the quarter of an hour that `now` is in: bars are drawn anew when it changes."""
    return (now - _EPOCH) // _QUARTER


def since_of(now: datetime) -> datetime:
    """When the longer bar begins."""
    return _days(now)[0]


def bars_of(history: History, state: AccountState, now: datetime) -> Bars:
    """The bars of an account that stands so at `now`."""
    known, unseen = with_current(history, state), unseen_of(state, now)
    if not (known.outages or known.unobserved or unseen):
        # Nearly always, and of thousands of accounts at once.
        return Bars(
            _all_present("90 days", _days(now), known.seen_since),
            _all_present("24 hours", _hours(now), known.seen_since),
        )
    return Bars(
        _bar("90 days", divided(known, _days(now), unseen=unseen)),
        _bar("24 hours", divided(known, _hours(now), unseen=unseen)),
    )


@lru_cache(maxsize=8)
def _days(now: datetime) -> tuple[datetime, ...]:
    return _edges(now, _DAY, DAYS)


@lru_cache(maxsize=8)
def _hours(now: datetime) -> tuple[datetime, ...]:
    return _edges(now, _QUARTER, QUARTERS)


def _edges(now: datetime, step: timedelta, cells: int) -> tuple[datetime, ...]:
    """The borders of the last cells, of which the last one ends now."""
    last = _EPOCH + (now - _EPOCH) // step * step
    return (*(last - step * back for back in range(cells - 1, -1, -1)), now)


def _all_present(name: str, edges: Sequence[datetime], seen_since: datetime | None) -> Bar:
    cells = len(edges) - 1
    if seen_since is None or seen_since >= edges[-1]:
        return Bar(cells, (), f"{name}: not yet seen", None)
    first = sum(edge <= seen_since for edge in edges[1:])
    return _cached(name, cells, min(first, cells - 1))


@lru_cache(maxsize=1024)
def _cached(name: str, cells: int, first: int) -> Bar:
    return Bar(cells, (Run(first, cells - first, 0, 0),), f"{name}: {percent(1.0)} available", 1.0)


def _bar(name: str, parts: Sequence[Uptime]) -> Bar:
    total = replace(
        parts[0],
        until=parts[-1].until,
        present=sum((part.present for part in parts), ZERO),
        absent=sum((part.absent for part in parts), ZERO),
        unobserved=sum((part.unobserved for part in parts), ZERO),
    )
    return Bar(len(parts), tuple(_runs(parts)), f"{name}: {_said(total)}", total.ratio)


def _runs(parts: Sequence[Uptime]) -> Iterator[Run]:
    at = 0
    for cell, alike in groupby(map(_cell, parts)):
        cells = sum(1 for _ in alike)
        if cell is not None:
            yield Run(at, cells, *cell)
        at += cells


def _cell(part: Uptime) -> tuple[int, int] | None:
    """The steps of it that are absent and not observed: the least absence shows. None: there was nothing to observe."""
    length = part.until - part.since
    if not length:
        return None
    absent = max(_steps(part.absent / length), _LEAST) if part.absent else 0
    hidden = part.unobserved / length
    unseen = min(_steps(hidden), STEPS - absent) if hidden >= _NOTICED else 0
    # Where nothing at all was present, nothing is drawn as if it had been.
    if not part.present and absent + unseen < STEPS:
        unseen, absent = (STEPS - absent, absent) if unseen else (0, STEPS)
    return absent, unseen


def _steps(share: float) -> int:
    return min(STEPS, ceil(share * STEPS))


def _said(total: Uptime) -> str:
    if total.ratio is None:
        return "not observed" if total.unobserved else "not yet seen"
    said = f"{percent(total.ratio)} available"
    if total.absent:
        said += f", {span(total.absent)} not"
    if total.unobserved >= timedelta(seconds=1):
        said += f", {span(total.unobserved)} not observed"
    return said
