"""Somebody in front of the pages: a real Chromium that notes whatever a page tries that it may not, and axe-core."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
from playwright.async_api import Browser, ConsoleMessage, Page, Response, ViewportSize

from tests.browser.screenshots import DESK, PHONE, a_browser, settled

__all__ = ["DESK", "PHONE", "Viewer", "a_browser", "a_viewer"]

_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
# Runs before the page does, outside of what its policy is about.
_LISTEN = """
window.pwned = [];
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


class Viewer:
    """One tab. `faults` are errors of the console, refusals of the policy, dialogs, and what was asked of elsewhere."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url.rstrip("/")
        self.faults: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        page.on("request", lambda sent: self.faults.append(sent.url) if not sent.url.startswith(self.url) else None)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium notes each answer that is an error; a test that asks for one says so itself.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    async def open(self, path: str) -> Response | None:
        """Go to a page of the server."""
        answer = await self.page.goto(self.url + path)
        await settled(self.page)
        return answer

    async def words(self, selector: str) -> str:
        """The visible text there."""
        return await self.page.locator(selector).inner_text()

    async def row(self, handle: str) -> str:
        """The words of the row of an account."""
        return await self.page.locator("#rows tr", has_text=handle).first.inner_text()

    async def names(self) -> list[str]:
        """Who is on the board, in order."""
        return await self.page.locator("#rows .name").all_inner_texts()

    async def tab_to(self, selector: str, within: int = 80) -> None:
        """Press Tab until what has the focus is that; what has it can be seen to have it."""
        for _ in range(within):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                seen = "getComputedStyle(document.activeElement).outlineStyle"
                assert await self.page.evaluate(seen) != "none", f"{selector} does not show that it has the focus"
                return
        raise AssertionError(f"Tab does not lead to {selector}")

    async def violations(self) -> list[str]:
        """What the policy of the page has refused, and what ran that should not."""
        refused: list[str] = await self.page.evaluate("[...window.violations, ...window.pwned]")
        return refused

    async def inaccessible(self) -> list[str]:
        """What axe-core finds against the page."""
        await self.page.evaluate(_AXE)
        found: dict[str, Any] = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']} ({each['impact']}): {each['help']}: {[node['html'][:120] for node in each['nodes'][:3]]}"
            for each in found["violations"]
        ]


@asynccontextmanager
async def a_viewer(
    browser: Browser, url: str, *, size: ViewportSize = DESK, colours: Literal["light", "dark"] = "light"
) -> AsyncIterator[Viewer]:
    """A tab of its own; at the end nothing may have been refused, tried or asked of elsewhere."""
    context = await browser.new_context(viewport=size, color_scheme=colours, has_touch=size is PHONE)
    page = await context.new_page()
    await page.add_init_script(_LISTEN)
    viewer = Viewer(page, url)
    try:
        yield viewer
        assert await viewer.violations() == []
        assert viewer.faults == []
    finally:
        await context.close()
