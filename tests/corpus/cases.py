"""The cases of a folder: each a page with its status, headers and URL, those of its controls, and what must be said.

Anybody may have written the files: what can be understood is, and a file that cannot be names its fault. Nothing is
classified here; whom and which source a case is about is read off in `whom`.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
_HEAD: Final = 2048
_OF_A_CASE: Final = frozenset({"response", "expect", "controls", "platform", "account", "url"})
# The names of charsets that browsers take for a larger one (Encoding Standard, 4.2).
_LARGER: Final = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}


class BadCaseError(ValueError):
    """A case that cannot be read. The message says which key is at fault, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: as in a case file, the body as bytes. `final_url` is None where the file has none."""

    status: int
    headers: Mapping[str, str]
    final_url: str | None
    body: bytes

    @property
    def content(self) -> tuple[object, ...]:
        """All of it, as a key of a dictionary."""
        return self.status, tuple(self.headers.items()), self.final_url, self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must be said of the page. Empty: anything. Verdicts and reasons are lower-case, as in the model."""

    verdict: str | None = None
    reason: str | None = None
    not_verdict: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case. `present` and `absent` are the controls' answers; both None where the case has no controls."""

    name: str
    group: str
    platform: str
    account: str
    url: str
    answer: Answer
    present: Answer | None = None
    absent: Answer | None = None
    expected: Expected

    @property
    def label(self) -> str:
        """The case by platform and name."""
        return f"{self.platform}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file, or one entry of it, that is no readable case."""

    name: str
    group: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What a folder holds. `others` are JSON files that are no cases and do not look like any."""

    cases: tuple[Case, ...]
    broken: tuple[Broken, ...]
    others: tuple[Path, ...]


def read_cases(folder: Path) -> tuple[Case, ...]:
    """All cases below `folder`, by path. Raises BadCaseError naming the first file that cannot be read."""
    found = read_folder(folder)
    for broken in found.broken:
        raise BadCaseError(broken.fault)
    return found.cases


def read_folder(folder: Path) -> Folder:
    """Every `*.json` below `folder`, by path; what cannot be read is told, never raised. OSError without a folder."""
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder")
    files = {path: _parse(path) for path in sorted(folder.rglob("*.json"))}
    bodies = {body for path, entries in files.items() for body in _bodies(path, entries)}
    cases: list[Case] = []
    broken: list[Broken] = []
    others: list[Path] = []
    for path, entries in files.items():
        if path.resolve() in bodies:
            continue
        place = path.relative_to(folder)
        if isinstance(entries, str):
            broken.append(Broken(name=str(place), group="", fault=f"{place}: {entries}"))
            continue
        if not any(isinstance(entry, dict) and _OF_A_CASE & entry.keys() for entry in entries):
            others.append(place)
            continue
        for number, entry in enumerate(entries):
            where = str(place) if len(entries) == 1 else f"{place}[{number}]"
            read = _read(entry, path, where)
            cases += [read] if isinstance(read, Case) else []
            broken += [read] if isinstance(read, Broken) else []
    return Folder(cases=tuple(cases), broken=tuple(broken), others=tuple(others))


def _parse(path: Path) -> list[Any] | str:
    """The entries of a file: one case, a list of them, or a list under `cases`; or why there are none."""
    try:
        # The standard library knows UTF-8, -16 and -32 by their first bytes.
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        return f"is no JSON: {error}"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if isinstance(document, dict) and isinstance(document.get("cases"), list):
        document = document["cases"]
    return document if isinstance(document, list) else [document]


def _bodies(path: Path, entries: list[Any] | str) -> Iterator[Path]:
    """The files that the cases of a file name as bodies: a body may be called *.json, and is no case."""
    for entry in entries if isinstance(entries, list) else ():
        controls = _table(_table(entry).get("controls"))
        for answer in (_table(entry).get("response"), controls.get("present"), controls.get("absent")):
            named = _table(answer).get("body_file")
            if isinstance(named, str) and named:
                yield (path.parent / named).resolve()


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _read(raw: Any, path: Path, where: str) -> Case | Broken:
    name = _text(_table(raw).get("name")) or (path.stem if "[" not in where else where)
    group = _text(_table(raw).get("group"))
    try:
        return _case(raw, path.parent, name, group)
    except BadCaseError as error:
        return Broken(name=name, group=group, fault=f"{where}: {error}")


def _case(raw: Any, folder: Path, name: str, group: str) -> Case:
    if not isinstance(raw, dict):
        raise BadCaseError(f"is {_kind(raw)}, not a case")
    url = _text(raw.get("url")) or _text(_table(raw.get("response")).get("final_url"))
    if not url:
        raise BadCaseError("url is missing")
    controls = raw.get("controls")
    if controls is not None and not isinstance(controls, dict):
        raise BadCaseError(f"controls is {_kind(controls)}; it must be null, or have present and absent")
    response = _answer(raw.get("response"), folder, url, "response")
    if response is None:
        raise BadCaseError("response is missing")
    given = _table(controls)
    return Case(
        name=name,
        group=group,
        platform=_text(raw.get("platform")),
        account=_text(raw.get("account")),
        url=url,
        answer=response,
        present=_answer(given.get("present"), folder, url, "controls.present"),
        absent=_answer(given.get("absent"), folder, url, "controls.absent"),
        expected=_expected(raw.get("expect")),
    )


def _expected(raw: Any) -> Expected:
    if not isinstance(raw, dict):
        raise BadCaseError("expect is missing" if raw is None else f"expect is {_kind(raw)}, not an object")
    asked = {key: _text(raw.get(key)).strip().lower() or None for key in ("verdict", "reason", "not_verdict")}
    return Expected(**asked)


def _answer(raw: Any, folder: Path, url: str, where: str) -> Answer | None:
    """The answer under `where`; None where there is none."""
    if raw is None or raw == {}:
        return None
    if not isinstance(raw, dict):
        raise BadCaseError(f"{where} is {_kind(raw)}, not an object")
    headers = _headers(raw.get("headers"), where)
    final_url = _text(raw.get("final_url")).strip()
    return Answer(
        status=_status(raw.get("status"), where),
        headers=headers,
        final_url=urljoin(url, final_url) if final_url else None,
        body=_body(raw, folder, headers, where),
    )


def _status(raw: Any, where: str) -> int:
    text = _text(raw).strip().partition(" ")[0].removesuffix(".0")
    if not (text.isascii() and text.isdigit()):
        raise BadCaseError(f"{where}.status is {raw!r}, not a number")
    return int(text)


def _headers(raw: Any, where: str) -> dict[str, str]:
    """Names in lower case; the values of one that is repeated are joined, as by the prober."""
    if raw is None:
        return {}
    if not isinstance(raw, (dict, list)):
        raise BadCaseError(f"{where}.headers is {_kind(raw)}, not an object")
    pairs = list(raw.items()) if isinstance(raw, dict) else [tuple(pair) for pair in raw if _is_pair(pair)]
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        values = value if isinstance(value, list) else [value]
        found.setdefault(_text(name).strip().lower(), []).extend(_text(one).strip() for one in values)
    return {name: ", ".join(values) for name, values in found.items() if name}


def _is_pair(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2


def _body(raw: Mapping[str, Any], folder: Path, headers: Mapping[str, str], where: str) -> bytes:
    named = raw.get("body_file")
    if named:
        try:
            return (folder / _text(named)).read_bytes()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise BadCaseError(f"{where}.body_file {named!r} cannot be read: {reason}") from None
    body = raw.get("body")
    if isinstance(body, (dict, list)):
        return json.dumps(body, ensure_ascii=False).encode()
    return encode(_text(body), headers)


def encode(text: str, headers: Mapping[str, str]) -> bytes:
    """A text as the bytes that would have come: in the charset that the header or the page itself declares.

    UTF-8 where none is declared, where it has not these letters, or where there is no such charset.
    """
    declared = _CHARSET.search(headers.get("content-type", "")) or _CHARSET.search(text[:_HEAD])
    try:
        name = codecs.lookup(declared[1]).name if declared is not None else "utf-8"
        return text.encode(_LARGER.get(name, name))
    except (LookupError, UnicodeError):
        pass
    try:
        return text.encode()
    except UnicodeEncodeError:  # "\udcff" in a JSON string is how many write the byte 0xff
        return text.encode("utf-8", "surrogateescape" if _is_escaped(text) else "replace")


def _is_escaped(text: str) -> bool:
    return all("\udc80" <= letter <= "\udcff" for letter in text if "\ud800" <= letter <= "\udfff")


def _text(value: Any) -> str:
    """A value of a case file as text: numbers as they are written, null as nothing."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    return str(value)


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")
