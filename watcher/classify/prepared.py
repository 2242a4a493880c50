"""What is made of a platform file once, so that no page pays for it: rules by their step, selectors."""

from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from watcher.classify.rules import Step, steps_of
from watcher.classify.selector import Selector, selectors
from watcher.model.platform import FieldKind, Match, Platform, Rule, Source

_QUOTED: Final = (FieldKind.ERROR, FieldKind.TITLE, FieldKind.TEXT)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A source's rules in the order in which they are applied, and its error containers.

    `quoted`: by a rule's id, the matches of texts that it rests on, in the order in which they are worth quoting.
    """

    source: Source
    rules: dict[Step, tuple[Rule, ...]]
    quoted: dict[str, tuple[Match, ...]]
    errors: tuple[Selector, ...]


# Each lives as long as its platform: every reload brings new ones.
_PREPARED: Final[WeakKeyDictionary[Platform, dict[str, Prepared]]] = WeakKeyDictionary()


def prepared(platform: Platform, source: Source) -> Prepared:
    """The source as it is read; made anew where its rules or error containers are not those of before."""
    of_platform = _PREPARED.setdefault(platform, {})
    known = of_platform.get(source.name)
    if known is None or known.source.rules is not source.rules or known.source.errors is not source.errors:
        placed = tuple(steps_of(source.rules))
        rules = {step: tuple(rule for rule, own in placed if own is step) for step in Step}
        quoted = {rule.id: _quoted(rule) for rule in source.rules}
        known = Prepared(source=source, rules=rules, quoted=quoted, errors=selectors(source.errors))
        of_platform[source.name] = known
    return known


def _quoted(rule: Rule) -> tuple[Match, ...]:
    said = [match for match in rule.when if match.field.kind in _QUOTED]
    said += [match for match in rule.when if match.field.kind is FieldKind.JSON and "message" in match.field.key]
    return tuple(said)
