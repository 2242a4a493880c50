"""Apply the declarative rules of a platform file to a page. Patterns are matched in linear time."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final

from watcher.classify.page import NO_TEXT, Page
from watcher.model.exchange import Target
from watcher.model.finding import Verdict
from watcher.model.platform import FieldKind, Match, Rule


class Step(StrEnum):
    """The steps of classify, in their order. A rule's step follows from what it looks at (see `steps_of`)."""

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
_MAX_NAME: Final = 500


def step_of(rule: Rule) -> Step:
    """Where a rule is applied: barriers first, documented fields next, texts last."""
    kinds = {match.field.kind for match in (*rule.when, *rule.unless)}
    if rule.verdict is Verdict.INCONCLUSIVE:
        return Step.HARD_BARRIER if kinds <= _BEFORE_THE_BODY else Step.SOFT_BARRIER
    if not kinds & _TEXTS:
        return Step.STRUCTURED
    return Step.IDENTITY if rule.verdict is Verdict.PRESENT else Step.PHRASE


def steps_of(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Step]]:
    """Each rule with its step.

    What stands in an error container is the platform's own word: a rule that rests on one, and is written before those
    that tell an account by its page's texts, decides before them.
    """
    may_go_first = True
    for rule in rules:
        step = step_of(rule)
        may_go_first = may_go_first and step is not Step.IDENTITY
        yield rule, Step.IDENTITY if may_go_first and _rests_on_an_error(rule) else step


def _rests_on_an_error(rule: Rule) -> bool:
    kinds = {match.field.kind for match in rule.when}
    return rule.verdict is not Verdict.PRESENT and kinds & _TEXTS == {FieldKind.ERROR}


def holds(rule: Rule, page: Page, target: Target) -> bool:
    """True when all of the rule's conditions match and none of its exceptions does."""
    for match in rule.when:
        if found(match, page, target) is None:
            return False
    return all(found(match, page, target) is None for match in rule.unless)


def found(match: Match, page: Page, target: Target) -> str | None:
    """The first value of the field that matches one of the patterns; None when none does."""
    for value in page.values(match.field):
        folded = value.casefold()
        for pattern in match.patterns:
            pieces = fill(pattern, target)
            if pieces is not None and fits(pieces, folded):
                return value
    return None


def extract(match: Match, page: Page, target: Target) -> str | None:
    """What the `*` of the pattern stands for in the field; None when the field is not there or names nothing."""
    for value in page.values(match.field):
        if value in NO_TEXT:
            continue
        for pattern in match.patterns:
            before, _, after = (_named(piece, target) for piece in pattern.partition("*"))
            name = value[len(before) : len(value) - len(after)]
            # Put together again rather than matched: folding makes "ß" longer, and would move the cut.
            if 0 < len(name) <= _MAX_NAME and f"{before}{name}{after}".casefold() == value.casefold():
                return name
    return None


def _named(piece: str, target: Target) -> str:
    return piece.replace("{instance}", target.instance).replace("{handle}", target.handle)


def fill(pattern: str, target: Target) -> tuple[str, ...] | None:
    """The pieces of a pattern between its `*`, case folded, with the target's names in them.

    None where the pattern wants a stable id and none is known: an empty one would match anything.
    """
    if "{" not in pattern:
        return _pieces(pattern)
    pieces = pattern.split("*")
    if "{instance}" in pattern:
        pieces = [piece.replace("{instance}", target.instance) for piece in pieces]
    if "{stable_id}" in pattern:
        if not target.stable_id:
            return None
        pieces = [piece.replace("{stable_id}", target.stable_id) for piece in pieces]
    # The handle last, for it is not ours: nothing in it is a placeholder or stands for anything.
    return tuple([piece.replace("{handle}", target.handle).casefold() for piece in pieces])


@lru_cache(maxsize=4096)
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(piece.casefold() for piece in pattern.split("*"))


def fits(pieces: tuple[str, ...], folded: str) -> bool:
    """True when the whole of `folded` is made of `pieces` in their order, with anything between them."""
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return folded == first
    if not folded.startswith(first) or not folded.endswith(last) or len(folded) < len(first) + len(last):
        return False
    position, end = len(first), len(folded) - len(last)
    for piece in pieces[1:-1]:
        position = folded.find(piece, position, end)
        if position < 0:
            return False
        position += len(piece)
    return True
