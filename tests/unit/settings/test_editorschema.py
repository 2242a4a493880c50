"""config/schema/*.json: made from the models, and of one mind with `watcher check` about the shape of a file."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from tests.unit.settings.written import BROKEN, RIGHT, SCALARS
from watcher.settings.editorschema import FILES, text
from watcher.settings.load import load_platforms
from watcher.settings.settingsfile import read_settings
from watcher.settings.shapes import SHAPES, Reader
from watcher.settings.watchlistfile import build_watchlist, read_watchlist
from watcher.settings.yamlfile import Document, parse

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/configuration.md").read_text("utf-8")
PLATFORMS = load_platforms(None)
ENV = {
    "SLACK_WEBHOOK_URL": "https://hooks.example/services/T/B/x",
    "SLACK_BOT_TOKEN": "xoxb-0000000000-0000000000000-XXXX",
    "SMTP_PASSWORD": "p",
    "X_TOKEN": "t",
    "X": "x",
}
FENCE = re.compile(r"^```ya?ml ?(?P<about>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SAMPLES = [
    path for path in (ROOT / "config").rglob("watch*.yaml") if path.stem in FILES and "grafana" not in path.parts
]


@cache
def schema(name: str) -> Draft202012Validator:
    """The shipped schema of that file."""
    return Draft202012Validator(json.loads((ROOT / f"config/schema/{name}.schema.json").read_text("utf-8")))


def seen(node: Any) -> Any:  # noqa: PLR0911 - one answer a kind
    """What an editor makes of a file that is text to watcher: numbers, switches and nothings, by YAML 1.2."""
    match node:
        case dict():
            return {str(key): seen(value) for key, value in node.items()}
        case list():
            return [seen(item) for item in node]
        case str() if re.fullmatch(r"[-+]?[0-9]+", node):
            return int(node)
        case str() if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", node):
            return float(node)
        case str() if node.lower() in ("true", "false") and node in (node.lower(), node.upper(), node.capitalize()):
            return node.lower() == "true"
        case str() if node in ("", "~", "null", "Null", "NULL"):
            return None
    return node


def is_right(name: str, data: Any) -> bool:
    """What the schema says of a file whose texts are these."""
    return bool(schema(name).is_valid(seen(data)))


def faults(name: str, data: Any, base: Path = Path("/nowhere")) -> list[str]:
    """What `watcher check` says of it, other files apart."""
    document = Document(file=name, data=data)
    if name == "watcher":
        return [fault.message for fault in read_settings(document, base, ENV)[0].faults]
    reading = read_watchlist(document)
    build_watchlist([reading], PLATFORMS)
    return [fault.message for fault in reading.faults]


@pytest.mark.parametrize("name", FILES)
def test_the_schemas_are_made_from_the_models(name: str) -> None:
    """`make docs` would change neither the file for editors nor the one that is installed."""
    made = text(name, PAGE)
    for folder in ("config/schema", "watcher/schemas"):
        assert (ROOT / folder / f"{name}.schema.json").read_text("utf-8") == made, "run make docs"
    Draft202012Validator.check_schema(json.loads(made))


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every mapping of a schema that has keys of its own."""
    if isinstance(node, dict):
        if "additionalProperties" in node:
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for item in node:
            yield from objects(item)


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_explained(name: str) -> None:
    """Each key has a description in plain words, each mapping refuses what it does not know."""
    shown = [found for found in objects(schema(name).schema) if found["additionalProperties"] is False]
    assert len(shown) > 5
    for mapping in shown:
        assert mapping["description"]
        for key, value in mapping["properties"].items():
            assert value["description"], key
            assert not re.search(r"\]\(|As above", value["description"]), key


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_shipped_is_right(path: Path) -> None:
    """Every sample under config/ keeps its schema, as an editor reads it too; the first ones name it."""
    written = path.read_text("utf-8")
    assert list(schema(path.stem).iter_errors(YAML(typ="safe", pure=True).load(written))) == []
    assert is_right(path.stem, parse(written, path.name).data)
    if path.parent == ROOT / "config":
        named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", written)
        assert named is not None
        assert (path.parent / named[1]).is_file()


def blocks() -> Iterator[tuple[str, str, Any]]:
    """Every block of YAML in README and docs that is one of the two files: page, which, content."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for found in FENCE.finditer(page.read_text("utf-8")):
            data = parse(found["body"], page.name).data
            keys = set(data) if isinstance(data, dict) else set()
            for name, model in FILES.items():
                is_one = keys <= set(model.model_fields) if not found["about"] else name in Path(found["about"]).stem
                if is_one and found["about"] != "alertmanager.yml" and "platforms/" not in found["about"]:
                    yield f"{page.name}: {found['body'][:30]}", name, data


BLOCKS = list(blocks())


def test_many_blocks_are_tried() -> None:
    """None of the pages that show a configuration is passed over."""
    pages = {page.split(":")[0] for page, _, _ in BLOCKS}
    assert {"README.md", "configuration.md", "alerting.md", "tutorial.md", "slack.md", "smtp.md", "docker.md"} <= pages
    assert len(BLOCKS) > 20


@pytest.mark.parametrize(("page", "name", "data"), BLOCKS, ids=[f"{page}" for page, _, _ in BLOCKS])
def test_what_the_docs_show_is_right(page: str, name: str, data: Any) -> None:
    """Every configuration in README and docs keeps its schema."""
    errors = list(schema(name).iter_errors(seen(data)))
    assert errors == [], page


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Each with the name of its file."""
    return [(name, written) for name, texts in table.items() for written in texts]


@pytest.mark.parametrize(("name", "written"), cases(RIGHT))
def test_what_people_write_is_right(name: str, written: str) -> None:
    """Numbers, switches, short forms and variables: the schema takes them, as `watcher check` does."""
    assert list(schema(name).iter_errors(YAML(typ="safe", pure=True).load(written))) == []
    assert is_right(name, parse(written, name).data)
    assert faults(name, parse(written, name).data) == []


@pytest.mark.parametrize(("name", "written"), cases(BROKEN))
def test_slips_are_marked(name: str, written: str) -> None:
    """What an editor marks is what `watcher check` refuses."""
    assert not schema(name).is_valid(YAML(typ="safe", pure=True).load(written))
    assert not is_right(name, parse(written, name).data)
    assert faults(name, parse(written, name).data) != []


INSTEAD: tuple[Any, ...] = ("7", "word", "true", "10s", "${X}", [], {}, ["a"], {"a": "b"})


def changed(node: Any) -> Iterator[Any]:
    """The same with one change: another value in a place, a key that is left out, or mistyped."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        inner = changed(value) if isinstance(value, dict | list) else ()
        for new in (*INSTEAD, *inner):
            yield {**node, key: new} if isinstance(node, dict) else [*node[:key], new, *node[key + 1 :]]
        if isinstance(node, dict):
            without = {other: kept for other, kept in node.items() if other != key}
            yield without
            yield {**without, f"{key}_x": value}


@pytest.mark.parametrize(("name", "written"), cases(RIGHT))
def test_the_schema_never_refuses_what_is_taken(name: str, written: str) -> None:
    """Other values in every place, keys that are left out or mistyped: whatever check takes, the schema takes."""
    for data in changed(parse(written, name).data):
        assert is_right(name, data) or not data or faults(name, data) != [], data


def is_taken(reader: Reader, written: str) -> bool:
    """Whether the reader of a scalar takes a text."""
    try:
        reader(written)
    except ValueError:
        return False
    return True


SIGNS = st.text(alphabet="0123456789adhmsnoevrMBkixC:./-_@<>[]{}$,~ \n#*é", max_size=12)
WORDS = st.sampled_from(SCALARS)


@pytest.mark.parametrize("reader", SHAPES, ids=lambda reader: reader.__name__)
@settings(max_examples=30)
@given(written=st.one_of(WORDS, SIGNS))
def test_a_shape_takes_what_its_reader_takes(reader: Reader, written: str) -> None:
    """As the text that it is, and unquoted, as whatever YAML makes of it; in a watchlist variables apart."""
    if not is_taken(reader, written):
        return
    for variables in (True, False):
        shape = Draft202012Validator(SHAPES[reader].fragment(variables=variables))
        if not variables and "${" in written:
            assert not shape.is_valid(written)
            continue
        assert shape.is_valid(written)
        unquoted = seen(written)
        assert unquoted is None or "\n" in written or shape.is_valid(unquoted), unquoted


EXACT = [
    reader
    for reader, shape in SHAPES.items()
    if shape.name in {"slug", "label", "count", "renders", "switch", "size", "address", "webAddress", "contact", "days"}
]


@pytest.mark.parametrize("reader", EXACT, ids=lambda reader: reader.__name__)
@settings(max_examples=30)
@given(written=st.one_of(WORDS, SIGNS))
def test_a_shape_refuses_what_its_reader_refuses(reader: Reader, written: str) -> None:
    """Where a pattern can say it all, it does."""
    shape = Draft202012Validator(SHAPES[reader].fragment(variables=False))
    assert shape.is_valid(written) <= is_taken(reader, written)
