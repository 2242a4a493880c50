"""The store as pages and stories ask it: reads that are waited for. Writing is the worker's queue and nobody else's."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from watcher.model.annotation import Annotation
from watcher.model.outage import Outage, Transition
from watcher.model.sample import Sample
from watcher.model.uptime import History
from watcher.store.values import IncidentRecord
from watcher.store.worker import StoreWorker


class StoreReader:
    """Each method asks the store in its thread, and raises StoreError where it does not answer."""

    def __init__(self, worker: StoreWorker) -> None:
        self._worker = worker
        self._store = worker.store

    async def outages(self, **query: Any) -> tuple[Outage, ...]:
        """Outages, the latest first; the keywords are those of Store.outages."""
        return await self._worker.call(self._store.outages, **query)

    async def annotations(self, outage_ids: Sequence[str]) -> Mapping[str, tuple[Annotation, ...]]:
        """What was noted of these outages."""
        return await self._worker.call(self._store.annotations, outage_ids)

    async def history(self, account_id: str, since: datetime) -> History:
        """What the uptime of an account since then is computed from."""
        found = await self.histories((account_id,), since)
        return found.get(account_id, History())

    async def histories(self, account_ids: Collection[str], since: datetime) -> Mapping[str, History]:
        """The same of several accounts, by their ids."""
        return await self._worker.call(self._store.history, since, account_ids=account_ids)

    async def transitions(self, account_id: str, limit: int) -> tuple[Transition, ...]:
        """What happened to an account, the latest first."""
        return await self._worker.call(self._store.transitions, account_id=account_id, limit=limit)

    async def samples(self, account_id: str, limit: int) -> tuple[Sample, ...]:
        """The looks at an account that are kept, the latest first."""
        return await self._worker.call(self._store.samples, account_id, limit=limit)

    async def incident(self, incident_id: str) -> IncidentRecord | None:
        """One incident with all that was told of it."""
        return await self._worker.call(self._store.incident, incident_id)
