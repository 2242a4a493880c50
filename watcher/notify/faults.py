"""What is wrong with watcher itself, and whom to tell of it: readings in, incidents out. Pure.

What has its own way to people is not here: a store that cannot be written (`fallback`), a configuration that is
refused (`reload`), what cannot be seen (`announce`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from watcher.model.account import Severity
from watcher.model.notification import Incident, IncidentKind
from watcher.model.route import Route
from watcher.notify.announce import News, channels_of, tell_by
from watcher.notify.standing import Standing, stand_in

CHANNEL, SCHEDULE, DISK = "channel", "schedule", "disk"
_KINDS: Final = frozenset({CHANNEL, SCHEDULE, DISK})
MAY_BE_LATE: Final = timedelta(minutes=5)
LEAST_FREE: Final = 200_000_000
_ENOUGH: Final = 1.25  # of what is needed ends it: not told again and again around the bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Looks that are late by more than their interval: how many, by how much the latest, and since when there are."""

    since: datetime
    accounts: int
    most: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Bytes free where the state is kept, and of what is kept there in one file: as much again is needed to copy it."""

    free: int
    database: int

    @property
    def needed(self) -> int:
        """So much should be free."""
        return max(LEAST_FREE, self.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """How watcher does at one instant: its channels by name, its schedule, its disk (None: not known)."""

    channels: Mapping[str, Standing] = field(default_factory=dict)
    late: Late | None = None
    space: Space | None = None


def channel_key(name: str) -> str:
    """The key of the incident about a channel."""
    return f"{CHANNEL}/{name}"


def faults(readings: Readings, told: Collection[str], now: datetime) -> dict[str, str]:
    """What is wrong, by the keys of META incidents, each in a line for people. `told` are the keys told of already.

    What was told goes on until it is well again; what was not must last, or be grave, to be told.
    """
    wanted: dict[str, str] = {}
    for name, standing in readings.channels.items():
        key = channel_key(name)
        if standing.is_broken(now) or (key in told and standing.failing_since is not None):
            wanted[key] = standing.reason
    late = readings.late
    if late is not None and (SCHEDULE in told or now - late.since >= MAY_BE_LATE):
        wanted[SCHEDULE] = f"{late.accounts} looks are late by more than their interval, one by {_minutes(late.most)}"
    space = readings.space
    if space is not None and space.free < space.needed * (_ENOUGH if DISK in told else 1):
        wanted[DISK] = f"{_megabytes(space.free)} are free; {_megabytes(space.needed)} should be"
    if space is None and DISK in told:
        wanted[DISK] = ""
    return wanted


def news_of(
    wanted: Mapping[str, str], open_now: Iterable[Incident], ways: "Ways", broken: Mapping[str, Standing], now: datetime
) -> News:
    """The incidents to open and to close. `broken` are the channels by which nobody is told of a broken channel."""
    told = {each.key: each for each in open_now if is_ours(each)}
    news = News(closed=tuple((each.id, now) for key, each in told.items() if key not in wanted))
    for key, detail in wanted.items():
        if key not in told:
            incident = Incident(
                id=f"{IncidentKind.META}-{key}-{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}",
                kind=IncidentKind.META,
                key=key,
                severity=Severity.WARNING,
                opened_at=now,
                detail=detail,
            )
            news += tell_by(incident, ways.of(incident, broken))
    return news


def is_ours(incident: Incident) -> bool:
    """True of the incidents that `faults` speaks of."""
    return incident.kind is IncidentKind.META and incident.key.partition("/")[0] in _KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """By what people can be told: the routes, the names of all channels, and that of the fallback."""

    routes: Sequence[Route]
    channels: Sequence[str]
    fallback: str

    def of(self, incident: Incident, broken: Mapping[str, Standing]) -> tuple[tuple[str, str], ...]:
        """The (route, channel) pairs for one incident. News of a broken channel goes by those that work, if any."""
        routed = self.routed(incident)
        kind, _, name = incident.key.partition("/")
        if kind != CHANNEL:
            return routed
        working = tuple((route, channel) for route, channel in routed if channel != name and channel not in broken)
        other = self.instead_of(name, broken)
        known = {channel for _, channel in working}
        return working if other is None or other in known else (*working, ("", other))

    def routed(self, incident: Incident) -> tuple[tuple[str, str], ...]:
        """As the routes say; by the fallback what no route takes: who watches must hear that the watcher is unwell."""
        return channels_of(incident, self.routes, None) or ((("", self.fallback),) if self.fallback else ())

    def without(self, names: Collection[str]) -> "Ways":
        """The same without these channels; the fallback is the first of the others where it is one of them."""
        left = [name for name in dict.fromkeys((self.fallback, *self.channels)) if name not in names]
        return replace(self, channels=left, fallback=next(iter(left), ""))

    def instead_of(self, channel: str, broken: Mapping[str, Standing]) -> str | None:
        """Who tells what that channel cannot."""
        return stand_in(channel, self.fallback, self.channels, broken)


def _minutes(span: timedelta) -> str:
    return f"{max(1, round(span.total_seconds() / 60))} min"


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.0f} MB"
