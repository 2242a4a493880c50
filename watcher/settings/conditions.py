"""What a source looks for in its answers: refuse what no answer could ever meet."""

from collections.abc import Iterator
from typing import Any, Final

from watcher.settings.nesting import Steps
from watcher.settings.platformschema import SourceEntry
from watcher.settings.scalars import answer_field
from watcher.settings.schema import Matches
from watcher.settings.template import PLACEHOLDER
from watcher.settings.validate import Reading
from watcher.settings.wording import near

_OF_A_NAME: Final = ("{handle}", "{instance}")
_OF_A_RULE: Final = (*_OF_A_NAME, "{stable_id}")


def check_conditions(reading: Reading[Any], path: Steps, source: SourceEntry) -> None:
    """Note what keeps the rules of a source, its `stable_id` and its `handle` from matching any answer."""
    for key, matches in (("stable_id", source.stable_id), ("handle", source.handle)):
        if matches is not None:
            _check_extracted(reading, (*path, key), matches)
    for at, rule in enumerate(source.rules):
        for part, conditions in (("when", rule.when), ("unless", rule.unless)):
            for place, pattern in _patterns(reading, (*path, "rules", at, part), conditions):
                _check_placeholders(reading, place, pattern, _OF_A_RULE)


def _check_extracted(reading: Reading[Any], path: Steps, matches: Matches) -> None:
    """An id or a handle is what one `*` stands for; who is asked about may stand around it."""
    patterns = [pattern for several in matches.values() for pattern in several]
    if len(matches) != 1 or len(patterns) != 1 or patterns[0].count("*") != 1:
        message = 'give one field with one pattern in which one * stands for it, like {"json:id": "*"}'
        reading.refuse(path, message)
        return
    for place, pattern in _patterns(reading, path, matches):
        _check_placeholders(reading, place, pattern, _OF_A_NAME)


def _patterns(reading: Reading[Any], path: Steps, matches: Matches) -> Iterator[tuple[Steps, str]]:
    """Each pattern with where it stands."""
    written = reading.document.at(path)
    for key in written if isinstance(written, dict) else ():
        for place, pattern in enumerate(matches[answer_field(key)]):
            yield reading.item((*path, key), place), pattern


def _check_placeholders(reading: Reading[Any], path: Steps, pattern: str, known: tuple[str, ...]) -> None:
    unknown = next((name for name in PLACEHOLDER.findall(pattern) if f"{{{name}}}" not in known), None)
    if unknown is not None:
        message = f"holds the unknown placeholder {{{unknown}}}; {near(f'{{{unknown}}}', known)}"
        reading.refuse_value(path, ValueError(message))
