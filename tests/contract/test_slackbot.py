"""Slack by the token of a bot: one message an incident, repainted, with a thread beneath; whatever goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.contract.test_channels import HOSTILE, MESSAGE
from tests.fakes.slack import DROP, HANG, NOT_OK, SERVER_ERROR, Answer, rate_limited
from tests.fakes.slackbot import CHANNEL, TOKEN, FakeWorkspace, refusal
from watcher.metrics import FAILURE_REASONS
from watcher.model.notification import Delivered, GaveUp, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.channels.slackbot import SlackBot
from watcher.settings.values import Secret, SlackBotChannel

KINDS = NotificationKind
UPDATE = replace(MESSAGE, kind=KINDS.REMINDER, headline="@realDonaldTrump is still not available on X", dedup_key="r/1")
BACK = replace(MESSAGE, kind=KINDS.RESOLVED, headline="@realDonaldTrump is back on X after 11 min", dedup_key="end")


@pytest.fixture
async def workspace() -> AsyncIterator[FakeWorkspace]:
    async with FakeWorkspace() as workspace:
        yield workspace


@pytest.fixture
async def bot(workspace: FakeWorkspace) -> AsyncIterator[SlackBot]:
    async with aiohttp.ClientSession() as session:
        yield made(workspace, session)


def made(
    workspace: FakeWorkspace, session: aiohttp.ClientSession, *, channel: str = CHANNEL, token: str = TOKEN
) -> SlackBot:
    """A bot of the workspace."""
    settings = SlackBotChannel(name="newsroom", token=Secret(token), channel=channel, api_url=workspace.url)
    return SlackBot(settings, session, timedelta(seconds=1))


async def told(bot: SlackBot, *messages: Message) -> str:
    """Send them one after the other, each in the thread that the one before left; the thread."""
    thread = ""
    for message in messages:
        outcome = await bot.send(replace(message, thread=thread, incident_id="i1"))
        assert isinstance(outcome, Delivered), outcome
        thread = outcome.thread or thread
    return thread


async def test_one_message_is_repainted_and_the_course_is_beneath_it(bot: SlackBot, workspace: FakeWorkspace) -> None:
    """Alert, reminder, return: one parent that shows how things stand, two replies, the last one for all to see."""
    await told(bot, MESSAGE, UPDATE, BACK)
    [parent] = workspace.parents
    assert parent.headline == "🟢 @realDonaldTrump is back on X after 11 min"
    assert parent.changes == 2
    reminder, back = workspace.replies
    assert (reminder.thread, back.thread) == (parent.ts, parent.ts)
    assert (reminder.body["reply_broadcast"], back.body["reply_broadcast"]) == (False, True)
    assert "still not available" in reminder.headline
    keys = [post.body["metadata"]["event_payload"]["dedup_key"] for post in (parent, reminder, back)]
    assert keys == [MESSAGE.dedup_key, "r/1", "end"]


async def test_an_acknowledgement_is_painted_and_said_beneath(bot: SlackBot, workspace: FakeWorkspace) -> None:
    """Without disturbing anybody who is not in the thread; in one line, since all else is above."""
    assert bot.tells(KINDS.ACKNOWLEDGED)
    await told(bot, MESSAGE, replace(MESSAGE, kind=KINDS.ACKNOWLEDGED, headline="acknowledged by mia", dedup_key="a"))
    [parent], [reply] = workspace.parents, workspace.replies
    assert (parent.headline, len(parent.body["blocks"])) == ("🔴 acknowledged by mia", 5)
    assert (reply.headline, len(reply.body["blocks"])) == ("🔴 acknowledged by mia", 1)
    assert reply.body["reply_broadcast"] is False


async def test_a_correction_in_the_thread_of_a_group_leaves_its_first_message(
    bot: SlackBot, workspace: FakeWorkspace
) -> None:
    """It is about one outage; the message above is about all."""
    thread = await told(bot, MESSAGE)
    correction = replace(MESSAGE, kind=KINDS.CORRECTION, headline="Correction", thread=thread, incident_id="other")
    assert isinstance(await bot.send(correction), Delivered)
    assert workspace.parents[0].changes == 0
    assert workspace.replies[0].body["reply_broadcast"] is True


async def test_a_message_that_was_removed_is_written_anew(bot: SlackBot, workspace: FakeWorkspace) -> None:
    """By whoever cleaned up: the news is no less news."""
    thread = await told(bot, MESSAGE)
    workspace.delete(json.loads(thread)["ts"])
    outcome = await bot.send(replace(BACK, thread=thread, incident_id="i1"))
    assert isinstance(outcome, Delivered)
    [parent] = workspace.parents
    assert json.loads(outcome.thread)["ts"] == parent.ts
    assert "is back" in parent.headline


async def test_a_message_that_may_not_be_changed_any_more_gets_its_replies(
    bot: SlackBot, workspace: FakeWorkspace
) -> None:
    """Workspaces may forbid edits after a while."""
    thread = await told(bot, MESSAGE)
    workspace.script(refusal("edit_window_closed"), None)
    assert isinstance(await bot.send(replace(BACK, thread=thread, incident_id="i1")), Delivered)
    assert [post.headline for post in workspace.replies] == ["🟢 @realDonaldTrump is back on X after 11 min"]


@pytest.mark.parametrize("word", ["cannot_reply_to_message", "restricted_action_thread_locked"])
async def test_a_message_that_takes_no_replies_is_followed_by_a_new_one(
    bot: SlackBot, workspace: FakeWorkspace, word: str
) -> None:
    """An administrator may lock a thread: then the news is on its own."""
    thread = await told(bot, MESSAGE)
    workspace.script(None, refusal(word))
    outcome = await bot.send(replace(BACK, thread=thread, incident_id="i1"))
    assert isinstance(outcome, Delivered)
    assert json.loads(outcome.thread)["ts"] == workspace.parents[1].ts


async def test_another_channel_in_the_settings_begins_there(workspace: FakeWorkspace) -> None:
    """What is told next of an incident goes to the channel of now: the bot may have left the other one."""
    async with aiohttp.ClientSession() as session:
        thread = await told(made(workspace, session), MESSAGE)
        workspace.channels = {"C0456EFGH"}
        moved = made(workspace, session, channel="C0456EFGH")
        outcome = await moved.send(replace(BACK, thread=thread, incident_id="i1"))
    assert isinstance(outcome, Delivered)
    assert json.loads(outcome.thread)["channel"] == "C0456EFGH"
    assert [post.body["channel"] for post in workspace.parents] == [CHANNEL, "C0456EFGH"]


@pytest.mark.parametrize("thread", ["<m1@mail.example>", "[]", '{"ts": "1"}', "{"])
async def test_what_a_channel_of_another_kind_left_is_no_thread(
    bot: SlackBot, workspace: FakeWorkspace, thread: str
) -> None:
    """The name may have been that of something else before."""
    assert isinstance(await bot.send(replace(BACK, thread=thread, incident_id="i1")), Delivered)
    assert len(workspace.parents) == 1


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("fault", [SERVER_ERROR, DROP, HANG, NOT_OK, refusal("ratelimited"), refusal("internal_error")])
async def test_what_failed_on_the_way_is_told_once(
    bot: SlackBot, workspace: FakeWorkspace, at: int, fault: Answer
) -> None:
    """At the repainting or at the reply: the next try makes it good, and nothing is there twice."""
    thread = await told(bot, MESSAGE)
    workspace.script(*[None] * at, fault)
    news = replace(BACK, thread=thread, incident_id="i1")
    assert isinstance(await bot.send(news), RetryAfter)
    assert isinstance(await bot.send(replace(news, was_tried=True)), Delivered)
    assert [post.headline for post in workspace.posts] == ["🟢 @realDonaldTrump is back on X after 11 min"] * 2


@pytest.mark.parametrize("word", ["cant_update_message", "edit_window_closed", "what_nobody_has_heard_of"])
async def test_what_cannot_be_painted_is_told_all_the_same(bot: SlackBot, workspace: FakeWorkspace, word: str) -> None:
    """A message that is not ours any more, or too old to change, keeps nobody from being told."""
    thread = await told(bot, MESSAGE)
    workspace.script(refusal(word))
    assert isinstance(await bot.send(replace(BACK, thread=thread, incident_id="i1")), Delivered)
    assert len(workspace.replies) == 1


ALERT = replace(MESSAGE, dedup_key="i1/newsroom/alert", incident_id="i1")
END = replace(BACK, dedup_key="i1/newsroom/resolved", incident_id="i1", was_tried=True)


@pytest.mark.parametrize("fault", [DROP, HANG, SERVER_ERROR, NOT_OK])
async def test_what_slack_took_without_our_hearing_of_it_is_found(
    bot: SlackBot, workspace: FakeWorkspace, fault: Answer
) -> None:
    """With a scope to read: the first message and the reply are there once, and the thread goes on."""
    workspace.reads = True
    workspace.lose(fault)
    assert isinstance(await bot.send(ALERT), RetryAfter)
    again = await bot.send(replace(ALERT, was_tried=True))
    assert isinstance(again, Delivered)
    assert json.loads(again.thread)["ts"] == workspace.parents[0].ts
    end = replace(END, thread=again.thread)
    workspace.script(None, None)  # it is repainted, and the reply looked for
    workspace.lose(fault)
    assert isinstance(await bot.send(end), RetryAfter)
    assert isinstance(await bot.send(end), Delivered)
    assert [post.thread for post in workspace.posts] == [None, workspace.parents[0].ts]


async def test_what_was_over_when_we_came_back_is_told_beneath_what_was_taken(
    bot: SlackBot, workspace: FakeWorkspace
) -> None:
    """Killed after the alert was taken, back when all is over: another key, and the same incident."""
    workspace.reads = True
    workspace.lose(DROP)
    await bot.send(ALERT)
    await bot.send(replace(ALERT, incident_id="i2", dedup_key="i2/newsroom/alert"))
    outcome = await bot.send(END)
    assert isinstance(outcome, Delivered)
    assert [post.headline[:3] for post in workspace.parents] == ["🟢 @", "🔴 @"]
    assert json.loads(outcome.thread)["ts"] == workspace.replies[0].thread == workspace.parents[0].ts


@pytest.mark.parametrize("named", [False, True])
async def test_without_the_scope_or_the_id_it_may_come_twice_with_one_key(
    workspace: FakeWorkspace, *, named: bool
) -> None:
    """At least once: the same key, and the same client_msg_id, tell it from other news."""
    workspace.reads, workspace.channels = named, {CHANNEL, "#newsroom"}
    async with aiohttp.ClientSession() as session:
        bot = made(workspace, session, channel="#newsroom" if named else CHANNEL)
        workspace.lose(DROP)
        assert isinstance(await bot.send(ALERT), RetryAfter)
        assert isinstance(await bot.send(replace(ALERT, was_tried=True)), Delivered)
    first, second = workspace.parents
    for of in ("metadata", "client_msg_id"):
        assert first.body[of] == second.body[of]
    assert first.body["metadata"]["event_payload"] == {"dedup_key": ALERT.dedup_key}


async def test_where_slack_heeds_the_id_it_comes_once(bot: SlackBot, workspace: FakeWorkspace) -> None:
    """Without any scope to read. A message that was removed meanwhile is written anew, without the id."""
    workspace.knows_ids = True
    workspace.lose(DROP)
    await bot.send(ALERT)
    outcome = await bot.send(replace(ALERT, was_tried=True))
    assert isinstance(outcome, Delivered)
    assert json.loads(outcome.thread)["ts"] == workspace.parents[0].ts
    workspace.delete(workspace.posts[0].ts)
    assert isinstance(await bot.send(replace(ALERT, was_tried=True)), Delivered)
    assert len(workspace.parents) == 1


@pytest.mark.parametrize("fault", [HANG, DROP, SERVER_ERROR, NOT_OK, rate_limited(60), refusal("not_in_channel")])
async def test_what_cannot_be_looked_for_is_told(bot: SlackBot, workspace: FakeWorkspace, fault: Answer) -> None:
    """Better twice than never."""
    workspace.script(fault)
    assert isinstance(await bot.send(replace(ALERT, was_tried=True)), Delivered)
    assert workspace.calls == ["conversations.history", "chat.postMessage"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (refusal("invalid_auth"), GaveUp(reason="gone: invalid_auth")),
        (refusal("not_in_channel"), GaveUp(reason="gone: not_in_channel")),
        (refusal("is_archived"), GaveUp(reason="gone: is_archived")),
        (refusal("invalid_blocks"), GaveUp(reason="client_error: invalid_blocks")),
        (refusal("fatal_error"), RetryAfter(reason="server_error: fatal_error")),
        (refusal("<script>"), RetryAfter(reason="server_error: unknown")),
        (refusal("ekm_access_denied"), GaveUp(reason="gone: ekm_access_denied")),
        (
            Answer(body='{"ok": false, "error": "ratelimited"}', headers={"Retry-After": "9"}),
            RetryAfter(reason="rate_limited: ratelimited", wait=timedelta(seconds=9)),
        ),
        (
            Answer(status=302, headers={"Location": "/"}),
            RetryAfter(reason="bad_answer: 302 an answer that is not Slack's"),
        ),
        (rate_limited(7), RetryAfter(reason="rate_limited: 429", wait=timedelta(seconds=7))),
        (SERVER_ERROR, RetryAfter(reason="server_error: 500")),
        (NOT_OK, RetryAfter(reason="bad_answer: 200 an answer that is not Slack's")),
    ],
)
async def test_what_slack_says(bot: SlackBot, workspace: FakeWorkspace, answer: Answer, outcome: Outcome) -> None:
    """HTTP 200 with `ok: false` is a failure; only Slack itself may end a channel."""
    workspace.script(answer)
    assert await bot.send(MESSAGE) == outcome
    assert isinstance(outcome, GaveUp | RetryAfter)
    assert outcome.reason.partition(":")[0] in FAILURE_REASONS


async def test_a_wrong_token_and_a_wrong_channel_are_told_apart(workspace: FakeWorkspace) -> None:
    """And neither shows the token."""
    async with aiohttp.ClientSession() as session:
        wrong = made(workspace, session, token="xoxb-9999-9999-n0t1t")
        assert await wrong.send(MESSAGE) == GaveUp(reason="gone: invalid_auth")
        assert await made(workspace, session, channel="C0000").send(MESSAGE) == GaveUp(reason="gone: channel_not_found")


async def test_nobody_answers(bot: SlackBot, workspace: FakeWorkspace) -> None:
    """Tried again later."""
    await workspace.__aexit__(None, None, None)
    outcome = await bot.send(MESSAGE)
    assert isinstance(outcome, RetryAfter)
    assert outcome.reason.startswith("connect: ")


async def test_hostile_texts_stay_within_slack_s_limits(bot: SlackBot, workspace: FakeWorkspace) -> None:
    """Nobody is pinged, whatever a page wrote."""
    thread = await told(bot, HOSTILE, HOSTILE)
    assert thread
    for post in workspace.posts:
        assert "<!" not in post.body["text"]
        assert post.body["link_names"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"ok": True, "ts": TOKEN, "channel": TOKEN},
        {"ok": True, "ts": {"token": TOKEN}, "channel": [TOKEN]},
        {"ok": False, "error": TOKEN},
        {"ok": False, "error": [TOKEN]},
        {"ok": TOKEN},
        TOKEN,
    ],
)
async def test_the_token_is_never_told(bot: SlackBot, workspace: FakeWorkspace, body: object) -> None:
    """Neither by the outcome nor by the channel's repr nor a log line, even if the answer quotes it."""
    with capture_logs() as logs:
        for status in (200, 400):
            workspace.script(Answer(status=status, body=json.dumps(body)))
            outcome = await bot.send(MESSAGE)
            assert TOKEN not in repr((outcome, bot, logs))


async def test_all_calls_together_come_to_an_end(workspace: FakeWorkspace) -> None:
    """Within the time that the outbox is told, however many calls hang."""
    async with aiohttp.ClientSession() as session:
        bot = made(workspace, session)
        thread = await told(bot, ALERT)
        workspace.script(None, *[HANG] * 3)
        async with asyncio.timeout(bot.timeout.total_seconds() + 1):
            assert await bot.send(replace(END, thread=thread)) == RetryAfter(reason="timeout")
