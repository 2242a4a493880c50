"""docs/metrics.md says what /metrics and /probe say: every metric with its type, labels and help, and no other."""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from tests.unit.web.exposed import text
from tests.unit.web.story import SEEN_ONCE, snapshot
from watcher.metrics import Metrics
from watcher.web.probe import ProbeCollector
from watcher.web.scrape import Exporter

DOC = Path(__file__).parents[3] / "docs" / "metrics.md"
SAMPLE = re.compile(r"(?P<name>[a-z_0-9]+)(?:\{(?P<labels>.*)\})? \S+")
CLASHING = {"type", "region", "zone", "service", "env", "owner", "customer", "stage", "instance", "job"}
LABEL = re.compile(r'([a-z_]+)="(?:[^"\\]|\\.)*"')


class Row(NamedTuple):
    """One line of the document's tables."""

    name: str
    type: str
    labels: frozenset[str]
    help: str

    def __str__(self) -> str:
        labels = ", ".join(f"`{label}`" for label in sorted(self.labels)) or "–"
        return f"| `{self.name}` | {self.type} | {labels} | {self.help} |"


def exposed() -> dict[str, Row]:
    """What /metrics with all known label sets, and /probe, write in the text format."""
    metrics = Metrics("1.2.3")
    metrics.expect(platforms=["x"], channels=["log"], reasons=["timeout"])
    metrics.expect_renewals("am")
    metrics.registry.register(ProbeCollector(SEEN_ONCE))
    rows: dict[str, Row] = {}
    name = kind = helps = ""
    for line in text(snapshot(), Exporter(metrics.registry)).splitlines():
        if line.startswith("# HELP "):
            name, helps = line.removeprefix("# HELP ").split(" ", 1)
        elif line.startswith("# TYPE "):
            kind = line.rsplit(" ", 1)[1]
            assert name not in rows, f"exposed twice: {name}"
            rows[name] = Row(name, kind, frozenset(), helps)
        elif match := SAMPLE.fullmatch(line):
            labels = frozenset(LABEL.findall(match["labels"] or "")) - {"le"}
            rows[name] = rows[name]._replace(labels=rows[name].labels | labels)
    return rows


def documented() -> dict[str, Row]:
    """What the tables of the document say."""
    rows = {}
    for line in DOC.read_text("utf-8").splitlines():
        if line.startswith("| `"):
            name, kind, labels, helps = (cell.strip() for cell in line.strip("|").split(" | "))
            assert name.strip("`") not in rows, f"documented twice: {name}"
            rows[name.strip("`")] = Row(name.strip("`"), kind, frozenset(re.findall(r"`(\w+)`", labels)), helps)
    return rows


def test_document_equals_the_exposition() -> None:
    """A metric that is added, changed or removed changes the document; the missing lines are shown."""
    told, real = documented(), exposed()
    wanted = [str(row) for name, row in real.items() if told.get(name) != row]
    assert not wanted, "docs/metrics.md lacks or differs from:\n" + "\n".join(wanted)
    # The figures of the process come from /proc, which only Linux has.
    elsewhere = {name for name in told if name.startswith("process_")} if sys.platform != "linux" else set()
    assert set(told) - set(real) - elsewhere == set()


def test_examples_name_real_metrics() -> None:
    """Every watcher_ name in the document's prose and queries is one that is exposed (or a part of a histogram)."""
    names = set(re.findall(r"(?<![:\w])watcher_[a-z_]+", DOC.read_text("utf-8")))
    real = exposed()
    histograms = {
        f"{row.name}{part}" for row in real.values() if row.type == "histogram" for part in ("_bucket", "_count")
    }
    assert names - set(real) - histograms == set()


def test_every_name_keeps_the_conventions() -> None:
    """One prefix, counters in _total, instants in _timestamp_seconds, no clashing label, sentences as help."""
    for row in exposed().values():
        if row.name.startswith(("python_", "process_")):
            continue
        assert row.name.startswith("watcher_")
        assert (row.type == "counter") == row.name.endswith("_total")
        assert not row.labels & CLASHING
        assert row.help.endswith(".")
