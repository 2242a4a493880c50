"""The outbox with a real HTTP client, a Slack on a real socket, and each store: delivered later, once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.fakes.slack import DROP, NOT_OK, SERVER_ERROR, FakeSlack, rate_limited
from tests.fakes.slackbot import CHANNEL, TOKEN, FakeWorkspace
from tests.unit.notify.desk import CONFIRMED, Desk
from tests.unit.notify.story import S
from watcher.model.notification import NotificationState
from watcher.notify.aftermath import addressed
from watcher.notify.channels.slack import SlackWebhook
from watcher.notify.channels.slackbot import SlackBot
from watcher.notify.outbox import Outbox
from watcher.notify.render import render
from watcher.settings.values import Secret, SlackBotChannel
from watcher.store.base import Store
from watcher.store.memory import MemoryStore
from watcher.store.sql import SqlStore
from watcher.store.worker import StoreWorker

ALERT = "🔴 @realDonaldTrump is not available on X"
BACK = "🟢 @realDonaldTrump is back on X after 11 min ± 40 s"
STORY = "🟢 @realDonaldTrump was not available on X for 11 min ± 40 s"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A Slack that takes everything until it is scripted."""
    async with FakeSlack() as slack:
        yield slack


@pytest.fixture(params=["memory", "sql"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path, slack: FakeSlack) -> AsyncIterator[Desk]:
    """An outbox with a Slack channel, over each store."""
    store: Store = MemoryStore() if request.param == "memory" else SqlStore(tmp_path)
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        desk = Desk(store)
        desk.channels["slack"] = SlackWebhook("slack", Secret(slack.url), session, timeout=timedelta(seconds=2))
        yield desk
        await desk.stop()


def headers(slack: FakeSlack) -> list[str]:
    """The headers of the messages that Slack accepted."""
    return [payload["blocks"][0]["text"]["text"] for payload in slack.accepted]


async def attempts(desk: Desk, count: int) -> None:
    """Let time pass from one attempt to the next, and each be settled, until there were so many."""
    await desk.rest()
    while (made := desk.worker.calls.count("settle")) < count:
        if desk.row().state is NotificationState.CLAIMED:
            await desk.worker.until_called("settle", made + 1)
        else:
            desk.clock.advance(max(desk.row().due_at - desk.clock.now(), 1 * S))
        await desk.rest()


async def test_rate_limited_then_broken_then_dead_then_delivered_once(desk: Desk, slack: FakeSlack) -> None:
    """A 429 with Retry-After, a 500, a dead Slack, a broken answer: later the alert is there, exactly once."""
    slack.script(rate_limited(30), SERVER_ERROR)
    desk.alert("slack")
    with capture_logs() as logs:
        desk.start()
        await attempts(desk, 1)
        assert desk.row().due_at == CONFIRMED + 30 * S
        await desk.run_for(29 * S)
        assert len(slack.received) == 1
        await attempts(desk, 2)
        assert len(slack.received) == 2
        await slack.stop()
        await attempts(desk, 4)
        async with slack:
            slack.script(NOT_OK, DROP)
            await attempts(desk, 7)
    assert headers(slack) == [ALERT]
    assert desk.row().state is NotificationState.DELIVERED
    failures = {
        reason: desk.value("watcher_notifications_failed_total", channel="slack", reason=reason)
        for reason in ("rate_limited", "server_error", "connect", "bad_answer")
    }
    assert failures == {"rate_limited": 1, "server_error": 1, "connect": 3, "bad_answer": 1}
    assert desk.value("watcher_notifications_total", channel="slack") == 7
    assert [line["log_level"] for line in logs] == ["warning", "info"]
    assert "secret-part" not in repr(logs)


async def test_alert_and_recovery(desk: Desk, slack: FakeSlack) -> None:
    """When all is well, Slack has the alert, and the recovery when it comes."""
    desk.alert("slack")
    desk.start()
    await slack.until_accepted(1)
    await desk.worker.until_called("settle", 1)
    desk.clock.advance(660 * S)
    desk.recover()
    desk.outbox.wake()
    await slack.until_accepted(2)
    await desk.worker.until_called("settle", 2)
    assert headers(slack) == [ALERT, BACK]


async def test_slack_is_down_until_all_is_over(desk: Desk, slack: FakeSlack) -> None:
    """One message tells the whole story when Slack comes back after the account did."""
    slack.script(rate_limited(600))
    desk.alert("slack")
    desk.start()
    await attempts(desk, 1)
    desk.recover()
    await attempts(desk, 2)
    await desk.run_for(60 * S)
    assert headers(slack) == [STORY]
    assert desk.states() == {"alert": NotificationState.DELIVERED, "resolved": NotificationState.SUPPRESSED}


async def test_with_the_store_in_its_own_thread(slack: FakeSlack, tmp_path: Path) -> None:
    """As the app wires it, with the database in its thread, a restart goes on where the table stands."""
    desk = Desk(SqlStore(tmp_path))
    worker = StoreWorker(desk.worker.store, desk.clock, desk.metrics, threaded=True)
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        channels = {"slack": SlackWebhook("slack", Secret(slack.url), session)}
        for news in (lambda: desk.alert("slack"), desk.recover):
            await worker.call(news)
            desk.clock.advance(60 * S)
            outbox = Outbox(worker, desk.clock, channels, desk.view, desk.metrics)
            await outbox.drain(timedelta(seconds=10))
    worker.close()
    assert headers(slack) == [ALERT, BACK]
    await desk.stop()


@pytest.mark.parametrize("is_over", [False, True])
async def test_killed_after_the_bot_s_message_was_taken(tmp_path: Path, *, is_over: bool) -> None:
    """Whoever comes after finds it in Slack, though the store knows nothing of it; also when all is over by then."""
    desk = Desk(SqlStore(tmp_path))
    async with FakeWorkspace(reads=True) as slack, aiohttp.ClientSession() as session, asyncio.timeout(20):
        settings = SlackBotChannel(name="slack", token=Secret(TOKEN), channel=CHANNEL, api_url=slack.url)
        desk.channels["slack"] = bot = SlackBot(settings, session)
        desk.alert("slack")
        [row] = desk.worker.store.claim(desk.clock.now(), 60 * S, 10)
        record = desk.worker.store.incident(row.incident_id)
        assert record is not None
        await bot.send(addressed(render(desk.view(record, row)), row, {}))  # and dies
        desk.clock.advance(660 * S)
        if is_over:
            desk.recover()
        await desk.new_outbox().drain(timedelta(seconds=10))
        if not is_over:
            desk.recover()
            await desk.new_outbox().drain(timedelta(seconds=10))
    await desk.stop()
    [parent], [reply] = slack.parents, slack.replies
    assert (reply.thread, reply.body["reply_broadcast"]) == (parent.ts, True)
    assert {parent.headline, reply.headline} == {STORY if is_over else BACK}
