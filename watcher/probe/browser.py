"""Pages as a browser shows them: places for so many at once, a browser that runs, and starts again when it has died.

Nothing here holds up a plain probe, and nothing of a page holds up this: whatever hangs is ended when its time is over.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import structlog

from watcher.metrics import Metrics
from watcher.model.exchange import FetchFailure, Response
from watcher.model.finding import Reason
from watcher.probe.chromium import Chromium, NotStartedError, shut
from watcher.probe.rendering import CrashedError, Rendering
from watcher.probe.session import ProbeSession
from watcher.probe.traffic import Traffic, is_rendered
from watcher.probe.visit import Visit, go
from watcher.settings.browser import find_program
from watcher.settings.values import BrowserSettings

# Browsers grow with time: after so many pages a new one takes over.
_PAGES: Final = 1000
_OPEN_TIME: Final = 10.0
_CLOSE_TIME: Final = 2.0
_PICTURE_LEAD: Final = 0.2
_START_PATIENCE: Final = 0.5
_PAUSE_FIRST: Final = 1.0
_PAUSE_LONGEST: Final = 60.0
# As a browser that reads English pages asks for them; a source may say otherwise.
_HEADERS: Final = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "accept-language": "en-US,en;q=0.9"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What came of a page: its `outcome`, what the host itself answered (`document`), and how old that was.

    `ages` are those of the youngest and the oldest of what the page is made of; None where no cache spoke.
    """

    outcome: Response | FetchFailure
    document: Response | FetchFailure
    ages: tuple[timedelta, timedelta] | None = None


class Browser:
    """Renders pages for one run. Started with the first of them."""

    def __init__(self, settings: BrowserSettings, session: ProbeSession, user_agent: str, metrics: Metrics) -> None:
        self._settings = settings
        self._session = session
        self._user_agent = user_agent
        self._metrics = metrics
        self._places = asyncio.Semaphore(settings.renders)
        self._chromium: Chromium | None = None
        self._retired: set[Chromium] = set()
        self._start: asyncio.Task[Chromium] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._is_told = False
        self._failures = 0
        self._paused_until = 0.0
        self._log = structlog.get_logger("watcher")

    @property
    def pid(self) -> int | None:
        """The first process of the browser's group, while it runs."""
        return self._chromium.pid if self._chromium is not None and self._chromium.is_running else None

    @asynccontextmanager
    async def place(self) -> AsyncIterator[FetchFailure | None]:
        """Wait for a place and hold it; None: there is a browser. Else why there is none."""
        async with self._places:
            try:
                await self._running()
            except NotStartedError as error:
                lacking: FetchFailure | None = _no_browser(error)
            else:
                lacking = None
            yield lacking

    async def render(
        self, visit: Visit, on_hop: Callable[[str], None], wait_for: tuple[str, ...] = (), *, screenshot: bool = False
    ) -> Rendered:
        """Fetch the page as any probe does, then render it. Within a `place`; raises nothing but CancelledError."""
        visit = replace(visit, timeout=self._settings.timeout, headers={**_HEADERS, **visit.headers})
        until = asyncio.get_running_loop().time() + visit.timeout.total_seconds()
        document = await go(self._session, visit, on_hop)
        if isinstance(document, FetchFailure) or not is_rendered(document):
            return Rendered(outcome=document, document=document)
        traffic = Traffic(self._session, visit, document, on_hop, pictures=screenshot)
        try:
            outcome = await self._show(traffic, visit.max_body, wait_for, until, screenshot=screenshot)
        except TimeoutError:
            detail = f"the page was not complete within {visit.timeout.total_seconds():g} s"
            hops = tuple(traffic.hops)
            outcome = FetchFailure(reason=Reason.TIMEOUT, detail=detail, status=document.status, hops=hops)
        return Rendered(outcome=outcome, document=document, ages=traffic.ages)

    async def close(self) -> None:
        """End the browser; by force where it does not end by itself."""
        self._is_closed = True
        if self._start is not None and not self._start.done():
            await asyncio.wait([self._start], timeout=_START_PATIENCE)
            self._start.cancel()
            await asyncio.gather(self._start, return_exceptions=True)
        for chromium in (self._chromium, *self._retired):
            if chromium is not None:
                self._leave(chromium)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _show(
        self, traffic: Traffic, max_body: int, wait_for: tuple[str, ...], until: float, *, screenshot: bool
    ) -> Response | FetchFailure:
        """The page as rendered. Raises TimeoutError where it is not there by `until`; it is closed after that."""
        try:
            async with asyncio.timeout_at(until):
                chromium = await self._running()
        except NotStartedError as error:
            return _no_browser(error)
        chromium.users, culled = chromium.users + 1, chromium.culled
        chromium.pages += 1
        opening = asyncio.ensure_future(chromium.context(self._user_agent))
        try:
            async with asyncio.timeout_at(until):
                async with asyncio.timeout(_OPEN_TIME):
                    context = await asyncio.shield(opening)
                rendering = Rendering(context, chromium.ended, traffic, max_body)
                outcome = await rendering.outcome(wait_for, picture_by=until - _PICTURE_LEAD if screenshot else None)
        except Exception as error:
            if isinstance(error, TimeoutError) and asyncio.get_running_loop().time() >= until:
                raise
            if not opening.done() or opening.exception() is not None:
                self._lose(chromium, "it opens no page")
                return _no_browser("it opened no page")
            return self._broken(error, chromium, traffic, is_culled=chromium.culled > culled)
        else:
            self._failures = 0
            return outcome
        finally:
            try:
                await self._forget(chromium, shut(opening))
            finally:  # also where whoever waits for the page gives up now
                chromium.users -= 1
                self._part(chromium)

    def _broken(
        self, error: Exception, chromium: Chromium, traffic: Traffic, *, is_culled: bool
    ) -> Response | FetchFailure:
        document, hops = traffic.document, tuple(traffic.hops)
        if not chromium.is_running:
            self._lose(chromium, "it ended by itself")
            return replace(_no_browser("it ended while it showed the page"), hops=hops)
        reason, detail = Reason.BAD_RESPONSE, f"the browser could not show the page ({type(error).__name__})"
        if isinstance(error, CrashedError) or "crash" in str(error).lower():
            detail = "the page crashed its process, or took too much memory"
            reason = Reason.TOO_LARGE if is_culled else reason
        return FetchFailure(reason=reason, detail=detail, status=document.status, hops=hops)

    async def _forget(self, chromium: Chromium, shutting: Coroutine[Any, Any, None]) -> None:
        """Close the page with all that it left behind. A browser that cannot do that any more is ended.

        One whose page is still being opened, for that took longer than the page may, has this long to do both.
        """
        # Not `asyncio.timeout`: within another one that is over, that of Python 3.11 cannot tell its own end.
        closing = asyncio.ensure_future(shutting)
        try:
            await asyncio.wait([closing], timeout=_CLOSE_TIME)
        finally:
            if not closing.done():
                closing.cancel()
            await asyncio.wait([closing])
        if closing.cancelled() or closing.exception() is not None:
            self._lose(chromium, "it does not close a page")

    # The process.

    async def _running(self) -> Chromium:
        """The browser, started if need be. Raises NotStartedError."""
        if self._chromium is not None and not self._chromium.is_running:
            self._lose(self._chromium, "it ended by itself")
        if self._chromium is not None and self._chromium.pages >= _PAGES:
            self._retire(self._chromium)
        if self._chromium is not None:
            return self._chromium
        if self._start is None or self._start.done():
            self._start = asyncio.create_task(self._start_one())
        # Who gives up leaves the start to the others, and to the end.
        return await asyncio.shield(self._start)

    async def _start_one(self) -> Chromium:
        pause = self._paused_until - asyncio.get_running_loop().time()
        if pause > 0 or self._is_closed:
            raise NotStartedError("it is tried again in a while" if not self._is_closed else "the run is ending")
        program = find_program(self._settings)
        if program is None:
            raise NotStartedError("the program is not there any more")
        try:
            chromium = await Chromium.start(program, sandbox=self._settings.sandbox)
        except NotStartedError as error:
            self._fail(str(error))
            raise
        self._metrics.browser_starts.inc()
        self._log.info("browser_started", version=chromium.version, pid=chromium.pid)
        self._chromium, self._is_told = chromium, False
        return chromium

    def _fail(self, why: str) -> None:
        """Leave it be for a while: not at all the first time, then 1 s, doubling to a minute, until a page is shown."""
        self._failures += 1
        pause = 0.0 if self._failures == 1 else min(_PAUSE_FIRST * 2 ** min(self._failures - 2, 16), _PAUSE_LONGEST)
        self._paused_until = asyncio.get_running_loop().time() + pause
        if not self._is_told:
            self._is_told = True
            self._log.warning("browser_failed", why=why)

    def _lose(self, chromium: Chromium, why: str) -> None:
        """End a process that is of no use any more; once, whoever notices."""
        if self._chromium is chromium:
            self._fail(why)
        elif chromium not in self._retired:
            return
        chromium.kill()
        self._leave(chromium)

    def _retire(self, chromium: Chromium) -> None:
        """Make room for a new one. Pages that this one still shows are shown to the end: there may always be some."""
        self._chromium = None
        self._retired.add(chromium)
        self._part(chromium)

    def _part(self, chromium: Chromium) -> None:
        """A page is done: a browser that has shown enough of them, and shows none now, ends."""
        is_spent = self._chromium is chromium and chromium.pages >= _PAGES
        if not chromium.users and (is_spent or chromium in self._retired):
            self._leave(chromium)

    def _leave(self, chromium: Chromium) -> None:
        if self._chromium is chromium:
            self._chromium = None
        self._retired.discard(chromium)
        task = asyncio.create_task(chromium.close())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def _no_browser(why: object) -> FetchFailure:
    return FetchFailure(reason=Reason.NO_SOURCE, detail=f"there is no browser: {why}")
