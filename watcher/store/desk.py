"""The store as the people at the desk use it: silences, acknowledgements, what was told. Each call is waited for."""

from datetime import datetime

from watcher.model.notification import Delivery, Incident, IncidentKind
from watcher.model.silence import Silence
from watcher.store.values import Amended, IncidentRecord
from watcher.store.worker import StoreWorker


class StoreDesk:
    """Each method is that of the Store, and raises StoreError where it does not answer."""

    def __init__(self, worker: StoreWorker) -> None:
        self._worker = worker
        self._store = worker.store

    async def silences(self, since: datetime | None) -> tuple[Silence, ...]:
        """The silences that end after `since`; None: all."""
        return await self._worker.call(self._store.silences, since)

    async def add_silence(self, silence: Silence, *, once: bool = False) -> Amended:
        """Keep a silence; with `once` none that says the same as one that lasts."""
        return await self._worker.call(self._store.add_silence, silence, once=once)

    async def expire_silence(self, silence_id: str, at: datetime) -> Amended:
        """End a silence."""
        return await self._worker.call(self._store.expire_silence, silence_id, at)

    async def incidents(self, kind: IncidentKind | None, open_only: bool, limit: int) -> tuple[Incident, ...]:
        """Incidents, the latest first."""
        return await self._worker.call(self._store.incidents, kind=kind, open_only=open_only, limit=limit)

    async def incident(self, incident_id: str) -> tuple[IncidentRecord, tuple[Delivery, ...]] | None:
        """One incident with every try to tell of it."""
        record = await self._worker.call(self._store.incident, incident_id)
        if record is None:
            return None
        return record, await self._worker.call(self._store.deliveries, incident_id)

    async def ack(self, incident_id: str, by: str, at: datetime, comment: str | None) -> Amended:
        """Somebody takes care of it."""
        return await self._worker.call(self._store.ack, incident_id, by, at, comment)
