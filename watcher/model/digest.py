"""When a digest is told: once a day, at a time of the readers' clocks. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from watcher.model.calendar import EVERY_DAY

LATEST: Final = timedelta(hours=6)
"""So late is a digest still told that was due while nothing ran."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """A digest at `at` on the clocks of `timezone`, on `days` (Monday is 0), by `channels`."""

    at: time
    timezone: ZoneInfo
    channels: tuple[str, ...]
    days: frozenset[int] = EVERY_DAY

    def due(self, now: datetime) -> tuple[date, datetime] | None:
        """The day whose digest is to have been told by `now`, and when; None when there is none, or it is too late.

        A time that the clocks skip is as long after midnight as it would have been, one that they show twice the first.
        """
        today = now.astimezone(self.timezone).date()
        for day in (today, today - _DAY):
            at = datetime.combine(day, self.at, tzinfo=self.timezone).astimezone(UTC)
            if day.weekday() in self.days and at <= now < at + LATEST:
                return day, at
        return None


def digest_id(day: date) -> str:
    """The id of a day's digest: there is one a day, however often it is made."""
    return f"digest-{day:%Y-%m-%d}"
