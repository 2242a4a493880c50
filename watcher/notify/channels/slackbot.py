"""Slack by the token of a bot: one message an incident, repainted with every change, and a thread under it.

`chat.postMessage` gives the message's `ts`, by which it is threaded under and changed with `chat.update`
(https://api.slack.com/methods). What is told next of an incident repaints the first message before it is posted beneath
it: to repaint twice does no harm, so that whatever fails or dies in between is made good by the next try, and nothing
is posted twice but what Slack took without our hearing of it. That has the same `dedup_key` in its metadata.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import aiohttp

from watcher.model.notification import Delivered, GaveUp, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.channels.http import read_answer, retry_after
from watcher.notify.channels.slackblocks import payload
from watcher.settings.values import SlackBotChannel

_TIMEOUT: Final = timedelta(seconds=10)
_LONGEST: Final = 65_536
# What only people can mend: https://api.slack.com/methods/chat.postMessage#errors.
_GONE: Final = frozenset(
    {
        "access_denied",
        "account_inactive",
        "channel_not_found",
        "invalid_auth",
        "is_archived",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "not_in_channel",
        "org_login_required",
        "restricted_action",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
_REFUSED: Final = frozenset(
    {
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "message_limit_exceeded",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
    }
)
_LIMITED: Final = frozenset({"ratelimited", "rate_limited"})
# The message to change is not there any more, or may be changed no longer.
_LOST: Final = frozenset({"message_not_found", "thread_not_found"})
_FINAL: Final = frozenset({"cant_update_message", "edit_window_closed"})
# Who has not opened the thread is to see these too.
_FOR_ALL: Final = frozenset({NotificationKind.RESOLVED, NotificationKind.CORRECTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thread:
    """The message that what is told of an incident is beneath; of an outage that was told with others, theirs."""

    channel: str
    ts: str
    incident: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a method said: `error` is empty where all is well; a failure on the way is an outcome already."""

    error: str = ""
    channel: str = ""
    ts: str = ""
    wait: timedelta | None = None
    failure: RetryAfter | None = None


class SlackBot:
    """One channel of one workspace. `timeout` bounds a send, in real time."""

    def __init__(
        self, settings: SlackBotChannel, session: aiohttp.ClientSession, timeout: timedelta = _TIMEOUT
    ) -> None:
        self._settings = settings
        self._session = session
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
        """For the two calls that a message may take."""
        return 2 * self._timeout

    def tells(self, kind: NotificationKind) -> bool:
        """Everything: that somebody acknowledged is painted, and said beneath."""
        del kind
        return True

    async def send(self, message: Message) -> Outcome:
        """Post `message`, or repaint the incident's and post beneath it; reasons begin with one of FAILURE_REASONS."""
        thread = _thread_of(message.thread)
        if thread is None:
            return await self._post(message)
        if thread.incident == message.incident_id:
            painted = await self._call("chat.update", {"channel": thread.channel, "ts": thread.ts, **_said(message)})
            if painted.error in _LOST:
                return await self._post(message)
            if painted.error not in ("", *_FINAL):
                return _outcome(painted)
        beneath = {"channel": thread.channel, "thread_ts": thread.ts, "reply_broadcast": message.kind in _FOR_ALL}
        posted = await self._call("chat.postMessage", {**beneath, **_said(message)})
        return await self._post(message) if posted.error in _LOST else _outcome(posted)

    async def close(self) -> None:
        """Nothing to let go of: the session is the caller's."""

    async def _post(self, message: Message) -> Outcome:
        posted = await self._call("chat.postMessage", {"channel": self._settings.channel, **_said(message)})
        thread = {"channel": posted.channel, "ts": posted.ts, "incident": message.incident_id}
        return _outcome(posted, thread=json.dumps(thread))

    async def _call(self, method: str, body: dict[str, Any]) -> _Answer:
        try:
            async with self._session.post(
                f"{self._settings.api_url}/{method}",
                json=body,
                headers={"Authorization": f"Bearer {self._settings.token.reveal()}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout.total_seconds()),
            ) as response:
                return _answer(response.status, await read_answer(response, _LONGEST), retry_after(response))
        except TimeoutError:
            return _failed("timeout")
        except (aiohttp.ClientError, OSError) as error:
            return _failed(f"connect: {type(error).__name__}")


def _thread_of(thread: str) -> _Thread | None:
    return _Thread(**json.loads(thread)) if thread else None


def _said(message: Message) -> dict[str, Any]:
    metadata = {"event_type": "watcher", "event_payload": {"dedup_key": message.dedup_key}}
    return {**payload(message), "metadata": metadata}


def _answer(status: int, text: str, wait: timedelta | None) -> _Answer:
    if status == 429:  # noqa: PLR2004 - HTTP statuses read best as numbers
        return _failed("rate_limited: 429", wait)
    if status >= 500:  # noqa: PLR2004
        return _failed(f"server_error: {status}", wait)
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("ok"), bool):
        return _failed(f"bad_answer: {status} an answer that is not Slack's")
    if said["ok"]:
        return _Answer(channel=str(said.get("channel", "")), ts=str(said.get("ts", "")))
    error = str(said.get("error", ""))[:64]
    return _Answer(error=error if error.replace("_", "").isalnum() else "unknown", wait=wait)


def _failed(reason: str, wait: timedelta | None = None) -> _Answer:
    return _Answer(error=reason.partition(":")[0], failure=RetryAfter(reason=reason, wait=wait))


def _outcome(answer: _Answer, *, thread: str = "") -> Outcome:
    if answer.failure is not None:
        return answer.failure
    if not answer.error:
        return Delivered(answer=f"ok {answer.ts}".strip(), thread=thread)
    if answer.error in _LIMITED:
        return RetryAfter(reason=f"rate_limited: {answer.error}", wait=answer.wait)
    if answer.error in _GONE:
        return GaveUp(reason=f"gone: {answer.error}")
    if answer.error in _REFUSED:
        return GaveUp(reason=f"client_error: {answer.error}")
    return RetryAfter(reason=f"server_error: {answer.error}")
