"""When an account is looked at how often: windows of the week, on the clocks of one time zone.

Everything is asked of an instant (UTC) and answered by what the clocks on the wall show then. So the changes of
daylight saving need no rule of their own: an hour that the clocks skip is in no window, one that they show twice is
twice in it.
"""

from bisect import bisect_left
from collections.abc import Iterator
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
class Window:
    """On `days` (Monday is 0) from `begins` until just before `ends`, look every `interval`.

    Where `ends` is not after `begins`, it is that of the next day, and the hours after midnight belong to the day on
    which the window begins. So midnight as an end is that at the end of the day, and as both it makes the whole day.
    """

    days: frozenset[int] = EVERY_DAY
    begins: time = MIDNIGHT
    ends: time = MIDNIGHT
    interval: timedelta

    def holds(self, weekday: int, clock: time) -> bool:
        """Whether it is this window's time when the clocks show `clock` on a `weekday`."""
        if self.begins < self.ends:
            return weekday in self.days and self.begins <= clock < self.ends
        is_evening = weekday in self.days and clock >= self.begins
        is_morning_after = (weekday - 1) % 7 in self.days and clock < self.ends
        return is_evening or is_morning_after


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
        days = [after.astimezone(UTC) + place * _DAY for place in range(_LOOK_AHEAD + 1)]
        for start, end in pairwise(days):
            for instant in sorted(self._edges(start, end)):
                if self.interval_at(instant) != present:
                    return instant
        return None

    @property
    def densest(self) -> timedelta:
        """The shortest interval that is ever in force."""
        return min(self._interval(place) for place in self._in_force())

    @property
    def idle(self) -> tuple[int, ...]:
        """The places of the windows that never hold, since those before them cover all their time."""
        ever = self._in_force()
        return tuple(place for place in range(len(self.windows)) if place not in ever)

    def _first(self, weekday: int, clock: time) -> int | None:
        return next((place for place, window in enumerate(self.windows) if window.holds(weekday, clock)), None)

    def _interval(self, place: int | None) -> timedelta:
        return self.usual if place is None else self.windows[place].interval

    def _clocks(self) -> set[time]:
        """What the clocks show when a window may begin or end, on whatever day."""
        return {MIDNIGHT, *(clock for window in self.windows for clock in (window.begins, window.ends))}

    def _in_force(self) -> set[int | None]:
        """Which windows hold at some time of the week; None for the time outside of all."""
        return {self._first(weekday, clock) for weekday in EVERY_DAY for clock in self._clocks()}

    def _edges(self, start: datetime, end: datetime) -> set[datetime]:
        """The instants in (start, end], less than two days apart, between which nothing changes."""
        days = {(start - _DAY).date(), start.date(), end.date(), (end + _DAY).date()}
        edges = {edge for day in days for edge in self._of_day(day)} | set(self._shift(start, end))
        return {edge for edge in edges if start < edge <= end}

    def _of_day(self, day: date) -> Iterator[datetime]:
        """When the clocks show an edge of a window on that day: twice in an hour that comes twice."""
        for clock in self._clocks():
            wall = datetime.combine(day, clock, tzinfo=self.timezone)
            yield wall.astimezone(UTC)
            yield wall.replace(fold=1).astimezone(UTC)

    def _shift(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """When the clocks are put forward or back in (start, end]: they may then leave or enter any window."""
        base = start.replace(microsecond=0)
        before = base.astimezone(self.timezone).utcoffset()

        def is_after(second: int) -> bool:
            return (base + timedelta(seconds=second)).astimezone(self.timezone).utcoffset() != before

        if end.astimezone(self.timezone).utcoffset() != before:
            yield base + timedelta(seconds=bisect_left(range(_DAY_SECONDS), x=True, key=is_after))
