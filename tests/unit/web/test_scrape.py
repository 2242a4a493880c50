"""The formats in which the registry is written out."""

import gzip
import math
import threading
from collections.abc import Iterable

import pytest
from prometheus_client import Gauge, GCCollector, Metric, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from tests.unit.web.story import SEEN_ONCE, hostile, snapshot
from watcher.metrics import Metrics
from watcher.model.snapshot import Snapshot
from watcher.web.collector import AccountCollector
from watcher.web.lines import write
from watcher.web.probe import ProbeCollector
from watcher.web.scrape import expose

PLAIN = "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture
def metrics() -> Metrics:
    """All instruments, and the accounts of the story."""
    made = Metrics("1.2.3")
    made.registry.register(AccountCollector(snapshot))
    return made


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/html",
        "application/openmetrics-text;version=abc",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=1.0.1.\udcff",
        "text/plain;version=x.y",
        "=;=,;,version=",
    ],
)
async def test_anything_else_gets_the_plain_format(metrics: Metrics, accept: str) -> None:
    """What is not understood is answered in the oldest format, never with an error."""
    exposition = await expose(metrics.registry, snapshot(), accept, "")
    assert exposition.content_type == PLAIN
    assert b'watcher_account_up{account="x:potus",platform="x"} 1.0\n' in exposition.body
    assert b"_created" not in exposition.body


@pytest.mark.parametrize("escaping", ["underscores", "allow-utf-8", "dots", "values"])
async def test_openmetrics_when_asked_for(metrics: Metrics, escaping: str) -> None:
    """OpenMetrics is written alike under every escaping scheme, since every name is plain."""
    accept = f"application/openmetrics-text;version=1.0.0;escaping={escaping};q=0.6,text/plain;version=0.0.4;q=0.3"
    exposition = await expose(metrics.registry, snapshot(), accept, "")
    assert exposition.content_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert exposition.body.endswith(b"# EOF\n")
    assert b"# TYPE watcher_account_outages counter\n" in exposition.body
    assert b'watcher_account_outages_total{account="x:potus",platform="x"} 1.0\n' in exposition.body


async def test_newer_plain_format(metrics: Metrics) -> None:
    """The versioned text format is given to those who name it."""
    exposition = await expose(metrics.registry, snapshot(), "text/plain;version=1.0.0;escaping=allow-utf-8", "")
    assert exposition.content_type == "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"


async def test_gzip_when_accepted(metrics: Metrics) -> None:
    """Compressed for those who accept it, as it is for the others."""
    packed = await expose(metrics.registry, snapshot(), "", "br, gzip;q=0.8")
    assert packed.gzipped
    assert gzip.decompress(packed.body).startswith(b"# HELP")
    assert not (await expose(metrics.registry, snapshot(), "", "br")).gzipped


class Thread(Collector):
    """Notes in which thread it is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def collect(self) -> Iterable[Metric]:
        """Nothing to show."""
        self.asked.append(threading.get_ident())
        return ()


async def test_the_loop_collects_nothing() -> None:
    """What is shown is the snapshot that was handed in; reading the registry is left to another thread."""
    metrics, thread = Metrics("1.2.3"), Thread()

    def never() -> Snapshot:
        raise AssertionError("asked for a snapshot off the loop")

    metrics.registry.register(AccountCollector(never))
    metrics.registry.register(thread)
    thread.asked.clear()
    exposition = await expose(metrics.registry, snapshot(), "", "")
    assert b'watcher_account_up{account="x:potus",platform="x"} 1.0\n' in exposition.body
    assert len(thread.asked) == 1
    assert threading.get_ident() not in thread.asked


@pytest.mark.parametrize("shown", [snapshot(), hostile()], ids=["story", "hostile"])
def test_lines_are_those_of_the_library(shown: Snapshot) -> None:
    """Both formats, every metric there is, and every odd number: byte for byte."""
    metrics = Metrics("1.2.3")
    metrics.registry.register(AccountCollector(lambda: shown))
    metrics.registry.register(ProbeCollector(SEEN_ONCE))
    metrics.expect(["x"], ["log"], ["timeout"])
    metrics.probe_duration.labels("x").observe(1e-9)
    odd = Gauge("odd", 'Odd "numbers",\n with \\ in the text.', ["which"], registry=metrics.registry)
    for value in (math.inf, -math.inf, math.nan, 1e300, -0.0, 123456789.125, 1e16, 1):
        odd.labels(f'{value}"\\\n').set(value)
    for gone in metrics.registry._collector_to_names.copy():
        if isinstance(gone, ProcessCollector | GCCollector):
            metrics.registry.unregister(gone)  # they differ from one moment to the next
    assert write(metrics.registry, openmetrics=False) == generate_latest(metrics.registry)
    assert write(metrics.registry, openmetrics=True) == generate_openmetrics(metrics.registry)  # type: ignore[no-untyped-call]
