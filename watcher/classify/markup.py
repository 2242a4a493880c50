"""What is read of an HTML page: its title, metas, headings, error containers, visible text. No judgement here."""

import re
from abc import abstractmethod
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from html import unescape
from itertools import islice
from typing import Final, TypeVar, overload

from propcache import cached_property

from watcher.classify.selector import Attributes
from watcher.classify.tokens import NOTED, PAIR, SCRIPT

_T = TypeVar("_T")

MAX_TEXT: Final = 500
CANONICAL: Final = "canonical"
TOO_MUCH: Final = "too-much-markup"
JSON_LD: Final = "application/ld+json"
_MAX_RAW: Final = 8 * MAX_TEXT
_MAX_VALUE: Final = 4096
_MAX_ATTRIBUTES: Final = 200
_MAX_NOTED: Final = 2_000
_MAX_TRIED: Final = 1_000
MOST_READ: Final = 50_000
_ENDS_NAME: Final = b" \t\n\r\f\v/>"
_MAX_SCRIPTS: Final = 300
_MAX_JSON_LD: Final = 20


class Depth(IntEnum):
    """How much of a page is read. HEAD: up to its body; OUTLINE: all but the visible text as such; TEXT: all."""

    HEAD = 1
    OUTLINE = 2
    TEXT = 3


class Bounded:
    """What is found in a page as it is asked for, by no more than MOST_READ steps in all."""

    def __init__(self) -> None:
        self._left = MOST_READ
        self.is_cut = False
        """True once not all was looked at: what was not found may be there."""

    def _step(self, steps: int = 1) -> bool:
        """Take so many steps; False where there were too many."""
        self._left -= steps
        self.is_cut = self.is_cut or self._left < 0
        return self._left >= 0

    def first(self, many: Iterable[_T], most: int) -> Iterator[_T]:
        """The first of `many`: so many `most`."""
        for number, each in enumerate(many):
            if number == most:
                self.is_cut = True
                return
            yield each

    def _read(self, raw: bytes) -> Attributes:
        """The attributes of a tag, each of which is a step."""
        attributes, written = counted_attributes(raw)
        self._step(written)
        return attributes


class Noted(Bounded):
    """The metas and links of a page in their order, found as they are asked for: most are never looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._added: list[tuple[bytes | None, bytes]] = []
        self._looked_at: list[tuple[bytes, bytes, bytes]] = []

    def add_run(self, run: bytes) -> None:
        """A part of the page in which every angle bracket begins or ends a tag or a comment."""
        self._add(b"", run)

    def add_mixed(self, run: bytes) -> None:
        """The same, but that there may be scripts and style sheets in it."""
        self._add(None, run)

    def add_tag(self, name: bytes, attributes: bytes) -> None:
        """A single meta or link."""
        self._add(name, attributes)

    def _add(self, name: bytes | None, attributes: bytes) -> None:
        if len(self._added) + len(self._looked_at) < _MAX_NOTED:
            self._added.append((name, attributes))
        else:
            self.is_cut = True

    @property
    def _runs(self) -> list[tuple[bytes, bytes, bytes]]:
        """Name (of a single tag), what was added without its scripts, and the same in lower case."""
        for name, added in self._added:
            raw = SCRIPT.sub(b"", added) if name is None else added
            self._looked_at.append((name or b"", raw, raw.lower()))
        self._added.clear()
        return self._looked_at

    def with_word(self, name: bytes, word: bytes) -> Iterator[Attributes]:
        """The attributes of the tags of that name in which the word (in lower case) stands in any case."""
        for tried, raw in enumerate(self._with_word(name, word) if word else self._all(name)):
            if tried == _MAX_TRIED:
                self.is_cut = True
                return
            if not self._step():
                return
            yield self._read(raw)

    def _with_word(self, name: bytes, word: bytes) -> Iterator[bytes]:
        begun = b"<" + name
        for tag, raw, lowered in self._runs:
            if tag:
                if tag == name and word in lowered:
                    yield raw
                continue
            at = lowered.find(word)
            while at >= 0 and self._step():
                start, end = lowered.rfind(b"<", 0, at), lowered.find(b">", at)
                if end < 0:
                    break
                if start < 0 or lowered.find(b">", start, at) >= 0:  # in text: go on behind the next "<", once for each
                    following = lowered.find(b"<", at)
                    at = lowered.find(word, following) if following >= 0 else -1
                    continue
                inside = start + len(begun)
                if lowered.startswith(begun, start) and lowered[inside : inside + 1] in _ENDS_NAME:
                    yield raw[inside:end]
                at = lowered.find(word, end)

    def all(self, name: bytes) -> Iterator[Attributes]:
        """The attributes of all tags of that name."""
        for raw in self._all(name):
            if not self._step():
                return
            yield self._read(raw)

    def _all(self, name: bytes) -> Iterator[bytes]:
        for tag, raw, _ in self._runs:
            if tag == name:
                yield raw
            elif not tag:
                yield from (found[2] for found in NOTED.finditer(raw) if found[1] == name)


class _Asked(Mapping[str, str]):
    """What each look into the tags of a page found, or that it found nothing, is kept."""

    def __init__(self, noted: Noted) -> None:
        self._noted = noted
        self._known: dict[str, str | None] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = self._find(name)
        found = self._known[name]
        if found is None:
            raise KeyError(name)
        return found

    @abstractmethod
    def _find(self, name: str) -> str | None: ...


class Metas(_Asked):
    """The metas of a page by property or name, lower-case; the first of each counts."""

    def _find(self, name: str) -> str | None:
        for attributes in self._noted.with_word(b"meta", name.encode("utf-8", "replace")):
            key, content = _meta(attributes)
            if key == name and content is not None:
                return content
        return None

    def items(self) -> ItemsView[str, str]:
        """All of them, also those whose name is written otherwise in the page (`a&amp;b`)."""
        return self._all.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _all(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, content in map(_meta, self._noted.first(self._noted.all(b"meta"), _MAX_NOTED)):
            if content is not None:
                found.setdefault(key, content)
        return found


class Links(_Asked):
    """Where the links of a page lead, by what they are (`rel`, lower-case); the first of each counts."""

    def _find(self, name: str) -> str | None:
        for link in self._noted.with_word(b"link", name.encode("utf-8", "replace")):
            if "href" in link and name in link.get("rel", "").lower().split():
                return link["href"]
        return None

    def __iter__(self) -> Iterator[str]:
        links = self._noted.first(self._noted.all(b"link"), _MAX_NOTED)
        rels = (rel for link in links if "href" in link for rel in link.get("rel", "").lower().split())
        return iter(dict.fromkeys(rels))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _meta(attributes: Attributes) -> tuple[str, str | None]:
    return (attributes.get("property") or attributes.get("name") or "").lower(), attributes.get("content")


@dataclass(frozen=True, slots=True)
class Script:
    """A script in the page: its id, whether it is a JSON document, and what is in it."""

    id: str
    is_json: bool
    text: str


class Scripts(Bounded, Sequence[Script]):
    """The scripts of a page that are not JSON-LD, in their order; looked into only if somebody asks.

    Those that are JSON-LD are apart: `json_ld`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[bytes | None, bytes]] = []

    @classmethod
    def of_json_ld(cls, texts: Iterable[str]) -> "Scripts":
        """Scripts of which only the JSON-LD is known."""
        scripts = cls()
        for text in texts:
            scripts.add(f" type={JSON_LD}".encode(), text.encode("utf-8", "replace"))
        return scripts

    def add_run(self, run: bytes) -> None:
        """Whole scripts and style sheets, and metas, links and comments among them."""
        self._parts.append((None, run))

    def add(self, attributes: bytes, text: bytes) -> None:
        """A single script."""
        self._parts.append((attributes, text))

    @overload
    def __getitem__(self, place: int) -> Script: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Script]: ...
    def __getitem__(self, place: int | slice) -> Script | Sequence[Script]:
        return self._all[place]

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scripts) and (self._all, self.json_ld) == (other._all, other.json_ld)

    def __hash__(self) -> int:
        return id(self)  # it grows while the page is read

    @cached_property
    def _all(self) -> tuple[Script, ...]:
        scripts = (_script(each, text) for each, text in self._tags() if text and type_of(each) != JSON_LD)
        return tuple(self.first(scripts, _MAX_SCRIPTS))

    @cached_property
    def json_ld(self) -> tuple[str, ...]:
        """What is in the scripts that are JSON-LD."""
        if not any(b"ld+json" in part.lower() for parts in self._parts for part in parts if part is not None):
            return ()
        documents = (text for attributes, text in self._tags() if type_of(attributes) == JSON_LD)
        return tuple(text.decode("utf-8", "replace") for text in self.first(documents, _MAX_JSON_LD))

    def _tags(self) -> Iterator[tuple[Attributes, bytes]]:
        for attributes, text in self._parts:
            each = [(attributes, text)] if attributes is not None else map(re.Match.groups, SCRIPT.finditer(text))
            for raw, inside in each:
                if not self._step():
                    return
                if inside is not None:  # no style sheet
                    yield self._read(raw), inside


def _script(attributes: Attributes, text: bytes) -> Script:
    is_json = type_of(attributes) == "application/json"
    return Script(attributes.get("id", ""), is_json, text.decode("utf-8", "replace"))


def type_of(attributes: Attributes) -> str:
    """The type of a script, without its parameters."""
    return attributes.get("type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Markup:
    """What was read. `title` is None without one; `metas` by property or name, lower-case, the first of each.

    `refresh` is what the page's `http-equiv="refresh"` says. `is_spent`: there were more tags than are read.
    """

    title: str | None = None
    language: str | None = None
    metas: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    refresh: str | None = None
    scripts: Scripts = field(default_factory=Scripts)
    headings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    has_password_form: bool = False
    noted: Noted = field(default_factory=Noted, repr=False, compare=False)
    is_spent: bool = False

    @property
    def is_cut(self) -> bool:
        """True where there was more than was looked at: what was not found may be there."""
        return self.is_spent or self.noted.is_cut or self.scripts.is_cut

    @property
    def canonical(self) -> str | None:
        """The address that the page calls its own."""
        return self.links.get(CANONICAL)

    @property
    def json_ld(self) -> tuple[str, ...]:
        """The JSON-LD documents, as text."""
        return self.scripts.json_ld


def squeeze(raw: bytes) -> str:
    """UTF-8 with entities resolved and white space collapsed, as text of at most MAX_TEXT characters."""
    text = raw[:_MAX_RAW].decode("utf-8", "replace")
    return " ".join((unescape(text) if "&" in text else text).split())[:MAX_TEXT]


def attributes_of(raw: bytes) -> Attributes:
    """The attributes of a tag, names in lower case; the first of doubles, and no more than two hundred."""
    return counted_attributes(raw)[0]


def counted_attributes(raw: bytes) -> tuple[Attributes, int]:
    """The same, and how many were read for it."""
    found: Attributes = {}
    written = 0
    pairs = map(re.Match.groups, PAIR.finditer(raw.decode("utf-8", "replace")))
    for written, (name, double, single, bare) in enumerate(islice(pairs, _MAX_ATTRIBUTES), 1):  # noqa: B007
        value = (double or single or bare or "")[:_MAX_VALUE]
        found.setdefault(name.lower(), unescape(value) if "&" in value else value)
    return found, written
