"""Retention: what is too old leaves the store, in small batches, so that nobody waits for long.

Decides how old is too old; what may go is the store's to know. A fault is told once; the next round tries again.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from watcher.model.errors import StoreError
from watcher.settings.values import Retention
from watcher.store.values import Cutoffs
from watcher.store.worker import StoreWorker

ROUND: Final = timedelta(hours=1)
_BATCH: Final = 500


def cutoffs(retention: Retention, now: datetime) -> Cutoffs:
    """The instants before which things are too old at `now`."""

    def before(span: timedelta | None) -> datetime | None:
        return None if span is None else now - span

    return Cutoffs(
        samples=before(retention.samples),
        deliveries=before(retention.deliveries),
        evidence=before(retention.evidence),
        outages=before(retention.outages),
    )


async def prune(worker: StoreWorker, retention: Retention, now: datetime) -> int:
    """Remove all that is too old at `now`; how much that was. Commits come in between the batches."""
    removed = 0
    log = structlog.get_logger("watcher")
    try:
        while batch := await worker.call(worker.store.prune, cutoffs(retention, now), _BATCH):
            removed += batch
    except StoreError as error:
        log.warning("nothing more is pruned for now", error=str(error), removed=removed)
        return removed
    if removed:
        log.info("pruned", removed=removed)
    return removed
