"""Another interval while accounts wait: nobody overtakes another, nobody is put off, and all stay evenly spread."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.schedule.plans import make_it
from watcher.schedule import Plan, Slot

START = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def slots(count: int, interval: timedelta) -> list[Slot]:
    """So many accounts of one host."""
    return [Slot(account_id=f"x:{number}", host="x", interval=interval) for number in range(count)]


def settled(count: int, interval: timedelta) -> Plan:
    """A plan of these, an interval after all of them were looked at in the same moment."""
    plan = Plan()
    plan.amend(slots(count, interval), START - 2 * interval)
    for due in plan.due(START - interval, lambda _host: count):
        plan.again(due.account_id, START - interval, interval)
    run(plan, START - interval, START, interval)
    return plan


def run(plan: Plan, since: datetime, until: datetime, interval: timedelta) -> list[tuple[datetime, str]]:
    """Look at whoever is due, each second; when at whom."""
    found = []
    for second in range(int((until - since) / SECOND)):
        now = since + second * SECOND
        for due in plan.due(now, lambda _host: len(plan)):
            found.append((now, due.account_id))
            plan.again(due.account_id, now, interval)
    return found


def times(plan: Plan) -> dict[str, datetime]:
    """When each is due."""
    return {account_id: at for account_id in plan if (at := plan.next_look(account_id)) is not None}


def test_a_longer_interval_leaves_all_their_time() -> None:
    """Who waits is looked at when it would have been, no sooner and no later."""
    plan = settled(100, 10 * MINUTE)
    before = times(plan)
    make_it(plan, slots(100, 11 * MINUTE), START)
    assert len(before) == 100
    assert times(plan) == before


def test_a_shorter_interval_shortens_the_wait_by_as_much() -> None:
    """All are looked at within the new interval, in the order that they were in."""
    plan = settled(100, 10 * MINUTE)
    before = times(plan)
    make_it(plan, slots(100, MINUTE), START)
    after = times(plan)
    assert sorted(after, key=after.__getitem__) == sorted(before, key=before.__getitem__)
    assert START < min(after.values()) <= max(after.values()) <= START + MINUTE
    assert all(after[name] < at for name, at in before.items())


def test_who_is_overdue_is_not_overtaken() -> None:
    """A host takes nobody for a while: by a shorter interval, too, who waits is due since when it was."""
    plan = settled(100, 10 * MINUTE)
    before = times(plan)
    make_it(plan, slots(100, 9 * MINUTE), START + 10 * MINUTE)
    assert times(plan) == before


def test_many_edits_leave_the_gaps_as_they_are() -> None:
    """A host used to the full, and intervals that change a little every five minutes: all are looked at as often."""
    interval = 650 * SECOND
    plan, looked, gaps = settled(100, interval), dict[str, datetime](), list[timedelta]()
    for step in range(1000):
        now = START + step * 6.4 * SECOND
        if step % 47 == 0:
            interval = (650 + step // 47 % 2 * 7) * SECOND
            make_it(plan, slots(100, interval), now)
        for due in plan.due(now, lambda _host: 1):
            gaps.append(now - looked.get(due.account_id, START))
            looked[due.account_id] = now
            plan.again(due.account_id, now, interval)
    assert len(looked) == 100
    assert max(gaps) <= 700 * SECOND


@pytest.mark.parametrize(("before", "after"), [(1, 10), (10, 1), (9, 10), (10, 9), (5, 10)])
def test_after_an_edit_looks_stay_even(before: int, after: int) -> None:
    """Of ten thousand whose interval changes all at once in no six seconds more than twice as many as on average."""
    plan, interval = settled(10_000, before * MINUTE), after * MINUTE
    make_it(plan, slots(10_000, interval), START)
    rest = min(before, after) * MINUTE  # until then the looks are those that were planned
    found = run(plan, START, START + rest + 2 * interval, interval)
    counted = Counter(int((at - START - rest) / (6 * SECOND)) for at, _ in found if at >= START + rest)
    assert max(counted.values()) <= 2 * 10_000 / (interval / (6 * SECOND))
