"""Handles: bring one into the form that is polled, and say in words which ones a platform has."""

import re
from typing import Final

from watcher.model.platform import HandleSyntax, Platform
from watcher.settings.homoglyphs import named, plain

_LONGEST: Final = 255
_SIMPLE = re.compile(r"\[(?P<set>(?:[^\[\]\\^]|\\.)+)\](?:\{(?P<least>\d*),?(?P<most>\d*)\}|[+*])")


def fold_handle(written: str, platform: Platform) -> str:
    """`written` (without its `@`) as it is polled; ValueError when the platform can have no such account."""
    if not written.isprintable() or " " in written:
        unseen = next(c for c in written if not c.isprintable() or c.isspace())
        raise ValueError(f"contains characters that no handle has: {named(unseen)}; remove them")
    if written in (".", ".."):
        raise ValueError("contains characters that no handle has; remove them")
    if len(written) > _LONGEST:
        raise ValueError(f"is {len(written)} characters long; no handle is")
    folded = written.lower() if platform.handle.fold else written
    # Lower-casing makes ASCII of a few look-alikes: the Kelvin sign becomes k.
    disguised = folded.isascii() and not written.isascii()
    if disguised or not re.fullmatch(platform.handle.pattern, folded):
        raise ValueError(f"is no handle of {platform.title}: {_why(written, platform.handle)}")
    if folded.lower() in platform.not_handles:
        raise ValueError(f"is no profile of {platform.title}, but a page of its own")
    return folded


def _why(written: str, syntax: HandleSyntax) -> str:
    meaning = syntax.meaning or meaning_of(syntax.pattern)
    odd = next((c for c in written if not c.isascii()), None)
    if odd is None or re.search(re.escape(odd), syntax.pattern):
        return meaning
    letter = plain(odd)
    return f"{named(odd)}" + (f", write '{letter}'?" if letter is not None else "") + f"; {meaning}"


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
