"""An outage that was none: people take it back, and those who were told of it are told."""

from datetime import timedelta
from pathlib import Path

from tests.fakes.slack import SERVER_ERROR
from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.annotation import Annotation
from watcher.model.outage import Phase, TransitionKind
from watcher.model.uptime import recent_uptime
from watcher.store.sql import SqlStore
from watcher.store.values import Amended

ALICE = "x:alice"


def beside(tmp_path: Path) -> SqlStore:
    """The store as the command line opens it while the program runs."""
    store = SqlStore(tmp_path / "state", amends=True)
    store.open()
    return store


async def three_minutes_gone(world: World) -> str:
    """Alice goes and comes back; the id of the outage."""
    world.x.set("alice", Page.PRESENT)
    await world.wait(minutes=2)
    world.x.set("alice", Page.MISSING_FR)
    await world.until(lambda: world.state(ALICE).phase is Phase.DOWN, minutes=3)
    await world.wait(minutes=2)
    world.x.set("alice", Page.PRESENT)
    await world.until(lambda: world.state(ALICE).phase is Phase.UP, minutes=2)
    [outage] = await world.outages()
    return outage.id


def test_the_correction_follows_in_the_thread(tmp_path: Path) -> None:
    """Alert, end, correction, in this order; the record and the uptime are without it, the log and counters with it."""

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/alice"), durable=True) as world:
            outage_id = await three_minutes_gone(world)
            await world.wait(minutes=1)
            assert len(world.texts()) == 2
            other = beside(tmp_path)
            at = world.now
            assert other.retract(outage_id, "the platform was being tested", by="desk", at=at) is Amended.DONE
            assert other.retract(outage_id, "again", by="desk", at=at) is Amended.ALREADY
            other.close()
            await world.until(lambda: len(world.texts()) == 3, minutes=1)
            assert world.now - at <= timedelta(seconds=3)
            await world.wait(minutes=1)
            assert len(world.texts()) == 3
            assert world.texts()[2].startswith("✏️ Correction: @alice on X was not gone; the report is taken back")
            assert "the platform was being tested" in world.texts()[2]
            assert [str(row.kind) for row in await world.told(outage_id)] == ["alert", "resolved", "correction"]
            [happened] = await world.happened(TransitionKind.OUTAGE_RETRACTED)
            assert happened.outage is not None
            assert happened.outage.id == outage_id
            assert (await world.get("/api/v1/outages"))[1] == "[]"
            assert outage_id in (await world.get("/api/v1/outages?retracted=true"))[1]
            history = await world.app.reader.history(ALICE, at - timedelta(days=30))
            assert recent_uptime(history, world.state(ALICE), world.now).ratio == 1.0
            assert (
                f'watcher_account_outages_total{{account="{ALICE}",platform="x"}} 1.0'
                in (await world.get("/metrics"))[1]
            )
            await world.restart()
            await world.wait(minutes=2)
            assert world.state(ALICE).outages_total == 1
            assert (await world.get("/api/v1/outages"))[1] == "[]"
            assert len(world.texts()) == 3

    run_virtual(story())


def test_the_cause_is_told_when_asked_to(tmp_path: Path) -> None:
    """A note alone tells nobody; it is in the record. With --tell it follows what was told."""

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/alice"), durable=True) as world:
            outage_id = await three_minutes_gone(world)
            other = beside(tmp_path)
            note = Annotation(outage_id=outage_id, at=world.now, by="desk", cause="human error")
            other.annotate(note)
            await world.wait(minutes=1)
            assert len(world.texts()) == 2
            assert '"cause": "human error"' in (await world.get("/api/v1/outages"))[1]
            other.annotate(note, tell=True)
            other.close()
            await world.until(lambda: len(world.texts()) == 3, minutes=1)
            assert world.texts()[2].startswith("✏️ Why @alice was not available on X for ")
            assert "human error" in world.texts()[2]

    run_virtual(story())


def test_a_channel_that_was_down_hears_it_in_order(tmp_path: Path) -> None:
    """What waits is told first, and says already that it was taken back."""

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/alice"), durable=True) as world:
            world.slack.script(*[SERVER_ERROR] * 8)
            outage_id = await three_minutes_gone(world)
            assert world.texts() == []
            other = beside(tmp_path)
            other.retract(outage_id, "a test", by="desk", at=world.now)
            other.close()
            await world.until(lambda: len(world.texts()) == 2, minutes=10)
            await world.wait(minutes=1)
            first, second = world.texts()
            assert "Taken back on " in first
            assert second.startswith("✏️ Correction: ")

    run_virtual(story())
