"""One question put to a platform and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from watcher.model.finding import Reason, Stamp
from watcher.model.platform import Platform, Source, expand


class Purpose(StrEnum):
    """Why we ask, in falling priority."""

    CONFIRM = "confirm"
    CONTROL = "control"
    ROUTINE = "routine"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom the question is about: an account, or a control handle (`account_id` None).

    `by_id` asks through the source's `url_by_id`, which follows an account through a rename.
    """

    handle: str
    instance: str
    account_id: str | None = None
    stable_id: str | None = None
    by_id: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A question to be put: `source` of `platform` about `target`.

    `fresh` wants a new connection and no cached copy; an answer older than `max_age` is stale. `screenshot` wants a
    picture of the page, where the source can give one.
    """

    purpose: Purpose
    platform: Platform
    source: Source
    target: Target
    due: datetime
    max_age: timedelta
    timeout: timedelta
    fresh: bool = False
    screenshot: bool = False

    @property
    def url(self) -> str:
        """The address to ask."""
        target = self.target
        by_id = target.by_id and self.source.url_by_id is not None and target.stable_id is not None
        return expand(
            (self.source.url_by_id or "") if by_id else self.source.url,
            handle=target.handle,
            instance=target.instance,
            stable_id=target.stable_id or "",
        )

    @property
    def host(self) -> str:
        """The host that is asked: what pace and bulkheads go by."""
        return (urlsplit(self.url).hostname or "").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One redirect on the way: the URL asked and the status it answered with."""

    url: str
    status: int
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete answer. Header names are lower-case; repeated headers are joined with ", ".

    That of a browser has the rendered page as its body, and a `screenshot` (PNG) where one was wanted and could be had.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    hops: tuple[Hop, ...] = ()
    screenshot: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailure:
    """No usable answer. `reason` is one of the INCONCLUSIVE reasons; `detail` is for people."""

    reason: Reason
    detail: str
    status: int | None = None
    hops: tuple[Hop, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A task, when it was sent and answered (UTC), and the outcome.

    `age` is the response's Age header: how long ago a cache had it from the origin; None without one. Of an answer that
    is put together of several it is the oldest's, and `youngest` that of the youngest.
    """

    task: Task
    sent_at: datetime
    received_at: datetime
    outcome: Response | FetchFailure
    age: timedelta | None = None
    youngest: timedelta | None = None

    @property
    def seen(self) -> Stamp:
        """The window in which the answer was true. Age has a resolution of one second (RFC 9111, 5.1)."""
        if self.age is None:
            return Stamp(earliest=self.sent_at, latest=self.received_at)
        return Stamp(
            earliest=self.sent_at - self.age - timedelta(seconds=1),
            latest=self.received_at - (self.age if self.youngest is None else self.youngest),
        )
