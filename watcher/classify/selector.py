"""The selectors by which platform files name error containers. No tree is built, so there are no combinators."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SELECTOR: Final = re.compile(r"(?P<tag>[a-z][a-z0-9-]*)?(?P<rest>(?:[.#][\w-]+|\[[\w-]+=\"?[^\]\"]*\"?\])*)")
_SELECTOR_PART: Final = re.compile(r"\.(?P<cls>[\w-]+)|#(?P<id>[\w-]+)|\[(?P<name>[\w-]+)=\"?(?P<value>[^\]\"]*)\"?\]")

Attributes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Selector:
    """A compound CSS selector without combinators: `div.error-page`, `#notice`, `[data-testid=emptyState]`."""

    tag: str | None
    classes: frozenset[str]
    attributes: tuple[tuple[str, str], ...]
    mark: bytes
    """What stands in the tag of every element that is meant, as it is written there."""

    @classmethod
    def parse(cls, text: str) -> "Selector":
        """Read a selector. Raises ValueError for anything beyond tag, classes, id and exact attributes."""
        whole = _SELECTOR.fullmatch(text.strip())
        if whole is None or not text.strip():
            raise ValueError(f"'{text}' is not a selector of tag, .class, #id and [name=value] only")
        parts = list(_SELECTOR_PART.finditer(whole["rest"]))
        classes = frozenset(part["cls"] for part in parts if part["cls"])
        attributes = tuple(
            ("id", part["id"]) if part["id"] else (part["name"].lower(), part["value"])
            for part in parts
            if not part["cls"]
        )
        mark = max((*sorted(classes), *(value for _, value in attributes)), key=len, default="")
        if not mark:
            mark = attributes[0][0] if attributes else f"<{whole['tag']}"
        return cls(tag=whole["tag"], classes=classes, attributes=attributes, mark=mark.encode())

    def selects(self, tag: str, attributes: Attributes) -> bool:
        """True when an element of that tag and those attributes is meant."""
        if self.tag is not None and self.tag != tag:
            return False
        if self.classes and not self.classes.issubset(attributes.get("class", "").split()):
            return False
        return not self.attributes or all(attributes.get(name) == value for name, value in self.attributes)


@lru_cache(maxsize=256)
def selectors(errors: tuple[str, ...]) -> tuple[Selector, ...]:
    """The error containers of a source."""
    return tuple(map(Selector.parse, errors))
