"""Accounts that go together: the first who is due leads, those who are nearly due go along, and none is asked twice."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schedule.plans import make_it
from watcher.schedule.plan import Due, Plan, Slot, phase

START = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
TICK = timedelta(milliseconds=250)
HOST = "api.example"


def member(number: int, *, interval: timedelta = MINUTE, room: int = 23, batch: str = "b", host: str = HOST) -> Slot:
    """An account of a batch."""
    return Slot(account_id=f"x:{number}", host=host, interval=interval, batch=batch, room=room)


def test_where_there_is_room_for_one_nobody_is_remembered_as_company() -> None:
    """However long it goes on, no more is kept than there are accounts."""
    plan, now = Plan(), START
    plan.amend([member(number, room=1) for number in range(5)], now)
    for _ in range(100):
        now += MINUTE
        for due in plan.due(now, takes(100)):
            assert due.others == ()
            plan.again(due.account_id, now, MINUTE)
    assert sum(map(len, plan._batches.values())) <= len(plan)


def takes(count: int) -> Callable[[str], int]:
    """A capacity that is the same for all hosts."""
    return lambda _host: count


def settled(*slots: Slot) -> Plan:
    """A plan whose accounts have all been looked at once at START."""
    plan = Plan()
    make_it(plan, slots, START - timedelta(days=1))
    while found := plan.due(START, takes(100)):
        for due in found:
            for each in due.all:
                plan.again(each.account_id, START, MINUTE)
        if all(due.at > START for due in found):
            break
    return plan


def run(plan: Plan, span: timedelta) -> list[tuple[datetime, Due]]:
    """All requests within that time from START, every look answered at once."""
    found = []
    for tick in range(span // TICK):
        now = START + tick * TICK
        for due in plan.due(now, takes(100)):
            found.append((now, due))
            for each in due.all:
                plan.again(each.account_id, now, MINUTE)
    return found


def test_who_is_due_within_half_an_interval_goes_along() -> None:
    """Of twenty, one request has the first who is due and those of the next half minute, the next one the others."""
    plan = settled(*(member(n) for n in range(20)))
    at = {f"x:{n}": phase(f"x:{n}", MINUTE, START) for n in range(20)}
    (now, first), (_, second) = run(plan, MINUTE)[:2]
    assert first.account_id == min(at, key=at.__getitem__)
    assert {due.account_id for due in first.all} == {name for name, due_at in at.items() if due_at <= now + MINUTE / 2}
    assert {due.account_id for due in (*first.all, *second.all)} == set(at)
    assert [due.at for due in first.all] == [at[due.account_id] for due in first.all], "the ripest first"


def test_a_full_request_leaves_the_rest_to_the_next() -> None:
    """A thousand at 25, two of them the controls', are 44 requests a minute, nearly all of them full."""
    plan = settled(*(member(n) for n in range(1000)))
    sizes = [len(due.all) for _, due in run(plan, 10 * MINUTE)]
    assert max(sizes) == 23
    assert len(sizes) <= 10 * 44
    assert sum(sizes) >= 10 * 1000 - 23


def test_other_batches_do_not_go_along() -> None:
    """One request is about one platform's accounts at one source; singles go alone, on the same host too."""
    slots = [member(0), member(1), member(2, batch="c"), Slot(account_id="x:3", host=HOST, interval=MINUTE)]
    for _, due in run(settled(*slots), 5 * MINUTE):
        assert {each.batch for each in due.all} == {due.batch}
        assert not (due.batch == "" and due.others)


def test_capacity_counts_requests() -> None:
    """A host that takes one request takes a whole batch."""
    plan = Plan()
    make_it(plan, [member(n) for n in range(20)], START)
    [due] = plan.due(START + MINUTE, takes(1))
    assert len(due.all) == 20
    assert plan.due(START + MINUTE, takes(0)) == []


def test_whoever_has_to_wait_is_not_taken_along_sooner() -> None:
    """After a failure each keeps its own wait, however many requests leave in between."""
    plan = Plan()
    make_it(plan, [member(n) for n in range(40)], START - MINUTE)
    for due in plan.due(START, takes(1)):
        failed = [each.account_id for each in due.all]
    for name in failed:
        plan.again(name, START, 10 * SECOND)
    [second] = plan.due(START, takes(9))
    assert not {each.account_id for each in second.all} & set(failed)
    assert plan.due(START + 9 * SECOND, takes(9)) == []
    [again] = plan.due(START + 10 * SECOND, takes(9))
    assert {each.account_id for each in again.all} == set(failed)
    assert again.urgent


def test_an_account_that_moves_out_goes_alone() -> None:
    """Under suspicion it is asked alone, at once; later it goes along with the others again."""
    plan = settled(*(member(n) for n in range(5)))
    now, due = run(plan, MINUTE)[0]
    suspect = due.account_id
    plan.move(suspect, HOST)
    plan.again(suspect, now, timedelta(0))
    [alone] = plan.due(now, takes(9))
    assert (alone.account_id, alone.batch, alone.others) == (suspect, "", ())
    plan.move(suspect, HOST, "b", 23)
    plan.again(suspect, now, MINUTE)
    later = [due for _, due in run(plan, 5 * MINUTE)]
    assert {due.batch for due in later} == {"b"}
    assert any(suspect in {each.account_id for each in due.others} or due.account_id == suspect for due in later)


def test_one_that_was_taken_off_does_not_go_along() -> None:
    """Nor does one whose entry names another batch meanwhile; it is looked at in its own."""
    plan = settled(*(member(n) for n in range(6)))
    make_it(plan, [member(n) for n in range(4)] + [member(4, batch="c")], START)
    found = [due for _, due in run(plan, 3 * MINUTE)]
    assert "x:5" not in {each.account_id for due in found for each in due.all}
    assert {due.batch for due in found for each in due.all if each.account_id == "x:4"} == {"c"}


@given(data=st.data())
def test_nobody_starves_and_nobody_is_asked_twice(data: st.DataObject) -> None:
    """Whatever the intervals, rooms, capacities and answers' times.

    Each own instant of an account is looked at once at most; where the host takes enough, two looks are no further
    apart than the interval, a tick and the time that the answer took.
    """
    count, room = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 5))
    seconds = data.draw(st.lists(st.sampled_from([20, 60, 300]), min_size=count, max_size=count))
    interval = {f"x:{n}": seconds[n] * SECOND for n in range(count)}
    plan = Plan()
    make_it(plan, [member(n, interval=seconds[n] * SECOND, room=room) for n in range(count)], START)
    is_narrow = data.draw(st.booleans())
    slow = data.draw(st.integers(0, 3))
    looks: dict[str, list[datetime]] = defaultdict(list)
    answers: dict[int, list[str]] = defaultdict(list)
    for second in range(700):
        now = START + second * SECOND
        for name in answers.pop(second, []):
            plan.again(name, now, interval[name])
        for due in plan.due(now, takes(second % 2 if is_narrow else 20)):
            assert len(due.all) <= room
            for each in due.all:
                looks[each.account_id].append(now)
                answers[second + slow].append(each.account_id)
        for name in answers.pop(second, []):
            plan.again(name, now, interval[name])
    assert set(looks) == set(interval)
    for name, times in looks.items():
        gaps = [later - earlier for earlier, later in pairwise(times)]
        within = 700 * SECOND / interval[name]
        assert len(times) <= within + 3, "no more looks than instants of its own, and the first"
        if not is_narrow:
            assert all(gap <= interval[name] + (1 + slow) * SECOND for gap in gaps)
        elif count <= room:
            assert all(gap <= interval[name] + (2 + slow) * SECOND for gap in gaps)
