"""What somebody gets who asks for a look now."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from watcher.model.finding import Finding


class Unanswered(StrEnum):
    """Why there is nothing to be shown."""

    NOT_WATCHED = "not_watched"
    TIMED_OUT = "timed_out"
    STOPPING = "stopping"


class Seen(Protocol):
    """A look that is over: what it found, when it was begun and when it was over."""

    @property
    def finding(self) -> Finding:
        """The outcome."""
        ...

    @property
    def began_at(self) -> datetime:
        """When it was begun."""
        ...

    @property
    def ended_at(self) -> datetime:
        """When it was over."""
        ...
