"""The web server as a client meets it: a real one on the loopback address, asked over real connections."""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from tests.unit.web import story
from watcher.metrics import Metrics
from watcher.model.annotation import Annotation
from watcher.model.errors import StoreError, WatcherError
from watcher.model.outage import Outage, Transition
from watcher.model.record import account_record, annotation_record, outage_record
from watcher.model.reload import Edit, Outcome, Refused, Reloaded
from watcher.model.sample import Sample
from watcher.model.snapshot import Snapshot
from watcher.model.uptime import History
from watcher.settings.values import WebSettings
from watcher.web import WebServer
from watcher.web.server import _Connection

PATHS = ("/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/accounts", "/api/v1/outages")
STRICT = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Server": "watcher",
}


RELOADED = Reloaded(edit=Edit(added=("x:a", "x:b"), changed=("x:c",)))


@dataclass
class Shown:
    """What the app would hand in, for a test to change: the snapshot, the outages, and a fault of each."""

    snapshot: Snapshot = field(default_factory=story.snapshot)
    outages: tuple[Outage, ...] = (story.outage(), story.closed(id="o-0"))
    notes: dict[str, tuple[Annotation, ...]] = field(default_factory=dict)
    past: History = field(default_factory=History)
    happened: tuple[Transition, ...] = ()
    looks: tuple[Sample, ...] = ()
    asked: list[dict[str, Any]] = field(default_factory=list)
    failure: Exception | None = None
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    hang: bool = False
    reloads: list[bool] = field(default_factory=list)
    outcome: Outcome = RELOADED

    def now(self) -> Snapshot:
        """The snapshot; fails where the test says so."""
        if isinstance(self.failure, RuntimeError):
            raise self.failure
        return self.snapshot

    async def answer(self) -> None:
        """Hang or fail where the test says so."""
        if self.hang:
            self.waiting.set()
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure

    async def reload(self, force: bool) -> Outcome:
        """Note whether it was forced, and answer as the test says."""
        self.reloads.append(force)
        return self.outcome


class Stored:
    """What is stored, as the app would read it for the API."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    async def outages(
        self, *, account_id: str | None, open_only: bool, limit: int, retracted: bool
    ) -> tuple[Outage, ...]:
        """The outages, cut as a store would."""
        asked = {"account_id": account_id, "open_only": open_only, "limit": limit}
        self._shown.asked.append(asked | ({"retracted": True} if retracted else {}))
        await self._shown.answer()
        found = (o for o in self._shown.outages if account_id in (None, o.account_id) and (o.is_open or not open_only))
        return tuple(outage for outage in found if retracted or not outage.is_retracted)[:limit]

    async def annotations(self, outage_ids: Sequence[str], /) -> Mapping[str, tuple[Annotation, ...]]:
        """What was noted of these."""
        await self._shown.answer()
        return {each: notes for each, notes in self._shown.notes.items() if each in outage_ids}

    async def history(self, account_id: str, since: datetime, /) -> History:
        """The same past for everybody."""
        self._shown.asked.append({"account_id": account_id, "since": since})
        await self._shown.answer()
        return self._shown.past

    async def histories(self, account_ids: Collection[str], _since: datetime, /) -> Mapping[str, History]:
        """The same past for everybody."""
        await self._shown.answer()
        return dict.fromkeys(account_ids, self._shown.past)

    async def transitions(self, account_id: str, limit: int, /) -> tuple[Transition, ...]:
        """What happened to this account."""
        await self._shown.answer()
        return tuple(each for each in self._shown.happened if each.account_id == account_id)[:limit]

    async def samples(self, account_id: str, limit: int, /) -> tuple[Sample, ...]:
        """The looks at this account that are kept."""
        await self._shown.answer()
        return tuple(each for each in self._shown.looks if each.account_id == account_id)[:limit]


@asynccontextmanager
async def serving(shown: Shown, **settings: Any) -> AsyncIterator[WebServer]:
    """A server on a free port of the loopback address."""
    metrics = Metrics("1.2.3")
    made = WebServer(
        WebSettings(**{"port": 0, **settings}),
        shown.now,
        Stored(shown),
        shown.reload,
        metrics.registry,
        "1.2.3",
        grace=timedelta(milliseconds=50),
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@pytest.fixture
def shown() -> Shown:
    """The evening of 2017."""
    return Shown()


@pytest.fixture
async def server(shown: Shown) -> AsyncIterator[WebServer]:
    """The server with the default settings."""
    async with serving(shown) as made:
        yield made


Ask = Callable[..., Awaitable[tuple[aiohttp.ClientResponse, str]]]


@pytest.fixture
async def ask(server: WebServer) -> AsyncIterator[Ask]:
    """Send one request and give back the answer with its text."""
    async with aiohttp.ClientSession(server.url) as session:

        async def send(path: str, method: str = "GET", **more: Any) -> tuple[aiohttp.ClientResponse, str]:
            async with session.request(method, path, **more) as response:
                return response, await response.text()

        yield send


async def raw(server: WebServer, request: bytes) -> bytes:
    """Send these bytes on a new connection and read until the server closes it."""
    port = int(server.url.rsplit(":", 1)[1].strip("/"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


def assert_strict(response: aiohttp.ClientResponse) -> None:
    """Every strict header is there, and nothing of the server's make."""
    assert {name: response.headers.get(name) for name in STRICT} == STRICT
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert response.headers["Cache-Control"] in ("no-store", "private, no-cache")
    assert "Set-Cookie" not in response.headers
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", PATHS)
async def test_pages_answer_get_and_head(ask: Ask, path: str) -> None:
    """Every page is there for GET and, without a body, for HEAD, and carries the strict headers."""
    got, body = await ask(path)
    assert got.status == 200
    assert body
    assert_strict(got)
    head, nothing = await ask(path, "HEAD")
    assert head.status == 200
    assert nothing == ""
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert_strict(head)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nothing", "GET", 404),
        ("/api/v1/nothing", "GET", 404),
        ("/api/nothing", "GET", 404),
        ("/metrics", "POST", 405),
        ("/api/v1/accounts", "DELETE", 405),
        ("/api/v1/outages?limit=0", "GET", 400),
        ("/%00%ff/../etc/passwd", "GET", 404),
    ],
)
async def test_errors_are_short_and_strict(ask: Ask, path: str, method: str, status: int) -> None:
    """Errors carry the strict headers too; under /api they are JSON."""
    response, body = await ask(path, method)
    assert response.status == status
    assert_strict(response)
    if path.startswith("/api"):
        assert list(json.loads(body)) == ["error"]
    else:
        assert response.content_type == "text/plain"
    if status == 405:
        assert "GET" in response.headers["Allow"]


async def test_accounts(ask: Ask, shown: Shown) -> None:
    """All accounts in the order of the watchlist, as the record has them."""
    response, body = await ask("/api/v1/accounts")
    assert response.content_type == "application/json"
    assert json.loads(body) == [account_record(account, state) for account, state in shown.snapshot.rows]
    assert json.loads(body)[1]["outage"]["open"] is True


async def test_one_account(ask: Ask, shown: Shown) -> None:
    """One account by its id, slashes and all; an unknown one is a 404 that says where the list is."""
    odd = story.account("odd", id="generic:https://a.example/~odd?x=1")
    shown.snapshot = story.snapshot((*story.ROWS, (odd, story.state(odd))))
    _, body = await ask("/api/v1/accounts/x:potus")
    assert json.loads(body)["id"] == "x:potus"
    _, body = await ask("/api/v1/accounts/generic%3Ahttps%3A%2F%2Fa.example%2F~odd%3Fx%3D1")
    assert json.loads(body)["id"] == odd.id
    response, body = await ask("/api/v1/accounts/x:nobody")
    assert response.status == 404
    assert "/api/v1/accounts" in json.loads(body)["error"]


async def test_outages(ask: Ask, shown: Shown) -> None:
    """The latest first, as the record has them; the parameters go to the store."""
    _, body = await ask("/api/v1/outages")
    assert json.loads(body) == [outage_record(outage, ()) for outage in shown.outages]
    _, body = await ask("/api/v1/outages?account=x:realdonaldtrump&open=true&limit=1")
    assert [record["id"] for record in json.loads(body)] == ["o-1"]
    assert shown.asked == [
        {"account_id": None, "open_only": False, "limit": 100},
        {"account_id": "x:realdonaldtrump", "open_only": True, "limit": 1},
    ]


async def test_notes_are_shown_with_their_outage(ask: Ask, shown: Shown) -> None:
    """What people know of the cause."""
    note = Annotation(outage_id="o-0", at=story.NOW, by="desk", cause="human error", link="https://x.example/a")
    shown.notes = {"o-0": (note,)}
    _, body = await ask("/api/v1/outages")
    assert [record["annotations"] for record in json.loads(body)] == [[], [annotation_record(note)]]


async def test_retracted_outages_are_shown_on_demand(ask: Ask, shown: Shown) -> None:
    """They are no part of the record, unless asked for; then they say that they are retracted, and why."""
    taken_back = story.closed(id="o-0", retracted_at=story.NOW, retraction="a test")
    shown.outages = (story.outage(), taken_back)
    assert [record["id"] for record in json.loads((await ask("/api/v1/outages"))[1])] == ["o-1"]
    records = json.loads((await ask("/api/v1/outages?retracted=true"))[1])
    assert [(record["retracted_at"], record["retraction"]) for record in records] == [
        (None, None),
        ("2017-11-02T23:10:40.000Z", "a test"),
    ]


async def test_one_account_has_its_uptime(ask: Ask, shown: Shown) -> None:
    """Of the last 30 days, computed from what is stored; null while that cannot be read, beside what memory knows."""
    day = timedelta(days=1)
    over = story.closed()
    shown.past = History(seen_since=story.NOW - 10 * day, outages=(over,))
    uptime = json.loads((await ask("/api/v1/accounts/x:potus"))[1])["uptime_30d"]
    assert shown.asked == [{"account_id": "x:potus", "since": story.NOW - 30 * day}]
    assert uptime["since"] == "2017-10-23T23:10:40.000Z"
    absent = uptime["absent_seconds"]
    assert uptime["present_seconds"] + absent == (10 * day).total_seconds()
    assert uptime["ratio"] == uptime["present_seconds"] / (10 * day).total_seconds()
    shown.failure = StoreError("database is locked")
    response, body = await ask("/api/v1/accounts/x:potus")
    assert response.status == 200
    assert (json.loads(body)["state"], json.loads(body)["uptime_30d"]) == ("up", None)


async def test_one_account_says_how_many_outages_were_taken_back(ask: Ask, shown: Shown) -> None:
    """Beside how many there were in all, as the command line does; null while that cannot be read."""
    shown.past = History(retracted=1)
    record = json.loads((await ask("/api/v1/accounts/x:potus"))[1])
    assert (record["outages_total"], record["outages_retracted"]) == (1, 1)
    shown.failure = StoreError("database is locked")
    assert json.loads((await ask("/api/v1/accounts/x:potus"))[1])["outages_retracted"] is None


async def test_closed_outages_are_not_crowded_out_by_open_ones(ask: Ask) -> None:
    """Asked for those that have ended, the limit counts these only."""
    _, body = await ask("/api/v1/outages?open=false&limit=1")
    assert [record["id"] for record in json.loads(body)] == ["o-0"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=ten", "open=maybe", "retracted=1", "account="])
async def test_bad_values_are_told(ask: Ask, shown: Shown, query: str) -> None:
    """A value that is out of bounds is a 400 that names the parameter, and the store is not asked."""
    response, body = await ask(f"/api/v1/outages?{query}")
    assert response.status == 400
    assert query.split("=", maxsplit=1)[0] in json.loads(body)["error"]
    assert shown.asked == []


async def test_filters_that_do_not_exist_are_told(ask: Ask) -> None:
    """Nobody takes the whole list for what was asked for."""
    response, body = await ask("/api/v1/accounts?platform=youtube")
    assert (response.status, json.loads(body)) == (400, {"error": "unknown parameter 'platform': none are known"})


async def test_limits_at_both_ends(ask: Ask, shown: Shown) -> None:
    """1 and 1000 are allowed."""
    assert len(json.loads((await ask("/api/v1/outages?limit=1"))[1])) == 1
    assert (await ask("/api/v1/outages?limit=1000"))[0].status == 200
    assert [asked["limit"] for asked in shown.asked] == [1, 1000]


async def test_store_out_of_reach_is_a_503(ask: Ask, shown: Shown) -> None:
    """When the store cannot be read, the API says so, and everything from memory still answers."""
    shown.failure = StoreError("database is locked")
    response, body = await ask("/api/v1/outages")
    assert response.status == 503
    assert "database is locked" in json.loads(body)["error"]
    assert (await ask("/"))[0].status == 200
    assert (await ask("/metrics"))[0].status == 200


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/ready", "/api/v1/accounts"])
async def test_faults_show_no_traceback(ask: Ask, shown: Shown, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A bug is a plain 500 with the strict headers; the log has the rest; the next request is answered."""
    shown.failure = RuntimeError("the secret inside")
    response, body = await ask(path, headers={"Accept": "text/html"})
    assert response.status == 500
    assert_strict(response)
    assert "secret" not in body
    assert "Traceback" not in body
    logged = capsys.readouterr()
    assert "the secret inside" in logged.out + logged.err
    assert (await ask("/-/healthy"))[1] == "ok\n"


async def test_readiness_tells_its_reasons(ask: Ask, shown: Shown) -> None:
    """Ready is 200; else 503 with one reason a line, while the process is healthy all the same."""
    response, body = await ask("/-/ready")
    assert (response.status, body) == (200, "ready\n")
    shown.snapshot = story.snapshot(not_ready=("commits fail\nsince 23:00", "no platform is known"))
    response, body = await ask("/-/ready")
    assert (response.status, body) == (503, "commits fail since 23:00\nno platform is known\n")
    assert_strict(response)
    response, body = await ask("/-/healthy")
    assert (response.status, body) == (200, "ok\n")


async def test_metrics_in_the_format_asked_for(ask: Ask) -> None:
    """Plain by default, OpenMetrics on request, gzip where accepted."""
    response, body = await ask("/metrics", headers={"Accept-Encoding": "identity, gzip;q=0"})
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "Content-Encoding" not in response.headers
    assert 'watcher_account_up{account="x:realdonaldtrump",platform="x"} 0.0' in body
    assert 'watcher_build_info{version="1.2.3"} 1.0' in body
    wants = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}
    response, body = await ask("/metrics", headers=wants)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.content_type == "application/openmetrics-text"
    assert body.endswith("# EOF\n")


async def test_promtool_finds_nothing_to_say(ask: Ask, shown: Shown) -> None:
    """Prometheus' own checker accepts the exposition without a remark, hostile names included."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (it comes with Prometheus)")
    for snapshot in (shown.snapshot, story.hostile()):
        shown.snapshot = snapshot
        _, body = await ask("/metrics")
        done = await asyncio.to_thread(
            subprocess.run, [promtool, "check", "metrics"], input=body.encode(), capture_output=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")


async def test_hostile_texts_are_inert_everywhere(ask: Ask, shown: Shown) -> None:
    """Whatever an account calls itself, the page has no script, the metrics no extra line, the JSON no raw control."""
    shown.snapshot = story.hostile()
    shown.outages = (story.outage(quote=story.HOSTILE),)
    _, page = await ask("/")
    assert "<script>" not in page
    assert "\u202e" not in page
    _, metrics = await ask("/metrics")
    assert all(line.startswith(("#", "watcher_", "process_", "python_")) for line in metrics.splitlines())
    for path in ("/api/v1/accounts", "/api/v1/outages"):
        _, body = await ask(path)
        assert body.isascii()
        assert body.isprintable()
    response, body = await ask("/-/ready")
    assert response.content_type == "text/plain"
    assert body.count("\n") == 1


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
async def test_foreign_hosts_are_refused(ask: Ask, path: str) -> None:
    """A page whose name was re-pointed at this machine (DNS rebinding) reads nothing, not even whether it is there."""
    response, body = await ask(path, headers={"Host": "evil.example:11102"})
    assert response.status == 421
    assert "evil.example" in body
    assert "web.allow_hosts" in body
    assert_strict(response)


async def test_allowed_hosts_are_let_in(shown: Shown) -> None:
    """The operator can name the server; localhost and the address always hold."""
    async with serving(shown, allow_hosts=("watcher.example",)) as server, aiohttp.ClientSession(server.url) as session:
        for host in ("watcher.example", "localhost:80", "127.0.0.1", "[::1]:11102"):
            async with session.get("/", headers={"Host": host}) as response:
                assert response.status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /metrics HTTP/1.0\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n",
    ],
)
async def test_odd_hosts_are_refused(server: WebServer, request_bytes: bytes) -> None:
    """No Host, two, or an empty one: nothing is shown."""
    answer = await raw(server, request_bytes)
    assert answer.split(b" ")[1] in (b"400", b"421")
    assert b"watcher_account" not in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_foreign_origins_are_refused(ask: Ask, method: str, headers: dict[str, str]) -> None:
    """A form or a script of another site gets nowhere, whatever the path."""
    for path in ("/", "/-/reload", "/api/v1/accounts"):
        response, body = await ask(path, method, headers=headers)
        assert response.status == 403
        assert "another site" in body
        assert_strict(response)


async def test_unknown_methods_are_refused(server: WebServer) -> None:
    """A method that nobody knows is refused before it reaches anything."""
    answer = await raw(
        server, b"FROB / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil\r\nConnection: close\r\n\r\n"
    )
    assert answer.split(b" ")[1] in (b"400", b"403")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 500 + b"\r\n",
    ],
)
async def test_malformed_requests_get_a_strict_400(
    server: WebServer, request_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the parser refuses never reaches the application; the answer is strict and echoes nothing."""
    answer = await raw(server, request_bytes)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"HTTP/1.0 400 Bad Request"
    assert b"\r\nServer: watcher\r\n" in head + b"\r\n"
    assert b"\r\nX-Content-Type-Options: nosniff" in head
    assert b"aiohttp" not in answer
    assert body == b"malformed request\n"
    assert "Traceback" not in capsys.readouterr().err


async def test_faults_outside_the_application_are_strict(capsys: pytest.CaptureFixture[str]) -> None:
    """Where no page could answer, the connection itself does, without a traceback, and not on top of another answer."""

    async def nothing(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response()

    connection = _Connection(web.Server(nothing), loop=asyncio.get_running_loop())
    unanswered = make_mocked_request("GET", "/", writer=SimpleNamespace(output_size=0))
    response = connection.handle_error(unanswered, 500, RuntimeError("the secret inside"))
    assert isinstance(response, web.Response)
    assert (response.status, response.text) == (500, "internal error; the log says more\n")
    assert response.headers["Server"] == "watcher"
    assert "the secret inside" in capsys.readouterr().out
    answered = make_mocked_request("GET", "/", writer=SimpleNamespace(output_size=1))
    with pytest.raises(ConnectionError):
        connection.handle_error(answered, 500)


async def test_large_bodies_are_refused_unread(server: WebServer, ask: Ask) -> None:
    """A body beyond the limit is a 413 without having been read; a small one finds no handler."""
    claimed = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\nabc"
    assert (await raw(server, claimed)).startswith(b"HTTP/1.1 413")
    assert (await ask("/", "POST", data=b"x" * 1000))[0].status == 405


async def test_unmet_expectation_is_strict(server: WebServer) -> None:
    """An Expect header is answered before the guards run, and tells nothing."""
    answer = await raw(server, b"GET / HTTP/1.1\r\nHost: evil\r\nExpect: tea\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 417")
    assert b"\r\nX-Frame-Options: DENY" in answer
    assert b"@" not in answer


async def test_port_in_use_is_a_clear_error(shown: Shown, server: WebServer) -> None:
    """When the port is taken, the start fails and names the setting; what was there goes on."""
    port = int(server.url.rsplit(":", 1)[1].strip("/"))
    with pytest.raises(WatcherError, match=rf"127\.0\.0\.1:{port} is in use .* web\.listen in watcher\.yaml"):
        async with serving(shown, port=port):
            pass
    async with aiohttp.ClientSession(server.url) as session, session.get("/-/healthy") as response:
        assert response.status == 200


async def test_address_of_another_machine_is_a_clear_error(shown: Shown) -> None:
    """An address that this machine has not cannot be listened on, and the setting is named."""
    with pytest.raises(WatcherError, match=r"cannot listen on 192\.0\.2\.1:0 .* web\.listen"):
        async with serving(shown, host="192.0.2.1"):
            pass


async def test_listens_on_loopback_only(server: WebServer) -> None:
    """The default settings open nothing to the network."""
    assert server.url.startswith("http://127.0.0.1:")


async def test_url_shows_the_settings_until_started(shown: Shown) -> None:
    """Before the start the URL is that of the settings, an IPv6 address in brackets; stopping then does nothing."""
    settings = WebSettings(host="::1", port=11102)
    made = WebServer(settings, shown.now, Stored(shown), shown.reload, Metrics("1").registry, "1")
    assert made.url == "http://[::1]:11102/"
    await made.stop()


RELOAD = {"X-Watcher-Reload": "yes"}


async def test_a_reload_is_asked_for_by_post(shown: Shown, ask: Ask) -> None:
    """What came of it is said in a line; `force=true` alone is force."""
    response, text = await ask("/-/reload", "POST", headers=RELOAD)
    assert (response.status, text) == (200, "reloaded: 2 added, 0 removed, 1 changed\n")
    shown.outcome = Reloaded(edit=Edit(), later=("web", "probe"))
    _, text = await ask("/-/reload?force=true", "POST", headers=RELOAD)
    assert text.splitlines()[1] == "taking effect at the next start only: web, probe"
    await ask("/-/reload?force=1", "POST", headers=RELOAD)
    assert shown.reloads == [False, True, False]


@pytest.mark.parametrize(
    ("outcome", "status", "last"),
    [
        (Refused(why=("a.yaml:1:1: \x1b[31mbad", "b")), 400, "nothing was changed"),
        (Refused(why=("removes 2 of 3 accounts",), forcible=True), 409, "?force=true"),
        (Refused(why=("the store is locked",), passing=True), 503, "it is tried again"),
    ],
)
async def test_a_refused_reload_says_why(shown: Shown, ask: Ask, outcome: Refused, status: int, last: str) -> None:
    """One line a fault, harmless on a terminal, and what became of it last."""
    shown.outcome = outcome
    response, text = await ask("/-/reload", "POST", headers=RELOAD)
    assert response.status == status
    assert len(text.splitlines()) == len(outcome.why) + 1
    assert last in text.splitlines()[-1]
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", RELOAD, 405),
        ("POST", {}, 403),
        ("POST", {"X-Watcher-Reload": " "}, 403),
        ("POST", {**RELOAD, "Origin": "https://evil.example"}, 403),
        ("POST", {**RELOAD, "Sec-Fetch-Site": "cross-site"}, 403),
        ("POST", {**RELOAD, "Host": "evil.example"}, 421),
    ],
)
async def test_no_page_can_have_it_reloaded(
    shown: Shown, ask: Ask, method: str, headers: dict[str, str], status: int
) -> None:
    """Neither by a link nor by a form nor by a script of another site."""
    response, text = await ask("/-/reload", method, headers=headers)
    assert response.status == status
    assert shown.reloads == []
    if headers == {}:
        assert "curl -X POST -H 'X-Watcher-Reload: yes' URL" in text


async def test_open_to_the_network_is_said(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever lets the network in is told so in the log; for this machine's own name nothing is said."""
    async with serving(shown, host="localhost"):
        assert "web_open_to_network" not in capsys.readouterr().out
    async with serving(shown, host="0.0.0.0"):
        assert "web_open_to_network" in capsys.readouterr().out


async def test_stop_is_bounded_and_frees_the_port(shown: Shown) -> None:
    """A request that never ends does not hold up the stop, idle connections are closed, the port is free again."""
    shown.hang = True
    async with serving(shown) as server:
        port = int(server.url.rsplit(":", 1)[1].strip("/"))
        async with aiohttp.ClientSession(server.url) as session:
            async with session.get("/-/healthy") as response:
                assert response.status == 200
            hanging = asyncio.create_task(session.get("/api/v1/outages").__aenter__())
            await shown.waiting.wait()
            await asyncio.wait_for(server.stop(), 5)
            with pytest.raises(aiohttp.ClientError):
                await hanging
        await server.stop()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
