"""What pages are made of, and what they change by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from watcher.model.snapshot import Snapshot
from watcher.settings.values import Secret
from watcher.web.api import Records
from watcher.web.attention import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Memory, the store, the desk's part of it (without one nothing can be changed), the token that a change needs."""

    version: str
    snapshot: Callable[[], Snapshot]
    records: Records
    desk: Desk | None = None
    token: Secret | None = None

    @property
    def now(self) -> datetime:
        """The time."""
        return self.snapshot().at
