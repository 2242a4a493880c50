"""Take the pictures of the documentation anew: `python -m tests.browser.screenshots [folder]`. Small, always alike."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import quote

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.browser.scene import Scene, a_scene, docs
from tests.fakes.eleven import NOW, Served, eleven_minutes, served
from watcher.model.annotation import Annotation
from watcher.settings.browser import PROGRAMS

DESK = ViewportSize(width=1280, height=760)
PHONE = ViewportSize(width=390, height=844)
TALL = ViewportSize(width=1180, height=1560)
TRUMP = "/accounts/x%3Arealdonaldtrump"
#: Name of the picture, path, size of the screen, colours.
SHOTS: tuple[tuple[str, str, ViewportSize, Literal["light", "dark"]], ...] = (
    ("board-light", "/", DESK, "light"),
    ("board-dark", "/", DESK, "dark"),
    ("board-phone", "/", PHONE, "light"),
    ("account-light", TRUMP, DESK, "light"),
    ("account-dark", TRUMP, DESK, "dark"),
    ("account-phone", TRUMP, PHONE, "light"),
)
#: The same of the record of the eleven minutes, as a run left it and a desk noted on it.
RECORD: tuple[tuple[str, ViewportSize, Literal["light", "dark"]], ...] = (
    ("record-light", TALL, "light"),
    ("record-dark", TALL, "dark"),
    ("record-phone", PHONE, "light"),
)


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """The system's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


def program() -> str:
    """Where Chromium is."""
    found = next(filter(None, map(which, PROGRAMS)), None)
    if found is None:
        raise SystemExit("Chromium is missing: apt-get install chromium-headless-shell")
    return found


async def taken(browser: Browser, scene: Scene, folder: Path) -> None:
    """All pictures of it."""
    for name, path, size, colours in SHOTS:
        context = await browser.new_context(viewport=size, color_scheme=colours, reduced_motion="reduce")
        page = await context.new_page()
        await page.goto(scene.server.url.rstrip("/") + path)
        await settled(page)
        await page.screenshot(path=folder / f"{name}.png")
        await context.close()


async def recorded(browser: Browser, desk: Served, folder: Path) -> None:
    """The pictures of the record."""
    said = (("human error, says the platform", 3600), ("an employee of the platform, on their last day", 10_000))
    for cause, seconds in said:
        at = NOW + timedelta(seconds=seconds)
        note = Annotation(outage_id=desk.outage_id, at=at, by="politics desk", cause=cause)
        await desk.worker.call(desk.worker.store.annotate, note)
    for name, size, colours in RECORD:
        context = await browser.new_context(viewport=size, color_scheme=colours, reduced_motion="reduce")
        page = await context.new_page()
        await page.goto(f"{desk.url}outages/{quote(desk.outage_id, safe='')}")
        await settled(page)
        await page.screenshot(path=folder / f"{name}.png")
        await context.close()


async def settled(page: Page) -> None:
    """What is still to be put in place is."""
    if await page.query_selector("#live"):
        await page.wait_for_selector("#live.on", state="attached")
    await page.evaluate("document.fonts.ready")


async def main() -> None:
    """Take them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else docs()
    folder.mkdir(parents=True, exist_ok=True)
    async with a_scene() as scene, a_browser() as browser:
        await taken(browser, scene, folder)
        with TemporaryDirectory() as directory:
            async with served(eleven_minutes(Path(directory))) as desk:
                await recorded(browser, desk, folder)
    for name, *_ in (*SHOTS, *RECORD):
        size = (folder / f"{name}.png").stat().st_size
        sys.stdout.write(f"{name}.png {size / 1000:.0f} kB\n")


if __name__ == "__main__":
    asyncio.run(main())
