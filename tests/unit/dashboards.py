"""The dashboards of config/grafana as Grafana reads them: panels, queries, variables, and what stands for these."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

SHIPPED: Final = Path(__file__).parents[2] / "config" / "grafana"
ALL: Final = ".*"
WINDOWS: Final = ("1d", "7d", "30d", "90d")
_VARIABLE: Final = re.compile(r"\$(\w+)")
_LABEL_VALUES: Final = re.compile(r"label_values\((?P<selector>.+), (?P<label>\w+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One expression of a dashboard, with where it stands. `legend` is "" for tables and annotations."""

    where: str
    expression: str
    is_range: bool
    legend: str = ""

    def filled(self, values: Mapping[str, str]) -> str:
        """The expression as Grafana sends it, with these in place of the variables."""
        return _VARIABLE.sub(lambda found: values[found[1]], self.expression)


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its uid."""
    loaded = [json.loads(path.read_text("utf-8")) for path in sorted((SHIPPED / "dashboards").glob("*.json"))]
    return {board["uid"]: board for board in loaded}


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its panels without the rows between them."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(board: Mapping[str, Any]) -> Iterator[Query]:
    """All that it asks Prometheus, but for what its variables ask."""
    for panel in panels(board):
        for target in panel["targets"]:
            yield Query(
                where=f"{board['uid']}: {panel['title']} {target['refId']}",
                expression=target["expr"],
                is_range=target["range"],
                legend="" if target["format"] == "table" else target["legendFormat"],
            )
    for each in board["annotations"]["list"]:
        if "expr" in each:
            yield Query(where=f"{board['uid']}: {each['name']}", expression=each["expr"], is_range=True)


def variables(board: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Its variables of a kind (`datasource`, `query`, `custom`), by name."""
    return {each["name"]: each for each in board["templating"]["list"] if each["type"] == kind}


def label_values(variable: Mapping[str, Any]) -> tuple[str, str]:
    """What a variable takes its values from: a selector, and the label."""
    found = _LABEL_VALUES.fullmatch(variable["query"]["query"])
    assert found is not None, variable["query"]
    return found["selector"], found["label"]


def chosen(value: str) -> str:
    """One value of a variable with several, as it goes into a matcher with =~."""
    return re.sub(r"([\\^$*+?.()|\[\]{}])", r"\\\\\1", value)
