"""docs/configuration.md says what the schema says."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, RootModel

from watcher.settings import platformschema, schema, settingsschema
from watcher.settings.configurationdocs import SECTIONS, Row, rows
from watcher.settings.load import load_all, load_platforms
from watcher.settings.scalars import span_text
from watcher.settings.validate import models_in

ROOT = Path(__file__).parents[3]
DOC = (ROOT / "docs/configuration.md").read_text("utf-8")
ROOTS = (schema.WatchlistFile, settingsschema.SettingsFile, platformschema.PlatformFile)


def reachable(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for info in model.model_fields.values():
        for inner in models_in(info.annotation):
            if inner is not model:  # a route may hold routes
                yield from reachable(inner)


def table(model: type[BaseModel]) -> dict[str, Row]:
    return rows(DOC, model)


def written(value: Any) -> str:  # noqa: PLR0911 - one answer for each kind of default
    match value:
        case bool():
            return str(value).lower()
        case 2_000_000:
            return "2MB"
        case timedelta():
            return span_text(value)
        case (str() as alone,):
            return alone
        case (host, int() as port):
            return f"{host}:{port}"
        case BaseModel():
            return "{" + ", ".join(f"{key}: {written(getattr(value, key))}" for key in type(value).model_fields) + "}"
        case _:
            return str(value)


def is_in_words(value: Any) -> bool:
    """True for defaults that stand for something else: nothing, or a mapping described in its own section."""
    return value is None or (isinstance(value, BaseModel) and value == type(value).model_construct())


def test_every_model_of_the_schema_has_its_section() -> None:
    """A mapping that can be written is described."""
    assert {m for root in ROOTS for m in reachable(root) if not issubclass(m, RootModel)} == set(SECTIONS)


@pytest.mark.parametrize("model", SECTIONS, ids=lambda m: m.__name__)
def test_every_key_is_described_with_its_default(model: type[BaseModel]) -> None:
    """The table of a mapping has its keys, all of them and no other, with the defaults that the program uses."""
    described = table(model)
    assert list(described) == list(schema.keys_of(model))
    for key, info in schema.keys_of(model).items():
        cell = described[key].default
        if info.is_required():
            assert cell == "required", key
        elif is_in_words(info.default):
            assert cell != "required", key
        elif info.default in ((), [], {}):
            assert cell == "none", key
        else:
            assert cell == f"`{written(info.default)}`", key


BLOCKS = re.findall(r"^```yaml (\w+)\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL)


def test_every_yaml_block_says_what_it_is() -> None:
    """No block of YAML escapes the test below."""
    assert len(BLOCKS) == DOC.count("```yaml") == 4


@pytest.mark.parametrize(("kind", "text"), BLOCKS, ids=[kind for kind, _ in BLOCKS])
def test_every_yaml_block_loads(kind: str, text: str, tmp_path: Path) -> None:
    """What the documentation shows is accepted."""
    (tmp_path / "watchlist.yaml").write_text("accounts: [https://bsky.app/profile/alice.example]\n", "utf-8")
    (tmp_path / "watcher.yaml").write_text("web: {listen: 127.0.0.1:11102}\n", "utf-8")
    (tmp_path / "platforms").mkdir()
    name = {"watcher": "watcher.yaml", "watchlist": "watchlist.yaml", "platform": "platforms/agora.yaml"}[kind]
    (tmp_path / name).write_text(text, "utf-8")
    env = {"SLACK_WEBHOOK_URL": "https://hooks.slack.example/T/B/x", "SMTP_PASSWORD": "p", "X_TOKEN": "t"}
    loaded = load_all(tmp_path / "watcher.yaml", env)
    assert len(loaded.watchlist.accounts) == (4 if kind == "watchlist" else 1)
    assert ("agora" in loaded.platforms) == (kind == "platform")


def test_every_shipped_platform_is_named() -> None:
    """The ids that can be written in `platform:` are listed."""
    row = table(schema.AccountEntry)["platform"].meaning
    assert set(re.findall(r"`(\w+)`", row)) == set(load_platforms(None))
