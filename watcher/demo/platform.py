"""A small platform over TLS whose accounts do what they are told: the demo's stage, and a real server for tests.

It is a plain website, no mock: whoever asks gets what the state of the moment says, and its own log of changes is
the truth that a monitor's record is compared with. It knows nothing of the monitor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from watcher.clock import ZERO, Clock
from watcher.demo import answers
from watcher.demo.answers import Page, Shown
from watcher.demo.certificates import Authority
from watcher.demo.members import Members

Delay = timedelta | Callable[[str], timedelta]
"""How long an answer takes: a span, or a span by handle, asked anew for each request."""

ROBOTS: Final = "User-agent: *\nDisallow: /search\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """At `at`, `handle` (`*` for all) began to show `page` (None: a disturbance of the whole platform ended)."""

    at: datetime
    handle: str
    page: Page | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """At `at`, somebody asked for `path` about `handle` ("" when it is about none)."""

    at: datetime
    handle: str
    path: str


@dataclass(frozen=True, slots=True)
class _Copy:
    made_at: datetime
    response: answers.Answer


class ScriptedPlatform:
    """Serves `/{handle}`, the look-ups of Bluesky and Mastodon, and robots.txt, for any Host, on 127.0.0.1.

    `requests` has an entry for each handle asked about, `arrivals` one for each request, robots.txt apart.

    `delay` passes before an answer is made, `transfer` between its making and its sending; both in the clock's
    time. With `cache`, answers come from a copy up to that old and say so by `Age`; a request with
    `Cache-Control: no-cache` gets a new one if `cache_yields`. `directory` gets the CA's file.
    """

    def __init__(
        self,
        clock: Clock,
        directory: Path,
        *,
        delay: Delay = ZERO,
        transfer: Delay = ZERO,
        cache: timedelta | None = None,
        cache_yields: bool = True,
        robots: str = ROBOTS,
    ) -> None:
        self._clock = clock
        self._authority = Authority(directory)
        self.delay = delay
        self.transfer = transfer
        self.cache = cache
        self.cache_yields = cache_yields
        self.robots = robots
        self.log: list[Change] = []
        self.requests: list[Request] = []
        self.arrivals: list[datetime] = []
        self.port = 0
        self.members = Members()
        self._all: Shown | None = None
        self._copies: dict[str, _Copy] = {}
        self._runner: web.AppRunner | None = None

    @property
    def ca_file(self) -> Path:
        """The certificate to trust."""
        return self._authority.ca_file

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1; `port` is it."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/robots.txt", self._robots),
                web.get("/xrpc/app.bsky.actor.getProfile", self._bluesky),
                web.get("/xrpc/app.bsky.actor.getProfiles", self._bluesky_many),
                web.get("/api/v1/accounts/lookup", self._mastodon_by_name),
                web.get("/api/v1/accounts/{id}", self._mastodon_by_id),
                web.get("/{handle}", self._html),
            ]
        )
        # A hanging request ends when its client goes, and holds up no stop.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._authority.server_context())
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port and every connection. May be started again, on the same port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def set(self, handle: str, page: Page, *, span: timedelta = timedelta(seconds=30), **profile: str) -> None:
        """From now on `handle` shows `page`. `span` is the Retry-After of RATE_LIMITED and how long HANG hangs.

        `profile` may give `name` and `bio`. An unknown handle is registered, with a stable id of its own.
        """
        self.members.set(handle, Shown(page=page, span=span), **profile)
        self._note(handle, page)

    def set_all(self, page: Page | None, *, span: timedelta = timedelta(seconds=30)) -> None:
        """From now on everybody shows `page`, existing or not; None ends that."""
        self._all = None if page is None else Shown(page=page, span=span)
        self._note("*", page)

    def rename(self, old: str, new: str) -> None:
        """The account goes on under `new`, with its stable id; `old` is free."""
        page = self.members.rename(old, new)
        self._note(old, answers.UNKNOWN.page)
        self._note(new, page)

    def reregister(self, handle: str) -> None:
        """Somebody else takes `handle`: it is present, with another stable id."""
        self.members.reregister(handle)
        self._note(handle, Page.PRESENT)

    def _note(self, handle: str, page: Page | None) -> None:
        self.log.append(Change(at=self._clock.now(), handle=handle, page=page))

    async def _robots(self, request: web.Request) -> web.Response:
        self.requests.append(Request(at=self._clock.now(), handle="", path=request.path))
        return web.Response(text=self.robots)

    async def _html(self, request: web.Request) -> web.Response:
        return await self._serve(request, request.match_info["handle"], answers.html)

    async def _bluesky(self, request: web.Request) -> web.Response:
        return await self._serve(request, self.members.handle_of(request.query.get("actor", "")), answers.bluesky)

    async def _bluesky_many(self, request: web.Request) -> web.Response:
        """What all show alone, of those who are there; what stands before everybody alike stands before all at once."""
        handles = [self.members.handle_of(actor) for actor in request.query.getall("actors", [])]

        def flavour(_shown: Shown, _member: answers.Member) -> answers.Answer:
            asked = [(self._all or self.members.shown(handle), self.members.get(handle)) for handle in handles]
            return answers.bluesky_many(asked)

        return await self._serve(request, handles[0] if handles else "", flavour, handles[1:])

    async def _mastodon_by_name(self, request: web.Request) -> web.Response:
        return await self._serve(request, request.query.get("acct", ""), answers.mastodon)

    async def _mastodon_by_id(self, request: web.Request) -> web.Response:
        return await self._serve(request, self.members.handle_of(request.match_info["id"]), answers.mastodon)

    async def _serve(
        self, request: web.Request, handle: str, flavour: answers.Flavour, others: Sequence[str] = ()
    ) -> web.Response:
        self._note_request(request, (handle, *others))
        await self._clock.sleep(_span(self.delay, handle))
        copy = self._kept(request)
        if copy is None:
            shown = self._all or self.members.shown(handle)
            copy = _Copy(self._clock.now(), flavour(shown, self.members.get(handle)))
            self._copies[_key(request)] = copy
            if shown.page is Page.HANG:
                await self._clock.sleep(shown.span)
        await self._clock.sleep(_span(self.transfer, handle))
        return self._send(copy)

    def _note_request(self, request: web.Request, handles: Sequence[str]) -> None:
        now = self._clock.now()
        self.arrivals.append(now)
        self.requests += [Request(at=now, handle=handle, path=request.path_qs) for handle in handles]

    def _kept(self, request: web.Request) -> _Copy | None:
        if self.cache is None or (self.cache_yields and "no-cache" in request.headers.get("Cache-Control", "")):
            return None
        copy = self._copies.get(_key(request))
        return copy if copy is not None and self._clock.now() - copy.made_at <= self.cache else None

    def _send(self, copy: _Copy) -> web.Response:
        headers = dict(copy.response.headers)
        if self.cache is not None:
            # As an HTTP cache says it: whole seconds, rounded down (RFC 9111, 5.1).
            headers["Age"] = str(int((self._clock.now() - copy.made_at).total_seconds()))
        return web.Response(status=copy.response.status, body=copy.response.body, headers=headers)


def _span(delay: Delay, handle: str) -> timedelta:
    return delay(handle) if callable(delay) else delay


def _key(request: web.Request) -> str:
    return f"{request.host}{request.path_qs}"
