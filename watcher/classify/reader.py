"""Read HTML as a visitor would see it. No judgement here.

A tokenizer, not a tree: tree builders (Lexbor, libxml2) take minutes on a megabyte of nested elements or of
attributes, and anybody may have written the page. This reads each byte a bounded number of times: every repetition is
possessive, an unfinished tag or comment ends the reading, and every list is capped. It reads no further and gathers
no more than is asked for: most answers are decided by the head, or by a title and a heading.
"""

import re
from collections.abc import Sequence
from typing import Final

from watcher.classify.markup import (
    MAX_TEXT,
    Depth,
    Links,
    Markup,
    Metas,
    attributes_of,
    counted_attributes,
    squeeze,
)
from watcher.classify.selector import Attributes, Selector
from watcher.classify.spans import Span
from watcher.classify.tokens import (
    ANY_TAG,
    DULL,
    HEAD,
    INLINE,
    INLINE_TAG,
    RAW_END,
    SCRIPTS,
    TAG,
    TOKEN,
    UNSEEN,
    within,
)

_MAX_TOKENS: Final = 10_000
_AS_A_TOKEN: Final = 20
_MAX_BLOCKS: Final = 2_000
_MAX_HEADINGS: Final = 500

_INVISIBLE: Final = re.compile(r"display\s*+:\s*+none|visibility\s*+:\s*+hidden", re.IGNORECASE)
_SELF_CLOSING: Final = frozenset({"svg", "math"})
_VOID: Final = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905 - a list of words
)
_HEADINGS: Final = frozenset({"h1", "h2", "h3"})
_ROLE: Final = b"heading"
_HEAD_END: Final = b"</head>"


def read_markup(page: bytes, errors: tuple[Selector, ...] = (), depth: Depth = Depth.TEXT) -> Markup:
    """Read a page in UTF-8; `errors` select the platform's error containers. Never raises; linear in the length.

    Ends where a tag, a comment or a raw text is not finished, and after _MAX_TOKENS tags that matter; each
    _AS_A_TOKEN attributes of one count as a tag more.
    """
    reader = Reader(page, errors, wants_text=depth is Depth.TEXT)
    return reader.head() if depth is Depth.HEAD else reader.whole()


def _is_hidden(name: str, attributes: Attributes) -> bool:
    if name in UNSEEN or "hidden" in attributes or "popover" in attributes:
        return True
    if name == "dialog" and "open" not in attributes:
        return True
    return "style" in attributes and _INVISIBLE.search(attributes["style"]) is not None


def _stops(page: bytes, start: int, end: int, marks: Sequence[bytes]) -> list[int]:
    """Where the tags stand in a dull run that selectors may mean, the last first."""
    found: set[int] = set()
    for mark in marks:
        at = page.find(mark, start, end)
        while at >= 0:
            tag = page.rfind(b"<", start, at + 1)
            if tag >= 0 and page.find(b">", tag, at) < 0:
                found.add(tag)
            after = page.find(b"<", at + 1, end)
            at = page.find(mark, after, end) if after >= 0 else -1
    return sorted(found, reverse=True)


class Reader:
    """Gathers a Markup from tokens. At most three spans are open: one hidden, one heading, one error container."""

    def __init__(self, page: bytes, errors: tuple[Selector, ...], *, wants_text: bool = False) -> None:
        self._page = page
        self._position = 0
        self._wants_text = wants_text
        self._selectors = errors
        self._marks = [_ROLE, *[selector.mark for selector in errors]]
        self._sure = 0
        self._stops: list[int] = []
        self._left = _MAX_TOKENS
        self._found = Markup()
        self._noted = self._found.noted
        self._scripts = self._found.scripts
        self._hidden: Span | None = None
        self._heading: Span | None = None
        self._error: Span | None = None
        self._line: list[bytes] = []
        self._script = b""
        self._is_body = False

    def head(self) -> Markup:
        """Title, language, metas and canonical link, as far as they stand before the body."""
        self._begin()
        while not (self._is_body or self._page.startswith(_HEAD_END, self._position)) and self._read_token():
            pass
        found = self._found
        return Markup(title=found.title, language=found.language, metas=Metas(self._noted), links=Links(self._noted))

    def whole(self) -> Markup:
        """All that there is, or what is left of it."""
        self._begin()
        while self._read_token():
            pass
        self._break()
        self._end_heading()
        self._end_error()
        self._found.metas = Metas(self._noted)
        self._found.links = Links(self._noted)
        metas = self._noted.with_word(b"meta", b"refresh")
        sent = (meta.get("content") for meta in metas if meta.get("http-equiv", "").lower() == "refresh")
        self._found.refresh = next(sent, None)
        return self._found

    @property
    def is_cut(self) -> bool:
        """True where there was more than is read: what was not found may be there."""
        return self._found.is_cut

    def _spend(self, tokens: int) -> None:
        self._left -= tokens
        self._found.is_spent = self._left <= 0

    def _read_token(self) -> bool:
        """Read on to the end of the next tag that matters; False when the page or the reading has ended."""
        if self._left <= 0:
            return False
        self._spend(1)
        page, position = self._page, self._pass_over(self._position)
        token = TOKEN.match(page, position)
        if token is None:
            self._left = 0
            self._text(TAG.split(page[position:], maxsplit=1)[0])
            return False
        before, started, attributes, ended = token.groups()
        self._position = token.end()
        self._text(before)
        if started is not None:
            name = started.decode("utf-8", "replace").lower()
            self._start(name, attributes)
            return name not in RAW_END or self._read_raw(name)
        if ended is not None:
            self._end(ended.decode("utf-8", "replace").lower())
        return True

    def _read_raw(self, name: str) -> bool:
        """Read what stands in an element of raw text; False where it has no end."""
        closing = RAW_END[name].search(self._page, self._position)
        if closing is None:
            self._left = 0
            return False
        self._raw(name, self._page[self._position : closing.start()])
        self._position = closing.start()
        return True

    def _pass_over(self, position: int) -> int:
        """Take many tokens at once where nothing can depend on each of them; how far that goes."""
        page = self._page
        if self._hidden is not None:
            inside = within(self._hidden.name)
            return position if inside is None else _end_of(inside, page, position)
        while self._heading is None and self._error is None:
            end = self._end_of_run(position)
            if end > position:
                self._pass_by(position, end)
            if end < self._sure or not page.startswith(b"<s", end):
                return end
            position = _end_of(SCRIPTS, page, end)
            if position == end:
                return end
            self._break()
            self._scripts.add_run(page[end:position])
        return position

    def _begin(self) -> None:
        """Take the head of most pages at once, as far as there is nothing in it of which each tag matters."""
        begun = HEAD.match(self._page) if self._position == 0 else None
        if begun is None or self._may_be_meant(self._page[: begun.start(2)]):
            return
        attributes, before, mixed_before, title, after, mixed_after = begun.groups()
        self._found.language = attributes_of(attributes).get("lang", "")[:35] or None
        self._found.title = squeeze(title)
        for notes, mixed in ((before, mixed_before), (after, mixed_after)):
            self._noted.add_run(notes)
            if mixed:
                self._scripts.add_run(mixed)
                if b"<meta" in mixed or b"<link" in mixed:
                    self._noted.add_mixed(mixed)
        self._position = begun.end()

    def _may_be_meant(self, tags: bytes) -> bool:
        """True where one of the tags may open a heading or an error container."""
        return any(map(tags.__contains__, self._marks))

    def _end_of_run(self, position: int) -> int:
        """How far from `position` there is nothing but dull tags and text. What was found to be dull stays so."""
        if position >= self._sure:
            self._sure = _end_of(DULL, self._page, position)
            self._stops = _stops(self._page, position, self._sure, self._marks)
        while self._stops and self._stops[-1] < position:
            self._stops.pop()
        return self._stops[-1] if self._stops else self._sure

    def _pass_by(self, start: int, end: int) -> None:
        """Note the metas and links of a dull run, and take its text if text is wanted."""
        page = self._page
        if page.find(b"<meta", start, end) >= 0 or page.find(b"<link", start, end) >= 0:
            self._noted.add_run(page[start:end])
        if not self._wants_text:
            return
        first, *others = ANY_TAG.split(INLINE_TAG.sub(b"", page[start:end]))
        self._text(first)
        for piece in others:
            self._break()
            self._text(piece)

    def _start(self, name: str, raw: bytes) -> None:
        if name in _SELF_CLOSING and raw.endswith(b"/"):
            return
        if self._hidden is not None and self._hidden.enter(name):
            return
        self._hidden = None
        if name not in INLINE:
            self._break()
        if self._heading is not None and not self._heading.enter(name):
            self._end_heading()
        if self._error is not None and not self._error.enter(name):
            self._end_error()
        attributes, written = counted_attributes(raw) if raw else ({}, 0)
        self._spend(written // _AS_A_TOKEN)
        self._note(name, raw, attributes)
        if name not in _VOID:
            self._open(name, attributes)

    def _open(self, name: str, attributes: Attributes) -> None:
        if _is_hidden(name, attributes) and name not in ("html", "body"):
            self._hidden = Span(name, 0)
            return
        if name in _HEADINGS or attributes.get("role") == "heading":
            self._end_heading()
            self._heading = Span(name, MAX_TEXT)
        if self._error is None and any(selector.selects(name, attributes) for selector in self._selectors):
            self._break()
            self._error = Span(name, MAX_TEXT)

    def _note(self, name: str, raw: bytes, attributes: Attributes) -> None:
        match name:
            case "meta" | "link":
                self._noted.add_tag(name.encode(), raw)
            case "html":
                self._found.language = self._found.language or attributes.get("lang", "")[:35] or None
            case "body":
                self._is_body = True
            case "input" if attributes.get("type", "").lower() == "password":
                self._found.has_password_form = True
            case "script":
                self._script = raw

    def _end(self, name: str) -> None:
        if self._hidden is not None and self._hidden.leave(name):
            return
        self._hidden = None
        if name not in INLINE:
            self._break()
        if self._heading is not None and not self._heading.leave(name):
            self._end_heading()
        if self._error is not None and not self._error.leave(name):
            self._end_error()
        self._is_body = self._is_body or name == "head"

    def _text(self, raw: bytes) -> None:
        wanted = self._wants_text or self._heading is not None or self._error is not None
        if raw and wanted and self._hidden is None and (self._line or not raw.isspace()):
            self._line.append(raw)

    def _raw(self, name: str, raw: bytes) -> None:
        if self._hidden is not None:
            return
        found = self._found
        if name == "title" and found.title is None:
            found.title = squeeze(raw)
        elif name == "script":
            self._scripts.add(self._script, raw)

    def _break(self) -> None:
        """End a line of text: it is one block, and part of the heading and error container that are open."""
        if not self._line:
            return
        block = squeeze(b"".join(self._line))
        self._line = []
        if not block:
            return
        if self._wants_text and len(self._found.blocks) < _MAX_BLOCKS:
            self._found.blocks.append(block)
        for span in (self._heading, self._error):
            if span is not None:
                span.gather(block)

    def _end_heading(self) -> None:
        self._break()
        if self._heading is not None and self._heading.texts and len(self._found.headings) < _MAX_HEADINGS:
            self._found.headings.append(" ".join(self._heading.texts)[:MAX_TEXT])
        self._heading = None

    def _end_error(self) -> None:
        self._break()
        if self._error is not None and len(self._found.errors) < _MAX_HEADINGS:
            self._found.errors.extend(self._error.texts)
            if len(self._error.texts) > 1:
                self._found.errors.append(" ".join(self._error.texts)[:MAX_TEXT])
        self._error = None


def _end_of(run: re.Pattern[bytes], page: bytes, position: int) -> int:
    found = run.match(page, position)
    return position if found is None else found.end()
