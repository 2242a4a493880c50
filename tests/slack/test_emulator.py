"""The story of 2017 at a Slack that is not ours: what a webhook and a bot post is read back through the Web API."""

import json
from dataclasses import replace
from pathlib import Path

import aiohttp

from tests.contract.test_slackbot import ALERT, END
from tests.fakes.newsroom import CONTROLS, configure
from tests.process.command import Watcher, watcher
from tests.slack.emulator import RANDOM, READS, WRITES, SlackEmulator
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.model.notification import Delivered, NotificationKind
from watcher.notify.channels.slackbot import SlackBot
from watcher.settings.values import Secret, SlackBotChannel


def settings(slack: SlackEmulator) -> str:
    """The part of watcher.yaml that posts to it by a webhook and by a bot, and tells the log too."""
    return (
        "channels:\n"
        f'  - {{name: newsroom, kind: slack, webhook_url: "{slack.webhook_url}"}}\n'
        f'  - {{name: desk, kind: slack_bot, channel: {RANDOM}, token: {WRITES}, api_url: "{slack.api_url}"}}\n'
        "  - {name: log, kind: log}\n"
        "routes: [{name: default, channels: [newsroom, desk, log]}]\n"
    )


async def test_alert_and_recovery_arrive(tmp_path: Path) -> None:
    """@realDonaldTrump is gone and back: two messages by the webhook, one by the bot with the end beneath it."""
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
        [parent] = await slack.history(RANDOM)
        [reply] = await slack.replies(parent["ts"])
    assert parent["text"] == reply["text"] == recovery["text"]
    assert (reply["reply_broadcast"], parent["reply_count"]) == (True, 1)
    keys = [said["metadata"]["event_payload"]["dedup_key"].partition("/")[2] for said in (parent, reply)]
    assert keys == ["desk/alert", "desk/resolved"]
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
        ended = await watcher("test-channel", "desk", "--config", config)
        [by_bot] = await slack.history(RANDOM)
        assert (ended.status, ended.out) == (0, f"desk: delivered, it answered 'ok {by_bot['ts']}'\n")
    for each in (message, by_bot):
        assert each["text"].startswith("🔵 Test message from watcher: nothing has happened")


async def test_a_thread_goes_on_whatever_became_of_it(tmp_path: Path) -> None:
    """Acknowledged; sent again by who was killed after it was taken; removed by somebody, and begun anew."""
    acked = replace(ALERT, kind=NotificationKind.ACKNOWLEDGED, headline="acknowledged by mia", dedup_key="acknowledged")
    async with SlackEmulator(tmp_path) as slack, aiohttp.ClientSession() as session:
        settings = SlackBotChannel(name="newsroom", token=Secret(READS), channel=RANDOM, api_url=slack.api_url)
        bot = SlackBot(settings, session)
        first = await bot.send(ALERT)
        assert isinstance(first, Delivered)
        assert await bot.send(replace(ALERT, was_tried=True)) == replace(first, answer="ok, it was there already")
        for was_tried in (False, True):
            await bot.send(replace(acked, thread=first.thread, was_tried=was_tried))
        [parent] = await slack.history(RANDOM)
        assert parent["text"].startswith("🔴 acknowledged by mia")
        assert [said["text"] for said in await slack.replies(parent["ts"])] == ["🔴 acknowledged by mia"]
        assert isinstance(await bot.send(END), Delivered)  # with no thread known: it is found
        assert len(await slack.replies(parent["ts"])) == 2

        await slack.call("chat.delete", channel=RANDOM, ts=parent["ts"])
        last = await bot.send(replace(END, thread=first.thread, dedup_key="i1/newsroom/correction"))
        assert isinstance(last, Delivered)
        assert [said["ts"] for said in await slack.history(RANDOM)] == [json.loads(last.thread)["ts"]]
