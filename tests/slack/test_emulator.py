"""The story of 2017 at a Slack that is not ours: what comes through the webhook is read back through the Web API."""

from pathlib import Path

from tests.fakes.newsroom import CONTROLS, configure
from tests.process.command import Watcher, watcher
from tests.slack.emulator import SlackEmulator
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform


def settings(slack: SlackEmulator) -> str:
    """The part of watcher.yaml that posts to it, and tells the log too."""
    return (
        f'channels: [{{name: newsroom, kind: slack, webhook_url: "{slack.webhook_url}"}}, {{name: log, kind: log}}]\n'
        "routes: [{name: default, channels: [newsroom, log]}]\n"
    )


async def test_alert_and_recovery_arrive(tmp_path: Path) -> None:
    """@realDonaldTrump is gone and back: two messages, each with its text, the quote, the facts and the link."""
    async with SlackEmulator(tmp_path) as slack, ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in (*CONTROLS, "POTUS", "realDonaldTrump"):
            platform.set(handle, Page.PRESENT)
        config = configure(tmp_path / "config", platform, settings=settings(slack))
        async with Watcher("run", "--config", config) as running:
            for _ in ("POTUS", "realDonaldTrump"):
                await running.logged("AccountFirstSeen")
            platform.set("realDonaldTrump", Page.MISSING_FR)
            await slack.until_posted(1)
            platform.set("realDonaldTrump", Page.PRESENT)
            alert, recovery = await slack.until_posted(2)
            running.stop()
            assert (await running.ended()).status == 0
        assert len(await slack.history()) == 2
    assert alert["text"].startswith("🟠 @realDonaldTrump is not available on X — A logged-out visitor")
    assert recovery["text"].startswith("🟢 @realDonaldTrump is back on X after ")
    header, said, quote, facts, links = alert["blocks"]
    assert header["text"] == {
        "type": "plain_text",
        "text": "🟠 @realDonaldTrump is not available on X",
        "emoji": False,
    }
    assert "Other accounts of Donald J. Trump: @POTUS on X is still up." in said["text"]["text"]
    assert quote["text"]["text"] == "Visitors see (French): “Désolé, cette page n'existe pas”"
    assert facts["fields"][0]["text"].startswith("*Missing since*\n")
    assert links["elements"][0]["text"] == "<https://x.com/realDonaldTrump|Profile>"
    assert recovery["blocks"][0]["block_id"].endswith("/newsroom/resolved")


async def test_a_test_message_arrives(tmp_path: Path) -> None:
    """`watcher test-channel` says that it was taken, and it is in the channel."""
    async with SlackEmulator(tmp_path) as slack:
        config = configure(tmp_path / "config", settings=settings(slack))
        ended = await watcher("test-channel", "newsroom", "--config", config)
        assert (ended.status, ended.out) == (0, "newsroom: delivered, it answered 'ok'\n")
        [message] = await slack.history()
    assert message["text"].startswith("🔵 Test message from watcher: nothing has happened")
