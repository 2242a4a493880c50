"""A real Prometheus scrapes the running program: what it knows is what the store knows, over restarts and edits."""

import asyncio
import json
import re
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.fakes.newsroom import CONTROLS, WATCHLIST, configure
from tests.process.command import Watcher, get
from tests.process.prometheus import Alertmanager, Prometheus, Receiver, free_port, part
from tests.unit.web import story
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.metrics import Metrics
from watcher.model.annotation import Annotation
from watcher.model.outage import Outage, Phase, Transition
from watcher.model.reload import Outcome
from watcher.model.sample import Sample
from watcher.model.uptime import History
from watcher.settings.values import WebSettings
from watcher.web import WebServer

SHIPPED = Path(__file__).parents[2] / "config" / "prometheus"
TRUMP, POTUS = "x:realdonaldtrump", "x:potus"
OPENMETRICS = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75"
COUNTERS = ("outage_seconds", "outages", "unobserved_seconds", "observed_seconds", "outage_unobserved_seconds")


class Desk:
    """watcher at an address that stays the same, whichever process it is."""

    def __init__(self, directory: Path, platform: ScriptedPlatform) -> None:
        self.port = free_port()
        self.platform = platform
        self.config = configure(directory, platform, port=self.port)
        self._running: Watcher

    @property
    def url(self) -> str:
        """Its page."""
        return f"http://127.0.0.1:{self.port}/"

    async def __aenter__(self) -> Self:
        self._running = await Watcher("run", "--config", self.config).__aenter__()
        await self._running.url()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.__aexit__(kind, error, trace)

    async def restart(self) -> None:
        """End the process in order and begin another."""
        self._running.stop()
        assert (await self._running.ended(within=10)).status == 0
        await self.__aenter__()

    async def die(self) -> None:
        """Kill the process and begin another."""
        self._running.stop(signal.SIGKILL)
        assert (await self._running.ended(within=10)).status == -signal.SIGKILL
        await self.__aenter__()

    async def take_up(self, watchlist: str) -> None:
        """Edit the watchlist, and have it noticed."""
        (self.config.parent / "watchlist.yaml").write_text(watchlist, "utf-8")
        self._running.stop(signal.SIGHUP)
        await self.logged("configuration_reloaded")

    async def logged(self, part: str) -> None:
        """Wait for that line of the log."""
        await self._running.logged(part)

    async def goes(self, handle: str) -> None:
        """`handle` disappears, and watcher says so."""
        self.platform.set(handle, Page.MISSING_FR)
        await self.logged(f"@{handle} is not available on X")

    async def comes_back(self, handle: str) -> None:
        """`handle` is there again, and watcher says so."""
        self.platform.set(handle, Page.PRESENT)
        await self.logged(f"@{handle} is back on X after ")

    async def outages(self) -> list[dict[str, Any]]:
        """What the store knows, the latest first."""
        found: list[dict[str, Any]] = json.loads((await get(f"{self.url}api/v1/outages"))[1])
        return found


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Two accounts that are there, and were seen."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in (*CONTROLS, "POTUS", "realDonaldTrump"):
            platform.set(handle, Page.PRESENT)
        async with Desk(tmp_path / "desk", platform) as desk:
            for _ in (POTUS, TRUMP):
                await desk.logged("AccountFirstSeen")
            yield desk


def scraping(desk: Desk, *, alertmanager: str = "", rules: Path | None = None) -> str:
    """The configuration that is shipped, for that watcher, and quick."""
    text = (SHIPPED / "prometheus.yml").read_text("utf-8")
    for old, new in (
        ("127.0.0.1:11102", f"127.0.0.1:{desk.port}"),
        ("127.0.0.1:9093", alertmanager or "127.0.0.1:1"),
        ("scrape_interval: 30s", "scrape_interval: 250ms"),
        ("evaluation_interval: 30s", "evaluation_interval: 250ms"),
        ("scrape_interval: 5m", "scrape_interval: 2s"),
        ("scrape_timeout: 30s", "scrape_timeout: 2s"),
        ("targets: []", f'targets: ["{POTUS}"]'),
        ("rules/*.yml", str(rules or SHIPPED / "rules" / "*.yml")),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def hurried(directory: Path) -> Path:
    """The alert rules that are shipped, not waiting."""
    path = directory / "watcher-alerts.yml"
    text = (SHIPPED / "rules" / "watcher-alerts.yml").read_text("utf-8")
    path.write_text(re.sub(r"\bfor: \w+", "for: 250ms", text), "utf-8")
    return path


async def assert_well_formed(desk: Desk) -> None:
    """Promtool has nothing to say of what the process gives, /probe included; Prometheus' own wish is OpenMetrics."""
    for path in ("metrics", f"probe?account={POTUS}"):
        _, plain = await get(f"{desk.url}{path}")
        command = [part("promtool"), "check", "metrics"]
        checked = await asyncio.to_thread(
            subprocess.run, command, input=plain.encode(), capture_output=True, check=False
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{desk.url}{path}", headers={"Accept": OPENMETRICS}) as answer,
        ):
            assert answer.content_type == "application/openmetrics-text"
            assert list(text_string_to_metric_families(await answer.text()))  # type: ignore[no-untyped-call]


async def test_the_record_is_the_stores(desk: Desk, tmp_path: Path) -> None:
    """Durations read back equal the store's, no counter falls over a restart or a kill, removed series vanish."""
    async with Prometheus(tmp_path / "prometheus", scraping(desk)) as prometheus:
        await prometheus.until("watcher_account_up", {TRUMP: 1, POTUS: 1})
        assert (await prometheus.targets())["watcher"] == ("up", "")
        await prometheus.until(
            'watcher_probe_verdict{verdict="present"} * on (account) watcher_probe_success', {POTUS: 1}
        )

        await desk.goes("realDonaldTrump")
        await prometheus.until("watcher_account_up", {TRUMP: 0, POTUS: 1})
        await desk.comes_back("realDonaldTrump")
        [outage] = await desk.outages()
        lasted = outage["duration_seconds"]["best"]
        only_one = f'{{account="{TRUMP}"}}'
        await prometheus.until(f"watcher_account_last_outage_duration_seconds{only_one}", {TRUMP: lasted})
        await prometheus.until(f"watcher_account_outage_seconds_total{only_one}", {TRUMP: lasted})  # once it is stored
        seconds = (await prometheus.samples(f"watcher_account_outage_seconds_total{only_one}"))[TRUMP]
        assert (seconds[0], seconds[-1]) == (0, lasted)
        [increase] = (await prometheus.query(f"increase(watcher_account_outage_seconds_total{only_one}[1h])")).values()
        assert increase == pytest.approx(lasted, rel=0.2)  # it extrapolates to the ends of the window

        await desk.goes("realDonaldTrump")
        await desk.restart()
        # What is seen from now on changes no phase: it waits ten seconds to be written, and the kill takes it away.
        seen = f"watcher_account_last_verdict_timestamp_seconds > bool {SystemClock().now().timestamp() + 2}"
        await prometheus.until(seen, {TRUMP: 1, POTUS: 1})
        await desk.die()
        await desk.comes_back("realDonaldTrump")
        later, _ = await desk.outages()
        both = pytest.approx(lasted + later["duration_seconds"]["best"])
        await prometheus.until("watcher_account_outages_total", {TRUMP: 2, POTUS: 0})
        await prometheus.until("watcher_account_up", {TRUMP: 1, POTUS: 1})
        await prometheus.until(f"watcher_account_outage_seconds_total{only_one}", {TRUMP: both})
        for name in COUNTERS:
            metric = f"watcher_account_{name}_total"
            assert await prometheus.query(f"resets({metric}[1h])") == {TRUMP: 0, POTUS: 0}
        assert (await prometheus.query(f"watcher_account_unobserved_seconds_total{only_one}"))[TRUMP] > 0

        await desk.take_up("\n".join(line for line in WATCHLIST.splitlines() if "realDonaldTrump" not in line))
        await prometheus.until("watcher_account_up", {POTUS: 1})
        # What the rules record of a day stays for a day, if one of their minutes came during the test.
        assert await prometheus.query(f'count({{__name__=~"watcher_.+", account="{TRUMP}"}})') == {}
        await desk.take_up(WATCHLIST)
        await prometheus.until(f"watcher_account_outage_seconds_total{only_one}", {TRUMP: both})
        for name in COUNTERS:
            assert (await prometheus.query(f"resets(watcher_account_{name}_total[1h])"))[TRUMP] == 0


async def test_ten_thousand_accounts_are_taken_as_they_change(tmp_path: Path) -> None:
    """The packed lines that are kept, put together with new ones, are what a real Prometheus ingests: every series."""
    size = 10_000
    accounts = {each.id: each for each in (story.account(f"user{number}") for number in range(size))}
    states = {each.id: story.state(each) for each in accounts.values()}
    shown = replace(story.snapshot(), accounts=accounts, states=states)
    settings, registry = WebSettings(port=0), Metrics("1").registry
    server = WebServer(settings, lambda: shown, Unasked(), Unasked().reload, registry, "1")
    await server.start()
    config = (
        "global: {scrape_interval: 2s, scrape_timeout: 2s}\n"
        f"scrape_configs: [{{job_name: watcher, static_configs: [{{targets: ['{urlsplit(server.url).netloc}']}}]}}]\n"
    )
    try:
        async with Prometheus(tmp_path, config) as prometheus:
            await prometheus.until("count(watcher_account_up == 1)", {"": size})
            assert await prometheus.query('count({__name__=~"watcher_account_.+"})') == {"": 9 * size}
            for number, each in enumerate(accounts.values()):
                if number % 1000 == 0:
                    states[each.id] = replace(states[each.id], phase=Phase.DOWN, outage=story.outage(), outages_total=1)
            await prometheus.until("count(watcher_account_up == 0)", {"": size // 1000})
            assert await prometheus.query("sum(watcher_account_outages_total)") == {"": size // 1000}
            assert await prometheus.query("count(watcher_account_up)") == {"": size}
            assert (await prometheus.targets())["watcher"] == ("up", "")
    finally:
        await server.stop()


class Unasked:
    """What is stored, and the configuration, which a scrape does not ask for."""

    async def outages(self, **_query: Any) -> tuple[Outage, ...]:
        """Not asked."""
        raise NotImplementedError

    async def annotations(self, _outage_ids: Sequence[str], /) -> Mapping[str, tuple[Annotation, ...]]:
        """Not asked."""
        raise NotImplementedError

    async def history(self, _account_id: str, _since: datetime, /) -> History:
        """Not asked."""
        raise NotImplementedError

    async def histories(self, _account_ids: Collection[str], _since: datetime, /) -> Mapping[str, History]:
        """Not asked."""
        raise NotImplementedError

    async def transitions(self, _account_id: str, _limit: int, /) -> tuple[Transition, ...]:
        """Not asked."""
        raise NotImplementedError

    async def samples(self, _account_id: str, _limit: int, /) -> tuple[Sample, ...]:
        """Not asked."""
        raise NotImplementedError

    async def reload(self, _force: bool) -> Outcome:
        """Not asked."""
        raise NotImplementedError


async def test_an_alert_goes_all_the_way(desk: Desk, tmp_path: Path) -> None:
    """Through the rules that are shipped and a real Alertmanager to a receiver, within 15 s; and its end as well."""
    routes = "route: {receiver: desk, group_by: [alertname, account], group_wait: 0s, group_interval: 1s}\n"
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Receiver())
        config = f"{routes}receivers: [{{name: desk, webhook_configs: [{{url: '{receiver.url}'}}]}}]\n"
        alertmanager = await stack.enter_async_context(Alertmanager(tmp_path / "alertmanager", config))
        text = scraping(desk, alertmanager=alertmanager.address, rules=hurried(tmp_path))
        prometheus = await stack.enter_async_context(Prometheus(tmp_path / "prometheus", text))
        await prometheus.until("watcher_account_up", {TRUMP: 1, POTUS: 1})
        began = time.monotonic()
        desk.platform.set("realDonaldTrump", Page.MISSING_FR)
        alert = await receiver.told("WatcherAccountGone", "firing")
        assert time.monotonic() - began < 15
        assert alert["labels"] == {
            "alertname": "WatcherAccountGone",
            "account": TRUMP,
            "platform": "x",
            "instance": f"127.0.0.1:{desk.port}",
            "job": "watcher",
            "severity": "critical",
        }
        assert (
            "realDonaldTrump (https://x.com/realDonaldTrump) is shown as missing" in alert["annotations"]["description"]
        )
        desk.platform.set("realDonaldTrump", Page.PRESENT)
        over = await receiver.told("WatcherAccountGone", "resolved")
        assert over["labels"] == alert["labels"]
        assert await prometheus.query('ALERTS{alertstate="firing"}') == {}
