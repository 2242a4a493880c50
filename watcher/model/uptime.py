"""Uptime: which part of the time that was observed an account was there. Pure, and exact to the microsecond.

Computed from the stored outages and the unobserved spans whenever it is asked for: see docs/adr/0005.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
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
    return divided(history, (since, until), unseen=unseen)[0]


def divided(history: History, edges: Sequence[datetime], *, unseen: tuple[Span, ...] = ()) -> tuple[Uptime, ...]:
    """How the time from each of the edges to the next divides, as `uptime` has it; an open outage lasts to the last.

    The edges are in order. In one pass: hours and days of months are asked for at once.
    """
    until = edges[-1]
    start = min(max(edges[0], history.seen_since), until) if history.seen_since is not None else until
    hidden = _merged(((span.from_at, span.to_at) for span in history.unobserved), unseen, (start, until))
    gone = _merged((_absence(outage, until) for outage in history.outages), (), (start, until))
    either = _merged(hidden, gone, (start, until))
    parts: list[Uptime] = []
    for (begin, end), unobserved, missing in zip(
        pairwise(edges), _lengths(hidden, edges), _lengths(either, edges), strict=True
    ):
        counted = min(max(begin, start), end)
        parts.append(
            Uptime(
                since=counted,
                until=end,
                present=end - counted - missing,
                absent=missing - unobserved,
                unobserved=unobserved,
            )
        )
    return tuple(parts)


def unseen_of(state: AccountState, now: datetime) -> tuple[Span, ...]:
    """The span that is not observed as `now` is, and is stored only once it is over; none while there are verdicts."""
    return () if state.blind_since is None else ((state.unseen_since, now),)


def recent_uptime(history: History, state: AccountState, now: datetime, heartbeat_at: datetime | None = None) -> Uptime:
    """The uptime of the last 30 days of an account that stands so at `now`.

    `heartbeat_at`: when the run that wrote the history was last alive; None, while it is asked itself.
    """
    unseen = list(unseen_of(state, now))
    if heartbeat_at is not None and now - heartbeat_at > _ALIVE:
        unseen.append((heartbeat_at, now))
    return uptime(history, now - UPTIME_SPAN, now, unseen=tuple(unseen))


def _absence(outage: Outage, until: datetime) -> Span:
    """When the account was gone, best estimated: for a closed outage as long as `Outage.duration.best`."""
    began = outage.began_about
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


def _lengths(spans: Sequence[Span], edges: Sequence[datetime]) -> Iterator[timedelta]:
    """How much of the spans, which are in order and do not overlap, lies between each of the edges and the next."""
    place = 0
    for begin, end in pairwise(edges):
        length = ZERO
        while place < len(spans) and spans[place][1] <= begin:
            place += 1
        at = place
        while at < len(spans) and spans[at][0] < end:
            length += min(spans[at][1], end) - max(spans[at][0], begin)
            at += 1
        yield length
