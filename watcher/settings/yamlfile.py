"""Read a YAML file as text only, and remember where everything stood.

Scalars stay strings, so that the handles `no`, `0123` and `12:30` survive; duplicate keys are refused; anchors,
aliases and tags are not understood at all (nothing can explode). What the text means is decided elsewhere.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import yaml

from watcher.model.errors import ConfigError, Fault
from watcher.settings.nesting import DEEPEST, Steps
from watcher.settings.plainyaml import OddError, read_plain
from watcher.settings.syntax import Place, complaint
from watcher.settings.wording import clipped_key

# libyaml when PyYAML was built with it: the same events, ten times faster on a watchlist of thousands.
LOADER: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
LARGEST: Final = 64_000_000

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufeff\uff00-\ufffd\U00010000-\U0010ffff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[\w-]+…?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where every key and every value stands."""

    keys: Mapping[Steps, Place] = field(default_factory=dict)
    values: Mapping[Steps, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's content (dict, list, str; None where nothing is written) and the place of every key and value.

    `file` is its name as shown in faults. `flaws` are faults found on the way that do not keep the rest from
    being read; `flawed` are the paths of the values not worth reading. `sha256` is that of the file's bytes.
    `places` may take a while: the text is read again for them.
    """

    file: str
    data: object
    places: Callable[[], Places] = Places
    flaws: tuple[Fault, ...] = ()
    flawed: frozenset[Steps] = frozenset()
    sha256: str = ""

    def fault(self, path: Steps, message: str, *, key: bool = False) -> Fault:
        """A fault at `path`: placed at the key if asked, else at the value, else at what surrounds it."""
        line, column = self._place(path, key=key)
        return Fault(file=self.file, line=line, column=column, path=path_text(path), message=message)

    def line(self, path: Steps) -> int:
        """The line on which the value at `path` begins."""
        return self._place(path, key=False)[0]

    def at(self, path: Steps) -> object:
        """What is written at `path`; None when nothing is."""
        node = self.data
        for step in path:
            match node, step:
                case dict(), str():
                    node = node.get(step)
                case list(), int() if step < len(node):
                    node = node[step]
                case _:
                    return None
        return node

    def _place(self, path: Steps, *, key: bool) -> Place:
        places = self.places()
        if key and path in places.keys:
            return places.keys[path]
        around = (path[:length] for length in range(len(path), -1, -1))
        return next((places.values[steps] for steps in around if steps in places.values), (1, 1))


def path_text(path: Steps) -> str:
    """`accounts[0].interval`; keys that are no plain words stand in brackets."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        shown = clipped_key(step)
        if _PLAIN_KEY.fullmatch(shown):
            text += f".{shown}" if text else shown
        else:
            text += f"['{shown}']"
    return text


def show(path: Path) -> str:
    """The name of a file as people would type it: relative to the working directory when inside it."""
    whole = path.absolute()
    here = Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(path)


def read(source: Traversable, file: str) -> Document:
    """The document in `source`; raises ConfigError when it cannot be read as one YAML document."""
    text, digest = text_of(source, file)
    return replace(parse(text, file), sha256=digest)


def text_of(source: Traversable, file: str) -> tuple[str, str]:
    """The text in `source`, and the hash of its bytes; raises ConfigError when there is none."""
    if isinstance(source, Path) and source.exists() and not (source.is_file() or source.is_dir()):
        raise _broken(file, (1, 1), "is a pipe or a device; save it as a file: it is read more than once")
    try:
        with source.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else (error.strerror or "unreadable").lower()
        raise _broken(file, (1, 1), f"cannot be read: {reason}") from None
    if len(raw) > LARGEST:
        raise _broken(file, (1, 1), f"is larger than {LARGEST // 1_000_000} MB; is this the right file?")
    return _decode(raw, file), sha256(raw).hexdigest()


def parse(text: str, file: str, loader: Any = LOADER) -> Document:
    """The one document in `text`; raises ConfigError when it is no YAML or says nothing."""
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        place = _place_of(text[: forbidden.start()])
        raise _broken(file, place, f"contains the character U+{ord(forbidden[0]):04X}, which YAML does not allow")
    try:
        plain = read_plain(text, loader)
    except OddError:
        return _in_full(text, file, loader)
    return Document(file=file, data=plain, places=cache(lambda: _in_full(text, file, loader).places()))


def _in_full(text: str, file: str, loader: Any) -> Document:
    """The document with the place of everything, and with all that is wrong with it."""
    builder = _Builder(file)
    try:
        for event in _events(text, loader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise _broken(file, *complaint(error, text)) from None
    if builder.root in (None, "", {}, []):
        raise _broken(file, (1, 1), "is empty; docs/configuration.md says what belongs here")
    return Document(
        file=file,
        data=builder.root,
        places=lambda: Places(keys=builder.keys, values=builder.values),
        flaws=tuple(builder.flaws),
        flawed=frozenset(builder.flawed),
    )


def _events(text: str, loader: Any) -> Iterator[Any]:
    parse_events: Callable[..., Iterator[Any]] = yaml.parse
    return parse_events(text, Loader=loader)


def _decode(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", errors="replace")
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise _broken(file, _place_of(before), message) from None


def _place_of(before: str) -> Place:
    return (before.count("\n") + 1, len(before) - before.rfind("\n"))


def _broken(file: str, place: Place, message: str) -> ConfigError:
    return ConfigError([Fault(file=file, line=place[0], column=place[1], path="", message=message)])


@dataclass(slots=True)
class _Frame:
    """A mapping or list being read. `path` is None inside a duplicate, which is read and thrown away."""

    node: dict[str, object] | list[object]
    path: Steps | None
    key: str | None = None
    dropped: bool = False


class _Builder:
    """Makes one tree of the parser's events; a stack instead of recursion, so that depth cannot hurt."""

    def __init__(self, file: str) -> None:
        self.root: object = None
        self.keys: dict[Steps, Place] = {}
        self.values: dict[Steps, Place] = {}
        self.flaws: list[Fault] = []
        self.flawed: set[Steps] = set()
        self._file = file
        self._documents = 0
        self._stack: list[_Frame] = []

    def take(self, event: Any) -> None:
        """Go on with the next event; raises ConfigError at what is not understood."""
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _broken(self._file, place, "holds a second document; keep one and remove the '---'")
            case yaml.AliasEvent():
                raise _broken(self._file, place, "anchors and aliases (& and *) are not supported; write it out")
            case yaml.ScalarEvent() | yaml.CollectionStartEvent():
                self._refuse_decoration(event, place)
                self._node(event, place)
            case yaml.CollectionEndEvent():
                self._stack.pop()
            case _:
                pass

    def _refuse_decoration(self, event: Any, place: Place) -> None:
        if event.anchor is not None:
            raise _broken(self._file, place, "anchors and aliases (& and *) are not supported; write it out")
        if event.tag is not None:
            raise _broken(self._file, place, "tags (!) are not supported; every value is text already")

    def _node(self, event: Any, place: Place) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.node, dict) and frame.key is None:
            self._key(frame, event, place)
            return
        path = self._attachable(frame)
        value: object
        match event:
            case yaml.ScalarEvent():
                value = None if event.value == "" and event.implicit[0] else event.value
            case yaml.MappingStartEvent():
                value = {}
            case _:
                value = []
        self._attach(frame, value)
        if path is not None:
            self.values[path] = place
            self._check_text(path, value)
        if isinstance(value, dict | list):
            if len(self._stack) >= DEEPEST:
                raise _broken(self._file, place, f"is nested deeper than {DEEPEST} levels")
            self._stack.append(_Frame(value, path))

    def _key(self, frame: _Frame, event: Any, place: Place) -> None:
        if not isinstance(event, yaml.ScalarEvent) or event.value == "":
            raise _broken(self._file, place, "a key must be a word; put a value that begins with { or [ in quotes")
        key: str = event.value
        frame.key = key
        frame.dropped = key in frame.node
        if frame.path is None:
            return
        path = (*frame.path, key)
        if frame.dropped:
            self._flaw(path, place, f"duplicate key; line {self.keys[path][0]} has it already")
            return
        self.keys[path] = place
        self._check_text(path, key)

    @staticmethod
    def _attachable(frame: _Frame | None) -> Steps | None:
        if frame is None:
            return ()
        if frame.path is None or frame.dropped:
            return None
        return (*frame.path, len(frame.node) if isinstance(frame.node, list) else frame.key or "")

    def _attach(self, frame: _Frame | None, value: object) -> None:
        if frame is None:
            self.root = value
        elif isinstance(frame.node, list):
            frame.node.append(value)
        else:
            if not frame.dropped:
                frame.node[frame.key or ""] = value
            frame.key, frame.dropped = None, False

    def _check_text(self, path: Steps, value: object) -> None:
        control = _CONTROL.search(value) if isinstance(value, str) else None
        if control:
            place = self.values.get(path) or self.keys[path]
            self._flaw(path, place, f"contains the control character U+{ord(control[0]):04X}; remove it")
            self.flawed.add(path)

    def _flaw(self, path: Steps, place: Place, message: str) -> None:
        line, column = place
        self.flaws.append(Fault(file=self._file, line=line, column=column, path=path_text(path), message=message))
