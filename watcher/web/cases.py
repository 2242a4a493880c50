"""What the pages of outages ask of the store, in its own words. No handlers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.outage import Outage
from watcher.record import Case
from watcher.store.values import Amended


class Cases(Protocol):
    """See watcher.record.cases, which is one. Each method raises StoreError."""

    async def case(self, outage_id: str, now: datetime, /) -> Case | None:
        """All that is kept of one outage."""
        ...

    async def outages(self, **asked: Any) -> tuple[Outage, ...]:
        """Outages, the latest first; the keywords are those of Store.outages."""
        ...

    async def annotations(self, outage_ids: Sequence[str], /) -> Mapping[str, tuple[Annotation, ...]]:
        """What was noted of these outages."""
        ...

    async def accounts(self, account_ids: Collection[str], /) -> Mapping[str, Account]:
        """These accounts as they were listed last."""
        ...

    async def evidence(self, outage_id: str, digest: str, /) -> tuple[str, bytes] | None:
        """A page or a picture of this outage, with its role."""
        ...

    async def annotate(self, annotation: Annotation, /, *, tell: bool) -> Amended:
        """Keep a note."""
        ...
