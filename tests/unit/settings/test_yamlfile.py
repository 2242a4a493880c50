"""Reading YAML as text, with places."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from watcher.model.errors import ConfigError
from watcher.settings.nesting import DEEPEST
from watcher.settings.yamlfile import LARGEST, parse, path_text, read, show

LOADERS = [pytest.param(getattr(yaml, name), id=name) for name in ("BaseLoader", "CBaseLoader") if hasattr(yaml, name)]
each_parser = pytest.mark.parametrize("loader", LOADERS)


def refusal(text: str, loader: Any = yaml.BaseLoader) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.yaml", loader)
    return str(caught.value)


@each_parser
def test_scalars_stay_as_they_are_written(loader: Any) -> None:
    """What YAML would take for a bool, a number or a time stays a string; only nothing at all is None."""
    document = parse("[no, 0123, 12:30:45, 1e3, ~, null, '', 2017-11-02]", "f.yaml", loader)
    assert document.data == ["no", "0123", "12:30:45", "1e3", "~", "null", "", "2017-11-02"]
    assert parse("a:\nb: ''\n", "f.yaml", loader).data == {"a": None, "b": ""}


@each_parser
def test_every_key_and_value_has_its_place(loader: Any) -> None:
    """Lines and columns count from 1; keys and values are told apart."""
    document = parse("accounts:\n  - interval: 10s\n    'b': [x, {c: y}]\n", "f.yaml", loader)
    assert str(document.fault(("accounts", 0, "interval"), "m")) == "f.yaml:2:15: accounts[0].interval: m"
    assert str(document.fault(("accounts", 0, "interval"), "m", key=True)) == "f.yaml:2:5: accounts[0].interval: m"
    assert document.fault(("accounts", 0, "b", 1, "c"), "m").column == 18
    assert document.line(("accounts", 0, "b")) == 3


def test_a_fault_about_what_is_not_there_is_placed_at_what_surrounds_it() -> None:
    """A missing key has no place of its own."""
    document = parse("accounts:\n  - a: b\n", "f.yaml")
    assert str(document.fault(("accounts", 0, "handle"), "is missing")).startswith("f.yaml:2:5: accounts[0].handle:")
    assert document.fault(("owners", "x"), "m", key=True).line == 1


def test_what_is_written_can_be_asked_for() -> None:
    """`at` gives the text at a path, None beyond it."""
    document = parse("a: [x, {b: c}]", "f.yaml")
    assert document.at(("a", 1, "b")) == "c"
    assert document.at(("a", 7)) is None
    assert document.at(("a", "b")) is None
    assert document.at(("a", 0, "b")) is None


@each_parser
def test_duplicate_keys_are_refused_and_the_first_one_stands(loader: Any) -> None:
    """Each duplicate is a flaw at its own place, also within and below other ones."""
    text = "a: 1\nb: {x: 1, x: {y: 1, y: [2]}}\na: [3, {z: 1}]\n"
    document = parse(text, "f.yaml", loader)
    assert document.data == {"a": "1", "b": {"x": "1"}}
    assert [str(flaw) for flaw in document.flaws] == [
        "f.yaml:2:11: b.x: duplicate key; line 2 has it already",
        "f.yaml:3:1: a: duplicate key; line 1 has it already",
    ]
    assert document.line(("a",)) == 1


@each_parser
@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1:1", "is empty"),
        ("# nothing\n", "1:1", "is empty"),
        ("---\n", "1:1", "is empty"),
        ("{}", "1:1", "is empty"),
        ("a: b\nc: [d", "2:4", "the [ that is opened here is not closed before line"),
        ("a: b: c", "1:5", "put a value that holds ': ' in quotes"),
        ('a:\n  - "b\n  - c\nd: e\n', "2:5", "the quote that is opened here is not closed"),
        ("a:\n  - {b: c\n  - {b: d}\n", "2:5", "the { that is opened here is not closed before line 3"),
        ("a:\n  - b\n  c\n  - d\n", "3:3", "'- ' before it"),
        ("a:\n  b: c\n - d\n", "3:2", "does not fit the mapping of line 1; indent it like those"),
        ("a: 'it's'\n", "1:8", "put the whole value in quotes"),
        ("a: |b\n", "1:4", "put a value that begins with | or > in quotes"),
        ("a:\n\tb: c", "2:1", "indent with spaces"),
        ("handle: @alice", "1:9", "'@' cannot begin a value; put the value in quotes"),
        ("{token: ${X_TOKEN}}", "1:10", "such as ${NAME}, in quotes"),
        ("a: &x b\nc: *x", "1:4", "anchors and aliases"),
        ("a: *x", "1:4", "anchors and aliases"),
        ("a: !!python/object:os.system x", "1:4", "tags (!) are not supported"),
        ("a: b\n---\nc: d", "2:1", "second document"),
        ("{[a]: b}", "1:2", "a key must be a word"),
        ("'': b", "1:1", "a key must be a word"),
        ("a: \x07", "1:4", "U+0007"),
        ("a: b\nc: \ufffe", "2:4", "U+FFFE"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(loader: Any, text: str, place: str, words: str) -> None:
    """Both parsers, the quick and the portable one, refuse the same at the same place."""
    said = refusal(text, loader)
    assert words in said
    assert said.startswith(f"f.yaml:{place}")


def test_control_characters_in_escapes_are_flaws() -> None:
    """An escape can say what the file itself may not hold."""
    document = parse('a: "x\\0y"\n"k\\ey": [{b: "\\u001b"}]\n', "f.yaml")
    assert [(flaw.line, flaw.message) for flaw in document.flaws] == [
        (1, "contains the control character U+0000; remove it"),
        (2, "contains the control character U+001B; remove it"),
        (2, "contains the control character U+001B; remove it"),
    ]
    assert ("a",) in document.flawed


def test_deep_nesting_is_refused() -> None:
    """A file of brackets neither exhausts the stack nor the reader's patience."""
    assert f"deeper than {DEEPEST} levels" in refusal("[" * 5000 + "]" * 5000)
    assert f"deeper than {DEEPEST} levels" in refusal("{a: " * (DEEPEST + 1) + "b" + "}" * (DEEPEST + 1))
    assert parse("[" * DEEPEST + "x" + "]" * DEEPEST, "f.yaml").data


def test_billion_laughs_are_refused_at_the_first() -> None:
    """Aliases are not followed, so nothing can explode."""
    text = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    assert refusal(text).startswith("f.yaml:1:4: anchors and aliases")


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    """Missing files, folders, other encodings and huge files are refused without a traceback."""
    cases: list[tuple[bytes, str]] = [
        (b"a: b\nc: caf\xe9\n", "f:2:7: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"#" * (LARGEST + 1), "f:1:1: is larger than 64 MB; is this the right file?"),
    ]
    for raw, said in cases:
        path = tmp_path / "f"
        path.write_bytes(raw)
        with pytest.raises(ConfigError) as caught:
            read(path, "f")
        assert str(caught.value) == said
    with pytest.raises(ConfigError, match="m:1:1: cannot be read: no such file"):
        read(tmp_path / "missing", "m")
    with pytest.raises(ConfigError, match="d:1:1: cannot be read: is a directory"):
        read(tmp_path, "d")


def test_a_byte_order_mark_and_crlf_do_no_harm(tmp_path: Path) -> None:
    """Files saved on Windows are read as the others."""
    path = tmp_path / "f"
    path.write_bytes(b"\xef\xbb\xbfa: b\r\nc: d\r\n")
    document = read(path, "f")
    assert document.data == {"a": "b", "c": "d"}
    assert document.line(("c",)) == 2


def test_paths_are_shown_as_people_write_them() -> None:
    """Plain keys are joined by dots; others stand in brackets, cut at the first space (a secret may follow)."""
    assert path_text(("accounts", 0, "intervall")) == "accounts[0].intervall"
    assert path_text(("rules", 1, "json:did")) == "rules[1]['json:did']"
    assert path_text(("webhook_url https://hooks.slack.com/T/B/secret",)) == "webhook_url…"
    assert path_text(("",)) == "['']"


def test_file_names_are_relative_inside_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault can be clicked in a terminal."""
    monkeypatch.chdir(tmp_path)
    assert show(tmp_path / "config/w.yaml") == "config/w.yaml"
    assert show(Path("config/w.yaml")) == "config/w.yaml"
    assert show(Path("/etc/w.yaml")) == "/etc/w.yaml"


@given(st.text(alphabet="ab:-[]{},&*!'\"#|>?%@ \n\t\\0~<\x00é", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever the file holds, there is a document or a ConfigError, and nothing else."""
    for loader in (yaml.BaseLoader, getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
        try:
            assert parse(text, "f.yaml", loader).data
        except ConfigError as error:
            lines = [fault.line for fault in error.faults]
        else:
            continue
        assert min(lines) >= 1


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """`--config <(…)`: it would be empty the second time."""
    pipe = tmp_path / "watcher.yaml"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="is a pipe or a device; save it as a file"):
        read(pipe, "watcher.yaml")
