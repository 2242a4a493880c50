"""Slack by the token of a bot: one message an incident, repainted with every change, and a thread under it.

`chat.postMessage` gives the message's `ts`, by which it is threaded under and changed with `chat.update`. What is told
next of an incident repaints the first message before it is posted beneath it: to repaint twice does no harm, so that
whatever fails or dies in between is made good by the next try.

A message may have been taken without our hearing of it: the connection was cut, or we were killed. Each has its
`dedup_key` in its metadata, by which the next try looks for it before it posts; that needs a scope that reads the
channel (`channels:history`, of a private one `groups:history`) and the channel's id, and is left out without. Its
`client_msg_id` is made of the key too: Slack has errors for one that came twice, but promises nothing. To tell twice is
better than not to tell: what cannot be looked for is posted.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import aiohttp

from watcher.model.notification import Delivered, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.channels.slackapi import Answer, SlackApi, outcome, signed
from watcher.notify.channels.slackblocks import payload
from watcher.settings.values import SlackBotChannel

_TIMEOUT: Final = timedelta(seconds=10)
_CHANNEL_ID: Final = re.compile(r"[CGD][A-Z0-9]+")
# Among how many a message is looked for: the newest of a channel, the oldest of a thread. Slack may give fewer.
_PAGE: Final = {"limit": "200", "include_all_metadata": "true"}
# The message to change or to reply to is not there any more, or takes no replies.
_LOST: Final = frozenset({"message_not_found", "thread_not_found"})
_NO_THREAD: Final = frozenset(
    {"cannot_reply_to_message", "restricted_action_non_threadable_channel", "restricted_action_thread_locked"}
)
# Slack knows the client_msg_id of a message that was removed.
_REMOVED: Final = frozenset({"duplicate_channel_not_found", "duplicate_message_not_found"})
# Who has not opened the thread is to see these too.
_FOR_ALL: Final = frozenset({NotificationKind.RESOLVED, NotificationKind.CORRECTION})
# The message above has just been painted with all that these could say.
_SHORT: Final = frozenset({NotificationKind.REMINDER, NotificationKind.ACKNOWLEDGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thread:
    """The message that what is told of an incident is beneath; of an outage that was told with others, theirs.

    `asked` is the channel as the settings named it when it was posted: with another one, a new message begins there.
    """

    channel: str
    ts: str
    incident: str
    asked: str


class SlackBot:
    """One channel of one workspace. `timeout` bounds a call, in real time."""

    def __init__(
        self, settings: SlackBotChannel, session: aiohttp.ClientSession, timeout: timedelta = _TIMEOUT
    ) -> None:
        self._settings = settings
        self._api = SlackApi(settings.api_url, settings.token, session, timeout)
        self._timeout = timeout

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        return self._settings.name

    @property
    def spacing(self) -> timedelta:
        """Slack allows one message a second for each channel; who goes on after a 429 may be cut off for good."""
        return timedelta(seconds=1)

    @property
    def timeout(self) -> timedelta:
        """For all the calls that a message may take."""
        return 2 * self._timeout

    def tells(self, kind: NotificationKind) -> bool:
        """Everything: that somebody acknowledged is painted, and said beneath."""
        del kind
        return True

    async def send(self, message: Message) -> Outcome:
        """Post `message`, or repaint the incident's and post beneath it; reasons begin with one of FAILURE_REASONS."""
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                return await self._send(message)
        except TimeoutError:
            return RetryAfter(reason="timeout")

    async def close(self) -> None:
        """Nothing to let go of: the session is the caller's."""

    async def _send(self, message: Message) -> Outcome:
        thread = _thread_of(message.thread)
        told = None
        if thread is not None and thread.asked == self._settings.channel:
            told = await self._go_on(thread, message)
        if told is None and message.was_tried:
            told = await self._take_up(message)
        if told is not None:
            return told
        posted = await self._post(message, {"channel": self._settings.channel})
        return outcome(posted, thread=_written(self._thread(posted.channel, posted.ts, message)))

    async def _go_on(self, thread: _Thread, message: Message) -> Outcome | None:
        """Repaint and reply; None where the message to reply to is there no more."""
        if thread.incident == message.incident_id:
            # Without metadata: it keeps the key under which it was posted.
            where = {"channel": thread.channel, "ts": thread.ts}
            painted = await self._api.do("chat.update", {**where, **payload(message)})
            if painted.error in _LOST:
                return None
            # What may not be changed any more, or not by us, is told beneath all the same.
            if painted.error and not painted.is_of_this_call_alone:
                return outcome(painted)
        if message.was_tried and await self._is_beneath(thread, message):
            return _was_there(thread)
        beneath = {"channel": thread.channel, "thread_ts": thread.ts, "reply_broadcast": message.kind in _FOR_ALL}
        posted = await self._post(message, beneath)
        return None if posted.error in _LOST | _NO_THREAD else outcome(posted, thread=_written(thread))

    async def _take_up(self, message: Message) -> Outcome | None:
        """Go on where an earlier try of ours, that we know nothing of, began; None where none did."""
        channel = self._settings.channel
        if not _CHANNEL_ID.fullmatch(channel):
            return None
        found = await self._api.ask("conversations.history", channel=channel, **_PAGE)
        ours = (f"{message.incident_id}/{self.name}/", message.dedup_key)
        # Replies may be shown in the channel too; they are beneath another one.
        begun = next((post for post in found.posts if post.ts == post.thread and post.key.startswith(ours)), None)
        if begun is None:
            return None
        thread = self._thread(channel, begun.ts, message)
        return _was_there(thread) if begun.key == message.dedup_key else await self._go_on(thread, message)

    async def _is_beneath(self, thread: _Thread, message: Message) -> bool:
        found = await self._api.ask("conversations.replies", channel=thread.channel, ts=thread.ts, **_PAGE)
        return any(post.key == message.dedup_key for post in found.posts)

    async def _post(self, message: Message, where: Mapping[str, Any]) -> Answer:
        said = {
            **where,
            **payload(message, short="thread_ts" in where and message.kind in _SHORT),
            "metadata": signed(message.dedup_key),
        }
        known = {"client_msg_id": str(uuid5(NAMESPACE_URL, f"watcher:{message.dedup_key}"))}
        posted = await self._api.do("chat.postMessage", {**said, **known})
        return await self._api.do("chat.postMessage", said) if posted.error in _REMOVED else posted

    def _thread(self, channel: str, ts: str, message: Message) -> _Thread:
        return _Thread(channel=channel, ts=ts, incident=message.incident_id, asked=self._settings.channel)


def _thread_of(written: str) -> _Thread | None:
    """What `_written` wrote; None of nothing, and of what a channel of another kind wrote under this name."""
    try:
        return _Thread(**json.loads(written)) if written else None
    except (ValueError, TypeError):
        return None


def _written(thread: _Thread) -> str:
    return json.dumps(asdict(thread)) if thread.channel and thread.ts else ""


def _was_there(thread: _Thread) -> Delivered:
    return Delivered(answer="ok, it was there already", thread=_written(thread))
