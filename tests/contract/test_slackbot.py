"""Slack by the token of a bot: one message an incident, repainted, with a thread beneath; whatever goes wrong."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from tests.contract.test_channels import HOSTILE, MESSAGE
from tests.fakes.slack import DROP, HANG, NOT_OK, SERVER_ERROR, rate_limited
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


def made(workspace: FakeWorkspace, session: aiohttp.ClientSession, **changes: str) -> SlackBot:
    """A bot of the workspace."""
    settings = SlackBotChannel(name="newsroom", token=Secret(TOKEN), channel=CHANNEL, api_url=workspace.url)
    token = Secret(changes.pop("token", TOKEN))
    return SlackBot(replace(settings, token=token, **changes), session, timedelta(seconds=0.3))


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
    assert back.body["metadata"]["event_payload"] == {"dedup_key": "end"}


async def test_an_acknowledgement_is_painted_and_said_beneath(bot: SlackBot, workspace: FakeWorkspace) -> None:
    """Without disturbing anybody who is not in the thread."""
    assert bot.tells(KINDS.ACKNOWLEDGED)
    await told(bot, MESSAGE, replace(UPDATE, kind=KINDS.ACKNOWLEDGED))
    assert (len(workspace.parents), len(workspace.replies)) == (1, 1)
    assert workspace.replies[0].body["reply_broadcast"] is False


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


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("fault", [SERVER_ERROR, DROP, HANG, NOT_OK, refusal("ratelimited"), refusal("internal_error")])
async def test_what_failed_on_the_way_is_told_once(
    bot: SlackBot, workspace: FakeWorkspace, at: int, fault: object
) -> None:
    """At the repainting or at the reply: the next try makes it good, and nothing is there twice."""
    thread = await told(bot, MESSAGE)
    workspace.script(*[None] * at, fault)  # type: ignore[arg-type]  # an Answer
    news = replace(BACK, thread=thread, incident_id="i1")
    assert isinstance(await bot.send(news), RetryAfter)
    assert isinstance(await bot.send(news), Delivered)
    assert [post.headline for post in workspace.posts] == ["🟢 @realDonaldTrump is back on X after 11 min"] * 2


async def test_what_slack_took_without_our_hearing_of_it_comes_twice_with_one_key(
    bot: SlackBot, workspace: FakeWorkspace
) -> None:
    """At least once: the same key tells it from other news."""
    workspace.lose(DROP)
    assert isinstance(await bot.send(MESSAGE), RetryAfter)
    assert isinstance(await bot.send(MESSAGE), Delivered)
    keys = [post.body["metadata"]["event_payload"]["dedup_key"] for post in workspace.parents]
    assert keys == [MESSAGE.dedup_key] * 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (refusal("invalid_auth"), GaveUp(reason="gone: invalid_auth")),
        (refusal("not_in_channel"), GaveUp(reason="gone: not_in_channel")),
        (refusal("is_archived"), GaveUp(reason="gone: is_archived")),
        (refusal("invalid_blocks"), GaveUp(reason="client_error: invalid_blocks")),
        (refusal("fatal_error"), RetryAfter(reason="server_error: fatal_error")),
        (refusal("<script>"), RetryAfter(reason="server_error: unknown")),
        (rate_limited(7), RetryAfter(reason="rate_limited: 429", wait=timedelta(seconds=7))),
        (SERVER_ERROR, RetryAfter(reason="server_error: 500")),
        (NOT_OK, RetryAfter(reason="bad_answer: 200 an answer that is not Slack's")),
    ],
)
async def test_what_slack_says(bot: SlackBot, workspace: FakeWorkspace, answer: object, outcome: Outcome) -> None:
    """HTTP 200 with `ok: false` is a failure; only Slack itself may end a channel."""
    workspace.script(answer)  # type: ignore[arg-type]  # an Answer
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
