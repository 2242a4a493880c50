"""A server that gives away what it was sent: in its pages, headers, cookies and redirects."""

import asyncio
import base64
import json
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request: its path with the query, what its headers say, and its body."""

    path: str
    headers: str
    body: str


class Echo:
    """On 127.0.0.1 at `port`, for any Host; as an async context manager.

    A webhook at `/services/HOW/…` is answered in the way that HOW names: `ok`, a status, `moved`, `hang`; a method of
    Slack's with the token wherever an answer has a word: `says` takes the message, `denies` does not. A profile (of the
    API of X, or a page under /u/) is there, until its handle is in `gone`; those in `odd` are answered as said there.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.received: list[Sent] = []
        self.gone: set[str] = set()
        self.odd: dict[str, str] = {}
        self._tls = tls
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes(
            [
                web.get("/robots.txt", self._robots),
                web.post("/services/{how}/{rest:.*}", self._webhook),
                web.get("/2/users/by", self._profiles),
                web.get("/2/users/by/username/{handle}", self._profile),
                web.get("/2/users/{id}", self._by_id),
                web.get("/u/{handle}", self._page),
            ]
        )
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _robots(self, _request: web.Request) -> web.Response:
        return web.Response(text="User-agent: *\nAllow: /\n")

    async def _webhook(self, request: web.Request) -> web.Response:
        echoed = await self._keep(request)
        how = request.match_info["how"]
        if how == "hang":
            await request.read()
            await asyncio.Event().wait()
        if how == "moved":
            return web.Response(status=302, headers={"Location": f"/services/ok/{quote(echoed, safe='')}"})
        if how in ("ok", "crash"):
            return web.Response(text="ok")
        if how in ("says", "denies", "crashes"):
            token = request.headers["Authorization"].removeprefix("Bearer ")
            return web.json_response({"ok": how != "denies", "error": token, "channel": token, "ts": token})
        return web.Response(status=int(how), text=echoed)

    async def _profile(self, request: web.Request) -> web.Response:
        handle = request.match_info["handle"]
        there = {"data": {"id": f"1{len(handle)}", "username": handle}}
        missing = {"errors": [{"detail": f"Could not find user with username: [{handle}]."}]}
        known = not _is_impossible(handle) and handle not in self.gone
        return await self._answer(request, handle, json.dumps(there if known else missing))

    async def _profiles(self, request: web.Request) -> web.Response:
        """Those who are there; who is not, or is answered oddly, is left to a look alone."""
        asked = request.query["usernames"].split(",")
        known = [h for h in asked if not _is_impossible(h) and h not in self.gone and h not in self.odd]
        there = [{"id": f"1{len(handle)}", "username": handle} for handle in known]
        return await self._answer(request, "", json.dumps({"data": there}))

    async def _by_id(self, request: web.Request) -> web.Response:
        missing = {"errors": [{"detail": f"Could not find user with id: [{request.match_info['id']}]."}]}
        return await self._answer(request, "", json.dumps(missing))

    async def _page(self, request: web.Request) -> web.Response:
        handle = request.match_info["handle"]
        known = not _is_impossible(handle) and handle not in self.gone
        said = request.headers.get("Authorization", "")
        title = f"Profile of {handle}" if known else f"Gone: {said} may not see it"
        page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><p>"
        return await self._answer(request, handle, page, status=200 if known else 404, kind="text/html")

    async def _answer(
        self, request: web.Request, handle: str, text: str, status: int = 200, kind: str = "application/json"
    ) -> web.Response:
        """The text with all that the request said, where a reader of JSON or HTML does not mind it."""
        echoed = await self._keep(request)
        headers = {"Set-Cookie": f"auth={quote(echoed, safe='')}", "X-Echo": request.headers.get("Authorization", "")}
        body = f'{text[:-1]}, "echo": {json.dumps(echoed)}}}' if kind.endswith("json") else f"{text}{echoed}</p></body>"
        match self.odd.get(handle, ""):
            case "moved" if "token" not in request.query:
                location = f"{request.path}?{request.query_string}&token={quote(echoed, safe='')}"
                return web.Response(status=302, headers={**headers, "Location": location})
            case "away":
                location = f"https://login.example/?token={quote(echoed, safe='')}"
                return web.Response(status=302, headers={**headers, "Location": location})
            case code if code.isdigit():
                return web.Response(status=int(code), text=echoed, headers=headers)
            case _:
                return web.Response(status=status, text=body, headers=headers, content_type=kind)

    async def _keep(self, request: web.Request) -> str:
        """Keep the request; the credential in it, or its path, in all the ways in which it could be written."""
        said = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        self.received.append(Sent(path=request.path_qs, headers=said, body=await request.text()))
        secret = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.rel_url.raw_path
        return " ".join(_written(secret))


def _written(secret: str) -> Iterable[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret, safe="").lower().replace(secret.lower(), "")
    for before in ("", "u", "us"):
        yield base64.b64encode(f"{before}{secret}".encode()).decode()


def _is_impossible(handle: str) -> bool:
    """True of the handles that nobody has: the controls' are long and random."""
    return len(handle) >= 12
