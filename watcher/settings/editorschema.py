"""config/schema/*.json, by which editors complete and check YAML: made from the models, as `make docs` does.

    python -m watcher.settings.editorschema watcher|watchlist docs/configuration.md > FILE

The keys, their types and which are required come from the models, what a value looks like from `shapes`, what it means
from the page. What a schema cannot say (another key, another file, the environment) is for `watcher check`. Pure, but
for the last lines.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, PlainValidator
from pydantic.fields import FieldInfo

from watcher.settings import alertingschema as alerting
from watcher.settings import week
from watcher.settings.configurationdocs import Row, rows
from watcher.settings.load import load_platforms
from watcher.settings.schema import (
    AccountEntry,
    DefaultsEntry,
    PlatformOverrideEntry,
    SourceOverrideEntry,
    Under,
    WatchlistFile,
    keys_of,
    several,
)
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.shapes import SHAPES, Fragment, Reader, words, words_of

FILES: Final[Mapping[str, type[BaseModel]]] = {"watcher": SettingsFile, "watchlist": WatchlistFile}
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

# What is checked where the values are made, and yet is a matter of shape: lists that must name something …
_SOME: Final = frozenset(
    {
        (WatchlistFile, "accounts"),
        (SettingsFile, "watchlist"),
        (SettingsFile, "channels"),
        (SettingsFile, "routes"),
        (alerting.EmailChannelEntry, "to"),
        (alerting.AlertmanagerChannelEntry, "peers"),
        (alerting.AppriseChannelEntry, "urls"),
        (alerting.RouteEntry, "channels"),
        (alerting.DigestEntry, "channels"),
    }
)
# … keys of which exactly one is given …
_ONE_OF: Final[Mapping[type[BaseModel], tuple[str, str]]] = {
    alerting.SlackChannelEntry: ("webhook_url", "webhook_url_file"),
    alerting.SlackBotChannelEntry: ("token", "token_file"),
    alerting.WebhookChannelEntry: ("url", "url_file"),
    alerting.AppriseChannelEntry: ("urls", "urls_file"),
    alerting.HeartbeatEntry: ("url", "url_file"),
}
# … and keys of which one set is there.
_ANY_OF: Final[Mapping[type[BaseModel], tuple[tuple[str, ...], ...]]] = {
    AccountEntry: (("url",), ("platform", "handle")),
    alerting.HoursEntry: (("days",), ("hours",)),
}
_ABOVE: Final = "As above"
_IS_ABOVE: Final[Mapping[type[BaseModel], type[BaseModel]]] = {
    AccountEntry: DefaultsEntry,
    SourceOverrideEntry: PlatformOverrideEntry,
}
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_PLAIN_DEFAULT: Final = re.compile(r"`([^`{]+)`")


def document(name: str, page: str, platforms: Iterable[str]) -> Fragment:
    """The schema of `watcher.yaml` or `watchlist.yaml`; `page` is docs/configuration.md."""
    return _Writer(FILES[name], page, tuple(platforms), variables=name == "watcher").written(f"{name}.yaml of watcher")


class _Writer:
    """Collects the definitions while it goes through the models."""

    def __init__(self, root: type[BaseModel], page: str, platforms: tuple[str, ...], *, variables: bool) -> None:
        self._root = root
        self._page = page
        self._platforms = platforms
        self._words = partial(words, variables=variables)
        self._variables = variables
        self._defined: dict[str, Fragment] = {}

    def written(self, title: str) -> Fragment:
        head = {"$schema": DIALECT, "title": title, "$comment": "Made by `make docs`; change the models instead."}
        body = self._mapping(self._root)
        return {**head, **body, "$defs": dict(sorted(self._defined.items()))}

    def _mapping(self, model: type[BaseModel]) -> Fragment:
        meanings = rows(self._page, model)
        fields = keys_of(model)
        made: Fragment = {
            "description": inspect.cleandoc(model.__doc__ or ""),
            "type": "object",
            "properties": {key: self._property(model, key, info, meanings[key]) for key, info in fields.items()},
            "required": [key for key, info in fields.items() if info.is_required()],
            "additionalProperties": False,
        }
        if model in _ONE_OF:
            made["oneOf"] = [{"required": [key]} for key in _ONE_OF[model]]
        if model in _ANY_OF:
            made["anyOf"] = [{"required": list(keys)} for keys in _ANY_OF[model]]
        return made

    def _property(self, model: type[BaseModel], key: str, info: FieldInfo, said: Row) -> Fragment:
        made = self._of(info.annotation, info.metadata)
        if key == "platform":
            made = self._of(info.annotation, info.metadata, known=self._platforms)
        if (model, key) in _SOME:
            _some(made)
        if model is SettingsFile and key == "platforms":
            made["properties"] = dict.fromkeys(self._platforms, made["additionalProperties"])
        return {"description": self._meaning(model, key, said.meaning), **made, **_default(said.default)}

    def _meaning(self, model: type[BaseModel], key: str, meaning: str) -> str:
        """What the page says, with what it says above where it refers to that."""
        if meaning.startswith(_ABOVE):
            above = rows(self._page, _IS_ABOVE[model])[key].meaning
            more = meaning.removeprefix(_ABOVE).strip(".,; ")
            meaning = f"{above} {more[:1].upper()}{more[1:]}." if more else above
        return _LINK.sub(r"\1", meaning)

    def _of(self, annotation: Any, metadata: Iterable[Any] = (), known: tuple[str, ...] = ()) -> Fragment:
        """The schema of a type with what stands beside it in Annotated; `known` are words to propose for its texts."""
        plain = next((found for found in metadata if isinstance(found, PlainValidator)), None)
        made = self._inside(annotation, known) if plain is None else self._scalar(plain, annotation, known)
        for found in metadata:
            match found:
                case BeforeValidator(func=func) if func is several:
                    made = {"anyOf": [made, made["items"]]}
                case BeforeValidator(func=Under(key=key)):
                    made = {"anyOf": [made, self._of(*_field(annotation, key))]}
                case AfterValidator(func=week.some):
                    _some(made)
        return made

    def _scalar(self, plain: PlainValidator, annotation: Any, known: tuple[str, ...]) -> Fragment:
        reader: Reader = inspect.unwrap(plain.func)
        choices = words_of(reader, annotation)
        if choices is not None:
            return self._words(choices)
        shape = SHAPES[reader]
        self._defined.setdefault(shape.name, shape.fragment(variables=self._variables))
        reference = {"$ref": f"#/$defs/{shape.name}"}
        return {"anyOf": [{"enum": list(known)}, reference]} if known else reference

    def _inside(self, annotation: Any, known: tuple[str, ...]) -> Fragment:
        parts = tuple(part for part in get_args(annotation) if part not in (NoneType, Ellipsis))
        match get_origin(annotation):
            case origin if origin is Annotated:
                return self._of(parts[0], parts[1:], known)
            case origin if origin in (Union, UnionType):
                return self._kinds(parts) if len(parts) > 1 else self._of(parts[0], known=known)
            case origin if origin is Literal:
                return {"const": parts[0]}
            case origin if origin in (list, tuple):
                return {"type": "array", "items": self._of(parts[0], known=known)}
            case origin if origin is dict:
                names, values = (self._of(part) for part in parts)
                return {"type": "object", "propertyNames": names, "additionalProperties": values}
        return self._reference(annotation)

    def _kinds(self, models: tuple[Any, ...]) -> Fragment:
        """A mapping that is one of several by its `kind`, so that what is wrong in it is told of that kind alone."""
        kinds = {get_args(model.model_fields["kind"].annotation)[0]: model for model in models}
        each = [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": self._reference(model)}
            for kind, model in kinds.items()
        ]
        return {
            "type": "object",
            "properties": {"kind": self._words(tuple(kinds))},
            "required": ["kind"],
            "allOf": each,
        }

    def _reference(self, model: Any) -> Fragment:
        name = model.__name__.removesuffix("Entry")
        if name not in self._defined:
            self._defined[name] = {}  # a route may hold routes
            self._defined[name] = self._mapping(model)
        return {"$ref": f"#/$defs/{name}"}


def _field(model: type[BaseModel], key: str) -> tuple[Any, list[Any]]:
    info = model.model_fields[key]
    return info.annotation, info.metadata


def _some(made: Fragment) -> None:
    """At least one item."""
    (made["anyOf"][0] if "anyOf" in made else made)["minItems"] = 1


def _default(cell: str) -> Fragment:
    """The default, where it is a plain value."""
    found = _PLAIN_DEFAULT.fullmatch(cell)
    if found is None:
        return {}
    written = found[1]
    return {"default": {"true": True, "false": False}.get(written, int(written) if written.isdigit() else written)}


def text(name: str, page: str) -> str:
    """The file."""
    made = document(name, page, load_platforms(None))
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text(sys.argv[1], Path(sys.argv[2]).read_text("utf-8")))
