"""Pages are read the same by every Python, those too that match possessive groups wrongly."""

import re
import subprocess
import sys
from typing import Final

import pytest
from hypothesis import given, settings

from tests.unit.classify.test_tokens import tags
from watcher.classify import tokens
from watcher.classify.possessive import atomic, compiled

PATTERNS = {
    name: value
    for name, value in vars(tokens).items()
    # Where a Python needs the atomic form there is nothing to hold it against: the other tests of reading do.
    if isinstance(value, re.Pattern) and isinstance(value.pattern, bytes) and name.isupper()
}


@settings(max_examples=200, deadline=None)
@given(page=tags)
def test_both_forms_match_the_same(page: str) -> None:
    """Every token of every page, with what is captured of it."""
    for pattern in PATTERNS.values():
        one, other = pattern.finditer(page.encode()), atomic(pattern.pattern).finditer(page.encode())
        assert [(each.span(), each.groups()) for each in one] == [(each.span(), each.groups()) for each in other]


@pytest.mark.parametrize("form", [compiled, atomic])
@pytest.mark.parametrize(
    ("pattern", "text", "end"),
    [
        ("(?:ab?c)*+", "a", 0),
        ("(?:ab?c)*+", "abcab", 3),
        ("x(?:y(?:z[0-9]*+;)*+!)?+", "xyz1;z22!", 1),
        ("(?=(?:ab?c)*+a)abc|a", "abc", 1),
        ("(a|(?:b(?!c))++)+", "abbbc", 3),
    ],
)
def test_what_was_begun_in_vain_is_not_passed_over(form: object, pattern: str, text: str, end: int) -> None:
    """The fault of 3.11.0 to 3.11.4: the match went on behind the repetition that had failed."""
    assert callable(form)
    assert form(pattern).match(text).end() == end


@pytest.mark.parametrize("form", [compiled, atomic])
def test_an_atomic_group_is_not_gone_back_into(form: object) -> None:
    """As with any possessive repetition."""
    assert callable(form)
    assert form("(?:ab)*+ab").match("abab") is None
    assert form(b"(?:AB)*+c", re.IGNORECASE).match(b"ababC")


_ON_SUCH_A_PYTHON: Final = """
import re
from unittest.mock import patch

def found(pattern, text, flags=0, fullmatch=re.fullmatch):
    return fullmatch("a", "a") if pattern == "(?:ab?c)*+" else fullmatch(pattern, text, flags)

with patch.object(re, "fullmatch", found):
    from watcher.classify import possessive, tokens
assert not possessive._IS_SOUND
assert tokens.TOKEN.pattern is None, "it was made from a parsed expression"
from watcher.cli import main
main(["selftest"])
"""


def test_such_a_python_understands_every_example() -> None:
    """All of the shipped platform files' pages, read with the expressions that it gets."""
    ran = subprocess.run([sys.executable, "-c", _ON_SUCH_A_PYTHON], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "examples of" in ran.stdout
