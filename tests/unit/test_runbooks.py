"""docs/runbooks: one page for each alert, whose commands and queries exist."""

import re
import shlex
from typing import Any

import click
import pytest

from tests.unit.test_docs import FENCE, ROOT, said
from tests.unit.test_prometheus_files import rules
from tests.unit.web.test_metrics_doc import exposed
from watcher.cli import main
from watcher.metrics import FAILURE_REASONS
from watcher.model.finding import REASONS, Verdict

RUNBOOKS = ROOT / "docs/runbooks"
PAGES = {path.stem: path for path in RUNBOOKS.glob("*.md") if path.stem != "README"}
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in rules() if "alert" in rule}
HEADINGS = ["What it means", "Look first", "What to do", "When it is harmless", "How it ends"]


def text_of(alert: str) -> str:
    """The page of an alert."""
    return PAGES[alert].read_text("utf-8")


def when(rule: dict[str, Any]) -> str:
    """How loud an alert is, and after how long."""
    return f"{rule['labels']['severity']}, {'after ' + rule['for'] if 'for' in rule else 'at once'}"


def test_each_alert_has_its_page_and_each_page_its_alert() -> None:
    """By the name; the annotation leads there."""
    assert set(PAGES) == set(ALERTS)
    for name, rule in ALERTS.items():
        assert ROOT / rule["annotations"]["runbook_url"] == PAGES[name]


@pytest.mark.parametrize("alert", ALERTS)
def test_a_page_says_all_of_it(alert: str) -> None:
    """What it means, what to look at (commands and queries), what to do, when it is harmless, how it ends."""
    page = text_of(alert)
    assert page.startswith(f"# {alert}\n\n*{when(ALERTS[alert])}*\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == HEADINGS
    sections = dict(zip(HEADINGS, re.split(r"^## .+$", page, flags=re.MULTILINE)[1:], strict=True))
    assert all(len(section.split()) >= 5 for section in sections.values())
    kinds = [fence["kind"] for fence in FENCE.finditer(sections["Look first"])]
    assert set(kinds) == {"sh", "promql"}


def test_the_list_has_them_all() -> None:
    """docs/runbooks/README.md names each with its severity, in the order of the rules."""
    rows = re.findall(
        r"^\| \[(\w+)\]\((\w+)\.md\) \| (.+) \|$", (RUNBOOKS / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert rows == [(name, name, when(rule)) for name, rule in ALERTS.items()]


def commands(page: str) -> list[str]:
    """Everything that is to be typed and begins with `watcher`, without what it is piped into."""
    return [line for line in said(page) if re.match(r"watcher [a-z]", line)]


@pytest.mark.parametrize("alert", ALERTS)
def test_the_program_takes_every_command(alert: str) -> None:
    """Its own parser takes each, with all options and their words; nothing is run."""
    for line in commands(text_of(alert)):
        _, *words = shlex.split(line.replace("…", "x"))
        above = click.Context(main, info_name="watcher", **main.context_settings)  # a command keeps its first -h
        command: click.Command = main
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert not isinstance(command, click.Group) or command.name == "outages", line
        words = ["5" if word in ("ID", "NAME", "OUTAGE", "PLATFORM", "DIR") else word for word in words]
        command.make_context(command.name, words, parent=above)


def test_the_commands_are_not_overlooked() -> None:
    """Most pages have some."""
    assert sum(bool(commands(text_of(alert))) for alert in ALERTS) >= 11


@pytest.mark.parametrize("alert", ALERTS)
def test_the_queries_speak_of_metrics_that_there_are(alert: str) -> None:
    """Every metric of a page, in queries and in its text. tests/process/test_grafana.py runs the queries."""
    real = set(exposed())
    for name in re.findall(r"\bwatcher_[a-z_]+", text_of(alert)):
        assert re.sub(r"_(bucket|count|sum)$", "", name) in real, name


def test_the_reasons_are_those_of_the_program() -> None:
    """What the tables explain is what the metrics can say."""
    blind = re.findall(r"^\| (`.+`) \|", text_of("WatcherAccountsBlind"), re.MULTILINE)
    said_of = {reason for cell in blind for reason in re.findall(r"`(\w+)`", cell)}
    assert said_of <= REASONS[Verdict.INCONCLUSIVE]
    assert len(said_of) > 10
    failing = re.findall(r"^\| (`.+`) \|", text_of("WatcherNotificationsFailing"), re.MULTILINE)
    assert {reason for cell in failing for reason in re.findall(r"`(\w+)`", cell)} == set(FAILURE_REASONS)
