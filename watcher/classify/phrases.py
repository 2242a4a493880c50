"""Find a platform's own texts in what a page shows, however apostrophes, spaces and ellipses are written.

All texts of all languages are looked for at once. Languages are not told apart: pages mix them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from watcher.classify.finder import at_once
from watcher.model.platform import Phrase, PhraseClass, Platform
from watcher.text import clean

Finder = Callable[[str], int | None]
"""Gives the place of the first of its texts that stands in another text; None when none does."""

_SPELLINGS: Final = {
    **dict.fromkeys("’‘‛ʼ′`´", "'"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‐‑‒–—", "-"),
    # Turkish has two letters i; capitals of either are written as if they were the other's.
    **dict.fromkeys("İı", "i"),
    # Before it is asked whether there is anything that does not print: these two are in every French page.
    **dict.fromkeys("\xa0\u202f", " "),
}
MOST_COMPARED: Final = 100_000
"""So many characters of a page are compared, once they are normalised: NFKC makes eighteen letters of some."""
_SPELT: Final = re.compile(f"[{''.join(_SPELLINGS)}]")
_UNSEEN_LETTERS: Final = re.compile("[\u034f\u115f\u1160\u3164\uffa0]")
_LOOSE: Final = re.compile(r" (?=[!?:])")


def normalise(text: str) -> str:
    """`text` as it is compared: NFKC, case folded, one kind of apostrophe, quote, dash and space, nothing invisible."""
    # Before NFKC, which makes a space and a mark of the acute accent, and three full stops of an ellipsis.
    text = _SPELT.sub(lambda found: _SPELLINGS[found[0]], text)
    if not text.isprintable() or _UNSEEN_LETTERS.search(text) is not None:
        text = clean(text)
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    # A space before French punctuation comes and goes.
    return _LOOSE.sub("", " ".join(folded.split())).rstrip(" .!")


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found: the platform's entry, and the block of the page that holds it."""

    phrase: Phrase
    quote: str


@dataclass(frozen=True, slots=True)
class Table:
    """A platform's phrases, the longest first, and what finds the first of them in a text."""

    texts: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    find: Finder


# Each lives as long as its platform: every reload brings new ones.
_TABLES: Final[WeakKeyDictionary[Platform, Table]] = WeakKeyDictionary()


def table_of(phrases: tuple[Phrase, ...], finder: Callable[[tuple[str, ...]], Finder] = at_once) -> Table:
    """The table of these phrases; of equally long ones the first counts, and one of mere punctuation does not."""
    entries = ((normalise(phrase.text), phrase) for phrase in phrases)
    longest_first = sorted((entry for entry in entries if entry[0]), key=lambda entry: len(entry[0]), reverse=True)
    texts = tuple(text for text, _ in longest_first)
    return Table(texts=texts, phrases=tuple(phrase for _, phrase in longest_first), find=finder(texts))


def search(table: Table, blocks: tuple[str, ...]) -> Hit | None:
    """The longest phrase of a table that stands in any of `blocks`.

    The longest over all classes counts: "withheld" may be the beginning of "suspended" (Thai, Bengali).
    """
    # One search over all blocks: a block and a phrase hold no line break once they are normalised.
    text = "\n".join(_normalised(blocks))
    place = table.find(text)
    if place is None:
        return None
    position = text.index(table.texts[place])
    return Hit(table.phrases[place], blocks[text.count("\n", 0, position)])


def _normalised(blocks: Iterable[str]) -> Iterator[str]:
    left = MOST_COMPARED
    for block in blocks:
        if left < 0:
            return
        yield (text := normalise(block))
        left -= len(text)


def find_phrase(platform: Platform, blocks: tuple[str, ...], classes: frozenset[PhraseClass]) -> Hit | None:
    """The longest phrase of the platform that stands in any of `blocks`, if it is of one of `classes`."""
    table = _TABLES.get(platform)
    if table is None:
        table = _TABLES[platform] = table_of(platform.phrases)
    hit = search(table, blocks) if table.texts else None
    return hit if hit is not None and hit.phrase.phrase_class in classes else None
