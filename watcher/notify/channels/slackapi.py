"""Slack's Web API (https://docs.slack.dev/reference/methods): one call, and what its answers mean.

HTTP 200 with `ok: false` is a failure. Only Slack's own words may end a channel or a notification: a proxy or a captive
portal on the way has statuses too, and goes away again. The token is revealed to the session only, and nothing that was
answered is quoted but Slack's words, ids and stamps.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import aiohttp

from watcher.model.notification import Delivered, GaveUp, Outcome, RetryAfter
from watcher.notify.channels.http import read_answer, retry_after
from watcher.settings.values import Secret

# An answer to a post holds the message again, one to a question a hundred of anybody's.
_LONGEST_ANSWER: Final = 65_536
_LONGEST_HISTORY: Final = 2_000_000
# How a message of ours is known: by its metadata, which have a type and what belongs to it.
_EVENT: Final = "watcher"
_KEY: Final = "dedup_key"
_WORD: Final = re.compile(r"[a-z_]{1,64}")
_ID: Final = re.compile(r"[A-Z0-9]{1,32}")
_STAMP: Final = re.compile(r"[0-9]{1,16}\.[0-9]{1,8}")
# What only people can mend: https://docs.slack.dev/reference/methods/chat.postMessage#errors.
_GONE: Final = frozenset(
    {
        "access_denied",
        "account_inactive",
        "channel_not_found",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "is_archived",
        "messages_tab_disabled",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "not_in_channel",
        "org_login_required",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "team_access_not_granted",
        "team_not_found",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
_REFUSED: Final = frozenset(
    {
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
    }
)
_LIMITED: Final = frozenset({"message_limit_exceeded", "rate_limited", "ratelimited"})
_PASSING: Final = frozenset(
    {
        "external_channel_migrating",
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message that is in Slack. `thread` is the `ts` of the one that it is beneath, or its own; `key`: dedup_key."""

    ts: str
    thread: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a method said: `error` is Slack's word, empty where all is well. What failed on the way has a `failure`.

    `posts` are those with a key among the messages that it told of.
    """

    error: str = ""
    channel: str = ""
    ts: str = ""
    posts: tuple[Post, ...] = ()
    wait: timedelta | None = None
    failure: RetryAfter | None = None

    @property
    def is_of_this_call_alone(self) -> bool:
        """True when Slack refused what was asked, so that it may well grant something else, now."""
        return self.failure is None and self.error not in _GONE | _LIMITED | _PASSING


class SlackApi:
    """The methods that one token may call. `timeout` bounds a call, in real time."""

    def __init__(self, url: str, token: Secret, session: aiohttp.ClientSession, timeout: timedelta) -> None:
        self._url = url
        self._token = token
        self._session = session
        self._timeout = timeout

    async def do(self, method: str, body: Mapping[str, Any]) -> Answer:
        """Call a method that changes something."""
        return await self._call(method, _LONGEST_ANSWER, json=body)

    async def ask(self, method: str, **arguments: str) -> Answer:
        """Call a method that tells something: these take forms only."""
        return await self._call(method, _LONGEST_HISTORY, data=arguments)

    async def _call(self, method: str, limit: int, **body: Any) -> Answer:
        try:
            async with self._session.post(
                f"{self._url}/{method}",
                headers={"Authorization": f"Bearer {self._token.reveal()}"},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout.total_seconds()),
                **body,
            ) as response:
                return _answer(response.status, await read_answer(response, limit), retry_after(response))
        except TimeoutError:
            return _failed("timeout")
        except (aiohttp.ClientError, OSError) as error:
            return _failed(f"connect: {type(error).__name__}")


def signed(key: str) -> dict[str, Any]:
    """The metadata by which a message of ours is known."""
    return {"event_type": _EVENT, "event_payload": {_KEY: key}}


def outcome(answer: Answer, *, thread: str = "") -> Outcome:
    """What becomes of the message that was posted so; `thread` is where it is, if it is there."""
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
    return RetryAfter(reason=f"server_error: {answer.error}", wait=answer.wait)


def _answer(status: int, text: str, wait: timedelta | None) -> Answer:
    if status == 429:  # noqa: PLR2004 - HTTP statuses read best as numbers
        return _failed("rate_limited: 429", wait)
    if status >= 500:  # noqa: PLR2004
        return _failed(f"server_error: {status}", wait)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("ok"), bool):
        return _failed(f"bad_answer: {status} an answer that is not Slack's")
    if not said["ok"]:
        return Answer(error=_if(_WORD, said.get("error")) or "unknown", wait=wait)
    told = said.get("messages")
    posts = (_post(each) for each in told if isinstance(each, dict)) if isinstance(told, list) else ()
    return Answer(
        channel=_if(_ID, said.get("channel")),
        ts=_if(_STAMP, said.get("ts")),
        posts=tuple(post for post in posts if post.ts and post.key),
    )


def _post(said: Mapping[str, Any]) -> Post:
    ts, metadata = _if(_STAMP, said.get("ts")), said.get("metadata")
    carried = metadata.get("event_payload") if isinstance(metadata, dict) else None
    key = carried.get(_KEY) if isinstance(carried, dict) else None
    return Post(ts=ts, thread=_if(_STAMP, said.get("thread_ts")) or ts, key=key if isinstance(key, str) else "")


def _if(pattern: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _failed(reason: str, wait: timedelta | None = None) -> Answer:
    return Answer(error=reason.partition(":")[0], failure=RetryAfter(reason=reason, wait=wait))
