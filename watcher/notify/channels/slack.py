"""Slack by an incoming webhook: one POST a message. It returns no message id, so nothing can be threaded or changed.

Status codes are those of Slack's documentation. The POST is ours, since slack_sdk's webhook client follows redirects,
reads answers without bound and logs the URL. The webhook URL is a secret: it is revealed to the session only, and no
answer or exception is quoted verbatim.
"""

import re
from datetime import timedelta
from typing import Final

import aiohttp

from watcher.model.notification import Delivered, GaveUp, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.channels.http import read_answer, retry_after
from watcher.notify.channels.slackblocks import payload
from watcher.settings.values import Secret

_TIMEOUT = timedelta(seconds=10)

_SLACK_CODE = re.compile(r"[a-z_]{1,64}")
# Slack's words for a webhook that is no longer good, and for a message that it will not take:
# https://api.slack.com/messaging/webhooks#handling_errors. Only Slack itself may end a notification: a proxy or a
# captive portal on the way has a 403 and a 404 too, and goes away again.
_GONE: Final = frozenset(
    {
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_service_id",
        "no_team",
        "posting_to_general_channel_denied",
        "team_disabled",
    }
)
_REFUSED: Final = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_payload",
        "missing_text_or_fallback_or_attachments",
        "no_text",
        "too_many_attachments",
        "user_not_found",
    }
)


class SlackWebhook:
    """One incoming webhook. `timeout` bounds a send, in real time."""

    def __init__(self, name: str, url: Secret, session: aiohttp.ClientSession, timeout: timedelta = _TIMEOUT) -> None:
        self._name = name
        self._url = url
        self._session = session
        self._timeout = timeout

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        return self._name

    @property
    def spacing(self) -> timedelta:
        """Slack allows one message a second for each webhook; who goes on after a 429 may be cut off for good."""
        return timedelta(seconds=1)

    @property
    def timeout(self) -> timedelta:
        """Slack answers at once or not at all."""
        return self._timeout

    def tells(self, kind: NotificationKind) -> bool:
        """All but that somebody acknowledged: that is no new message's worth."""
        return kind is not NotificationKind.ACKNOWLEDGED

    async def send(self, message: Message) -> Outcome:
        """POST `message`; the outcome's reason begins with one of metrics.FAILURE_REASONS."""
        body = payload(message)
        timeout = aiohttp.ClientTimeout(total=self._timeout.total_seconds())
        try:
            async with self._session.post(
                self._url.reveal(), json=body, allow_redirects=False, timeout=timeout
            ) as response:
                answer = await read_answer(response)
                return _outcome(response.status, answer, retry_after(response))
        except TimeoutError:
            return RetryAfter(reason="timeout")
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            # Their messages hold the URL.
            return GaveUp(reason="client_error: the webhook URL is not one that can be posted to")
        except (aiohttp.ClientError, OSError) as error:
            return RetryAfter(reason=f"connect: {type(error).__name__}")

    async def close(self) -> None:
        """Nothing to let go of: the session is the caller's."""


def _outcome(status: int, answer: str, wait: timedelta | None) -> Outcome:
    # Slack answers with one word; anything else may come from a proxy, and may quote the URL.
    code = answer if _SLACK_CODE.fullmatch(answer) else "an answer that is not Slack's"
    told = f"{status} {code}"
    if status == 200 and answer == "ok":  # noqa: PLR2004 - HTTP statuses read best as numbers
        return Delivered(answer="ok")
    if status == 429:  # noqa: PLR2004
        return RetryAfter(reason=f"rate_limited: {told}", wait=wait)
    if status >= 500:  # noqa: PLR2004
        return RetryAfter(reason=f"server_error: {told}", wait=wait)
    if status >= 400 and answer in _GONE:  # noqa: PLR2004
        return GaveUp(reason=f"gone: {told}")
    if status >= 400 and answer in _REFUSED:  # noqa: PLR2004
        return GaveUp(reason=f"client_error: {told}")
    return RetryAfter(reason=f"bad_answer: {told}")
