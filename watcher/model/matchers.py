"""Matchers as people write them: Alertmanager's syntax, as `amtool silence add` takes it. Text in, values out."""

import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Final

from watcher.model.silence import Matcher
from watcher.text import clean

ATTRIBUTES: Final = ("account", "platform", "instance", "owner", "severity", "reason", "kind")
"""What a matcher may speak of beside the labels of the watchlist."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SIGN = re.compile(r"=~|!~|!=|=")
_BARE = re.compile(r"[^\s,{}\"'=!~][^\s,{}\"']*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPES: Final = {"n": "\n", '"': '"', "\\": "\\"}
_LONGEST: Final = 1000
# What makes an expression try more than it can: it is matched where everything else waits for it, each time that
# something is to be told. A repeated group may double the tries with every character; each repetition multiplies them.
_ESCAPED_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?", re.DOTALL)
_REPEATED_GROUP = re.compile(r"\)[*+{]")
_REPETITION = re.compile(r"[*+{]")
_MOST_REPETITIONS: Final = 4
_MOST_OPTIONS: Final = 10
_LIKE: Final = 'write it like platform=x, owner=~"mayor|press" or severity!="info"'


class MatcherError(ValueError):
    """What was written is no matcher. The text has the column (from 1), what was wrong, and what to write instead."""

    def __init__(self, column: int, said: str) -> None:
        super().__init__(f"column {column}: {said}")


def parse_matchers(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """The matchers of several texts, each one of them or several between braces: `{platform="x", owner=~"a|b"}`.

    Raises MatcherError; also when all of them match what has none of these attributes, which is everything else.
    """
    found = tuple(matcher for text in texts for matcher in _of(text))
    if not found:
        raise MatcherError(1, f"no matcher; {_LIKE}")
    if all(matcher.holds({}) for matcher in found):
        raise MatcherError(
            1, "matches what has none of these names, so nearly everything; add one that wants a value, as platform=x"
        )
    return found


def _of(text: str) -> Iterator[Matcher]:
    if len(text) > _LONGEST:
        raise MatcherError(_LONGEST + 1, f"is too long; {_LONGEST} characters are the most")
    unseen = next((place for place, char in enumerate(text) if not clean(char)), None)
    if unseen is not None:
        raise MatcherError(unseen + 1, f"{text[unseen]!a} cannot be seen, and nothing is called so; leave it out")
    at, end = _skipped(text, 0), len(text.rstrip())
    braces = text[at : at + 1] == "{"
    if braces:
        if text[end - 1 : end] != "}":
            raise MatcherError(end + 1, "the brace is not closed; end it with }")
        at, end = at + 1, end - 1
    while True:
        matcher, at = _one(text, _skipped(text, at), end)
        yield matcher
        at = _skipped(text, at)
        if at >= end:
            return
        if text[at] != ",":
            raise MatcherError(at + 1, f"{text[at]!a} after a matcher; write a comma between matchers, quote the value")
        at = _skipped(text, at + 1)
        if at >= end and braces:
            return  # Alertmanager takes a comma at the end, too


def _one(text: str, at: int, end: int) -> tuple[Matcher, int]:
    """The matcher that begins at `at`, and where it ends."""
    name = _NAME.match(text, at, end)
    if name is None:
        raise MatcherError(at + 1, f"no name here; {_LIKE}")
    place = _skipped(text, name.end())
    sign = _SIGN.match(text, place, end)
    if sign is None:
        raise MatcherError(place + 1, f"{name[0]!a} wants one of =, !=, =~ and !~ after it; {_LIKE}")
    value, after = _value(text, _skipped(text, sign.end()), end)
    is_pattern = "~" in sign[0]
    if is_pattern:
        _require_pattern(value, sign.end())
    return Matcher(name=name[0], value=value, is_pattern=is_pattern, is_negative="!" in sign[0]), after


def _value(text: str, at: int, end: int) -> tuple[str, int]:
    if at >= end or text[at] == ",":
        raise MatcherError(at + 1, 'no value; write "" for none')
    quoted = _QUOTED.match(text, at, end)
    if quoted is not None:
        return _unescaped(quoted[1], at + 1), quoted.end()
    if text[at] == '"':
        raise MatcherError(at + 1, 'the quotation mark is not closed; end the value with "')
    bare = _BARE.match(text, at, end)
    if bare is None:
        raise MatcherError(at + 1, f"{text[at]!a} cannot begin a value; put the value into double quotation marks")
    return bare[0], bare.end()


def _unescaped(body: str, at: int) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise MatcherError(at + found.start() + 1, f"\\{found[1]} stands for nothing; write \\\\ for a backslash")
        return _ESCAPES[found[1]]

    return re.sub(r"\\(.)", plain, body, flags=re.DOTALL)


def _require_pattern(value: str, at: int) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(value)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        said = error.msg if isinstance(error, re.error) else str(error)
        raise MatcherError(at + 1, f"no regular expression ({said}); see Python's syntax") from None
    bare = _ESCAPED_OR_CLASS.sub("x", value)
    if _REPEATED_GROUP.search(bare):
        raise MatcherError(at + 1, "repeats a group, which may take for ever; write out what may be there, with |")
    if len(_REPETITION.findall(bare)) > _MOST_REPETITIONS or bare.count("?") > _MOST_OPTIONS:
        raise MatcherError(
            at + 1,
            f"repeats more than {_MOST_REPETITIONS} times (* + {{), or has more than {_MOST_OPTIONS} ?; write less",
        )


def _skipped(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
