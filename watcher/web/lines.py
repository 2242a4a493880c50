"""Metric families as text: Prometheus' plain format and OpenMetrics, as the client library writes them.

In half of its time. It knows what this program has: no exemplars, timestamps or native histograms, and plain names
only. A test compares the two.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric
from prometheus_client.utils import floatToGoString

from watcher.text import clean

END_OF_OPENMETRICS: Final = "# EOF\n"
_SUFFIX: Final = {"counter": "_total", "info": "_info"}


def write(family: Metric, *, openmetrics: bool) -> str:
    """The family with its samples."""
    return head(family, openmetrics=openmetrics) + "".join(_samples(family))


def head(family: Metric, *, openmetrics: bool) -> str:
    """What goes before the samples of a family; those are alike in both formats."""
    if openmetrics:
        name, text, kind = family.name, escaped(family.documentation), family.type
    else:
        name, text = sample_name(family), family.documentation.replace("\\", r"\\").replace("\n", r"\n")
        kind = {"info": "gauge", "unknown": "untyped"}.get(family.type, family.type)
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"


def sample_name(family: Metric) -> str:
    """How the samples of a family that is no histogram are called."""
    return family.name + _SUFFIX.get(family.type, "")


def escaped(text: str) -> str:
    """`text` as it stands between the quotes of a label's value."""
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def label_value(text: str) -> str:
    r"""`text` fit for a label: what could break a line, turn the reading direction or not be UTF-8 as `\u202e`."""
    if text.isprintable():
        return text
    return "".join(char if clean(char) == char else f"\\u{ord(char):04x}" for char in text)


def _samples(family: Metric) -> Iterator[str]:
    for sample in family.samples:
        labels = ",".join(f'{name}="{escaped(value)}"' for name, value in sorted(sample.labels.items()))
        written = f"{{{labels}}}" if labels else ""
        yield f"{sample.name}{written} {floatToGoString(sample.value)}\n"  # type: ignore[no-untyped-call]
