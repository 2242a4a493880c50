"""What an answer holds, read lazily and defensively, as the fields that rules name. No judgement here.

Anybody may have written the bytes: nothing raises, nothing takes more than linear time.
"""

import codecs
import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Final
from urllib.parse import unquote

from watcher.classify.markup import Markup, Selector, read_markup
from watcher.model.exchange import Response
from watcher.model.platform import Field, FieldKind

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_CHARSET: Final = re.compile(rb'charset=["\']?([A-Za-z0-9_.:-]{1,40})')
# Decoders that are linear in time. Python has others ("idna", "punycode") that a hostile header could name.
_CHARSETS: Final = frozenset(
    {"utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030", "gb2312", "big5", "shift_jis"}
    | {"euc_jp", "euc_kr", "iso2022_jp", "koi8-r", "koi8-u", "tis-620", "cp932", "cp949"}
    | {f"iso8859-{n}" for n in range(1, 17)}
    | {f"cp125{n}" for n in range(9)}
)


class NotJson:
    """Stands for a body that is no JSON document."""


NOT_JSON: Final = NotJson()


class Page:
    """One response, read on demand."""

    def __init__(self, response: Response, errors: tuple[Selector, ...] = ()) -> None:
        self._response = response
        self._errors = errors

    @property
    def response(self) -> Response:
        """The answer that this page was read from."""
        return self._response

    @cached_property
    def text(self) -> str:
        """The body as text, by the charset that the header or the page names, else UTF-8."""
        body = self._response.body
        declared = _CHARSET.search(self._response.headers.get("content-type", "").encode("ascii", "replace"))
        return body.decode(_codec(declared or _CHARSET.search(body[:2048])), "replace")

    @cached_property
    def json(self) -> Json | NotJson:
        """The body as a JSON document, or NOT_JSON."""
        return _parse_json(self.text)

    @cached_property
    def markup(self) -> Markup:
        """The body as HTML."""
        return read_markup(self.text, self._errors)

    @cached_property
    def json_ld(self) -> tuple[Json, ...]:
        """The page's JSON-LD documents."""
        documents = (_parse_json(raw) for raw in self.markup.json_ld)
        return tuple(document for document in documents if not isinstance(document, NotJson))

    @property
    def language(self) -> str | None:
        """The language that the page says it is in."""
        return self.markup.language or self._response.headers.get("content-language", "")[:35] or None

    def values(self, field: Field) -> tuple[str, ...]:
        """What `field` holds; empty when the answer has no such thing."""
        response = self._response
        match field.kind:
            case FieldKind.STATUS:
                return (str(response.status),)
            case FieldKind.FINAL_URL:
                return (unquote(response.url),)
            case FieldKind.REDIRECT:
                return tuple(unquote(hop.location) for hop in response.hops)
            case FieldKind.HEADER:
                return _one(response.headers.get(field.key.lower()))
            case FieldKind.JSON:
                return () if isinstance(self.json, NotJson) else tuple(_walk(self.json, field.key))
            case _:
                return self._html_values(field)

    def _html_values(self, field: Field) -> tuple[str, ...]:
        match field.kind:
            case FieldKind.TITLE:
                return _one(self.markup.title)
            case FieldKind.META:
                return _one(self.markup.metas.get(field.key.lower()))
            case FieldKind.CANONICAL:
                return _one(None if self.markup.canonical is None else unquote(self.markup.canonical))
            case FieldKind.JSON_LD:
                return tuple(value for document in self.json_ld for value in _walk(document, field.key))
            case FieldKind.ERROR:
                return tuple(self.markup.errors)
            case _:
                return tuple(self.markup.blocks)


def _codec(declared: re.Match[bytes] | None) -> str:
    if declared is None:
        return "utf-8"
    try:
        name = codecs.lookup(declared[1].decode("ascii")).name
    except (LookupError, ValueError):
        return "utf-8"
    return name if name in _CHARSETS else "utf-8"


def _parse_json(text: str) -> Json | NotJson:
    try:
        document: Json = json.loads(text)
    except (ValueError, RecursionError):
        return NOT_JSON
    return document


def _walk(document: Json, path: str) -> Iterator[str]:
    """The value at a dotted path; `$` is the document itself."""
    node = document
    for step in () if path == "$" else path.split("."):
        if isinstance(node, dict) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isascii() and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        else:
            return
    yield _render(node)


def _render(node: Json) -> str:
    match node:
        case None:
            return "null"
        case bool():
            return "true" if node else "false"
        case dict():
            return "…" if node else "{}"
        case list():
            return "…" if node else "[]"
        case _:
            return str(node)


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
