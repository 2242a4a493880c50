"""What a mail looks like: the headers that make a thread, the text, the HTML. Pure: nothing in it is left to chance.

Nothing is stored for the thread: the ids are made of the dedup_key, so that a mail sent twice has one id, and a
follow-up knows that of the alert. Sources: RFC 5322 (ids, threads), 2046 (text first), 2919 (List-Id), 3834
(Auto-Submitted).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import quote as percent

from watcher.model.account import Severity
from watcher.model.notification import Message, NotificationKind, dedup_key_of
from watcher.notify.wording import with_local_time
from watcher.settings.values import Mailbox
from watcher.text import clean, cut

_SUBJECT_LENGTH: Final = 300
_INCIDENT_LENGTH: Final = 200
_URL_LENGTH: Final = 2000
_WEB_ADDRESS = re.compile(r"https?://[^\s<>]+")
_COLOURS: Final[dict[Severity, str]] = {
    Severity.CRITICAL: "#d93025",
    Severity.WARNING: "#e07b00",
    Severity.INFO: "#1a73e8",
}
_OVER_COLOUR: Final = "#188038"
# No colours of background or text: the reader's own serve for light and dark alike.
_FONT: Final = "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_LABEL: Final = "padding:3px 16px 3px 0;vertical-align:top;white-space:nowrap;opacity:.7"


def letter(message: Message, *, channel: str, sender: Mailbox, to: Sequence[Mailbox], at: datetime) -> bytes:
    """The mail that says `message`, as it goes over the wire; `at` is its date.

    Header lines are ASCII unless an address in `to` is not. The text alone says everything.
    """
    is_utf8 = not all(box.local.isascii() for box in to)
    mail = EmailMessage(policy=SMTP.clone(utf8=is_utf8))
    mail["From"] = Address(sender.name, sender.local, sender.domain)
    mail["To"] = [Address("", box.local, box.domain) for box in to]
    mail["Date"] = format_datetime(at.astimezone(UTC))
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if message.severity is Severity.CRITICAL and message.kind in (NotificationKind.ALERT, NotificationKind.UPDATE):
        mail["X-Priority"] = "1"
    mail.set_content(plain_text(message), cte="quoted-printable")
    mail.add_alternative(_html(message), subtype="html", cte="quoted-printable")
    own_id = message_id(message.dedup_key, sender.domain)
    # Quoted-printable has no "=_", so that this cannot be in either part.
    mail.set_boundary(f"=_{sha256(own_id.encode()).hexdigest()[:32]}")
    lines = (*_ids(message, channel, sender, own_id), *_texts(message, channel))
    return b"".join(f"{line}\r\n".encode("ascii") for line in lines) + mail.as_bytes()


def message_id(dedup_key: str, domain: str) -> str:
    """The id of the mail with that key: always the same."""
    return f"<{sha256(dedup_key.encode(errors='replace')).hexdigest()[:32]}.watcher@{domain}>"


def _is_first(message: Message, channel: str) -> bool:
    return not message.incident_id or message.dedup_key == _first_key(message, channel)


def _first_key(message: Message, channel: str) -> str:
    """The key of the incident's alert on this channel: the mail that begins the thread."""
    return dedup_key_of(message.incident_id, channel, NotificationKind.ALERT)


def _ids(message: Message, channel: str, sender: Mailbox, own_id: str) -> Iterator[str]:
    """The headers that hold ids. The email package would encode long ones, and no program would know them again."""
    yield f"Message-ID: {own_id}"
    if not _is_first(message, channel):
        first_id = message_id(_first_key(message, channel), sender.domain)
        yield f"In-Reply-To: {first_id}"
        yield f"References: {first_id}"
    yield f"List-Id: <{channel}.watcher.{sender.domain}>"


def _texts(message: Message, channel: str) -> Iterator[str]:
    """The headers that hold text of others. The email package reads encoded words in it, line breaks and all."""
    # Some programs thread by the subject too: it never says how things stand.
    subject = cut(clean(message.subject or message.headline).strip(), _SUBJECT_LENGTH)
    answer = "" if _is_first(message, channel) else "Re: "
    yield _header("Subject", f"{answer}[watcher] {subject}")
    if message.incident_id:
        yield _header("X-Watcher-Incident", cut(clean(message.incident_id), _INCIDENT_LENGTH))


def _header(name: str, text: str) -> str:
    # What looks like an encoded word and is none is encoded itself, or readers would decode it.
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    folded = Header(text, charset, header_name=name).encode(linesep="\r\n")
    return f"{name}: {folded}"


def _quote(message: Message) -> tuple[str, str] | None:
    """Who sees what: the words before the quote, and the quote itself."""
    if message.quote is None:
        return None
    return f"{clean(message.quote.intro)}:", clean(message.quote.text)


def _sentences(message: Message) -> tuple[str, ...]:
    told = (with_local_time(clean(sentence), message.timezone).strip() for sentence in message.sentences)
    return tuple(sentence for sentence in told if sentence)


def _facts(message: Message) -> tuple[tuple[str, str], ...]:
    return tuple((clean(label), with_local_time(clean(value), message.timezone)) for label, value in message.facts)


def _links(message: Message) -> Iterator[tuple[str, str]]:
    """What may be linked: web addresses, with nothing in them that ends an attribute or a line."""
    for label, url in message.links:
        address = percent(clean(url), safe=":/?#[]@!$&'()*+,;=%~")
        if len(address) <= _URL_LENGTH and _WEB_ADDRESS.fullmatch(address):
            yield clean(label), address


def plain_text(message: Message) -> str:
    """All that `message` says, for reading."""
    blocks = [clean(message.headline), "\n".join(_sentences(message))]
    quote = _quote(message)
    if quote is not None:
        blocks.append(f"{quote[0]}\n> {quote[1]}")
    blocks.append("\n".join(f"{label}: {value}" for label, value in _facts(message)))
    blocks.append("\n".join(f"{label}: {url}" for label, url in _links(message)))
    # A line of two dashes and a space begins what programs show as a signature.
    blocks.append(f"-- \n{clean(message.footer)}" if message.footer else "")
    return "\n\n".join(block for block in blocks if block.strip()) + "\n"


def _html(message: Message) -> str:
    colour = _OVER_COLOUR if message.kind is NotificationKind.RESOLVED else _COLOURS[message.severity]
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{message.language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        '<meta name="color-scheme" content="light dark"><title>watcher</title></head>',
        f'<body style="margin:0;padding:16px;{_FONT}">',
        f'<div style="max-width:640px;border-left:5px solid {colour};padding-left:16px">',
        f'<h1 dir="auto" style="font-size:20px;line-height:1.3;margin:0 0 12px">{_shown(message.headline)}</h1>',
        *(f'<p dir="auto" style="margin:0 0 10px">{_shown(sentence)}</p>' for sentence in _sentences(message)),
        *_quote_html(message),
        *_facts_html(message),
        *_links_html(message),
        "</div>",
        f'<p style="margin:24px 0 0;font-size:12px;opacity:.6">{_shown(message.footer)}</p>',
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _quote_html(message: Message) -> Iterator[str]:
    quote = _quote(message)
    if quote is not None:
        yield f'<p style="margin:16px 0 4px">{_shown(quote[0])}</p>'
        yield f'<blockquote dir="auto" style="margin:0 0 16px;font-size:17px">“{_shown(quote[1])}”</blockquote>'


def _facts_html(message: Message) -> Iterator[str]:
    facts = _facts(message)
    if facts:
        yield '<table role="presentation" style="border-collapse:collapse;margin:16px 0">'
        for label, value in facts:
            yield (
                f'<tr><td style="{_LABEL}">{_shown(label)}</td>'
                f'<td dir="auto" style="padding:3px 0;overflow-wrap:anywhere">{_shown(value)}</td></tr>'
            )
        yield "</table>"


def _links_html(message: Message) -> Iterator[str]:
    links = [f'<a href="{escape(url)}">{_shown(label) or "link"}</a>' for label, url in _links(message)]
    if links:
        yield f'<p style="margin:16px 0 0">{" &nbsp; ".join(links)}</p>'


def _shown(text: str) -> str:
    return escape(clean(text))
