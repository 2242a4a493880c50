"""When to look again, at accounts and at controls, and how loud an outage is."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from watcher.model.account import Policy, Severity
from watcher.model.finding import Certainty, Reason
from watcher.model.outage import AccountState, Phase
from watcher.model.platform import Pace, Platform

CLOSE_WATCH: Final = timedelta(minutes=15)
BLIND_AFTER: Final = 3
GAP_AFTER: Final = 2
_MOST_DOUBLINGS: Final = 16
REFRESH: Final = timedelta(minutes=5)
CONTROLS_ASKED: Final = 2
"""A refresh asks for one account that exists and for one handle that cannot."""
_SHARE: Final = 0.2  # of a host's pace, at most, that periodic refreshes may use


def severity_of(severity: Severity, reason: Reason, certainty: Certainty) -> Severity:
    """The severity of an outage: the account's, lower where the platform names a withholding or little is sure."""
    if reason is Reason.WITHHELD:
        return Severity.INFO
    if certainty is Certainty.RESEMBLES:
        return Severity.WARNING if severity is Severity.CRITICAL else Severity.INFO
    return severity


def severities_of(severity: Severity, reason: Reason, platform: Platform) -> tuple[Severity, ...]:
    """Those that an outage may have: the one where it is sure, then the lower one where a likeness may decide."""
    sure = severity_of(severity, reason, Certainty.STATED)
    lowered = severity_of(severity, reason, Certainty.RESEMBLES)
    is_likened = any(source.similarity for source in platform.usable_sources)
    return (sure, lowered) if is_likened and lowered is not sure else (sure,)


def wait(state: AccountState, policy: Policy) -> timedelta:
    """How long after a finding to look again.

    Inconclusive findings in a row double it from confirm.interval up to interval.
    """
    if state.inconclusive == 0:
        return expected(state, policy)
    doublings = min(state.inconclusive - 1, _MOST_DOUBLINGS)
    return min(policy.interval, policy.confirm.interval * (1 << doublings))


def expected(state: AccountState, policy: Policy) -> timedelta:
    """How long after a conclusive finding the next is expected in this phase."""
    match state.phase:
        case Phase.SUSPECT:
            return min(policy.interval, policy.confirm.interval)
        case Phase.RECOVERING:
            return min(policy.interval, policy.recover.interval)
        case Phase.DOWN:
            return _while_down(state, policy)
        case Phase.NEW if state.n:
            return min(policy.interval, policy.confirm.interval)
        case _:
            return policy.interval


def is_overdue(since: datetime, now: datetime, policy: Policy) -> bool:
    """True when BLIND_AFTER intervals have passed from `since` to `now`.

    Where the interval changed in between, the new one is reckoned from the change on: nobody looked so often before.
    """
    changed = _change_after(since, policy)
    if changed is None or changed.before == policy.interval:
        return now - since >= BLIND_AFTER * policy.interval
    at = min(now, changed.at)
    return at - since >= BLIND_AFTER * changed.before or now - at >= BLIND_AFTER * policy.interval


def is_gap(since: datetime, now: datetime, policy: Policy) -> bool:
    """True when more than GAP_AFTER intervals lie between `since` and `now`.

    Of `interval` in every phase: it is what was promised. How soon a confirmation follows depends on the pace, too.
    Where the interval changed in between, the wait may have begun under the old one: the longer of the two is allowed,
    but no more than the old one until the change.
    """
    changed = _change_after(since, policy)
    if changed is None:
        return now - since > GAP_AFTER * policy.interval
    until = min(now, changed.at)
    return until - since > GAP_AFTER * changed.before or now - since > GAP_AFTER * max(changed.before, policy.interval)


class _Change(NamedTuple):
    """When the interval changed, and what it was before."""

    at: datetime
    before: timedelta


def _change_after(since: datetime, policy: Policy) -> _Change | None:
    if policy.changed_at is None or policy.previous is None or since >= policy.changed_at:
        return None
    return _Change(policy.changed_at, policy.previous)


def refresh_period(paces: Collection[Pace]) -> timedelta:
    """How often to ask the controls of each source of a host, by the paces of all that are asked there.

    Every five minutes, or as seldom as keeps all of them together within a share of the slowest pace.
    """
    return max(REFRESH, len(paces) * refresh_gap(paces))


def refresh_gap(paces: Collection[Pace]) -> timedelta:
    """How long after the controls of one source of a host those of the next may be asked."""
    return timedelta(seconds=CONTROLS_ASKED / (_SHARE * min(pace.per_second for pace in paces)))


def _while_down(state: AccountState, policy: Policy) -> timedelta:
    """confirm.interval for CLOSE_WATCH, then doubling up to interval: as much again as has passed since."""
    least = min(policy.interval, policy.confirm.interval)
    if state.outage is None or state.last_verdict_at is None:
        return least
    since = state.last_verdict_at - state.outage.confirmed_at - CLOSE_WATCH
    return min(policy.interval, max(least, since + least))
