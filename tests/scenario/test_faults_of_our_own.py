"""What goes wrong in the program itself, or in its start, loses no outage and no account."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.errors import WatcherError
from watcher.model.outage import EndCause, Phase, TransitionKind
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

ALICE, BOB = "x:alice", "x:bob"
BOTH = watching("https://x.com/alice", "https://x.com/bob")
BOB_ALONE = watching("https://x.com/bob")


async def lose(world: World) -> None:
    """Alice is gone, and that was told."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)
    world.x.set("alice", Page.MISSING_FR)
    await world.wait(minutes=3)
    assert world.state(ALICE).phase is Phase.DOWN


def test_a_start_that_fails_after_an_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The port is taken when the program starts with an account fewer: the next start still ends its outage once."""

    async def story() -> None:
        async with World(tmp_path, BOTH, durable=True) as world:
            await lose(world)
            await world.stop()
            with socket.create_server(("127.0.0.1", 0)) as taken:
                port = taken.getsockname()[1]
                monkeypatch.setattr(World, "web_port", port)
                with pytest.raises(WatcherError, match="in use"):
                    await world.start(BOB_ALONE)
                world._running = None
                monkeypatch.setattr(World, "web_port", 0)
            await world.start(BOB_ALONE)
            await world.wait(minutes=3)
            [outage] = await world.outages()
            assert outage.end_cause is EndCause.UNWATCHED
            assert [("no longer watched" in text) for text in world.texts()] == [False, True]

    run_virtual(story())


def test_a_death_between_the_edit_and_what_follows_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account is added again and the program dies right after noting it: the old suspicion does not live on."""
    whole = SqlStore.commit

    def commit_and_die(self: SqlStore, commit: Commit) -> None:
        whole(self, commit)
        raise RuntimeError("killed")

    async def story() -> None:
        async with World(tmp_path, BOTH, durable=True) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: world.state(ALICE).phase is Phase.SUSPECT, minutes=2)
            await world.restart(watchlist=BOB_ALONE)
            await world.stop()
            world.x.set("alice", Page.PRESENT)
            await world.wait(hours=48)
            gone_at = world.now
            world.x.set("alice", Page.MISSING_FR)
            monkeypatch.setattr(SqlStore, "commit", commit_and_die)
            with pytest.raises(RuntimeError, match="killed"):
                await world.start(BOTH)
            world._running = None
            monkeypatch.setattr(SqlStore, "commit", whole)
            await world.start(BOTH)
            await world.wait(minutes=5)
            for outage in await world.outages():
                assert outage.began.latest >= gone_at
                assert outage.duration.min < timedelta(minutes=6)

    run_virtual(story())


def test_restarts_in_a_row_are_not_observation(tmp_path: Path) -> None:
    """A program that is killed right after each of thirty starts has observed nothing in that hour, and says so."""

    async def story() -> None:
        slow = watching("https://x.com/alice", "https://x.com/bob", interval="10m")
        async with World(tmp_path, slow, durable=True) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=12)
            for _ in range(30):
                await world.restart(kill=True, minutes=2)
            await world.wait(minutes=12)
            assert world.state(BOB).unobserved >= timedelta(minutes=58)

    run_virtual(story())


def test_a_fault_in_telling_the_log_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the decision may fail: the outage is stored and told, and the account is looked at again."""

    async def story() -> None:
        async with World(tmp_path, BOTH) as world:
            for handle in ("alice", "bob"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=2)

            def fail(*_: object) -> None:
                raise ValueError("a fault of ours")

            monkeypatch.setattr(world.app.pipeline, "_tell_log", fail)
            since = world.now
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=5)
            assert len(world.x.asked("alice", since=since)) < 60
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=3)
            [outage] = await world.outages()
            assert outage.end_cause is EndCause.RECOVERED
            assert len(world.texts()) == 2
            assert await world.happened(TransitionKind.OUTAGE_OPENED)
            assert world.warnings("look_failed") or any(e["event"] == "look_failed" for e in world.log)
            world.log.clear()

    run_virtual(story())


def test_more_accounts_than_the_pace_allows(tmp_path: Path) -> None:
    """The intervals grow to what the host allows and a warning says so; our own pace is not told as blindness."""

    async def story() -> None:
        crowd = watching(*(f"https://x.com/user{n}" for n in range(40)))
        pace = "  x: {sources: {page: {robots: override}}, pace: {requests: 10, per: 1m}}\n"
        async with World(tmp_path, crowd, x_settings=pace) as world:
            for n in range(40):
                world.x.set(f"user{n}", Page.PRESENT)
            await world.wait(minutes=30)
            [warning] = world.warnings("intervals_stretched")
            assert warning["accounts"] == 40
            assert all(world.state(f"x:user{n}").phase is Phase.UP for n in range(40))
            assert world.texts() == []

    run_virtual(story())
