"""The HTTP server: builds the application, guards it, starts and stops it. What is shown is made in the other files."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, assert_never, cast

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from watcher.model.errors import WatcherError
from watcher.model.reload import Outcome, Refused, Reloaded
from watcher.model.snapshot import Snapshot
from watcher.settings.values import WebSettings
from watcher.settings.weburl import is_loopback
from watcher.text import clean
from watcher.web.answers import json_error
from watcher.web.api import Api, Records
from watcher.web.attention import AttentionApi, Desk
from watcher.web.cases import Cases
from watcher.web.guard import STRICT_HEADERS, HostAllowList, origin_refusal, reload_refusal
from watcher.web.pages import Behind, Pages
from watcher.web.probe import ProbePage
from watcher.web.scrape import Exporter

_MAX_BODY = 64 * 1024
_KEEP_ALIVE = timedelta(seconds=75)
_LINGER = timedelta(seconds=1)
_INTERNAL = "internal error; the log says more"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer:
    """Serves metrics, health, the API and the pages on one address.

    `snapshot` shows the program as it is, from memory; `records` is asked for what is stored; `reload` has the
    configuration read anew, by force or not; without `probe` nobody can ask for a look, without `desk` nobody for
    silences and incidents, without `cases` nobody for the record of an outage. `upcoming` says when an account is
    looked at next. `grace` is what running requests get when the server stops.
    """

    def __init__(  # noqa: PLR0913 - what it shows, each by its name
        self,
        settings: WebSettings,
        snapshot: Callable[[], Snapshot],
        records: Records,
        reload: Callable[[bool], Awaitable[Outcome]],
        registry: CollectorRegistry,
        version: str,
        *,
        probe: ProbePage[Any] | None = None,
        desk: Desk | None = None,
        cases: Cases | None = None,
        upcoming: Callable[[str], datetime | None] = lambda _account_id: None,
        public_url: Callable[[], str | None] = lambda: None,
        grace: timedelta = timedelta(seconds=2),
    ) -> None:
        self._settings = settings
        self._snapshot = snapshot
        self._reload = reload
        self._exporter = Exporter(registry)
        self._grace = grace
        self._api = Api(snapshot, records)
        self._probe = probe
        self._attention = AttentionApi(desk, settings.token, snapshot) if desk is not None else None
        self._pages = Pages(
            Behind(
                version=version,
                snapshot=snapshot,
                records=records,
                desk=desk,
                cases=cases,
                token=settings.token,
                probe=probe,
                upcoming=upcoming,
                public_url=public_url,
            )
        )
        self._hosts = HostAllowList(settings.host, settings.allow_hosts)
        self._log = structlog.get_logger()
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where the board is, with the port that was really taken; that of the settings until started."""
        host, port = self._settings.host, self._settings.port
        if self._listener is not None and self._listener.sockets:
            port = self._listener.sockets[0].getsockname()[1]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    async def start(self) -> None:
        """Listen. Raises WatcherError when the address cannot be had, naming the setting to change."""
        runner = web.AppRunner(self._application(), shutdown_timeout=self._grace.total_seconds())
        await runner.setup()
        try:
            self._listener = await self._listen(runner)
        except OSError as error:
            await runner.cleanup()
            raise WatcherError(_why_not_listening(self._settings, error)) from error
        self._runner = runner
        if not is_loopback(self._settings.host):
            self._log.warning("web_open_to_network", host=self._settings.host, hint="anybody who reaches it can read")

    async def stop(self) -> None:
        """Take no more requests, give running ones the grace twice (to end, then to be cancelled), and close."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        manager = cast("web.Server", runner.server)  # None only before setup()
        return await loop.create_server(
            lambda: _Connection(
                manager,
                loop=loop,
                keepalive_timeout=_KEEP_ALIVE.total_seconds(),
                lingering_time=_LINGER.total_seconds(),
            ),
            self._settings.host,
            self._settings.port,
        )

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._answer, self._admit], client_max_size=_MAX_BODY)
        app.on_response_prepare.append(_be_strict)
        app.on_shutdown.append(self._pages.close)
        app.add_routes(
            [
                *self._pages.routes(),
                web.get("/metrics", self._metrics),
                web.get("/-/healthy", self._healthy),
                web.get("/-/ready", self._ready),
                web.post("/-/reload", self._reloaded),
                *self._api.routes(),
            ]
        )
        if self._attention is not None:
            app.add_routes(self._attention.routes())
        if self._probe is not None:
            app.add_routes([web.get("/probe", self._probe.get)])
        return app

    @web.middleware
    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Whatever happens, a short answer without a traceback."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            response = _plain(request, error.status, error.reason.lower())
            if "Allow" in error.headers:
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except Exception:  # noqa: BLE001 - a fault in one page is logged and answered; it must show nobody a traceback
            self._log.exception("web_request_failed", method=request.method, path=request.path)
            return _plain(request, HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL)

    @web.middleware
    async def _admit(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Turn away what is called by a foreign name, comes from a foreign site, or is too large."""
        if (why := self._hosts.refusal(tuple(request.headers.getall("Host", ())))) is not None:
            return _plain(request, HTTPStatus.MISDIRECTED_REQUEST, why)
        if (why := origin_refusal(request.method, request.headers)) is not None:
            return _plain(request, HTTPStatus.FORBIDDEN, why)
        if (request.content_length or 0) > _MAX_BODY:
            return _plain(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {_MAX_BODY} bytes")
        return await handler(request)

    async def _metrics(self, request: web.Request) -> web.Response:
        accept = ",".join(request.headers.getall("Accept", ()))
        encoding = ",".join(request.headers.getall("Accept-Encoding", ()))
        return (await self._exporter.expose(self._snapshot(), accept, encoding)).response()

    async def _healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        if why := self._snapshot().not_ready:
            lines = "".join(f"{clean(reason)}\n" for reason in why)
            return web.Response(text=lines, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return web.Response(text="ready\n")

    async def _reloaded(self, request: web.Request) -> web.Response:
        if (why := reload_refusal(request.headers)) is not None:
            return web.Response(text=f"{why}\n", status=HTTPStatus.FORBIDDEN)
        # Shielded: who hangs up does not leave a configuration half taken.
        outcome = await asyncio.shield(self._reload(request.query.get("force", "") == "true"))
        status, lines = _told(outcome)
        return web.Response(text="".join(f"{clean(line)}\n" for line in lines), status=status)


def _told(outcome: Outcome) -> tuple[HTTPStatus, tuple[str, ...]]:
    match outcome:
        case Reloaded(edit=edit, later=later):
            counts = f"{len(edit.added)} added, {len(edit.removed)} removed, {len(edit.changed)} changed"
            more = (f"taking effect at the next start only: {', '.join(later)}",) if later else ()
            return HTTPStatus.OK, (f"reloaded: {counts}", *more)
        case Refused(why=why, forcible=True):
            how = "`watcher reload --force` (or ?force=true) takes it all the same"
            return HTTPStatus.CONFLICT, (*why, f"nothing was changed; {how}")
        case Refused(why=why, passing=True):
            return HTTPStatus.SERVICE_UNAVAILABLE, (*why, "nothing was changed; it is tried again")
        case Refused(why=why):
            return HTTPStatus.BAD_REQUEST, (*why, "nothing was changed")
        case _:
            assert_never(outcome)


class _Connection(web.RequestHandler):
    """A connection whose refusals of malformed requests, which reach no application, are strict as well."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun; no other can be sent")
        log = structlog.get_logger()
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            # Anybody who reaches the port can cause these: no traceback, and at a level that is off by default.
            log.debug("web_request_malformed", status=status, detail=message or "")
        else:
            log.error("web_request_failed", status=status, exc_info=exc)
        text = "malformed request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else _INTERNAL
        response = web.Response(status=status, text=f"{text}\n", headers=STRICT_HEADERS)
        response.force_close()
        return response


async def _be_strict(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in STRICT_HEADERS.items():
        if name != "Cache-Control" or name not in response.headers:  # a page may be kept, and says so itself
            response.headers[name] = value


def _plain(request: web.Request, status: int, text: str) -> web.Response:
    if request.path == "/api" or request.path.startswith("/api/"):
        return json_error(status, text)
    return web.Response(status=status, text=f"{text}\n")


def _why_not_listening(settings: WebSettings, error: OSError) -> str:
    address = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return f"{address} is in use by another program: stop that, or change web.listen in watcher.yaml"
    detail = (error.strerror or str(error)).lower()
    return f"cannot listen on {address} ({detail}): change web.listen in watcher.yaml"
