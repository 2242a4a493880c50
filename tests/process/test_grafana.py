"""What the dashboards ask, asked of a real Prometheus that scrapes a running watcher: nothing is empty.

No Grafana is here. A test puts values in the place of its variables as it would, and sends every query of every panel,
variable and annotation, as Grafana would send it. The queries of the runbooks and of docs/metrics.md are sent too.
"""

import asyncio
import math
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.newsroom import CONTROLS, configure
from tests.process.command import PATIENCE, Watcher
from tests.process.prometheus import Prometheus, free_port
from tests.unit.dashboards import (
    ALL,
    WINDOWS,
    Query,
    chosen,
    dashboards,
    label_values,
    queries,
    variables,
)
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform

pytestmark = pytest.mark.timeout(180)

ROOT = Path(__file__).parents[2]
RULES = ROOT / "config/prometheus/rules"
GONE, THERE, UNSEEN, ELSEWHERE = "x:realdonaldtrump", "x:potus", "x:walled", "mastodon:newsroom@fosstodon.org"
WATCHLIST = """\
defaults: {interval: 1s, confirm: {threshold: 2, interval: 1s}, recover: {threshold: 2, interval: 1s}}
owners: {potus45: Donald J. Trump}
accounts:
  - {url: https://x.com/realDonaldTrump, owner: potus45}
  - {url: https://x.com/POTUS, owner: potus45}
  - https://x.com/walled
  - {platform: mastodon, handle: "@newsroom@fosstodon.org"}
"""
SETTINGS = """\
channels:
  - {name: log, kind: log}
  - {name: hook, kind: webhook, url: "http://127.0.0.1:1/"}
  - {name: am, kind: alertmanager, peers: "http://127.0.0.1:1"}
routes: [{name: default, channels: [log, hook, am]}]
"""
SPANS = {"__rate_interval": "30s", "__interval": "5s", "__range": "2m"}
PROMQL = re.compile(r"^```promql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def rules(directory: Path) -> str:
    """Those that are shipped, each group every second and no alert waiting."""
    directory.mkdir()
    for path in RULES.glob("*.yml"):
        text = re.sub(r"\binterval: \w+", "interval: 1s", path.read_text("utf-8"))
        (directory / path.name).write_text(re.sub(r"\bfor: \w+", "for: 1s", text), "utf-8")
    return str(directory / "*.yml")


class Scene:
    """An hour of a desk in seconds, with everything in it that a dashboard shows; and the Prometheus that saw it."""

    def __init__(self, directory: Path, platform: ScriptedPlatform) -> None:
        self.port = free_port()
        self.platform = platform
        self.config = configure(directory, platform, watchlist=WATCHLIST, port=self.port, settings=SETTINGS, asked="")
        freely = "pace: {requests: 6000, per: 1m, concurrency: 20}"
        where = f'"127.0.0.1:{platform.port}"'
        text = self.config.read_text("utf-8").replace("connect_to: {", f"connect_to: {{fosstodon.org: {where}, ")
        text += f"platforms: {{x: {{sources: {{page: {{robots: override}}}}, {freely}}}, mastodon: {{{freely}}}}}\n"
        self.config.write_text(text, "utf-8")

    @property
    def scraping(self) -> str:
        """For prometheus.yml, but for the rules."""
        job = f'{{job_name: watcher, static_configs: [{{targets: ["127.0.0.1:{self.port}"]}}]}}'
        return (
            f"global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nscrape_configs: [{job}]\n"
        )

    async def play(self, prometheus: Prometheus) -> None:
        """An outage that is over, another one, a wall, and messages that arrive and fail."""
        everybody = {GONE: 1, THERE: 1, UNSEEN: 1, ELSEWHERE: 1}
        await prometheus.until("watcher_account_up", everybody)
        await self._vanish(prometheus)
        self.platform.set("realDonaldTrump", Page.PRESENT)
        self.platform.set("walled", Page.PRESENT)
        await prometheus.until("watcher_account_up", everybody)
        await self._vanish(prometheus)
        # What is stored comes up to ten seconds later, and what is recorded after that.
        for metric, account in (("outage_seconds", GONE), ("unobserved_seconds", UNSEEN), ("outages", GONE)):
            await prometheus.until(f'watcher_account_{metric}_total{{account="{account}"}} > bool 0', {account: 1})
        await prometheus.until("count(account:watcher_account_uptime:ratio90d) > bool 3", {"": 1})
        firing = 'max by (account) (ALERTS{alertname="WatcherAccountGone", alertstate="firing"})'
        await prometheus.until(firing, {GONE: 1})
        await prometheus.until("max(watcher_notification_queue_length) > bool 0", {"": 1})

    async def _vanish(self, prometheus: Prometheus) -> None:
        """One is gone, another cannot be seen."""
        self.platform.set("realDonaldTrump", Page.MISSING_FR)
        self.platform.set("walled", Page.LOGIN_WALL)
        await prometheus.until("watcher_account_up", {GONE: 0, THERE: 1, ELSEWHERE: 1})


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[Prometheus]:
    """Of the scene, once it is played; everything still runs."""
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(ScriptedPlatform(SystemClock(), tmp_path))
        for handle in (*CONTROLS, "POTUS", "realDonaldTrump", "walled", "newsroom", "fosstodon", "libreoffice"):
            platform.set(handle, Page.PRESENT)
        scene = Scene(tmp_path / "desk", platform)
        watcher = await stack.enter_async_context(Watcher("run", "--config", scene.config))
        await watcher.url()
        # Its log is long: nobody else reads it here.
        reading = asyncio.create_task(_read(watcher))
        stack.callback(reading.cancel)
        config = f'{scene.scraping}rule_files: ["{rules(tmp_path / "rules")}"]\n'
        running = await stack.enter_async_context(Prometheus(tmp_path / "prometheus", config))
        await scene.play(running)
        yield running


async def _read(watcher: Watcher) -> None:
    await watcher.logged("nothing has this in it")


async def answered(prometheus: Prometheus, query: Query, values: dict[str, str]) -> list[dict[str, Any]]:
    """The series that come of a query, each with the values that are numbers."""
    expression = query.filled({**SPANS, **values})
    if query.is_range:
        now = SystemClock().now().timestamp()
        found = await prometheus.get("query_range", query=expression, start=str(now - 30), end=str(now), step="1")
    else:
        found = await prometheus.get("query", query=expression)
    series = [
        {"metric": each["metric"], "values": [float(value) for _, value in each.get("values") or [each["value"]]]}
        for each in found["result"]
    ]
    return [each for each in series if any(map(math.isfinite, each["values"]))]


async def test_what_is_asked_is_answered(prometheus: Prometheus) -> None:
    """Every query of every dashboard shows something; what is not observed is shown as such; every page's are taken."""
    await assert_nothing_is_empty(prometheus)
    await assert_what_is_not_observed_is_neither(prometheus)
    for page in (ROOT / "docs").rglob("*.md"):
        for block in PROMQL.findall(page.read_text("utf-8")):
            for query in statements(block):
                await prometheus.get("query", query=query)


def statements(block: str) -> list[str]:
    """The queries of a block: a line each, with the lines that are set in; without remarks."""
    lines = [line for line in block.splitlines() if not line.startswith("#")]
    return "\n".join(lines).replace("\n ", " ").splitlines()


async def assert_nothing_is_empty(prometheus: Prometheus) -> None:
    """With all of each variable, over every window, and with one of it.

    A scrape that comes too late on a busy machine leaves a gap: what is empty is asked again.
    """
    open_questions = [question async for question in questions(prometheus)]
    wrong: list[str] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while open_questions:
                found = [(each, faults(*each, await answered(prometheus, *each))) for each in open_questions]
                wrong = [fault for _, some in found for fault in some]
                open_questions = [each for each, some in found if some]
                await asyncio.sleep(0.2 if open_questions else 0)
    assert not open_questions, "\n".join(wrong)


async def questions(prometheus: Prometheus) -> AsyncIterator[tuple[Query, dict[str, str]]]:
    """Every query of every dashboard with the values of its variables."""
    for board in dashboards().values():
        everything, single = await choices(prometheus, board)
        for query in queries(board):
            yield query, {**single, "window": WINDOWS[-1]}
            for window in WINDOWS if "$window" in query.expression else WINDOWS[:1]:
                yield query, {**everything, "window": window}


async def choices(prometheus: Prometheus, board: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Values of its variables: All wherever there is that, and one of each; whatever a variable asks finds some."""
    wanted = {"platform": "x", "account": GONE, "owner": "Donald J. Trump"}
    everything: dict[str, str] = {}
    single: dict[str, str] = {}
    for name, variable in variables(board, "query").items():
        selector, label = label_values(variable)
        filled = Query(where=name, expression=selector, is_range=False).filled(everything)
        found = await prometheus.get(f"label/{label}/values", **{"match[]": filled})
        value = wanted.get(name, found[0] if found else "")
        assert value in found, (board["uid"], name, found)
        everything[name] = ALL if variable["includeAll"] else value
        single[name] = chosen(value) if variable["multi"] else value
    return everything, single


def faults(query: Query, values: dict[str, str], series: list[dict[str, Any]]) -> list[str]:
    """Why the result would show nothing, or lines that nobody could tell apart."""
    if not series:
        return [f"{query.where}: empty with {values}: {query.expression}"]
    named = re.findall(r"\{\{(\w+)\}\}", query.legend)
    unknown = [label for label in named if not any(each["metric"].get(label) for each in series)]
    # With one platform that is no federation there is no instance.
    unknown = [label for label in unknown if not (label == "platform_instance" and values.get("platform") == "x")]
    legends = [legend(query, each["metric"]) for each in series]
    if unknown:
        return [f"{query.where}: no series has {unknown}: {query.expression}"]
    if query.legend and len(set(legends)) < len(legends):
        return [f"{query.where}: lines of the same name: {legends}"]
    return []


def legend(query: Query, metric: dict[str, str]) -> str:
    """What Grafana calls a line."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: metric.get(found[1], ""), query.legend)


async def assert_what_is_not_observed_is_neither(prometheus: Prometheus) -> None:
    """The state of an account: gone, there, or not observed."""
    board = dashboards()["watcher-account"]
    drawn = {query.where: query for query in queries(board)}
    for panel in ("State", "Seen, gone, not observed"):
        for account, value in ((GONE, 0), (THERE, 1), (UNSEEN, -1)):
            query = drawn[f"watcher-account: {panel} A"]
            [series] = await answered(prometheus, query, {"instance": ALL, "account": account})
            assert series["values"][-1] == value, (panel, account)
