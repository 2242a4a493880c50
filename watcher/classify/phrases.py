"""Find a platform's own texts in blocks of visible text, however apostrophes, spaces and ellipses are written."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from weakref import WeakKeyDictionary

from watcher.model.platform import Phrase, PhraseClass, Platform
from watcher.text import clean

_Table = tuple[tuple[str, Phrase], ...]

_SPELLINGS: Final = str.maketrans(
    {
        **dict.fromkeys("’‘‛ʼ′`´", "'"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("‐‑‒–—", "-"),
        # Turkish has two letters i; capitals of either are written as if they were the other's.
        **dict.fromkeys("İı", "i"),
    }
)


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """`text` as it is compared: NFKC, case folded, one kind of apostrophe, quote, dash and space, nothing invisible."""
    # Before NFKC, which makes a space and a mark of the acute accent, and three full stops of an ellipsis.
    folded = unicodedata.normalize("NFKC", clean(text).translate(_SPELLINGS)).casefold()
    # A space before French punctuation comes and goes.
    return " ".join(folded.split()).replace(" !", "!").replace(" ?", "?").replace(" :", ":").rstrip(" .!")


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found: the platform's entry, and the block of the page that holds it."""

    phrase: Phrase
    quote: str


# Each lives as long as its platform: every reload brings new ones.
_TABLES: Final[WeakKeyDictionary[Platform, _Table]] = WeakKeyDictionary()


def _table(platform: Platform) -> _Table:
    table = _TABLES.get(platform)
    if table is None:
        entries = ((normalise(phrase.text), phrase) for phrase in platform.phrases)
        longest_first = sorted((entry for entry in entries if entry[0]), key=lambda entry: len(entry[0]), reverse=True)
        table = _TABLES[platform] = tuple(longest_first)
    return table


def find_phrase(platform: Platform, blocks: tuple[str, ...], classes: frozenset[PhraseClass]) -> Hit | None:
    """The longest phrase of the platform that stands in any of `blocks`, if it is of one of `classes`.

    The longest over all classes counts: "withheld" may be the beginning of "suspended" (Thai, Bengali).
    """
    # One search a phrase over all blocks: a block and a phrase hold no line break once they are normalised.
    text = "\n".join(map(normalise, blocks))
    for needle, phrase in _table(platform):
        position = text.find(needle)
        if position >= 0:
            quote = blocks[text.count("\n", 0, position)]
            return Hit(phrase, quote) if phrase.phrase_class in classes else None
    return None
