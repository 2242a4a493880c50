"""What the texts of a window mean: days of the week and hours of the day.

Text in, value or ValueError out, as in `scalars`.
"""

import re
from datetime import time
from typing import Final

from watcher.model.calendar import EVERY_DAY, MIDNIGHT
from watcher.settings.scalars import UnshownError, line
from watcher.settings.wording import near, quoted

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Days = tuple[frozenset[int], ...]

_DAILY: Final = "daily"
_HOURS = re.compile(r"([0-9]{1,2}):([0-9]{2}) ?- ?([0-9]{1,2}):([0-9]{2})")
_LAST_MINUTE: Final = 59
_DAY_ENDS: Final = 24


def days(value: object) -> frozenset[int]:
    """Days of the week, Monday is 0: `mon`, `mon-fri`, `fri-mon`, `mon,wed,sat-sun`, `daily`."""
    written = line(value)
    found: set[int] = set()
    for part in written.lower().split(","):
        if part.strip() == _DAILY:
            found |= EVERY_DAY
            continue
        first, dash, last = (word.strip() for word in part.partition("-"))
        begin, end = _day(first, written), _day(last if dash else first, written)
        found |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(found)


def some(listed: Days) -> Days:
    """A list of days that is not empty."""
    if not listed:
        raise UnshownError("no days; name at least one, or remove the key for every day")
    return listed


def _day(word: str, written: str) -> int:
    if word in DAYS:
        return DAYS.index(word)
    if not word:
        raise ValueError("names no day beside its comma or dash; write it like mon-fri or mon,wed,fri")
    whose = "" if word == written.lower() else f"has {quoted(word)}, which "
    raise ValueError(f"{whose}is no day; {near(word, (*DAYS, _DAILY))}")


def hours(value: object) -> tuple[time, time]:
    """From when to when, `08:00-18:00`; `22:00-06:00` goes over midnight. As an end 24:00 is midnight, and given so."""
    match = _HOURS.fullmatch(line(value))
    if match is None:
        raise ValueError("is no span of hours; write it like 08:00-18:00")
    begins, ends = _clock(match[1], match[2]), _clock(match[3], match[4])
    if begins is None:
        raise ValueError("begins at 24:00, when the day is over; write 00:00, and the next day in days")
    if begins == ends:
        raise ValueError("begins and ends at the same time; write 00:00-24:00 for the whole day")
    return begins, MIDNIGHT if ends is None else ends


def clock(value: object) -> time:
    """A time of the day: `08:00`."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", line(value))
    at = None if match is None else _clock(match[1], match[2])
    if at is None:
        raise ValueError("is no time of the day; write it like 08:00, from 00:00 to 23:59")
    return at


def _clock(hour: str, minute: str) -> time | None:
    """The time of day; None for 24:00."""
    if (int(hour), int(minute)) == (_DAY_ENDS, 0):
        return None
    if int(hour) >= _DAY_ENDS or int(minute) > _LAST_MINUTE:
        raise ValueError(f"has no such time as {hour}:{minute}; write between 00:00 and 24:00")
    return time(int(hour), int(minute))
