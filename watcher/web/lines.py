"""Metric families as text: Prometheus' plain format and OpenMetrics, byte for byte as the client library writes them.

In less than half of its time: the labels of an account, which all its samples share, are written once. It knows what
this program has: no exemplars, timestamps or native histograms, and plain names only. A test compares the two.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.utils import floatToGoString

_Known = dict[int, tuple[Mapping[str, str], str]]
_SUFFIX: Final = {"counter": "_total", "info": "_info"}


def write(registry: CollectorRegistry, *, openmetrics: bool) -> bytes:
    """All that the registry's collectors have."""
    known: _Known = {}
    lines: list[str] = []
    for family in registry.collect():
        lines += _openmetrics_head(family) if openmetrics else _plain_head(family)
        lines += _samples(family, known)
    if openmetrics:
        lines.append("# EOF\n")
    return "".join(lines).encode()


def _plain_head(family: Metric) -> tuple[str, str]:
    name = family.name + _SUFFIX.get(family.type, "")
    text = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
    kind = {"info": "gauge", "unknown": "untyped"}.get(family.type, family.type)
    return f"# HELP {name} {text}\n", f"# TYPE {name} {kind}\n"


def _openmetrics_head(family: Metric) -> tuple[str, str]:
    return f"# HELP {family.name} {_escaped(family.documentation)}\n", f"# TYPE {family.name} {family.type}\n"


def _samples(family: Metric, known: _Known) -> Iterator[str]:
    for sample in family.samples:
        labels = sample.labels
        if not labels:
            written = ""
        elif (found := known.get(id(labels))) is not None:
            written = found[1]
        else:
            written = "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items())) + "}"
            known[id(labels)] = labels, written  # kept with its labels: as long as they live, nobody else has their id
        yield f"{sample.name}{written} {floatToGoString(sample.value)}\n"  # type: ignore[no-untyped-call]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
