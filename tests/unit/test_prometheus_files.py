"""What config/prometheus/ ships: promtool accepts it, its own tests pass, and it speaks of metrics that there are."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.web.test_metrics_doc import exposed

SHIPPED = Path(__file__).parents[2] / "config" / "prometheus"
RULES = sorted((SHIPPED / "rules").glob("*.yml"))
TESTS = sorted((SHIPPED / "tests").glob("*.yml"))
RECORDED = re.compile(r"\b[a-z_]+:watcher_\w+(?::\w+)?")
QUOTED = re.compile(r'"[^"]*"')


def promtool(*arguments: str | Path) -> str:
    """Run it; what it says. Skips without it, fails when it does."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    """Every rule that is shipped."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def test_the_configuration_is_accepted() -> None:
    """With the rules it names: they are all there are."""
    said = promtool("check", "config", SHIPPED / "prometheus.yml")
    assert f"{len(RULES)} rule files found" in said


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_the_rules_are_accepted(path: Path) -> None:
    """Without a remark of the linter's."""
    assert "SUCCESS" in promtool("check", "rules", "--lint=all", "--lint-fatal", path)


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    """Promtool's own tests of the rules."""
    assert "SUCCESS" in promtool("test", "rules", path)


def test_the_rules_speak_of_metrics_that_there_are() -> None:
    """A metric that is renamed or dropped must not leave a rule that can never hold."""
    real = set(exposed()) | {"watcher_schedule_lag_seconds_bucket"}
    for rule in rules():
        named = re.findall(r"(?<![:\w])watcher_[a-z_]+", QUOTED.sub("", rule["expr"]))
        assert set(named) <= real, rule


def test_what_is_recorded_is_used_under_its_name() -> None:
    """A rule that reads what another one records reads one that is there, and of the same file."""
    for path in RULES:
        groups = yaml.safe_load(path.read_text("utf-8"))["groups"]
        recorded = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
        read = {name for group in groups for rule in group["rules"] for name in RECORDED.findall(rule["expr"])}
        assert read <= recorded


def test_every_alert_can_be_acted_upon() -> None:
    """A name in CamelCase, a severity, a summary, a description and a runbook; and a test in which it fires."""
    tests = "".join(path.read_text("utf-8") for path in TESTS)
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert re.fullmatch(r"Watcher([A-Z][a-z]+)+", rule["alert"])
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"runbook_url", "summary", "description"}
        assert rule["alert"] in tests
