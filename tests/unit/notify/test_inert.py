"""Text in which nothing acts, whichever dialect of Markdown reads it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from watcher.notify.channels.inert import inert

MARKDOWN = MarkdownIt().enable(["strikethrough", "table"])
PIECES = (
    "@channel",
    "<!channel>",
    "<@U123>",
    "<#C1|x>",
    "**b**",
    "*i*",
    "_i_",
    "__b__",
    "~~s~~",
    "~town-square",
    "`c`",
    "||spoiler||",
    "[text](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "[text][1]",
    "[1]: https://evil.example",
    "<https://evil.example|nasa.gov>",
    "<b>",
    "www.evil.example",
    ":smile:",
    "&lt;",
    "\\*",
    "# h",
    "- l",
    "1. l",
    "> q",
    "---",
    "#tag",
)
# What Mattermost, Discord, Slack, Teams or Telegram would make a mention, a link, an emoji or another form of.
ACTS = re.compile(
    r"[@#<][\w!@#&/]|\]\s*[(\[:]|://|www\.\w|[*~`]|\|\||\\[!-/:-@\[-`{-~]|&\w+;"
    r"|(?<![^\W_])_|_(?![^\W_])|:\w*[a-z]\w*:|^([-+>=]|\d+[.)])",
    re.IGNORECASE,
)


@given(st.lists(st.sampled_from(PIECES) | st.text("ab_:@. ", max_size=4), max_size=6).map("".join))
def test_nothing_acts(text: str) -> None:
    """Nothing of it pings, links or formats, and Markdown makes a paragraph of it."""
    said = inert(text)
    assert not ACTS.search(said)
    assert re.findall(r"<\w+", MARKDOWN.render(said)) == (["<p"] if said else [])


@pytest.mark.parametrize(
    "text",
    ["", "23:00:41 UTC (3 Nov 00:00:41 CET)", "So far: at least 20 s", "14 of 60 (23 %), à 10.5", "press_office_of_x"],
)
def test_what_is_harmless_stays(text: str) -> None:
    """Times, numbers, names with underscores: not a character is added."""
    assert inert(text) == text


def test_people_read_what_was_written() -> None:
    """Only joiners, which nobody sees, and likenesses."""
    assert inert("@a [b](c) **d** _e_").replace("\u2060", "") == "@a [b](c) ∗∗d∗∗ ˍeˍ"
