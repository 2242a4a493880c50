"""An element that is being read to its end, without a tree: how deep it is in elements of its own name."""

from dataclasses import dataclass, field
from typing import Final

# The end tags of these may be left out: the next of the kind ends them, or the end of what they stand in.
_IMPLIED_END: Final = frozenset({"p", "li", "dt", "dd", "td", "th", "tr"})
_CONTAINERS: Final = frozenset("article body div dl form main nav ol section table ul".split())  # noqa: SIM905


@dataclass(slots=True)
class Span:
    """An open element, and what it has gathered: at most about `room` characters.

    `inner` counts the open containers in it, where its end tag may be left out.
    """

    name: str
    room: int
    depth: int = 1
    inner: int = 0
    texts: list[str] = field(default_factory=list)

    def enter(self, name: str) -> bool:
        """An element begins; True while this one goes on."""
        if self.name not in _IMPLIED_END:
            self.depth += name == self.name
        elif name in _CONTAINERS:
            self.inner += 1
        elif name == self.name and not self.inner:
            self.depth = 0
        return self.depth > 0

    def leave(self, name: str) -> bool:
        """An element ends; True while this one goes on."""
        if name == self.name and not self.inner:
            self.depth -= 1
        elif self.name in _IMPLIED_END and name in _CONTAINERS:
            self.inner -= 1
        return self.depth > 0 and self.inner >= 0

    def gather(self, text: str) -> None:
        """Take up a block of text, while there is room."""
        if self.room > 0:
            self.texts.append(text)
            self.room -= len(text)
