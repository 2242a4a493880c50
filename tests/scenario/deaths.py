"""Where a run of a story may be killed: before and after each thing that it writes, and around what it says to Slack.

Nothing of it is in the product: the store is a subclass that names what it is about to do. As in `tests.process`, but
the one who dies is no process: from a death on the store answers nobody and nothing is sent any more, and whoever is
started next has a copy of the files as they were in that instant, as kill -9 would have left them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from watcher.model.control import ControlReport
from watcher.model.notification import Delivery, Notification, NotificationState, ToldAsWell
from watcher.model.silence import Silence
from watcher.store import tables
from watcher.store.columns import Instant
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

_NO_NEWS: Final = ("heartbeat", "save controls", "commit states")


class KilledError(BaseException):
    """The process is no more. Nothing in the product catches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Die the `nth` time (from 1, since the last death) that this point is passed, and be away for so long."""

    point: str
    nth: int = 1
    away: timedelta = timedelta(0)


@dataclass(slots=True)
class Trap:
    """Notes each point that is passed and kills at those of the plan, one after the other.

    `on_death` is called in the instant of each. `passed` are all points of all lives, `deaths` those died at. `changes`
    grows with all that is written which the outbox may ask about.
    """

    plan: Sequence[Kill]
    on_death: Callable[[Kill], None]
    passed: list[str] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    is_dead: bool = False
    changes: int = 0
    _seen: Counter[str] = field(default_factory=Counter)

    def require_life(self) -> None:
        """Whoever is dead does nothing any more."""
        if self.is_dead:
            raise KilledError

    def pass_point(self, point: str) -> None:
        """The process is there; it dies if it is to."""
        self.require_life()
        if self.note(point):
            raise KilledError

    def note(self, point: str) -> bool:
        """Somebody else sees that the process is there; True when it died of it."""
        if self.is_dead:
            return False
        self.passed.append(point)
        self._seen[point] += 1
        ahead = self.plan[len(self.deaths)] if len(self.deaths) < len(self.plan) else None
        if ahead is None or ahead.point != point or self._seen[point] < ahead.nth:
            return False
        self.is_dead = True
        self.deaths.append(point)
        self._seen.clear()
        self.on_death(ahead)
        return True

    def spare(self) -> None:
        """Kill no more."""
        self.plan = self.plan[: len(self.deaths)]


def plan_of(points: Sequence[str], wanted: Sequence[tuple[int, timedelta]]) -> tuple[Kill, ...]:
    """The kills at these places of a run that passed these points (as far as it goes the same way again)."""
    kills, begin = [], 0
    for place, span in sorted(wanted):
        nth = points[begin : place + 1].count(points[place])
        if nth:
            kills.append(Kill(point=points[place], nth=nth, away=span))
            begin = place + 1
    return tuple(kills)


class MortalStore(SqlStore):
    """The real store, with a point before each thing that it writes, before its COMMIT, and after it."""

    trap: Trap
    settled: Callable[[str], None]
    _doing = ""
    _idle: tuple[int, datetime] | None = None
    _silences: tuple[int, tuple[Silence, ...]] | None = None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self.trap.require_life()
        with super()._reading() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self.trap.require_life()
        with super()._writing() as connection:
            yield connection
            self.trap.changes += self._doing not in _NO_NEWS
            if self._doing:
                self.trap.pass_point(f"{self._doing}: before COMMIT")

    @contextmanager
    def _named(self, name: str, *, before: bool = True) -> Iterator[None]:
        if before:
            self.trap.pass_point(f"{name}: before")
        self._doing = name
        try:
            yield
        finally:
            self._doing = ""

    def commit(self, commit: Commit) -> None:
        """Under the name of what it is about."""
        name = f"commit {_about(commit)}"
        with self._named(name):
            super().commit(commit)
        self.trap.pass_point(f"{name}: after")

    def due(self, now: datetime) -> frozenset[str]:
        """Not asked for where nothing was written since it found nothing: so much of an hour passes with it."""
        self.trap.require_life()
        if self._idle is not None and self._idle[0] == self.trap.changes and now < self._idle[1]:
            return frozenset()
        found = super().due(now)
        self._idle = None if found else (self.trap.changes, self._next_due())
        return found

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> tuple[Notification, ...]:
        """A claim of nothing passes no point."""
        with self._named("claim", before=False):
            claimed = super().claim(now, lease, limit, channel)
        if claimed:
            self.trap.pass_point(f"claim {'+'.join(sorted({row.kind for row in claimed}))}: after")
        return claimed

    def _next_due(self) -> datetime:
        columns = tables.notification.c
        when = func.coalesce(columns.claimed_until, columns.due_at, type_=Instant)
        waits = columns.state.in_((NotificationState.PENDING, NotificationState.CLAIMED))
        with self._reading() as connection:
            found = connection.execute(select(func.min(when, type_=Instant)).where(waits)).scalar()
        return found or datetime.max.replace(tzinfo=UTC)

    def silences(self, since: datetime | None = None) -> tuple[Silence, ...]:
        """As they were, where nothing was written since."""
        self.trap.require_life()
        if self._silences is None or self._silences[0] != self.trap.changes:
            self._silences = self.trap.changes, super().silences(since)
        return self._silences[1]

    def settle(
        self, notification: Notification, delivery: Delivery, thread: str = "", also: ToldAsWell | None = None
    ) -> None:
        """Under the name of what became of which kind of row, and of what it told as well."""
        what = "" if also is None else " with what came between" if also.until is not None else " with the end"
        name = f"mark {notification.kind} {notification.state}{what}"
        with self._named(name):
            super().settle(notification, delivery, thread, also)
        if notification.state is NotificationState.DELIVERED:
            self.settled(notification.dedup_key)
        self.trap.pass_point(f"{name}: after")

    def withhold(self, notification: Notification, until: datetime | None) -> None:
        """Under the name of the kind of row, and whether it waits or is never told."""
        name = f"withhold {notification.kind} {'for ever' if until is None else 'for now'}"
        with self._named(name):
            super().withhold(notification, until)
        self.trap.pass_point(f"{name}: after")

    def heartbeat(self, at: datetime) -> None:
        """By itself."""
        with self._named("heartbeat"):
            super().heartbeat(at)
        self.trap.pass_point("heartbeat: after")

    def save_controls(self, reports: Sequence[ControlReport]) -> None:
        """By itself."""
        with self._named("save controls"):
            super().save_controls(reports)
        self.trap.pass_point("save controls: after")


def _about(commit: Commit) -> str:
    """What a commit is about, in a few words: what happened, else what it opens and closes, else what it tells."""
    if commit.watched:
        return "of the start"
    happened = sorted({str(transition.kind) for transition in commit.transitions})
    opened = [f"{incident.kind} opened" for incident in commit.opened]
    closed = ["closed"] if commit.closed else []
    told = sorted({str(row.kind) for row in commit.notifications})
    words = happened or sorted({*opened, *closed}) or told
    return "+".join(words) or ("samples" if commit.samples else "states")
