"""The disk is full, read-only or locked for minutes: the watching goes on, one message says so, all is caught up."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.disk import Fault, Full, Locked, ReadOnly, small_disk
from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.notification import Incident, IncidentKind, NotificationState
from watcher.model.outage import Outage, Phase, TransitionKind
from watcher.store.sql import SqlStore

ALICE, BOB, CAROL = "x:alice", "x:bob", "x:carol"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob", "https://x.com/carol", interval="30s")
PATIENCE = timedelta(milliseconds=5)
WRONG, AGAIN = "🔴 watcher cannot write to its store", "🟢 watcher writes to its store again"
FAULTS: dict[str, Callable[[], Fault]] = {"locked": Locked, "read-only": ReadOnly, "full": Full}
SAID = {"locked": "is locked by another process", "read-only": "cannot be ", "full": "the disk is full; make room"}


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk of its own for the state, in a folder for the story.

    That it is too small to begin with is another story (selfwatch).
    """
    monkeypatch.setattr("watcher.run.selfwatch.space_of", lambda _directory: None)
    with small_disk(tmp_path / "state"):
        yield tmp_path


def world_on(disk: Path) -> World:
    """Everything, with the state on that disk."""
    return World(disk, WATCHLIST, durable=True, threaded=False, patience=PATIENCE)


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen; that is stored."""
    for handle in ("alice", "bob", "carol"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=1)
    assert {world.state(who).phase for who in (ALICE, BOB, CAROL)} == {Phase.UP}


def store_of(world: World) -> SqlStore:
    """The one that the program uses."""
    store = world.app._worker.store
    assert isinstance(store, SqlStore)
    return store


async def begin(world: World, fault: Fault) -> None:
    """Nothing is written from now on."""
    await world.app._worker.call(fault.begin, world.directory / "state", store_of(world)._require_engine())


async def end(world: World, fault: Fault) -> None:
    """All is well."""
    await world.app._worker.call(fault.end, store_of(world)._require_engine())


def stored_outages(disk: Path) -> int:
    """How many outages are in the file, by a reader of our own."""
    connection = sqlite3.connect(f"file:{disk}/state/watcher.db?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM outage").fetchone()[0])
    finally:
        connection.close()


def assert_true(outage: Outage, gone_at: datetime, back_at: datetime) -> None:
    """The bounds hold, though it was stored long after; nothing of it is called unobserved."""
    assert outage.duration.max is not None
    assert outage.duration.min <= back_at - gone_at <= outage.duration.max
    assert outage.duration.max - outage.duration.min <= timedelta(seconds=60)
    assert outage.unobserved == timedelta(0)


@pytest.mark.parametrize("kind", FAULTS)
def test_all_is_caught_up_in_order(disk: Path, kind: str) -> None:
    """Alice goes and comes back while nothing can be stored, Bob goes in that time and comes back after it."""

    async def story() -> None:
        async with world_on(disk) as world:
            await settle_in(world)
            fault = FAULTS[kind]()
            await begin(world, fault)
            broken_at = world.now
            world.x.set("alice", Page.MISSING_FR)
            alice_gone = world.now
            await world.until(lambda: world.app._worker.failing_since is not None, seconds=31)
            began_failing = world.now
            await world.wait(seconds=26)
            assert (await world.get("/-/ready"))[0] == 200
            assert world.texts() == []
            await world.wait(seconds=7)
            status, why = await world.get("/-/ready")
            assert (status, why) == (503, "the store has been failing for 30 s\n")
            [told] = world.texts()
            assert told.startswith(WRONG)
            assert SAID[kind] in str(world.slack.accepted[0])
            assert abs(await failing_since(world) - began_failing.timestamp()) < 1
            await world.until(lambda: world.state(ALICE).phase is Phase.DOWN, seconds=30)
            world.x.set("bob", Page.MISSING_FR)
            bob_gone = world.now
            await world.until(lambda: world.state(BOB).phase is Phase.DOWN, seconds=60)
            world.x.set("alice", Page.PRESENT)
            alice_back = world.now
            await world.until(lambda: world.state(ALICE).phase is Phase.UP, seconds=60)
            # Probing was what it always is, and nobody was told of what is not stored.
            asked = [request.at for request in world.x.asked("carol", since=broken_at)]
            assert len(asked) >= (world.now - broken_at) // timedelta(seconds=31)
            assert len(world.texts()) == 1
            assert stored_outages(disk) == 0

            await end(world, fault)
            await world.until(lambda: world.app._worker.failing_since is None, minutes=1)
            await world.wait(seconds=20)
            assert (await world.get("/-/ready"))[0] == 200
            assert await failing_since(world) == 0
            assert [text.startswith(AGAIN) for text in world.texts()].count(True) == 1
            world.x.set("bob", Page.PRESENT)
            bob_back = world.now
            await world.until(lambda: world.state(BOB).phase is Phase.UP, seconds=60)
            await world.wait(seconds=10)
            await assert_caught_up(world, {ALICE: (alice_gone, alice_back), BOB: (bob_gone, bob_back)})

    run_virtual(story())


async def failing_since(world: World) -> float:
    """What an alert rule sees."""
    _, exposed = await world.get("/metrics")
    [value] = re.findall(r"^watcher_store_failing_since_timestamp_seconds (\S+)$", exposed, re.MULTILINE)
    return float(value)


async def assert_caught_up(world: World, truth: dict[str, tuple[datetime, datetime]]) -> None:
    """Each outage is stored once, as it was, and told from its beginning to its end; each message once."""
    outages = await world.outages()
    assert [outage.account_id for outage in outages] == list(truth)
    for outage in outages:
        assert_true(outage, *truth[outage.account_id])
        told = await world.told(outage.id)
        assert [row.kind for row in told] == ["alert", "resolved"]
        assert told[0].state is NotificationState.DELIVERED
        [opened] = await world.happened(TransitionKind.OUTAGE_OPENED, account_id=outage.account_id)
        assert opened.finding is not None
        digest = opened.finding.evidence.body_sha256
        assert digest is not None
        assert await world.app._worker.call(world.app._worker.store.body, digest)
    said = [text.partition(" — ")[0] for text in world.texts()]
    assert len(said) == len(set(said))
    assert {text.split()[0] for text in said if "@bob" in text} == {"🟠", "🟢"}
    assert next(text for text in reversed(said) if "@alice" in text).startswith("🟢")
    assert await world.app._worker.call(store_of(world).verify_chain) is None
    assert (await world.app._worker.call(world.app._worker.store.pending))[0] == 0
    assert world.state(CAROL).unobserved == timedelta(0)


def test_a_short_failure_is_not_told(disk: Path) -> None:
    """Twenty seconds of a locked database: ready all the time, no message, and the outage is told at once after it."""

    async def story() -> None:
        async with world_on(disk) as world:
            await settle_in(world)
            fault = Locked()
            await begin(world, fault)
            await world.wait(seconds=20)
            assert world.app._worker.failing_since is not None
            await end(world, fault)
            await world.wait(seconds=40)
            assert world.texts() == []
            assert (await world.get("/-/ready"))[0] == 200

    run_virtual(story())


def test_the_fallback_channel_is_down_too(disk: Path) -> None:
    """Nothing waits for it; once Slack is back it is told that the store fails, and later that it works."""

    async def story() -> None:
        async with world_on(disk) as world:
            await settle_in(world)
            fault = Full()
            await world.slack.stop()
            await begin(world, fault)
            broken_at = world.now
            await world.wait(minutes=2)
            assert len(world.x.asked("carol", since=broken_at)) >= 4
            assert (await world.get("/-/ready"))[0] == 503
            await world.slack.__aenter__()
            await world.wait(minutes=3)
            assert [text.partition(" — ")[0] for text in world.texts()] == [WRONG]
            await end(world, fault)
            await world.wait(minutes=1)
            assert [text.partition(" — ")[0] for text in world.texts()] == [WRONG, AGAIN]

    run_virtual(story())


def test_killed_while_the_store_fails(disk: Path) -> None:
    """What was seen is lost with the memory, and that is what the record says: since the last heartbeat, unobserved."""

    async def story() -> None:
        async with world_on(disk) as world:
            await settle_in(world)
            fault = Full()
            await begin(world, fault)
            broken_at = world.now
            await world.wait(minutes=1)
            world.x.set("alice", Page.MISSING_FR)
            gone_at = world.now
            await world.wait(minutes=1)
            assert world.state(ALICE).phase is Phase.DOWN
            await world.kill()
            fault.end(None)
            await world.start()
            started_at = world.now
            assert world.state(CAROL).unobserved >= started_at - broken_at
            await world.wait(minutes=1)
            world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.wait(minutes=1)
            [outage] = await world.outages()
            assert outage.last_present <= broken_at
            assert outage.began.latest >= gone_at
            assert outage.duration.max is not None
            assert outage.duration.min <= back_at - gone_at <= outage.duration.max
            assert [text.split()[0] for text in world.texts()] == ["🔴", "🟠", "🟢"]

    run_virtual(story())


@pytest.mark.parametrize("seconds", [60.3, 64])
def test_who_joins_a_mass_event_meanwhile_is_told_of(disk: Path, seconds: float) -> None:
    """The seventh is confirmed while the store is locked, until about when the minute's update is due."""
    members = [f"member{number}" for number in range(12)]

    async def story() -> None:
        watchlist = watching(*(f"https://x.com/{handle}" for handle in members), interval="10s")
        async with World(disk, watchlist, durable=True, threaded=False, patience=PATIENCE) as world:
            for handle in members:
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            for handle in members[:6]:
                world.x.set(handle, Page.NOT_FOUND)
            await world.wait(seconds=45)
            world.x.set(members[6], Page.NOT_FOUND)
            await world.until(lambda: bool(mass_events(world)), minutes=2)
            [event] = mass_events(world)
            await at(world, event.opened_at + timedelta(seconds=40))
            assert not world.state(f"x:{members[6]}").is_down
            fault = Locked()
            await begin(world, fault)
            await at(world, event.opened_at + timedelta(seconds=seconds))
            joined = world.state(f"x:{members[6]}").is_down
            await end(world, fault)
            assert joined
            await world.wait(minutes=3)
            assert "7 of 12 accounts on X are not available" in world.texts()[-1]

    run_virtual(story())


def mass_events(world: World) -> list[Incident]:
    """Those that are open."""
    return [each for each in world.app.book.incidents.values() if each.kind is IncidentKind.COHORT]


async def at(world: World, instant: datetime) -> None:
    """Wait until then."""
    await world.wait(seconds=(instant - world.now).total_seconds())
