"""HTML as a visitor would see it."""

from collections.abc import Callable, Sized
from dataclasses import replace

import pytest

from tests.unit.classify.story import profile
from watcher.classify.markup import MAX_TEXT, MOST_READ, Depth, Markup, Noted
from watcher.classify.reader import Reader, read_markup
from watcher.classify.selector import Selector

ERROR = "div.error"
SAID = "Account suspended"


def read(body: str, *selectors: str) -> Markup:
    """All of a page; whatever is read of less of it is the same."""
    raw, errors = body.encode(), tuple(map(Selector.parse, selectors))
    whole, outline, head = (read_markup(raw, errors, depth) for depth in (Depth.TEXT, Depth.OUTLINE, Depth.HEAD))
    assert outline == replace(whole, blocks=[])
    paused = Reader(raw, errors)
    assert (paused.head(), paused.whole()) == (head, outline)
    assert head.title in (whole.title, None)
    assert head.canonical in (whole.canonical, None)
    assert all(whole.metas[name] == content for name, content in head.metas.items())
    return whole


def test_the_head_of_a_page() -> None:
    """Title, language, canonical URL, metas by property or name and JSON-LD are read; the first of each counts."""
    found = read(
        '<HTML LANG=fr><title> A &amp;\n Bob </title><title>second</title><link rel=x><LINK HREF=/a rel="Canonical">'
        '<link rel="canonical" href="/b"><meta property="OG:Title" content="one"><meta name="og:title" content="two">'
        '<meta content="neither"><meta name="empty"><meta charset=utf-8><html lang="de">'
        "<script type='Application/LD+JSON; charset=utf-8'>{}</script><script>no</script>"
    )
    assert (found.title, found.language, found.canonical) == ("A & Bob", "fr", "/a")
    assert found.metas == {"og:title": "one", "": "neither"}
    assert found.json_ld == ("{}",)


def test_an_empty_page() -> None:
    """There is nothing in it."""
    assert read("") == Markup()
    assert read("<html><title></title></html>").title == ""


@pytest.mark.parametrize(
    "tag",
    [
        "<p class=x>",
        "<p a = b>",
        "<p a='>' b=\">\">",
        "<p/>",
        "<p / a>",
        "<p =a>",
        "<p a==b>",
        "<p a=>",
        "<p it's>",
        "<p a=it's>",
        '<p a="x"b="y">',
        "<p\n\ta\n=\n'b'\n>",
        "<P>",
        "<p a=b/>",
        '<p a="unclosed>',
        "<p <b>",
    ],
)
def test_every_spelling_of_a_tag(tag: str) -> None:
    """However its attributes are written, a tag ends where a browser would end it; the text after it is visible."""
    assert read(f"before{tag}after</p>").blocks == ["before", "after"]


@pytest.mark.parametrize(
    "comment",
    ["<!-- > <h1>no</h1> -->", "<!---->", "<!-->", "<!--->", "<!-- a - b -- c --->", "<!doctype html>", "<?x?>", "</>"],
)
def test_what_is_no_tag(comment: str) -> None:
    """Comments, doctypes and processing instructions are passed over and do not break a sentence."""
    assert read(f"one {comment}two").blocks == ["one two"]


@pytest.mark.parametrize("lone", ["a < b", "a <3 b", "<", "a << b", "1<2 <"])
def test_a_lone_less_than_sign(lone: str) -> None:
    """Where no tag can begin, it is text."""
    assert read(f"<p>{lone}</p>").blocks == [lone]


@pytest.mark.parametrize(
    "unfinished", ["<p", "<p a='", '<p a="x', "<!-- x", "<!--", "</p", "<!x", "<script>x", "<title>"]
)
def test_what_is_not_finished_ends_the_reading(unfinished: str) -> None:
    """The text before it counts, what comes after cannot be told."""
    assert read(f"<h1>seen</h1>here {unfinished} <").blocks == ["seen", "here"]


def test_end_tags_with_spaces_and_attributes() -> None:
    """They end their element all the same, and so does one with a name of any length."""
    name = "x-" + "y" * 100
    for end in ("</h1 >", "</h1\n>", "</H1 class=x>", "</h1/>"):
        assert read(f"<h1>in{end}out").headings == ["in"]
    assert read(f"<{name} hidden>in</{name}>out").blocks == ["out"]


HIDDEN = [
    f"<script>{SAID}</script>",
    f"<script type='application/json'>{SAID}<h1>{SAID}</h1></script>",
    f"<style>{SAID}</style>",
    f"<template><h1>{SAID}</h1></template>",
    f"<noscript><h1>{SAID}</h1></noscript>",
    f"<textarea><h1>{SAID}</h1></textarea>",
    f"<xmp><h1>{SAID}</h1></xmp>",
    f"<iframe><h1>{SAID}</h1></iframe>",
    f"<noframes><h1>{SAID}</h1></noframes>",
    f"<svg><title>{SAID}</title><text>{SAID}</text></svg>",
    f"<select><option>{SAID}</select>",
    f"<div hidden><h1>{SAID}</h1></div>",
    f"<div HIDDEN=''><h1>{SAID}</h1></div>",
    f"<div hidden=until-found><h1>{SAID}</h1></div>",
    f"<h1 style='display:none'>{SAID}</h1>",
    f"<h1 style='color:red; DISPLAY : NONE !important'>{SAID}</h1>",
    f"<div style=visibility:hidden><h1>{SAID}</h1></div>",
    f"<div class='error' style=\"display: none\">{SAID}</div>",
    f"<div hidden><div>x</div><h1>{SAID}</h1></div>",
    f"<div hidden><svg/><h1>{SAID}</h1></div>",
    f"<dialog><h1>{SAID}</h1></dialog>",
    f"<div popover><h1>{SAID}</h1></div>",
    f"<!-- <h1>{SAID}</h1> -->",
    f'<p title="<h1>{SAID}</h1>"></p>',
    f"<ul><li hidden><ul><li>x<li>y</ul><h1>{SAID}</h1></ul>",
]


@pytest.mark.parametrize("body", HIDDEN)
def test_what_nobody_sees(body: str) -> None:
    """Texts in scripts, templates, closed dialogs and hidden elements are nowhere; what follows them is seen."""
    found = read(f"<title>t</title>{body}<h2>seen</h2><div class=error>shown</div>", ERROR)
    assert SAID not in [*found.blocks, *found.headings, *found.errors, found.title]
    assert (found.headings, found.errors) == (["seen"], ["shown"])
    assert read(f"{body}seen").blocks == ["seen"]


@pytest.mark.parametrize(
    "body",
    [
        "<body style='display:none'><h1>seen</h1>",
        "<html hidden><h1>seen</h1>",
        "<svg class='icon' /><h1>seen</h1>",
        "<dialog open><h1>seen</h1></dialog>",
        "<input hidden><h1>seen</h1>",
        "<ul><li hidden>x<li><h1>seen</h1></ul>",
        "<ul><li hidden>x</ul><h1>seen</h1>",
        "<table><tr><td hidden>x<td><h1>seen</h1></table>",
        "<div><p hidden>x</div><h1>seen</h1>",
        "<h1 data-hidden-below=1 class='hidden-md'>seen</h1>",
        "<h1 aria-hidden=true>seen</h1>",
        "<h1 style='display:block'>seen</h1>",
        "<div hidden>x</div></div><h1>seen</h1>",
    ],
)
def test_what_is_seen_all_the_same(body: str) -> None:
    """A page that its script shows, an empty icon, an open dialog, and whatever follows a hidden element."""
    assert read(body).headings == ["seen"]


def test_nothing_is_noted_of_hidden_elements() -> None:
    """Metas, titles, forms and JSON-LD in a template are not the page's."""
    inner = '<title>t</title><meta name=a content=b><input type=password><script type="application/ld+json">{}</script>'
    assert read(f"<template>{inner}</template>") == Markup()


def test_a_sentence_split_by_markup() -> None:
    """Inline elements do not break a sentence, others do; a heading and an error container are also read as one."""
    found = read("<h1>This <b>account</b> <a href=#>does<wbr>n’t</a><br>exist</h1><div class=error>a<p>b</div>", ERROR)
    assert found.blocks == ["This account doesn’t", "exist", "a", "b"]
    assert found.headings == ["This account doesn’t exist"]
    assert found.errors == ["a", "b", "a b"]


def test_headings() -> None:
    """h1 to h3 and whatever has the role, to their own end; an empty one is none, one that never ends has the rest."""
    found = read(
        "<h1></h1><h2>two</h2><h3>three</h3><h4>four</h4><div role=heading>a<div>b</div>c</div>"
        "x <span role='heading'>d</span> y<h1>e<h2>f</h2></h1><ul><li role=heading>g<li>h</ul><h1>rest"
    )
    assert found.headings == ["two", "three", "a b c", "d", "e", "f", "g", "rest"]
    assert found.blocks == ["two", "three", "four", "a", "b", "c", "x", "d", "y", "e", "f", "g", "h", "rest"]


def test_error_containers() -> None:
    """Those that a selector selects, the outermost of nested ones, inline ones too, to their own end."""
    found = read(
        "<div class='a error'>1<div class=error>2</div>3</div>4<span role=alert>5</span>6<em>7</em><p id=no>8</p>"
        "<p class=notice>8b</p>"
        "<li role=alert>9<li>10</ul><div class=error></div><main>11</main><div class=error>12",
        "div.error",
        "[role=alert]",
        "em",
        "#no",
        ".notice",
    )
    assert found.errors == ["1", "2", "3", "1 2 3", "5", "7", "8", "8b", "9", "12"]


def test_password_forms() -> None:
    """A field for a password, unless it is in what nobody sees."""
    assert read("<form><input type=text><input TYPE='Password'></form>").has_password_form
    assert not read("<input type=text><input><div hidden><input type=password></div>").has_password_form


def test_attributes_are_read_as_they_are_written() -> None:
    """In any quotes or none, with entities, the first of doubles, and no more than two hundred of them."""
    many = "".join(f" a{n}" for n in range(300))
    assert read("<html LANG='a&amp;b' lang=c>").language == "a&b"
    assert read(f"<html{many} lang=late>").language is None
    assert read("<html>").language is None


def test_texts_are_short() -> None:
    """A block, a title, a heading and an error are at most MAX_TEXT long, whatever white space is before them."""
    long = "word " * 400
    found = read(f"<title>{long}</title><h1>{long}<br>{long}</h1><div class=error>{long}<br>{long}</div>", ERROR)
    assert found.title is not None
    assert {len(text) for text in (found.title, *found.blocks, *found.headings, *found.errors)} <= {
        MAX_TEXT - 1,
        MAX_TEXT,
    }
    assert read("<h1>\n" + " " * 3_000 + "<b>Account</b> <i>suspended</i></h1>").headings == [SAID]


def test_pages_without_end() -> None:
    """Lists are capped, and the reading ends after so many tags: what counts stands before that."""
    assert read("<br hidden>" * 9_000 + "<h1>in time</h1>").headings == ["in time"]
    assert read("<br hidden>" * 10_000 + "<h1>late</h1>").headings == []
    assert len(read("<p>x" * 3_000).blocks) == 2_000
    assert len(read("<div class=error>" + "<p>four" * 1_000, ERROR).errors) == MAX_TEXT // 4 + 1


@pytest.mark.parametrize(
    ("tag", "most", "look"),
    [
        ("<script type=application/ld+json>1</script>", 20, lambda found: found.json_ld),
        ("<script>1</script>", 300, lambda found: found.scripts),
        ("<meta name=a%d content=b>", 2_000, lambda found: found.metas),
        ("<link rel=a%d href=b>", 2_000, lambda found: list(found.links)),
        ("<p><meta name=a%d content=b>", 2_000, lambda found: found.metas),
    ],
)
def test_of_many_tags_so_many_are_read(tag: str, most: int, look: Callable[[Markup], Sized]) -> None:
    """And it is known that there were more: among them may be what tells a profile."""
    for count, is_cut in ((most, False), (most + 1, True)):
        found = read_markup("".join(tag.replace("%d", str(n)) for n in range(count)).encode())
        assert (len(look(found)), found.is_cut) == (most, is_cut)


def test_tags_of_many_attributes() -> None:
    """No more attributes are read than any page has that people read, and it is known that there were more."""
    scripts, metas = f"<script{' a' * 199}>1</script>", f"<meta name=%d{' a' * 197} content=b>"
    most = MOST_READ // 200
    for count, read_of_them in ((most, most), (most + 1, most)):
        found = read_markup((scripts * count).encode())
        assert (len(found.scripts), found.is_cut) == (read_of_them, count > most)
        found = read_markup("".join(metas % number for number in range(count)).encode())
        assert (len(found.metas), found.is_cut) == (read_of_them, count > most)
    many = " a" * 100
    assert read(f"<br hidden{many}>" * 1_600 + "<h1>in time</h1>").headings == ["in time"]
    assert read(f"<br hidden{many}>" * 1_700 + "<h1>late</h1>").headings == []


def test_what_a_page_does_not_have_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rules ask for it."""
    found = read("<meta name=og:titles content=a><link rel=canonica href=b>")
    assert ("og:title" in found.metas, found.canonical) == (False, None)
    monkeypatch.setattr(Noted, "with_word", None)
    assert ("og:title" in found.metas, found.canonical) == (False, None)


def test_all_metas_are_there_however_their_names_are_written() -> None:
    """With entities, in capitals other than A to Z, and behind many that are written alike."""
    page = (
        '<meta name="a&amp;b" content=1><meta name=É content=2>' + "<meta name=aa>" * 1_001 + "<meta name=a content=3>"
    )
    assert list(read_markup(page.encode()).metas.items()) == [("a&b", "1"), ("é", "2"), ("a", "3")]


def test_cut_off_at_every_byte() -> None:
    """A page that ends early says nothing that the whole page does not say."""
    whole = profile()
    blocks = read(whole).blocks
    for end in range(len(whole)):
        found = read(whole[:end])
        assert found.title in (None, "Alice (@alice)")
        assert all(any(block.startswith(text.removesuffix("<")) for block in blocks) for text in found.blocks)


@pytest.mark.parametrize(
    ("text", "tag", "attributes", "selected"),
    [
        ("div", "div", {}, True),
        ("div", "p", {}, False),
        (".a.b", "p", {"class": "b  c a"}, True),
        (".a.b", "p", {"class": "ab"}, False),
        ("#x", "p", {"id": "x"}, True),
        ('p[data-Test="a b"]', "p", {"data-test": "a b"}, True),
        ("p[data-test=a]", "p", {"data-test": "A"}, False),
        ("p[data-test=a]", "p", {}, False),
        ('[title=""]', "p", {"title": ""}, True),
        (" h1-x.y#z ", "h1-x", {"class": "y", "id": "z"}, True),
    ],
)
def test_selectors(text: str, tag: str, attributes: dict[str, str], selected: bool) -> None:
    """Tag, classes, id and exact attributes, all of which must fit."""
    assert Selector.parse(text).selects(tag, attributes) is selected


@pytest.mark.parametrize(
    "text", ["", "  ", "div p", "div > p", "div, p", "*", "div:hover", "[x]", "[x~=y]", "DIV", ".", "a b"]
)
def test_no_other_selectors(text: str) -> None:
    """Whatever needs a tree is refused, and the text is shown."""
    with pytest.raises(ValueError, match="is not a selector"):
        Selector.parse(text)


def test_text_after_a_tag_is_none_of_its_attributes() -> None:
    """Whoever writes a post does not write the page's metas, however many words there are."""
    post = b'<p><meta itemprop="a"> property=og:title content=FORGED> og:title og:title '
    assert "og:title" not in read_markup(post, (), Depth.OUTLINE).metas
    assert read_markup(post + b"<meta property=og:title content=b>", (), Depth.OUTLINE).metas["og:title"] == "b"
