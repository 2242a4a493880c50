"""What pages are made of, and what they change by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.model.snapshot import Snapshot
from watcher.settings.values import Secret
from watcher.web.api import Records
from watcher.web.attention import Desk
from watcher.web.cases import Cases
from watcher.web.probe import ProbePage


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Memory, the store, the desk's part of it (without one nothing can be changed), the token that a change needs.

    `cases` is the store as the pages of outages ask it; without it there are none.
    `probe` makes a look for who asks; without it nobody can. `upcoming` says when an account is looked at next, None
    while it is being looked at. `public_url` says where people reach the pages, if they were told.
    """

    version: str
    snapshot: Callable[[], Snapshot]
    records: Records
    desk: Desk | None = None
    cases: Cases | None = None
    token: Secret | None = None
    probe: ProbePage[Any] | None = None
    upcoming: Callable[[str], datetime | None] = lambda _account_id: None
    public_url: Callable[[], str | None] = lambda: None

    @property
    def now(self) -> datetime:
        """The time."""
        return self.snapshot().at
