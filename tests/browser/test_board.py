"""The board and the account's page in a real Chromium, as people use them: by mouse, by keyboard, on a phone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect

from tests.browser.rig import needs_chromium
from tests.browser.scene import NOW, TOKEN, Scene, a_scene, account_of, outage_of, up
from tests.browser.viewer import DESK, PHONE, a_browser, a_viewer
from tests.process.command import Watcher
from tests.unit.web.story import HOSTILE
from watcher.model.account import Owner
from watcher.model.outage import Phase

pytestmark = [needs_chromium, pytest.mark.timeout(90)]
TRUMP = "/accounts/x%3Arealdonaldtrump"


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """The desk of that evening."""
    async with a_scene() as scene:
        yield scene


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser."""
    async with a_browser() as browser:
        yield browser


async def test_walked_through_with_a_mouse(scene: Scene, browser: Browser) -> None:
    """Who is gone, what is known of it, one look, a silence: with a wrong token nothing is lost; then back, search."""
    async with a_viewer(browser, scene.server.url) as viewer:
        page = viewer.page
        await viewer.open("/")
        assert await page.title() == "(1) watcher"
        assert (await viewer.names())[0] == "@realDonaldTrump"
        await page.get_by_role("link", name="1 unavailable").click()
        assert await viewer.names() == ["@realDonaldTrump"]
        await page.get_by_role("link", name="@realDonaldTrump", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("@realDonaldTrump")
        await page.get_by_role("button", name="Probe now").click()
        assert "admits it: a positive control was present" in await viewer.words("#seen")
        assert scene.looked == ["x:realdonaldtrump"]
        await page.get_by_label("How long").fill("3h")
        await page.get_by_label("Why").fill("we know; the lawyers are on it")
        await page.get_by_label("Token").fill("a guess")
        await page.get_by_role("button", name="Silence").click()
        await expect(page.get_by_role("alert")).to_have_text("that is not the token of web.token")
        assert await page.get_by_label("Why").input_value() == "we know; the lawyers are on it"
        await page.get_by_label("Token").fill(TOKEN)
        await page.get_by_role("button", name="Silence").click()
        await expect(page.get_by_text("Nobody is told until")).to_contain_text("we know; the lawyers are on it")
        [silence] = scene.store.silences(None)
        assert silence.ends_at - silence.starts_at == timedelta(hours=3)
        await page.get_by_role("link", name="Board").click()
        await page.get_by_label("Search").fill("nasa")
        await page.get_by_role("button", name="Show").click()
        assert sorted(await viewer.names()) == ["@NASA", "@nasa"]
        await page.get_by_text("Filter, group, order").click()
        await page.get_by_label("Together by").select_option("platform")
        await page.get_by_role("button", name="Show").click()
        assert await page.locator("#rows .heading").all_inner_texts() == ["GitHub", "YouTube"]


async def test_walked_through_by_keyboard_alone(scene: Scene, browser: Browser) -> None:
    """Tab and Enter lead past the navigation, to a search, an account, a look, and a silence."""
    async with a_viewer(browser, scene.server.url) as viewer:
        page, keys = viewer.page, viewer.page.keyboard
        await viewer.open("/")
        await keys.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "To the content"
        await keys.press("Enter")
        await viewer.tab_to("#q")
        await keys.type("trump")
        await keys.press("Enter")
        await page.wait_for_url("**/?q=trump**")
        await viewer.tab_to(".name")
        await keys.press("Enter")
        await page.wait_for_url(f"**{TRUMP}")
        await viewer.tab_to("button")
        await keys.press("Enter")
        await page.wait_for_url("**/look")
        await viewer.tab_to("#for")
        for text in ("1h", "moving", "night desk", TOKEN):
            await keys.press("ControlOrMeta+A")
            await keys.type(text)
            await keys.press("Tab")
        await keys.press("Enter")
        await page.wait_for_url(f"**{TRUMP}#silences")
        assert [(each.comment, each.by) for each in scene.store.silences(None)] == [("moving", "night desk")]


async def test_everything_is_there_without_scripts(scene: Scene, browser: Browser) -> None:
    """Search, filter and accounts, by links and forms; the board loads itself anew every minute instead."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(scene.server.url)
    assert 'http-equiv="refresh" content="60"' in await page.content()
    await page.get_by_label("Search").fill("trump")
    await page.get_by_text("Filter, group, order").click()
    await page.get_by_label("State", exact=True).select_option("trouble")
    await page.get_by_role("button", name="Show").click()
    assert await page.locator("#rows .name").all_inner_texts() == ["@realDonaldTrump"]
    assert "7 min 8 s" in await page.locator("#rows .clock").inner_text()
    await page.locator("#rows .name").click()
    await page.get_by_role("button", name="Probe now").click()
    assert await page.locator("#seen").count() == 1
    await context.close()


async def test_what_changes_is_shown_on_the_open_board(scene: Scene, browser: Browser) -> None:
    """Without a reload: state, place, counts, title, what a screen reader says; the focus stays; clocks run."""
    async with a_viewer(browser, scene.server.url) as viewer:
        page = viewer.page
        await viewer.open("/")
        await page.evaluate("window.untouched = true")
        link = page.get_by_role("link", name="@who.int", exact=True)
        await link.focus()
        scene.now += timedelta(seconds=30)
        gone = outage_of(scene.accounts["bluesky:who.int"], 9, scene.now - timedelta(seconds=25), None)
        scene.goes("bluesky:who.int", Phase.DOWN, outage=gone)
        await expect(page).to_have_title("(2) watcher")
        assert "unavailable" in await viewer.row("@who.int")
        assert (await viewer.names())[:2] == ["@realDonaldTrump", "@who.int"]
        assert await page.locator("#say").text_content() == "@who.int on Bluesky: unavailable"
        assert await page.evaluate("document.activeElement.textContent") == "@who.int"
        assert await page.locator("#counts").inner_text() != ""
        running = page.locator("#rows tr", has_text="@who.int").locator(".clock strong")
        before = await running.inner_text()
        await expect(running).not_to_have_text(before)
        scene.accounts = {each: account for each, account in scene.accounts.items() if each != "x:potus"}
        await expect(page.get_by_role("link", name="@POTUS", exact=True)).to_have_count(0)
        newcomer = account_of("fresh.example", "bluesky", "desk")
        scene.add(newcomer, up(newcomer, scene.now), 0.1)
        await expect(page.get_by_role("link", name="@fresh.example", exact=True)).to_have_count(1)
        assert await page.evaluate("window.untouched")


async def test_running_bounds_hold(scene: Scene, browser: Browser) -> None:
    """What the script counts on is at most so long: rounded up, as the page had it, and not to a whole hour."""
    gone = {"x:potus": timedelta(days=1, hours=1, minutes=49, seconds=40), "x:who": timedelta(hours=3, seconds=5.2)}
    for account_id, since in gone.items():
        scene.goes(account_id, Phase.DOWN, outage=outage_of(scene.accounts[account_id], 9, NOW - since, None))
    async with a_viewer(browser, scene.server.url) as viewer:
        await viewer.page.clock.install(time=NOW)
        await viewer.page.clock.pause_at(NOW)
        await viewer.open("/")
        assert "so far at least 1 d 1 h 49 min, at most 1 d 1 h 51 min" in await viewer.row("@POTUS")
        assert "at most 3 h 46 s" in await viewer.row("@WHO")
        await viewer.page.clock.run_for(15_000)
        assert "at most 1 d 1 h 51 min" in await viewer.row("@POTUS")
        assert "at most 3 h 1 min 1 s" in await viewer.row("@WHO")


async def test_it_connects_again(scene: Scene, browser: Browser) -> None:
    """A server that was away is said to be; when it is there again, what has changed meanwhile is shown."""
    async with a_viewer(browser, scene.server.url) as viewer:
        page = viewer.page
        await viewer.open("/")
        await page.evaluate("window.untouched = true")
        port = int(scene.server.url.rsplit(":", 1)[1].strip("/"))
        await scene.server.stop()
        await expect(page.locator("#live")).to_have_text("· not connected, trying again")
        scene.goes("x:potus", Phase.DOWN, outage=outage_of(scene.accounts["x:potus"], 9, NOW, None))
        async with a_scene(filled=False, port=port) as again:
            again.accounts, again.states = scene.accounts, scene.states
            await expect(page).to_have_title("(2) watcher", timeout=20_000)
            await expect(page.locator("#live")).to_have_text("· live")
            assert await page.evaluate("window.untouched")
        viewer.faults = [fault for fault in viewer.faults if "ERR_" not in fault]


async def test_what_is_old_is_not_said_to_be_of_now(scene: Scene, browser: Browser) -> None:
    """Without a server the board is grey, and as of when it was last heard; spans run on. With one, it is of now."""
    async with a_viewer(browser, scene.server.url) as viewer:
        page, board, at = viewer.page, viewer.page.locator("#board"), viewer.page.locator("#at")
        await page.clock.install(time=NOW)
        await page.clock.pause_at(NOW)
        await viewer.open("/")
        port = int(scene.server.url.rsplit(":", 1)[1].strip("/"))
        await scene.server.stop()
        await expect(page.locator("#live")).to_have_text("· not connected, trying again")
        await page.clock.run_for(300_000)
        await expect(at).to_have_text("2017-11-02 23:07:30")
        await expect(at).to_have_attribute("datetime", "2017-11-02T23:07:30.000Z")
        await expect(board).to_have_class("old")
        await expect(page.locator("#rows .clock strong").first).to_have_text("12 min 8 s")
        async with a_scene(filled=False, port=port) as again:
            again.accounts, again.states, again.now = scene.accounts, scene.states, NOW + timedelta(minutes=6)
            await expect(at).to_have_text("2017-11-02 23:13:30", timeout=20_000)
            await expect(board).not_to_have_class("old")
        viewer.faults = [fault for fault in viewer.faults if "ERR_" not in fault]


async def test_hostile_names_do_nothing(scene: Scene, browser: Browser) -> None:
    """Names, quotes and addresses that are markup stay text: on the page, in what is sent later, on the account's."""
    nasty = f"<img src=x onerror=\"pwned.push('name')\">{HOSTILE}".replace("\ud800", "")  # no file can hold that
    evil = account_of(nasty, "bluesky", "evil")
    scene.owners = {**scene.owners, "evil": Owner(id="evil", name=nasty)}
    scene.add(evil, up(evil, NOW - timedelta(days=1)), 1)
    async with a_viewer(browser, scene.server.url) as viewer:
        await viewer.open("/?group=owner")
        outage = outage_of(evil, 1, NOW - timedelta(seconds=30), None)
        scene.now += timedelta(seconds=5)
        scene.goes(evil.id, Phase.DOWN, outage=replace(outage, quote=nasty, language='"><b>'))
        await expect(viewer.page).to_have_title("(2) watcher")
        row = viewer.page.locator("#rows tr.bad", has_text="pwned").first
        assert "<img src=x onerror=" in await row.inner_text()
        await row.locator(".name").click()
        await expect(viewer.page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
        assert await viewer.page.locator("main img, main b").count() == 0


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_axe_finds_nothing(scene: Scene, browser: Browser, size: object, colours: object) -> None:
    """Names, roles, contrasts, order: of the board, grouped and open in all its parts, and of the account's page."""
    async with a_viewer(browser, scene.server.url, size=size, colours=colours) as viewer:  # type: ignore[arg-type]
        for path in ("/?group=owner&state=trouble", TRUMP, "/accounts/nobody"):
            await viewer.open(path)
            await viewer.page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
            assert await viewer.inaccessible() == [], path
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not await viewer.page.evaluate(wide), f"{path} is wider than the screen"


async def test_the_words_of_a_button_stay_on_one_line(scene: Scene, browser: Browser) -> None:
    """Beside a long sentence too, on a phone."""
    async with a_viewer(browser, scene.server.url, size=PHONE) as viewer:
        await viewer.open(TRUMP)
        button = viewer.page.get_by_role("button", name="Probe now")
        lines = "(button) => { const r = document.createRange(); r.selectNodeContents(button);"
        assert await button.evaluate(lines + " return r.getClientRects().length; }") == 1


@pytest.mark.timeout(180)
async def test_the_eleven_minutes_on_the_open_board(browser: Browser) -> None:
    """`watcher demo`, and a board left open: gone with the page's own words, back again.

    A look that is asked for then sees it too; the program ends while the board is open. Twenty times as fast, so that
    on a busy machine too the board is open before it is over.
    """
    async with Watcher("demo", "--speed", "20", "--port", "0") as demo:
        async with a_viewer(browser, await demo.url()) as viewer:
            page = viewer.page
            await viewer.open("/")
            await page.evaluate("window.untouched = true")
            await expect(page).to_have_title("(1) watcher", timeout=60_000)
            assert "Désolé, cette page n'existe pas" in await viewer.row("@realDonaldTrump")
            assert "available" in await viewer.row("@POTUS")
            await expect(page).to_have_title("watcher", timeout=60_000)
            assert "unavailable" not in await viewer.words("#rows")
            assert await page.evaluate("window.untouched")
            await page.get_by_role("link", name="@realDonaldTrump", exact=True).click()
            await expect(page.get_by_text("available again: confirmed")).to_be_visible()
            assert "Next probe" in await viewer.words(".facts")
            await page.get_by_role("button", name="Probe now").click()
            await expect(page.locator("#seen .badge")).to_have_text("present")
            await viewer.open("/")
            demo.stop()
            ended = await demo.ended(within=10)
            viewer.faults = [fault for fault in viewer.faults if "ERR_" not in fault]
        assert ended.err == ""
