"""What a YAML parser's complaint means for who wrote the file: where to look, and what to write instead.

A parser names the place where it gave up. What is wrong often stands before it: a quote that is opened and not closed
is noticed at the end of the file. libyaml and PyYAML say in the same words what they were at, and in their own what
they missed.
"""

from typing import Any, Final

import yaml

from watcher.settings.wording import quoted

Place = tuple[int, int]

# What was begun, where it was begun; `{line}` is where the parser gave up.
_BEGUN: Final = {
    "while scanning a quoted scalar": "the quote that is opened here is not closed",
    "while parsing a flow mapping": "the {{ that is opened here is not closed before line {line}",
    "while parsing a flow sequence": "the [ that is opened here is not closed before line {line}",
    "while scanning a simple key": "no ':' follows this; write one, or '- ' before it if it is one of a list",
    "while scanning a block scalar": "put a value that begins with | or > in quotes",
}


def complaint(error: yaml.YAMLError, text: str) -> tuple[Place, str]:
    """The place in `text` to look at, and what the parser said, with what to do about it."""
    place = _place(getattr(error, "problem_mark", None)) or _place(getattr(error, "context_mark", None)) or (1, 1)
    place, said = _said(error, place, _rest_of_line(text, place))
    return place, f"not valid YAML: {said}"


def _said(error: yaml.YAMLError, place: Place, rest: str) -> tuple[Place, str]:
    """`place` is where the parser gave up, `rest` the line from there on."""
    problem = str(getattr(error, "problem", None) or "cannot be parsed")
    context = str(getattr(error, "context", None))
    begun = _place(getattr(error, "context_mark", None)) or place
    if rest.startswith("\t"):
        problem = "a tab stands where spaces must; indent with spaces"
    elif "cannot start any token" in problem:
        problem = f"{quoted(rest[:1])} cannot begin a value; put the value in quotes"
    elif rest.startswith("{") and begun[0] == place[0]:
        problem = f"{problem}; put a value that holds {{ or }}, such as ${{NAME}}, in quotes"
    elif context in _BEGUN:
        return begun, _BEGUN[context].format(line=place[0])
    elif problem.startswith("mapping values are not allowed"):
        advice = "put a value that holds ': ' in quotes, or indent the line like the one above it"
        problem = f"no ':' is allowed here; {advice}"
    elif context == "while parsing a block mapping":
        advice = "indent it like those, close a quote before it, or put the whole value in quotes"
        problem = f"this does not fit the mapping of line {begun[0]}; {advice}"
    return place, problem


def _place(mark: Any) -> Place | None:
    return None if mark is None else (mark.line + 1, mark.column + 1)


def _rest_of_line(text: str, place: Place) -> str:
    lines = text.splitlines()
    return lines[place[0] - 1][place[1] - 1 :] if place[0] <= len(lines) else ""
