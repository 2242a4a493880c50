"""What becomes of a page in a real Chromium: rendered, settled, read; and what its scripts may do meanwhile."""

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.browser.rig import PNG, Rig, a_rig, needs_chromium
from watcher.model.exchange import FetchFailure, Response
from watcher.model.finding import Certainty, Reason, Verdict
from watcher.probe.rendering import Rendering

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """One browser for all of these."""
    async with a_rig(tmp_path_factory.mktemp("chirp")) as rig:
        yield rig


@pytest.fixture
def rig(shared: Rig) -> Rig:
    """The same, with nothing left of the test before."""
    shared.chirp.routes.clear()
    shared.chirp.paths.clear()
    shared.chirp.gone.clear()
    shared.prober.pacer._lanes.clear()
    shared.allow(20)
    return shared


async def test_a_profile_that_only_scripts_show(rig: Rig) -> None:
    """The plain page is an empty shell; in the browser it is the profile, found by the same rules."""
    assert (await rig.seen("alice", source="page")).finding.reason is Reason.EMPTY_SHELL
    exchange = await rig.fetch("alice")
    response = exchange.outcome
    assert isinstance(response, Response)
    assert "<h1>Alice</h1>" in response.body.decode()
    assert (response.status, response.url, response.hops) == (200, "https://chirp.example/alice", ())
    assert response.screenshot is None
    assert exchange.sent_at < exchange.received_at
    finding = (await rig.seen("alice")).finding
    assert (finding.verdict, finding.reason, finding.source) == (Verdict.PRESENT, Reason.PROFILE, "browser")


async def test_an_absence_that_only_scripts_show(rig: Rig) -> None:
    """«Désolé, cette page n'existe pas» after a fetch is an absence, with its text and language."""
    rig.chirp.gone.add("alice")
    finding = (await rig.seen("alice")).finding
    assert (finding.verdict, finding.reason) == (Verdict.ABSENT, Reason.NOT_FOUND)
    assert finding.certainty is Certainty.SHOWN
    assert (finding.evidence.quote, finding.evidence.language) == ("Désolé, cette page n’existe pas", "fr")


async def test_a_picture_is_taken_when_it_is_asked_for(rig: Rig) -> None:
    """A PNG of the page, with its images; without it images are not even asked for."""
    page = '<title>t</title><img src="/picture.png"><p>text'
    rig.chirp.page("/scene", page)
    await rig.response("scene")
    assert "/picture.png" not in rig.chirp.paths
    response = await rig.response("scene", screenshot=True)
    assert response.screenshot is not None
    assert response.screenshot.startswith(PNG)
    assert len(response.screenshot) > 1000
    assert "/picture.png" in rig.chirp.paths


CAPABILITIES = """<meta charset=utf-8><title>t</title><pre id=out></pre><script>
const say = (k, v) => { document.getElementById('out').textContent += k + '=' + v + '\\n' };
say('agent', navigator.userAgent); say('language', navigator.language);
say('zone', Intl.DateTimeFormat().resolvedOptions().timeZone); say('size', innerWidth + 'x' + innerHeight);
say('cookie', document.cookie); document.cookie = 'was=here';
say('dialog', confirm('?')); let opened = 0;
for (let i = 0; i < 1000; i++) { if (open('https://chirp.example/popup')) opened++; alert(i) }
say('opened', opened);
const a = document.createElement('a'); a.href = '/file'; a.download = 'x'; a.click();
const later = [
  navigator.serviceWorker ? navigator.serviceWorker.register('/worker.js')
    .then(() => navigator.serviceWorker.getRegistrations()).then(r => say('workers', r.length), e => say('workers', 0))
    : say('workers', 0),
  navigator.permissions.query({name: 'geolocation'}).then(p => say('geolocation', p.state)),
  Notification.requestPermission().then(p => say('notification', p)),
  fetch('/echo').then(r => r.text()).then(t => say('sent', t)),
  fetch('/form', {method: 'POST', body: 'é1', headers: {'x-guest': 'g'}}).then(r => r.text()).then(t => say('got', t)),
];
Promise.allSettled(later).then(() => say('done', 1));
</script>"""


async def test_what_a_page_may_do_and_what_it_learns(rig: Rig) -> None:
    """Nothing is opened, downloaded, registered or granted; a thousand pop-ups and dialogs change nothing."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.headers['User-Agent']}|{request.headers['Accept-Language']}")

    async def form(request: web.Request) -> web.Response:
        return web.Response(text=f"{await request.text()} {request.headers['x-guest']} {request.headers['Cookie']}")

    rig.chirp.routes.update({"/echo": echo, "/form": form})
    for _ in range(2):  # the second time nothing is left of the first
        shown = await rig.shown(CAPABILITIES)
        said = dict(line.split("=", 1) for line in shown.partition('<pre id="out">')[2].splitlines() if "=" in line)
        agent = "watcher/1.2.3 (+test@watcher.example)"
        assert said["agent"] == agent
        assert (said["language"], said["zone"], said["size"]) == ("en-US", "UTC", "1280x800")
        assert said["sent"] == f"{agent}|en-US"
        assert said["got"] == "é1 g was=here"
        assert (said["cookie"], said["dialog"], said["opened"], said["workers"]) == ("", "false", "0", "0")
        assert said["geolocation"] == "denied"
        assert said["notification"] == "denied"
        assert said["done"] == "1"
    assert {"/popup", "/file", "/worker.js"}.isdisjoint(rig.chirp.paths)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("location.reload()", Reason.REDIRECT),
        ("location.href = 'http://chirp.example/x'", Reason.REDIRECT),
        ("for (let i = 0; i < 40; i++) fetch('/echo?' + i)", Reason.TOO_LARGE),
        ("const all = []; while (true) all.push(new Array(1e6).fill(1.5))", Reason.BAD_RESPONSE),
        ("document.body.append('x'.repeat(3e6))", Reason.TOO_LARGE),
        ("fetch('/upload', {method: 'POST', body: 'x'.repeat(4e7)})", Reason.TOO_LARGE),
        (
            "for (let i = 0; i < 4000; i++) new Image().src = '/' + i",
            Reason.TOO_LARGE,
        ),
    ],
)
async def test_a_page_that_goes_too_far(rig: Rig, monkeypatch: pytest.MonkeyPatch, script: str, reason: Reason) -> None:
    """Circles, floods and pages that eat memory are no answer, each named; the next page is rendered all the same."""
    monkeypatch.setattr("watcher.probe.traffic.MOST_REQUESTS", 30)
    rig.chirp.page("/echo", "x")
    failure = await rig.failed(f"<title>t</title><body><script>{script}</script>")
    assert (failure.reason, failure.status) == (reason, 200), failure
    assert "<h1>Alice</h1>" in (await rig.response("alice")).body.decode()
    assert "/upload" not in rig.chirp.paths


@pytest.mark.parametrize("script", ["while (true) {}", "setInterval(() => fetch('/echo'), 50)"])
async def test_a_page_that_never_comes_to_rest(rig: Rig, script: str) -> None:
    """A loop without an end, and a page that asks for ever, are ended when their time is over."""
    rig.chirp.page("/echo", "x")
    rig.allow(1.5)
    failure = await rig.failed(f"<title>t</title><body><script>{script}</script>")
    assert (failure.reason, failure.status) == (Reason.TIMEOUT, 200), failure
    rig.allow(20)
    assert "<h1>Alice</h1>" in (await rig.response("alice")).body.decode()


async def test_a_page_that_takes_all_memory(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's process that grows beyond its share is ended, before the machine ends something else."""
    monkeypatch.setattr("watcher.probe.chromium.MOST_MEMORY", 300_000_000)
    greedy = "const all = []; while (true) { const b = new Uint8Array(5e7); b.fill(1); all.push(b) }"
    failure = await rig.failed(f"<title>t</title><script>{greedy}</script>")
    assert failure.reason is Reason.TOO_LARGE
    monkeypatch.undo()
    assert "<h1>Alice</h1>" in (await rig.response("alice")).body.decode()


async def test_a_page_that_fills_the_browser_itself(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blobs are not in the page's own process: where the browser grows beyond its share, a new one takes over."""
    monkeypatch.setattr("watcher.probe.chromium.MOST_SHARED", 400_000_000)
    rig.chirp.page("/echo", "x")
    blobs = "const all = [], one = new Uint8Array(1e7).fill(1); setInterval(() => { all.push(new Blob([one])) }, 20)"
    failure = await rig.failed(f"<title>t</title><script>setInterval(() => fetch('/echo'), 100); {blobs}</script>")
    assert failure.reason is Reason.NO_SOURCE, failure
    monkeypatch.undo()
    assert "<h1>Alice</h1>" in (await rig.response("alice")).body.decode()


async def test_a_refresh_that_leads_in_circles(rig: Rig) -> None:
    """Pages that refresh themselves for ever are told from those that move on once."""
    failure = await rig.failed('<meta http-equiv="refresh" content="0"><p>again')
    assert failure.reason is Reason.REDIRECT
    assert len(failure.hops) == 6
    rig.chirp.page("/old", '<meta http-equiv="refresh" content="0;url=/alice"><p>moved')
    response = await rig.response("old")
    assert (response.url, [hop.location for hop in response.hops]) == (
        "https://chirp.example/alice",
        ["https://chirp.example/alice"],
    )


async def test_a_response_that_never_ends(rig: Rig) -> None:
    """A page whose own data never come says nothing, whatever it shows meanwhile; that of others does not matter."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.1)

    rig.chirp.routes["/api/users/bob"] = endless
    rig.allow(5)
    failure = await rig.failure("bob")
    assert (failure.reason, failure.status) == (Reason.TRUNCATED, 200)
    assert "/api/users/bob" in failure.detail


@pytest.mark.parametrize(("status", "reason"), [(429, Reason.RATE_LIMITED), (503, Reason.PLATFORM_ERROR)])
async def test_data_that_fail_make_no_absence(rig: Rig, status: int, reason: Reason) -> None:
    """The page says "does not exist" of every answer that is not 200: that is not believed."""
    rig.chirp.page("/api/users/bob", "{}", status=status)
    failure = await rig.failure("bob")
    assert failure.reason is reason


ASKING = """<title>Chirp</title>HEAD<div id=root></div><script>
const show = html => { root.innerHTML = html };
fetch('URL', {headers: HEADERS}).then(r => r.json())
  .then(user => { document.title = user.name + ' (@scene) / Chirp'; show('@scene') })
  .catch(() => show('<div class=error-page>Sorry, that page does not exist</div>'));
</script>"""


@pytest.mark.parametrize("status", [200, 503])
async def test_data_of_another_host_that_is_asked_first(rig: Rig, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """A request with headers of its own to the API's host is preceded by a question: it is handed on as well."""
    monkeypatch.setitem(rig.prober.session._resolver._connect_to, "api.chirp.example", ("127.0.0.1", rig.chirp.port))
    asked = []

    async def user(request: web.Request) -> web.Response:
        asked.append(request.method)
        allowed = {"Access-Control-Allow-Origin": "https://chirp.example", "Access-Control-Allow-Headers": "x-guest"}
        return web.json_response({"name": "Scene"}, headers=allowed, status=status)

    rig.chirp.routes["/api/me"] = user
    page = ASKING.replace("URL", "https://api.chirp.example/api/me").replace("HEADERS", "{'x-guest': '1'}")
    rig.chirp.page("/scene", page.replace("HEAD", ""))
    finding = (await rig.seen("scene")).finding
    if status == 200:
        assert (finding.verdict, asked) == (Verdict.PRESENT, ["OPTIONS", "GET"])
    else:
        assert (finding.reason, asked) == (Reason.PLATFORM_ERROR, ["OPTIONS"])


async def test_data_that_are_preloaded(rig: Rig) -> None:
    """What a page's head asks for ahead is what its script then gets: it is handed on, and missed where it fails."""
    ahead = "<link rel=preload as=fetch crossorigin href=/api/me>"
    page = ASKING.replace("URL", "/api/me").replace("HEADERS", "{}").replace("HEAD", ahead)
    rig.chirp.page("/api/me", '{"name": "Scene"}', kind="application/json")
    rig.chirp.page("/scene", page)
    assert (await rig.seen("scene")).finding.verdict is Verdict.PRESENT
    rig.chirp.page("/api/me", "{}", status=503)
    assert (await rig.seen("scene")).finding.reason is Reason.PLATFORM_ERROR


async def test_data_that_a_probe_does_not_ask_for(rig: Rig) -> None:
    """A page that would have its data by PUT gets none, and what it says without them is not believed."""
    page = ASKING.replace("URL", "/api/me").replace("{headers: HEADERS}", "{method: 'PUT'}").replace("HEAD", "")
    failure = await rig.failed(page)
    assert (failure.reason, failure.detail) == (
        Reason.TRUNCATED,
        "the page is not whole: /api/me is not asked for with PUT",
    )
    assert "/api/me" not in rig.chirp.paths


async def test_a_refusal_is_not_rendered(rig: Rig) -> None:
    """A 429, a challenge or a download is the answer itself, as for a plain probe: no script of it runs."""
    rig.chirp.page(
        "/wall", "<title>Just a moment</title><script>document.title = 'run'</script>", 403, cf_mitigated="challenge"
    )
    assert (await rig.seen("wall")).finding.reason is Reason.CHALLENGE
    rig.chirp.page("/missing", "<h1>x</h1><script>document.title = 'ran'</script>", status=404)
    response = await rig.response("missing")
    assert response.status == 404
    assert b"<title>ran</title>" in response.body
    rig.chirp.page("/busy", "<script src='/ran.js'></script>" * 9, status=429)
    assert (await rig.seen("busy")).finding.reason is Reason.RATE_LIMITED
    assert "/ran.js" not in rig.chirp.paths


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("history.pushState({}, '', '/i/flow/login')", Reason.LOGIN_WALL),
        ("location.href = '/login?next=/scene'", Reason.LOGIN_WALL),
        ("location.href = 'https://tracker.example/x'", Reason.REDIRECT),
    ],
)
async def test_where_a_script_leads_is_seen(rig: Rig, script: str, reason: Reason) -> None:
    """A log-in page that a script leads to is as much a wall as one that a redirect leads to."""
    page = "<title>Log in</title><form><input type=password></form>" + "<p>more text</p>" * 9
    rig.chirp.page("/login", page)
    rig.chirp.page("/scene", f"<title>Chirp</title><p>{'x' * 80}</p><script>{script}</script>")
    classified = await rig.seen("scene")
    assert classified.finding.reason is reason
    assert "/x" not in rig.chirp.paths


async def test_a_name_that_no_code_can_spell(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A page that leads to a name that browsers take and Python does not is answered at once, without an error."""
    rig.allow(5)
    failure = await rig.failed("<p>x<script>location = 'https://xn--a.chirp.example/'</script>")
    assert failure.reason in (Reason.DNS, Reason.BAD_RESPONSE), failure
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


async def test_the_age_of_what_is_shown(rig: Rig) -> None:
    """Of the page and its data the oldest counts for the beginning of the window, the youngest for its end."""

    async def user(_request: web.Request) -> web.Response:
        return web.json_response({"handle": "old", "name": "Old"}, headers={"Age": "7"})

    rig.chirp.routes["/api/users/old"] = user
    exchange = await rig.fetch("old")
    assert (exchange.age, exchange.youngest) == (timedelta(seconds=7), timedelta(0))
    assert exchange.seen.earliest == exchange.sent_at - timedelta(seconds=8)
    assert exchange.seen.latest == exchange.received_at


async def test_a_fresh_look_takes_no_copy_of_the_data_either(rig: Rig) -> None:
    """Where a look wants no cached copy, neither the page nor what it is made of may be one."""
    rig.chirp.seen.clear()
    await rig.fetch("alice", fresh=True)
    said = {request.path: request.headers.get("Cache-Control") for request in rig.chirp.seen}
    assert (said["/alice"], said["/api/users/alice"]) == ("no-cache", "no-cache")


async def test_a_page_is_waited_for(rig: Rig) -> None:
    """What `wait_for` names is waited for; where it does not come, quiet is enough."""
    slow = "setTimeout(() => { document.body.innerHTML = '<article class=profile>here</article>' }, 900)"
    assert "here" in await rig.shown(f"<body><p>loading</p><script>{slow}</script>", waits=True)
    assert "another page" in await rig.shown("<body><p>another page</p>", waits=True)


async def test_what_is_being_handed_over_is_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is not quiet while it is still being handed what it asked for, however long that takes."""
    handed = Rendering._hand

    async def slowly(self: Rendering, *args: Any) -> None:
        if self._traffic._requests:
            await asyncio.sleep(1)
        await handed(self, *args)

    monkeypatch.setattr(Rendering, "_hand", slowly)
    rig.chirp.page("/late.js", "document.title = 'complete'", kind="text/javascript")
    assert "<title>complete</title>" in await rig.shown("<title>begun</title><script src=/late.js defer></script>")


async def test_names_in_a_page_are_not_taken_for_the_page(rig: Rig) -> None:
    """Elements called as what is read change nothing, wherever they stand."""
    names = ("documentElement", "readyState", "querySelector")
    named = "".join(f"<form name={name}></form><img name={name}><embed name={name}>" for name in names)
    shown = await rig.shown(f"<title>t</title><article class=profile>here</article>{named}", waits=True)
    assert "here" in shown
    swapped = "const f = document.createElement('form'); f.innerHTML = '<input name=outerHTML>here'; "
    shown = await rig.shown(f"<script>{swapped}document.replaceChild(f, document.querySelector('html'))</script>")
    assert "here" in shown


async def test_two_at_once_and_no_more(rig: Rig) -> None:
    """So many pages are rendered at once as there are places, and plain probes wait for none of them."""
    rig.allow(3)
    hung = [asyncio.create_task(rig.failed("<script>while (true) {}</script>", f"hung{n}")) for n in range(2)]
    waiting = [asyncio.create_task(rig.response(f"user{n}")) for n in range(4)]
    await asyncio.sleep(0.2)
    plain = await rig.fetch("alice", source="page")
    assert isinstance(plain.outcome, Response)
    assert (plain.received_at - plain.sent_at).total_seconds() < 1
    assert not any(task.done() for task in (*hung, *waiting))
    rig.allow(20)
    assert {failure.reason for failure in await asyncio.gather(*hung)} == {Reason.TIMEOUT}
    assert all("<article" in response.body.decode() for response in await asyncio.gather(*waiting))
    assert 1 <= rig.chirp.most_at_once <= 2


async def test_a_failure_is_no_failure_of_the_host(rig: Rig) -> None:
    """A page that hangs does not make the pace leave its host alone: something answered."""
    for _ in range(6):
        await rig.failed("<script>location.href = 'http://chirp.example/'</script>")
    outcome = (await rig.fetch("alice", source="page")).outcome
    assert not isinstance(outcome, FetchFailure)
