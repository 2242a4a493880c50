"""What is posted to Slack: within its limits, and nothing in it that pings, formats or unfurls by the page's will."""

import re
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.story import CLOSED, view
from watcher.model.account import Severity
from watcher.model.notification import Message, NotificationKind, Quote
from watcher.notify.channels.slackblocks import payload
from watcher.notify.render import render

OURS = re.compile(r"<!date\^\d+\^\{date_short\} \{time_secs\} local\|UTC>|<https?://[^<>|\s]*\|[^<>|]*>")
HOSTILE_PIECES = (
    "<!channel>",
    "<!here|x>",
    "<@U123>",
    "<#C1>",
    "<https://evil.example|ok>",
    "@everyone",
    "*b*",
    "_i_",
    "~s~",
    "`",
    ":smile:",
    "&lt;!channel&gt;",
    "2 Nov 2017 23:00:41 UTC",
    "99 Foo 2017 99:99:99 UTC",
    "🦆",
    "\n> ",
)
hostile = st.lists(st.sampled_from(HOSTILE_PIECES) | st.text(max_size=5), max_size=4).map("".join)
long = hostile | st.builds(str.__mul__, hostile, st.just(400))
messages = st.builds(
    Message,
    headline=long,
    sentences=st.lists(long, max_size=3).map(tuple),
    severity=st.sampled_from(Severity),
    kind=st.sampled_from(NotificationKind),
    dedup_key=hostile,
    facts=st.lists(st.tuples(hostile, long), max_size=12).map(tuple),
    quote=st.none() | st.builds(Quote, text=long, language=st.none() | hostile),
    links=st.lists(st.tuples(hostile, hostile.map("https://x.example/{}".format) | hostile), max_size=11).map(tuple),
)


def texts(node: Any, kind: str) -> list[str]:
    """The texts of all text objects of a kind."""
    if isinstance(node, list):
        return [text for each in node for text in texts(each, kind)]
    if not isinstance(node, dict):
        return []
    own = [node["text"]] if node.get("type") == kind else []
    return own + [text for each in node.values() for text in texts(each, kind)]


@given(messages)
def test_nothing_hostile_reaches_the_markup(message: Message) -> None:
    """No mention, link or entity of the page's making is in any mrkdwn text, nor in the fallback."""
    body = payload(message)
    for text in (*texts(body["blocks"], "mrkdwn"), body["text"]):
        rest = OURS.sub("", text)
        assert "<" not in rest
        assert ">" not in rest
        assert not re.search(r"&(?!amp;|lt;|gt;)", rest)


@given(messages)
def test_formatting_stays_in_code_spans(message: Message) -> None:
    """What Slack would format, or take for a mention, stands in a code span in the fields."""
    for text in texts(payload(message)["blocks"], "mrkdwn"):
        label, newline, value = text.partition("*\n") if text.startswith("*") else ("", "", "")
        assert newline or OURS.fullmatch(text)
        for part in (label[1:], value):
            if re.search(r"[*_~`]|:smile:|@everyone", OURS.sub("", part)):
                assert re.fullmatch(r"`[^`]*`", part, re.DOTALL)


@given(messages)
def test_the_limits_are_kept(message: Message) -> None:
    """Header, sections, fields, context and the number of blocks are within what Slack takes."""
    body = payload(message)
    assert body["text"].strip()
    assert len(body["blocks"]) <= 50
    for block in body["blocks"]:
        said = block.get("text", {"text": "-"})["text"]
        assert 0 < len(said) <= (150 if block["type"] == "header" else 3000)
        assert len(block.get("fields", [])) <= 10
        assert all(0 < len(field["text"]) <= 2000 for field in block.get("fields", []))
        assert len(block.get("elements", [])) <= 10
    assert sum(len(block["text"]["text"]) for block in body["blocks"] if "text" in block) < 12_300
    assert (body["unfurl_links"], body["unfurl_media"], body["link_names"]) == (False, False, False)


def test_the_recovery_of_2017_on_slack() -> None:
    """The real message: a green header, the text, the quote, times with the reader's own beside UTC, the link."""
    body = payload(render(view(CLOSED, NotificationKind.RESOLVED, others=())))
    header, said, quote, facts, links = body["blocks"]
    assert header["text"]["text"] == "🟢 @realDonaldTrump is back on X after 11 min ± 40 s"
    assert header["block_id"] == "01OUTAGE/slack/alert"
    assert said["text"]["type"] == "plain_text"
    assert quote["text"]["text"] == "Visitors saw (French): “Désolé, cette page n'existe pas”"
    assert facts["fields"][1]["text"] == (
        "*Seen again*\nbetween 2 Nov 2017 23:11:00 UTC (<!date^1509664260^{date_short} {time_secs} local|UTC>) and "
        "2 Nov 2017 23:11:40 UTC (<!date^1509664300^{date_short} {time_secs} local|UTC>)"
    )
    assert facts["fields"][1]["verbatim"] is True
    assert links["elements"][0]["text"] == "<https://x.example/realDonaldTrump|Profile>"
    assert body["text"].startswith("🟢 @realDonaldTrump is back on X after 11 min ± 40 s — A logged-out visitor")


def said(*sentences: str, language: str = "en", timezone: ZoneInfo | None = None) -> list[str]:
    """The texts of the sections that say them."""
    message = Message(
        headline="h",
        sentences=sentences,
        severity=Severity.INFO,
        kind=NotificationKind.ALERT,
        dedup_key="",
        language=language,
        timezone=timezone,
    )
    return [block["text"]["text"] for block in payload(message)["blocks"] if block["type"] == "section"]


def test_a_long_text_is_all_there() -> None:
    """The digest of a busy day goes over several sections, and no line is broken."""
    lines = ("GONE NOW (60)", *(f"• @account{place:02} {'x' * 60}" for place in range(60)), "CORRECTED (1)", "• @other")
    sections = said(*lines)
    assert len(sections) == 2
    assert "\n".join(sections).splitlines() == list(lines)


def test_sentences_have_the_local_time_of_the_route() -> None:
    """With its date where that is another; in plain text Slack itself has none."""
    assert said("Seen at 2 Nov 2017 23:30:00 UTC.", timezone=ZoneInfo("Australia/Sydney")) == [
        "Seen at 2 Nov 2017 23:30:00 UTC (3 Nov 10:30:00 AEDT)."
    ]


def test_what_slack_does_not_take_is_counted() -> None:
    """Only the end of what is too long for any message is left out, and it says so, in the reader's language."""
    lines = [f"• @account{place:04} {'x' * 80}" for place in range(200)]
    kept = "\n".join(said(*lines)).splitlines()
    assert 80 < len(kept) < 120
    assert kept[:-1] == lines[: len(kept) - 1]
    assert kept[-1] == f"… lines left out here, since there are too many: {201 - len(kept)}"
    assert said(*lines, language="fr")[-1].endswith(f"… lignes omises ici, car trop nombreuses : {201 - len(kept)}")


def test_only_web_links_are_linked() -> None:
    """A link that is no web address, or too long to be taken, is left out."""
    links = (("a", "javascript:alert(1)"), ("b", "https://x.example/" + "x" * 3000))
    message = Message(
        headline="h",
        sentences=(),
        severity=Severity.INFO,
        kind=NotificationKind.ALERT,
        dedup_key="",
        links=links,
    )
    assert [block["type"] for block in payload(message)["blocks"]] == ["header"]
