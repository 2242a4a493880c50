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
    shared: dict[tuple[int, int], Policy] = {}
    carried = {name: _carried(account, old.accounts.get(name), now, shared) for name, account in new.accounts.items()}
    return replace(new, accounts=carried)


def _carried(account: Account, before: Account | None, now: datetime, shared: dict[tuple[int, int], Policy]) -> Account:
    """The very same object as before where nothing has changed; policies are shared, as they were."""
    if before is None or account is before:
        return account
    key = (id(account.policy), id(before.policy))
    policy = shared.get(key)
    if policy is None:
        policy = shared[key] = _carried_policy(account.policy, before.policy, now)
    kept = account if policy is account.policy else replace(account, policy=policy)
    return before if kept == before else kept


def _carried_policy(policy: Policy, before: Policy, now: datetime) -> Policy:
    changed_at, previous = before.changed_at, before.previous
    if policy.interval != before.interval:
        changed_at, previous = now, _expected_until(before, now)
    carried = replace(policy, changed_at=changed_at, previous=previous)
    return next((same for same in (before, policy) if same == carried), carried)


def _expected_until(policy: Policy, now: datetime) -> timedelta:
    """The interval until `now`; the one before it if that is longer and ended too lately to have shown yet."""
    if policy.changed_at is None or policy.previous is None or now - policy.changed_at > GAP_AFTER * policy.interval:
        return policy.interval
    return max(policy.interval, policy.previous)


def _by_calendar(watchlist: Watchlist, interval: Callable[[Calendar], timedelta]) -> Watchlist:
    calendars = {account.calendar for account in _all(watchlist) if account.calendar is not None}
    intervals = {calendar: interval(calendar) for calendar in calendars}  # many accounts share one
    if not calendars:
        return watchlist
    shared: dict[tuple[int, timedelta], Policy] = {}
    changed = {
        account.id: with_interval(account, intervals[account.calendar], shared)
        for account in _all(watchlist)
        if account.calendar is not None
    }
    return replace(watchlist, accounts={**watchlist.accounts, **changed})


def with_interval(account: Account, interval: timedelta, shared: dict[tuple[int, timedelta], Policy]) -> Account:
    """The account with another interval; `shared` has the policies made so, as many accounts have one in common.

    They are known by the identity of the policy that each was made of, which must live meanwhile.
    """
    policy = shared.get((id(account.policy), interval))
    if policy is None:
        policy = shared[id(account.policy), interval] = replace(account.policy, interval=interval)
    return replace(account, policy=policy)


def _all(watchlist: Watchlist) -> tuple[Account, ...]:
    return tuple(watchlist.accounts.values())
