"""Find a platform's own texts in a block of visible text, whatever its spelling of apostrophes, spaces and ellipses."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from watcher.model.platform import Phrase, PhraseClass, Platform

_SPELLINGS: Final = str.maketrans(
    {
        **dict.fromkeys("’‘‛ʼ′`´", "'"),  # noqa: RUF100, RUF001 - that they look alike is the point
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("‐‑‒–—", "-"),
        **dict.fromkeys("\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None),
        **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", None),
    }
)


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """`text` as it is compared: NFKC, case folded, one kind of apostrophe, quote, dash and space, no bidi marks."""
    folded = unicodedata.normalize("NFKC", text).translate(_SPELLINGS).casefold()
    # NFKC makes three full stops of an ellipsis; a space before French punctuation comes and goes.
    return " ".join(folded.split()).replace(" !", "!").replace(" ?", "?").replace(" :", ":").rstrip(" .!")


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found: the platform's entry, and the block of the page that holds it."""

    phrase: Phrase
    quote: str


@lru_cache(maxsize=256)
def _table(platform: Platform) -> tuple[tuple[str, Phrase], ...]:
    entries = ((normalise(phrase.text), phrase) for phrase in platform.phrases)
    return tuple(sorted(entries, key=lambda entry: len(entry[0]), reverse=True))


def find_phrase(platform: Platform, blocks: tuple[str, ...], classes: frozenset[PhraseClass]) -> Hit | None:
    """The longest phrase of the platform that stands in any of `blocks`, if it is of one of `classes`.

    The longest over all classes counts: "withheld" may be the beginning of "suspended" (Thai, Bengali).
    """
    texts = tuple(normalise(block) for block in blocks)
    best: Hit | None = None
    longest = 0
    for block, text in zip(blocks, texts, strict=True):
        for needle, phrase in _table(platform):
            if len(needle) <= longest:
                break
            if needle in text:
                best, longest = Hit(phrase, block), len(needle)
                break
    return best if best is not None and best.phrase.phrase_class in classes else None
