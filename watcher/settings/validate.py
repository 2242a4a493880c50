"""Hold a document against its schema: every fault at once, each at its place and in the house's words.

The only reader of pydantic's errors. What pydantic cannot know (other keys, other files) is not checked here.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from watcher.model.errors import Fault
from watcher.settings.nesting import Steps, paths
from watcher.settings.scalars import UnshownError
from watcher.settings.schema import keys_of
from watcher.settings.wording import kind_of, near, one_of, quoted
from watcher.settings.yamlfile import Document

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

_EMPTY = "is empty; write a value or remove the key"


@dataclass(slots=True, kw_only=True)
class Reading(Generic[M]):
    """A document under examination: what is right in it, and the faults found so far.

    `value` is made of what remains when faulty list items and keys are left out, so that the rest can be
    examined too; None when nothing can be made of it. `kept` has, for each shortened list, the places that
    its items had in the file. `refused` are the paths that a fault is known of.
    """

    document: Document
    value: M | None = None
    faults: list[Fault] = field(default_factory=list)
    refused: set[Steps] = field(default_factory=set)
    kept: dict[Steps, list[int]] = field(default_factory=dict)

    def refuse(self, path: Steps, message: str, *, key: bool = False) -> None:
        """Note a fault, unless one is known at that path already."""
        if path not in self.refused:
            self.refused.add(path)
            self.faults.append(self.document.fault(path, message, key=key))

    def refuse_value(self, path: Steps, error: ValueError) -> None:
        """Note what a reader of scalars said of the text at `path`, as it stands in the file."""
        shown = self.document.at(path)
        alone = isinstance(error, UnshownError) or not isinstance(shown, str)
        self.refuse(path, str(error) if alone else f"{quoted(str(shown))} {error}")

    def item(self, path: Steps, place: int) -> Steps:
        """Where an item stands: in the list at `path`, or at `path` itself where one text stands for a list of one."""
        return (*path, place) if isinstance(self.document.at(path), list) else path

    def items(self, path: Steps, values: Sequence[T]) -> Iterator[tuple[Steps, T]]:
        """The items of a list with their paths in the file."""
        places = self.kept.get(path, range(len(values)))
        for place, value in zip(places, values, strict=True):
            yield (*path, place), value


def validate(
    model: type[M], document: Document, data: object = None, unreadable: Mapping[Steps, str] | None = None
) -> Reading[M]:
    """Read `document` as a `model`.

    `data` is the document's with variables filled in, `unreadable` what could not be filled in and why.
    """
    reading: Reading[M] = Reading(document=document, faults=list(document.flaws), refused=set(document.flawed))
    content = document.data if data is None else data
    for path, message in (unreadable or {}).items():
        reading.refuse(path, message)
    for path in paths(document.data, lambda value: value is None):
        reading.refuse(path, _EMPTY)
    try:
        reading.value = model.model_validate(content)
    except ValidationError as error:
        for entry in error.errors(include_url=False):
            _note(reading, model, entry)
    if reading.refused:
        cut = {_prunable(path) for path in reading.refused}
        try:
            reading.value = model.model_validate(_without(content, (), cut, reading.kept))
        except ValidationError:
            reading.value = None
    return reading


def _prunable(path: Steps) -> Steps:
    """What to leave out because of a fault at `path`: the outermost list item, else the outermost key."""
    length = next((index + 1 for index, step in enumerate(path) if isinstance(step, int)), 1)
    return path[:length]


def _without(node: object, path: Steps, cut: AbstractSet[Steps], kept: dict[Steps, list[int]]) -> object:
    """`node` without what is `cut`; notes which places of shortened lists were `kept`."""
    match node:
        case dict():
            left = {key: value for key, value in node.items() if (*path, key) not in cut}
            return {key: _without(value, (*path, key), cut, kept) for key, value in left.items()}
        case list():
            places = [place for place in range(len(node)) if (*path, place) not in cut]
            if len(places) < len(node):
                kept[path] = places
            return [_without(node[place], (*path, place), cut, kept) for place in places]
        case _:
            return node


def _note(reading: Reading[Any], model: type[BaseModel], entry: Any) -> None:
    """Turn one of pydantic's errors into a fault."""
    loc = entry["loc"]
    path, at_key = _path(loc, reading.document.data)
    match entry["type"]:
        case "extra_forbidden":
            known = [key for found in _models_at(model, loc[:-1]) for key in keys_of(found)]
            reading.refuse(path, f"unknown key; {near(str(loc[-1]), dict.fromkeys(known))}", key=True)
        case "missing":
            reading.refuse((*path, str(loc[-1])), "is missing; this key is required")
        case "union_tag_not_found":
            reading.refuse((*path, "kind"), f"is missing; write {one_of(_kinds(model, loc))}")
        case "union_tag_invalid":
            tag = str(entry["ctx"]["tag"])
            reading.refuse_value((*path, "kind"), ValueError(f"is unknown; {near(tag, _kinds(model, loc))}"))
        case "value_error" if at_key:
            reading.refuse(path, f"this key {entry['ctx']['error']}", key=True)
        case "value_error":
            reading.refuse_value(path, entry["ctx"]["error"])
        case kind:
            reading.refuse(path, f"must be {_wanted(kind)}, not {kind_of(reading.document.at(path))}")


def _wanted(kind: str) -> str:
    return "a list" if kind in ("list_type", "tuple_type") else "a mapping"


def _path(loc: tuple[str | int, ...], data: object) -> tuple[Steps, bool]:
    """Where `loc` lies in the file. Names of union members and of short forms are not in it and are left out."""
    steps: list[str | int] = []
    node = data
    for step in loc:
        if step == "[key]":
            return tuple(steps), True
        match node, step:
            case dict(), str() if step in node:
                node = node[step]
            case list(), int() if step < len(node):
                node = node[step]
            case _:
                continue
        steps.append(step)
    return tuple(steps), False


def _models_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """What the mapping at `loc` may be; several where the kind is not known."""
    models = [model]
    in_dict = False
    for step in loc:
        found = [keys_of(m)[step].annotation for m in models if not in_dict and step in keys_of(m)]
        in_dict = any(get_origin(annotation) is dict for annotation in found)
        if found:
            models = [inner for annotation in found for inner in models_in(annotation)]
    return models


def _kinds(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The kinds that the mapping at `loc` may have."""
    return [kind for found in _models_at(model, loc) for kind in get_args(keys_of(found)["kind"].annotation)]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation speaks of, itself included."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)
