"""One question put to a platform and what came back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from json import dumps
from typing import Final
from urllib.parse import quote, urlsplit

from propcache import cached_property

from watcher.model.finding import Reason, Stamp
from watcher.model.platform import Batch, Platform, Source, expand, in_quotes

MEMBERS: Final = "{members}"
"""Where in a batch's URL or body its members stand."""
_AUTHORITY: Final = len("https://")  # no URL's host ends before


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


def name_of(template: str, target: Target, place: int, spelt: Callable[[str], str] = str) -> str:
    """A template of a batch, filled in for the member at that place. The handle last, for it is not ours."""
    return (
        template.replace("{n}", str(place))
        .replace("{instance}", target.instance)
        .replace("{stable_id}", spelt(target.stable_id or ""))
        .replace("{handle}", spelt(target.handle))
    )


def _in_url(name: str) -> str:
    return quote(name, safe=":")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A question to be put: `source` of `platform` about `target`. Without slots: its address is made once.

    A batch asks about all its `members` (about the target alone where none are named), controls among them.
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
    members: tuple[Target, ...] = ()

    @cached_property
    def url(self) -> str:
        """The address to ask."""
        target = self.target
        by_id = target.by_id and self.source.url_by_id is not None and target.stable_id is not None
        url = expand(
            (self.source.url_by_id or "") if by_id else self.source.url,
            handle=target.handle,
            instance=target.instance,
            stable_id=target.stable_id or "",
        )
        return url if self.source.batch is None else url.replace(MEMBERS, self._members(self.source.batch, _in_url))

    @property
    def asked_about(self) -> tuple[Target, ...]:
        """Everybody whom the answer is about."""
        return self.members or (self.target,)

    def body(self, credential: str) -> str | None:
        """What is sent along, a JSON object with the credential in it; None for nothing."""
        if not self.source.body:
            return None
        members = "" if self.source.batch is None else self._members(self.source.batch, in_quotes)
        return dumps(
            {
                key: name_of(template.replace("{credential}", credential), self.target, 0, in_quotes).replace(
                    MEMBERS, members
                )
                for key, template in self.source.body.items()
            }
        )

    def _members(self, batch: Batch, spelt: Callable[[str], str]) -> str:
        """All members as URL or body has them, each name `spelt` so that it stays one."""
        named = (name_of(batch.member, target, place, spelt) for place, target in enumerate(self.asked_about))
        return batch.join.join(named)

    @property
    def host(self) -> str:
        """The host that is asked: what pace and bulkheads go by."""
        return host_of(self.url)


def host_of(url: str) -> str:
    """The host of an absolute URL, in lower case; "" where it has none."""
    end = url.find("/", _AUTHORITY)
    return _host_of(url if end < 0 else url[:end])


def host_asked(template: str, instance: str, handle: str) -> str:
    """The host of a source's URL, without making the whole of it."""
    common = _common_host(template, instance)
    return host_of(expand(template, handle=handle, instance=instance)) if common is None else common


@lru_cache(maxsize=4096)
def _common_host(template: str, instance: str) -> str | None:
    """The host where it is the same for all handles; None where the handle is part of it."""
    one, other = (host_of(expand(template, handle=handle, instance=instance)) for handle in ("a", "b"))
    return one if one == other else None


@lru_cache(maxsize=1024)
def _host_of(origin: str) -> str:
    return (urlsplit(origin).hostname or "").lower()


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
    `is_item`: of the answer to a batch, the outcome is what it says of the task's target alone.
    """

    task: Task
    sent_at: datetime
    received_at: datetime
    outcome: Response | FetchFailure
    age: timedelta | None = None
    youngest: timedelta | None = None
    is_item: bool = False

    @property
    def seen(self) -> Stamp:
        """The window in which the answer was true. Age has a resolution of one second (RFC 9111, 5.1)."""
        if self.age is None:
            return Stamp(earliest=self.sent_at, latest=self.received_at)
        return Stamp(
            earliest=self.sent_at - self.age - timedelta(seconds=1),
            latest=self.received_at - (self.age if self.youngest is None else self.youngest),
        )
