"""What a mail looks like: one thread, text first, and nothing of a page's making in headers or markup."""

import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.fakes.smtp import parsed
from tests.unit.notify.story import CLOSED, OPEN, view
from watcher.model.account import Severity
from watcher.model.notification import Message, NotificationKind, Quote
from watcher.notify.channels.letter import letter, message_id
from watcher.notify.render import render
from watcher.settings.values import Mailbox
from watcher.text import clean, cut

SENDER = Mailbox(local="watcher", domain="newsroom.example", name="watcher")
TO = (Mailbox(local="a", domain="newsroom.example"), Mailbox(local="b", domain="newsroom.example"))
AT = datetime(2017, 11, 2, 23, 1, tzinfo=UTC)
ALERT_KEY = "01OUTAGE/desk/alert"
HOSTILE_PIECES = (
    "\r\nBcc: victim@elsewhere.example\r\n\r\nHello",
    "\n.\nMAIL FROM:<x@y>\n",
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x.png>',
    "<a href='https://evil.example'>click</a>",
    "&lt;b&gt;",
    "=?utf-8?q?=0ABcc=3A_x=40y?=",
    "\u202egnp.exe",
    "--=_boundary--",
    "\ud800",
    "2 Nov 2017 23:00:41 UTC",
    "31 Feb 2017 23:00:41 UTC",
    "31 Dec 9999 23:59:59 UTC",
    "Désolé",
    "🦆",
    "\x00\x1b[31m",
)
hostile = st.lists(st.sampled_from(HOSTILE_PIECES) | st.text(max_size=5), max_size=4).map("".join)
long = hostile | st.builds(str.__mul__, hostile, st.just(40))
messages = st.builds(
    Message,
    headline=long,
    sentences=st.lists(long, max_size=3).map(tuple),
    severity=st.sampled_from(Severity),
    kind=st.sampled_from(NotificationKind),
    dedup_key=hostile,
    facts=st.lists(st.tuples(hostile, long), max_size=4).map(tuple),
    quote=st.none() | st.builds(Quote, text=long, language=st.none() | hostile),
    links=st.lists(st.tuples(hostile, hostile.map("https://x.example/{}".format) | hostile), max_size=4).map(tuple),
    incident_id=hostile,
    subject=long,
    timezone=st.sampled_from((None, ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Kiritimati"))),
)
HEADERS = {
    "message-id",
    "in-reply-to",
    "references",
    "list-id",
    "from",
    "to",
    "subject",
    "date",
    "auto-submitted",
    "x-auto-response-suppress",
    "x-watcher-incident",
    "x-priority",
    "mime-version",
    "content-type",
}
TAGS = {"html", "head", "meta", "title", "body", "div", "h1", "p", "blockquote", "table", "tbody", "tr", "td", "a"}
ATTRIBUTES = {"lang", "charset", "name", "content", "style", "dir", "role", "href"}


def mailed(message: Message, **changes: Any) -> EmailMessage:
    """The mail as its reader's program takes it."""
    return parsed(wire(message, **changes))


def wire(message: Message, **changes: Any) -> bytes:
    """The mail as it is sent."""
    options: dict[str, Any] = {"channel": "desk", "sender": SENDER, "to": TO, "at": AT, **changes}
    return letter(message, **options)


def parts(mail: EmailMessage) -> tuple[str, str]:
    """The text and the HTML; there is no other part, and nothing is attached."""
    first, second = mail.iter_parts()
    assert (first.get_content_type(), second.get_content_type()) == ("text/plain", "text/html")
    assert isinstance(first, EmailMessage)
    assert isinstance(second, EmailMessage)
    return first.get_content().replace("\r\n", "\n"), second.get_content().replace("\r\n", "\n")


def alert(**changes: Any) -> Message:
    """The alert of 2017."""
    return render(view(dedup_key=ALERT_KEY, **changes))


def recovery(**changes: Any) -> Message:
    """Its recovery."""
    return render(view(CLOSED, NotificationKind.RESOLVED, dedup_key="01OUTAGE/desk/resolved", **changes))


@settings(max_examples=40)
@given(messages)
def test_nothing_hostile_reaches_the_headers(message: Message) -> None:
    """Whatever the names say: these headers, each once, without defects; no address but ours; short ASCII lines."""
    raw = wire(message)
    mail = parsed(raw)
    names = [name.lower() for name in mail]
    assert len(names) == len(set(names))
    assert set(names) <= HEADERS
    assert not mail.defects
    assert not any(header.defects for header in mail.values() if hasattr(header, "defects"))
    assert mail["to"] == "a@newsroom.example, b@newsroom.example"
    assert mail["from"] == "watcher <watcher@newsroom.example>"
    subject = cut(clean(message.subject or message.headline).strip(), 300)
    assert " ".join(mail["subject"].removeprefix("Re: ").split()) == " ".join(f"[watcher] {subject}".split())
    assert all(len(line) <= 998 and line.isascii() for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")


@settings(max_examples=40)
@given(messages)
def test_nothing_hostile_reaches_the_markup(message: Message) -> None:
    """No tag, attribute, script or address to fetch from in the HTML but ours; links lead where the text says."""
    text, html = parts(mailed(message))
    tree = LexborHTMLParser(html)
    assert tree.root is not None
    nodes = list(tree.root.traverse(include_text=False))
    assert {node.tag for node in nodes} <= TAGS | {"-comment", "!doctype", "-doctype"}
    assert {name for node in nodes for name in node.attributes} <= ATTRIBUTES
    for node in nodes:
        if node.tag == "a":
            assert re.fullmatch(r"https?://[^\s<>\"]+", node.attributes["href"] or "")
            assert str(node.attributes["href"]) in text
    assert "url(" not in html
    for each in (text, html):
        assert clean(each.replace("\n", " ")) == each.replace("\n", " ")


@settings(max_examples=40)
@given(messages)
def test_both_parts_say_the_same(message: Message) -> None:
    """Headline, sentences, facts and quote stand in the text and, unescaped, in the HTML."""
    text, html = parts(mailed(message))
    body = LexborHTMLParser(html).body
    assert body is not None
    shown, told = (" ".join(each.split()) for each in (body.text(), text))
    plain = [message.headline, *message.sentences, *(v for _, v in message.facts)]
    for said in plain if message.timezone is None else [message.headline]:
        assert " ".join(clean(said).split()) in told
        assert " ".join(clean(said).split()) in shown


@settings(max_examples=40)
@given(messages)
def test_the_same_message_is_the_same_mail(message: Message) -> None:
    """Nothing is left to chance: a mail that is sent again is byte for byte the one that was lost."""
    assert wire(message) == wire(message)


def test_an_encoded_word_in_a_name_makes_no_header() -> None:
    """The email package would decode it while folding, line break and all; readers see it as it was written."""
    word = "=?utf-8?q?=0D=0ABcc=3A_victim=40elsewhere=2Eexample?="
    for subject in (word, f"@{word * 5} (X) unavailable"):
        mail = mailed(replace(alert(), subject=subject, incident_id=word))
        assert mail["bcc"] is None
        assert mail["subject"] == f"Re: [watcher] {subject}"
        assert mail["x-watcher-incident"] == word


def test_alert_and_recovery_are_one_thread() -> None:
    """The recovery names the alert's id, and has its subject after a "Re: "."""
    first, second = mailed(alert()), mailed(recovery())
    assert first["message-id"] == message_id(ALERT_KEY, "newsroom.example")
    assert re.fullmatch(r"<[0-9a-f]{32}\.watcher@newsroom\.example>", first["message-id"])
    assert (first["in-reply-to"], first["references"]) == (None, None)
    assert (second["in-reply-to"], second["references"]) == (first["message-id"], first["message-id"])
    assert second["message-id"] != first["message-id"]
    assert first["subject"] == "[watcher] @realDonaldTrump (X) unavailable"
    assert second["subject"] == f"Re: {first['subject']}"


def test_a_story_told_late_begins_its_thread() -> None:
    """An alert that could not be sent until all was over is the first mail all the same."""
    late = render(view(CLOSED, NotificationKind.ALERT, dedup_key=ALERT_KEY))
    assert late.kind is NotificationKind.RESOLVED
    mail = mailed(late)
    assert (mail["in-reply-to"], mail["subject"]) == (None, "[watcher] @realDonaldTrump (X) unavailable")


def test_each_channel_has_its_thread() -> None:
    """Desks that get mail from two channels are not answered into each other's threads."""
    assert mailed(recovery(), channel="night")["in-reply-to"] == message_id("01OUTAGE/night/alert", "newsroom.example")


def test_long_names_of_domains_leave_the_ids_whole() -> None:
    """The email package would encode long ids, and no program would find the thread."""
    domain = f"alerts.{'monitoring.' * 10}newsroom.example"
    raw = wire(recovery(), sender=replace(SENDER, domain=domain)).decode()
    first_id = message_id(ALERT_KEY, domain)
    assert f"\r\nIn-Reply-To: {first_id}\r\n" in raw
    assert f"\r\nReferences: {first_id}\r\n" in raw
    assert raw.startswith("Message-ID: <")


def test_what_programs_read() -> None:
    """Not answered by machines, sorted by lists, loud only while a critical account is gone, dated in UTC."""
    mail = mailed(alert())
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["x-auto-response-suppress"] == "All"
    assert mail["list-id"] == "<desk.watcher.newsroom.example>"
    assert mail["x-watcher-incident"] == "01OUTAGE"
    assert mail["x-priority"] == "1"
    assert mail["date"] == "Thu, 02 Nov 2017 23:01:00 +0000"
    assert mail.get_content_type() == "multipart/alternative"
    assert mailed(recovery())["x-priority"] is None
    assert mailed(replace(alert(), severity=Severity.WARNING))["x-priority"] is None
    assert mailed(replace(alert(), kind=NotificationKind.UPDATE))["x-priority"] == "1"


def test_the_alert_of_2017_as_text() -> None:
    """Complete in itself: the news first, then what is known and how, then where to look."""
    text, _ = parts(mailed(alert(timezone=ZoneInfo("Europe/Berlin"))))
    began, seen = "2 Nov 2017 23:00:00 UTC", "2 Nov 2017 23:00:40 UTC"
    assert text.splitlines() == [
        "@realDonaldTrump is not available on X",
        "",
        "A logged-out visitor no longer sees the profile: X answers as it does for an account that does not exist.",
        "Other accounts of Donald J. Trump: @POTUS on X is still up.",
        "",
        "Visitors see (French):",
        "> Désolé, cette page n'existe pas",
        "",
        f"Missing since: between {began} (3 Nov 00:00:00 CET) and {seen} (3 Nov 00:00:40 CET)",
        "Confirmed: 2 Nov 2017 23:01:00 UTC (3 Nov 00:01:00 CET)",
        "So far: at least 20 s",
        "How sure: the page says so",
        "Owner: Donald J. Trump",
        f"Evidence hash: {'5eed' * 5}",
        "",
        "Profile: https://x.example/realDonaldTrump",
        "",
        "-- ",
        "Sent by watcher (critical alert, incident 01OUTAGE).",
    ]


@pytest.mark.parametrize(
    ("kind", "standing"),
    [
        (NotificationKind.ALERT, "critical alert"),
        (NotificationKind.UPDATE, "critical alert, update"),
        (NotificationKind.RESOLVED, "over"),
        (NotificationKind.CORRECTION, "correction"),
    ],
)
def test_each_kind_of_news_is_named(kind: NotificationKind, standing: str) -> None:
    """The last line says what this is."""
    text, html = parts(mailed(render(view(CLOSED if kind is NotificationKind.RESOLVED else OPEN, kind))))
    assert f"Sent by watcher ({standing}, incident 01OUTAGE)" in text
    assert f"Sent by watcher ({standing}, incident 01OUTAGE)" in html


def test_a_test_message_belongs_to_no_thread() -> None:
    """Without an incident the headline is the subject, and nothing is answered."""
    message = Message(
        headline="Test message",
        sentences=(),
        severity=Severity.INFO,
        kind=NotificationKind.ALERT,
        dedup_key="test/desk/1",
    )
    mail = mailed(message)
    assert (mail["subject"], mail["in-reply-to"], mail["x-watcher-incident"]) == ("[watcher] Test message", None, None)
    assert parts(mail)[0] == "Test message\n"


def test_only_web_addresses_are_linked() -> None:
    """What is none, or is too long, is in neither part; what would end an attribute is encoded."""
    links = (
        ("a", "javascript:alert(1)"),
        ("b", "https://x.example/" + "x" * 3000),
        ("c", "https://x.example/'\"> <img>é"),
    )
    text, html = parts(mailed(replace(alert(), links=links)))
    assert "javascript" not in text + html
    assert "https://x.example/'%22%3E%20%3Cimg%3E%C3%A9" in text
    assert '<a href="https://x.example/&#x27;%22%3E%20%3Cimg%3E%C3%A9">c</a>' in html


def test_addresses_beyond_ascii_are_written_as_they_are() -> None:
    """For servers that take them (SMTPUTF8); without such an address all is ASCII."""
    raw = wire(alert(), to=(*TO, Mailbox(local="jürgen", domain="newsroom.example")))
    assert "\r\nTo: a@newsroom.example, b@newsroom.example, jürgen@newsroom.example\r\n" in raw.decode()
    assert wire(alert()).isascii()


def test_a_display_name_is_quoted_where_it_must_be() -> None:
    """Commas and dots in the sender's name make no second address."""
    mail = mailed(alert(), sender=replace(SENDER, name="Desk, Newsroom É."))
    [address] = mail["from"].addresses
    assert (address.display_name, address.addr_spec) == ("Desk, Newsroom É.", "watcher@newsroom.example")


def test_it_reads_back_under_every_policy() -> None:
    """What old programs parse is the same mail."""
    for policy in (email.policy.compat32, email.policy.SMTP, email.policy.strict):
        mail = email.message_from_bytes(wire(alert()), policy=policy)
        assert [part.get_content_type() for part in mail.walk()] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
