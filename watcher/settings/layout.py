"""Which part of a watchlist's text speaks of which account, to read after an edit only what that has changed. Pure.

The text of a file is parted at the lines at which the items of its list `accounts:` begin. That is sound, though YAML
is richer than lines: where a text as a whole is right and has as many parts as accounts, no part begins within
something else, a quoted text say; and what a part means depends on nothing but itself. So of another text with the
same surroundings, the parts that are known mean what they meant, and those that are not are read by themselves.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from watcher.model.errors import ConfigError
from watcher.settings.yamlfile import parse

HASH: Final = 16  # bytes
_ACCOUNTS = re.compile(r"^accounts:[ \t]*(?:#[^\n]*)?\n", re.MULTILINE)
_FIRST = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*( *)-(?=[ \t\n])")
_BREAKS: Final = ("\r", "\x85", "\u2028", "\u2029")  # what ends a line too, in YAML


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A file's text as hashes: that of all around the list, and those of its items one after the other."""

    around: bytes
    items: bytes = field(repr=False)

    def __iter__(self) -> Iterator[bytes]:
        return (self.items[start : start + HASH] for start in range(0, len(self.items), HASH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A text, parted: what stands before the items of the list, the items, and what stands after them."""

    head: str
    items: list[str]
    tail: str

    @property
    def layout(self) -> Layout:
        """Its hashes."""
        return Layout(around=_hash(f"{self.head}\0{self.tail}"), items=b"".join(map(_hash, self.items)))

    def with_items(self, items: list[str]) -> str:
        """The text as if these were all."""
        return f"{self.head}{''.join(items)}{self.tail}"


def part(text: str) -> Parts | None:
    """The text, parted; None where it is not written in the usual way: a block list under `accounts:`."""
    heads = list(_ACCOUNTS.finditer(text))
    first = _FIRST.match(text, heads[0].end()) if len(heads) == 1 else None
    if first is None or any(each in text for each in _BREAKS):
        return None
    item = rf"{first[1]}-(?=[ \t\n])"  # all that may follow: an item more than a part would be lost with its account
    end = re.compile(rf"^(?!{item})[^\s#]", re.MULTILINE).search(text, first.start(1))
    stop = end.start() if end is not None else len(text)
    begins = re.compile(rf"^{item}", re.MULTILINE)
    starts = [found.start() for found in begins.finditer(text, first.start(1), stop)]
    items = [text[at:until] for at, until in zip(starts, [*starts[1:], stop], strict=True)]
    return Parts(head=text[: starts[0]], items=items, tail=text[stop:])


def layout_of(text: str, data: Any) -> Layout | None:
    """The layout of a text that was read as `data`; None where it has none that can be relied upon."""
    parts = part(text)
    if parts is None or len(parts.items) != len(data["accounts"]):
        return None
    try:
        first_only = parse(parts.with_items(parts.items[:1]), "").data
    except ConfigError:
        return None
    return parts.layout if first_only == {**data, "accounts": data["accounts"][:1]} else None


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=HASH).digest()
