"""Uptime: which part of the time that was observed an account was there. Pure, and exact to the microsecond.

Computed from the stored outages and the unobserved spans whenever it is asked for: see docs/adr/0005.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watcher.model.outage import ZERO, AccountState, Outage, Unobserved

UPTIME_SPAN: Final = timedelta(days=30)
# A run says every ten seconds that it lives.
_ALIVE: Final = timedelta(seconds=30)

Span = tuple[datetime, datetime]
"""From an instant (included) to another (not included)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is stored of one account's time since some instant.

    `seen_since` is when the profile was first seen; None: never yet. `outages` were not retracted; `retracted` counts
    all those that were. `unobserved` holds the account's own spans and those of all accounts.
    """

    seen_since: datetime | None = None
    outages: tuple[Outage, ...] = ()
    unobserved: tuple[Unobserved, ...] = ()
    retracted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """How a span of time divides. The three add up to `until` − `since`."""

    since: datetime
    until: datetime
    present: timedelta = ZERO
    absent: timedelta = ZERO
    unobserved: timedelta = ZERO

    @property
    def ratio(self) -> float | None:
        """Present ÷ (present + absent); None where nothing was observed."""
        observed = self.present + self.absent
        return self.present / observed if observed else None


def uptime(history: History, since: datetime, until: datetime, *, unseen: tuple[Span, ...] = ()) -> Uptime:
    """How the time from `since` (or from when the profile was first seen, if later) to `until` divides.

    An outage lasts as long as is best estimated; one that is open lasts until `until`. What was not observed is
    neither present nor absent, also within an outage. `unseen` are spans that are not stored yet
    (blind now, not running).
    """
    start = max(since, history.seen_since) if history.seen_since is not None else until
    start = min(start, until)
    hidden = _merged(((span.from_at, span.to_at) for span in history.unobserved), unseen, (start, until))
    gone = _merged((_absence(outage, until) for outage in history.outages), (), (start, until))
    unobserved = _length(hidden)
    either = _length(_merged(hidden, gone, (start, until)))
    return Uptime(
        since=start,
        until=until,
        present=until - start - either,
        absent=either - unobserved,
        unobserved=unobserved,
    )


def recent_uptime(history: History, state: AccountState, now: datetime, heartbeat_at: datetime | None = None) -> Uptime:
    """The uptime of the last 30 days of an account that stands so at `now`.

    `heartbeat_at`: when the run that wrote the history was last alive; None, while it is asked itself.
    """
    unseen: list[Span] = []
    if state.blind_since is not None:
        unseen.append((state.observed_until or state.since, now))
    if heartbeat_at is not None and now - heartbeat_at > _ALIVE:
        unseen.append((heartbeat_at, now))
    return uptime(history, now - UPTIME_SPAN, now, unseen=tuple(unseen))


def _absence(outage: Outage, until: datetime) -> Span:
    """When the account was gone, best estimated: for a closed outage as long as `Outage.duration.best`."""
    began = outage.last_present + (outage.began.latest - outage.last_present) / 2
    if outage.is_open:
        return began, until
    least = outage.last_absent.earliest
    if outage.ended is None:
        return outage.began.latest, max(outage.began.latest, least)
    return began, least + (outage.ended.latest - least) / 2


def _merged(some: Iterable[Span], others: Iterable[Span], within: Span) -> list[Span]:
    """The union of the spans, cut to `within`, in order and without overlaps."""
    union: list[Span] = []
    for begin, end in sorted([*some, *others]):
        begin, end = max(begin, within[0]), min(end, within[1])  # noqa: PLW2901 - the span, as far as it counts
        if begin >= end:
            continue
        if union and begin <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((begin, end))
    return union


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((end - begin for begin, end in spans), ZERO)
