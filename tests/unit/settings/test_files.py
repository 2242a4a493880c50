"""Several watchlists, and noticing that any file of a configuration has changed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.settings.samples import PLATFORMS, configure, faults
from watcher.model.account import Severity
from watcher.settings.files import ConfigFiles
from watcher.settings.load import load_all, load_watchlist

SEVERAL = "watchlist: [watchlist.yaml, watchlist.d/*.yaml]"
ENV = {"WHERE": "lists"}


def add(tmp_path: Path, name: str, text: str) -> Path:
    """Write one more watchlist."""
    (tmp_path / "watchlist.d").mkdir(exist_ok=True)
    path = tmp_path / "watchlist.d" / name
    path.write_text(text, "utf-8")
    return path


def test_several_watchlists_are_one(tmp_path: Path) -> None:
    """In the order of their names; owners are known in all, defaults hold in their own file only."""
    path = configure(
        tmp_path,
        watcher=SEVERAL,
        watchlist="defaults: {severity: critical}\nowners: {py: Python}\naccounts: [https://github.com/python]",
    )
    add(tmp_path, "b.yaml", "accounts: [{url: https://github.com/b, owner: py}]")
    add(tmp_path, "a.yaml", "defaults: {severity: info}\naccounts: [https://github.com/a]")
    add(tmp_path, ".#c.yaml", "what an editor left")
    add(tmp_path, "c.yaml~", "what another one left")
    watchlist = load_all(path, {}).watchlist
    assert [(a.id, a.severity) for a in watchlist.accounts.values()] == [
        ("github:python", Severity.CRITICAL),
        ("github:a", Severity.INFO),
        ("github:b", Severity.WARNING),
    ]
    assert watchlist.accounts["github:b"].owner == "py"
    assert watchlist.owners.keys() == {"py"}


def test_each_fault_names_its_file(tmp_path: Path) -> None:
    """Those of all files come together, in the order of the files; who is there twice is told where the first is."""
    path = configure(tmp_path, watcher=SEVERAL, watchlist="owners: {py: Python}\naccounts: [https://github.com/python]")
    add(tmp_path, "a.yaml", "accounts: [https://github.com/python, {url: https://github.com/a, intervall: 1m}]")
    add(tmp_path, "b.yaml", "owners: {py: Another}\naccounts: [{url: https://github.com/b, owner: pi}]")
    add(tmp_path, "c.yaml", "")
    add(tmp_path, "d.yaml", "accounts: [")
    shown = [fault.replace(f"{tmp_path}/", "") for fault in faults(path)]
    assert [fault.split(":")[0] for fault in shown] == [
        *["watchlist.d/a.yaml"] * 2,
        *["watchlist.d/b.yaml"] * 2,
        "watchlist.d/c.yaml",
        "watchlist.d/d.yaml",
    ]
    assert "'github:python' is watched already, by the entry in " in shown[0]
    assert shown[0].endswith("watchlist.yaml:2")
    assert "unknown key; did you mean 'interval'?" in shown[1]
    assert "'py' is described already, in " in shown[2]
    assert "'pi' is no owner; write py" in shown[3]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("watchlist: []", "watchlist: no files; name at least one watchlist, or remove the key"),
        ("watchlist: w*/list.yaml", "'w*/list.yaml' has a wildcard in a folder's name; write it in the last part only"),
        ("watchlist: none.d/*.yaml", "watchlist: matches no file; name one that lists accounts"),
        ("watchlist: [watchlist.yaml, other.yaml]", "other.yaml:1:1: cannot be read: no such file"),
    ],
)
def test_what_is_wrong_with_the_names_is_said(tmp_path: Path, written: str, said: str) -> None:
    """A pattern may match nothing as long as some file is there; a plain name must be there."""
    first, *_others = faults(configure(tmp_path, watcher=written))
    assert said in first


def test_a_pattern_may_match_nothing(tmp_path: Path) -> None:
    """Beside another file."""
    path = configure(tmp_path, watcher=SEVERAL)
    assert list(load_all(path, {}).watchlist.accounts) == ["github:python"]


def test_the_same_file_is_read_once(tmp_path: Path) -> None:
    """Though two patterns match it."""
    file = add(tmp_path, "a.yaml", "accounts: [https://chirp.example/a]")
    assert len(load_watchlist([file, file.parent / "*.yaml"], PLATFORMS).accounts) == 1


def whole(tmp_path: Path) -> Path:
    """A configuration that names every kind of file."""
    (tmp_path / "hook").write_text("https://hooks.example/1", "utf-8")
    add(tmp_path, "a.yaml", "accounts: [https://github.com/a]")
    return configure(
        tmp_path,
        watcher=f"{SEVERAL}\nchannels: [{{name: s, kind: slack, webhook_url_file: hook}}]\n"
        "platforms: {x: {credentials: {token_file: token}}}",
        agora="platform: agora",
    )


def replaced(file: Path, text: str) -> None:
    """As editors save: a new file takes the old one's place."""
    new = file.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.replace(file)


EDITS: dict[str, Callable[[Path], object]] = {
    "settings": lambda base: replaced(base / "watcher.yaml", SEVERAL),
    "watchlist": lambda base: replaced(base / "watchlist.yaml", "accounts: [https://github.com/b]"),
    "one of several": lambda base: (base / "watchlist.d/a.yaml").write_text("accounts: [https://github.com/c]"),
    "one more": lambda base: (base / "watchlist.d/b.yaml").write_text("accounts: [https://github.com/c]"),
    "one less": lambda base: (base / "watchlist.d/a.yaml").unlink(),
    "gone": lambda base: (base / "watchlist.yaml").unlink(),
    "platform": lambda base: (base / "platforms/agora.yaml").write_text("platform: forum"),
    "another platform": lambda base: (base / "platforms/forum.yaml").write_text("platform: forum"),
    "a secret": lambda base: (base / "hook").write_text("https://hooks.example/2"),
    "a secret that was missing": lambda base: (base / "token").write_text("t"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_any_change_is_noticed(tmp_path: Path, edit: Callable[[Path], object]) -> None:
    """Of whatever file, by its content."""
    path = whole(tmp_path)
    files = ConfigFiles(path, {})
    before = files.fingerprint()
    assert files.fingerprint() == before
    edit(tmp_path)
    assert files.fingerprint() != before


def test_what_was_touched_has_not_changed(tmp_path: Path) -> None:
    """Times do not matter, neither do files that nobody reads."""
    path = whole(tmp_path)
    files = ConfigFiles(path, {})
    before = files.fingerprint()
    os.utime(tmp_path / "watchlist.yaml", (0, 0))
    (tmp_path / "watchlist.d/.a.yaml.swp").write_text("")
    (tmp_path / "notes.txt").write_text("")
    assert files.fingerprint() == before


def test_a_config_map_is_followed(tmp_path: Path) -> None:
    """The folder's symbolic link is turned to another one; the files keep their names."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        configure(tmp_path / name, watchlist=f"accounts: [https://github.com/{name}]")
    (tmp_path / "data").symlink_to("one")
    path = tmp_path / "data/watcher.yaml"
    files = ConfigFiles(path, {})
    before = files.fingerprint()
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "data")
    assert files.fingerprint() != before


@pytest.mark.parametrize("text", ["", "- a", "[", "watchlist: {a: b}", "watchlist: [[a]]", "watchlist: ${NONE}/a.yaml"])
def test_a_hopeless_file_has_a_fingerprint_too(tmp_path: Path, text: str) -> None:
    """So that its mending is noticed."""
    path = configure(tmp_path, watcher=text)
    files = ConfigFiles(path, {})
    before = files.fingerprint()
    replaced(path, "web: {}")
    assert files.fingerprint() != before


def test_a_watchlist_named_by_a_variable_is_followed(tmp_path: Path) -> None:
    """Variables are filled in as when it is read."""
    (tmp_path / "lists").mkdir()
    path = configure(tmp_path, watcher='watchlist: "${WHERE}/w.yaml"')
    files = ConfigFiles(path, ENV)
    before = files.fingerprint()
    (tmp_path / "lists/w.yaml").write_text("accounts: [https://github.com/a]")
    assert files.fingerprint() != before
