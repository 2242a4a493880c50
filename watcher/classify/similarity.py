"""What is left of a page without its names and numbers, and how alike two pages are. The last resort of classify."""

import re
from functools import lru_cache
from typing import Final

from watcher.classify.page import Page
from watcher.classify.phrases import normalise
from watcher.model.control import Features, References
from watcher.model.exchange import Target
from watcher.model.platform import Field, Source

MARGIN: Final = 0.2
# The status alone must be able to make the margin: many sites answer 404 with the page around it unchanged.
_WORDS: Final = 0.7
_STATUS: Final = 0.3
# Like neither is no likeness: a hotel's page instead of the profile must not pass for either, by its status or by being
# even less like the other. Profiles differ from one another more than error pages do.
_ALIKE: Final = 0.5
_AKIN: Final = 0.2
_HANDLE: Final = "{h}"
_NUMBER: Final = re.compile(r"[0-9a-f]{16,}+|\d++")
_WORD: Final = re.compile(r"[^\W_]+|\{[hx]\}")
_MAX_TOKENS: Final = 4_000


def features(page: Page, source: Source, target: Target) -> Features:
    """The features of a page: its words and identity fields with handle, numbers and hashes masked."""
    words: set[str] = set()
    for block in (page.markup.title or "", *page.markup.blocks):
        words.update(words_of(block, target))
        if len(words) > _MAX_TOKENS:
            break
    fields = {
        str(field): value.casefold().replace(target.handle.casefold(), _HANDLE)
        for field in source.identity
        for value in page.values(field)[:1]
    }
    return Features(status=page.response.status, tokens=frozenset(words), fields=fields)


def words_of(block: str, target: Target) -> list[str]:
    """The words of a text, with the target's handle, numbers and hashes masked."""
    return _WORD.findall(_NUMBER.sub("{x}", naming(target.handle).sub(_HANDLE, normalise(block))))


@lru_cache(maxsize=4096)
def naming(handle: str) -> re.Pattern[str]:
    """Finds the handle as a word of its own in folded text."""
    return re.compile(rf"(?<![\w-]){re.escape(handle.casefold())}(?![\w-])")


def is_echoed(field: Field, value: str, target: Target, references: References) -> bool:
    """True when a handle that does not exist has the same field, but for the handle.

    The target's handle is put into the other's field, not masked in this one: it may also be the name of the host.
    """
    folded, handle = value.casefold(), target.handle.casefold()
    return any(other.fields.get(str(field), "").replace(_HANDLE, handle) == folded for other in references.negatives)


def similarity(one: Features, other: Features) -> float:
    """0 … 1: the share of words in common, and whether the status is the same."""
    return _WORDS * _in_common(one, other) + _STATUS * (one.status == other.status)


def _in_common(one: Features, other: Features) -> float:
    either = len(one.tokens | other.tokens)
    return len(one.tokens & other.tokens) / either if either else 1.0


def margin(page: Features, references: References) -> float | None:
    """How much more a page is like those of handles that do not exist than like those of accounts that do.

    Positive: like the missing ones. None when either side has nothing to compare with, and when it is like neither.
    """
    if not references.positives or not references.negatives:
        return None
    negative = max(references.negatives, key=lambda other: similarity(page, other))
    positive = max(references.positives, key=lambda other: similarity(page, other))
    distance = similarity(page, negative) - similarity(page, positive)
    nearer, least = (negative, _ALIKE) if distance > 0 else (positive, _AKIN)
    return distance if _in_common(page, nearer) >= least else None


def is_nobodys(page: Features, said: frozenset[str], references: References) -> bool:
    """True where the words of a page, but for those `said`, are those of pages of handles that do not exist.

    At least as much as they are those of accounts that do. False where either side is unknown.
    """
    rest = page.tokens - said
    if not references.positives or not references.negatives:
        return False
    nobodys = max(_shared(rest, other) for other in references.negatives)
    somebodys = max(_shared(rest, other) for other in references.positives)
    return nobodys >= max(_ALIKE, somebodys)


def _shared(words: frozenset[str], other: Features) -> float:
    return len(words & other.tokens) / len(words) if words else 1.0
