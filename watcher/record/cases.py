"""The store as the pages of outages ask it. Each call is waited for, and raises StoreError where it does not answer."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.outage import Outage
from watcher.record.case import Case
from watcher.record.gather import MOST_ENTRIES, gather, piece, wanted, with_pieces
from watcher.store.values import Amended
from watcher.store.worker import StoreWorker


class StoreCases:
    """Outages, what is kept of each, and what people note of them."""

    def __init__(self, worker: StoreWorker) -> None:
        self._worker = worker
        self._store = worker.store

    async def case(self, outage_id: str, now: datetime) -> Case | None:
        """All that is kept of one outage; one piece of evidence at a time, so that looks are stored meanwhile."""
        found = await self._worker.call(gather, self._store, outage_id, now)
        if found is None:
            return None
        pieces = {
            digest: await self._worker.call(piece, self._store, role, digest)
            for role, digest in wanted(found.dossier.traces)
        }
        return with_pieces(found, pieces)

    async def outages(self, **asked: Any) -> tuple[Outage, ...]:
        """Outages, the latest first; the keywords are those of Store.outages."""
        return await self._worker.call(self._store.outages, **asked)

    async def annotations(self, outage_ids: Sequence[str]) -> Mapping[str, tuple[Annotation, ...]]:
        """What was noted of these outages."""
        return await self._worker.call(self._store.annotations, outage_ids)

    async def accounts(self, account_ids: Collection[str]) -> Mapping[str, Account]:
        """These accounts as they were listed last, also those that are watched no more."""
        return (await self._worker.call(self._store.known, account_ids)).accounts

    async def evidence(self, outage_id: str, digest: str) -> tuple[str, bytes] | None:
        """A page or a picture that the record of this outage shows, with its role; None where there is none such."""
        traces = await self._worker.call(self._store.traces, outage_id, most=MOST_ENTRIES)
        role = next((role for trace in traces for role, each, _ in trace.evidence if each == digest), None)
        content = None if role is None else await self._worker.call(self._store.body, digest)
        return None if role is None or content is None else (role, content)

    async def annotate(self, annotation: Annotation, *, tell: bool) -> Amended:
        """Keep a note; with `tell` whoever was told of the outage is told of it."""
        return await self._worker.call(self._store.annotate, annotation, tell=tell)
