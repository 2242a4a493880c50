"""Turns on a host: pace, concurrency, priority, pauses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.clock import STORY as START
from tests.fakes.clock import FakeClock, settle
from watcher.metrics import Metrics
from watcher.model.exchange import Purpose
from watcher.model.platform import DEFAULT_PACE, Pace
from watcher.probe.pacing import BackingOff, Pacer

HOST = "x.test"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FAST = Pace(requests=100, per=SECOND, concurrency=2)
SLOW = Pace(requests=1, per=timedelta(seconds=10), concurrency=5)


class Bench:
    """A pacer, its clock, and askers that note when their turn came."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.metrics = Metrics("0")
        self.pacer = Pacer(self.clock, self.metrics, connections=100)
        self.turns: list[tuple[str, float]] = []
        self.refused: list[datetime] = []
        self.tasks: list[asyncio.Task[None]] = []

    def ask(
        self,
        name: str,
        pace: Pace = SLOW,
        purpose: Purpose = Purpose.ROUTINE,
        lasts: timedelta = timedelta(0),
        patience: timedelta = timedelta(0),
    ) -> asyncio.Task[None]:
        async def run() -> None:
            async with self.pacer.turn(HOST, pace, "x", purpose, patience) as held_up:
                if isinstance(held_up, BackingOff):
                    self.refused.append(held_up.until)
                    return
                self.turns.append((name, (self.clock.now() - START).total_seconds()))
                await self.clock.sleep(lasts)

        task = asyncio.create_task(run())
        self.tasks.append(task)
        return task

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.turns]

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await settle()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.end()
    assert asyncio.all_tasks() == {asyncio.current_task()}, "no bell outlives its waiters"


async def test_turns_come_as_the_pace_allows(bench: Bench) -> None:
    """One in ten seconds is one in ten seconds, in the order of asking."""
    for name in "abc":
        bench.ask(name)
    await bench.clock.run_for(timedelta(seconds=25))
    assert bench.turns == [("a", 0), ("b", 10), ("c", 20)]


async def test_most_urgent_goes_first(bench: Bench) -> None:
    """A confirmation overtakes controls, routine and manual questions that wait."""
    bench.ask("first")
    await settle()
    for purpose in (Purpose.MANUAL, Purpose.ROUTINE, Purpose.CONTROL, Purpose.CONFIRM):
        bench.ask(purpose, purpose=purpose)
    await bench.clock.run_for(MINUTE)
    assert bench.names == ["first", "confirm", "control", "routine", "manual"]


async def test_concurrency_is_a_limit_of_its_own(bench: Bench) -> None:
    """With two at once, the third begins when one of them ends."""
    for name, lasts in (("a", 5), ("b", 8), ("c", 1)):
        bench.ask(name, pace=FAST, lasts=timedelta(seconds=lasts))
    await bench.clock.run_for(timedelta(seconds=9))
    assert bench.turns == [("a", 0), ("b", 0), ("c", 5)]


async def test_hosts_do_not_hold_up_one_another(bench: Bench) -> None:
    """A host whose places are all taken leaves the others alone."""
    bench.ask("a", lasts=MINUTE)
    await settle()
    async with bench.pacer.turn("other.test", SLOW, "x") as held_up:
        assert held_up is None


async def test_capacity_counts_what_could_begin_now(bench: Bench) -> None:
    """Room by pace and concurrency, less what runs and what waits; nothing during a pause."""
    assert bench.pacer.capacity(HOST, DEFAULT_PACE) == 1
    wide = Pace(requests=10, per=MINUTE, concurrency=9)
    assert bench.pacer.capacity(HOST, wide) == 3
    bench.ask("a", pace=wide, lasts=MINUTE)
    await settle()
    assert bench.pacer.capacity(HOST, wide) == 2
    assert bench.pacer.capacity(HOST, DEFAULT_PACE) == 0
    bench.ask("b", pace=DEFAULT_PACE)
    await settle()
    assert bench.pacer.capacity(HOST, wide) == 1
    bench.pacer.back_off(HOST, START + MINUTE)
    assert bench.pacer.capacity(HOST, wide) == 0
    assert bench.pacer.capacity("new.test", wide) == 3


async def test_redirects_and_robots_count_against_the_pace(bench: Bench) -> None:
    """A request that took no turn delays the next turn."""
    bench.pacer.spend(HOST)
    bench.ask("a")
    await bench.clock.run_for(timedelta(seconds=11))
    assert bench.turns == [("a", 10)]


async def test_the_wait_is_measured(bench: Bench) -> None:
    """The metric sees how long a turn was waited for, under the platform's name."""
    bench.ask("a")
    bench.ask("b")
    await bench.clock.run_for(timedelta(seconds=10))
    value = bench.metrics.registry.get_sample_value
    assert value("watcher_rate_limit_wait_seconds_count", {"platform": "x"}) == 2
    assert value("watcher_rate_limit_wait_seconds_sum", {"platform": "x"}) == 10


async def test_a_turn_with_connections_of_its_own_takes_none() -> None:
    """Who renders pages has places for it: plain probes find the connections free, and it does not wait for one."""
    pacer = Pacer(FakeClock(), Metrics("0"), connections=1)
    async with (
        asyncio.timeout(1),
        pacer.turn("a.test", FAST, "x", connects=False),
        pacer.connection(),
        pacer.turn("b.test", FAST, "x", connects=False) as held_up,
    ):
        assert held_up is None


async def test_connections_are_a_limit_over_all_hosts() -> None:
    """Whoever finds every connection taken waits for one, in its turn, and the metric sees that wait."""
    clock, metrics = FakeClock(), Metrics("0")
    pacer = Pacer(clock, metrics, connections=2)
    starts: list[tuple[str, float]] = []

    async def ask(host: str, lasts: timedelta) -> None:
        async with pacer.turn(host, FAST, "x"):
            starts.append((host, (clock.now() - START).total_seconds()))
            await clock.sleep(lasts)

    async with pacer.connection():
        tasks = [asyncio.create_task(ask(host, 5 * SECOND)) for host in ("a.test", "b.test", "c.test")]
        await clock.run_for(7 * SECOND)
    await clock.run_for(10 * SECOND)
    await asyncio.gather(*tasks)
    assert starts == [("a.test", 0), ("b.test", 5), ("c.test", 7)]
    assert metrics.registry.get_sample_value("watcher_rate_limit_wait_seconds_count", {"platform": "x"}) == 3
    assert metrics.registry.get_sample_value("watcher_rate_limit_wait_seconds_sum", {"platform": "x"}) == 12


async def test_giving_up_the_wait_for_a_connection_gives_the_turn_back() -> None:
    """A question cancelled between its turn and its connection keeps neither."""
    pacer = Pacer(FakeClock(), Metrics("0"), connections=1)

    async def ask() -> None:
        async with pacer.turn(HOST, FAST, "x"):
            raise AssertionError

    async with pacer.connection():
        task = asyncio.create_task(ask())
        await settle()
        assert pacer.capacity(HOST, FAST) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert pacer.capacity(HOST, FAST) == 2
    async with pacer.turn(HOST, FAST, "x") as held_up:
        assert held_up is None


async def test_hosts_left_idle_for_an_hour_are_forgotten(bench: Bench) -> None:
    """A page that names a thousand hosts fills no memory for ever; who runs, waits or is held to a day stays."""
    daily = Pace(requests=1, per=timedelta(days=1))
    for n in range(1000):
        bench.pacer.spend(f"{n}.test")
    async with bench.pacer.turn("daily.test", daily, "x"):
        pass
    bench.ask("running", lasts=timedelta(hours=9))
    bench.ask("waiting", pace=daily)
    await bench.clock.run_for(timedelta(minutes=59))
    bench.pacer.spend("late.test")
    assert len(bench.pacer._lanes) == 1003
    await bench.clock.run_for(MINUTE)
    bench.pacer.spend("new.test")
    assert set(bench.pacer._lanes) == {HOST, "daily.test", "late.test", "new.test"}
    assert bench.pacer.capacity("daily.test", daily) == 0


async def test_a_pause_longer_than_ones_patience_is_answered_at_once(bench: Bench) -> None:
    """Nobody hangs on a host that is left alone for a minute."""
    bench.pacer.limited(HOST, MINUTE)
    bench.ask("a", patience=timedelta(seconds=59))
    await settle()
    assert bench.refused == [START + MINUTE]
    assert bench.pacer.backing_off(HOST) == START + MINUTE
    assert bench.pacer.backing_off("other.test") is None


async def test_a_short_pause_is_waited_for(bench: Bench) -> None:
    """A pause within one's patience only delays."""
    bench.pacer.back_off(HOST, START + timedelta(seconds=5))
    bench.ask("a", patience=timedelta(seconds=10))
    await bench.clock.run_for(timedelta(seconds=6))
    assert bench.turns == [("a", 5)]


async def test_a_pause_that_begins_while_waiting_sends_the_impatient_away(bench: Bench) -> None:
    """Those already in the queue learn of the pause, too; the patient stay."""
    bench.ask("a")
    await settle()
    bench.ask("b")
    bench.ask("c", patience=timedelta(hours=1))
    await settle()
    bench.pacer.limited(HOST)
    await settle()
    assert bench.refused == [START + timedelta(seconds=30)]
    await bench.clock.run_for(timedelta(seconds=30))
    assert bench.turns == [("a", 0), ("c", 30)]


async def test_the_breaker_opens_after_five_failures_and_a_success_closes_it(bench: Bench) -> None:
    """The fifth failure in a row pauses the host; a success forgets them."""
    for _ in range(4):
        bench.pacer.failed(HOST)
    bench.pacer.succeeded(HOST)
    for _ in range(4):
        bench.pacer.failed(HOST)
    assert bench.pacer.backing_off(HOST) is None
    bench.pacer.failed(HOST)
    assert bench.pacer.backing_off(HOST) == START + timedelta(seconds=5)


async def test_a_waiter_that_gives_up_leaves_its_place(bench: Bench) -> None:
    """A cancelled question neither keeps a place nor stops those behind it."""
    bench.ask("a")
    gone = bench.ask("b")
    bench.ask("c")
    await settle()
    gone.cancel()
    await bench.clock.run_for(timedelta(seconds=10))
    assert bench.turns == [("a", 0), ("c", 10)]


async def test_the_last_waiter_giving_up_silences_the_bell(bench: Bench) -> None:
    """With nobody waiting there is nothing to wake up for."""
    bench.ask("a")
    gone = bench.ask("b")
    await settle()
    gone.cancel()
    await settle()
    assert bench.pacer._lanes[HOST].bell is None


async def test_a_turn_that_comes_in_the_moment_of_cancellation_is_given_back(bench: Bench) -> None:
    """The place of a question that was granted and cancelled in one step is free again."""
    pace = Pace(requests=100, per=SECOND, concurrency=1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(bench.pacer.turn(HOST, pace, "x"))
        waiting = bench.ask("b", pace=pace)
        await settle()
        await stack.aclose()  # grants b
        waiting.cancel()  # before b could go on
    await settle()
    assert bench.turns == []
    assert bench.pacer.capacity(HOST, pace) == 1


async def test_an_earlier_need_resets_the_bell(bench: Bench) -> None:
    """A waiter who may go sooner than the one before it is not kept until the later bell."""
    bench.pacer.spend(HOST)
    bench.ask("slow", pace=Pace(requests=1, per=MINUTE))
    await settle()
    bench.ask("quick", pace=SLOW, purpose=Purpose.CONFIRM)
    await bench.clock.run_for(timedelta(seconds=10))
    assert bench.turns == [("quick", 10)]


@settings(max_examples=25, deadline=None)
@given(
    requests=st.integers(1, 12),
    per=st.integers(1, 60),
    concurrency=st.integers(1, 4),
    askers=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 15), st.sampled_from(Purpose)), max_size=25),
)
def test_pace_and_concurrency_hold_for_any_crowd(
    requests: int, per: int, concurrency: int, askers: list[tuple[int, int, Purpose]]
) -> None:
    """Whoever asks when and for how long: no window over the limit, no more at once than allowed, nobody left out."""
    pace = Pace(requests=requests, per=timedelta(seconds=per), concurrency=concurrency)
    starts, most = asyncio.run(_crowd(pace, askers))
    assert len(starts) == len(askers)
    assert most <= concurrency
    for start in starts:
        assert sum(start <= other < start + pace.per for other in starts) <= requests


async def _crowd(pace: Pace, askers: list[tuple[int, int, Purpose]]) -> tuple[list[datetime], int]:
    clock = FakeClock()
    pacer = Pacer(clock, Metrics("0"), connections=100)
    starts: list[datetime] = []
    running = most = 0

    async def ask(after: int, lasts: int, purpose: Purpose) -> None:
        nonlocal running, most
        await clock.sleep(timedelta(seconds=after))
        async with pacer.turn(HOST, pace, "x", purpose):
            starts.append(clock.now())
            running += 1
            most = max(most, running)
            await clock.sleep(timedelta(seconds=lasts))
            running -= 1

    tasks = [asyncio.create_task(ask(*asker)) for asker in askers]
    await clock.run_for(timedelta(hours=2))
    await asyncio.gather(*tasks)
    return starts, most


async def test_who_asks_by_hand_takes_what_the_schedule_leaves(bench: Bench) -> None:
    """A free turn is the schedule's for half a second; who asks by hand never counts as waiting before it."""
    bench.ask("first")
    bench.ask("by hand", purpose=Purpose.MANUAL)
    await bench.clock.run_for(timedelta(seconds=10.25))
    assert bench.names == ["first"]
    assert bench.pacer.capacity(HOST, SLOW) == 1
    bench.ask("scheduled")
    await bench.clock.run_for(timedelta(seconds=20))
    assert bench.turns == [("first", 0), ("scheduled", 10.25), ("by hand", 20.75)]


async def test_who_asks_by_hand_waits_for_nothing_on_an_idle_host(bench: Bench) -> None:
    """The host has been free for longer."""
    bench.ask("by hand", purpose=Purpose.MANUAL)
    await settle()
    assert bench.turns == [("by hand", 0)]


async def test_a_place_that_becomes_free_is_the_schedules_first(bench: Bench) -> None:
    """Where concurrency is the limit, the half second begins with the end of a turn."""
    one = Pace(requests=100, per=SECOND, concurrency=1)
    bench.ask("first", pace=one, lasts=3 * SECOND)
    bench.ask("by hand", pace=one, purpose=Purpose.MANUAL)
    await bench.clock.run_for(timedelta(seconds=3.25))
    assert bench.names == ["first"]
    bench.ask("scheduled", pace=one, lasts=SECOND)
    await bench.clock.run_for(timedelta(seconds=3))
    assert bench.turns == [("first", 0), ("scheduled", 3.25), ("by hand", 4.75)]


async def test_after_a_pause_the_schedule_goes_first(bench: Bench) -> None:
    """The end of a pause is a free turn like any other."""
    bench.pacer.back_off(HOST, START + timedelta(seconds=5))
    bench.ask("by hand", purpose=Purpose.MANUAL, patience=MINUTE)
    await bench.clock.run_for(timedelta(seconds=5.25))
    assert bench.turns == []
    await bench.clock.run_for(SECOND)
    assert bench.turns == [("by hand", 5.5)]
