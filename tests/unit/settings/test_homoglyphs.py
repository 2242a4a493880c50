"""Letters that look like others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.settings.homoglyphs import host_lookalike, lookalike, named, plain


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("n\N{CYRILLIC SMALL LETTER A}sa", "is CYRILLIC SMALL LETTER A: write 'a'?"),
        ("\N{GREEK SMALL LETTER OMICRON}\N{GREEK SMALL LETTER OMICRON}", "is GREEK SMALL LETTER OMICRON: write 'o'?"),
        ("paypa\N{GREEK CAPITAL LETTER IOTA}", "is GREEK CAPITAL LETTER IOTA: write 'I'?"),
        ("\N{CYRILLIC SMALL LETTER ES}\N{CYRILLIC SMALL LETTER O}", "is CYRILLIC SMALL LETTER ES: write 'c'?"),
        ("\N{FULLWIDTH LATIN SMALL LETTER N}asa", "is FULLWIDTH LATIN SMALL LETTER N: write 'n'?"),
        ("\N{MATHEMATICAL BOLD SMALL N}asa", "is MATHEMATICAL BOLD SMALL N: write 'n'?"),
        ("na\N{ZERO WIDTH SPACE}sa", "U+200B is ZERO WIDTH SPACE, which cannot be seen: remove it?"),
        ("na\N{RIGHT-TO-LEFT OVERRIDE}sa", "U+202E is RIGHT-TO-LEFT OVERRIDE, which cannot be seen: remove it?"),
        ("a\N{CYRILLIC SMALL LETTER YA}", "is CYRILLIC SMALL LETTER YA among letters of another script"),
    ],
)
def test_what_looks_like_something_else_is_named(word: str, said: str) -> None:
    """The character is named as Unicode does, with what may have been meant."""
    found = lookalike(word)
    assert found is not None
    assert said in found


@pytest.mark.parametrize(
    "word",
    [
        "nasa",
        "NASA_2",
        "caf\u00e9",
        "G\u00fcne\u015f",
        "Ярослав",
        "нет",
        "Ελένη",
        "晴れ",
        "東京タワー",
        "이름",
        "tokyo晴れ",
        "नासा",
    ],
)
def test_ordinary_words_are_not_odd(word: str) -> None:
    """Words of one script pass, and Latin letters beside those of Chinese, Japanese and Korean."""
    assert lookalike(word) is None


def test_a_host_is_read_as_browsers_show_it() -> None:
    """The xn-- form of letters that look like others is named; that of an ordinary word is not."""
    said = host_lookalike("www.xn--80ak6aa92e.com")
    assert said is not None
    assert said.startswith("xn--80ak6aa92e is shown as ")
    assert "is CYRILLIC SMALL LETTER A: write 'a'?" in said
    for host in ("apple.com", "xn--bcher-kva.example", "xn--80adxhks.example", "xn--.example", "xn--\ud800.example"):
        assert host_lookalike(host) is None


def test_a_character_without_a_name_is_shown_by_its_number() -> None:
    """Nothing is so odd that it could not be named."""
    assert named("\ue000") == "U+E000 cannot be seen"
    assert plain("\ue000") is None


@given(st.text())
def test_any_text_is_judged(word: str) -> None:
    """Whatever is pasted gives an answer; ASCII is never odd, unless it cannot be seen."""
    found = lookalike(word)
    if word.isascii() and word.isprintable():
        assert found is None
