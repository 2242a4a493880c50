"""The schedule after a start: who was not looked at for longest comes first, as evenly spread as by hash."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from watcher.schedule import Plan, Slot, places
from watcher.schedule.plan import phase

START = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


Look = tuple[str, str, timedelta, datetime | None]


def looks(count: int, *, host: str = "x", at: datetime = START) -> list[Look]:
    """So many accounts of a host, each looked at a second before the one that follows it."""
    return [(f"{host}:{n}", host, MINUTE, at + n * SECOND) for n in range(count)]


def test_who_was_not_looked_at_for_longest_comes_first() -> None:
    """Of each host by itself: first those never looked at, then by the last looks, whatever the ids are."""
    never: list[Look] = [(f"x:new{n}", "x", MINUTE, None) for n in range(5)]
    found = list(places([*looks(20), *never, *looks(20, host="y", at=START - MINUTE)], START))
    assert {name for name in found if name.startswith("x")} == {name for name, *_ in (*looks(20), *never)}
    of_x = [name for name in found if name.startswith("x")]
    assert set(of_x[:5]) == {name for name, *_ in never}
    assert of_x[5:] == [name for name, *_ in looks(20)]
    assert [name for name in found if name.startswith("y")] == [name for name, *_ in looks(20, host="y")]


def test_nobody_comes_first_for_being_at_another_host() -> None:
    """A thousand hosts of one account each are spread as evenly as a thousand accounts of one host."""
    found = places(((f"x:{n}", f"host{n}", MINUTE, START + n * SECOND) for n in range(1000)), START)
    assert max(Counter(int(10 * place) for place in found.values()).values()) <= 200


def test_where_nobody_was_looked_at_all_are_at_their_own_place() -> None:
    """The first start of all is as it would be without the last looks."""
    names = [f"x:{n}" for n in range(100)]
    slots = [Slot(account_id=name, host="x", interval=MINUTE) for name in names]
    plain, ordered = Plan(), Plan()
    plain.amend(slots, START)
    ordered.amend(slots, START, order=places(((name, "x", MINUTE, None) for name in names), START))
    assert [plain.next_look(name) for name in names] == [ordered.next_look(name) for name in names]


def test_a_start_is_even_and_ends_within_the_interval() -> None:
    """Ten thousand that were looked at in some order: in no second over twice the mean, and no one after a minute."""
    plan, order = Plan(), places(looks(10_000), START)
    names = list(order)
    for start in range(0, 10_000, 200):
        piece = names[start : start + 200]
        plan.amend([Slot(account_id=name, host="x", interval=MINUTE) for name in piece], START, 10_000, order)
    found = plan.due(START + MINUTE, lambda _host: 10_000)
    assert [due.account_id for due in found] == [name for name, *_ in looks(10_000)]
    seconds = Counter(int((due.at - START) / SECOND) for due in found)
    assert len(seconds) == 60
    assert max(seconds.values()) <= 2 * 10_000 / 60


def second_looks(plan: Plan, until: datetime) -> dict[str, timedelta]:
    """Have all looked at once, in no time; for how long each then waits."""
    firsts = plan.due(until, lambda _host: len(plan))
    assert len(firsts) == len(plan)
    for due in firsts:
        plan.again(due.account_id, due.at, MINUTE)
    waits = {due.account_id: plan.next_look(due.account_id) for due in firsts}
    return {due.account_id: after - due.at for due in firsts if (after := waits[due.account_id]) is not None}


@pytest.mark.parametrize("since_the_minute", [0, 17, 59])
def test_a_first_round_asks_nobody_twice(since_the_minute: int) -> None:
    """Whenever the start is: were second looks at their own instants soon, a first round would be twice the work."""
    start = START + since_the_minute * SECOND
    names = [f"x:{n}" for n in range(1000)]
    plan = Plan()
    plan.amend(
        [Slot(account_id=name, host="x", interval=MINUTE) for name in names],
        start,
        order=places(((name, "x", MINUTE, None) for name in names), start),
    )
    waits = second_looks(plan, start + MINUTE)
    assert min(waits.values()) >= MINUTE - SECOND / 1000


@pytest.mark.parametrize("down", [0.5, 5, 30, 59, 61, 3 * 3600 + 45])
def test_a_restart_asks_nobody_twice(down: float) -> None:
    """However long it was down: they come to the places of others, in the order of before, and wait an interval."""
    names = [f"x:{n}" for n in range(1000)]
    slots = [Slot(account_id=name, host="x", interval=MINUTE) for name in names]
    before = Plan()
    before.amend(slots, START, order=places(((name, "x", MINUTE, None) for name in names), START))
    last = {due.account_id: due.at for due in before.due(START + MINUTE, lambda _host: 1000)}
    again = START + MINUTE + down * SECOND
    plan = Plan()
    plan.amend(slots, again, order=places(((name, "x", MINUTE, last[name]) for name in names), again))
    assert set(second_looks(plan, again + MINUTE).values()) == {MINUTE}


def test_who_was_at_the_place_of_another_comes_back_to_its_own() -> None:
    """Each look begins a little late: in time an account keeps to its own instants again, and is never left longer."""
    again = phase("x:0", MINUTE, START) - 20 * SECOND
    plan = Plan()
    plan.amend([Slot(account_id="x:0", host="x", interval=MINUTE)], again, 60, {"x:0": 0.0})
    looks_at = []
    for _ in range(100):
        at = plan.next_look("x:0")
        assert at is not None
        plan.due(at, lambda _host: 1)
        looks_at.append(at + SECOND / 2)
        assert plan.again("x:0", looks_at[-1], MINUTE) == 0
    assert plan.next_look("x:0") == phase("x:0", MINUTE, looks_at[-1])
    assert max(after - before for before, after in pairwise(looks_at)) <= MINUTE + SECOND / 2
