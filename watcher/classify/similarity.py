"""What is left of a page without its names and numbers, and how alike two pages are. The last resort of classify.

Texts are not understood here: a page is like those of handles that cannot exist, or like those of accounts that do, or
neither. Suspended, deleted and hidden accounts are not told apart.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from watcher.classify.page import Page
from watcher.classify.phrases import MOST_COMPARED, normalise
from watcher.model.control import Features, References
from watcher.model.exchange import Target
from watcher.model.platform import Field, Source

MARGIN: Final = 0.2
# The status alone must be able to make the margin: many sites answer 404 with the page around it unchanged.
_WORDS: Final = 0.7
_STATUS: Final = 0.3
# A page that has less in common with what it is nearest to is like nothing that is known.
_LEAST_ALIKE: Final = 0.5
# Two looks at the same account: what part of the words that no other page has must still be there, and how many of
# them there must be; where there is nothing else to tell them by, how much two looks must have in common.
_LEAST_OWN_WORDS: Final = 5
_OWN_SHARE: Final = 0.5
_THE_SAME: Final = 0.9
_MANY_WORDS: Final = 30
# A script shell, a blocked request and a missing page look the same where nothing is to be read.
_LEAST_WORDS: Final = 3
_HANDLE: Final = "{h}"
_OTHER: Final = "{x}"
_WORD: Final = re.compile(r"[^\W_]+|\{h\}")
_MAX_TOKENS: Final = 1_000


def features(page: Page, source: Source, target: Target) -> Features:
    """The features of a page: its words, masked as `words_of` does, and its identity fields with the handle masked."""
    words: set[str] = set()
    left = MOST_COMPARED
    for block in (page.title or "", *page.markup.blocks):
        found = words_of(block, target)
        words.update(found)
        left -= sum(map(len, found))
        if len(words) > _MAX_TOKENS or left < 0:
            break
    fields = {
        str(field): value.casefold().replace(target.handle.casefold(), _HANDLE)
        for field in source.identity
        for value in page.values(field)[:1]
    }
    return Features(status=page.response.status, tokens=frozenset(words), fields=fields)


def words_of(block: str, target: Target) -> list[str]:
    """The words of a text with the target's handle masked, and whatever has a figure in it.

    Counts, dates, nonces, ids and hashes all have: they differ from one look to the next.
    """
    handle = normalise(target.handle) or target.handle
    found = _WORD.findall(naming(handle).sub(_HANDLE, normalise(block)))
    return [word if word == _HANDLE or word.isalpha() else _OTHER for word in found]


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


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a page is like: of accounts that exist or of handles that do not, and by what margin."""

    exists: bool
    margin: float


def likeness(page: Features, references: References) -> Likeness | None:
    """What a page is like; None where it is like both or neither, or where the references are too alike themselves.

    It is compared with the nearest of each side: sites have variants and languages. Nothing is like a missing page
    that names its handle where the missing ones do not; nothing is like an account's that neither names it nor is
    another look at the same account.
    """
    positives, negatives = references.positives, references.negatives
    if not positives or not negatives or not _are_apart(references) or len(page.tokens) < _LEAST_WORDS:
        return None
    negative = max(negatives, key=lambda other: similarity(page, other))
    positive = max(positives, key=lambda other: similarity(page, other))
    distance = similarity(page, negative) - similarity(page, positive)
    like_nobody, like_somebody = words_in_common(page, negative), words_in_common(page, positive)
    echoes = any(_HANDLE in other.tokens for other in negatives)
    is_somebody = (_HANDLE in page.tokens and not echoes) or _is_same_account(page, positive, references)
    if distance >= MARGIN:
        is_nobody = like_nobody >= _LEAST_ALIKE and not is_somebody and _says_the_same(page, negative, references)
        return Likeness(exists=False, margin=distance) if is_nobody else None
    # By its words alone too: the status of a suspended account's page is often that of any other.
    is_told = like_somebody - like_nobody >= MARGIN and like_somebody >= _LEAST_ALIKE
    if -distance >= MARGIN and page.status == positive.status and is_told and is_somebody:
        return Likeness(exists=True, margin=distance)
    return None


def _says_the_same(page: Features, negative: Features, references: References) -> bool:
    """True where what stands beside the site's own frame is what the page of nobody says there."""
    frame = negative.tokens & frozenset[str]().union(*(other.tokens for other in references.positives))
    mine, nobodys = page.tokens - frame, negative.tokens - frame
    either = len(mine | nobodys)
    return len(mine & nobodys) >= _LEAST_ALIKE * either if either else True


def _is_same_account(page: Features, positive: Features, references: References) -> bool:
    """True where a page has the words that set an account's page apart from every other that is known.

    Nothing is anybody's that two accounts show alike: an error page, say, that controls were given too.
    """
    others = [other.tokens for other in references.positives if other is not positive]
    own = positive.tokens.difference({_HANDLE, _OTHER}, *others, *(other.tokens for other in references.negatives))
    if others and len(own) >= _LEAST_OWN_WORDS:
        return len(own & page.tokens) >= _OWN_SHARE * len(own)
    if any(words_in_common(positive, other) >= _THE_SAME for other in references.positives if other is not positive):
        return False
    is_long = len(page.tokens) >= _MANY_WORDS
    return page.tokens == positive.tokens or (is_long and words_in_common(page, positive) >= _THE_SAME)


def _are_apart(references: References) -> bool:
    pairs = ((one, other) for one in references.positives for other in references.negatives)
    return all(1 - similarity(one, other) >= MARGIN for one, other in pairs)


def words_in_common(one: Features, other: Features) -> float:
    """0 … 1: the share of all words of two pages that both have."""
    either = len(one.tokens | other.tokens)
    return len(one.tokens & other.tokens) / either if either else 1.0


def similarity(one: Features, other: Features) -> float:
    """0 … 1: the share of words in common, and whether the status is the same."""
    return _WORDS * words_in_common(one, other) + _STATUS * (one.status == other.status)


def is_nobodys(page: Features, said: frozenset[str], references: References) -> bool:
    """True where the words of a page, but for those `said`, are those of pages of handles that do not exist.

    At least as much as they are those of accounts that do. False where either side is unknown.
    """
    rest = page.tokens - said
    if not references.positives or not references.negatives:
        return False
    nobodys = max(_shared(rest, other) for other in references.negatives)
    somebodys = max(_shared(rest, other) for other in references.positives)
    return nobodys >= max(_LEAST_ALIKE, somebodys)


def _shared(words: frozenset[str], other: Features) -> float:
    return len(words & other.tokens) / len(words) if words else 1.0
