"""What calendars make of a watchlist, and what is carried over when one watchlist takes the place of another."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.unit.settings.samples import PLATFORMS
from tests.unit.settings.test_pace import crowd
from watcher.judge.machine import fall_silent
from watcher.model.account import Policy, Repeat, Watchlist
from watcher.model.calendar import Calendar, Window
from watcher.model.outage import AccountState, Phase
from watcher.settings.pace import within_pace
from watcher.settings.policies import at_densest, carry_over, in_force, next_change

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
SLOW, QUICK = 10 * MINUTE, 30 * SECOND
# The desk of Berlin, a Friday in winter: 08:00 is 07:00 UTC.
DESK = Calendar(
    usual=SLOW,
    windows=(Window(days=frozenset(range(5)), begins=time(8), ends=time(18), interval=QUICK),),
    timezone=ZoneInfo("Europe/Berlin"),
)
MORNING, EVENING = datetime(2024, 1, 12, 7, tzinfo=UTC), datetime(2024, 1, 12, 17, tzinfo=UTC)


def desk(count: int = 1, others: int = 0) -> Watchlist:
    """Accounts under the desk's calendar, as loaded, and `others` of one minute without any."""
    accounts = crowd(count + others).accounts
    watched = [
        account if place >= count else replace(account, policy=Policy(interval=SLOW), calendar=DESK)
        for place, account in enumerate(accounts.values())
    ]
    return Watchlist(accounts={account.id: account for account in watched}, owners={})


def run(watchlist: Watchlist, old: Watchlist, now: datetime) -> Watchlist:
    """What takes the place of `old` at `now`."""
    return carry_over(within_pace(in_force(watchlist, now), PLATFORMS), old, now)


def with_policy(policy: Policy) -> Watchlist:
    """One account, watched by that."""
    [account] = crowd(1).accounts.values()
    return Watchlist(accounts={account.id: replace(account, policy=policy)}, owners={})


def policies(watchlist: Watchlist) -> list[Policy]:
    """The accounts' policies, in order."""
    return [account.policy for account in watchlist.accounts.values()]


def test_the_calendar_gives_the_interval_in_force() -> None:
    """Accounts without a calendar keep theirs."""
    mixed = desk(1, others=1)
    assert [each.interval for each in policies(in_force(mixed, MORNING - SECOND))] == [SLOW, MINUTE]
    assert [each.interval for each in policies(in_force(mixed, MORNING))] == [QUICK, MINUTE]
    assert in_force(in_force(mixed, MORNING), EVENING) == mixed


def test_the_densest_intervals_are_those_of_the_windows() -> None:
    """Whatever the time is."""
    assert [each.interval for each in policies(at_densest(desk(1, others=1)))] == [QUICK, MINUTE]


def test_the_next_change_is_that_of_any_calendar() -> None:
    """The earliest wins; without calendars, or with such as never change, there is none."""
    mixed = desk(1, others=2)
    assert next_change(mixed, MORNING) == EVENING
    late = replace(DESK, windows=(Window(begins=time(9), ends=time(17), interval=QUICK),))
    still = replace(DESK, windows=(Window(interval=QUICK),))
    _, second, third = mixed.accounts
    accounts = {
        **mixed.accounts,
        second: replace(mixed.accounts[second], calendar=late),
        third: replace(mixed.accounts[third], calendar=still),
    }
    assert next_change(replace(mixed, accounts=accounts), MORNING) == MORNING + 60 * MINUTE
    assert next_change(crowd(2), MORNING) is None
    assert next_change(replace(mixed, accounts={third: accounts[third]}), MORNING) is None


def test_a_change_is_carried_over() -> None:
    """The account whose interval changes knows since when, and what it was; the others know of none."""
    mixed = desk(1, others=1)
    night = in_force(mixed, MORNING - SECOND)
    day = run(mixed, night, MORNING)
    assert policies(day) == [
        Policy(interval=QUICK, changed_at=MORNING, previous=SLOW),
        Policy(interval=MINUTE),
    ]


def test_an_unchanged_account_keeps_what_it_knows() -> None:
    """A reload at noon does not make the morning's change a new one; the evening's takes its place."""
    day = run(desk(), in_force(desk(), MORNING - SECOND), MORNING)
    noon = run(desk(), day, MORNING + 300 * MINUTE)
    assert noon == day
    assert policies(run(desk(), noon, EVENING)) == [Policy(interval=SLOW, changed_at=EVENING, previous=QUICK)]


def test_a_new_account_has_had_its_interval_ever_since() -> None:
    """There is no time before in which too little could have been seen."""
    both = run(desk(2), in_force(desk(1), MORNING - SECOND), MORNING)
    assert policies(both)[1] == Policy(interval=QUICK)
    assert list(both.accounts) == list(desk(2).accounts)


def test_two_changes_in_a_row_ask_no_more_than_the_first() -> None:
    """Changed again before a look was due under the interval between: the long wait before it still stands."""
    day = run(desk(), in_force(desk(), MORNING - SECOND), MORNING)
    minute = crowd(1)
    soon = run(minute, day, MORNING + 20 * SECOND)
    assert policies(soon) == [Policy(interval=MINUTE, changed_at=MORNING + 20 * SECOND, previous=SLOW)]
    later = run(minute, day, MORNING + 61 * SECOND)
    assert policies(later) == [Policy(interval=MINUTE, changed_at=MORNING + 61 * SECOND, previous=QUICK)]


def test_another_confirmation_changes_no_interval() -> None:
    """How long nothing may be seen is reckoned by `interval` alone."""
    calm = Policy(confirm=Repeat(threshold=3, interval=5 * MINUTE))
    closer = replace(calm, confirm=Repeat(threshold=4, interval=10 * SECOND))
    assert policies(run(with_policy(closer), with_policy(calm), MORNING)) == [closer]


def test_the_pace_holds_in_a_window_too() -> None:
    """Forty accounts every thirty seconds are too many for the host: stretched by day, as written by night."""
    many = desk(40)
    night = within_pace(in_force(many, MORNING - SECOND), PLATFORMS)
    assert {each.interval for each in policies(night)} == {SLOW}
    day = run(many, night, MORNING)
    [by_day] = {each.interval for each in policies(day)}
    assert QUICK < by_day < SLOW
    assert {each.previous for each in policies(day)} == {SLOW}
    assert {(each.interval, each.previous) for each in policies(run(many, day, EVENING))} == {(SLOW, by_day)}


def test_nobody_falls_silent_by_the_morning() -> None:
    """The whole way: an account last seen at 07:55 is not blind at 08:00, and is at 08:01:30 if nothing comes."""
    seen = MORNING - 5 * MINUTE
    [account] = run(desk(), in_force(desk(), seen), MORNING).accounts.values()
    state = AccountState(account_id=account.id, phase=Phase.UP, since=seen, observed_until=seen)
    assert fall_silent(state, MORNING + 89 * SECOND, account).transitions == ()
    assert len(fall_silent(state, MORNING + 90 * SECOND, account).transitions) == 1
    [unaware] = in_force(desk(), MORNING).accounts.values()
    assert len(fall_silent(state, MORNING, unaware).transitions) == 1
