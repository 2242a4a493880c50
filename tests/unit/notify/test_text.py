"""Hostile text is made harmless, and nothing else is changed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.text import clean, cut


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Désolé, cette page n'existe pas", "Désolé, cette page n'existe pas"),
        ("два\nстроки\r\tи", "два строки  и"),
        ("\x1b[31mred\x07\x9b", "[31mred"),
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("pay\u200bpal\ufeff\u2060\u00ad", "paypal"),
        ("half \ud800 a pair", "half  a pair"),
        ("🇫🇷 हिन्दी العربية", "🇫🇷 हिन्दी العربية"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    """Controls, direction marks, invisible characters and lone surrogates go; line breaks become spaces."""
    assert clean(text) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_clean_leaves_nothing_that_acts(text: str) -> None:
    """No text keeps a control, a surrogate or a line separator; a clean text is left as it is."""
    shown = clean(text)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(char) for char in shown} & {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI"}
    assert clean(shown) == shown
    shown.encode()


@given(st.text(), st.integers(min_value=1, max_value=20))
def test_cut_keeps_the_limit(text: str, limit: int) -> None:
    """What fits is unchanged; what does not is a beginning of it with an ellipsis."""
    short = cut(text, limit)
    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
