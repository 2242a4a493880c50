"""The declarative rules of platform files."""

import pytest

from tests.unit.classify.story import ALICE, match, page, rule
from watcher.classify.rules import Step, extract, fill, fits, found, holds, step_of
from watcher.model.exchange import Target
from watcher.model.finding import Reason

NAMELESS = Target(handle="alice", instance="")


def is_match(pattern: str, value: str, target: Target = ALICE) -> bool:
    """True when the pattern is met by a title of that value."""
    pieces = fill(pattern, target)
    return pieces is not None and fits(pieces, value.casefold())


@pytest.mark.parametrize(
    ("pattern", "value", "matched"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "anything\nat all", True),
        ("abc", "ABC", True),
        ("abc", "abcd", False),
        ("a*", "abc", True),
        ("a*", "ba", False),
        ("*c", "abc", True),
        ("*c", "cb", False),
        ("a*c", "ac", True),
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
        ("*b*", "abc", True),
        ("*b*", "ac", False),
        ("a*b*c*d", "a-b-c-d", True),
        ("a*b*c*d", "a-c-b-d", False),
        ("a*b*b*c", "a-b-c", False),
        ("a*bc*c", "abc", False),
        ("**a**", "a", True),
        ("*(@alice)*", "Alice (@Alice) | Site", True),
        ("straße", "STRASSE", True),
        ("a.c", "abc", False),
        ("[a]", "a", False),
    ],
)
def test_patterns(pattern: str, value: str, matched: bool) -> None:
    """Literal text but for `*`; the whole value, in order, without overlaps; case does not matter."""
    assert is_match(pattern, value) is matched


@pytest.mark.parametrize(
    ("pattern", "target", "value", "matched"),
    [
        ("*@{handle}*", ALICE, "I am @Alice!", True),
        ("*@{handle}*", ALICE, "I am @bob!", False),
        ("{stable_id}", ALICE, "17", True),
        ("{stable_id}", NAMELESS, "", False),
        ("*{stable_id}*", NAMELESS, "anything", False),
        ("{handle}@{instance}", Target(handle="É", instance="M.example"), "é@m.EXAMPLE", True),
        ("{handle}", Target(handle="*", instance=""), "anything", False),
        ("{handle}", Target(handle="*", instance=""), "*", True),
        ("{handle}", Target(handle="{stable_id}", instance="", stable_id="17"), "17", False),
        ("{handle}", Target(handle="{instance}", instance="m"), "m", False),
        ("{instance}", Target(handle="a", instance="https://m.example/{handle}"), "https://m.example/a", True),
        ("{other}", ALICE, "{other}", True),
    ],
)
def test_names_in_patterns(pattern: str, target: Target, value: str, matched: bool) -> None:
    """The target's names are literal text; where a name is not known, its pattern meets nothing."""
    assert is_match(pattern, value, target) is matched


def test_the_first_value_that_matches_is_found() -> None:
    """Any pattern of the match will do; it is handed over as it was written."""
    answer = page("<p>One<p>Two<p>TWO")
    assert found(match("text", "three", "two"), answer, ALICE) == "Two"
    assert found(match("text", "three"), answer, ALICE) is None
    assert found(match("title"), answer, ALICE) is None


def test_a_percent_encoded_handle() -> None:
    """A final URL is compared decoded."""
    accented = Target(handle="é*", instance="")
    answer = page(url="https://site.example/@%C3%A9%2A?x=1")
    assert found(match("final_url", "*/@{handle}*"), answer, accented) is not None


def test_a_rule_holds() -> None:
    """When all of its conditions match and none of its exceptions does."""
    answer = page('{"a":"1","b":"2"}')
    assert holds(rule(Reason.PROFILE, {"status": "200", "json:a": "1"}, {"json:b": "3"}), answer, ALICE)
    assert not holds(rule(Reason.PROFILE, {"status": "200", "json:a": "2"}), answer, ALICE)
    assert not holds(rule(Reason.PROFILE, {"json:a": "1"}, {"json:b": "2"}), answer, ALICE)
    assert holds(rule(Reason.PROFILE, {}), answer, ALICE)


@pytest.mark.parametrize(
    ("reason", "when", "unless", "step"),
    [
        (Reason.QUOTA, {"status": "402"}, {}, Step.HARD_BARRIER),
        (Reason.REDIRECT, {"final_url": "*", "redirect": "*", "header:x": "*"}, {}, Step.HARD_BARRIER),
        (Reason.EMPTY_SHELL, {"status": "200"}, {"title": "*"}, Step.SOFT_BARRIER),
        (Reason.LOGIN_WALL, {"json:code": "1"}, {}, Step.SOFT_BARRIER),
        (Reason.NOT_FOUND, {"status": "404"}, {}, Step.STRUCTURED),
        (Reason.PROFILE, {"meta:x": "*", "canonical": "*"}, {}, Step.STRUCTURED),
        (Reason.PROFILE, {"title": "*"}, {}, Step.IDENTITY),
        (Reason.PROTECTED, {"status": "200"}, {"error": "*"}, Step.IDENTITY),
        (Reason.SUSPENDED, {"status": "200", "text": "*"}, {}, Step.PHRASE),
    ],
)
def test_the_step_of_a_rule(reason: Reason, when: dict[str, str], unless: dict[str, str], step: Step) -> None:
    """It follows from what the rule looks at: barriers first, documented fields next, texts last."""
    assert step_of(rule(reason, when, unless)) is step


@pytest.mark.parametrize(
    ("pattern", "value", "name"),
    [
        ("*", "UC1", "UC1"),
        ("*", "", None),
        ("@*", "@alice", "alice"),
        ("@*", "@", None),
        ("@*", "alice", None),
        ("*!", "a!", "a"),
        ("ab*ba", "aba", None),
        ("ab*ba", "abba", None),
        ("ab*ba", "abxba", "x"),
        ("a*xyzxyz", "abc", None),
        ("https://SITE.example/channel/*", "https://site.example/channel/UC1", "UC1"),
        ("ss*", "ßUC1", None),
        ("*ss", "UC1ß", None),
        ("*", "x" * 501, None),
        ("*", "null", None),
        ("*", "…", None),
        ("*", "[]", None),
    ],
)
def test_what_a_pattern_frames(pattern: str, value: str, name: str | None) -> None:
    """What stands for the `*`, as it was written; nothing, or what is no text, or a whole story is no name."""
    answer = page(url=value)
    assert extract(match("final_url", pattern), answer, ALICE) == name


def test_extract_looks_at_all_values_and_patterns() -> None:
    """The first that fits counts; a field that is not there names nothing."""
    answer = page("<p>none<p>id: 7<p>id: 8")
    assert extract(match("text", "#*", "id: *"), answer, ALICE) == "7"
    assert extract(match("title", "*"), answer, ALICE) is None


@pytest.mark.parametrize(
    ("pattern", "target", "value", "name"),
    [
        ("https://{instance}/users/*", Target(handle="a", instance="M.example"), "https://m.example/users/17", "17"),
        ("*/@{handle}", Target(handle="Alice", instance=""), "17/@alice", "17"),
        ("{handle}/*", Target(handle="*", instance=""), "*/17", "17"),
        ("{handle}/*", Target(handle="*", instance=""), "alice/17", None),
        ("{handle}/*", Target(handle="{instance}", instance="m"), "{instance}/17", "17"),
        ("{instance}/*", Target(handle="a", instance="https://m.example/{handle}"), "https://m.example/a/17", "17"),
    ],
)
def test_names_around_what_is_extracted(pattern: str, target: Target, value: str, name: str | None) -> None:
    """The target's names may frame an id; they are literal text."""
    assert extract(match("final_url", pattern), page(url=value), target) == name


@pytest.mark.parametrize(
    "body", ["null", '{"id":null}', '{"id":{}}', '{"id":[1]}', '{"id":true}', '{"id":""}', "{}", "x"]
)
def test_no_id_in_a_document(body: str) -> None:
    """What is neither text nor number is no id."""
    assert extract(match("json:id", "*"), page(body), ALICE) is None
    assert extract(match("json:id", "*"), page('{"id":17}'), ALICE) == "17"
