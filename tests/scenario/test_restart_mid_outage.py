"""We stop, or are killed, and start again: what was open goes on, nobody is told twice, the gap is not observed."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.slack import HANG
from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Outage, Phase, TransitionKind

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")
AWAY = 5
both_ways = pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=1.5)
    assert world.state(ALICE).phase is Phase.UP


async def lose(world: World) -> datetime:
    """Alice goes; returns once that was told. The instant at which she went."""
    world.x.set("alice", Page.MISSING_FR)
    gone_at = world.now
    await world.until(lambda: len(world.texts()) == 1, minutes=2)
    return gone_at


def assert_true(outage: Outage, gone_at: datetime, back_at: datetime) -> None:
    """The bounds hold, of the duration and of both of its ends."""
    assert outage.ended is not None
    assert outage.duration.max is not None
    assert outage.duration.min <= back_at - gone_at <= outage.duration.max
    assert outage.last_present <= gone_at <= outage.began.latest
    assert outage.last_absent.earliest <= back_at <= outage.ended.latest


COUNTERS = ("outages", "outage_seconds", "unobserved_seconds", "observed_seconds", "outage_unobserved_seconds")


async def counted(world: World) -> list[float]:
    """What /metrics counts of Alice now."""
    samples = [await world.sample(f"watcher_account_{name}_total", account=ALICE) for name in COUNTERS]
    return [sample for sample in samples if sample is not None]


@pytest.mark.parametrize("fails", [False, True], ids=["store works", "store fails"])
def test_no_counter_falls_when_killed(tmp_path: Path, fails: bool) -> None:
    """What was seen and not written yet is lost; who scraped a moment before was not told of it."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True, threaded=False, patience=timedelta(0)) as world:
            await settle_in(world)
            await lose(world)
            await world.wait(minutes=1)
            written = await counted(world)
            assert all(figure > 0 for figure in written[:2])
            if fails:
                other = sqlite3.connect(tmp_path / "state" / "watcher.db", isolation_level=None)
                other.execute("BEGIN EXCLUSIVE")
                await world.wait(seconds=12)
            else:
                last = world.state(ALICE)
                await world.until(lambda: world.state(ALICE) is not last, minutes=1)
            before = await counted(world)
            lower = world.state(ALICE).outage_total.total_seconds()
            assert before[1] < lower  # memory knows more
            await world.kill()
            if fails:
                other.close()
            await world.start()
            after = await counted(world)
            assert len(before) == len(after) == len(COUNTERS)
            assert all(new >= old for new, old in zip(after, before, strict=True))
            await world.wait(minutes=1)
            assert (await counted(world))[1] >= lower  # the outage goes on, and all of it counts in the end

    run_virtual(story())


@pytest.mark.parametrize(("minutes", "kill"), [(0.25, False), (AWAY, True)], ids=["15 s, stopped", "5 min, killed"])
def test_during_an_outage(tmp_path: Path, minutes: float, kill: bool) -> None:
    """The same outage goes on, with the time of our absence as unobserved, and its end is told once."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await settle_in(world)
            gone_at = await lose(world)
            before = world.state(ALICE).outage
            assert before is not None
            await world.wait(minutes=1)
            await world.restart(kill=kill, minutes=minutes)
            await world.wait(minutes=1)
            now = world.state(ALICE)
            assert now.outage is not None
            assert now.outage.id == before.id
            assert timedelta(0) <= now.outage.unobserved - timedelta(minutes=minutes) <= timedelta(seconds=15)
            assert now.outage.unobserved == now.unobserved

            world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.wait(minutes=1)
            [outage] = await world.outages()
            assert_true(outage, gone_at, back_at)
            assert [row.kind for row in await world.told(outage.id)] == ["alert", "resolved"]
            assert len(world.texts()) == 2
            assert len(await world.happened(TransitionKind.OUTAGE_OPENED)) == 1

    run_virtual(story())


@both_ways
def test_back_while_we_were_away(tmp_path: Path, kill: bool) -> None:
    """The end is told once after the start, and its bounds span the time in which it may have come."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await settle_in(world)
            gone_at = await lose(world)
            await (world.kill() if kill else world.stop())
            await world.wait(minutes=2)
            world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.wait(minutes=3)
            await world.start()
            await world.wait(minutes=1)
            [outage] = await world.outages()
            assert_true(outage, gone_at, back_at)
            assert outage.unobserved >= timedelta(minutes=AWAY)
            assert len(world.texts()) == 2
            assert "is back on X" in world.texts()[1]

    run_virtual(story())


@pytest.mark.parametrize(("counted", "kill"), [(1, False), (2, True)], ids=["1, stopped", "2, killed"])
def test_during_a_suspicion(tmp_path: Path, counted: int, kill: bool) -> None:
    """What was counted counts on: the third absence opens the outage, which began before the restart."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await settle_in(world)
            world.x.set("alice", Page.MISSING_FR)
            gone_at = world.now
            await world.until(lambda: world.state(ALICE).n == counted, minutes=2)
            await world.wait(seconds=1)
            stopped_at = world.now
            await world.restart(kill=kill, minutes=AWAY)
            started_at = world.now
            await world.until(lambda: world.state(ALICE).phase is Phase.DOWN, seconds=30)
            assert world.now - started_at <= timedelta(seconds=(3 - counted) * 11)
            await world.wait(minutes=1)
            [outage] = await world.outages()
            assert gone_at <= outage.began.latest <= stopped_at
            assert len(world.texts()) == 1
            world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.wait(minutes=1)
            assert_true((await world.outages())[0], gone_at, back_at)

    run_virtual(story())


def test_a_suspicion_that_was_none(tmp_path: Path) -> None:
    """Suspected before, and seen after: nothing is told."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await settle_in(world)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: world.state(ALICE).n == 2, minutes=2)
            await world.stop()
            world.x.set("alice", Page.PRESENT)
            await world.start()
            await world.wait(minutes=2)
            assert world.state(ALICE).phase is Phase.UP
            assert await world.outages() == []
            assert world.texts() == []

    run_virtual(story())


@pytest.mark.parametrize(
    ("stays", "kill"), [(True, True), (False, False)], ids=["stays, killed", "goes again, stopped"]
)
def test_during_a_recovery(tmp_path: Path, stays: bool, kill: bool) -> None:
    """Seen once, then the restart: a second sight ends the outage at the first one; an absence lets it go on."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await settle_in(world)
            gone_at = await lose(world)
            world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.until(lambda: world.state(ALICE).phase is Phase.RECOVERING, minutes=1)
            await world.wait(seconds=1)
            await (world.kill() if kill else world.stop())
            if not stays:
                world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=AWAY)
            await world.start()
            await world.wait(minutes=1)
            if not stays:
                assert world.state(ALICE).phase is Phase.DOWN
                assert len(world.texts()) == 1
                world.x.set("alice", Page.PRESENT)
                back_at = world.now
                await world.wait(minutes=1)
            assert world.state(ALICE).phase is Phase.UP
            [outage] = await world.outages()
            assert_true(outage, gone_at, back_at)
            assert len(world.texts()) == 2

    run_virtual(story())


def test_gone_and_back_while_we_were_away(tmp_path: Path) -> None:
    """Of what happened in the gap nothing is claimed: no outage, only time that was not observed."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await settle_in(world)
            await world.stop()
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=AWAY)
            world.x.set("alice", Page.PRESENT)
            await world.start()
            await world.wait(minutes=2)
            assert await world.outages() == []
            assert world.texts() == []
            assert world.state(ALICE).unobserved >= timedelta(minutes=AWAY)

    run_virtual(story())


def test_killed_before_the_message_was_sent(tmp_path: Path) -> None:
    """The alert that was on its way is sent after the start, once."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True) as world:
            await settle_in(world)
            world.slack.script(HANG)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: len(world.slack.received) == 1, minutes=2)
            await world.restart(kill=True)
            await world.wait(minutes=2)
            assert len(world.texts()) == 1
            assert len(world.slack.received) == 2

    run_virtual(story())
