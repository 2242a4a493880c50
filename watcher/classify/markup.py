"""Read HTML as a visitor would see it: title, metas, headings, error containers, visible text. No judgement here.

A tokenizer, not a tree: tree builders (Lexbor, libxml2) take minutes on a megabyte of nested elements or of
attributes, and anybody may have written the page. This reads each character a bounded number of times: every
repetition is possessive, an unfinished tag or comment ends the reading, and every list is capped.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from itertools import islice
from typing import Final

MAX_TEXT: Final = 500
_MAX_TAGS: Final = 20_000
_MAX_BLOCKS: Final = 2_000
_MAX_JSON: Final = 20
_MAX_SCRIPTS: Final = 300
_MAX_ATTRIBUTES: Final = 200

_NAME: Final = r"[a-zA-Z][^\s/>]*+"
_PLAIN: Final = r"""\s++[^\s"'/>=]++="[^"]*+\""""
_ATTRIBUTE: Final = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+)?+)?+"""
_COMMENT: Final = r"!--(?:-?>|[^-]*+(?:-(?!->)[^-]*+)*+-->)"
# Text and the tag after it: (text, start tag, its attributes, end tag). Most attributes are plain: they go first.
_TOKEN: Final = re.compile(
    rf"([^<]*+(?:<(?![a-zA-Z/!?])[^<]*+)*+)"
    rf"<(?:({_NAME})((?:{_PLAIN})*+(?:[\s/]++|{_ATTRIBUTE})*+)>|/({_NAME})[^>]*+>|{_COMMENT}|(?:[/?]|!(?!--))[^>]*+>)"
)
_TAG: Final = re.compile(r"<(?=[a-zA-Z/!?])")
_PAIR: Final = re.compile(r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>][^\s>]*+))?+)?+""")
_INVISIBLE: Final = re.compile(r"display\s*+:\s*+none|visibility\s*+:\s*+hidden", re.IGNORECASE)
_RAW_END: Final = {
    name: re.compile(rf"</(?i:{name})(?=[\s/>])")
    for name in ("script", "style", "title", "textarea", "xmp", "noembed", "noframes")
}
_TELLING: Final = ("hidden", "none", "popover", "heading")
_NOTED: Final = frozenset({"meta", "link", "html", "input", "script"})
_UNSEEN: Final = frozenset(
    "noscript template svg math iframe object audio video select datalist".split()  # noqa: SIM905 - a list of words
)
_SELF_CLOSING: Final = frozenset({"svg", "math"})
_VOID: Final = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_INLINE: Final = frozenset(
    "a abbr b bdi bdo cite code em font i mark q s small span strong sub sup time u wbr".split()  # noqa: SIM905
)
# The end tags of these may be left out: the next of the kind ends them, or the end of what they stand in.
_IMPLIED_END: Final = frozenset({"p", "li", "dt", "dd", "td", "th", "tr"})
_CONTAINERS: Final = frozenset("article body div dl form main nav ol section table ul".split())  # noqa: SIM905
_HEADINGS: Final = frozenset({"h1", "h2", "h3"})
_SELECTOR: Final = re.compile(r"(?P<tag>[a-z][a-z0-9-]*)?(?P<rest>(?:[.#][\w-]+|\[[\w-]+=\"?[^\]\"]*\"?\])*)")
_SELECTOR_PART: Final = re.compile(r"\.(?P<cls>[\w-]+)|#(?P<id>[\w-]+)|\[(?P<name>[\w-]+)=\"?(?P<value>[^\]\"]*)\"?\]")

Attributes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Selector:
    """A compound CSS selector without combinators: `div.error-page`, `#notice`, `[data-testid=emptyState]`."""

    tag: str | None
    classes: frozenset[str]
    attributes: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> "Selector":
        """Read a selector. Raises ValueError for anything beyond tag, classes, id and exact attributes."""
        whole = _SELECTOR.fullmatch(text.strip())
        if whole is None or not text.strip():
            raise ValueError(f"'{text}' is not a selector of tag, .class, #id and [name=value] only")
        parts = list(_SELECTOR_PART.finditer(whole["rest"]))
        return cls(
            tag=whole["tag"],
            classes=frozenset(part["cls"] for part in parts if part["cls"]),
            attributes=tuple(
                ("id", part["id"]) if part["id"] else (part["name"].lower(), part["value"])
                for part in parts
                if not part["cls"]
            ),
        )

    def selects(self, tag: str, attributes: Attributes) -> bool:
        """True when an element of that tag and those attributes is meant."""
        return (
            self.tag in (None, tag)
            and self.classes <= frozenset(attributes.get("class", "").split())
            and all(attributes.get(name) == value for name, value in self.attributes)
        )


@dataclass(frozen=True, slots=True)
class Script:
    """A script in the page: its id, whether it is a JSON document, and what is in it."""

    id: str
    is_json: bool
    text: str


@dataclass(slots=True)
class Markup:
    """What was read. `title` is None without one; `metas` by property or name, lower-case, the first of each."""

    title: str | None = None
    language: str | None = None
    canonical: str | None = None
    metas: dict[str, str] = field(default_factory=dict)
    json_ld: list[str] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    has_password_form: bool = False


def squeeze(text: str) -> str:
    """`text` with entities resolved and white space collapsed, at most MAX_TEXT characters."""
    return " ".join(unescape(text[: 8 * MAX_TEXT]).split())[:MAX_TEXT]


def read_markup(text: str, errors: tuple[Selector, ...] = ()) -> Markup:
    """Read a page; `errors` select the platform's error containers. Never raises; linear in the length.

    Ends where a tag, a comment or a raw text is not finished, and after _MAX_TAGS.
    """
    reader = _Reader(errors)
    position = 0
    for _ in range(_MAX_TAGS):
        token = _TOKEN.match(text, position)
        if token is None:
            reader.text(_TAG.split(text[position:], maxsplit=1)[0])
            break
        before, started, attributes, ended = token.groups()
        position = token.end()
        reader.text(before)
        if started is not None:
            name = started.lower()
            reader.start(name, attributes)
            if name in _RAW_END:
                closing = _RAW_END[name].search(text, position)
                if closing is None:
                    break
                reader.raw(name, text[position : closing.start()])
                position = closing.start()
        elif ended is not None:
            reader.end(ended.lower())
    return reader.finish()


def _attributes(raw: str) -> Attributes:
    found: Attributes = {}
    for name, double, single, bare in islice(map(re.Match.groups, _PAIR.finditer(raw)), _MAX_ATTRIBUTES):
        found.setdefault(name.lower(), unescape((double or single or bare or "")[:4096]))
    return found


def _is_hidden(name: str, attributes: Attributes) -> bool:
    if name in _UNSEEN or "hidden" in attributes or "popover" in attributes:
        return True
    if name == "dialog" and "open" not in attributes:
        return True
    return _INVISIBLE.search(attributes.get("style", "")) is not None


@dataclass(slots=True)
class _Span:
    """An element that is being read to its end: how deep in elements of its own name, and what it has gathered.

    `inner` counts the open containers in it, where its end tag may be left out.
    """

    name: str
    depth: int = 1
    inner: int = 0
    texts: list[str] = field(default_factory=list)
    length: int = 0

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
        if self.length < MAX_TEXT:
            self.texts.append(text)
            self.length += len(text)


@lru_cache(maxsize=256)
def _telling(selectors: tuple[Selector, ...]) -> re.Pattern[str]:
    """What an element's attributes, in lower case, hold at least if anything in them is looked at."""
    words = {name for selector in selectors for name, _ in selector.attributes}
    words.update(min(selector.classes).lower() for selector in selectors if selector.classes)
    return re.compile("|".join(map(re.escape, (*_TELLING, *sorted(words)))))


class _Reader:
    """Gathers a Markup from tokens. At most three spans are open: one hidden, one heading, one error container."""

    def __init__(self, errors: tuple[Selector, ...]) -> None:
        self._selectors = errors
        # Most elements' attributes say nothing that is looked at; reading them would be half of the work.
        self._telling = _telling(errors)
        bare = (selector.tag for selector in errors if not selector.classes and not selector.attributes)
        self._opening = _HEADINGS | _UNSEEN | {"dialog", *bare}
        self._found = Markup()
        self._hidden: _Span | None = None
        self._heading: _Span | None = None
        self._error: _Span | None = None
        self._line: list[str] = []
        self._script_type = self._script_id = ""

    def start(self, name: str, raw: str) -> None:
        if name in _SELF_CLOSING and raw.endswith("/"):
            return
        if self._hidden is not None and self._hidden.enter(name):
            return
        self._hidden = None
        if name not in _INLINE:
            self._break()
        if self._heading is not None and not self._heading.enter(name):
            self._end_heading()
        if self._error is not None and not self._error.enter(name):
            self._end_error()
        is_noted, is_opening = name in _NOTED, name in self._opening
        telling = raw and (is_noted or is_opening or self._telling.search(raw.lower()))
        attributes = _attributes(raw) if telling else {}
        if is_noted:
            self._note(name, attributes)
        if (is_opening or attributes) and name not in _VOID:
            self._open(name, attributes)

    def _open(self, name: str, attributes: Attributes) -> None:
        if _is_hidden(name, attributes) and name not in ("html", "body"):
            self._hidden = _Span(name)
            return
        if name in _HEADINGS or attributes.get("role") == "heading":
            self._end_heading()
            self._heading = _Span(name)
        if self._error is None and any(selector.selects(name, attributes) for selector in self._selectors):
            self._break()
            self._error = _Span(name)

    def _note(self, name: str, attributes: Attributes) -> None:
        found = self._found
        match name:
            case "meta" if "content" in attributes and len(found.metas) < _MAX_BLOCKS:
                key = attributes.get("property") or attributes.get("name") or ""
                found.metas.setdefault(key.lower(), attributes["content"])
            case "link" if "canonical" in attributes.get("rel", "").lower().split() and found.canonical is None:
                found.canonical = attributes.get("href")
            case "html":
                found.language = found.language or attributes.get("lang", "")[:35] or None
            case "input" if attributes.get("type", "").lower() == "password":
                found.has_password_form = True
            case "script":
                self._script_type = attributes.get("type", "").partition(";")[0].strip().lower()
                self._script_id = attributes.get("id", "")

    def end(self, name: str) -> None:
        if self._hidden is not None and self._hidden.leave(name):
            return
        self._hidden = None
        if name not in _INLINE:
            self._break()
        if self._heading is not None and not self._heading.leave(name):
            self._end_heading()
        if self._error is not None and not self._error.leave(name):
            self._end_error()

    def text(self, raw: str) -> None:
        if raw and self._hidden is None and (self._line or not raw.isspace()):
            self._line.append(raw)

    def raw(self, name: str, raw: str) -> None:
        if self._hidden is not None:
            return
        if name == "title" and self._found.title is None:
            self._found.title = squeeze(raw)
        elif name == "script" and self._script_type == "application/ld+json" and len(self._found.json_ld) < _MAX_JSON:
            self._found.json_ld.append(raw)
        elif name == "script" and raw and len(self._found.scripts) < _MAX_SCRIPTS:
            is_json = self._script_type == "application/json"
            self._found.scripts.append(Script(self._script_id, is_json, raw))

    def finish(self) -> Markup:
        self._break()
        self._end_heading()
        self._end_error()
        return self._found

    def _break(self) -> None:
        """End a line of text: it is one block, and part of the heading and error container that are open."""
        if not self._line:
            return
        block = squeeze("".join(self._line))
        self._line = []
        if not block or len(self._found.blocks) >= _MAX_BLOCKS:
            return
        self._found.blocks.append(block)
        for span in (self._heading, self._error):
            if span is not None:
                span.gather(block)

    def _end_heading(self) -> None:
        self._break()
        if self._heading is not None and self._heading.texts:
            self._found.headings.append(" ".join(self._heading.texts)[:MAX_TEXT])
        self._heading = None

    def _end_error(self) -> None:
        self._break()
        if self._error is not None:
            self._found.errors.extend(self._error.texts)
            if len(self._error.texts) > 1:
                self._found.errors.append(" ".join(self._error.texts)[:MAX_TEXT])
        self._error = None
