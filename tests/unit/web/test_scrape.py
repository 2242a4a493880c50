"""The formats in which the registry is written out."""

import asyncio
import gzip
import math
from datetime import timedelta

import pytest
from prometheus_client import Gauge, GCCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from tests.unit.web.story import SEEN_ONCE, account, snapshot, state
from watcher.metrics import Metrics
from watcher.web.lines import END_OF_OPENMETRICS, sample_name, write
from watcher.web.probe import ProbeCollector
from watcher.web.scrape import Exporter
from watcher.web.series import SERIES

PLAIN = "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture
def exporter() -> Exporter:
    """Of all instruments."""
    return Exporter(Metrics("1.2.3").registry)


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
async def test_anything_else_gets_the_plain_format(exporter: Exporter, accept: str) -> None:
    """What is not understood is answered in the oldest format, never with an error."""
    exposition = await exporter.expose(snapshot(), accept, "")
    assert exposition.content_type == PLAIN
    assert b'watcher_account_up{account="x:potus",platform="x"} 1.0\n' in exposition.body
    assert b"_created" not in exposition.body


@pytest.mark.parametrize("escaping", ["underscores", "allow-utf-8", "dots", "values"])
async def test_openmetrics_when_asked_for(exporter: Exporter, escaping: str) -> None:
    """OpenMetrics is written alike under every escaping scheme, since every name is plain."""
    accept = f"application/openmetrics-text;version=1.0.0;escaping={escaping};q=0.6,text/plain;version=0.0.4;q=0.3"
    exposition = await exporter.expose(snapshot(), accept, "")
    assert exposition.content_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert exposition.body.endswith(b"# EOF\n")
    assert b"# TYPE watcher_account_outages counter\n" in exposition.body
    assert b'watcher_account_outages_total{account="x:potus",platform="x"} 1.0\n' in exposition.body


async def test_newer_plain_format(exporter: Exporter) -> None:
    """The versioned text format is given to those who name it."""
    exposition = await exporter.expose(snapshot(), "text/plain;version=1.0.0;escaping=allow-utf-8", "")
    assert exposition.content_type == "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/plain;q=0.5,application/openmetrics-text;q=0.1", "text/plain; version=0.0.4"),
        ("application/openmetrics-text; q=0.3, text/plain;version=0.0.4;q=0.6", "text/plain; version=0.0.4"),
        ("text/plain;version=1.0.0;q=0.1,application/openmetrics-text", "application/openmetrics-text; version=1.0.0"),
        ("text/plain;Q=0.2,application/openmetrics-text;q=0.9", "application/openmetrics-text; version=1.0.0"),
        ("text/plain;version=0.0.4,application/openmetrics-text", "text/plain; version=0.0.4"),
        ("application/openmetrics-text,text/plain;version=0.0.4", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text;q=0", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;q=0.000,text/plain;version=1.0.0;q=0.001", "text/plain; version=1.0.0"),
        ("application/openmetrics-text;version=0.0.1,text/plain;version=1.0.0;q=0.4", "text/plain; version=1.0.0"),
        (
            "application/vnd.google.protobuf;q=0.7,application/openmetrics-text;q=0.6,*/*;q=0.9",
            "application/openmetrics",
        ),
        ("text/plain;q=much,application/openmetrics-text;q=0.9", "text/plain; version=0.0.4"),
    ],
)
async def test_what_is_wanted_most_is_given(exporter: Exporter, accept: str, wanted: str) -> None:
    """Of what is named and can be had, by weight; of equals the first."""
    exposition = await exporter.expose(None, accept, "")
    assert exposition.content_type.startswith(wanted)
    assert exposition.body.endswith(b"# EOF\n") is wanted.startswith("application")


async def test_gzip_when_accepted(exporter: Exporter) -> None:
    """Compressed for those who accept it, as it is for the others."""
    packed = await exporter.expose(snapshot(), "", "br, gzip;q=0.8")
    assert packed.gzipped
    assert gzip.decompress(packed.body).startswith(b"# HELP")
    for other in ("br", "gzip;q=0", "br, GZIP ; q=0.0", "identity"):
        plain = await exporter.expose(snapshot(), "", other)
        assert not plain.gzipped
        assert plain.body.startswith(b"# HELP")


def test_lines_of_instruments_are_those_of_the_library() -> None:
    """Both formats, every metric there is, and every odd number: byte for byte."""
    metrics = Metrics("1.2.3")
    metrics.registry.register(ProbeCollector(SEEN_ONCE))
    metrics.expect(["x"], ["log"], ["timeout"])
    metrics.probe_duration.labels("x").observe(1e-9)
    odd = Gauge("odd", 'Odd "numbers",\n with \\ in the text.', ["which"], registry=metrics.registry)
    for number in (math.inf, -math.inf, math.nan, 1e300, -0.0, 123456789.125, 1e16, 1):
        odd.labels(f'{number}"\\\n').set(number)
    for gone in metrics.registry._collector_to_names.copy():
        if isinstance(gone, ProcessCollector | GCCollector):
            metrics.registry.unregister(gone)  # they differ from one moment to the next
    for openmetrics, library in ((False, generate_latest), (True, generate_openmetrics)):
        written = "".join(write(family, openmetrics=openmetrics) for family in metrics.registry.collect())
        end = END_OF_OPENMETRICS if openmetrics else ""
        assert (written + end).encode() == library(metrics.registry)


async def test_others_have_their_turn_while_many_accounts_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop is given back again and again, also to another scrape, and all of them are whole."""
    monkeypatch.setattr("watcher.web.turns._SLICE", 0)  # else how often depends on how quick the machine is
    accounts = [account(f"user{number}", owner="trump") for number in range(5_000)]
    many = snapshot(tuple((each, state(each, last_outage=timedelta(minutes=1))) for each in accounts))
    exporter = Exporter(Metrics("1.2.3").registry)
    scrapes = [asyncio.create_task(exporter.expose(many, "", "gzip")) for _ in range(2)]
    turns = 0
    while not all(scrape.done() for scrape in scrapes):
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    for scrape in scrapes:
        lines = gzip.decompress(scrape.result().body).decode().splitlines()
        for series in SERIES:
            begins = sum(line.startswith(f"{sample_name(series.family)}{{") for line in lines)
            assert begins in (0, 5_000)
