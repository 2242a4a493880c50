"""Large watchlists: read in a process of their own, and after an edit only what the edit has changed."""

import errno
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.settings.edited import edited
from watcher.look.handover import compare
from watcher.model.errors import ConfigError
from watcher.model.reload import Edit
from watcher.settings import Loaded, Reading, ReadingError
from watcher.settings.layout import part
from watcher.settings.load import load_all, load_parted
from watcher.settings.marks import marks_of
from watcher.settings.nesting import paths
from watcher.settings.plainyaml import OddError, read_plain
from watcher.settings.yamlfile import LOADER, parse

HEAD = "# whom we watch\nowners:\n  desk: {name: The Desk}\ndefaults: {interval: 2m}\naccounts:  # by URL\n"
TAIL = "# the end\n"


def entry(name: str, more: str = "") -> str:
    """An entry in its long form."""
    return f"  - url: https://x.com/{name}\n    owner: desk\n    labels: {{desk: news}}\n{more}"


class Files:
    """A watcher.yaml, and a watchlist to be written again and again."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "watcher.yaml"
        self.path.write_text("watchlist: watchlist.yaml\nstate_dir: state\n")

    def write(self, *entries: str, head: str = HEAD, tail: str = TAIL) -> None:
        """Another watchlist."""
        (self.path.parent / "watchlist.yaml").write_text(f"{head}{''.join(entries)}{tail}")

    def whole(self) -> Loaded:
        """All that is there."""
        return load_all(self.path, {})

    def parted(self) -> Loaded:
        """The same with layouts, as a process that reads for another gives it."""
        return load_parted(self.path, {})

    def with_marks(self) -> Loaded:
        """The same with marks too."""
        loaded = self.parted()
        return Loaded(
            **{name: getattr(loaded, name) for name in loaded.__slots__}
            | {"marks": marks_of(loaded.watchlist.accounts.values())}
        )


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """With three accounts."""
    made = Files(tmp_path)
    made.write(entry("alice"), entry("bob"), entry("carol"))
    return made


def ids(loaded: Loaded) -> list[str]:
    """Whom it watches, in order."""
    return list(loaded.watchlist.accounts)


def test_an_edit_is_read_by_itself(files: Files) -> None:
    """What is new is as if all had been read; what is not is the very same object, in the order of the file."""
    old = files.with_marks()
    files.write(entry("dave"), entry("carol"), entry("bob", "    severity: critical\n"), "  - https://x.com/erin\n\n")
    new = edited(old, files.path)
    assert new is not None
    assert new.watchlist == files.whole().watchlist
    assert ids(new) == ["x:dave", "x:carol", "x:bob", "x:erin"]
    assert new.watchlist.accounts["x:carol"] is old.watchlist.accounts["x:carol"]
    assert compare(old.watchlist, new.watchlist) == Edit(
        added=("x:dave", "x:erin"), removed=("x:alice",), changed=("x:bob",)
    )
    again = files.with_marks()
    assert (new.marks, new.layouts) == (again.marks, again.layouts)
    assert edited(new, files.path) is not None


@pytest.mark.parametrize(
    ("entries", "head", "tail"),
    [
        ((entry("alice"), entry("bob"), entry("Alice")), HEAD, TAIL),  # watched twice
        ((entry("alice"), entry("bob"), "  - {url: https://x.com/carol, intervall: 1m}\n"), HEAD, TAIL),
        ((entry("alice"), entry("bob"), '  - "https://x.com/carol\n'), HEAD, TAIL),  # a quote left open
        ((entry("alice"), entry("bob")), HEAD.replace("2m", "3m"), TAIL),
        ((entry("alice"), entry("bob")), HEAD, "extra: [1]\n"),
        (("  []\n",), HEAD, TAIL),
    ],
)
def test_what_is_more_than_an_edit_is_read_whole(files: Files, entries: tuple[str, ...], head: str, tail: str) -> None:
    """Faults, other defaults, another shape: what is wrong is then said with its place in the file."""
    old = files.with_marks()
    files.write(*entries, head=head, tail=tail)
    assert edited(old, files.path) is None


def test_other_platforms_are_more_than_an_edit(files: Files) -> None:
    """An entry means what the platforms say that it means."""
    old = files.with_marks()
    files.path.write_text(files.path.read_text() + "platforms: {x: {pace: {requests: 5, per: 1m}}}\n")
    assert edited(old, files.path) is None


TRAPS = (
    'accounts:\n  - url: "https://x.com/alice\n  - url: b"\n',  # begins within a quoted text
    "note: |\n accounts:\n  - https://x.com/alice\naccounts: [https://x.com/bob]\n",
    "accounts:\n- https://x.com/alice\n- {url: 'https://x.com/bob\n- x'}\n",
    "{\naccounts:\n  - https://x.com/alice\n}",
)


@pytest.mark.parametrize("text", TRAPS)
def test_lines_that_only_look_like_items(files: Files, text: str) -> None:
    """Where the parts are not the accounts one by one, there is no layout, and nothing is taken from it."""
    (files.path.parent / "watchlist.yaml").write_text(text)
    try:
        loaded = files.with_marks()
    except ConfigError:
        return
    assert loaded.layouts == {}
    assert edited(loaded, files.path) is None


_PIECES = st.sampled_from(
    [
        entry("a"),
        entry("b"),
        "  - https://x.com/c\n",
        "  - 'x\n",
        "'\n",
        "   k: |\n",
        "    - x\n",
        "# c\n",
        "\n",
        "- z\n",
    ]
)


@given(st.lists(_PIECES, max_size=6))
def test_parts_are_items(pieces: list[str]) -> None:
    """Whatever is written: where there are as many parts as items, each part by itself is its item."""
    text = HEAD + "".join(pieces)
    try:
        data = parse(text, "f").data
    except ConfigError:
        return
    parts = part(text)
    assert isinstance(data, dict)
    if parts is None or not isinstance(data["accounts"], list) or len(parts.items) != len(data["accounts"]):
        return
    for item, expected in zip(parts.items, data["accounts"], strict=True):
        alone = parse(parts.with_items([item]), "f").data
        assert isinstance(alone, dict)
        assert alone["accounts"] == [expected]


@given(st.text("ab:-{}[]'\"\n #&*!,|\\", max_size=40))
def test_plain_reading_is_full_reading(text: str) -> None:
    """Whatever is written: what is read fast is what is read with every place, or it is refused as odd."""
    try:
        plain = read_plain(text, LOADER)
    except OddError:
        return
    document = parse(text, "f")
    assert document.data == plain
    assert document.flaws == ()
    assert all(path in document.places().values for path in paths(plain, lambda _value: True))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every configuration is a large one."""
    monkeypatch.setattr("watcher.settings.apart.LARGE", 0)


@pytest.mark.usefixtures("large")
def test_another_process_reads_the_same(files: Files) -> None:
    """All, and what it means; once more, only of whom something new is said; and every fault with its place."""
    first = Reading().load(files.path, {})
    whole = files.whole()
    assert (first.watchlist, first.settings, first.fingerprint) == (whole.watchlist, whole.settings, whole.fingerprint)
    files.write(entry("alice"), entry("bob", "    interval: 1m\n"), head=HEAD.replace("The Desk", "Desk"))
    second = Reading().load(files.path, {}, first)
    assert second.watchlist == files.whole().watchlist
    assert second.watchlist.accounts["x:alice"] is first.watchlist.accounts["x:alice"]
    assert second.platforms is first.platforms
    files.write(entry("alice", "    intervall: 1m\n"))
    with pytest.raises(ConfigError, match=r"watchlist\.yaml:9:5: accounts\[0\]\.intervall: unknown key; did you mean"):
        Reading().load(files.path, {}, second)


@pytest.mark.usefixtures("large")
def test_another_process_reads_what_is_new(files: Files) -> None:
    """Of an edit only that; where the platforms have changed too, which this process alone can tell, all of it."""
    env = {"DESK": "news"}
    first = Reading().load(files.path, env)
    files.write(entry("alice"), entry("bob", "    interval: 1m\n"), entry("dave"))
    second = Reading().load(files.path, env, first)
    assert (second.watchlist, second.env) == (files.whole().watchlist, env)
    assert second.layouts == files.parted().layouts
    assert second.watchlist.accounts["x:alice"] is first.watchlist.accounts["x:alice"]
    assert second.fingerprint != first.fingerprint
    files.path.write_text(files.path.read_text() + "platforms: {x: {pace: {requests: 5, per: 1m}}}\n")
    files.write(entry("alice"), entry("erin"))
    third = Reading().load(files.path, env, second)
    assert third.watchlist == files.whole().watchlist
    assert third.platforms["x"].sources[0].pace.requests == 5


@pytest.mark.usefixtures("large")
def test_a_reader_that_is_stopped(files: Files) -> None:
    """It ends at once, and whoever waited for it is told that it was no fault of the files."""
    reading = Reading()
    Timer(0.05, reading.stop).start()
    with pytest.raises(ReadingError, match="could not be read: its reader ended with status -9"):
        reading.load(files.path, {})


@pytest.mark.usefixtures("large")
def test_a_reader_that_takes_too_long(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for without end: it is killed, and that is said."""
    monkeypatch.setattr("watcher.settings.apart._LONGEST", 0.2)
    monkeypatch.setattr("watcher.settings.apart._PROGRAM", "import time; time.sleep(60)")
    with pytest.raises(ReadingError, match=r"could not be read: its reader took longer than 0\.2 s"):
        Reading().load(files.path, {})


@pytest.mark.usefixtures("large")
def test_a_reader_that_dies(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where memory is wanting: whoever waited for it is told how it ended."""
    monkeypatch.setattr("watcher.settings.apart._PROGRAM", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ReadingError, match="could not be read: its reader ended with status -9"):
        Reading().load(files.path, {})


@pytest.mark.usefixtures("large")
def test_a_reader_that_cannot_begin(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started, that is no crash but said as any end of a reading is."""

    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(ReadingError, match="its reader could not be started: cannot allocate memory"):
        Reading().load(files.path, {})


@pytest.mark.usefixtures("large")
def test_a_reader_is_this_program_only(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the working directory under the name of a module is not run, also by an empty entry of the path."""
    (tmp_path / "pickle.py").write_text("raise SystemExit('not this one')\n")
    (tmp_path / "yaml.py").write_text("raise SystemExit('nor this one')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert ids(Reading().load(files.path, {})) == ["x:alice", "x:bob", "x:carol"]


@pytest.mark.usefixtures("large")
def test_a_reader_that_may_not_step_back(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a filter of system calls lets nobody change a priority, not even to the same, it reads all the same."""
    refused = "import os\ndef nice(by): raise PermissionError(1, 'Operation not permitted')\nos.nice = nice\n"
    monkeypatch.setattr("watcher.settings.apart._PROGRAM", f"{refused}from watcher.settings.apart import main; main()")
    assert ids(Reading().load(files.path, {})) == ["x:alice", "x:bob", "x:carol"]
