"""A Message as Slack shows it: blocks, escaped, within the limits that the models of slack_sdk check. Pure."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, MarkdownTextObject, PlainTextObject, SectionBlock

from watcher.model.account import Severity
from watcher.model.notification import Message, NotificationKind
from watcher.notify.locales import ENGLISH, LOCALES, Locale
from watcher.notify.wording import beside_stamps, with_local_time
from watcher.text import clean, cut

_SECTION_LENGTH = SectionBlock.text_max_length
# Of a whole message Slack takes some 12000 characters, which it does not document (slackapi/bolt-js#2509, #2867).
_SAID_LENGTH = 9000
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


def payload(message: Message, *, short: bool = False) -> dict[str, Any]:
    """The JSON that says `message`: hostile text in plain text or code spans only, no unfurls, no mentions.

    The `dedup_key` goes along as the header's block_id. `short`: the headline alone. Raises nothing: all limits are
    kept here.
    """
    said = () if short else message.sentences[:1]
    return {
        "text": _escape(cut(" — ".join((_titled(message), *said)), _FALLBACK_LENGTH)),
        "blocks": [block.to_dict() for block in (_blocks(message) if not short else [_header(message)])],
        # The fallback text is not to be formatted, nor its names linked.
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _blocks(message: Message) -> Iterable[Block]:
    yield _header(message)
    for section in _sections(_fitting(message)):
        yield SectionBlock(text=_plain(section))
    if message.quote is not None:
        quote = f"{message.quote.intro}: “{message.quote.text}”"
        yield SectionBlock(text=_plain(cut(quote, _SECTION_LENGTH)))
    for start in range(0, len(message.facts), _FIELDS):
        yield SectionBlock(fields=[_field(*fact) for fact in message.facts[start : start + _FIELDS]])
    links = [link for link in (_link(label, url) for label, url in message.links) if link]
    if links:
        yield ContextBlock(elements=[_mrkdwn(link) for link in links[: ContextBlock.elements_max_length]])


def _fitting(message: Message) -> Iterator[str]:
    """The sentences that Slack takes; the last says how many it does not.

    In plain text Slack shows nobody's own time: there it is that of the route's time zone, as in mail.
    """
    told = (with_local_time(sentence, message.timezone) for sentence in message.sentences if sentence.strip())
    said = [cut(sentence, _SECTION_LENGTH) for sentence in told]
    room = _SAID_LENGTH
    for place, sentence in enumerate(said):
        room -= len(sentence) + 1
        if room < 0:
            yield LOCALES.get(message.language, ENGLISH).left_out.format(len(said) - place)
            return
        yield sentence


def _sections(sentences: Iterable[str]) -> Iterator[str]:
    """As many of the sentences as a section holds, a line each, and the others in further ones."""
    section = ""
    for sentence in sentences:
        longer = f"{section}\n{sentence}" if section else sentence
        if len(longer) > _SECTION_LENGTH:
            yield section
            longer = sentence
        section = longer
    if section:
        yield section


def _header(message: Message) -> HeaderBlock:
    text = _plain(cut(_titled(message), _HEADER_LENGTH))
    return HeaderBlock(text=text, block_id=message.dedup_key[:_BLOCK_ID_LENGTH] or None)


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


def _local_time(at: datetime, _locale: Locale) -> str:
    """The reader's own time, which Slack knows, with its date: there it may be the next day already."""
    return f"<!date^{int(at.timestamp())}^{{date_short}} {{time_secs}} local|UTC>"


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
