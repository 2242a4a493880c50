"""Matchers as people write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.model.matchers import MatcherError, parse_matchers
from watcher.model.silence import Matcher
from watcher.text import clean


def made(name: str, sign: str, value: str) -> Matcher:
    """A matcher of that sign."""
    return Matcher(name=name, value=value, is_pattern="~" in sign, is_negative="!" in sign)


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["platform=x"], [("platform", "=", "x")]),
        (["platform=x", "severity!=info"], [("platform", "=", "x"), ("severity", "!=", "info")]),
        (['owner=~"mayor|press"'], [("owner", "=~", "mayor|press")]),
        (['a=~"(?:x|y)_[)*]+.*[(a)+]{2}"'], [("a", "=~", "(?:x|y)_[)*]+.*[(a)+]{2}")]),
        ([' owner !~ "a.*" , platform=x'], [("owner", "!~", "a.*"), ("platform", "=", "x")]),
        (['{platform="x", account="x:jack",}'], [("platform", "=", "x"), ("account", "=", "x:jack")]),
        (["account=bluesky:a.b-c_d"], [("account", "=", "bluesky:a.b-c_d")]),
        ([r'desk="say \"hi\"\\\n"'], [("desk", "=", 'say "hi"\\\n')]),
        (['instance="", platform=x'], [("instance", "=", ""), ("platform", "=", "x")]),
        (["desk=ü"], [("desk", "=", "ü")]),
    ],
)
def test_written_as_for_alertmanager(texts: list[str], wanted: list[tuple[str, str, str]]) -> None:
    """One a text or several, between braces or not, quoted or bare."""
    assert parse_matchers(texts) == tuple(made(*each) for each in wanted)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "column 1: no name here; write it like platform=x"),
        ("jack", "column 5: 'jack' wants one of =, !=, =~ and !~ after it"),
        ("platform=", 'column 10: no value; write "" for none'),
        ("platform=x,", "column 12: no name here"),
        ("platform=x owner=y", "column 12: 'o' after a matcher; write a comma between matchers"),
        ('owner="may', "column 7: the quotation mark is not closed"),
        ("{platform=x", "column 12: the brace is not closed"),
        ('owner=~"(a"', "column 8: no regular expression (missing ), unterminated subpattern)"),
        (r'owner="\d"', r"column 8: \d stands for nothing; write \\ for a backslash"),
        ("owner==x", "column 7: '=' cannot begin a value; put the value into double quotation marks"),
        (
            "owner!=x",
            "column 1: matches what has none of these names, so nearly everything; add one that wants a value",
        ),
        ('owner=~".*"', "column 1: matches what has none of these names"),
        ('owner=~"(a+)+b"', "column 8: repeats a group, which may take for ever"),
        ('owner=~"(?:a|a){2,}b"', "column 8: repeats a group"),
        ('owner=~"a*a*a*a*a*b"', "column 8: repeats more than 4 times"),
        ('owner=~"a?a?a?a?a?a?a?a?a?a?a?aa"', "column 8: repeats more than 4 times (* + {), or has more than 10 ?"),
        ('owner=~"[[a]"', "column 8: no regular expression (Possible nested set"),
        ("platform=x\ud800", r"column 11: '\ud800' cannot be seen, and nothing is called so; leave it out"),
        ('owner=~"mayor|\u202esserp"', r"column 15: '\u202e' cannot be seen"),
        ("platform=\0", r"column 10: '\x00' cannot be seen"),
        ("a=" + "b" * 1000, "column 1001: is too long; 1000 characters are the most"),
    ],
)
def test_faults_are_told_with_their_place(text: str, said: str) -> None:
    """The column, what was wrong, what to write instead."""
    with pytest.raises(MatcherError) as caught:
        parse_matchers([text])
    assert said in str(caught.value)


@given(st.text(st.characters(codec="utf-8").filter(clean), max_size=20), st.sampled_from(["=", "!="]))
def test_what_is_printed_reads_the_same(value: str, sign: str) -> None:
    """A matcher as text gives that matcher again, whatever its value, as long as that can be seen."""
    matcher = made("owner", sign, value)
    assert parse_matchers([str(matcher), "platform=x"]) == (matcher, made("platform", "=", "x"))


@given(st.text(max_size=30))
def test_nothing_but_its_own_error_comes_of_any_text(text: str) -> None:
    """Whatever somebody types, it is matchers or a MatcherError."""
    with suppress(MatcherError):
        assert parse_matchers([text])
