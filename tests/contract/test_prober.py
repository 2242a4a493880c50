"""The prober against real TLS servers on loopback: every way in which a fetch goes right or wrong."""

import asyncio
import gzip
import json
import socket
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict, Unpack

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from tests.fakes.clock import STORY as START
from tests.fakes.clock import FakeClock, settle
from watcher.classify import classify
from watcher.demo.answers import Page
from watcher.demo.certificates import Authority
from watcher.demo.platform import ScriptedPlatform
from watcher.metrics import Metrics
from watcher.model.control import VantageState
from watcher.model.exchange import Exchange, FetchFailure, Purpose, Response, Target, Task
from watcher.model.finding import Reason
from watcher.model.platform import (
    Answers,
    Batch,
    ControlHandles,
    HandleSyntax,
    Method,
    Pace,
    Platform,
    Source,
    SourceKind,
)
from watcher.probe import Prober, Reachability, open_prober
from watcher.settings.values import BrowserSettings, ProbeSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOOPBACK = (ip_network("127.0.0.0/8"),)
FAST = Pace(requests=1000, per=timedelta(seconds=1), concurrency=100)
SOON = timedelta(seconds=0.3)


class Site:
    """A website over TLS that keeps the requests, and the ports they came from."""

    def __init__(self, authority: Authority, address: str = "127.0.0.1") -> None:
        self.authority = authority
        self.address = address
        self.routes: dict[str, Handler] = {}
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.peers: list[int] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, 0, ssl_context=self.authority.server_context()).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        assert request.transport is not None
        self.peers.append(request.transport.get_extra_info("peername")[1])
        return await self.routes[request.path](request)

    def text(self, path: str, text: str = "hello", status: int = 200, **headers: str) -> None:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()})

        self.routes[path] = answer

    def redirect(self, path: str, location: str, status: int = 302) -> None:
        self.text(path, status=status, Location=location)


@asynccontextmanager
async def raw_site(authority: Authority, answer: bytes, *, abort: bool = False) -> AsyncIterator[int]:
    """A TLS server that sends `answer` to whoever asks and closes, or resets, the connection. Yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if abort:
            writer.transport.abort()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=authority.server_context())
    async with server:
        yield server.sockets[0].getsockname()[1]


class Changes(TypedDict, total=False):
    """What a task may differ in."""

    answers: Answers
    headers: Mapping[str, str]
    pace: Pace
    timeout: timedelta
    fresh: bool
    robots_override: bool
    secret: str
    recognise: tuple[str, ...]
    body: Mapping[str, str]
    batch: Batch | None


class Rig:
    """A prober on a clock that stands still, and tasks for it."""

    def __init__(self, prober: Prober, clock: FakeClock, metrics: Metrics) -> None:
        self.prober = prober
        self.clock = clock
        self.metrics = metrics

    async def fetch(self, url: str, **changes: Unpack[Changes]) -> Exchange:
        return await self.prober.fetch(a_task(url, **changes))

    async def response(self, url: str, **changes: Unpack[Changes]) -> Response:
        outcome = (await self.fetch(url, **changes)).outcome
        assert isinstance(outcome, Response), outcome
        return outcome

    async def failure(self, url: str, **changes: Unpack[Changes]) -> FetchFailure:
        outcome = (await self.fetch(url, **changes)).outcome
        assert isinstance(outcome, FetchFailure), outcome
        return outcome


def a_task(
    url: str,
    *,
    answers: Answers = Answers.JSON,
    headers: Mapping[str, str] | None = None,
    pace: Pace = FAST,
    timeout: timedelta = timedelta(seconds=10),
    fresh: bool = False,
    robots_override: bool = False,
    secret: str = "",
    recognise: tuple[str, ...] = ("https://y.test/",),
    body: Mapping[str, str] | None = None,
    batch: Batch | None = None,
) -> Task:
    source = Source(
        name="page",
        kind=SourceKind.HTTP if batch is None else SourceKind.BATCH,
        batch=batch,
        url=url,
        answers=answers,
        headers=headers or {},
        method=Method.POST if body else Method.GET,
        body=body or {},
        pace=pace,
        secret=secret,
        robots_override=robots_override,
    )
    platform = Platform(
        id="x",
        title="X",
        profile=url,
        recognise=recognise,
        handle=HandleSyntax(pattern=".*"),
        sources=(source,),
        controls=ControlHandles(),
    )
    return Task(
        purpose=Purpose.ROUTINE,
        platform=platform,
        source=source,
        target=Target(handle="someone", instance=""),
        due=START,
        max_age=timedelta(minutes=1),
        timeout=timeout,
        fresh=fresh,
    )


@asynccontextmanager
async def a_rig(
    authority: Authority | ScriptedPlatform | None, ports: Mapping[str, int], **changes: object
) -> AsyncIterator[Rig]:
    """A prober that trusts `authority` and finds each host at its port of 127.0.0.1."""
    clock, metrics = FakeClock(), Metrics("0")
    values: dict[str, object] = {
        "allow_private": LOOPBACK,
        "connect_to": {host: ("127.0.0.1", port) for host, port in ports.items()},
        "ca_file": authority.ca_file if authority else None,
        "contact": "https://watch.test/about",
        **changes,
    }
    prober = open_prober(ProbeSettings(**values), "1.2.3", clock, metrics)  # type: ignore[arg-type] # by name, as given
    try:
        yield Rig(prober, clock, metrics)
    finally:
        await prober.close()
        await settle()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def site(authority: Authority) -> AsyncIterator[Site]:
    async with Site(authority) as site:
        yield site


@pytest.fixture
async def rig(site: Site) -> AsyncIterator[Rig]:
    hosts = ("x.test", "y.test")
    async with a_rig(site.authority, dict.fromkeys(hosts, site.port)) as rig:
        yield rig


# --- answers ---------------------------------------------------------------------------------------------------------


async def test_an_answer_is_kept_whole(site: Site, rig: Rig) -> None:
    """Status, final URL, body and headers come through; repeated headers are joined."""

    async def answer(_request: web.Request) -> web.Response:
        response = web.Response(status=404, text="Désolé")
        response.headers.add("X-Thing", "a")
        response.headers.add("X-Thing", "b")
        return response

    site.routes["/someone"] = answer
    response = await rig.response("https://x.test/{handle}#top")
    assert (response.status, response.url, response.body.decode()) == (404, "https://x.test/someone", "Désolé")
    assert response.headers["x-thing"] == "a, b"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.hops == ()


async def test_we_say_who_we_are_and_what_we_want(site: Site, rig: Rig) -> None:
    """An honest User-Agent with the contact, English by default, the source's own headers with its credential."""
    site.text("/someone")
    await rig.fetch(
        "https://x.test/someone", headers={"Authorization": "Bearer {credential}", "X-For": "{handle}"}, secret="s3cr3t"
    )
    headers = site.seen[0].headers
    assert headers["User-Agent"] == "watcher/1.2.3 (+https://watch.test/about)"
    assert headers["Accept-Language"] == "en"
    assert headers["Authorization"] == "Bearer s3cr3t"
    assert headers["X-For"] == "someone"
    assert headers["Host"] == "x.test"


async def test_without_contact_the_name_stands_alone(site: Site) -> None:
    """Nobody is named who was not given."""
    site.text("/")
    async with a_rig(site.authority, {"x.test": site.port}, contact=None) as rig:
        await rig.response("https://x.test/")
    assert site.seen[0].headers["User-Agent"] == "watcher/1.2.3"


async def test_a_source_may_ask_in_another_language(site: Site, rig: Rig) -> None:
    """The source's own Accept-Language replaces ours."""
    site.text("/")
    await rig.response("https://x.test/", headers={"accept-language": "fr"})
    assert site.seen[0].headers.getall("Accept-Language") == ["fr"]


async def test_times_and_age(site: Site, rig: Rig) -> None:
    """The stamps are around the exchange; Age is what the cache said."""

    async def answer(_request: web.Request) -> web.Response:
        await rig.clock.run_for(timedelta(seconds=3))
        return web.Response(text="x", headers={"Age": "40"})

    site.routes["/"] = answer
    exchange = await rig.fetch("https://x.test/")
    assert (exchange.sent_at, exchange.received_at) == (START, START + timedelta(seconds=3))
    assert exchange.age == timedelta(seconds=40)


async def test_metrics_of_a_probe(site: Site, rig: Rig) -> None:
    """A probe is counted and measured under its platform, and leaves nothing in flight."""
    site.text("/")
    await rig.fetch("https://x.test/")
    value = rig.metrics.registry.get_sample_value
    assert value("watcher_probes_total", {"platform": "x"}) == 1
    assert value("watcher_probe_duration_seconds_count", {"platform": "x"}) == 1
    assert value("watcher_probes_in_flight") == 0


async def test_long_headers_are_fine(site: Site, rig: Rig) -> None:
    """A Content-Security-Policy of 20 KB is an ordinary answer."""
    site.text("/", Content_Security_Policy="a" * 20_000)
    assert len((await rig.response("https://x.test/")).headers["content-security-policy"]) == 20_000


async def test_headers_that_are_no_utf8_can_be_stored(authority: Authority) -> None:
    """Undecodable bytes become replacement characters, never lone surrogates."""
    answer = b"HTTP/1.1 200 OK\r\nX-Odd: a\xffb\r\nContent-Length: 0\r\n\r\n"
    async with raw_site(authority, answer) as port, a_rig(authority, {"x.test": port}) as rig:
        assert (await rig.response("https://x.test/")).headers["x-odd"] == "a\ufffdb"


async def test_no_cookie_is_kept(site: Site, rig: Rig) -> None:
    """What a page wants us to remember is forgotten, by the next hop and by the next probe."""
    site.text("/", status=302, Location="/home", Set_Cookie="who=you")
    site.text("/home", Set_Cookie="more=1")
    await rig.response("https://x.test/")
    await rig.response("https://x.test/home")
    assert [request.headers.get("Cookie") for request in site.seen] == [None, None, None]


async def test_connections_are_kept_but_for_fresh_tasks(site: Site, rig: Rig) -> None:
    """Routine probes share one connection; a fresh one makes its own, and asks for no cached copy."""
    site.text("/")
    for fresh in (False, False, True, True):
        await rig.response("https://x.test/", fresh=fresh)
    first, second, third, fourth = site.peers
    assert first == second
    assert len({second, third, fourth}) == 3
    assert "Cache-Control" not in site.seen[1].headers
    assert site.seen[3].headers["Cache-Control"] == "no-cache"
    assert not {"If-None-Match", "If-Modified-Since"} & set(site.seen[3].headers)


# --- what is posted --------------------------------------------------------------------------------------------------


async def test_a_body_is_posted(site: Site, rig: Rig) -> None:
    """As JSON, with the handle and the credential in it; over a new connection without any cached copy if asked so."""
    site.text("/graphql")
    query = {"query": 'user(login: "{handle}") { id }', "token": "{credential}"}
    await rig.response("https://x.test/graphql", body=query, secret='s"3', fresh=True)
    [request] = site.seen
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
    assert json.loads(site.bodies[0]) == {"query": 'user(login: "someone") { id }', "token": 's"3'}
    assert request.headers["Cache-Control"] == "no-cache"


async def test_a_batch_needs_no_browser(site: Site, tmp_path: Path) -> None:
    """It is asked as it comes, on a machine that has no browser, too."""
    site.text("/all", "[]")
    batch = Batch(size=3, member="u={handle}", join="&", items=())
    none = BrowserSettings(executable=tmp_path / "nowhere")
    async with a_rig(site.authority, {"x.test": site.port}, browser=none) as rig:
        response = await rig.response("https://x.test/all?{members}", batch=batch)
    assert (response.status, response.url) == (200, "https://x.test/all?u=someone")


async def test_what_is_posted_is_sent_nowhere_else(site: Site, rig: Rig) -> None:
    """A redirect is the answer, wherever it leads: neither the body nor a bare request goes there."""
    for status in (301, 302, 303, 307, 308):
        site.redirect("/graphql", "/elsewhere", status=status)
        site.text("/elsewhere", "a profile")
        response = await rig.response("https://x.test/graphql", body={"token": "{credential}"}, secret="s3cr3t")
        assert (response.status, response.url, response.body) == (status, "https://x.test/elsewhere", b"")
    assert {request.path for request in site.seen} == {"/graphql"}


async def test_a_posted_credential_that_is_echoed_is_hidden(site: Site, rig: Rig) -> None:
    """What the platform gives back of it is taken out, as with that of a header."""
    site.text("/graphql", "you said token-0123456789")
    body = {"token": "{credential}"}
    response = await rig.response("https://x.test/graphql", body=body, secret="token-0123456789")
    assert b"0123456789" in site.bodies[0]
    assert b"0123456789" not in response.body


# --- redirects -------------------------------------------------------------------------------------------------------


async def test_redirects_are_followed_and_kept(site: Site, rig: Rig) -> None:
    """Every hop is evidence; the answer is the last one, on another of the platform's hosts, too."""
    site.redirect("/someone", "/login?next=%2Fsomeone#form", status=301)
    site.redirect("/login", "https://y.test/authwall", status=307)
    site.text("/authwall", "log in")
    response = await rig.response("https://x.test/someone")
    assert response.url == "https://y.test/authwall"
    assert [(hop.url, hop.status, hop.location) for hop in response.hops] == [
        ("https://x.test/someone", 301, "/login?next=%2Fsomeone#form"),
        ("https://x.test/login?next=/someone", 307, "https://y.test/authwall"),
    ]


async def test_a_redirect_without_a_target_is_an_answer(site: Site, rig: Rig) -> None:
    """302 without Location is what the page says."""
    site.text("/", status=302)
    assert (await rig.response("https://x.test/")).status == 302


async def test_credentials_stay_with_their_host(site: Site, rig: Rig) -> None:
    """On a change of host only harmless headers go along, and the others do not come back on the way back."""
    site.redirect("/here", "/still")
    site.redirect("/still", "https://someone:pass@y.test/there")
    site.redirect("/there", "https://x.test/back")
    site.text("/back")
    headers = {"Authorization": "Bearer {credential}", "X-Api-Key": "k", "Accept": "application/json"}
    await rig.response("https://x.test/here", headers=headers, secret="s3cr3t")
    assert [request.headers.get("Authorization") for request in site.seen] == ["Bearer s3cr3t"] * 2 + [None] * 2
    assert [request.headers.get("X-Api-Key") for request in site.seen] == ["k", "k", None, None]
    assert {request.headers["Accept"] for request in site.seen} == {"application/json"}


async def test_an_echoed_credential_is_taken_out(site: Site, rig: Rig) -> None:
    """A page that shows the token, in its text, headers or redirects: what is quoted, kept and shown has ***."""

    async def echo(request: web.Request) -> web.Response:
        said = request.headers["Authorization"]
        return web.Response(text=f"you are {said}", headers={"Set-Cookie": f"auth={said}"})

    site.redirect("/here", "/there?auth=s3cr3t-t0ken")
    site.routes["/there"] = echo
    response = await rig.response(
        "https://x.test/here", headers={"Authorization": "Bearer {credential}"}, secret="s3cr3t-t0ken"
    )
    assert response.body == b"you are Bearer ***"
    assert response.url == "https://x.test/there?auth=***"
    assert response.headers["set-cookie"] == "auth=Bearer ***"
    assert [hop.location for hop in response.hops] == ["/there?auth=***"]
    assert site.seen[1].headers["Authorization"] == "Bearer s3cr3t-t0ken"


@pytest.mark.parametrize("location", ["https://login.foreign.test/login?next=x", "https://notx.test/", "//test/"])
async def test_a_foreign_host_is_not_asked(site: Site, rig: Rig, location: str) -> None:
    """Where a page leads away from its platform, the redirect is the answer; nobody else's pace is spent on it."""
    site.text("/away", "go there", status=302, Location=location, Age="7")
    site.redirect("/", "/away")
    exchange = await rig.fetch("https://x.test/")
    response = exchange.outcome
    assert isinstance(response, Response)
    target = location if location.startswith("https:") else f"https:{location}"
    assert (response.status, response.url, response.body) == (302, target, b"")
    assert exchange.age == timedelta(seconds=7)
    assert [hop.location for hop in response.hops] == ["/away", location]
    assert [request.path for request in site.seen] == ["/", "/away"]
    assert set(rig.prober.pacer._lanes) == {"x.test"}


@pytest.mark.parametrize(
    ("location", "reason", "rule"),
    [
        ("https://accounts.foreign.test/ServiceLogin?x", Reason.LOGIN_WALL, "login-redirect"),
        ("https://consent.foreign.test/m?x", Reason.CONSENT, "consent-redirect"),
        ("https://foreign.test/captcha", Reason.CHALLENGE, "challenge-redirect"),
        ("https://foreign.test/", Reason.REDIRECT, "foreign-host"),
    ],
)
async def test_what_a_redirect_to_a_foreign_host_means(
    site: Site, rig: Rig, location: str, reason: Reason, rule: str
) -> None:
    """The address alone says which wall it is, as its page would have said."""
    site.redirect("/", location)
    finding = classify(await rig.fetch("https://x.test/")).finding
    assert (finding.reason, finding.evidence.rule, finding.evidence.final_url) == (reason, rule, location)


async def test_a_loop_is_a_failure(site: Site, rig: Rig) -> None:
    """Going in circles ends as soon as it is seen."""
    site.redirect("/a", "/b")
    site.redirect("/b", "/a")
    failure = await rig.failure("https://x.test/a")
    assert (failure.reason, failure.detail, failure.status) == (Reason.REDIRECT, "redirected in a loop", 302)
    assert len(failure.hops) == 2


async def test_five_redirects_are_enough(site: Site, rig: Rig) -> None:
    """The fifth is followed, the sixth is not."""
    for n in range(10):
        site.redirect(f"/{n}", f"/{n + 1}")
    site.text("/10")
    assert len((await rig.response("https://x.test/5")).hops) == 5
    failure = await rig.failure("https://x.test/4")
    assert (failure.reason, failure.detail) == (Reason.REDIRECT, "redirected more than 5 times")


@pytest.mark.parametrize(
    ("location", "detail"),
    [
        ("http://x.test/", "redirected from https to http"),
        ("twitter://user?screen_name=a", "redirected to something other than http and https"),
        ("file:///etc/passwd", "redirected to something other than http and https"),
        ("https://[", "redirected to something that is no url"),
        ("https://x.test:99999/", "redirected to something that is no url"),
    ],
)
async def test_some_redirects_are_not_followed(site: Site, rig: Rig, location: str, detail: str) -> None:
    """No downgrade, no other scheme, no nonsense; the hop is kept."""
    site.redirect("/", location)
    failure = await rig.failure("https://x.test/")
    assert (failure.reason, failure.detail) == (Reason.REDIRECT, detail)
    assert [hop.location for hop in failure.hops] == [location]


@pytest.mark.parametrize(
    "target",
    ["127.0.0.1", "169.254.169.254", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "10.0.0.1.", "localhost"],
)
async def test_no_redirect_leads_inside(authority: Authority, target: str) -> None:
    """However a private address is written, a redirect to it is refused, with the way to allow it."""
    # The site itself stands on an address that is allowed; none of the targets is.
    async with Site(authority, "127.8.8.8") as site:
        allowed = {"allow_private": (ip_network("127.8.8.8/32"),), "connect_to": {"x.test": ("127.8.8.8", site.port)}}
        async with a_rig(authority, {}, **allowed) as rig:
            inside = str(URL(f"https://{target}:{site.port}/secret"))
            site.redirect("/", f"https://{target}:{site.port}/secret")
            failure = await rig.failure("https://x.test/", recognise=(inside,))
    assert failure.reason is Reason.CONNECT
    assert "is not a public address; allow it with probe.allow_private" in failure.detail
    assert [request.path for request in site.seen] == ["/"]


# --- failures --------------------------------------------------------------------------------------------------------


async def test_an_unknown_authority_is_a_tls_failure(site: Site) -> None:
    """A certificate that nobody vouches for is not trusted."""
    async with a_rig(None, {"x.test": site.port}) as rig:
        failure = await rig.failure("https://x.test/")
    assert failure.reason is Reason.TLS
    assert "certificate" in failure.detail
    assert site.seen == []


async def test_a_server_without_tls_is_a_tls_failure(authority: Authority) -> None:
    """Something that does not speak TLS is told as such."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, a_rig(authority, {"x.test": server.sockets[0].getsockname()[1]}) as rig:
        assert (await rig.failure("https://x.test/")).reason is Reason.TLS


async def test_a_refused_port_is_a_connect_failure(authority: Authority) -> None:
    """Nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, never listening: nobody else can take it meanwhile
        async with a_rig(authority, {"x.test": closed.getsockname()[1]}) as rig:
            failure = await rig.failure("https://x.test/")
    assert (failure.reason, failure.detail) == (Reason.CONNECT, "the connection failed: connection refused")


async def test_a_name_without_address_is_a_dns_failure(authority: Authority) -> None:
    """A name that does not exist is not resolved."""
    async with a_rig(authority, {}) as rig:
        assert (await rig.failure("https://nobody.invalid/")).reason is Reason.DNS


async def test_no_answer_in_time_is_a_timeout(site: Site, rig: Rig) -> None:
    """The way up to there is kept."""

    async def hang(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    site.routes["/hang"] = hang
    site.redirect("/", "/hang")
    failure = await rig.failure("https://x.test/", timeout=SOON)
    assert (failure.reason, failure.detail) == (Reason.TIMEOUT, "no complete answer in time")
    assert len(failure.hops) == 1


async def test_a_body_that_stalls_is_a_timeout(site: Site, rig: Rig) -> None:
    """Half a page in time is no page."""

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        await asyncio.Event().wait()
        raise AssertionError

    site.routes["/"] = stall
    assert (await rig.failure("https://x.test/", timeout=SOON)).reason is Reason.TIMEOUT


async def test_an_empty_connection_is_a_connect_failure(authority: Authority) -> None:
    """A server that hangs up without a word gave no answer."""
    async with raw_site(authority, b"") as port, a_rig(authority, {"x.test": port}) as rig:
        assert (await rig.failure("https://x.test/")).reason is Reason.CONNECT


@pytest.fixture(params=["zlib", "isal.isal_zlib"])
def unpacked_by(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each library that may unpack bodies."""
    aiohttp.set_zlib_backend(pytest.importorskip(request.param))
    yield
    aiohttp.set_zlib_backend(zlib)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.mark.parametrize(
    ("answer", "abort"),
    [
        (HEAD + b"Content-Length: 1000\r\n\r\nhalf", False),
        (HEAD + b"Content-Length: 1000\r\n\r\nhalf", True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", False),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!", False),
    ],
    ids=["length", "reset", "chunked", "gzip"],
)
@pytest.mark.usefixtures("unpacked_by")
async def test_a_body_that_ends_early_is_truncated(authority: Authority, answer: bytes, abort: bool) -> None:
    """Less than was announced, a reset on the way, an unfinished chunk, broken compression: never a page."""
    async with raw_site(authority, answer, abort=abort) as port, a_rig(authority, {"x.test": port}) as rig:
        failure = await rig.failure("https://x.test/")
    assert failure.reason is Reason.TRUNCATED
    assert failure.status == 200


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 999999 Hm\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    ],
    ids=["ssh", "status", "line", "length"],
)
async def test_what_is_no_http_is_a_bad_response(authority: Authority, answer: bytes) -> None:
    """The library's own status 400 is never taken for the page's."""
    async with raw_site(authority, answer) as port, a_rig(authority, {"x.test": port}) as rig:
        failure = await rig.failure("https://x.test/")
    assert (failure.reason, failure.status) == (Reason.BAD_RESPONSE, None)


async def test_a_large_body_is_cut_off(site: Site, rig: Rig) -> None:
    """Three megabytes are more than a profile page has."""
    site.text("/", "a" * 3_000_000)
    failure = await rig.failure("https://x.test/")
    assert (failure.reason, failure.status) == (Reason.TOO_LARGE, 200)
    assert failure.detail == "the body has more than 2000000 bytes"


async def test_a_body_of_just_the_cap_is_whole(site: Site) -> None:
    """The cap itself is allowed."""
    site.text("/", "a" * 1000)
    async with a_rig(site.authority, {"x.test": site.port}, max_body=1000) as rig:
        assert len((await rig.response("https://x.test/")).body) == 1000


@pytest.mark.usefixtures("unpacked_by")
async def test_a_gzip_bomb_stops_at_the_cap(site: Site, rig: Rig) -> None:
    """100 MB in 100 KB are unpacked no further than needed to know that it is too much."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    site.routes["/"] = answer
    tracemalloc.start()
    try:
        assert (await rig.failure("https://x.test/")).reason is Reason.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("unpacked_by")
async def test_compressed_bodies_are_unpacked(site: Site, rig: Rig) -> None:
    """Gzip is the ordinary case."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})

    site.routes["/"] = answer
    assert (await rig.response("https://x.test/")).body == b"hello"


async def test_a_cancelled_fetch_is_cancelled(site: Site, rig: Rig) -> None:
    """Cancellation passes, and gives the turn back."""

    async def hang(_request: web.Request) -> web.Response:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    arrived = asyncio.Event()
    site.routes["/"] = hang
    task = asyncio.create_task(rig.fetch("https://x.test/", pace=Pace(requests=9, per=timedelta(seconds=9))))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rig.prober.pacer.capacity("x.test", Pace(requests=9, per=timedelta(seconds=9))) == 1
    assert rig.metrics.registry.get_sample_value("watcher_probes_in_flight") == 0


# --- pace and pauses -------------------------------------------------------------------------------------------------


async def test_a_429_pauses_its_host(site: Site, rig: Rig) -> None:
    """The page's answer comes through; the next probe is not sent, says until when, and goes out afterwards."""
    site.text("/", status=429, Retry_After="60")
    assert (await rig.response("https://x.test/")).status == 429
    failure = await rig.failure("https://x.test/")
    assert (failure.reason, failure.detail) == (Reason.RATE_LIMITED, "backing off until 2017-11-02 23:01:00 utc")
    assert len(site.seen) == 1
    assert (await rig.response("https://y.test/")).status == 429
    site.text("/")
    await rig.clock.run_for(timedelta(seconds=60))
    assert (await rig.response("https://x.test/")).status == 200


@pytest.mark.parametrize(
    ("status", "headers", "answers_until_pause"),
    [
        (503, {"Retry_After": "60"}, 1),
        (503, {}, 5),
        (500, {"Retry_After": "60"}, 5),
        (420, {}, 1),
        (403, {"Retry_After": "60"}, 1),
        (403, {"X_RateLimit_Remaining": "0"}, 1),
    ],
)
async def test_server_errors_pause_their_host(
    site: Site, rig: Rig, status: int, headers: dict[str, str], answers_until_pause: int
) -> None:
    """A limit, and what says when to come again, at once; other server errors at the fifth in a row."""
    site.text("/", status=status, **headers)
    for _ in range(answers_until_pause):
        assert rig.prober.pacer.backing_off("x.test") is None
        await rig.response("https://x.test/")
    assert rig.prober.pacer.backing_off("x.test") is not None


async def test_transport_failures_pause_their_host_and_answers_forgive(site: Site, authority: Authority) -> None:
    """Five dead connections open the breaker; any answer in between closes it."""
    site.text("/", status=404)
    async with a_rig(authority, {"x.test": 1, "y.test": site.port}) as rig:
        for _ in range(5):
            assert rig.prober.pacer.backing_off("x.test") is None
            await rig.failure("https://x.test/")
        assert rig.prober.pacer.backing_off("x.test") is not None
        for _ in range(4):
            rig.prober.pacer.failed("y.test")
        await rig.response("https://y.test/")
        rig.prober.pacer.failed("y.test")
        assert rig.prober.pacer.backing_off("y.test") is None


async def test_hanging_connections_cost_healthy_hosts_no_timeout(site: Site) -> None:
    """With every connection taken by hosts that hang, a fresh probe waits for one before its own time begins."""
    arrived = asyncio.Semaphore(0)

    async def hang(_request: web.Request) -> web.Response:
        arrived.release()
        await asyncio.Event().wait()
        raise AssertionError

    site.routes["/hang"] = hang
    site.text("/")
    async with a_rig(site.authority, {"x.test": site.port, "y.test": site.port}, connections=2) as rig:
        hanging = [asyncio.create_task(rig.fetch("https://x.test/hang", fresh=True)) for _ in range(2)]
        for _ in hanging:
            await arrived.acquire()
        healthy = asyncio.create_task(rig.fetch("https://y.test/", fresh=True))
        await rig.clock.run_for(timedelta(seconds=30))
        assert [request.path for request in site.seen] == ["/hang", "/hang"]
        hanging[0].cancel()
        exchange = await healthy
        assert isinstance(exchange.outcome, Response)
        assert exchange.sent_at == START + timedelta(seconds=30)
        hanging[1].cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        waited = rig.metrics.registry.get_sample_value("watcher_rate_limit_wait_seconds_sum", {"platform": "x"})
    assert waited == 30


async def test_fresh_probes_have_no_smaller_share_of_the_connections(site: Site) -> None:
    """As many fresh probes as there are connections are under way at once."""
    together = asyncio.Barrier(4)

    async def meet(_request: web.Request) -> web.Response:
        await together.wait()
        return web.Response(text="hello")

    site.routes["/"] = meet
    async with a_rig(site.authority, {"x.test": site.port}, connections=4) as rig:
        answers = await asyncio.gather(*(rig.response("https://x.test/", fresh=True) for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4


async def test_redirects_spend_the_pace_of_the_host_they_lead_to(site: Site, rig: Rig) -> None:
    """A hop is a request like any other."""
    pace = Pace(requests=3, per=timedelta(minutes=1), concurrency=3)
    site.redirect("/", "https://y.test/")
    site.redirect("/a", "/b")
    site.text("/b")
    await rig.response("https://x.test/a", pace=pace)
    assert rig.prober.pacer.capacity("x.test", pace) == 1
    await rig.response("https://x.test/a", pace=FAST)
    assert rig.prober.pacer.capacity("x.test", pace) == 0
    assert rig.prober.pacer.capacity("y.test", pace) == 3


# --- robots.txt ------------------------------------------------------------------------------------------------------


async def test_a_disallowed_page_is_not_asked_for(site: Site, rig: Rig) -> None:
    """robots.txt is asked once, kept to, and may be overridden; APIs are not governed by it."""
    site.text("/robots.txt", "User-agent: *\nDisallow: /someone\n")
    site.text("/someone")
    for _ in range(2):
        failure = await rig.failure("https://x.test/someone", answers=Answers.HTML)
        assert failure.reason is Reason.NO_SOURCE
        assert failure.detail == "robots.txt of x.test disallows /someone; set robots: override"
    assert [request.path for request in site.seen] == ["/robots.txt"]
    await rig.response("https://x.test/someone", answers=Answers.HTML, robots_override=True)
    await rig.response("https://x.test/someone", answers=Answers.JSON)


async def test_an_allowed_page_is_asked_for(site: Site, rig: Rig) -> None:
    """A robots.txt behind a redirect counts, and a missing one allows."""
    site.redirect("/robots.txt", "https://y.test/rules")
    site.text("/rules", "User-agent: *\nAllow: /\n")
    site.text("/someone")
    assert (await rig.response("https://x.test/someone", answers=Answers.HTML)).status == 200


async def test_robots_is_not_asked_of_a_host_in_a_pause(site: Site, rig: Rig) -> None:
    """A host that wants to be left alone is not even asked for its rules."""
    rig.prober.pacer.limited("x.test", timedelta(minutes=5))
    failure = await rig.failure("https://x.test/someone", answers=Answers.HTML)
    assert failure.reason is Reason.RATE_LIMITED
    assert "backing off until" in failure.detail
    assert site.seen == []


# --- reachability ----------------------------------------------------------------------------------------------------


async def test_reaching_a_host_sends_it_nothing(site: Site, rig: Rig) -> None:
    """A connection is proof enough; refused ports, unknown names and private addresses are not reached."""
    reaches = rig.prober.session.reaches
    assert await reaches("https://x.test/")
    assert await reaches(f"http://127.0.0.1:{site.port}/alice")
    assert not await reaches("https://nobody.invalid/")
    assert not await reaches("https://10.0.0.1/")
    assert not await reaches("http://127.0.0.1:1/")
    assert site.seen == []


async def test_reachability_hears_of_exchanges(site: Site, authority: Authority) -> None:
    """Dead connections on two hosts are OFFLINE, answers of any kind are not, unsent probes say nothing."""
    site.text("/", status=500)
    async with a_rig(authority, {"a.test": 1, "b.test": 1, "y.test": site.port}) as rig:
        reachability = Reachability(rig.clock, rig.prober.session.reaches)
        for host in ("a.test", "b.test"):
            reachability.note_exchange(await rig.fetch(f"https://{host}/"))
        assert reachability.state(rig.clock.now()) is VantageState.OFFLINE
        rig.prober.pacer.limited("c.test", timedelta(minutes=5))
        reachability.note_exchange(await rig.fetch("https://c.test/"))
        assert reachability.state(rig.clock.now()) is VantageState.OFFLINE
        reachability.note_exchange(await rig.fetch("https://y.test/"))
        assert reachability.state(rig.clock.now()) is VantageState.ONLINE


async def test_the_scripted_platform_is_asked_like_any_other(tmp_path: Path) -> None:
    """Prober and demo platform meet: the page of 2017, and its soft 404."""
    platform = ScriptedPlatform(FakeClock(), tmp_path)
    platform.set("Someone", Page.PRESENT, name="Some One")
    async with platform, a_rig(platform, {"x.com": platform.port}) as rig:
        assert b"Some One (@Someone) | Twitter" in (await rig.response("https://x.com/{handle}")).body
        platform.set("Someone", Page.MISSING_FR)
        response = await rig.response("https://x.com/{handle}", answers=Answers.HTML)
    assert response.status == 200
    assert "Désolé, cette page n'existe pas" in response.body.decode()
