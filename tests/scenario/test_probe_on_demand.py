"""Somebody scrapes `/probe`: they see what is so, and the watching goes on as if nobody had."""

import asyncio
from pathlib import Path

import aiohttp

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.finding import Verdict
from watcher.model.outage import Phase

TRUMP = "x:realdonaldtrump"
EVERYBODY = [f"https://x.com/someone{number}" for number in range(10)]
TIGHT = "  x: {sources: {page: {robots: override}}, pace: {requests: 10, per: 1m, concurrency: 2}}\n"


def test_it_sees_and_changes_nothing(tmp_path: Path) -> None:
    """Five absences in a row open no outage: they are none of the judge's. The next look of the schedule is."""

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/realDonaldTrump", interval="10m")) as world:
            world.x.set("realDonaldTrump", Page.PRESENT)
            await world.until(lambda: world.state(TRUMP).phase is Phase.UP, minutes=1)
            world.x.set("realDonaldTrump", Page.MISSING_FR)
            before = world.state(TRUMP)
            for _ in range(5):
                status, text = await world.get(f"/probe?account={TRUMP}")
                assert status == 200
                assert 'watcher_probe_verdict{verdict="absent"} 1.0\n' in text
                await world.wait(seconds=11)
            _, explained = await world.get(f"/probe?account={TRUMP}&debug=true")
            assert "Désolé, cette page n'existe pas" in explained
            assert "admits it: a positive control was present after the answer" in explained
            assert world.state(TRUMP) == before
            assert world.state(TRUMP).verdict is Verdict.PRESENT
            await world.until(lambda: world.state(TRUMP).phase is Phase.DOWN, minutes=11)

    run_virtual(story())


async def _looks(world: World, *, scraped: bool) -> float:
    """How many looks the schedule makes in ten minutes, while all accounts are scraped over and over or not."""
    ids = list(world.app.book.watchlist.accounts)
    for account_id in ids:
        world.x.set(account_id.removeprefix("x:"), Page.PRESENT)
    answered: list[str] = []

    async def scrape(account_id: str) -> None:
        url = f"{world.app.web.url}probe?account={account_id}"
        async with aiohttp.ClientSession(headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"}) as session:
            while True:
                async with session.get(url) as answer:
                    assert answer.status == 200
                    answered.append(await answer.text())
                await world.wait(seconds=1)

    await world.wait(minutes=2)
    scrapers = [asyncio.create_task(scrape(account_id)) for account_id in ids if scraped]
    findings = world.app.metrics.findings.labels("x")._value
    before = findings.get()
    await world.wait(minutes=10)
    made = float(findings.get() - before)
    for scraper in scrapers:
        scraper.cancel()
    await asyncio.gather(*scrapers, return_exceptions=True)
    assert all("watcher_probe_success" in text for text in answered)
    assert bool(answered) is scraped
    return made


def test_scrapes_take_nothing_from_the_schedule(tmp_path: Path) -> None:
    """On a host whose pace is used up, the accounts are looked at as often as without the scrapes."""

    async def story(folder: Path, *, scraped: bool) -> float:
        async with World(folder, watching(*EVERYBODY), x_settings=TIGHT) as world:
            return await _looks(world, scraped=scraped)

    alone, scraped = (tmp_path / name for name in ("alone", "scraped"))
    alone.mkdir()
    scraped.mkdir()
    without = run_virtual(story(alone, scraped=False))
    assert without > 50
    assert run_virtual(story(scraped, scraped=True)) >= 0.9 * without


def test_a_scrape_that_waits_holds_up_no_end(tmp_path: Path) -> None:
    """The program stops; whoever waits for a look is told so."""

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/realDonaldTrump")) as world:
            world.x.set("realDonaldTrump", Page.PRESENT)
            await world.until(lambda: world.state(TRUMP).phase is Phase.UP, minutes=1)
            world.x.set("realDonaldTrump", Page.HANG)
            asking = asyncio.create_task(world.get(f"/probe?account={TRUMP}"))
            await world.wait(seconds=1)
            began = world.now
            await world.stop()
            assert await asking == (503, "watcher is stopping\n")
            assert (world.now - began).total_seconds() < 8

    run_virtual(story())
