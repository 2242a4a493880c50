"""Render one page in a browser that has no network: hand it what it asks for, wait until it has settled, read it.

Speaks to the page by the DevTools protocol, in a world of its own: the page's scripts cannot change what is read.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from watcher.model.exchange import FetchFailure, Hop, Response
from watcher.model.finding import Reason
from watcher.probe.traffic import Asked, Given, Traffic

if TYPE_CHECKING:  # the package is an extra
    from playwright.async_api import BrowserContext, CDPSession

_LOOK: Final = 0.05
_BEAT: Final = timedelta(seconds=0.15)
_ENOUGH_LOOKS: Final = 20
_QUIET: Final = timedelta(seconds=0.5)
# A page that shows none of what it was waited for may show something else: a wall, say.
_QUIET_WITHOUT: Final = timedelta(seconds=1.5)
_PICTURE_TIME: Final = 3.0
_STATE: Final = """(selectors => ({
  ready: document.readyState !== 'loading',
  found: selectors.some(each => { try { return document.querySelector(each) !== null } catch { return false } }),
}))(%s)"""
# A form's properties are hidden by controls of the same name, in every world, and a script can make the root one.
_READ: Final = """(most => {
  const root = document.documentElement;
  const html = root === null ? '' : '<!DOCTYPE html>' + Reflect.get(Element.prototype, 'outerHTML', root);
  return { url: location.href, size: html.length, html: html.length > most ? '' : html };
})(%d)"""

# How the protocol says that the page was replaced by another one, and the world in it with it.
_REPLACED: Final = ("Cannot find context", "context was destroyed", "target navigated", "No frame", "No such frame")


class CrashedError(Exception):
    """The page's process ended, or the whole browser."""


class Rendering:
    """One page in `context`, which is new and used for nothing else; its browser may have `ended` meanwhile."""

    def __init__(self, context: "BrowserContext", ended: asyncio.Future[None], traffic: Traffic, max_body: int) -> None:
        self._context = context
        self._ended = ended
        self._traffic = traffic
        self._max_body = max_body
        self._frame = ""
        self._world: int | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self._crashed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._cdp: CDPSession

    async def outcome(self, wait_for: tuple[str, ...], *, picture_by: float | None) -> Response | FetchFailure:
        """The page as rendered, or why it was not. Raises CrashedError, and what Playwright raises.

        With a picture of it, if it can be had by the loop's time `picture_by`.
        """
        work = asyncio.ensure_future(self._render(wait_for, picture_by))
        try:
            ends: tuple[asyncio.Future[Any], ...] = (work, self._crashed, self._ended, self._traffic.over)
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._traffic.over.done():
                return self._traffic.over.result()
            if self._crashed.done() or self._ended.done():
                raise CrashedError
            return work.result()
        finally:
            for task in (work, *self._answers):
                task.cancel()
            await asyncio.gather(work, *self._answers, return_exceptions=True)

    async def _render(self, wait_for: tuple[str, ...], picture_by: float | None) -> Response | FetchFailure:
        page = await self._context.new_page()
        page.on("crash", lambda _page: self._note_crash())
        self._cdp = await self._context.new_cdp_session(page)
        self._cdp.on("Fetch.requestPaused", self._begin_answer)
        tree = await self._cdp.send("Page.getFrameTree")
        self._frame = tree["frameTree"]["frame"]["id"]
        await self._cdp.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})
        going = await self._cdp.send("Page.navigate", {"url": self._traffic.document.url})
        if "errorText" in going:
            return self._not_taken(going["errorText"])
        await self._settle(wait_for)
        outcome = await self._read()
        if picture_by is not None and isinstance(outcome, Response):
            return replace(outcome, screenshot=await self._picture(picture_by))
        return outcome

    def _note_crash(self) -> None:
        if not self._crashed.done():
            self._crashed.set_result(None)

    async def _settle(self, wait_for: tuple[str, ...]) -> None:
        """Return when the page shows what it was waited for, or has been quiet for long enough."""
        quiet = _QUIET_WITHOUT if wait_for else _QUIET
        look, found = _STATE % json.dumps(wait_for), 0
        while True:
            state = await self._evaluate(look)
            if state is not None and state["ready"]:
                found = found + 1 if state["found"] else 0
                # What goes with it, the title say, may come a moment after it.
                is_shown = found > 1 and (self._traffic.quiet_for >= _BEAT or found >= _ENOUGH_LOOKS)
                if is_shown or self._traffic.quiet_for >= quiet:
                    return
            await asyncio.sleep(_LOOK)

    async def _read(self) -> Response | FetchFailure:
        read = None
        while read is None:
            read = await self._evaluate(_READ % self._max_body)
        if read["url"].startswith("chrome-error:"):
            return self._not_taken("it shows an error of its own")
        document, hops = self._traffic.document, list(self._traffic.hops)
        body = read["html"].encode("utf-8", "replace")
        if max(read["size"], len(body)) > self._max_body:
            detail = f"the rendered page has more than {self._max_body} bytes"
            return FetchFailure(reason=Reason.TOO_LARGE, detail=detail, status=document.status, hops=tuple(hops))
        url = document.url
        if _bare(read["url"]) != _bare(self._traffic.shown_url):
            # A script wrote another address over it: that it is the one of a login page is evidence.
            hops.append(Hop(url=url, status=document.status, location=read["url"]))
            url = _bare(read["url"])
        return Response(
            status=document.status,
            url=url,
            headers={**document.headers, "content-type": "text/html; charset=utf-8"},
            body=body,
            hops=tuple(hops),
        )

    def _not_taken(self, why: str) -> FetchFailure:
        detail = f"the browser did not take the page: {why}"
        document, hops = self._traffic.document, tuple(self._traffic.hops)
        return FetchFailure(reason=Reason.BAD_RESPONSE, detail=detail, status=document.status, hops=hops)

    async def _picture(self, by: float) -> bytes | None:
        """What is to be seen, as PNG; None where that takes too long or cannot be. No verdict is lost for it."""
        with suppress(Exception):
            async with asyncio.timeout_at(min(by, asyncio.get_running_loop().time() + _PICTURE_TIME)):
                taken = await self._cdp.send("Page.captureScreenshot", {"format": "png"})
                return b64decode(taken["data"])
        return None

    async def _evaluate(self, expression: str) -> Any:
        """The value of `expression`; None while the page is being replaced by another one."""
        try:
            if self._world is None:
                made = await self._cdp.send("Page.createIsolatedWorld", {"frameId": self._frame})
                self._world = made["executionContextId"]
            found = await self._cdp.send(
                "Runtime.evaluate", {"expression": expression, "contextId": self._world, "returnByValue": True}
            )
        except Exception as error:
            if not any(mark in str(error) for mark in _REPLACED):
                raise
            self._world = None
            return None
        return found["result"].get("value")

    # What the page asks for.

    def _begin_answer(self, event: Mapping[str, Any]) -> None:
        task = asyncio.ensure_future(self._answer(event))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, event: Mapping[str, Any]) -> None:
        with self._traffic.busy():  # until it is handed over: that of a large script takes its time
            await self._hand(event, await self._traffic.answer(_asked(event, self._frame)))

    async def _hand(self, event: Mapping[str, Any], given: Given | None) -> None:
        answer: dict[str, Any] = {"requestId": event["requestId"]}
        # The page may be gone meanwhile, or a header be one that no browser takes.
        with suppress(Exception):
            if given is not None:
                answer["responseCode"] = given.status
                answer["responseHeaders"] = [{"name": name, "value": value} for name, value in given.headers]
                answer["body"] = b64encode(given.body).decode("ascii")
                await self._cdp.send("Fetch.fulfillRequest", answer)
                return
        with suppress(Exception):
            await self._cdp.send(
                "Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "AddressUnreachable"}
            )


def _asked(event: Mapping[str, Any], frame: str) -> Asked:
    request = event["request"]
    kind = event["resourceType"].lower()
    if kind == "other" and "Origin" in request["headers"]:
        kind = "fetch"  # data that a `preload` asks for: what it gets is what the page's own `fetch` gets
    entries = request.get("postDataEntries", ())
    body = b"".join(b64decode(entry.get("bytes", "")) for entry in entries)
    if not body and "postData" in request:
        body = request["postData"].encode("utf-8", "replace")
    return Asked(
        url=request["url"],
        method=request["method"],
        headers=request["headers"],
        kind=kind,
        body=body or None,
        is_page=kind == "document" and event["frameId"] == frame,
    )


def _bare(url: str) -> str:
    return url.partition("#")[0]
