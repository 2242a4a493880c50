"""Take the pictures of the documentation anew: `python -m tests.browser.screenshots [folder]`. Small, always alike."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.browser.scene import Scene, a_scene, docs
from watcher.settings.browser import PROGRAMS

DESK = ViewportSize(width=1280, height=760)
PHONE = ViewportSize(width=390, height=844)
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
    for name, *_ in SHOTS:
        size = (folder / f"{name}.png").stat().st_size
        sys.stdout.write(f"{name}.png {size / 1000:.0f} kB\n")


if __name__ == "__main__":
    asyncio.run(main())
