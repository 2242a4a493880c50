"""The browser has no network but ours: whatever a page tries, nothing is reached that a plain probe might not reach."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.browser.rig import INSIDE, Rig, a_rig, needs_chromium
from tests.fakes.chirp import Chirp
from watcher.model.exchange import Response
from watcher.model.finding import Reason
from watcher.settings.browser import find_program
from watcher.settings.values import BrowserSettings

pytestmark = [needs_chromium, pytest.mark.timeout(60)]

ATTEMPTS = """<title>t</title><pre id=out></pre><script>
const say = (k, v) => { document.getElementById('out').textContent += k + '=' + v + '\\n' };
const tries = {
  literal: () => fetch('https://127.0.0.2:PORT/literal', {mode: 'no-cors'}),
  name: () => fetch('https://inside.example/name', {mode: 'no-cors'}),
  redirected: () => fetch('/redirect', {mode: 'no-cors'}),
  decimal: () => fetch('https://2130706434:PORT/decimal', {mode: 'no-cors'}),
  plain: () => fetch('http://localhost:PORT/plain', {mode: 'no-cors'}),
  allowed: () => fetch('/allowed'),
};
const later = Object.entries(tries).map(([k, f]) => f().then(() => say(k, 'reached'), () => say(k, 'refused')));
const there = 'https://127.0.0.2:PORT/';
const add = (tag, set) => { const e = document.createElement(tag); set(e); document.body.append(e) };
add('img', e => e.src = there + 'img');
add('iframe', e => e.src = there + 'frame');
add('link', e => { e.rel = 'prefetch'; e.href = there + 'prefetch' });
add('link', e => { e.rel = 'preconnect'; e.href = there });
add('object', e => e.data = there + 'object');
add('video', e => e.src = there + 'video');
add('form', e => { e.action = there + 'form'; e.submit() });
navigator.sendBeacon(there + 'beacon', 'x');
later.push(new Promise(r => {
  const s = new WebSocket('wss://127.0.0.2:PORT/socket');
  s.onopen = () => { say('socket', 'reached'); r() }; s.onerror = () => { say('socket', 'refused'); r() };
}));
try { new EventSource(there + 'events') } catch (e) {}
try { new Worker(URL.createObjectURL(new Blob(["fetch('" + there + "worker', {mode: 'no-cors'})"]))) } catch (e) {}
try { const c = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.2:UDP'}]}); c.createDataChannel('x');
      c.createOffer().then(o => c.setLocalDescription(o)) } catch (e) {}
Promise.allSettled(later).then(() => setTimeout(() => say('done', 1), 300));
</script>"""


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[Chirp]:
    """A machine of our own network, where nobody was allowed to go."""
    (tmp_path / "inside").mkdir()
    async with Chirp(tmp_path / "inside", address="127.0.0.2") as chirp:
        yield chirp


@pytest.fixture
async def rig(tmp_path: Path, inside: Chirp) -> AsyncIterator[Rig]:
    """A browser; the name of the machine inside resolves to its private address."""
    async with a_rig(tmp_path, connect_to={INSIDE: ("127.0.0.2", inside.port)}) as rig:
        yield rig


async def test_nothing_of_our_own_network_is_reached(rig: Rig, inside: Chirp) -> None:
    """By address, by name, by redirect, by every element and interface that can ask for something: refused."""

    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"https://{INSIDE}/redirected"})

    rig.chirp.routes["/redirect"] = redirect
    rig.chirp.page("/allowed", "x")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun:
        stun.bind(("127.0.0.2", 0))
        stun.setblocking(False)
        page = ATTEMPTS.replace("PORT", str(inside.port)).replace("UDP", str(stun.getsockname()[1]))
        shown = await rig.shown(page, screenshot=True)
        said = dict(line.split("=", 1) for line in shown.partition('<pre id="out">')[2].splitlines() if "=" in line)
        with pytest.raises(BlockingIOError):
            stun.recv(100)
    refused = ("literal", "name", "redirected", "decimal", "plain", "socket")
    assert {each: said.get(each) for each in refused} == dict.fromkeys(refused, "refused")
    assert (said["allowed"], said["done"]) == ("reached", "1")
    assert inside.paths == []


RELAY = """<title>t</title><p>x<script>
const c = new RTCPeerConnection({iceServers: [
  {urls: 'turn:relay.invalid:3478?transport=tcp', username: 'a', credential: 'b'}]});
c.createDataChannel('x'); c.createOffer().then(o => c.setLocalDescription(o));
setInterval(() => fetch('/allowed'), 200);
</script>"""


def can_trace() -> bool:
    """Whether strace is here, and may see what a program does: in some containers it may not."""
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-qq", "-o", os.devnull, "true"], check=False).returncode == 0


async def test_no_name_is_looked_up(tmp_path: Path) -> None:
    """Not even a question to the resolver leaves the browser: it could tell whatever the page knows.

    Where nothing can be traced, it is at least told so.
    """
    program, sent, told = tmp_path / "chromium", tmp_path / "sent", tmp_path / "told"
    is_traced = can_trace()
    trace = f"strace -f -qq -s 200 -e trace=%net -o {sent} " if is_traced else ""
    real = find_program(BrowserSettings())
    program.write_text(f'#!/bin/sh\necho "$*" > {told}\nexec {trace}{real} "$@"\n', "utf-8")
    program.chmod(0o755)
    async with a_rig(tmp_path, executable=program) as rig:
        rig.chirp.page("/allowed", "x")
        await rig.response("alice")  # it is there
        rig.allow(5)
        assert (await rig.failed(RELAY)).reason is Reason.TIMEOUT
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in told.read_text("utf-8")
    if not is_traced:
        return
    asked = [line for line in sent.read_text("utf-8").splitlines() if "relay" in line and "AF_UNIX" not in line]
    assert asked == []
    assert "connect(" in sent.read_text("utf-8")


@pytest.mark.parametrize("how", ["redirect", "script", "refresh"])
async def test_the_page_does_not_lead_there_either(rig: Rig, inside: Chirp, how: str) -> None:
    """A redirect, a script or a `refresh` to a private address ends the look; what it names is not asked for."""
    there = f"https://www.chirp.example:{inside.port}/page"

    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"https://127.0.0.2:{inside.port}/page"})

    if how == "redirect":
        rig.chirp.routes["/scene"] = redirect
    else:
        script = f"<script>location.href = '{there}'</script>"
        refresh = f'<meta http-equiv="refresh" content="0;url={there}">'
        rig.chirp.page("/scene", script if how == "script" else refresh)
    exchange = await rig.fetch("scene")
    if isinstance(exchange.outcome, Response):
        assert exchange.outcome.body == b""
    else:
        assert exchange.outcome.reason in (Reason.CONNECT, Reason.DNS)
    assert inside.paths == []


async def test_the_browser_itself_has_no_way_out(rig: Rig, inside: Chirp) -> None:
    """Without anybody who answers its requests it reaches nothing at all, not even what is allowed."""
    await rig.response("alice")
    process = rig.prober._browser._chromium
    assert process is not None
    rig.chirp.paths.clear()
    context = await process.context("x")
    page = await context.new_page()
    for url in (f"https://127.0.0.1:{rig.chirp.port}/x", f"https://127.0.0.2:{inside.port}/x"):
        with pytest.raises(Exception, match="ERR_PROXY_CONNECTION_FAILED"):
            await page.goto(url)
    await context.close()
    await asyncio.sleep(0)
    assert (rig.chirp.paths, inside.paths) == ([], [])
