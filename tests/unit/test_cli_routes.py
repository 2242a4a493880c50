"""Who would be told: the command that tries the routes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from watcher.cli import main

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


def test_the_same_for_programs(tmp_path: Path) -> None:
    """JSON, spans in seconds."""
    _status, said = asked(tmp_path, "--account", "bluesky:mayor.example", "--json")
    [way] = json.loads(said)
    assert (way["channel"], way["wait"], way["pace"], way["group"]) == ("desk", 30.0, 300.0, 'owners{owner="mayor"}')
