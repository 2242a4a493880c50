"""Handles: bring one into the form that is polled, and say in words which ones a platform has."""

import re
import unicodedata
from typing import Final

from watcher.model.platform import HandleSyntax, Platform

_LONGEST: Final = 255
_SIMPLE = re.compile(r"\[(?P<set>(?:[^\[\]\\^]|\\.)+)\](?:\{(?P<least>\d*),?(?P<most>\d*)\}|[+*])")


def fold_handle(written: str, platform: Platform) -> str:
    """`written` (without its `@`) as it is polled; ValueError when the platform has no such handle."""
    if not written.isprintable() or any(c.isspace() for c in written) or written in (".", ".."):
        raise ValueError("contains characters that no handle has; remove them")
    if len(written) > _LONGEST:
        raise ValueError(f"is {len(written)} characters long; no handle is")
    folded = written.lower() if platform.handle.fold else written
    # Lower-casing makes ASCII of a few look-alikes: the Kelvin sign becomes k.
    disguised = folded.isascii() and not written.isascii()
    if disguised or not re.fullmatch(platform.handle.pattern, folded):
        raise ValueError(f"is no handle of {platform.title}: {_why(written, platform.handle)}")
    return folded


def _why(written: str, syntax: HandleSyntax) -> str:
    meaning = syntax.meaning or meaning_of(syntax.pattern)
    odd = next((c for c in written if not c.isascii()), None)
    if odd is None or re.search(re.escape(odd), syntax.pattern):
        return meaning
    return f"{odd} is {unicodedata.name(odd, f'U+{ord(odd):04X}')}; {meaning}"


def meaning_of(pattern: str) -> str:
    """A regular expression in words, where it is simple enough; else itself."""
    simple = _SIMPLE.fullmatch(pattern)
    if simple is None:
        return f"it must match {pattern}"
    parts = re.findall(r"\\?.-\\?[^-]|\\.|.", simple["set"])
    characters = " ".join(part.replace("\\", "") for part in parts)
    if simple["most"]:
        return f"it has {simple['least'] or 0} to {simple['most']} characters out of {characters}"
    return f"it is made of {characters}"
