"""The heartbeat that goes out: it comes while watcher works, and stays away, or says so, while it does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from tests.fakes.clock import FakeClock
from tests.fakes.disk import Locked
from tests.fakes.slack import NO_SERVICE
from tests.fakes.virtual_time import run_virtual
from tests.scenario.test_store_that_fails import begin, end
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.metrics import Metrics
from watcher.run.pulse import Pulse
from watcher.settings.values import Heartbeat, Secret

S = timedelta(seconds=1)


@dataclass(slots=True)
class Switch:
    """A dead man's switch on a real socket: what it got, and with which status it answers."""

    pings: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        """One ping."""
        self.pings.append((request.path_qs, await request.text()))
        return web.Response(status=self.status, text="OK")


@asynccontextmanager
async def switch() -> AsyncIterator[Switch]:
    """One that listens."""
    made, app = Switch(), web.Application()
    app.router.add_post("/{tail:.*}", made.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/secret-part"
    yield made
    await runner.cleanup()


class Beside:
    """A pulse with what is around it."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, fail: bool) -> None:
        self.clock = FakeClock(datetime(2017, 11, 2, 23, tzinfo=UTC))
        self.metrics = Metrics("test")
        self.trouble: tuple[str, ...] = ()
        self.settings: Heartbeat | None = Heartbeat(url=Secret(url), fail=fail)
        self.pulse = Pulse(lambda: self.settings, lambda: self.trouble, session, self.clock, self.metrics, 0.5 * S)

    async def after(self, span: timedelta) -> None:
        """Look so much later."""
        await self.clock.run_for(span)
        await self.pulse.look()

    def value(self, name: str) -> float | None:
        """A sample of the metrics."""
        return self.metrics.registry.get_sample_value(name)


@pytest.mark.parametrize("fail", [False, True])
async def test_it_comes_at_every_interval_while_all_is_well(fail: bool) -> None:
    """Once a minute; while something is wrong it stays away, then comes at once; or goes to /fail at once, with why."""
    async with switch() as taken, aiohttp.ClientSession() as session:
        it = Beside(session, taken.url + "?rid=1", fail=fail)
        for _ in range(31):
            await it.after(2 * S)
        assert [path for path, _ in taken.pings] == ["/secret-part?rid=1"] * 2
        it.trouble = ("the store has been failing for 30 s",)
        await it.after(2 * S)
        said = [("/secret-part/fail?rid=1", it.trouble[0])]
        assert taken.pings[2:] == (said if fail else [])
        for _ in range(45):
            await it.after(2 * S)
        assert taken.pings[2:] == (said * 2 if fail else [])
        it.trouble = ()
        await it.after(30 * S if fail else 2 * S)
        assert taken.pings[-1][0] == "/secret-part?rid=1"
        assert len(taken.pings) == (5 if fail else 3)
        it.settings = None
        await it.after(120 * S)
        assert len(taken.pings) == (5 if fail else 3)


async def test_a_ping_that_fails_is_said_once_and_counted() -> None:
    """A status, or nobody there: one warning, one word when it works again, never the URL; the next comes in time."""
    async with switch() as taken, aiohttp.ClientSession() as session:
        it = Beside(session, taken.url, fail=False)
        taken.status = 500
        with capture_logs() as logs:
            await it.after(60 * S)
            await it.after(60 * S)
            it.settings = Heartbeat(url=Secret("http://127.0.0.1:1/secret-part"))
            await it.after(60 * S)
            it.settings = Heartbeat(url=Secret(taken.url))
            taken.status = 200
            await it.after(60 * S)
        assert [line["event"] for line in logs] == ["heartbeat_not_taken", "heartbeat_taken_again"]
        assert "secret-part" not in str(logs)
        assert (it.value("watcher_heartbeats_total"), it.value("watcher_heartbeats_failed_total")) == (4, 3)


def test_it_stops_when_the_store_fails(tmp_path: Path) -> None:
    """While nothing can be written there is no ping; afterwards there is."""

    async def story() -> None:
        async with switch() as taken:
            settings = f"heartbeat: {{url: {taken.url}, interval: 10s}}\n"
            watchlist = watching("https://x.com/alice")
            async with World(
                tmp_path, watchlist, durable=True, threaded=False, patience=0.005 * S, settings=settings
            ) as w:
                await w.wait(minutes=1)
                assert len(taken.pings) >= 5
                fault = Locked()
                await begin(w, fault)
                await w.wait(seconds=45)
                before = len(taken.pings)
                await w.wait(minutes=2)
                assert len(taken.pings) == before
                await end(w, fault)
                await w.wait(seconds=45)
                assert len(taken.pings) >= before + 2

    run_virtual(story())


def test_none_comes_while_nobody_can_be_told(tmp_path: Path) -> None:
    """When the only channel takes nothing any more, the switch is the one way to hear of it."""

    async def story() -> None:
        async with switch() as taken:
            settings = f"heartbeat: {{url: {taken.url}, interval: 10s, fail: true}}\n"
            async with World(tmp_path, watching("https://x.com/alice"), settings=settings) as world:
                world.x.set("alice", Page.PRESENT)
                await world.wait(minutes=2)
                world.slack.script(*[NO_SERVICE] * 5)
                world.x.set("alice", Page.MISSING_FR)
                await world.wait(minutes=3)
                assert taken.pings[-1] == ("/secret-part/fail", "no channel takes anything")

    run_virtual(story())
