"""Read HTML as a visitor would see it: title, metas, headings, error containers, visible text. No judgement here.

A tokenizer, not a tree: tree builders (Lexbor, libxml2) take minutes on a megabyte of nested elements or of
attributes, and anybody may have written the page. This reads each character a bounded number of times: every
pattern is possessive, an unfinished tag or comment ends the reading, and every list is capped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import islice
from typing import Final

MAX_TEXT: Final = 500
_MAX_TAGS: Final = 20_000
_MAX_BLOCKS: Final = 2_000
_MAX_JSON: Final = 20
_MAX_ATTRIBUTES: Final = 200

_NAME: Final = r"[a-zA-Z][^\s/>]*+"
_ATTRIBUTE: Final = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+)?+)?+"""
_START: Final = re.compile(rf"<({_NAME})((?:[\s/]++|{_ATTRIBUTE})*+)>")
_PAIR: Final = re.compile(r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>][^\s>]*+))?+)?+""")
_INVISIBLE: Final = re.compile(r"display\s*+:\s*+none|visibility\s*+:\s*+hidden", re.IGNORECASE)
_RAW_END: Final = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "noembed", "noframes")
}
_TELLING: Final = re.compile(r"hidden|none|heading", re.IGNORECASE)
_NOTED: Final = frozenset({"meta", "link", "html", "input", "script"})
_UNSEEN: Final = frozenset({"noscript", "template", "svg", "math", "iframe", "object", "audio", "video", "select"})
_VOID: Final = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905 - a list of words
)
_INLINE: Final = frozenset(
    "a abbr b bdi bdo cite code em font i mark q s small span strong sub sup time u wbr".split()  # noqa: SIM905
)
# An element of these is ended by the next of its kind: their end tags may be left out.
_IMPLIED_END: Final = frozenset({"p", "li", "dt", "dd", "td", "th", "tr", "option"})
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
                ("id", part["id"]) if part["id"] else (part["name"], part["value"]) for part in parts if not part["cls"]
            ),
        )

    def selects(self, tag: str, attributes: Attributes) -> bool:
        """True when an element of that tag and those attributes is meant."""
        return (
            self.tag in (None, tag)
            and self.classes <= frozenset(attributes.get("class", "").split())
            and all(attributes.get(name) == value for name, value in self.attributes)
        )


@dataclass(slots=True)
class Markup:
    """What was read. `title` is None without one; `metas` by property or name, lower-case, the first of each."""

    title: str | None = None
    language: str | None = None
    canonical: str | None = None
    metas: dict[str, str] = field(default_factory=dict)
    json_ld: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    has_password_form: bool = False


def squeeze(text: str) -> str:
    """`text` with entities resolved and white space collapsed, at most MAX_TEXT characters."""
    return " ".join(unescape(text[: 8 * MAX_TEXT]).split())[:MAX_TEXT]


def read_markup(text: str, errors: tuple[Selector, ...] = ()) -> Markup:
    """Read a page; `errors` select the platform's error containers. Never raises; linear in the length."""
    reader = _Reader(errors)
    for kind, name, rest in _tokens(text):
        match kind:
            case "text":
                reader.text(rest)
            case "raw":
                reader.raw(name, rest)
            case "end":
                reader.end(name)
            case _:
                reader.start(name, rest)
    return reader.finish()


def _tokens(text: str) -> Iterator[tuple[str, str, str]]:  # noqa: C901 - one branch a kind of token
    """The page in (kind, tag name, attributes or text), the kinds being start, end, text, and raw for a script's text.

    Ends where a tag, a comment or a raw text is not finished, and after _MAX_TAGS.
    """
    position = 0
    for _ in range(_MAX_TAGS):
        opened = text.find("<", position)
        if opened < 0:
            yield "text", "", text[position:]
            return
        if opened > position:
            yield "text", "", text[position:opened]
        following = text[opened + 1 : opened + 2]
        if following.isascii() and following.isalpha():
            tag = _START.match(text, opened)
            if tag is None:
                return
            name, position = tag[1].lower(), tag.end()
            yield "start", name, tag[2]
            if name in _RAW_END:
                ended = _RAW_END[name].search(text, position)
                if ended is None:
                    return
                yield "raw", name, text[position : ended.start()]
                position = ended.start()
        elif following in ("/", "!", "?"):
            closing = "-->" if text.startswith("<!--", opened) else ">"
            closed = text.find(closing, opened + 2)
            if closed < 0:
                return
            if following == "/":
                yield "end", text[opened + 2 : min(closed, opened + 40)].strip().lower(), ""
            position = closed + len(closing)
        else:
            yield "text", "", "<"
            position = opened + 1


def _attributes(raw: str) -> Attributes:
    found: Attributes = {}
    for pair in islice(_PAIR.finditer(raw), _MAX_ATTRIBUTES):
        value = pair[2] or pair[3] or pair[4] or ""
        found.setdefault(pair[1].lower(), unescape(value[:4096]))
    return found


def _is_hidden(name: str, attributes: Attributes) -> bool:
    if name in _UNSEEN or "hidden" in attributes:
        return True
    return _INVISIBLE.search(attributes.get("style", "")) is not None


@dataclass(slots=True)
class _Span:
    """An element that is being read to its end: how deep in elements of its own name, and what it has gathered."""

    name: str
    depth: int = 1
    texts: list[str] = field(default_factory=list)
    length: int = 0

    def enter(self, name: str) -> None:
        if name == self.name and name not in _IMPLIED_END:
            self.depth += 1

    def leave(self, name: str) -> None:
        if name == self.name:
            self.depth -= 1

    def gather(self, text: str) -> None:
        if self.length < MAX_TEXT:
            self.texts.append(text)
            self.length += len(text)


class _Reader:
    """Gathers a Markup from tokens. At most three spans are open: one hidden, one heading, one error container."""

    def __init__(self, errors: tuple[Selector, ...]) -> None:
        self._selectors = errors
        self._found = Markup()
        self._hidden: _Span | None = None
        self._heading: _Span | None = None
        self._error: _Span | None = None
        self._line = _Span("")
        self._script_type = ""

    def start(self, name: str, raw: str) -> None:
        for span in (self._hidden, self._heading, self._error):
            if span is not None:
                span.enter(name)
        if name not in _INLINE:
            self._break()
        if self._hidden is not None:
            return
        # Most elements' attributes say nothing that is looked at; reading them is half of the work.
        telling = name in _NOTED or self._selectors or _TELLING.search(raw)
        attributes = _attributes(raw) if telling else {}
        self._note(name, attributes)
        if name not in _VOID:
            self._open(name, attributes)

    def _open(self, name: str, attributes: Attributes) -> None:
        if _is_hidden(name, attributes) and name not in ("html", "body"):
            self._hidden = _Span(name)
            return
        if name in _HEADINGS or attributes.get("role") == "heading":
            self._end_heading()
            self._heading = _Span(name)
        if self._error is None and any(selector.selects(name, attributes) for selector in self._selectors):
            self._error = _Span(name)

    def _note(self, name: str, attributes: Attributes) -> None:
        found = self._found
        match name:
            case "meta" if "content" in attributes and len(found.metas) < _MAX_BLOCKS:
                key = attributes.get("property") or attributes.get("name") or ""
                found.metas.setdefault(key.lower(), attributes["content"])
            case "link" if attributes.get("rel", "").lower() == "canonical" and found.canonical is None:
                found.canonical = attributes.get("href")
            case "html":
                found.language = found.language or attributes.get("lang", "")[:35] or None
            case "input" if attributes.get("type", "").lower() == "password":
                found.has_password_form = True
            case "script":
                self._script_type = attributes.get("type", "").lower()

    def end(self, name: str) -> None:
        if name not in _INLINE:
            self._break()
        for span in (self._hidden, self._heading, self._error):
            if span is not None:
                span.leave(name)
        if self._hidden is not None and self._hidden.depth <= 0:
            self._hidden = None
        if self._heading is not None and self._heading.depth <= 0:
            self._end_heading()
        if self._error is not None and self._error.depth <= 0:
            self._end_error()

    def text(self, raw: str) -> None:
        if self._hidden is None:
            self._line.gather(raw)

    def raw(self, name: str, raw: str) -> None:
        if self._hidden is not None:
            return
        if name == "title" and self._found.title is None:
            self._found.title = squeeze(raw)
        elif name == "script" and self._script_type == "application/ld+json" and len(self._found.json_ld) < _MAX_JSON:
            self._found.json_ld.append(raw)

    def finish(self) -> Markup:
        self._break()
        self._end_heading()
        self._end_error()
        return self._found

    def _break(self) -> None:
        """End a line of text: it is one block, and part of the heading and error container that are open."""
        if not self._line.texts:
            return
        block = squeeze("".join(self._line.texts))
        self._line = _Span("")
        if not block or len(self._found.blocks) >= _MAX_BLOCKS:
            return
        self._found.blocks.append(block)
        for span in (self._heading, self._error):
            if span is not None:
                span.gather(block)

    def _end_heading(self) -> None:
        if self._heading is not None and self._heading.texts:
            self._found.headings.append(" ".join(self._heading.texts))
        self._heading = None

    def _end_error(self) -> None:
        if self._error is not None:
            self._found.errors.extend(self._error.texts)
            if len(self._error.texts) > 1:
                self._found.errors.append(" ".join(self._error.texts)[:MAX_TEXT])
        self._error = None
