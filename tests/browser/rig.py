"""A prober with a real Chromium, and a site whose pages are empty without JavaScript."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.chirp import HOST, PHRASES, PLATFORM, Chirp
from watcher.classify import Classified, classify
from watcher.clock import SystemClock
from watcher.metrics import Metrics
from watcher.model.exchange import Exchange, FetchFailure, Purpose, Response, Target, Task
from watcher.model.platform import Platform
from watcher.probe import Prober, open_prober
from watcher.settings.browser import PROGRAMS
from watcher.settings.load import load_platforms
from watcher.settings.values import BrowserSettings, ProbeSettings

PNG = b"\x89PNG\r\n\x1a\n"
needs_chromium = pytest.mark.skipif(
    find_spec("playwright") is None or not any(map(shutil.which, PROGRAMS)),
    reason="needs the extra 'browser' and Chromium: apt-get install chromium-headless-shell",
)
INSIDE = "inside.example"


def platform_of(directory: Path) -> Platform:
    """The platform that Chirp is."""
    (directory / "platforms/phrases").mkdir(parents=True, exist_ok=True)
    (directory / "platforms/chirp.yaml").write_text(PLATFORM, "utf-8")
    (directory / "platforms/phrases/chirp.yaml").write_text(PHRASES, "utf-8")
    return load_platforms(directory / "platforms")["chirp"]


class Rig:
    """Asks for pages of `chirp`, as its sources `page` and `browser` do."""

    def __init__(self, chirp: Chirp, prober: Prober, platform: Platform, metrics: Metrics) -> None:
        self.chirp = chirp
        self.prober = prober
        self.platform = platform
        self.metrics = metrics

    async def fetch(self, handle: str, source: str = "browser", **changes: Any) -> Exchange:
        """What the source answers of a handle."""
        return await self.prober.fetch(self.task(handle, source, **changes))

    async def response(self, handle: str, **changes: Any) -> Response:
        """The same where there must be an answer."""
        outcome = (await self.fetch(handle, **changes)).outcome
        assert isinstance(outcome, Response), outcome
        return outcome

    async def failure(self, handle: str, **changes: Any) -> FetchFailure:
        """The same where there must be none."""
        outcome = (await self.fetch(handle, **changes)).outcome
        assert isinstance(outcome, FetchFailure), outcome
        return outcome

    async def shown(self, html: str, handle: str = "scene", **changes: Any) -> str:
        """What becomes of a page in the browser."""
        self.chirp.page(f"/{handle}", html)
        return (await self.response(handle, **changes)).body.decode()

    async def failed(self, html: str, handle: str = "scene", **changes: Any) -> FetchFailure:
        """Why nothing becomes of it."""
        self.chirp.page(f"/{handle}", html)
        return await self.failure(handle, **changes)

    async def seen(self, handle: str, **changes: Any) -> Classified:
        """What it is taken for."""
        return classify(await self.fetch(handle, **changes))

    def allow(self, seconds: float) -> None:
        """Give each page so much time from now on."""
        browser = self.prober._browser
        browser._settings = replace(browser._settings, timeout=timedelta(seconds=seconds))

    def task(self, handle: str, source: str = "browser", *, waits: bool = False, **changes: Any) -> Task:
        """The question. Pages of a test's own are not waited for, unless it `waits`: they have settled when quiet."""
        asked = next(each for each in self.platform.sources if each.name == source)
        if f"/{handle}" in self.chirp.routes and not waits:
            asked = replace(asked, wait_for=())
        values: dict[str, Any] = {"max_age": timedelta(seconds=10), "timeout": timedelta(seconds=10)}
        return Task(
            purpose=Purpose.ROUTINE,
            platform=self.platform,
            source=asked,
            target=Target(handle=handle, instance=""),
            due=SystemClock().now(),
            **(values | changes),
        )


@asynccontextmanager
async def a_rig(directory: Path, *, within: float = 20, renders: int = 2, **settings: Any) -> AsyncIterator[Rig]:
    """A prober with a browser of its own. Only the site's very address may be connected to beside public ones."""
    metrics = Metrics("0")
    async with Chirp(directory) as chirp:
        probe = ProbeSettings(
            allow_private=(ip_network("127.0.0.1/32"),),
            connect_to={HOST: ("127.0.0.1", chirp.port), **settings.pop("connect_to", {})},
            ca_file=chirp.ca_file,
            contact="test@watcher.example",
            browser=BrowserSettings(timeout=timedelta(seconds=within), renders=renders, **settings),
        )
        prober = open_prober(probe, "1.2.3", SystemClock(), metrics)
        try:
            yield Rig(chirp, prober, platform_of(directory), metrics)
        finally:
            await prober.close()
            await asyncio.sleep(0)
