"""What is passed over in one call is what would have been read tag by tag."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.classify import reader
from watcher.classify.markup import Depth, Markup
from watcher.classify.reader import read_markup
from watcher.classify.selector import Selector
from watcher.classify.tokens import within

ERRORS = tuple(map(Selector.parse, ("div.error.page", "[role=alert]", "#notice", "em", "[title='']", '[lang=""]')))


def tag_by_tag(page: bytes, depth: Depth) -> Markup:
    """The page read without any short cut."""
    with (
        patch.object(reader.Reader, "_begin", lambda _self: None),
        patch.object(reader.Reader, "_pass_over", lambda _self, position: position),
    ):
        return read_markup(page, ERRORS, depth)


names = st.sampled_from(
    [
        *("div", "p", "a", "b", "li", "ul", "h1", "h2", "span", "em", "DIV", "Em", "x-y", "svg", "template", "dialog"),
        *("html", "head", "body", "title", "script", "style", "SCRIPT", "noscript", "input", "meta", "link", "br"),
        *("heading", "textarea", "h1x", "é", "a=", 'a"'),
    ]
)
attribute_names = st.sampled_from(
    [
        *("class", "id", "role", "hidden", "HIDDEN", "style", "popover", "lang", "rel", "href", "name", "property"),
        *("content", "type", "title", "data-x", "Class", "TITLE", "h", "s", "hiddenx", "'", '"', "open", "é", "/", ""),
    ]
)
values = st.sampled_from(
    [
        *("error page", "page error", "error", "alert", "heading", "notice", "display:none", "canonical", "og:title"),
        *("password", "application/ld+json", "x", "", "a b", "a>b", "<h1>", "a='b'", 'a="b"', "&quot;", "=", "/", "é"),
    ]
)
equals = st.sampled_from(["=", "=", "=", " = ", "= ", " =", "==", "", "\n=\t"])
quotes = st.sampled_from(['"', '"', '"', "'", "", '"x', "`"])


@st.composite
def pairs(draw: st.DrawFn) -> str:
    """An attribute, mostly as people write them."""
    if draw(st.booleans()):
        return f' {draw(attribute_names)}="{draw(values)}"'
    quote = draw(quotes)
    gap = draw(st.sampled_from([" ", "\n ", "", "/", " / "]))
    return f"{gap}{draw(attribute_names)}{draw(equals)}{quote}{draw(values)}{quote[:1]}"


starts = st.builds(
    lambda name, attributes, end: f"<{name}{''.join(attributes)}{end}",
    names,
    st.lists(pairs(), max_size=3),
    st.sampled_from([">", ">", ">", ">", "/>", " >", " />", "", ">>"]),
)
ends = st.builds(
    lambda name, end: f"</{name}{end}", names, st.sampled_from([">", ">", ">", " >", " class=x>", "/>", ""])
)
others = st.sampled_from(
    [
        *(
            "text",
            " ",
            "heading",
            "notice",
            "&amp;",
            "<",
            "< ",
            ">",
            '"',
            "'",
            "=",
            "<!-- <h1>x</h1> -->",
            "<!-- a-b -->",
        ),
        *(
            "<!---->",
            "<!-->",
            "<!--a",
            "<!doctype html>",
            "<!x <h1>>",
            "<?x?>",
            "</>",
            "-->",
            "é",
            "\x00",
            "</scriptx>",
        ),
        *("<script>a<b</script>", "<style>.heading{display:none}</style>", '<script type="x">"</h1>"</script >'),
        *("<script>//<h1></SCRIPT>", "<style></script></style>", "<svg><path d='M0'/><g></g></svg>", "<svg/>"),
        *("<div hidden><div><h1>x</h1></div>y</div>", "<ul hidden><li>a</ul>", "<h1>Account <b>suspended</b></h1>"),
        *(
            '<div class="error page">Sorry</div>',
            "<em>x</em>",
            '<meta name="a" content="b">',
            "<link rel=canonical href=/c>",
        ),
        '<script type="application/ld+json">{}</script>',
    ]
)
tags = st.lists(starts | ends | others | others, max_size=30).map("".join)


@settings(max_examples=150, deadline=None)
@given(page=tags, depth=st.sampled_from(Depth))
def test_short_cuts_change_nothing(page: str, depth: Depth) -> None:
    """Whatever the page, in whatever depth, and at the level of bytes too."""
    raw = page.encode()
    assert read_markup(raw, ERRORS, depth) == tag_by_tag(raw, depth)


@settings(max_examples=100, deadline=None)
@given(page=st.text(alphabet="<>/!-='\" ahsdb1x\n", max_size=60).map(str.encode) | st.binary(max_size=80))
def test_short_cuts_change_nothing_of_rubbish(page: bytes) -> None:
    """Nor where there is hardly a tag."""
    assert read_markup(page, ERRORS) == tag_by_tag(page, Depth.TEXT)


@pytest.mark.parametrize("name", ["div", "svg", "template"])
def test_what_is_passed_over_within_a_hidden_element(name: str) -> None:
    """Everything up to the next tag of that name; for elements that are seldom hidden there is no short cut."""
    inside = within(name)
    assert inside is not None
    page = f"a<b c='d'><i>x</i><!-- e --></p><{name} x>".encode()
    found = inside.match(page)
    assert found is not None
    assert found.end() == page.index(f"<{name}".encode())
    assert within("li") is within("x-y") is None
