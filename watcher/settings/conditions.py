"""What a source looks for in its answers: refuse what no answer could ever meet."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from watcher.classify.barriers import barred_as
from watcher.classify.rules import fits
from watcher.model.finding import Reason
from watcher.model.platform import Answers, Field, FieldKind
from watcher.settings.nesting import Steps
from watcher.settings.platformschema import RuleEntry, SourceEntry
from watcher.settings.scalars import answer_field
from watcher.settings.schema import Matches
from watcher.settings.validate import Reading
from watcher.settings.wording import near

_OF_A_NAME: Final = ("{handle}", "{instance}")
_OF_A_RULE: Final = (*_OF_A_NAME, "{stable_id}")
# A word in braces; other braces may stand in what a page says.
_IN_BRACES: Final = re.compile(r"\{\s*[^\W\d][\w-]*\s*\}")
_OF_PAGES: Final = frozenset(
    {
        *(FieldKind.TITLE, FieldKind.META, FieldKind.CANONICAL),
        *(FieldKind.JSON_LD, FieldKind.SCRIPT_JSON, FieldKind.ERROR),
    }
)
_NO_STATUS: Final = "is no HTTP status; write three digits (404), 4* for all that begin so, or a list of such"


def check_conditions(reading: Reading[Any], path: Steps, source: SourceEntry) -> None:
    """Note what keeps the rules of a source, its names and its `identity` from matching any answer."""
    if (*path, "answers") in reading.refused:
        return  # which fields there are is not known
    for key, matches in (("stable_id", source.stable_id), ("handle", source.handle)):
        if matches is not None:
            _check_extracted(reading, (*path, key), matches)
            _check_keys(reading, (*path, key), source)
    for place, field in enumerate(source.identity):
        if (why := _why_never(field, source, "identity")) is not None:
            reading.refuse_value((*path, "identity", place), ValueError(why))
    for at, rule in enumerate(source.rules):
        _check_rule(reading, (*path, "rules", at), rule, source)


def _check_rule(reading: Reading[Any], path: Steps, rule: RuleEntry, source: SourceEntry) -> None:
    for part, conditions in (("when", rule.when), ("unless", rule.unless)):
        _check_keys(reading, (*path, part), source)
        for place, field, pattern in _patterns(reading, (*path, part), conditions):
            _check_placeholders(reading, place, pattern, _OF_A_RULE)
            if field.kind is FieldKind.STATUS:
                concludes = part == "when" and rule.inconclusive is None
                _check_status(reading, place, pattern, concludes=concludes)
    if rule.present is Reason.RENAMED and source.stable_id is None:
        message = "needs stable_id in the source: say which field of the answer holds the id; or write profile"
        reading.refuse((*path, "present"), message)


def _check_extracted(reading: Reading[Any], path: Steps, matches: Matches) -> None:
    """An id or a handle is what one `*` stands for; who is asked about may stand around it."""
    patterns = [pattern for several in matches.values() for pattern in several]
    if len(matches) != 1 or len(patterns) != 1 or patterns[0].count("*") != 1:
        message = 'give one field with one pattern in which one * stands for it, like {"json:id": "*"}'
        reading.refuse(path, message)
        return
    for place, _, pattern in _patterns(reading, path, matches):
        _check_placeholders(reading, place, pattern, _OF_A_NAME)


def _check_keys(reading: Reading[Any], path: Steps, source: SourceEntry) -> None:
    """Each field must be one that such an answer has, and be named once."""
    first: dict[Field, str] = {}
    for key in _written(reading, path):
        field = answer_field(key)
        why = _why_never(field, source, path[-1])
        if field in first:
            why = f"is the same as {first[field]}; write one list of patterns, of which one must match"
        if why is not None:
            reading.refuse((*path, key), f"this key {why}", key=True)
        first[field] = key


def _why_never(field: Field, source: SourceEntry, part: str | int) -> str | None:
    """What keeps every answer of the source from having the field, and what to write instead."""
    if source.answers is Answers.JSON and field.kind in _OF_PAGES:
        return "is of a page, and the source answers with json; write json:PATH, or answers: html"
    if source.answers is Answers.HTML and field.kind is FieldKind.JSON:
        instead = "script_json:NAME:PATH or json_ld:PATH for what stands in the page"
        return f"is of a JSON answer, and the source answers with html; write {instead}, or answers: json"
    # That there is no error in what is not looked for is true, if idle.
    if field.kind is FieldKind.ERROR and not source.errors and part != "unless":
        return "needs errors in the source: selectors of the page's error container, such as div.notice"
    return None


def _written(reading: Reading[Any], path: Steps) -> list[str]:
    written = reading.document.at(path)
    return list(written) if isinstance(written, dict) else []


def _patterns(reading: Reading[Any], path: Steps, matches: Matches) -> Iterator[tuple[Steps, Field, str]]:
    """Each pattern with where it stands, and its field."""
    for key in _written(reading, path):
        field = answer_field(key)
        for place, pattern in enumerate(matches[field]):
            yield reading.item((*path, key), place), field, pattern


def _check_placeholders(reading: Reading[Any], path: Steps, pattern: str, known: tuple[str, ...]) -> None:
    unknown = next((name for name in _IN_BRACES.findall(pattern) if name not in known), None)
    if unknown is not None:
        reading.refuse_value(path, ValueError(f"holds the unknown placeholder {unknown}; {near(unknown, known)}"))


def _check_status(reading: Reading[Any], path: Steps, pattern: str, *, concludes: bool) -> None:
    """A pattern of statuses must fit one, and where something is concluded, one that is no barrier by itself."""
    statuses = _statuses(pattern)
    barred = [reason for status in statuses if (reason := barred_as(status)) is not None]
    if not statuses:
        reading.refuse_value(path, ValueError(_NO_STATUS))
    elif concludes and len(barred) == len(statuses):
        message = f"says nothing of an account: it is {barred[0]} before any rule is looked at; remove it"
        reading.refuse_value(path, ValueError(message))


@lru_cache(maxsize=256)
def _statuses(pattern: str) -> tuple[int, ...]:
    pieces = tuple(pattern.split("*"))
    return tuple(status for status in range(100, 1000) if fits(pieces, str(status)))
