"""The schedule: who is due, within what a host takes, fairly, and in each account's own phase."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schedule.plans import make_it
from watcher.schedule.plan import Due, Plan, Slot, phase

START = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
TICK = timedelta(milliseconds=250)
HOST = "x.example"


def slots(count: int, *, host: str = HOST, interval: timedelta = MINUTE, urgent: bool = False) -> list[Slot]:
    """So many accounts at one host."""
    return [Slot(account_id=f"x:{number}", host=host, interval=interval, urgent=urgent) for number in range(count)]


def planned(*wanted: Slot, at: datetime = START) -> Plan:
    """A plan of these."""
    plan = Plan()
    make_it(plan, wanted, at)
    return plan


def takes(count: int) -> Callable[[str], int]:
    """A capacity that is the same for all hosts."""
    return lambda _host: count


def all_due(plan: Plan, at: datetime) -> list[Due]:
    """Everybody who is due, whatever the hosts can take."""
    return plan.due(at, takes(len(plan) + 1))


def ids(found: list[Due]) -> list[str]:
    """Who."""
    return [due.account_id for due in found]


def own(wait: timedelta = MINUTE, count: int = 3) -> tuple[Plan, list[str]]:
    """A plan whose accounts have been looked at once and put back after `wait`, and their ids."""
    plan = planned(*slots(count, urgent=True))
    names = ids(all_due(plan, START))
    for name in names:
        plan.again(name, START, wait)
    return plan, names


# How accounts are spread.


@pytest.mark.parametrize("name", ["x:{}", "bluesky:person{:05}.bsky.social", "generic:https://site.example/u/{}"])
def test_ten_thousand_are_spread_from_the_first_second(name: str) -> None:
    """First looks go out evenly over one interval, and so do all later ones: in no second over twice the mean."""
    plan = planned(*(Slot(account_id=name.format(n), host=HOST, interval=MINUTE) for n in range(10_000)))
    first, later = Counter[int](), Counter[int]()
    for second in range(180):
        now = START + second * SECOND
        for due in all_due(plan, now):
            (first if second <= 60 else later)[int((due.at - START) / SECOND) % 60] += 1
            plan.again(due.account_id, now, MINUTE)
    assert len(first) == len(later) == 60
    assert max(first.values()) <= 2 * first.total() / 60
    assert max(later.values()) <= 2 * later.total() / 60


def test_a_few_are_looked_at_soon() -> None:
    """Five accounts are all looked at within five seconds of the start, not within the interval."""
    plan = planned(*slots(5, interval=timedelta(hours=1)))
    assert len(all_due(plan, START + 5 * SECOND)) == 5


def test_when_somebody_is_looked_at_next() -> None:
    """The instant that it is due; none while it is being looked at, nor of one that is not in the schedule."""
    plan = planned(*slots(1))
    at = plan.next_look("x:0")
    assert at is not None
    assert all_due(plan, at - SECOND) == []
    assert ids(all_due(plan, at)) == ["x:0"]
    assert plan.next_look("x:0") is None
    plan.again("x:0", at, MINUTE)
    assert plan.next_look("x:0") == phase("x:0", MINUTE, at)
    assert plan.next_look("x:nobody") is None


def test_an_urgent_one_is_looked_at_at_once() -> None:
    """An account that was down when the program stopped is due in the moment it starts."""
    plan = planned(*slots(1, urgent=True))
    assert [(due.at, due.urgent) for due in all_due(plan, START)] == [(START, True)]


@given(
    name=st.text(min_size=1, max_size=30),
    seconds=st.integers(1, 100_000),
    after=st.datetimes(datetime(2017, 1, 1), datetime(2040, 1, 1)),
)
def test_a_phase_is_stable_over_restarts(name: str, seconds: int, after: datetime) -> None:
    """Whenever it is asked, the account's instants are the same ones, an interval apart."""
    interval, after = seconds * SECOND, after.replace(tzinfo=UTC)
    instant = phase(name, interval, after)
    assert after < instant <= after + interval
    assert phase(name, interval, instant - timedelta(microseconds=1)) == instant
    assert phase(name, interval, instant) == instant + interval


# Putting back.


def test_a_whole_interval_leads_back_to_the_own_phase() -> None:
    """Two accounts that were looked at in the same moment part again."""
    plan, names = own()
    due = all_due(plan, START + MINUTE)
    assert {d.account_id: d.at for d in due} == {name: phase(name, MINUTE, START) for name in names}
    assert not any(d.urgent for d in due)


def test_less_than_an_interval_is_exact_and_urgent() -> None:
    """A suspect is due after exactly the wait that was asked for."""
    plan, names = own(wait=10 * SECOND)
    assert all_due(plan, START + 10 * SECOND - TICK) == []
    due = all_due(plan, START + 10 * SECOND)
    assert ids(due) == names
    assert all(d.urgent and d.at == START + 10 * SECOND for d in due)


def test_a_late_return_catches_nothing_up() -> None:
    """An account that is put back hours late is due once, not once for each interval that was missed."""
    plan = planned(*slots(1, urgent=True))
    [due] = all_due(plan, START)
    now = START + timedelta(hours=5)
    plan.again(due.account_id, START, MINUTE)
    assert len(all_due(plan, now)) == 1
    plan.again(due.account_id, now, MINUTE)
    assert all_due(plan, now) == []


def test_an_account_in_flight_is_not_due() -> None:
    """Who was handed out is not handed out again before coming back."""
    plan = planned(*slots(1, urgent=True))
    assert len(all_due(plan, START)) == 1
    assert all_due(plan, START + 10 * MINUTE) == []


def test_an_account_put_back_twice_is_due_once() -> None:
    """The later word counts; the earlier one is passed over."""
    plan, names = own(wait=10 * SECOND, count=1)
    plan.again(names[0], START, 20 * SECOND)
    assert all_due(plan, START + 10 * SECOND) == []
    assert ids(all_due(plan, START + 20 * SECOND)) == names


def test_an_account_moves_to_another_host() -> None:
    """Once another source is used, the account counts against that host's capacity."""
    plan, names = own(count=1)
    [due] = all_due(plan, START + MINUTE)
    plan.move(due.account_id, "y.example")
    plan.move(due.account_id, "y.example")
    plan.move("x:nobody", "y.example")
    plan.again(due.account_id, due.at, MINUTE)
    assert plan.due(START + 3 * MINUTE, lambda host: 1 if host == HOST else 0) == []
    assert ids(plan.due(START + 3 * MINUTE, lambda host: 1 if host == "y.example" else 0)) == names


# Another watchlist.


def test_replacing_keeps_what_is_unchanged() -> None:
    """Accounts that stay keep their time to the microsecond; one that is new comes beside them."""
    plan, names = own()
    make_it(plan, [*slots(3), Slot(account_id="x:new", host=HOST, interval=MINUTE)], START + SECOND)
    due = {d.account_id: d.at for d in all_due(plan, START + 2 * MINUTE)}
    assert {name: due[name] for name in names} == {name: phase(name, MINUTE, START) for name in names}
    assert START + SECOND <= due["x:new"] <= START + 2 * SECOND


def test_replacing_drops_who_is_gone() -> None:
    """An account that was taken off the watchlist is not looked at again, in flight or not."""
    plan, names = own()
    make_it(plan, slots(2), START)
    assert len(plan) == 2
    assert set(ids(all_due(plan, START + 2 * MINUTE))) == set(names[:2])
    make_it(plan, slots(1), START + 2 * MINUTE)
    plan.again(names[1], START + 2 * MINUTE, SECOND)
    assert all_due(plan, START + 10 * MINUTE) == []


def test_replacing_gives_an_account_of_another_host_another_time() -> None:
    """An account that waits starts anew where it is asked at another host, once."""
    plan, _ = own(count=1)
    make_it(plan, slots(1, host="y.example"), START)
    [due] = all_due(plan, START + 30 * MINUTE)
    assert START <= due.at <= START + SECOND
    assert all_due(plan, START + 60 * MINUTE) == []


def test_replacing_does_not_double_a_look_under_way() -> None:
    """An account whose interval changes while it is looked at waits for that look, then keeps the new interval."""
    plan = planned(*slots(1, urgent=True))
    [due] = all_due(plan, START)
    make_it(plan, slots(1, interval=5 * MINUTE), START)
    assert all_due(plan, START + 20 * MINUTE) == []
    plan.again(due.account_id, START, 5 * MINUTE)
    assert [d.at for d in all_due(plan, START + 20 * MINUTE)] == [phase(due.account_id, 5 * MINUTE, START)]


# Within what hosts take.


def test_a_host_that_takes_nothing_holds_up_nobody_else() -> None:
    """Each host has its own queue: while one is backing off, the others go on."""
    plan = planned(*slots(2, urgent=True), Slot(account_id="y:0", host="y.example", interval=MINUTE, urgent=True))
    found = plan.due(START, lambda host: 0 if host == HOST else 5)
    assert ids(found) == ["y:0"]


def test_the_longest_waiting_goes_first() -> None:
    """Where a host takes fewer than are due, the order is that of the due times."""
    plan = planned(*slots(50))
    found = [plan.due(START + MINUTE, takes(1))[0] for _ in range(50)]
    assert found == sorted(found)


def test_urgent_and_routine_share() -> None:
    """Where both wait they take turns; where one waits alone it has everything."""
    plan = planned(*slots(40))
    for due in all_due(plan, START + MINUTE)[:20]:
        plan.again(due.account_id, START, SECOND)
    routine = [f"r:{n}" for n in range(20)]
    make_it(plan, [*slots(40), *(Slot(account_id=r, host=HOST, interval=MINUTE) for r in routine)], START)
    found = plan.due(START + MINUTE, takes(20))
    assert sum(due.urgent for due in found) == 10
    rest = all_due(plan, START + MINUTE)
    assert sum(due.urgent for due in rest) == 10
    assert len(rest) == 20


def waiting(*, down: int = 0, suspects: int = 0, routine: int = 0) -> Plan:
    """A plan where so many wait, who is down since before the suspects."""
    plan, gone = (
        Plan(),
        [Slot(account_id=f"d:{n}", host=HOST, interval=MINUTE, urgent=True, down=True) for n in range(down)],
    )
    plan.amend(gone, START)
    plan.amend(
        [replace(slot, account_id=f"s{slot.account_id}") for slot in slots(suspects, urgent=True)], START + SECOND
    )
    plan.amend([replace(slot, account_id=f"r{slot.account_id}") for slot in slots(routine)], START)
    return plan


def kinds(found: list[Due]) -> str:
    """Who, each by one letter: down, suspected, or routine."""
    return "".join(due.account_id[0] for due in found)


def test_a_look_at_one_that_is_down_counts_twice() -> None:
    """It brings a control: two others go for it, however many are down. Where they wait alone they have everything."""
    plan = waiting(down=20, routine=20)
    assert kinds(plan.due(START + MINUTE, takes(9))) == "drrdrrdrr"
    assert sum(due.urgent for due in plan.due(START + MINUTE, takes(21))) == 7
    assert kinds(all_due(plan, START + MINUTE)) == "d" * 10


def test_whoever_is_to_be_confirmed_goes_before_those_that_are_down() -> None:
    """Who is down waited longer, but an outage that nobody knows of yet waits for none of them; and takes turns."""
    assert kinds(all_due(waiting(down=2, suspects=2, routine=6), START + MINUTE)) == "srsrdrrdrr"
    assert kinds(all_due(waiting(down=2, suspects=2), START + MINUTE)) == "ssdd"


def test_a_suspect_waits_for_one_turn_only_after_a_look_at_one_that_is_down() -> None:
    """What is owed to the others is paid after the confirmation."""
    plan = waiting(down=3, routine=9)
    assert kinds(plan.due(START + MINUTE, takes(1))) == "d"
    plan.amend([Slot(account_id="s:0", host=HOST, interval=MINUTE, urgent=True)], START + MINUTE)
    assert kinds(plan.due(START + MINUTE, takes(5))) == "rsrrd"


def test_whoever_goes_down_waits_with_those_that_are_down() -> None:
    """From the look that proves it on, and no longer once it is back."""
    plan = waiting(suspects=1, down=1)
    assert kinds(all_due(plan, START + SECOND)) == "sd"
    for down, order in ((True, "ds"), (False, "sd")):
        plan.move("sx:0", HOST, down=down)
        plan.again("d:0", START, SECOND)
        plan.again("sx:0", START, 2 * SECOND)
        assert kinds(all_due(plan, START + MINUTE)) == order


@given(data=st.data())
def test_nobody_starves_and_no_capacity_is_exceeded(data: st.DataObject) -> None:
    """Whatever the hosts take from tick to tick: within it, never twice in flight, and everybody gets a turn.

    A turn is owed once a host has taken, since the account was due, twice as many as it has accounts.
    """
    hosts = data.draw(st.lists(st.integers(1, 8), min_size=1, max_size=3))
    everybody = [
        Slot(
            account_id=f"{host}:{number}",
            host=f"h{host}",
            interval=data.draw(st.integers(1, 30)) * SECOND,
            urgent=data.draw(st.booleans()),
        )
        for host, count in enumerate(hosts)
        for number in range(count)
    ]
    plan = planned(*everybody)
    members = Counter(slot.host for slot in everybody)
    host_of = {slot.account_id: slot.host for slot in everybody}
    interval_of = {slot.account_id: slot.interval for slot in everybody}
    in_flight: set[str] = set()
    taken = Counter[str]()
    owed: dict[str, int] = {}
    for tick in range(data.draw(st.integers(10, 40))):
        now = START + tick * SECOND
        room = {host: data.draw(st.integers(0, 3)) for host in members}
        waiting = {name for name in host_of if name not in in_flight}
        found = plan.due(now, room.__getitem__)
        assert all(count <= room[host] for host, count in Counter(host_of[d.account_id] for d in found).items())
        for due in found:
            assert due.at <= now
            assert due.account_id not in in_flight
            in_flight.add(due.account_id)
            taken[host_of[due.account_id]] += 1
            owed.pop(due.account_id, None)
        overdue = {
            name
            for name in waiting - in_flight
            if name in owed and taken[host_of[name]] - owed[name] > 2 * members[host_of[name]]
        }
        assert not overdue
        for name in data.draw(st.lists(st.sampled_from(sorted(in_flight)), unique=True)) if in_flight else []:
            in_flight.remove(name)
            wait = data.draw(st.sampled_from([SECOND, 3 * SECOND, interval_of[name]]))
            plan.again(name, now, wait)
            ready = phase(name, interval_of[name], now) if wait >= interval_of[name] else now + wait
            if ready <= now + SECOND:
                owed[name] = taken[host_of[name]]


def test_edits_put_nobody_off() -> None:
    """An account a minute is added to a host that is asked too much, so that every interval changes: all get a turn."""
    looked: set[str] = set()
    plan, now = Plan(), START
    for minute in range(60):
        interval = timedelta(minutes=20, seconds=minute)
        make_it(plan, slots(200 + minute, interval=interval), now)
        for _ in range(60):
            for due in plan.due(now, takes(1)):
                looked.add(due.account_id)
                plan.again(due.account_id, now, interval)
            now += SECOND
    assert len(looked) >= 250


def test_some_are_looked_at_sooner_than_they_were_due() -> None:
    """Spread over the time given; who is being looked at or is not there is not put in, and nobody comes twice."""
    plan, names = own(count=6)
    busy = plan.due(START + MINUTE, takes(1))[0].account_id
    plan.hasten((*names, "x:stranger"), START, 5 * SECOND)
    assert sorted((busy, *ids(all_due(plan, START + 5 * SECOND)))) == sorted(names)
    assert all_due(plan, START + 2 * MINUTE) == []


def test_nobody_is_put_off_by_being_hastened() -> None:
    """Who is due sooner keeps its time."""
    plan, names = own(2 * SECOND, count=4)
    plan.hasten(names, START, MINUTE)
    assert sorted(ids(all_due(plan, START + 2 * SECOND))) == sorted(names)


# More is due than can be done.


def test_without_room_for_all_the_urgent_and_then_the_oldest_go_first() -> None:
    """Over all hosts: whoever is to be confirmed, then whoever has waited longest."""
    plan = Plan()
    late = [replace(slot, account_id=f"late{place}") for place, slot in enumerate(slots(3, host="a.example"))]
    make_it(plan, late, START)
    make_it(plan, [*late, *slots(3, host="b.example")], START + MINUTE)
    make_it(plan, [*late, *slots(3, host="b.example"), *_urgent(2)], START + 2 * MINUTE)
    now = START + 5 * MINUTE
    first = plan.due(now, takes(9), room=5)
    assert {due.account_id for due in first} == {"u0", "u1", "late0", "late1", "late2"}
    assert ids(first)[:2] == ["u0", "u1"]
    assert {due.host for due in plan.due(now, takes(9), room=2)} == {"b.example"}
    assert len(plan.due(now, takes(9), room=9)) == 1


def _urgent(count: int) -> list[Slot]:
    return [Slot(account_id=f"u{n}", host=f"{n}.example", interval=MINUTE, urgent=True) for n in range(count)]


@pytest.mark.parametrize(("late", "missed"), [(10, 0), (59, 0), (61, 1), (150, 2), (601, 10)])
def test_the_instants_that_went_by_are_counted(late: int, missed: int) -> None:
    """One looked at so many seconds after it was due has missed each whole interval of that; none while it confirms."""
    plan, [name] = own(count=1)
    [due] = all_due(plan, phase(name, MINUTE, START))
    assert plan.again(name, due.at + late * SECOND, MINUTE) == missed
    [due] = all_due(plan, START + HOUR)
    assert plan.again(name, START + HOUR, 15 * SECOND) == 0


def test_of_the_late_ones_nobody_else_is_looked_at() -> None:
    """`late` finds those that wait longer than their interval, whatever else is in the plan."""
    plan = planned(*slots(50, interval=HOUR), *[replace(slot, account_id=f"q{slot.account_id}") for slot in slots(50)])
    now = START + 90 * MINUTE
    late = dict(plan.late(now, MINUTE))
    assert {name for name in late if name.startswith("q")} == {f"qx:{number}" for number in range(50)}
    for name, overdue in late.items():
        assert overdue > (MINUTE if name.startswith("q") else HOUR)
