"""Values of the model to and from JSON and rows, and the hash chain over transitions. Pure: no tables, no I/O.

One codec for all frozen dataclasses, by their type hints: a field added to the model is kept from then on, and
what was stored before it has the field's default. Instants and spans become integer microseconds.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from hashlib import sha256
from types import NoneType, UnionType
from typing import Any, Protocol, TypeVar, get_args, get_origin, get_type_hints

from watcher.model.finding import Stamp
from watcher.model.outage import Transition

_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def micros_of(instant: datetime) -> int:
    """Microseconds since 1970 UTC. ValueError for a naive datetime: nobody knows when that was."""
    if instant.tzinfo is None:
        raise ValueError(f"naive datetime {instant.isoformat()}: give it a time zone")
    return span_micros(instant - _EPOCH)


def instant_of(micros: int) -> datetime:
    """The instant so many microseconds after 1970, UTC."""
    return _EPOCH + timedelta(0, 0, micros)


def span_micros(span: timedelta) -> int:
    """The microseconds of `span`."""
    return (span.days * _DAY + span.seconds) * 1_000_000 + span.microseconds  # several times as fast as a division


def span_of(micros: int) -> timedelta:
    """A span of so many microseconds."""
    return timedelta(0, 0, micros)


def is_sha256(text: str) -> bool:
    """True for 64 lower-case hexadecimal digits, and nothing else."""
    return _SHA256.fullmatch(text) is not None


def to_json(value: Any) -> Any:
    """`value` as what JSON can say. TypeError for what the model does not use."""
    return _json_maker(value.__class__)(value)


@cache
def _json_maker(kind: type) -> Callable[[Any], Any]:  # noqa: PLR0911 - one line for each kind of value
    """How values of exactly this kind are put; found out once, as a mass event has hundreds of thousands of them."""
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, str | int | NoneType):
        return lambda value: value
    if issubclass(kind, datetime):
        return micros_of
    if issubclass(kind, timedelta):
        return span_micros
    if issubclass(kind, Mapping):
        return lambda value: {str(key): to_json(item) for key, item in value.items()}
    if issubclass(kind, tuple):
        return lambda value: [to_json(item) for item in value]
    if dataclasses.is_dataclass(kind):
        names = tuple(field.name for field in dataclasses.fields(kind))
        return lambda value: {name: to_json(getattr(value, name)) for name in names}
    return _refuse


def _refuse(value: Any) -> Any:
    raise TypeError(f"cannot be stored: {value!r}")


def without_defaults(data: Any) -> Any:
    """What `to_json` made, without the keys that say nothing: for what is stored often. `from_json` fills them in.

    Only for dataclasses whose fields are None, False or empty where nothing else is said.
    """
    match data:
        case dict():
            return {key: without_defaults(value) for key, value in data.items() if not _says_nothing(value)}
        case list():
            return [without_defaults(item) for item in data]
        case _:
            return data


def _says_nothing(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, list | dict) and not value)


def from_json(hint: Any, data: Any) -> Any:
    """The value of type `hint` that `to_json` made `data` of. ValueError for a word outside its closed set."""
    if data is None:
        return None
    kind = _without_none(hint)
    if dataclasses.is_dataclass(kind):
        return _dataclass_of(kind, data)
    if get_origin(kind) is tuple:
        return tuple(from_json(get_args(kind)[0], item) for item in data)
    if kind is datetime:
        return instant_of(data)
    if kind is timedelta:
        return span_of(data)
    return kind(data) if isinstance(kind, type) and issubclass(kind, Enum) else data


def _dataclass_of(kind: Any, data: Mapping[str, Any]) -> Any:
    return kind(**{name: from_json(hint, data[name]) for name, hint in _hints(kind).items() if name in data})


def _without_none(hint: Any) -> Any:
    if get_origin(hint) is UnionType:
        return next(kind for kind in get_args(hint) if kind is not NoneType)
    return hint


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@cache
def _columns(kind: Any) -> tuple[tuple[str, bool], ...]:
    return tuple((name, _without_none(hint) is Stamp) for name, hint in _hints(kind).items())


class Row(Protocol):
    """What a database hands out: values by the names of their columns."""

    def __getitem__(self, column: str, /) -> Any:
        """The value in that column."""
        ...


def to_row(value: Any, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a dataclass by column; a stamp as its two ends. `without` names fields that have no column."""
    row: dict[str, Any] = {}
    for name, is_stamp in _columns(value.__class__):
        if name in without:
            continue
        item = getattr(value, name)
        if is_stamp:
            row[f"{name}_e"] = None if item is None else item.earliest
            row[f"{name}_l"] = None if item is None else item.latest
        else:
            row[name] = item
    return row


def from_row(kind: Callable[..., _T], row: Row, **given: Any) -> _T:
    """The dataclass that `to_row` made `row` of; `given` are the fields that have no column."""
    plain, stamps = _wanted(kind, tuple(given))
    for name in stamps:
        ends = row[f"{name}_e"], row[f"{name}_l"]
        given[name] = None if None in ends else Stamp(earliest=ends[0], latest=ends[1])
    return kind(**given, **{name: row[name] for name in plain})


@cache
def _wanted(kind: Any, given: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields that are in one column each, and the stamps."""
    columns = [(name, is_stamp) for name, is_stamp in _columns(kind) if name not in given]
    return tuple(name for name, is_stamp in columns if not is_stamp), tuple(
        name for name, is_stamp in columns if is_stamp
    )


def transition_document(transition: Transition) -> dict[str, Any]:
    """What the hash of a transition is taken over."""
    return {
        "kind": transition.kind.value,
        "at": micros_of(transition.at),
        "account_id": transition.account_id,
        "finding": to_json(transition.finding),
        "outage": to_json(transition.outage),
        "detail": to_json(transition.detail),
    }


def canonical(value: Any) -> str:
    r"""`value` as JSON in the one way that hashes are taken over: keys sorted, no spaces, ASCII (others as \uXXXX)."""
    return _CANONICAL.encode(value)


def chained_hash(document: Mapping[str, Any], previous: str) -> str:
    """SHA-256, hexadecimal, of `document` as canonical JSON and then the hash of the row before ("" for the first)."""
    return hash_of_texts({name: canonical(value) for name, value in document.items()}, previous)


def hash_of_texts(texts: Mapping[str, str], previous: str) -> str:
    """As `chained_hash`, of a document whose values are canonical JSON already; its names need no escapes."""
    joined = ",".join(f'"{name}":{texts[name]}' for name in sorted(texts))
    return sha256(f"{{{joined}}}{previous}".encode("ascii")).hexdigest()
