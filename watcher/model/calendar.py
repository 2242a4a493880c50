"""Windows of the week, on the clocks of one time zone: how often an account is looked at, when people want quiet.

Everything is asked of an instant (UTC) and answered by what the clocks on the wall show then. So the changes of
daylight saving need no rule of their own: an hour that the clocks skip is in no window, one that they show twice is
twice in it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

EVERY_DAY: Final = frozenset(range(7))
MIDNIGHT: Final = time(0)

_DAY: Final = timedelta(days=1)
_DAY_SECONDS: Final = 86_400
# The only window of a week may fall into an hour, or even a day, that the clocks skip: then it is that of the next.
_LOOK_AHEAD: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """On `days` (Monday is 0) from `begins` until just before `ends`.

    Where `ends` is not after `begins`, it is that of the next day, and the hours after midnight belong to the day on
    which the window begins. So midnight as an end is that at the end of the day, and as both it makes the whole day.
    """

    days: frozenset[int] = EVERY_DAY
    begins: time = MIDNIGHT
    ends: time = MIDNIGHT

    def holds(self, weekday: int, clock: time) -> bool:
        """Whether it is this window's time when the clocks show `clock` on a `weekday`."""
        if self.begins < self.ends:
            return weekday in self.days and self.begins <= clock < self.ends
        is_evening = weekday in self.days and clock >= self.begins
        is_morning_after = (weekday - 1) % 7 in self.days and clock < self.ends
        return is_evening or is_morning_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Hours):
    """In these hours, look every `interval`."""

    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The interval of the first window that holds, on the clocks of `timezone`; `usual` where none does."""

    usual: timedelta
    windows: tuple[Window, ...]
    timezone: ZoneInfo

    def interval_at(self, now: datetime) -> timedelta:
        """The interval at the instant `now` (aware)."""
        wall = now.astimezone(self.timezone)
        return self._interval(self._first(wall.weekday(), wall.time()))

    def next_change(self, after: datetime) -> datetime | None:
        """The first instant later than `after` at which the interval is another one; None when it stays for ever."""
        present = self.interval_at(after)
        edges = _edges_after(after, self.windows, self.timezone)
        return next((edge for edge in edges if self.interval_at(edge) != present), None)

    @property
    def densest(self) -> timedelta:
        """The shortest interval that is ever in force."""
        return min(self._interval(place) for place in self._in_force())

    @property
    def sparsest(self) -> timedelta:
        """The longest interval that is ever in force."""
        return max(self._interval(place) for place in self._in_force())

    @property
    def idle(self) -> tuple[int, ...]:
        """The places of the windows that never hold, since those before them cover all their time."""
        ever = self._in_force()
        return tuple(place for place in range(len(self.windows)) if place not in ever)

    def _first(self, weekday: int, clock: time) -> int | None:
        return next((place for place, window in enumerate(self.windows) if window.holds(weekday, clock)), None)

    def _interval(self, place: int | None) -> timedelta:
        return self.usual if place is None else self.windows[place].interval

    def _in_force(self) -> set[int | None]:
        """Which windows hold at some time of the week; None for the time outside of all."""
        return {self._first(weekday, clock) for weekday in EVERY_DAY for clock in _clocks(self.windows)}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When a route tells nothing: in the hours of `mute`, and, where `active` names some, outside of all of these."""

    mute: tuple[Hours, ...] = ()
    active: tuple[Hours, ...] = ()
    timezone: ZoneInfo

    def hold(self, now: datetime) -> bool:
        """Whether it is quiet at the instant `now` (aware)."""
        wall = now.astimezone(self.timezone)
        return self._hold(wall.weekday(), wall.time())

    def end(self, now: datetime) -> datetime | None:
        """When the quiet that holds at `now` ends; None when it does not hold. Two weeks ahead at most."""
        if not self.hold(now):
            return None
        edges = _edges_after(now, (*self.mute, *self.active), self.timezone)
        return next((edge for edge in edges if not self.hold(edge)), now + _LOOK_AHEAD * _DAY)

    @property
    def is_endless(self) -> bool:
        """True when it is quiet at all times."""
        return all(self._pattern())

    @property
    def idle(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The places of the windows of `mute` and of `active` without which it would be quiet at the same times."""
        mute = (place for place in range(len(self.mute)) if self._is_idle(self.mute[:place] + self.mute[place + 1 :]))
        several = len(self.active) > 1
        active = (
            place
            for place in range(len(self.active))
            if several and self._is_idle(self.mute, self.active[:place] + self.active[place + 1 :])
        )
        return tuple(mute), tuple(active)

    def _is_idle(self, mute: tuple[Hours, ...], active: tuple[Hours, ...] | None = None) -> bool:
        other = QuietHours(mute=mute, active=self.active if active is None else active, timezone=self.timezone)
        clocks = sorted(_clocks((*self.mute, *self.active)))
        return other._pattern(clocks) == self._pattern(clocks)

    def _hold(self, weekday: int, clock: time) -> bool:
        is_active = not self.active or any(hours.holds(weekday, clock) for hours in self.active)
        return not is_active or any(hours.holds(weekday, clock) for hours in self.mute)

    def _pattern(self, clocks: Iterable[time] | None = None) -> list[bool]:
        """Whether it is quiet, from edge to edge of the week."""
        edges = sorted(_clocks((*self.mute, *self.active))) if clocks is None else clocks
        return [self._hold(weekday, clock) for weekday in sorted(EVERY_DAY) for clock in edges]


def _edges_after(after: datetime, windows: Sequence[Hours], timezone: ZoneInfo) -> Iterator[datetime]:
    """The instants later than `after` at which something may begin or end, in order, about two weeks ahead."""
    days = [after.astimezone(UTC) + place * _DAY for place in range(_LOOK_AHEAD + 1)]
    for start, end in pairwise(days):
        yield from sorted(_edges(start, end, windows, timezone))


def _edges(start: datetime, end: datetime, windows: Sequence[Hours], timezone: ZoneInfo) -> set[datetime]:
    """The instants in (start, end], less than two days apart, between which nothing changes."""
    days = {(start - _DAY).date(), start.date(), end.date(), (end + _DAY).date()}
    edges = {edge for day in days for edge in _of_day(day, windows, timezone)} | set(_shift(start, end, timezone))
    return {edge for edge in edges if start < edge <= end}


def _clocks(windows: Sequence[Hours]) -> set[time]:
    """What the clocks show when a window may begin or end, on whatever day."""
    return {MIDNIGHT, *(clock for window in windows for clock in (window.begins, window.ends))}


def _of_day(day: date, windows: Sequence[Hours], timezone: ZoneInfo) -> Iterator[datetime]:
    """When the clocks show an edge of a window on that day: twice in an hour that comes twice."""
    for clock in _clocks(windows):
        wall = datetime.combine(day, clock, tzinfo=timezone)
        yield wall.astimezone(UTC)
        yield wall.replace(fold=1).astimezone(UTC)


def _shift(start: datetime, end: datetime, timezone: ZoneInfo) -> Iterator[datetime]:
    """When the clocks are put forward or back in (start, end]: they may then leave or enter any window."""
    base = start.replace(microsecond=0)
    before = base.astimezone(timezone).utcoffset()

    def is_after(second: int) -> bool:
        return (base + timedelta(seconds=second)).astimezone(timezone).utcoffset() != before

    if end.astimezone(timezone).utcoffset() != before:
        yield base + timedelta(seconds=bisect_left(range(_DAY_SECONDS), x=True, key=is_after))
