"""Who would be told of an outage, when, and with what else: the answer to `watcher routes test`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.model.account import Account, Severity
from watcher.model.finding import Reason
from watcher.model.route import Route, Subject
from watcher.notify.grouping import pace_of, wait_for
from watcher.notify.route import group_key, ways_to
from watcher.notify.wording import format_span, format_stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One channel that would be told. `group` is what the message would be about as a whole; None: the account alone.

    `wait` is how long after the confirmation it is told; news of the group follow at most every `pace`. Nothing is told
    before `quiet_until`, when the quiet hours that hold now end; `has_quiet_hours` also where none do.
    """

    route: str
    channel: str
    severity: Severity
    group: str | None = None
    wait: timedelta = timedelta(0)
    pace: timedelta | None = None
    has_quiet_hours: bool = False
    quiet_until: datetime | None = None

    @property
    def when(self) -> str:
        """The same in words."""
        return f"{self._after_confirmation}{self._after_quiet_hours}"

    @property
    def _after_quiet_hours(self) -> str:
        if self.quiet_until is not None:
            return f"; but not before {format_stamp(self.quiet_until)}, when the route's quiet hours end"
        return "; but in the route's quiet hours not before they end" if self.has_quiet_hours else ""

    @property
    def _after_confirmation(self) -> str:
        at = f"{format_span(self.wait)} after it is confirmed" if self.wait else "as soon as it is confirmed"
        if self.group is None or self.pace is None:
            return at
        return f"{at}, together with what else is in {self.group}, with news at most every {format_span(self.pace)}"


def ways_told(
    account: Account, reason: Reason, severity: Severity, routes: Sequence[Route], now: datetime
) -> tuple[Way, ...]:
    """The ways of an outage of that severity, in the order of the routes."""
    subject = Subject(
        platform=account.platform,
        owner=account.owner,
        severity=severity,
        reason=reason,
        account=account.id,
        labels=account.labels,
    )
    return tuple(_way(route, channel, subject, now) for route, channel in ways_to(routes, subject))


def _way(route: Route, channel: str, subject: Subject, now: datetime) -> Way:
    group = group_key(route, subject)
    return Way(
        route=route.name,
        channel=channel,
        severity=subject.severity,
        group=group,
        wait=wait_for(route, subject.severity) if group is not None else timedelta(0),
        pace=pace_of(route, subject.severity) if group is not None else None,
        has_quiet_hours=route.quiet is not None,
        quiet_until=route.quiet.end(now) if route.quiet is not None else None,
    )
