"""Apply the declarative rules of a platform file to a page. Patterns are matched in linear time."""

from enum import StrEnum
from functools import lru_cache
from typing import Final

from watcher.classify.page import Page
from watcher.model.exchange import Target
from watcher.model.finding import Verdict
from watcher.model.platform import FieldKind, Match, Rule


class Step(StrEnum):
    """The steps of classify, in their order. A rule's step follows from what it looks at (see `step_of`)."""

    TRANSPORT = "transport"
    HARD_BARRIER = "hard_barrier"
    STRUCTURED = "structured"
    IDENTITY = "identity"
    SOFT_BARRIER = "soft_barrier"
    PHRASE = "phrase"
    SIMILARITY = "similarity"
    NOTHING = "nothing"


_BEFORE_THE_BODY: Final = frozenset({FieldKind.STATUS, FieldKind.HEADER, FieldKind.FINAL_URL, FieldKind.REDIRECT})
_TEXTS: Final = frozenset({FieldKind.TITLE, FieldKind.TEXT, FieldKind.ERROR})


@lru_cache(maxsize=8192)
def step_of(rule: Rule) -> Step:
    """Where a rule is applied: barriers first, documented fields next, texts last."""
    kinds = {match.field.kind for match in (*rule.when, *rule.unless)}
    if rule.verdict is Verdict.INCONCLUSIVE:
        return Step.HARD_BARRIER if kinds <= _BEFORE_THE_BODY else Step.SOFT_BARRIER
    if not kinds & _TEXTS:
        return Step.STRUCTURED
    return Step.IDENTITY if rule.verdict is Verdict.PRESENT else Step.PHRASE


def holds(rule: Rule, page: Page, target: Target) -> bool:
    """True when all of the rule's conditions match and none of its exceptions does."""
    return all(found(match, page, target) is not None for match in rule.when) and all(
        found(match, page, target) is None for match in rule.unless
    )


def found(match: Match, page: Page, target: Target) -> str | None:
    """The first value of the field that matches one of the patterns; None when none does."""
    patterns = [fill(pattern, target) for pattern in match.patterns]
    for value in page.values(match.field):
        if any(matches(pattern, value) for pattern in patterns):
            return value
    return None


def extract(match: Match, page: Page) -> str | None:
    """What the `*` of the pattern stands for in the field; None when the field is not there or says nothing."""
    for value in page.values(match.field):
        for pattern in match.patterns:
            before, _, after = pattern.partition("*")
            if len(value) > len(before) + len(after) and matches(pattern, value):
                return value[len(before) : len(value) - len(after)]
    return None


def fill(pattern: str, target: Target) -> str:
    """A pattern with the target's names in it."""
    if "{" not in pattern:
        return pattern
    return (
        pattern.replace("{handle}", target.handle)
        .replace("{instance}", target.instance)
        .replace("{stable_id}", target.stable_id or "")
    )


def matches(pattern: str, value: str) -> bool:
    """True when the whole of `value` is `pattern`, in which `*` stands for anything; case does not matter."""
    first, *rest = _pieces(pattern)
    folded = value.casefold()
    if not rest:
        return folded == first
    last = rest.pop()
    if not folded.startswith(first) or not folded.endswith(last) or len(folded) < len(first) + len(last):
        return False
    position, end = len(first), len(folded) - len(last)
    for piece in rest:
        position = folded.find(piece, position, end)
        if position < 0:
            return False
        position += len(piece)
    return True


@lru_cache(maxsize=8192)
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.casefold().split("*"))
