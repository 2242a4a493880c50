"""docs/tutorial.md, followed literally by a stranger: from the clone to an alert and a recovery in Slack and by mail.

Its ports (8765 for the page, 1025 for the mail, 11102 for watcher) must be free. `tests/docs/reader.py` says what is
put in place of what a stranger gets from others, and how the clone gets its `.venv`.
"""

import socket
from pathlib import Path

import pytest

from tests.docs.reader import ROOT, Reader, need, publish, surroundings
from tests.fakes.slack import FakeSlack

PORTS = (8765, 1025, 11102)


def free(port: int) -> bool:
    """True when nobody listens there."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.timeout(180)
async def test_the_tutorial(tmp_path: Path) -> None:
    """Every command ends as it should and prints what is shown; Slack gets the test, the alert and the recovery."""
    need("git", "make")
    taken = [port for port in PORTS if not free(port)]
    if taken:
        pytest.skip(f"somebody uses the ports of the tutorial: {taken}")
    home = tmp_path / "stranger"
    home.mkdir()
    async with FakeSlack() as slack:
        reader = Reader(directory=home, env=surroundings(home, publish(tmp_path)), slack=slack)
        await reader.follow((ROOT / "docs/tutorial.md").read_text("utf-8"))
    assert reader.left_out == []
    assert [message["text"].split(" — ")[0] for message in slack.accepted] == [
        "🔵 Test message from watcher: nothing has happened",
        "🔵 alice is not available on 127.0.0.1:8765",
        slack.accepted[2]["text"].split(" — ")[0],
    ]
    assert slack.accepted[2]["text"].startswith("🟢 alice is back on 127.0.0.1:8765 after ")
    assert [port for port in PORTS if not free(port)] == []
