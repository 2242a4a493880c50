"""Slack by an incoming webhook: one POST a message. It returns no message id, so nothing can be threaded or changed.

Limits, escaping and status codes are those of Slack's documentation; the block models of slack_sdk check the limits.
The POST is ours, since slack_sdk's webhook client follows redirects, reads answers without bound and logs the URL.
The webhook URL is a secret: it is revealed to the session only, and no answer or exception is quoted verbatim.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, MarkdownTextObject, PlainTextObject, SectionBlock

from watcher.model.account import Severity
from watcher.model.notification import Delivered, GaveUp, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.wording import beside_stamps
from watcher.settings.values import Secret
from watcher.text import clean, cut

_TIMEOUT = timedelta(seconds=10)
_ANSWER_LENGTH = 4096
_LONGEST_WAIT = timedelta(hours=1)

_SECTION_LENGTH = SectionBlock.text_max_length
_FIELDS = SectionBlock.fields_max_length
_HEADER_LENGTH = HeaderBlock.text_max_length
_BLOCK_ID_LENGTH = Block.block_id_max_length
# Escaping makes five characters of one at most, and a field holds 2000.
_VALUE_LENGTH = 350
_LABEL_LENGTH = 40
_FALLBACK_LENGTH = 1000
_URL_LENGTH = 2000

_ICONS: Final[dict[Severity, str]] = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}
# What is news of an end or of an error of ours is as loud as any other such news.
_KINDS: Final[dict[NotificationKind, str]] = {NotificationKind.RESOLVED: "🟢", NotificationKind.CORRECTION: "✏️"}
_ESCAPES: Final[dict[int, str]] = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_URL_ESCAPES: Final[dict[int, str]] = str.maketrans({" ": "%20", "<": "%3C", ">": "%3E", "|": "%7C", "`": "%60"})
# Emphasis, code, quotes, :emoji: and mentions: what Slack would turn into something else than the text itself.
_SPECIAL = re.compile(r"[*_~`]|:[\w+'-]*[^\W\d][\w+'-]*:|@(?:everyone|here|channel)", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"https?://[^\s<>|`]+")
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
                answer = await _read(response)
                return _outcome(response.status, answer, response.headers.get("Retry-After"))
        except TimeoutError:
            return RetryAfter(reason="timeout")
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            # Their messages hold the URL.
            return GaveUp(reason="client_error: the webhook URL is not one that can be posted to")
        except (aiohttp.ClientError, OSError) as error:
            return RetryAfter(reason=f"connect: {type(error).__name__}")

    async def close(self) -> None:
        """Nothing to let go of: the session is the caller's."""


async def _read(response: aiohttp.ClientResponse) -> str:
    answer = b""
    async for chunk in response.content.iter_chunked(_ANSWER_LENGTH):
        answer += chunk
        if len(answer) >= _ANSWER_LENGTH:
            break
    return answer[:_ANSWER_LENGTH].decode(errors="replace").strip()


def _outcome(status: int, answer: str, retry_after: str | None) -> Outcome:
    # Slack answers with one word; anything else may come from a proxy, and may quote the URL.
    code = answer if _SLACK_CODE.fullmatch(answer) else "an answer that is not Slack's"
    told = f"{status} {code}"
    if status == 200 and answer == "ok":  # noqa: PLR2004 - HTTP statuses read best as numbers
        return Delivered(answer="ok")
    if status == 429:  # noqa: PLR2004
        return RetryAfter(reason=f"rate_limited: {told}", wait=_wait(retry_after))
    if status >= 500:  # noqa: PLR2004
        return RetryAfter(reason=f"server_error: {told}", wait=_wait(retry_after))
    if status >= 400 and answer in _GONE:  # noqa: PLR2004
        return GaveUp(reason=f"gone: {told}")
    if status >= 400 and answer in _REFUSED:  # noqa: PLR2004
        return GaveUp(reason=f"client_error: {told}")
    return RetryAfter(reason=f"bad_answer: {told}")


def _wait(retry_after: str | None) -> timedelta | None:
    # Slack gives seconds. A date (RFC 9110 allows one) is left to the outbox's own back-off.
    if retry_after is None or not re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return None
    return min(timedelta(seconds=int(retry_after)), _LONGEST_WAIT)


def payload(message: Message) -> dict[str, Any]:
    """The JSON that says `message`: hostile text in plain text or code spans only, no unfurls, no mentions.

    The `dedup_key` goes along as the header's block_id. Raises nothing: all limits are kept here.
    """
    return {
        "text": _escape(cut(" — ".join((_titled(message), *message.sentences[:1])), _FALLBACK_LENGTH)),
        "blocks": [block.to_dict() for block in _blocks(message)],
        # The fallback text is not to be formatted, nor its names linked.
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _blocks(message: Message) -> Iterable[Block]:
    yield HeaderBlock(
        text=_plain(cut(_titled(message), _HEADER_LENGTH)), block_id=message.dedup_key[:_BLOCK_ID_LENGTH] or None
    )
    said = "\n".join(message.sentences)
    if said.strip():
        yield SectionBlock(text=_plain(cut(said, _SECTION_LENGTH)))
    if message.quote is not None:
        language = f" ({message.quote.language})" if message.quote.language else ""
        saw = "saw" if message.kind is NotificationKind.RESOLVED else "see"
        quote = f"Visitors {saw}{language}: “{message.quote.text}”"
        yield SectionBlock(text=_plain(cut(quote, _SECTION_LENGTH)))
    for start in range(0, len(message.facts), _FIELDS):
        yield SectionBlock(fields=[_field(*fact) for fact in message.facts[start : start + _FIELDS]])
    links = [link for link in (_link(label, url) for label, url in message.links) if link]
    if links:
        yield ContextBlock(elements=[_mrkdwn(link) for link in links[: ContextBlock.elements_max_length]])


def _titled(message: Message) -> str:
    return f"{_KINDS.get(message.kind) or _ICONS[message.severity]} {message.headline}"


def _field(label: str, value: str) -> MarkdownTextObject:
    return _mrkdwn(f"*{_span(cut(label, _LABEL_LENGTH))}*\n{_span(cut(value, _VALUE_LENGTH))}")


def _span(text: str) -> str:
    """`text` as mrkdwn that shows just that: in a code span if Slack would read something into it."""
    text = clean(text)  # a code span ends with its line
    escaped = _escape(text)
    if _SPECIAL.search(text):
        return f"`{escaped.replace('`', 'ˋ')}`"
    return beside_stamps(escaped, _local_time)


def _local_time(at: datetime) -> str:
    """The reader's own time, which Slack knows."""
    return f"<!date^{int(at.timestamp())}^{{time_secs}} local|UTC>"


def _link(label: str, url: str) -> str:
    address = _escape(url.translate(_URL_ESCAPES))
    if len(address) > _URL_LENGTH or not _WEB_ADDRESS.fullmatch(address):
        return ""
    return f"<{address}|{_escape(cut(label, _LABEL_LENGTH)).replace('|', ' ') or 'link'}>"


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)


def _plain(text: str) -> PlainTextObject:
    # Without emoji, ":name:" stays as it was written.
    return PlainTextObject(text=text, emoji=False)


def _mrkdwn(text: str) -> MarkdownTextObject:
    # Verbatim: no links made of names and addresses.
    return MarkdownTextObject(text=text, verbatim=True)
