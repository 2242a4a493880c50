"""A new version starts on what an older one left: an outage that is open, an alert that nobody has heard yet."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.virtual_time import START, VirtualClock, run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.annotation import Annotation
from watcher.model.outage import EndCause, Phase
from watcher.store.sql import SqlStore
from watcher.store.values import Amended

# What the last version with the schema 0001 wrote in a world like this one, two minutes into an outage of @alice
# whose alert Slack did not take; then it was killed.
DUMP = Path(__file__).parents[1] / "unit/store/data/state-0001.sql"
ALICE, OUTAGE = "x:alice", "x:alice-20171102T225201750"


@pytest.fixture
def old_state(tmp_path: Path) -> Path:
    """A directory with that database."""
    (tmp_path / "state").mkdir()
    with closing(sqlite3.connect(tmp_path / "state" / "watcher.db")) as connection:
        connection.executescript(DUMP.read_text("utf-8"))
    return tmp_path


def test_what_was_begun_goes_on(old_state: Path) -> None:
    """The same outage ends, the alert that waited and its end are told, and the log is one chain over both versions."""

    async def story() -> None:
        world = World(old_state, watching("https://x.com/alice", "https://x.com/bob"), durable=True)
        world.clock = VirtualClock(START + timedelta(minutes=5))  # after the old one was killed
        async with world:
            world.x.set("bob", Page.PRESENT)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: len(world.texts()) == 1, minutes=2)
            assert "@alice is not available on X" in world.texts()[0]
            assert world.state(ALICE).phase is Phase.DOWN
            world.x.set("alice", Page.PRESENT)
            await world.until(lambda: world.state(ALICE).phase is Phase.UP, minutes=2)
            [outage] = await world.outages()
            assert (outage.id, outage.end_cause, outage.retracted_at) == (OUTAGE, EndCause.RECOVERED, None)
            await world.until(lambda: len(world.texts()) == 2, minutes=1)
            assert "@alice is back on X" in world.texts()[1]

    run_virtual(story())
    with closing(SqlStore(old_state / "state")) as store:
        store.open()
        assert store.verify_chain() is None
        note = Annotation(outage_id=OUTAGE, at=START, by="desk", cause="human error")
        assert store.annotate(note) is Amended.DONE
        assert store.retract(OUTAGE, "a test", by="desk", at=START) is Amended.DONE
