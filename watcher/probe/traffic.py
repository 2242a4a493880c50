"""What a rendered page asks for, answered by our own session: addresses, certificates and name as of any probe.

The browser itself has no way out. Knows nothing of the browser; decides what a page may ask for, and when what it did
or got means that nothing can be concluded from it.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Final, NoReturn

from yarl import URL

from watcher.model.exchange import FetchFailure, Hop, Response, host_of
from watcher.model.finding import Reason
from watcher.probe.body import read_capped
from watcher.probe.failures import failure_of
from watcher.probe.headers import age_of
from watcher.probe.session import ProbeSession
from watcher.probe.visit import MAX_HOPS, Visit, clean, headers_of

MOST_REQUESTS: Final = 300
MOST_BYTES: Final = 30_000_000
MOST_REFUSED: Final = 3000
_AT_ONCE: Final = 6
# OPTIONS is what the browser itself asks before a page may send certain headers to another host (CORS).
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
_DATA: Final = frozenset({"xhr", "fetch"})
_PARTS: Final = _DATA | {"script"}
_PICTURE: Final = "image"
_WANTED: Final = _PARTS | {"stylesheet"}
_RENDERED: Final = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION, 404, 410})
_REDIRECTING: Final = 3
# A page may open no window, dialog or download, submit nothing and lead no other frame (HTML, 7.1.5).
_CONFINED: Final = ("content-security-policy", "sandbox allow-scripts allow-same-origin")
_OURS: Final = frozenset({"host", "connection", "content-length", "accept-encoding", "user-agent"})
# What speaks of the transfer, which is over, or would make a download of a page.
_SPENT: Final = frozenset(
    {"alt-svc", "connection", "content-disposition", "content-encoding", "content-length", "keep-alive"}
    | {"nel", "report-to", "transfer-encoding"}
)
_NEXT_COOKIE: Final = re.compile(r",\s*(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+=)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a page. `kind` is what it is for (`script`, `xhr`, `image`, …); `is_page`: for the page itself."""

    url: str
    method: str
    headers: Mapping[str, str]
    kind: str
    body: bytes | None = None
    is_page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the browser is given in answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class _OverError(Exception):
    """Nothing is left to be rendered."""

    def __init__(self, outcome: Response | FetchFailure) -> None:
        super().__init__()
        self.outcome = outcome


class Traffic:
    """The requests of one page, `document`, which was fetched already as `visit` wants.

    `over` is set to the outcome where nothing is left to be rendered. `pictures`: images are asked for as well.
    `on_hop` is told the host of each further page that the page leads to.
    """

    def __init__(
        self,
        session: ProbeSession,
        visit: Visit,
        document: Response,
        on_hop: Callable[[str], None],
        *,
        pictures: bool = False,
    ) -> None:
        self.document = document
        self.hops = list(document.hops)
        self.shown_url = document.url
        loop = asyncio.get_running_loop()
        self.over: asyncio.Future[Response | FetchFailure] = loop.create_future()
        self._loop = loop
        self._session = session
        self._visit = visit
        self._on_hop = on_hop
        self._wanted = _WANTED | {_PICTURE} if pictures else _WANTED
        self._lines = asyncio.Semaphore(_AT_ONCE)
        self._is_shown = False
        self._in_flight = 0
        self._changed_at = loop.time()
        self._requests = 0
        self._refused = 0
        self._bytes = 0
        self._moves = 0
        self._ages: list[timedelta | None] = [age_of(document)]

    @property
    def quiet_for(self) -> timedelta:
        """For how long nothing has been asked for or answered, and nobody was `busy`."""
        return timedelta(seconds=0 if self._in_flight else self._loop.time() - self._changed_at)

    @property
    def ages(self) -> tuple[timedelta, timedelta] | None:
        """Of the page and the data in it, how old the youngest and the oldest were; None where no cache spoke."""
        known = [age or timedelta(0) for age in self._ages]
        return None if not any(age is not None for age in self._ages) else (min(known), max(known))

    @contextmanager
    def busy(self) -> Iterator[None]:
        """The page is not quiet meanwhile."""
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._changed_at = self._loop.time()

    async def answer(self, asked: Asked) -> Given | None:
        """What the page gets; None: nothing, as if nobody were there. Raises nothing but CancelledError."""
        try:
            if self.over.done():
                return None
            return await (self._page(asked) if asked.is_page else self._part(asked))
        except _OverError as over:
            if not self.over.done():
                self.over.set_result(replace(over.outcome, hops=tuple(self.hops)))
            return None

    async def _page(self, asked: Asked) -> Given:
        """The page itself, or another one that its scripts or its `refresh` lead to."""
        self.shown_url = asked.url
        if self._is_shown:
            self.document = await self._move(asked)
            self._ages = [age_of(self.document)]
        self._is_shown = True
        return Given(status=self.document.status, headers=_for_page(self.document), body=self.document.body)

    async def _move(self, asked: Asked) -> Response:
        left, self._moves = self.document, self._moves + 1
        self.hops.append(Hop(url=left.url, status=left.status, location=asked.url))
        if (refusal := self._may_not_move(left.url, asked.url)) is not None:
            raise _OverError(FetchFailure(reason=Reason.REDIRECT, detail=refusal, status=left.status))
        if not self._visit.follows(asked.url):
            raise _OverError(replace(left, url=asked.url, body=b""))
        self._on_hop(host_of(asked.url))
        found = await self._fetch(asked)
        if isinstance(found, FetchFailure):
            raise _OverError(found)
        if found.status // 100 != _REDIRECTING and not is_rendered(found):
            raise _OverError(found)
        return found

    def _may_not_move(self, left: str, url: str) -> str | None:
        if not url.startswith(("http://", "https://")):
            return "the page led to something other than http and https"
        if left.startswith("https:") and url.startswith("http:"):
            return "the page led from https to http"
        return f"the page led elsewhere more than {MAX_HOPS} times" if self._moves > MAX_HOPS else None

    async def _part(self, asked: Asked) -> Given | None:
        if asked.kind not in self._wanted:
            self._refused += 1
            if self._refused > MOST_REFUSED:
                raise self._too_large(f"asks for more than {MOST_REFUSED} things that it does not get")
            return None
        if asked.method not in _METHODS:
            if asked.kind in _DATA and self._visit.follows(asked.url):
                self._miss(asked, Reason.TRUNCATED, f"is not asked for with {asked.method}")
            return None
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise self._too_large(f"asks for more than {MOST_REQUESTS} things")
        self._count(len(asked.body or b""))
        found = await self._fetch(asked)
        if asked.kind in _PARTS and self._visit.follows(asked.url):
            self._mind(asked, found)
        if isinstance(found, FetchFailure):
            return None
        return Given(status=found.status, headers=_headers(found), body=found.body)

    def _mind(self, asked: Asked, found: Response | FetchFailure) -> None:
        """What a page says of itself without a part of its own site is not to be believed: "not found", perhaps."""
        lack = _lack(found)
        if lack is not None:
            self._miss(asked, *lack)
        if isinstance(found, Response) and asked.kind in _DATA:
            self._ages.append(age_of(found))

    def _miss(self, asked: Asked, reason: Reason, why: str) -> NoReturn:
        detail = f"the page is not whole: {URL(asked.url).path[:100]} {why}"
        raise _OverError(FetchFailure(reason=reason, detail=detail, status=self.document.status))

    async def _fetch(self, asked: Asked) -> Response | FetchFailure:
        """One request, without its redirects: the browser follows these by itself, and asks again."""
        headers = {name: value for name, value in asked.headers.items() if not _is_ours(name.lower())}
        fresh = self._visit.fresh and (asked.is_page or asked.kind in _DATA)
        try:
            async with self._lines, asyncio.timeout(self._visit.timeout.total_seconds() / 2):
                url = URL(asked.url, encoded=True).with_fragment(None)
                async with self._session.send(asked.method, url, headers, asked.body, fresh=fresh) as response:
                    limit = self._visit.max_body if asked.is_page else MOST_BYTES
                    body = await read_capped(response, limit)
                    if isinstance(body, FetchFailure):
                        return body
                    found = Response(
                        status=response.status, url=asked.url, headers=headers_of(response.headers), body=body
                    )
        except Exception as error:  # noqa: BLE001 - hostile bytes must never become anything but a value
            return failure_of(error)
        self._count(len(body))
        return found

    def _count(self, size: int) -> None:
        """What is sent for a page counts as what it gets."""
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise self._too_large(f"with all its parts has more than {MOST_BYTES} bytes")

    def _too_large(self, how: str) -> _OverError:
        return _OverError(FetchFailure(reason=Reason.TOO_LARGE, detail=f"the page {how}", status=self.document.status))


def is_rendered(document: Response) -> bool:
    """True for an answer that scripts may say more about: a page, and no refusal or failure."""
    headers = document.headers
    is_page = "html" in headers.get("content-type", "text/html").lower()
    is_download = headers.get("content-disposition", "").lower().startswith("attachment")
    return document.status in _RENDERED and is_page and not is_download and bool(document.body.strip())


def _lack(found: Response | FetchFailure) -> tuple[Reason, str] | None:
    if isinstance(found, FetchFailure):
        reason = Reason.TOO_LARGE if found.reason is Reason.TOO_LARGE else Reason.TRUNCATED
        return reason, f"could not be had ({found.reason})"
    if found.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Reason.RATE_LIMITED, "was asked for too often (429)"
    if found.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Reason.PLATFORM_ERROR, f"failed ({found.status})"
    return None


def _is_ours(name: str) -> bool:
    return name in _OURS or name.startswith(("sec-ch-", "proxy-"))


def _for_page(document: Response) -> tuple[tuple[str, str], ...]:
    return (*_headers(document), _CONFINED)


def _headers(answer: Response) -> tuple[tuple[str, str], ...]:
    """The headers one by one. Only of Set-Cookie may the values not be joined (RFC 9110, 5.3)."""
    single: list[tuple[str, str]] = []
    for name, value in answer.headers.items():
        if name in _SPENT:
            continue
        values = _NEXT_COOKIE.split(value) if name == "set-cookie" else [value]
        single += [(name, clean(each)) for each in values]
    return tuple(single)
