"""How alike two pages are once names and numbers are masked."""

import pytest

from tests.unit.classify.story import ALICE, field, html_source, page, profile
from watcher.classify.similarity import features, is_echoed, is_nobodys, margin, naming, similarity, words_of
from watcher.model.control import Features, References
from watcher.model.exchange import Target
from watcher.model.platform import Source

SOURCE: Source = html_source()


def made(*words: str, status: int = 200, fields: dict[str, str] | None = None) -> Features:
    return Features(status=status, tokens=frozenset(words), fields=fields or {})


def read(body: str, handle: str = "alice", *, status: int = 200) -> Features:
    return features(page(body, status=status), SOURCE, Target(handle=handle, instance=""))


def test_names_and_numbers_are_masked() -> None:
    """What differs between two accounts only by handle, figures and hashes has the same features."""
    one = read("<title>Alice!</title><p>@alice has 12 posts<p>id 0123456789abcdef0123", status=404)
    assert one == read("<title>BOB!</title><p>@bob has 3,456 posts<p>id fedcba98765432100000", "bob", status=404)
    assert one == Features(status=404, tokens=frozenset({"{h}", "has", "{x}", "posts", "id"}), fields={"title": "{h}!"})


def test_a_short_handle_is_masked_as_a_word_only() -> None:
    """It does not tear other words apart."""
    assert read("<p>un, until @un: sun-un", "un").tokens == {"{h}", "until", "sun", "un"}


def test_identity_fields_are_masked() -> None:
    """The first value of each that the page has."""
    assert read(profile()).fields == {
        "canonical": "https://site.example/{h}",
        "meta:og:title": "@{h}",
        "title": "{h} (@{h})",
    }


def test_long_pages() -> None:
    """No more words are taken than tell pages apart."""
    letters = "abcdefghijklmnop"
    words = [a + b + c + d for a in letters for b in letters for c in letters for d in letters]
    blocks = (" ".join(words[at : at + 50]) for at in range(0, len(words), 50))
    assert 4_000 < len(read("<p>".join(blocks)).tokens) <= 4_050


@pytest.mark.parametrize(
    ("handle", "text", "named"),
    [
        ("alice", "Alice (@ALICE) | Site", True),
        ("Alice", "https://site.example/alice?x", True),
        ("alice", "https://alice.example/", True),
        ("alice", "alice's page", True),
        ("alice", "malice", False),
        ("alice", "alice2", False),
        ("alice", "alice_b", False),
        ("alice", "alice-b", False),
        ("alice", "b-alice", False),
        ("a.c", "abc", False),
        ("élan", "Élan!", True),
    ],
)
def test_naming(handle: str, text: str, named: bool) -> None:
    """A handle is named where it stands as a word of its own."""
    assert (naming(handle).search(text.casefold()) is not None) is named


def test_an_echo() -> None:
    """A field that a handle that does not exist has too, but for the handle, says nothing of the account."""
    canonical = field("canonical")
    echo = References(negatives=(made(), made(fields={"canonical": "https://site.example/{h}"})))
    assert is_echoed(canonical, "https://Site.example/Alice", ALICE, echo)
    assert not is_echoed(canonical, "https://site.example/users/alice", ALICE, echo)
    assert not is_echoed(field("title"), "https://site.example/alice", ALICE, echo)
    assert not is_echoed(canonical, "https://site.example/alice", ALICE, References(negatives=(made(),)))


@pytest.mark.parametrize("handle", ["site", "example", "https", "h"])
def test_an_echo_of_a_handle_that_is_in_every_address(handle: str) -> None:
    """The platform's own account, say: the echo is an echo all the same."""
    echo = References(negatives=(made(fields={"canonical": "https://site.example/{h}"}),))
    asked = Target(handle=handle, instance="")
    assert is_echoed(field("canonical"), f"https://site.example/{handle}", asked, echo)


def test_similarity() -> None:
    """The share of words in common, and the status: from 0 to 1."""
    assert similarity(made("a", "b"), made("a", "b")) == pytest.approx(1)
    assert similarity(made("a", "b"), made("c")) == pytest.approx(0.3)
    assert similarity(made("a", "b"), made("b", "c")) == pytest.approx(0.7 / 3 + 0.3)
    assert similarity(made("a"), made("b", status=404)) == 0
    assert similarity(made(), made()) == pytest.approx(1)
    assert similarity(made(), made("a")) == pytest.approx(0.3)


def test_margin() -> None:
    """Positive where the nearest is a page of nobody, negative where it is one of somebody, nothing without both."""
    there, gone = made("a", "b"), made("c", status=404)
    known = References(positives=(made("x"), there), negatives=(gone, made("y")))
    assert margin(gone, known) == pytest.approx(1)
    assert margin(there, known) == pytest.approx(-0.7)
    assert margin(there, References(positives=(there,), negatives=(there,))) == 0
    assert margin(there, References(positives=(there,))) is None
    assert margin(there, References(negatives=(there,))) is None
    assert margin(there, References()) is None


def test_like_neither() -> None:
    """A page with hardly a word of either is like neither, whatever its status: a hotel's page, say."""
    known = References(positives=(made("a", "b", "c"),), negatives=(made("d", status=404),))
    assert margin(made("x", "y", "z"), known) is None
    assert margin(made("x", "y", "z", status=404), known) is None
    assert margin(made("a", "b", "x", "y"), known) == pytest.approx(-0.7 * 0.4 - 0.3)


def test_words_of_a_line() -> None:
    """As they stand among the features."""
    assert words_of("Alice has 12 posts!", ALICE) == ["{h}", "has", "{x}", "posts"]


@pytest.mark.parametrize(
    ("words", "nobodys"),
    [
        (("said", "home", "search"), True),
        (("said", "home", "other"), True),
        (("said",), True),
        (("said", "home", "other", "words"), False),
        (("said", "joined", "followers"), False),
        (("said", "home", "joined", "followers"), False),
    ],
)
def test_whose_page_it_is_but_for_a_line(words: tuple[str, ...], nobodys: bool) -> None:
    """What is left of it must be mostly of the pages of nobody, and no less than of those of somebody."""
    known = References(positives=(made("home", "joined", "followers"),), negatives=(made("home", "search", "gone"),))
    assert is_nobodys(made(*words), frozenset({"said"}), known) is nobodys
    assert not is_nobodys(made(*words), frozenset({"said"}), References(negatives=known.negatives))
    assert not is_nobodys(made(*words), frozenset({"said"}), References(positives=known.positives))
