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
_HANDLE: Final = "{h}"
_NUMBER: Final = re.compile(r"[0-9a-f]{16,}+|\d++")
_WORD: Final = re.compile(r"[^\W_]+|\{[hx]\}")
_MAX_TOKENS: Final = 4_000


def features(page: Page, source: Source, target: Target) -> Features:
    """The features of a page: its words and identity fields with handle, numbers and hashes masked."""
    named = naming(target.handle)
    words: set[str] = set()
    for block in (page.markup.title or "", *page.markup.blocks):
        words.update(_WORD.findall(_NUMBER.sub("{x}", named.sub(_HANDLE, normalise(block)))))
        if len(words) > _MAX_TOKENS:
            break
    fields = {
        str(field): value.casefold().replace(target.handle.casefold(), _HANDLE)
        for field in source.identity
        for value in page.values(field)[:1]
    }
    return Features(status=page.response.status, tokens=frozenset(words), fields=fields)


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
    both = len(one.tokens & other.tokens)
    either = len(one.tokens | other.tokens)
    words = both / either if either else 1.0
    return _WORDS * words + _STATUS * (one.status == other.status)


def margin(page: Features, references: References) -> float | None:
    """How much more a page is like those of handles that do not exist than like those of accounts that do.

    Positive: like the missing ones. None when either side has nothing to compare with.
    """
    if not references.positives or not references.negatives:
        return None
    to_negative = max(similarity(page, other) for other in references.negatives)
    to_positive = max(similarity(page, other) for other in references.positives)
    return to_negative - to_positive
