"""A platform's own texts, however they are spelled."""

import gc
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.classify.story import MISSING, PHRASES, SUSPENDED, html_source, platform
from watcher.classify.finder import at_once, in_turn
from watcher.classify.phrases import Hit, find_phrase, normalise, search, table_of
from watcher.model.platform import Phrase, PhraseClass
from watcher.settings.load import load_platforms

SITE = platform(html_source())
ALL = frozenset(PhraseClass)


def find(*blocks: str, classes: frozenset[PhraseClass] = ALL) -> tuple[str, str] | None:
    """The phrase that was found and the block that holds it."""
    hit = find_phrase(SITE, blocks, classes)
    return None if hit is None else (hit.phrase.text, hit.quote)


@pytest.mark.parametrize(
    "text",
    [
        "This account doesn't exist",
        "This account doesn’t exist",
        "This account doesn‘t exist.",
        "This account doesnʼt exist!",
        "THIS ACCOUNT DOESN`T EXIST",
        "This\xa0account\u202fdoesn´t\u2003exist",
        "This account\n\tdoesn′t exist…",
        "\u202aThis account \u200edoesn’t\u200f exist\u202c",
        "This ac\u00adcount doesn’t\u200b exist\ufeff",
        "This\u2028account doesn’t\x00 exist",
        "Ｔｈｉｓ　ａｃｃｏｕｎｔ　ｄｏｅｓｎ＇ｔ　ｅｘｉｓｔ",
        "Hmm... This account doesn’t exist. Try searching for another.",
    ],
)
def test_spellings(text: str) -> None:
    """Apostrophes, spaces, case, width, ellipses and invisible marks do not matter, nor what stands around it."""
    assert find(text) == (MISSING.text, text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Désolé, cette page n’existe pas\u202f!", "Désolé, cette page n'existe pas !"),
        ("De\u0301sole\u0301", "Désolé"),
        ("Attention\xa0: «\xa0ce compte\xa0»", 'attention: " ce compte "'),
        ("Wait a moment…", "wait a moment..."),
        ("Straße – x", "STRASSE - X"),
        ("ﬁn", "FIN"),
        ("BU SAYFA MEVCUT DEĞİL", "bu sayfa mevcut değil"),
        ("HESAP ASKIYA ALINDI", "Hesap askıya alındı"),
        ("?", " ?"),
    ],
)
def test_equal_spellings(one: str, other: str) -> None:
    """Two ways to write the same, the letters i of Turkish among them."""
    assert normalise(one) == normalise(other)


def test_different_texts() -> None:
    """Letters with marks stay letters of their own."""
    assert normalise("año") != normalise("ano")
    assert normalise("") == normalise(" . ! …") == ""


@pytest.mark.parametrize("text", ["This account", "Account  Suspension", "suspended account", "existe", ""])
def test_no_phrase(text: str) -> None:
    """A part of one, or its words in another order, is none."""
    assert find(text) is None


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("অ্যাকাউন্ট স্থগিত", PhraseClass.WITHHELD),
        ("অ্যাকাউন্ট স্থগিত করা হয়েছে", PhraseClass.SUSPENDED),
        ("บัญชีถูกระงับ", PhraseClass.WITHHELD),
        ("บัญชีถูกระงับการใช้งาน", PhraseClass.SUSPENDED),
    ],
)
def test_a_phrase_that_begins_another(text: str, of: PhraseClass) -> None:
    """In Bengali and Thai "withheld" is the beginning of "suspended": the longest counts, in any order."""
    phrases = tuple(phrase for phrase in PHRASES if phrase.text == text)
    for known in (PHRASES, PHRASES[::-1]):
        hit = find_phrase(platform(html_source(), known), (text,), ALL)
        assert hit == Hit(phrases[0], text)
        assert hit.phrase.phrase_class is of


def test_the_longest_of_all_blocks_counts() -> None:
    """Wherever it stands, and it is quoted with its own block."""
    assert find("Account suspended", "Oops", "This account doesn’t exist!") == (
        MISSING.text,
        "This account doesn’t exist!",
    )
    assert find("This account doesn’t exist", "Account suspended") == (MISSING.text, "This account doesn’t exist")
    assert find("", "Account suspended") == (SUSPENDED.text, "Account suspended")


def test_a_phrase_does_not_reach_over_blocks() -> None:
    """Two blocks are two texts."""
    assert find("Account", "suspended") is None


def test_a_longer_phrase_of_another_class_hides_the_shorter() -> None:
    """What is asked for is found only if nothing longer says otherwise."""
    classes = frozenset({PhraseClass.SUSPENDED})
    assert find("Account suspended", classes=classes) == (SUSPENDED.text, "Account suspended")
    assert find("Account suspended", "This account doesn’t exist", classes=classes) is None


def test_a_platform_without_phrases() -> None:
    """Nothing is found, and a phrase of nothing but punctuation is none."""
    assert find_phrase(platform(html_source(), ()), ("Account suspended",), ALL) is None
    empty = Phrase("!", "en", PhraseClass.MISSING)
    assert find_phrase(platform(html_source(), (empty,)), ("anything!",), ALL) is None


def test_what_was_made_of_a_platform_ends_with_it() -> None:
    """Every reload brings new platforms: what is kept of the old ones would grow for ever."""
    passing = platform(html_source())
    assert find_phrase(passing, (MISSING.text,), ALL) is not None
    gone = weakref.ref(passing)
    del passing
    gc.collect()
    assert gone() is None


def test_every_phrase_of_a_large_table_is_found_at_once() -> None:
    """However much text stands before it, and in whatever language it is."""
    re2 = pytest.importorskip("re2", reason="the extra 'fast' (google-re2) is not installed")
    assert re2 is not None
    for known in (PHRASES, load_platforms(None)["x"].phrases):
        table, other = table_of(known, at_once), table_of(known, in_turn)
        whole = ("nothing of the kind, \u65e5\u672c\u8a9e " * 500,)
        assert search(table, whole) is search(other, whole) is None
        for phrase in known:
            assert search(table, (*whole, phrase.text)) == search(other, (*whole, phrase.text)) is not None


X = load_platforms(None)["x"].phrases
AT_ONCE, IN_TURN = table_of(X, at_once), table_of(X, in_turn)
pieces = st.sampled_from([phrase.text for phrase in X]).flatmap(
    lambda text: st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda cut: text[cut[0] : len(text) - cut[1]])
)
lines = st.lists(
    pieces | st.text(max_size=5) | st.sampled_from(["\u0130", "\u202f", "\xad", "\u200f", "\n", "..."]), max_size=4
)


@settings(max_examples=100, deadline=None)
@given(blocks=st.lists(lines.map("".join), max_size=4).map(tuple))
def test_at_once_is_as_in_turn(blocks: tuple[str, ...]) -> None:
    """With google-re2 and without it the same phrase is found in the same block, the longest of all."""
    assert search(AT_ONCE, blocks) == search(IN_TURN, blocks)
