"""Who is told of what: a tree of routes, matched by what a piece of news is about, that names the channels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from watcher.model.account import Severity
from watcher.model.calendar import QuietHours
from watcher.model.finding import Reason

DIGEST: Final = "digest"
"""Stands for a route in what is told every day."""
_UNROUTED: Final = ("", DIGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a piece of news is about, as far as routes and silences can tell.

    `account` is the account's id, `owner` the owner's slug, `labels` those of the watchlist. `reason` is that of the
    outage when it was confirmed. What is about no account (a platform that cannot be seen) has neither.
    """

    platform: str
    owner: str | None
    severity: Severity
    reason: Reason | None = None
    account: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, str]:
        """The same by name, without what it does not have. A label of one of these names is hidden by them."""
        own = {
            "account": self.account,
            "platform": self.platform,
            "owner": self.owner,
            "severity": self.severity,
            "reason": self.reason,
        }
        return {**self.labels, **{name: str(value) for name, value in own.items() if value}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way to people. An empty matcher matches everything; all that are given must match.

    The first route that matches is taken; `proceed` (YAML: `continue`) goes on to the next all the same. Of a route
    that is taken the first of its own `routes` that matches is taken instead, if one does.
    `timezone` is that of the readers: messages give the time there beside UTC. In its `quiet` hours nothing is told.
    Of what lasts and nobody acknowledged, each channel is reminded every `repeat_interval`; None: never.

    Outages that are alike in all of `group_by` (platform, owner, severity, reason or a label) are told in one message,
    `group_wait` after the first of them, and news of them at most every `group_interval`; critical ones at once, and
    then every minute. One that lacks such an attribute is told of alone, and so are all where `group_by` is empty.
    """

    name: str
    channels: tuple[str, ...]
    severity: frozenset[Severity] = frozenset()
    platform: frozenset[str] = frozenset()
    owner: frozenset[str] = frozenset()
    reason: frozenset[Reason] = frozenset()
    account: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    proceed: bool = False
    timezone: ZoneInfo | None = None
    group_by: tuple[str, ...] = ()
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    quiet: QuietHours | None = None
    repeat_interval: timedelta | None = None
    routes: tuple["Route", ...] = ()

    def matches(self, subject: Subject) -> bool:
        """Whether it takes news about `subject`, its own routes left aside."""
        return (
            (not self.severity or subject.severity in self.severity)
            and (not self.platform or subject.platform in self.platform)
            and (not self.owner or subject.owner in self.owner)
            and (not self.reason or subject.reason in self.reason)
            and (not self.account or subject.account in self.account)
            and all(subject.labels.get(name) == value for name, value in self.labels.items())
        )


def taken(routes: Sequence[Route], subject: Subject) -> Iterator[Route]:
    """The routes by which news about `subject` is told, in their order."""
    for route in routes:
        if not route.matches(subject):
            continue
        below = tuple(taken(route.routes, subject))
        yield from below or (route,)
        if not route.proceed:
            return


def teller(routes: Sequence[Route], name: str, channel: str) -> Route | None:
    """The route of that name; where there is none any more (it was renamed, say), the first that has the channel.

    None for what is told by no route.
    """
    if name in _UNROUTED:
        return None
    tree = tuple(every(routes))
    named = (route for route in tree if route.name == name)
    return next(named, None) or next((route for route in tree if channel in route.channels), None)


def every(routes: Sequence[Route]) -> Iterator[Route]:
    """All routes of the tree, each before its own."""
    for route in routes:
        yield route
        yield from every(route.routes)
