"""Mass events: many accounts of one place turn absent within minutes, while the controls are there.

It may be true (a platform suspends by the hundred) or a fault of a part of the platform that holds no control. So
confirmation takes one more source, or HOLD more; then each outage is opened and measured, all under one incident. It
delays and never erases: an outage still begins with the first absence. Nothing here delays a return.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from watcher.model.account import Policy
from watcher.model.outage import AccountState

WINDOW: Final = timedelta(minutes=5)
HOLD: Final = timedelta(minutes=2)
LEAST: Final = 5
_PART: Final = 5  # one in so many of those watched there


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The mass event that an absence belongs to. `seconded` once another source says the same of the account."""

    id: str
    seconded: bool = False


@dataclass(frozen=True, slots=True, order=True)
class _Absence:
    """Since when an account is missing, at the latest."""

    at: datetime
    account_id: str


@dataclass(slots=True)
class _Told:
    """A cohort that people were told of: who is still missing of it, how many were at most, and from when to when."""

    missing: set[str]
    most: int
    first: datetime
    last: datetime


@dataclass(slots=True)
class _Place:
    """Who is missing at one place, by time, and the cohorts told of there, by id."""

    missing: list[_Absence] = field(default_factory=list)
    told: dict[str, _Told] = field(default_factory=dict)


class Absences:
    """Since when who is missing, place by place; `note` each change of a state, and ask.

    All of it follows from the states and, for cohorts that some are back of, from how many were missing at `most` of
    each, so that a restart goes on from what the store has of them.
    """

    def __init__(self, states: Iterable[tuple[str, AccountState]] = (), most: Mapping[str, int] = {}) -> None:
        self._most = most
        self._places: dict[str, _Place] = defaultdict(_Place)
        self._known: dict[str, tuple[_Absence, str | None]] = {}
        for place, state in states:
            self.note(place, state)

    def note(self, place: str, state: AccountState) -> None:
        """Take note of how an account stands."""
        began, cohort_id = began_at(state), state.outage.cohort_id if state.outage is not None else None
        before = self._known.get(state.account_id)
        if began is None and before is None:
            return
        after = None if began is None else (_Absence(began, state.account_id), cohort_id)
        if after == before:
            return
        here = self._places[place]
        if after is not None:
            self._known[state.account_id] = after
            insort(here.missing, after[0])
            self._tell(here, *after)
        else:
            del self._known[state.account_id]
        if before is not None:
            here.missing.pop(bisect_left(here.missing, before[0]))
            if cohort_id != before[1]:
                _untell(here, *before)

    def forget(self, place: str, account_id: str) -> None:
        """The account is no longer watched there."""
        before = self._known.pop(account_id, None)
        if before is not None:
            here = self._places[place]
            here.missing.pop(bisect_left(here.missing, before[0]))
            _untell(here, *before)

    def cohort(self, place: str, account_id: str, at: datetime, watched: int) -> Cohort | None:
        """The mass event that an absence of `account_id` since `at` belongs to, if it does.

        `watched` is how many accounts are watched at the place. One that people were told of already is joined.
        """
        here = self._places[place]
        if _most_within(here.missing, _Absence(at, account_id)) < max(LEAST, -(-watched // _PART)):
            return None
        near = (name for name, told in here.told.items() if told.first - WINDOW <= at <= told.last + WINDOW)
        return Cohort(id=min(near, default=f"cohort-{place}-{_stamp(at)}"))

    def is_in_company(self, place: str, at: datetime) -> bool:
        """True when two or more at the place turned absent within WINDOW before `at`: it may be a mass event."""
        missing = self._places[place].missing
        return len(missing) - bisect_left(missing, _Absence(at - WINDOW, "")) > 1

    def missing_of(self, cohort_id: str) -> int:
        """How many are still missing of a cohort that people were told of."""
        told = self._places[place_of(cohort_id)].told.get(cohort_id)
        return len(told.missing) if told is not None else 0

    def _tell(self, here: _Place, absence: _Absence, cohort_id: str | None) -> None:
        if cohort_id is None:
            return
        new = _Told(set(), self._most.get(cohort_id, 0), absence.at, absence.at)
        told = here.told.setdefault(cohort_id, new)
        told.missing.add(absence.account_id)
        told.most = max(told.most, len(told.missing))
        told.first, told.last = min(told.first, absence.at), max(told.last, absence.at)

    def is_returning(self, cohort_id: str) -> bool:
        """True while some are missing of a cohort, but at least half are back of those that were at most."""
        told = self._places[place_of(cohort_id)].told.get(cohort_id)
        return told is not None and 2 * len(told.missing) <= told.most


def began_at(state: AccountState) -> datetime | None:
    """Since when the account is missing, at the latest; None when it is not known to be."""
    began = state.outage.began if state.outage is not None else state.began
    return None if began is None else began.latest


def is_held(cohort: Cohort | None, began: datetime, now: datetime, policy: Policy) -> bool:
    """True while an absence of a cohort must wait: no other source has said the same, and HOLD has not passed.

    HOLD runs from the earliest instant at which the absence could have been confirmed.
    """
    if cohort is None or cohort.seconded:
        return False
    return now < began + (policy.confirm.threshold - 1) * policy.confirm.interval + HOLD


def key_of(cohort_id: str) -> str:
    """The key of a cohort's incident: `place#begin`, since a place may have another before the last is over."""
    return f"{place_of(cohort_id)}#{cohort_id.rpartition('-')[2]}"


def place_of(cohort_id: str) -> str:
    """Where a cohort is."""
    return cohort_id.removeprefix("cohort-").rpartition("-")[0]


def _untell(here: _Place, absence: _Absence, cohort_id: str | None) -> None:
    if cohort_id is None:
        return
    here.told[cohort_id].missing.discard(absence.account_id)
    if not here.told[cohort_id].missing:
        del here.told[cohort_id]


def _most_within(missing: list[_Absence], own: _Absence) -> int:
    """How many absences, `own` among them, lie within one WINDOW."""
    first = bisect_left(missing, _Absence(own.at - WINDOW, ""))
    last = bisect_right(missing, _Absence(own.at + WINDOW, "\U0010ffff"))
    at = [absence.at for absence in missing[first:last] if absence.account_id != own.account_id]
    insort(at, own.at)
    place, most, left = bisect_left(at, own.at), 1, 0
    for right in range(place, len(at)):
        while at[right] - at[left] > WINDOW:
            left += 1
        if left > place:
            break
        most = max(most, right - left + 1)
    return most


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}"
