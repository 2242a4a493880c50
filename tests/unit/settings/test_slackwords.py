"""A bot of Slack in watcher.yaml: its token, which no fault shows, and its channel."""

from pathlib import Path

import pytest

from tests.unit.settings.test_settingsfile import refused, settings
from watcher.settings.values import Secret, SlackBotChannel

TOKEN = "xoxb-1111111111-2222222222-s3cret"
FORM = "channels: [{{name: a, kind: slack_bot, {}}}]"
GIVEN = f'channel: C0123ABCD, token: "{TOKEN}"'
NO_TOKEN = (
    "is no token of a bot, which begins with xoxb-; "
    "copy the Bot User OAuth Token of your app's page OAuth & Permissions"
)
NO_CHANNEL = "is no channel; write its id like C0123ABCD (in Slack: the channel's name, About), or its name"


def test_a_bot_is_read(tmp_path: Path) -> None:
    """The token by the environment or by a file; the channel by its id or its name; another address of the API."""
    (tmp_path / "token").write_text(f"{TOKEN}\n", "utf-8")
    text = """\
channels:
  - {name: a, kind: slack_bot, channel: C0123ABCD, token: "${BOT}"}
  - {name: b, kind: slack_bot, channel: "#news-room", token_file: token, api_url: "http://127.0.0.1:8080/api/"}
"""
    found = settings(tmp_path, text, {"BOT": TOKEN})
    assert found.channels == (
        SlackBotChannel(name="a", token=Secret(TOKEN), channel="C0123ABCD"),
        SlackBotChannel(name="b", token=Secret(TOKEN), channel="#news-room", api_url="http://127.0.0.1:8080/api"),
    )
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("channel: C0123ABCD", "1:12: channels[0]: give exactly one of token and token_file"),
        (f"{GIVEN}, token_file: x", "1:12: channels[0]: give exactly one of token and token_file"),
        ("channel: C0123ABCD, token: xoxp-1111111111-s3cret", f"1:66: channels[0].token: {NO_TOKEN}"),
        ("channel: C0123ABCD, token: s3cret", f"1:66: channels[0].token: {NO_TOKEN}"),
        (f'token: "{TOKEN}"', "1:12: channels[0].channel: is missing; this key is required"),
        (
            f'token: "{TOKEN}", channel: News Room',
            f"1:92: channels[0].channel: 'News Room' {NO_CHANNEL}",
        ),
        (
            f"{GIVEN}, api_url: 'http://slack.example/api'",
            "1:112: channels[0].api_url: would send the token in the clear to slack.example; write https://",
        ),
        (
            f"{GIVEN}, api_url: 'https://[slack/api'",
            "1:112: channels[0].api_url: is not a web address; write it like https://slack.com/api",
        ),
    ],
)
def test_a_faulty_bot(tmp_path: Path, keys: str, fault: str) -> None:
    """Place, what was wrong, what to write instead; never the token."""
    faults = refused(tmp_path, FORM.format(keys))
    assert faults == [fault]
    assert "s3cret" not in repr(faults)
