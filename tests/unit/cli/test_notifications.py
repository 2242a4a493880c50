"""The commands about notifications: what they print, what they change, and the status that they end with."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.newsroom import configure
from tests.unit.cli.conftest import Told
from tests.unit.cli.test_records import call
from tests.unit.store.samples import LEASE, after, delivered, delivery, outage
from watcher.model.notification import NotificationState

OUTAGE = outage()


@pytest.fixture
def config(tmp_path: Path, potus_down: Told) -> Path:
    """An outage of which Slack (1) was told, while mail (2) never will be; the log (3) was not tried."""
    made = configure(tmp_path, watchlist="accounts: [https://x.com/POTUS]\n")
    with potus_down("slack", "mail", "log") as store:
        slack, mail = store.claim(after(20), LEASE, 2)
        store.settle(delivered(slack), delivery(slack))
        dead = replace(mail, state=NotificationState.DEAD)
        store.settle(dead, replace(delivery(mail, "gave_up"), answer="gone: \x1b[31m550 no such user"))
    return made


def states(config: Path, *arguments: str) -> list[tuple[str, str]]:
    """Channel and state of what is listed."""
    listed = call("notifications", "list", "--config", config, "--json", *arguments)
    return sorted((row["channel"], row["state"]) for row in json.loads(listed.stdout))


def test_a_table(config: Path) -> None:
    """One line each, the numbers first, and nothing that a terminal would obey."""
    head, *lines = call("notifications", "list", "--config", config).output.splitlines()
    assert head.split() == ["ID", "STATE", "CHANNEL", "KIND", "EVENT", "TRIES", "INCIDENT"]
    assert [line.split()[:3] for line in lines] == [
        ["3", "pending", "log"],
        ["2", "dead", "mail"],
        ["1", "delivered", "slack"],
    ]
    cut = call("notifications", "list", "--config", config, "--limit", "2").output.splitlines()
    assert cut[-1] == "there are more: --limit shows so many; here are 2"


def test_what_is_asked_for(config: Path) -> None:
    """By state, channel and incident."""
    assert states(config, "--state", "dead") == [("mail", "dead")]
    assert states(config, "--state", "dead", "--state", "pending") == [("log", "pending"), ("mail", "dead")]
    assert states(config, "--channel", "slack") == [("slack", "delivered")]
    assert states(config, "--incident", "none") == []
    assert call("notifications", "list", "--config", config, "--incident", "none").output == "no notifications\n"


@pytest.mark.parametrize("command", [("list",), ("resend", "--dead")])
@pytest.mark.parametrize(
    ("channel", "said"), [("logg", "did you mean 'log'?"), ("zzz", "write log")], ids=["typo", "nothing"]
)
def test_there_is_no_such_channel(config: Path, command: tuple[str, ...], channel: str, said: str) -> None:
    """Neither in the settings nor in the outbox: then nothing to be sent says nothing."""
    result = call("notifications", *command, "--channel", channel, "--config", config)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"watcher: there is no channel '{channel}'; {said}\n"


def test_each_try_is_shown(config: Path) -> None:
    """When, what came of it, what was answered and how long it took."""
    shown = call("notifications", "show", "2", "--config", config).output
    assert f"incident      {OUTAGE.id}\n" in shown
    assert shown.splitlines()[-1].endswith("UTC  given up: gone: [31m550 no such user, after 0.120 s")
    [record] = json.loads(call("notifications", "show", "2", "--config", config, "--json").stdout)["deliveries"]
    assert (record["outcome"], record["latency_seconds"]) == ("gave_up", 0.12)
    missing = call("notifications", "show", "99", "--config", config)
    assert (missing.exit_code, "there is no notification 99" in missing.stderr) == (1, True)


def test_one_is_sent_again(config: Path) -> None:
    """It waits to be sent; who asked for it is shown; to ask again does no harm."""
    for _ in range(2):
        result = call("notifications", "resend", "2", "--config", config)
        assert (result.exit_code, result.output) == (0, "1 will be sent\n")
    assert states(config, "--channel", "mail") == [("mail", "pending")]
    assert "to be sent again, asked for by: " in call("notifications", "show", "2", "--config", config).output


def test_what_cannot_be_sent_again_is_said(config: Path) -> None:
    """The others are sent all the same."""
    result = call("notifications", "resend", "1", "2", "99", "--config", config)
    assert result.exit_code == 1
    assert result.stdout == "1 will be sent\n"
    assert "1 was delivered; there is no notification 99" in result.stderr


def test_all_that_were_given_up(config: Path) -> None:
    """Of one channel or of all; none is no fault."""
    other = call("notifications", "resend", "--dead", "--channel", "slack", "--config", config)
    assert (other.exit_code, other.output) == (0, "nothing is to be sent\n")
    assert call("notifications", "resend", "--dead", "--config", config).output == "1 will be sent\n"
    assert states(config, "--state", "dead") == []


@pytest.mark.parametrize("arguments", [(), ("2", "--dead"), ("2", "--channel", "mail")])
def test_a_wrong_call_says_what_is_right(config: Path, arguments: tuple[str, ...]) -> None:
    """Numbers or --dead, and --channel with the latter only."""
    result = call("notifications", "resend", *arguments, "--config", config)
    assert result.exit_code == 2
    assert "--dead" in result.stderr
