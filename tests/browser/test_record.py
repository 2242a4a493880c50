"""The record of the eleven minutes, read and noted on as people do: by keyboard, on paper, on a phone, in the dark."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.browser.rig import needs_chromium
from tests.fakes.eleven import TOKEN, Served, eleven_minutes, served

pytestmark = [needs_chromium, pytest.mark.timeout(180)]
AXE = "axe_playwright_python"


@dataclass
class Reader:
    """A page in a browser, and what the browser complained of."""

    page: Any
    complaints: list[str] = field(default_factory=list)

    async def focused(self) -> str:
        """What has the focus: the words that a screen reader would say of it, or its name in the form."""
        found: str = await self.page.evaluate(
            "() => document.activeElement.name || document.activeElement.innerText || document.activeElement.id"
        )
        return found.strip()

    async def tab_to(self, what: str) -> None:
        """Press Tab until that has the focus; everything on the way shows that it has it."""
        for _ in range(60):
            await self.page.keyboard.press("Tab")
            if await self.focused() == what:
                outline = await self.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"nothing shows that {what} has the focus"
                return
        pytest.fail(f"{what} is not reached by Tab")

    async def faults(self) -> list[str]:
        """What axe finds wrong with the page as it is. Injected past the policy of the page, as a tool may be."""
        await self.page.evaluate(files(AXE).joinpath("axe.min.js").read_text("utf-8"))
        found = json.loads(await self.page.evaluate("async () => JSON.stringify(await axe.run())"))
        assert len(found["passes"]) > 10, "axe looked at nothing"
        return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]


@asynccontextmanager
async def reading(desk: Served, **how: Any) -> AsyncIterator[Reader]:
    """The record in a Chromium of its own."""
    from playwright.async_api import async_playwright

    from tests.browser.screenshots import program

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        context = await browser.new_context(**{"viewport": {"width": 1180, "height": 900}, **how})
        reader = Reader(await context.new_page())
        reader.page.on("console", lambda message: reader.complaints.append(message.text))
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        await reader.page.goto(f"{desk.url}outages/{quote(desk.outage_id, safe='')}")
        yield reader
        await browser.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Served]:
    """The evening of 2017, a little later."""
    async with served(eleven_minutes(tmp_path)) as made:
        yield made


async def test_read_and_noted_on_by_keyboard_only(desk: Served) -> None:
    """From the skip link to the note that is kept: a wrong token first, and nothing that was typed is lost by it."""
    async with reading(desk) as reader:
        page = reader.page
        assert "11 min" in await page.title()
        await page.keyboard.press("Tab")
        assert await reader.focused() == "To the content"
        await page.keyboard.press("Enter")
        await reader.tab_to("How that is known")
        await page.keyboard.press("Enter")
        assert await page.locator("details[open] li", has_text="HTTP 200").first.is_visible()
        await reader.tab_to("Add a note")
        await page.keyboard.press("Enter")
        for name, typed in (("cause", "a departing employee"), ("text", "<script>alert(1)</script>"), ("by", "desk")):
            await reader.tab_to(name)
            await page.keyboard.type(typed)
        await reader.tab_to("token")
        await page.keyboard.type("a wrong one")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert await page.locator("#wrong-token").inner_text() == "Token: That is not the token of web.token."
        assert await page.locator("#note-text").input_value() == "<script>alert(1)</script>"
        assert await reader.faults() == []
        await reader.tab_to("token")
        await page.keyboard.type(TOKEN)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert page.url.endswith("#notes")
        assert "a departing employee" in await page.locator(".note").inner_text()
        assert "<script>alert(1)</script>" in await page.locator(".note").inner_text()
        # The answer with 401 is what a browser calls an error; nothing else may be.
        assert [each for each in reader.complaints if "401" not in each] == []


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark"),
        pytest.param({"viewport": {"width": 390, "height": 844}, "has_touch": True}, id="phone"),
    ],
)
async def test_nothing_is_in_the_way_of_anybody(desk: Served, how: dict[str, Any]) -> None:
    """Axe finds nothing on any of the pages, nothing is wider than the screen, and the policy stops nothing."""
    record = f"outages/{quote(desk.outage_id, safe='')}"
    async with reading(desk, **how) as reader:
        page = reader.page
        [piece] = (await (await page.request.get(f"{desk.url}{record}.json")).json())["evidence"]["pieces"]
        for path in (f"{record}?print", "outages", f"{record}/evidence/{piece['sha256']}", "api"):
            await page.goto(desk.url + path)
            assert await reader.faults() == [], path
            wide = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path
        assert reader.complaints == []


async def test_on_paper(desk: Served) -> None:
    """Everything is open and black on white; what only a screen can do is left out; it is a PDF of a few pages."""
    async with reading(desk, color_scheme="dark") as reader:
        page = reader.page
        await page.emulate_media(media="print")
        assert await page.locator("h1").is_visible()
        for hidden in (".top", ".ways", ".change", "footer nav"):
            assert not await page.locator(hidden).first.is_visible(), hidden
        assert await page.locator(".happened details li").first.is_visible()
        colours = await page.evaluate(
            "() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor] }"
        )
        assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        paper = await page.pdf(format="A4")
        assert paper.startswith(b"%PDF-")
        assert 1 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") <= 6
