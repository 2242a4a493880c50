"""The chore: how old is too old, batch after batch, and a store that refuses."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import structlog.testing

from tests.fakes.newsroom import configure
from tests.fakes.virtual_time import VirtualClock, run_virtual
from tests.unit.store.samples import T0
from watcher.metrics import Metrics
from watcher.model.errors import ConfigError, StoreError
from watcher.run.retention import cutoffs, prune
from watcher.settings.load import load_settings
from watcher.settings.values import Retention
from watcher.store.memory import MemoryStore
from watcher.store.values import Cutoffs
from watcher.store.worker import StoreWorker

DAY = timedelta(days=1)
FOR_EVER = Retention(samples=None, deliveries=None, evidence=None, outages=None)


def test_how_old_is_too_old() -> None:
    """As the settings say; never is never."""
    assert cutoffs(Retention(), T0) == Cutoffs(
        samples=T0 - 30 * DAY, deliveries=T0 - 90 * DAY, evidence=T0 - 30 * DAY, outages=None
    )
    assert cutoffs(FOR_EVER, T0) == Cutoffs()


@dataclass
class Heap(MemoryStore):
    """A store with so many batches to remove; it fails before the last ones, if told so."""

    batches: int
    fails_at: int | None = None
    asked: list[Cutoffs] = field(default_factory=list)

    def prune(self, cutoffs: Cutoffs, limit: int) -> int:
        """One batch."""
        self.asked.append(cutoffs)
        if self.batches == self.fails_at:
            raise StoreError("database is locked")
        self.batches -= 1
        return limit if self.batches >= 0 else 0


def pruned(store: MemoryStore) -> tuple[int, list[str]]:
    """How much one round removes, and what it logs."""

    async def story() -> int:
        worker = StoreWorker(store, VirtualClock(), Metrics("test"), threaded=False)
        return await prune(worker, Retention(), T0)

    removed: list[int] = []

    async def keep() -> None:
        removed.append(await story())

    with structlog.testing.capture_logs() as lines:
        run_virtual(keep())
    return removed[0], [line["event"] for line in lines]


def test_a_round_goes_on_until_nothing_is_left() -> None:
    """All its batches have the same cut-off."""
    store = Heap(batches=3)
    assert pruned(store) == (1500, ["pruned"])
    assert set(map(str, store.asked)) == {str(cutoffs(Retention(), T0))}
    assert len(store.asked) == 4


def test_a_round_with_nothing_to_do_is_silent() -> None:
    """As most are."""
    assert pruned(Heap(batches=0)) == (0, [])


def test_a_store_that_refuses_is_told_once() -> None:
    """What was removed is; the rest waits for the next round."""
    assert pruned(Heap(batches=3, fails_at=1)) == (1000, ["nothing more is pruned for now"])


def settings(tmp_path: Path, text: str) -> Retention:
    """What watcher.yaml says of it."""
    return load_settings(configure(tmp_path, settings=f"retention: {text}\n"), {}).retention


def test_what_watcher_yaml_may_say(tmp_path: Path) -> None:
    """Spans longer than a year, never, and the defaults for what is left out."""
    assert settings(tmp_path, "{samples: never, evidence: 1d, outages: 1000d}") == Retention(
        samples=None, evidence=DAY, outages=1000 * DAY
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{samples: 1h}", "'1h' is shorter than 1d; write 1d or more, or never"),
        ("{outages: 30d}", "'30d' is shorter than 31d; write 31d or more, or never"),
        ("{evidence: 30}", "'30' has no unit; write 30s for seconds"),
        ("{evidence: forever}", "'forever' is not a duration"),
        ("{deliveries: 99999d}", "is longer than 36600d"),
        ("{logs: 1d}", "unknown key"),
    ],
)
def test_what_watcher_yaml_may_not_say(tmp_path: Path, text: str, said: str) -> None:
    """With what to write instead."""
    with pytest.raises(ConfigError) as refused:
        settings(tmp_path, text)
    assert said in str(refused.value)
