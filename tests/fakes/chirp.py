"""A platform whose pages are empty without JavaScript: a shell, a script, and an API that knows who is there."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from watcher.demo.certificates import Authority

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HOST: Final = "chirp.example"

# How the two sources of its platform file read it.
PLATFORM: Final = """\
platform: chirp
title: Chirp
profile: https://chirp.example/{handle}
recognise: https://chirp.example/{handle}
handle: {pattern: "[a-z0-9_]{1,30}"}
controls: {present: [nasa, un]}
phrases: chirp
sources:
  - name: page
    answers: html
    url: https://chirp.example/{handle}
    pace: PACE
    rules:
      - {id: shell, when: {title: Chirp}, unless: {text: "*@{handle}*", error: "*"}, inconclusive: empty_shell}
  - name: browser
    kind: browser
    answers: html
    url: https://chirp.example/{handle}
    pace: PACE
    wait_for: [article.profile, div.error-page]
    errors: div.error-page
    identity: [title, canonical]
    rules:
      - {id: rendered, when: {status: 200, title: "*(@{handle}) / Chirp"}, present: profile}
      - {id: shell, when: {title: Chirp}, unless: {text: "*@{handle}*", error: "*"}, inconclusive: empty_shell}
""".replace("PACE", "{requests: 6000, per: 1m, concurrency: 8}")
PHRASES: Final = 'fr: {missing: "Désolé, cette page n\'existe pas"}\nen: {missing: "Sorry, that page does not exist"}\n'

SHELL: Final = """\
<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Chirp</title><script src="/app.js" defer></script>
</head><body><noscript>JavaScript is needed.</noscript><div id="root"></div></body></html>"""
APP: Final = """\
const root = document.getElementById('root'), handle = location.pathname.slice(1);
fetch('/api/users/' + handle).then(async answer => {
  if (answer.ok) {
    const user = await answer.json();
    document.title = user.name + ' (@' + user.handle + ') / Chirp';
    root.innerHTML = '<article class="profile"><h1></h1><p>@' + user.handle + '</p></article>';
    root.querySelector('h1').textContent = user.name;
  } else {
    root.innerHTML = '<div class="error-page"><h1>Désolé, cette page n\\u2019existe pas</h1></div>';
  }
});"""


class Chirp:
    """`async with Chirp(tmp_path) as chirp` on `address`, for any host name. Nobody has the handles in `gone`.

    `routes` are further pages. `documents` are the pages of profiles asked for, each with who asked: `page` or
    `browser`; `paths` is all that was asked for.
    """

    def __init__(self, directory: Path, *, address: str = "127.0.0.1", authority: Authority | None = None) -> None:
        self.authority = authority or Authority(directory)
        self.address = address
        self.port = 0
        self.gone: set[str] = set()
        self.routes: dict[str, Handler] = {}
        self.documents: list[tuple[str, str]] = []
        self.paths: list[str] = []
        self.seen: list[web.Request] = []
        self.most_at_once = 0
        self._at_once = 0

    @property
    def ca_file(self) -> Path:
        """Who vouches for it."""
        return self.authority.ca_file

    @property
    def tls(self) -> ssl.SSLContext:
        """The server's side."""
        return self.authority.server_context()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, 0, ssl_context=self.tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def page(self, path: str, html: str, status: int = 200, kind: str = "text/html", **headers: str) -> None:
        """Serve this at `path`."""

        async def answer(_request: web.Request) -> web.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(status=status, text=html, content_type=kind, headers=named)

        self.routes[path] = answer

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        self.seen.append(request)
        if request.path in self.routes:
            return await self.routes[request.path](request)
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nAllow: /\n")
        if request.path == "/app.js":
            return web.Response(text=APP, content_type="text/javascript")
        handle = request.path.rpartition("/")[2]
        if request.path.startswith("/api/users/"):
            return await self._user(handle)
        by = "browser" if "en-US" in request.headers.get("Accept-Language", "") else "page"
        self.documents.append((by, handle))
        return web.Response(text=SHELL, content_type="text/html")

    async def _user(self, handle: str) -> web.Response:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0.05)
        self._at_once -= 1
        # Nobody has a name as long as those of the controls that cannot exist.
        if handle in self.gone or len(handle) >= 12:
            return web.json_response({"error": "not found"}, status=404)
        return web.json_response({"handle": handle, "name": handle.capitalize()})


async def hang(_request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError
