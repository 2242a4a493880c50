"""Who would be told of an outage, when, and with what else: the answer to `watcher routes test`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from watcher.judge.policy import severity_of
from watcher.model.account import Account, Severity
from watcher.model.finding import Certainty, Reason
from watcher.model.route import Route, Subject
from watcher.notify.grouping import pace_of, wait_for
from watcher.notify.route import group_key, ways_to
from watcher.notify.wording import format_span


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One channel that would be told. `group` is what the message would be about as a whole; None: the account alone.

    `wait` is how long after the confirmation it is told; news of the group follow at most every `pace`.
    """

    route: str
    channel: str
    severity: Severity
    group: str | None = None
    wait: timedelta = timedelta(0)
    pace: timedelta | None = None

    @property
    def when(self) -> str:
        """The same in words."""
        at = f"{format_span(self.wait)} after it is confirmed" if self.wait else "as soon as it is confirmed"
        if self.group is None or self.pace is None:
            return at
        return f"{at}, together with what else is in {self.group}, with news at most every {format_span(self.pace)}"


def ways_told(account: Account, reason: Reason, severity: Severity | None, routes: Sequence[Route]) -> tuple[Way, ...]:
    """The ways in the order of the routes. `severity` is the account's own where it is None, as an outage would be."""
    subject = Subject(
        platform=account.platform,
        owner=account.owner,
        severity=severity or severity_of(account.severity, reason, Certainty.STATED),
        reason=reason,
        account=account.id,
        labels=account.labels,
    )
    return tuple(_way(route, channel, subject) for route, channel in ways_to(routes, subject))


def _way(route: Route, channel: str, subject: Subject) -> Way:
    group = group_key(route, subject)
    alone = Way(route=route.name, channel=channel, severity=subject.severity)
    if group is None:
        return alone
    return Way(
        route=route.name,
        channel=channel,
        severity=subject.severity,
        group=group,
        wait=wait_for(route, subject.severity),
        pace=pace_of(route, subject.severity),
    )
