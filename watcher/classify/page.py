"""What an answer holds, read lazily and defensively, as the fields that rules name. No judgement here.

Anybody may have written the bytes: nothing raises, nothing takes more than linear time.
"""

import json
import re
from collections.abc import Callable, Iterator
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import lru_cache
from itertools import islice
from typing import Final
from urllib.parse import unquote

from propcache import cached_property

from watcher.classify.markup import Depth, Markup, Script
from watcher.classify.reader import Reader, read_markup
from watcher.classify.selector import Selector
from watcher.model.exchange import Response
from watcher.model.platform import Field, FieldKind

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

NO_TEXT: Final = frozenset({"null", "true", "false", "{}", "[]", "…"})
"""How the values of a JSON document that are neither texts nor numbers are written."""

_CHARSET: Final = re.compile(r"""charset=["']?([a-z0-9_.:-]{1,40})""")
_UTF_8_MARK: Final = b"\xef\xbb\xbf"
_NAMED_WITHIN: Final = 2048
_BOMS: Final = ((_UTF_8_MARK, "utf_8"), (b"\xff\xfe", "utf_16_le"), (b"\xfe\xff", "utf_16_be"))
_ANY_BOM: Final = tuple(mark for mark, _ in _BOMS)
# Decoders that are linear in time, by Python's names. Python has others ("idna", "punycode") that a hostile header
# could name.
_LINEAR: Final = (
    *("utf_8", "utf_16", "utf_16_le", "utf_16_be", "koi8_r", "koi8_u"),
    *("gb18030", "big5", "big5hkscs", "euc_jp", "iso2022_jp", "cp866", "cp874", "cp932", "cp949"),
    *("mac_roman", "mac_cyrillic"),
    *(f"iso8859_{n}" for n in (*range(2, 9), 10, *range(13, 17))),
    *(f"cp125{n}" for n in range(9)),
)
# Labels of the Encoding Standard (4.2) that Python does not know, by decoder.
_LABELS: Final = {
    "utf_8": "unicode_1_1_utf_8 unicode11utf8 unicode20utf8 x_unicode20utf8",
    "utf_16_le": "csunicode iso_10646_ucs_2 ucs_2 unicode unicodefeff",
    "utf_16_be": "unicodefffe",
    **{f"iso8859_{n}": f"iso8859{n}" for n in (*range(2, 6), 10, 13, 14)},
    "iso8859_6": "iso88596 csiso88596e csiso88596i iso_8859_6_e iso_8859_6_i",
    "iso8859_7": "iso88597 sun_eu_greek",
    "iso8859_8": "iso88598 csiso88598e csiso88598i iso_8859_8_e iso_8859_8_i visual logical",
    "iso8859_15": "iso885915 csisolatin9",
    **{f"cp125{n}": f"x_cp125{n}" for n in range(9)},
    "cp1252": "iso88591 x_cp1252",
    "cp1254": "iso88599 x_cp1254",
    "cp874": "iso885911 dos_874 windows_874",
    "cp932": "windows_31j x_sjis",
    "cp949": "cseuckr csksc56011987 iso_ir_149 ks_c_5601_1989 ksc_5601 windows_949",
    "gb18030": "csgb2312 gb_2312 gb_2312_80 x_gbk",
    "big5": "cn_big5 x_x_big5",
    "euc_jp": "cseucpkdfmtjapanese x_euc_jp",
    "koi8_r": "koi koi8",
    "koi8_u": "koi8_ru",
    "mac_roman": "csmacintosh mac x_mac_roman",
    "mac_cyrillic": "x_mac_cyrillic x_mac_ukrainian",
}
# Old names mean to browsers what has replaced them.
_CODECS: Final = {label: codec for codec, labels in _LABELS.items() for label in labels.split()} | {
    **dict(zip(_LINEAR, _LINEAR, strict=True)),
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
# What Medium, Google and Facebook put before their JSON.
_GUARD: Final = re.compile(r"\A\s*+(?:\]\)\}while\(1\);</x>|\)\]\}'|for ?\(;;\);|while\(1\);)")
_STEP: Final = re.compile(r"(?<!\\)\.")
_ANYWHERE: Final = "**."
_MAX_VALUES: Final = 100
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class NotJson:
    """Stands for a body that is no JSON document."""


NOT_JSON: Final = NotJson()
_DECODER: Final = json.JSONDecoder()


class Page:
    """One response, read on demand."""

    def __init__(self, response: Response, errors: tuple[Selector, ...] = ()) -> None:
        self._response = response
        self._errors = errors
        self._documents: dict[tuple[int, str], Json | NotJson] = {}

    @property
    def response(self) -> Response:
        """The answer that this page was read from."""
        return self._response

    @cached_property
    def raw(self) -> bytes:
        """The body as UTF-8: from its byte order mark, else the charset that the header or the page names."""
        body = self._response.body
        codec = _marked(body) or self._declared or _inside(body)
        return body.removeprefix(_UTF_8_MARK) if codec == "utf_8" else _decode(body, codec).encode("utf-8", "replace")

    @property
    def text(self) -> str:
        """The body as text."""
        return self.raw.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Json | NotJson:
        """The body as a JSON document, or NOT_JSON. What the texts in it say of charsets does not count.

        A guard before it, which keeps other sites' scripts from running the answer, is no part of the document.
        """
        text = _decode(self._response.body, self._declared or "utf_8")
        return _parse_json(_GUARD.sub("", text, count=1))

    @property
    def _declared(self) -> str | None:
        return _codec(self._response.headers.get("content-type", ""))

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.raw, self._errors)

    @property
    def is_cut(self) -> bool:
        """True for a page of so much markup that not all of it was read."""
        return self._reader.is_cut

    @cached_property
    def head(self) -> Markup:
        """The body as HTML up to where its visible part begins."""
        return self._reader.head()

    @cached_property
    def outline(self) -> Markup:
        """The body as HTML, without its visible text as such; read on from where the head ends."""
        return self._reader.whole()

    @cached_property
    def markup(self) -> Markup:
        """The body as HTML, with all that it shows."""
        return read_markup(self.raw, self._errors, Depth.TEXT)

    @property
    def title(self) -> str | None:
        """What the page calls itself. What the head says is not looked for any further."""
        return self.outline.title if self.head.title is None else self.head.title

    @property
    def canonical(self) -> str | None:
        """The address that the page calls its own."""
        return self.outline.canonical if self.head.canonical is None else self.head.canonical

    def meta(self, name: str) -> str | None:
        """The content of the page's meta of that property or name, in lower case."""
        content = self.head.metas.get(name)
        return self.outline.metas.get(name) if content is None else content

    @cached_property
    def json_ld(self) -> tuple[Json, ...]:
        """The page's JSON-LD documents."""
        documents = (_parse_json(raw) for raw in self.outline.json_ld)
        return tuple(document for document in documents if not isinstance(document, NotJson))

    @property
    def language(self) -> str | None:
        """The language that the page says it is in."""
        return self.head.language or self._response.headers.get("content-language", "")[:35] or None

    def values(self, field: Field) -> tuple[str, ...]:
        """What `field` holds; empty when the answer has no such thing."""
        return _VALUES[field.kind](self, field.key)

    def meta_values(self, key: str) -> tuple[str, ...]:
        """The content of a meta; addresses as people write them."""
        value = self.meta(key.lower())
        return _one(unquote(value) if value is not None and key.endswith("url") else value)

    def json_values(self, path: str) -> tuple[str, ...]:
        """What is at a path of the document."""
        return () if isinstance(self.json, NotJson) else tuple(_walk(self.json, path))

    def script_values(self, key: str) -> tuple[str, ...]:
        """What is at `NAME:PATH` of the documents in scripts."""
        name, _, path = key.partition(":")
        return tuple(islice(self._in_scripts(name, path), _MAX_VALUES))

    def _in_scripts(self, name: str, path: str) -> Iterator[str]:
        path, anywhere = path.removeprefix(_ANYWHERE), path.startswith(_ANYWHERE)
        keys = [f'"{step}"' for step in _steps(path) if not step.isdigit() and path != "$"]
        for place, script in enumerate(self.outline.scripts):
            # Reading a megabyte of JSON takes long, and most pages do not have the key at all.
            if all(key in script.text for key in keys):
                document = self._document(place, name)
                if not isinstance(document, NotJson):
                    yield from _search(document, path) if anywhere else _walk(document, path)

    def _document(self, place: int, name: str) -> Json | NotJson:
        if (place, name) not in self._documents:
            self._documents[place, name] = _parse_script(self.outline.scripts[place], name)
        return self._documents[place, name]


_VALUES: Final[dict[FieldKind, Callable[[Page, str], tuple[str, ...]]]] = {
    FieldKind.STATUS: lambda page, _: (str(page.response.status),),
    FieldKind.FINAL_URL: lambda page, _: (unquote(page.response.url),),
    FieldKind.REDIRECT: lambda page, _: tuple(unquote(hop.location) for hop in page.response.hops),
    FieldKind.HEADER: lambda page, name: _one(page.response.headers.get(name.lower())),
    FieldKind.JSON: Page.json_values,
    FieldKind.SCRIPT_JSON: Page.script_values,
    FieldKind.TITLE: lambda page, _: _one(page.title),
    FieldKind.META: Page.meta_values,
    FieldKind.CANONICAL: lambda page, _: _one(None if page.canonical is None else unquote(page.canonical)),
    FieldKind.JSON_LD: lambda page, path: tuple(value for each in page.json_ld for value in _walk(each, path)),
    FieldKind.ERROR: lambda page, _: tuple(page.outline.errors),
    FieldKind.TEXT: lambda page, _: tuple(page.markup.blocks),
}
"""How each part of an answer is read, by what it is; the second is the field's key."""


@lru_cache(maxsize=256)
def _codec(text: str) -> str | None:
    """The decoder for the first charset that `text` names; None when it names none that we know."""
    declared = _CHARSET.search(text.lower())
    if declared is None:
        return None
    name = normalize_encoding(declared[1])
    return _CODECS.get(aliases.get(name, name))


def _marked(body: bytes) -> str | None:
    if not body.startswith(_ANY_BOM):  # as nearly all are
        return None
    return next((codec for mark, codec in _BOMS if body.startswith(mark)), None)


def _inside(body: bytes) -> str:
    """The charset that the page names, else UTF-8. One in which the name can be read is not UTF-16 (HTML, 13.2.3.2)."""
    at = body[:_NAMED_WITHIN].lower().find(b"charset=")
    named = None if at < 0 else _codec(body[at : at + 60].decode("ascii", "replace"))
    return "utf_8" if named is None or named.startswith("utf_16") else named


def _decode(body: bytes, codec: str) -> str:
    return body.decode(_marked(body) or codec, "replace").removeprefix("\ufeff")


def _parse_json(text: str) -> Json | NotJson:
    try:
        document: Json = json.loads(text)
    except (ValueError, RecursionError):
        return NOT_JSON
    return document


def _parse_script(script: Script, name: str) -> Json | NotJson:
    """The document in a script: all of it where its id is `name`, else what it assigns to a variable of that name."""
    if script.is_json:
        return _parse_json(script.text) if name in ("*", script.id) else NOT_JSON
    assigned = _assignment(name).search(script.text) if name.isidentifier() else None
    if assigned is None:
        return NOT_JSON
    try:
        document: Json = _DECODER.raw_decode(script.text, assigned.end())[0]
    except (ValueError, RecursionError):
        return NOT_JSON
    return document


@lru_cache(maxsize=256)
def _assignment(name: str) -> re.Pattern[str]:
    """Finds the value of the variable `name`, where a line begins with its assignment: no text in a script does."""
    return re.compile(rf"^[ \t]*+(?:(?:var|let|const)\s|window\.)?{re.escape(name)}\s?=\s?", re.MULTILINE)


def _search(document: Json, path: str) -> Iterator[str]:
    """The values at a path that begins anywhere in a document, in no order that means anything."""
    first = _steps(path)[0]
    nodes: list[Json] = [document]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if first in node:
                yield from _walk(node, path)
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    r"""The steps of a dotted path; `\.` is a full stop within one."""
    return tuple(part.replace("\\.", ".") for part in _STEP.split(path))


class _Nothing:
    """Stands for what is not at a path."""


_NOTHING: Final = _Nothing()


def _at(document: Json, path: str) -> "Json | _Nothing":
    """The value at a dotted path; `$` is the document itself."""
    node = document
    for step in () if path == "$" else _steps(path):
        if isinstance(node, dict) and step in node:
            node = node[step]
        elif isinstance(node, list) and step.isascii() and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        else:
            return _NOTHING
    return node


def walk(document: Json, path: str) -> Json:
    """The value at a dotted path; None where there is none."""
    node = _at(document, path)
    return None if isinstance(node, _Nothing) else node


def _walk(document: Json, path: str) -> Iterator[str]:
    node = _at(document, path)
    if not isinstance(node, _Nothing):
        yield rendered(node)


def rendered(node: Json) -> str:
    """A value as rules compare it."""
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
            # Half a surrogate pair ("\ud800") could be encoded for no store and no medium.
            return _LONE_SURROGATE.sub("\ufffd", str(node))


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
