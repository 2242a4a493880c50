"""config/grafana: whole, tidy, and of metrics and recorded series that there are. tests/process runs the queries."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.unit.dashboards import SHIPPED, WINDOWS, dashboards, label_values, panels, queries, variables
from tests.unit.test_prometheus_files import QUOTED, RECORDED, rules
from tests.unit.web.test_metrics_doc import exposed

BOARDS = dashboards()
SOURCE = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
UNITS = {"short", "none", "s", "dtdurations", "percentunit", "cpm", "bytes"}
BUILT_IN = {"__rate_interval", "__range", "__interval"}
BY_BOARD = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
COMPOSE = yaml.safe_load((SHIPPED.parent / "compose/compose.yaml").read_text("utf-8"))["services"]["grafana"]


def test_there_are_four() -> None:
    """Overview, platform, account, and watcher itself; each file bears its uid, and each is reached from the others."""
    assert set(BOARDS) == {"watcher-overview", "watcher-platform", "watcher-account", "watcher-health"}
    assert {path.stem for path in (SHIPPED / "dashboards").iterdir()} == set(BOARDS)
    for board in BOARDS.values():
        [link] = board["links"]
        assert link["type"] == "dashboards"
        assert set(link["tags"]) <= set(board["tags"])
        assert (link["includeVars"], link["keepTime"]) == (True, True)


@BY_BOARD
def test_a_dashboard_can_be_imported(board: dict[str, Any]) -> None:
    """The schema of Grafana 10 and 11, no id of a database, a version to count from, a time to begin with."""
    assert board["schemaVersion"] == 39
    assert board["id"] is None
    assert board["title"].startswith("watcher / ")
    assert board["description"]
    assert board["time"] == {"from": "now-24h", "to": "now"}


@BY_BOARD
def test_no_panel_lies_upon_another(board: dict[str, Any]) -> None:
    """Ids are unique, the grid has 24 columns, and each cell belongs to one panel at most; none hangs in the air."""
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] >= 0
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert {y for _, y in taken} == set(range(max(y for _, y in taken) + 1))


@BY_BOARD
def test_every_panel_explains_itself(board: dict[str, Any]) -> None:
    """A title of its own, a sentence, a unit, thresholds that rise, and legends that say what a line is."""
    assert len({panel["title"] for panel in panels(board)}) == len(panels(board))
    for panel in panels(board):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] in UNITS, panel["title"]
        values = [step["value"] for step in defaults["thresholds"]["steps"]]
        assert values[0] is None
        assert values[1:] == sorted(values[1:])
        for target in panel["targets"]:
            assert target["legendFormat"] not in ("", "__auto")
            assert target["instant"] != target["range"]


def sources(node: Any) -> Iterator[Any]:
    """Every data source that is named within."""
    if isinstance(node, dict):
        if "datasource" in node:
            yield node["datasource"]
        for value in node.values():
            yield from sources(value)
    elif isinstance(node, list):
        for item in node:
            yield from sources(item)


@BY_BOARD
def test_every_data_source_is_the_chosen_one(board: dict[str, Any]) -> None:
    """The variable, everywhere; and it is one that people choose a Prometheus by."""
    assert [each for each in sources(board) if each not in (SOURCE, {"type": "grafana", "uid": "-- Grafana --"})] == []
    assert variables(board, "datasource")["DS_PROMETHEUS"]["query"] == "prometheus"
    assert all(panel["datasource"] == SOURCE for panel in panels(board))


@BY_BOARD
def test_every_variable_is_declared_and_used(board: dict[str, Any]) -> None:
    """No `$name` that Grafana would leave as it stands, and no choice that changes nothing."""
    declared = {name for kind in ("query", "custom") for name in variables(board, kind)}
    asked = [label_values(each)[0] for each in variables(board, "query").values()]
    used = {name for text in (*asked, *(q.expression for q in queries(board))) for name in re.findall(r"\$(\w+)", text)}
    assert used - BUILT_IN == declared


def test_the_windows_are_those_of_the_rules() -> None:
    """Uptime can be chosen over what is recorded."""
    recorded = {rule["record"].rsplit("ratio", 1)[1] for rule in rules() if "uptime:ratio" in rule.get("record", "")}
    assert recorded == set(WINDOWS)
    for board in BOARDS.values():
        for variable in variables(board, "custom").values():
            assert tuple(option["value"] for option in variable["options"]) == WINDOWS


@BY_BOARD
def test_the_queries_speak_of_what_there_is(board: dict[str, Any]) -> None:
    """Metrics that the program exposes and series that the rules record; what is neither would be empty for ever."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    real = {*exposed(), "up", "ALERTS"}
    for query in queries(board):
        for window in WINDOWS:
            text = QUOTED.sub("", query.expression.replace("$window", window))
            assert set(RECORDED.findall(text)) <= recorded, query
            plain = re.findall(r"\b(?:watcher|process)_\w+", RECORDED.sub("", text))
            assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in plain} <= real, query


@BY_BOARD
def test_rates_are_over_what_grafana_reckons(board: dict[str, Any]) -> None:
    """A span by hand would be empty at a wide zoom, or where scrapes are far apart."""
    for query in queries(board):
        for span in re.findall(r"\brate\([^\[]*\[([^\]]+)\]", query.expression):
            assert span == "$__rate_interval", query


def mapped(panel: dict[str, Any]) -> dict[str, str]:
    """The words for values, where a panel has some."""
    return {
        value: shown["text"]
        for mapping in panel["fieldConfig"]["defaults"]["mappings"]
        if mapping["type"] == "value"
        for value, shown in mapping["options"].items()
    }


def test_what_is_not_observed_is_shown_as_such() -> None:
    """Wherever an account's state is drawn there is a third answer, and a gap is no answer at all."""
    drawn = [panel for board in BOARDS.values() for panel in panels(board) if "watcher_account_up" in str(panel)]
    words = [mapped(panel) for panel in drawn if mapped(panel)]
    assert len(words) == 5
    assert all(each == {"1": "present", "0": "gone", "-1": "not observed"} for each in words)
    for board in BOARDS.values():
        for panel in panels(board):
            assert panel["fieldConfig"]["defaults"].get("custom", {}).get("spanNulls", False) is False


def test_links_lead_to_dashboards_that_take_them() -> None:
    """With a variable that is there, keeping time and data source."""
    links = [
        value["url"]
        for board in BOARDS.values()
        for panel in panels(board)
        for override in panel["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "links"
        for value in each["value"]
    ]
    inner = [link for link in links if link != "${__value.raw}"]
    assert len(inner) >= 8
    for link in inner:
        address = urlsplit(link)
        board = BOARDS[address.path.removeprefix("/d/")]
        given = {name.removeprefix("var-") for name in parse_qs(address.query) if name.startswith("var-")}
        passed = set(re.findall(r"\$\{(\w+):queryparam\}", link))
        declared = {each["name"] for each in board["templating"]["list"]}
        assert given
        assert given | passed <= declared
        assert "DS_PROMETHEUS" in passed
        assert "${__url_time_range}" in link


def test_grafana_finds_them() -> None:
    """What provisions them leads to where compose.yaml mounts them, and to the Prometheus that it runs."""
    mounts = dict(reversed(mount.split(":")[:2]) for mount in COMPOSE["volumes"])
    assert mounts["/etc/grafana/provisioning"] == "../grafana/provisioning"
    assert mounts["/etc/grafana/dashboards"] == "../grafana/dashboards"
    [provider] = yaml.safe_load((SHIPPED / "provisioning/dashboards/watcher.yaml").read_text("utf-8"))["providers"]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    provided = yaml.safe_load((SHIPPED / "provisioning/datasources/prometheus.yaml").read_text("utf-8"))["datasources"]
    [source] = provided
    assert (source["type"], source["url"], source["isDefault"]) == ("prometheus", "${PROMETHEUS_URL}", True)
    assert COMPOSE["environment"]["PROMETHEUS_URL"] == "http://prometheus:9090"
    home = COMPOSE["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (SHIPPED / "dashboards" / home.removeprefix("/etc/grafana/dashboards/")).is_file()
    prometheus = yaml.safe_load((SHIPPED.parent / "prometheus/prometheus.yml").read_text("utf-8"))
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]
