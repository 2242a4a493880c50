"""The policies in force: what the calendars make of a watchlist at an instant, and since when. Pure.

The watchlist as loaded has each account's usual interval. What is run goes through these in this order, with the pace
between: `carry_over(within_pace(in_force(watchlist, now), platforms), old, now)`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.judge.policy import GAP_AFTER
from watcher.model.account import Account, Policy, Watchlist
from watcher.model.calendar import Calendar


def in_force(watchlist: Watchlist, now: datetime) -> Watchlist:
    """The watchlist with the intervals that its calendars give at `now`."""
    return _by_calendar(watchlist, lambda calendar: calendar.interval_at(now))


def at_densest(watchlist: Watchlist) -> Watchlist:
    """The watchlist with the shortest interval that each account ever has: what hosts must be able to bear."""
    return _by_calendar(watchlist, lambda calendar: calendar.densest)


def at_sparsest(watchlist: Watchlist) -> Watchlist:
    """The watchlist with the longest interval that each account ever has: how late something may be noticed."""
    return _by_calendar(watchlist, lambda calendar: calendar.sparsest)


def next_change(watchlist: Watchlist, after: datetime) -> datetime | None:
    """The first instant later than `after` at which some calendar gives another interval; None when none ever does."""
    calendars = {account.calendar for account in _all(watchlist) if account.calendar is not None}
    changes = (calendar.next_change(after) for calendar in calendars)
    return min((change for change in changes if change is not None), default=None)


def carry_over(new: Watchlist, old: Watchlist, now: datetime) -> Watchlist:
    """The watchlist that takes the place of `old` at `now`, knowing of each account since when its intervals hold.

    Without that the judge would take the time before for one in which too little was seen.
    """
    return replace(
        new, accounts={account.id: _carried(account, old.accounts.get(account.id), now) for account in _all(new)}
    )


def _carried(account: Account, before: Account | None, now: datetime) -> Account:
    if before is None:
        return account
    changed_at, previous = before.policy.changed_at, before.policy.previous
    if _intervals(account.policy) != _intervals(before.policy):
        changed_at, previous = now, _expected_until(before.policy, now)
    return replace(account, policy=replace(account.policy, changed_at=changed_at, previous=previous))


def _intervals(policy: Policy) -> tuple[timedelta, timedelta, timedelta]:
    """All that waits between looks are made of."""
    return policy.interval, policy.confirm.interval, policy.recover.interval


def _expected_until(policy: Policy, now: datetime) -> Policy:
    """By what there were looks until `now`; as before the last change too, if that was too lately to have shown yet."""
    until_now, before = replace(policy, changed_at=None, previous=None), policy.previous
    if policy.changed_at is None or before is None or now - policy.changed_at > GAP_AFTER * policy.interval:
        return until_now
    interval, confirm, recover = map(max, _intervals(policy), _intervals(before))
    return replace(
        until_now,
        interval=interval,
        confirm=replace(policy.confirm, interval=confirm),
        recover=replace(policy.recover, interval=recover),
    )


def _by_calendar(watchlist: Watchlist, interval: Callable[[Calendar], timedelta]) -> Watchlist:
    calendars = {account.calendar for account in _all(watchlist) if account.calendar is not None}
    intervals = {calendar: interval(calendar) for calendar in calendars}  # many accounts share one
    changed = {
        account.id: replace(account, policy=replace(account.policy, interval=intervals[account.calendar]))
        for account in _all(watchlist)
        if account.calendar is not None
    }
    return replace(watchlist, accounts={**watchlist.accounts, **changed})


def _all(watchlist: Watchlist) -> tuple[Account, ...]:
    return tuple(watchlist.accounts.values())
