"""Who would be told: the command that tries the routes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from tests.unit.judge.story import TRUMP
from watcher.cli import main
from watcher.model.calendar import Hours, QuietHours
from watcher.model.finding import Reason
from watcher.model.route import Route
from watcher.notify.ways import ways_told

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)

WATCHER = """\
watchlist: watchlist.yaml
channels:
  - {name: desk, kind: log}
  - {name: legal, kind: log}
routes:
  - name: owners
    channels: desk
    match: {severity: [critical, warning]}
    group_by: owner
    routes: [{name: lawyers, channels: [legal, desk], match: {reason: suspended}, group_by: []}]
"""
WATCHLIST = """\
owners: {mayor: The Mayor}
accounts:
  - {platform: bluesky, handle: mayor.example, owner: mayor}
  - {platform: bluesky, handle: press.example, severity: critical, owner: mayor}
"""


def asked(tmp_path: Path, *words: str) -> tuple[int, str]:
    """What the command says, and how it ends."""
    (tmp_path / "watcher.yaml").write_text(WATCHER)
    (tmp_path / "watchlist.yaml").write_text(WATCHLIST)
    result = CliRunner().invoke(main, ["routes", "test", "--config", str(tmp_path / "watcher.yaml"), *words])
    return result.exit_code, result.output.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["mayor.example"],
            (
                "desk, by route 'owners', as warning: 30 s after it is confirmed, together with what else is in "
                'owners{owner="mayor"}, with news at most every 5 min'
            ),
        ),
        (
            ["press.example"],
            (
                "desk, by route 'owners', as critical: as soon as it is confirmed, together with what else is in "
                'owners{owner="mayor", severity="critical"}, with news at most every 1 min'
            ),
        ),
        (
            ["mayor.example", "--reason", "suspended"],
            (
                "legal, by route 'lawyers', as warning: as soon as it is confirmed\n"
                "desk, by route 'lawyers', as warning: as soon as it is confirmed"
            ),
        ),
    ],
)
def test_who_is_told_when_and_through_what(tmp_path: Path, words: list[str], said: str) -> None:
    """A line for each channel; the inner route where it matches."""
    account, *options = words
    assert asked(tmp_path, "--account", f"bluesky:{account}", *options) == (0, said)


def test_nobody_is_told_and_nobody_is_watched(tmp_path: Path) -> None:
    """Both end with 1, and say what to do. A withholding is told as `info`."""
    status, said = asked(tmp_path, "--account", "bluesky:mayor.example", "--reason", "withheld")
    assert (status, said) == (
        1,
        "watcher: no route takes an outage of bluesky:mayor.example with the reason 'withheld': nobody would be told",
    )
    status, said = asked(tmp_path, "--account", "bluesky:major.example")
    assert (status, said) == (
        1,
        "watcher: bluesky:major.example is not on the watchlist; did you mean 'bluesky:mayor.example'?",
    )


@pytest.mark.parametrize(
    ("hours", "said", "until"),
    [
        ("mute", "not before 30 Nov 2026 00:00:00 UTC, when the route's quiet hours end", MONDAY),
        ("active", "in the route's quiet hours not before they end", None),
    ],
)
def test_quiet_hours_are_named(hours: str, said: str, until: datetime | None) -> None:
    """Those that hold now with their end; those of another time as such."""
    weekend = (Hours(days=frozenset({5, 6})),)
    quiet = QuietHours(timezone=ZoneInfo("UTC"), **{hours: weekend})
    route = Route(name="desk", channels=("log",), quiet=quiet)
    [way] = ways_told(TRUMP, Reason.NOT_FOUND, TRUMP.severity, (route,), MONDAY - timedelta(hours=3))
    assert way.when == f"as soon as it is confirmed; but {said}"
    assert (way.has_quiet_hours, way.quiet_until) == (True, until)


def test_the_same_for_programs(tmp_path: Path) -> None:
    """JSON, spans in seconds."""
    _status, said = asked(tmp_path, "--account", "bluesky:mayor.example", "--json")
    [way] = json.loads(said)
    assert (way["channel"], way["wait"], way["pace"], way["group"]) == ("desk", 30.0, 300.0, 'owners{owner="mayor"}')
    assert (way["has_quiet_hours"], way["quiet_until"]) == (False, None)


LIKENED = """\
accounts:
  - {url: "https://town.example/profile/mayor", platform: generic, handle: mayor}
"""


def liken(tmp_path: Path, severities: str) -> tuple[int, str]:
    """What is said of an account that a likeness may decide, where a route takes these severities."""
    (tmp_path / "watcher.yaml").write_text(
        "watchlist: watchlist.yaml\nchannels: [{name: desk, kind: log}]\n"
        f"routes: [{{name: owners, channels: desk, match: {{severity: {severities}}}}}]\n"
    )
    (tmp_path / "watchlist.yaml").write_text(LIKENED)
    words = ["--config", str(tmp_path / "watcher.yaml"), "--account", "generic:town.example/profile/mayor"]
    result = CliRunner().invoke(main, ["routes", "test", *words])
    return result.exit_code, result.output.strip()


def test_what_a_likeness_tells_is_of_lower_severity(tmp_path: Path) -> None:
    """Both sets of ways are said, and it ends with 1 where the lower severity reaches nobody."""
    sure = "desk, by route 'owners', as warning: as soon as it is confirmed"
    assert liken(tmp_path, "[warning, info]") == (
        0,
        f"{sure}\nwhere only the likeness of pages tells it, which makes it 'info':\n{sure.replace('warning', 'info')}",
    )
    untold = (
        "watcher: no route takes an outage of generic:town.example/profile/mayor with the reason 'not_found' "
        "as info (on Web page little is sure: 'warning' becomes 'info'): then nobody would be told"
    )
    assert liken(tmp_path, "warning") == (1, f"{sure}\n{untold}")
