"""The quick reading of an edit gives exactly what a full reading gives, however the files are written."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.unit.settings.edited import edited
from watcher.settings import Loaded, load
from watcher.settings.load import load_all, load_parted
from watcher.settings.marks import marks_of

HEADS = (
    "accounts:\n",
    "defaults: {severity: critical}\naccounts: # x\n\n",
    "defaults: {interval: 10m, timezone: UTC}\naccounts:\n# whom\n",
)
TAILS = ("", "# the end\n", "owners: {%s: {name: A}}\n", "owners: {%s: {name: A}}\n# '}\n")
QUOTED = '{s}- url: "{a}"\n{s}  timezone: UTC\n{s}  windows:\n{s}  - days: fri\n{s}    hours: "09:00\n{s}- 17:00"\n'
SHAPES = (
    "{s}- {a}\n",
    "{s}- url: {a}\n{s}  interval: 5m\n",
    "{s}- {{url: {a}, severity: warning}}\n",
    "{s}-   {a}   # remark\n\n",
    "{s}-\n{s}  url: {a}\n",
    "{s}- url: >-\n{s}    {a}\n",
    "{s}- '{a}'\n# at the margin\n",
    f"{QUOTED}{{s}}    interval: 30s\n",  # a line within the quotes looks like an item
    "{s}- url: {a}\n{s}  labels: {{a: 'b\n",  # a quote left open
    "{s}- c'}}\n",
    "{s}-\t{a}\n",  # YAML's own words allow it, its readers do not
)
SOUND = 7  # of the shapes, from the first on: each has one part


class Files:
    """Two files with defaults of their own, written again and again."""

    def __init__(self, directory: Path, random: Random) -> None:
        self.path = directory / "watcher.yaml"
        self.path.write_text("watchlist: [a.yaml, b.yaml]\nstate_dir: state\n")
        self._random = random
        self._heads = random.choices(HEADS, k=2)
        self._tails = [tail.replace("%s", owner) for tail, owner in zip(random.choices(TAILS, k=2), "ab", strict=True)]
        self.space = random.choice(["", "  "])

    def write(self, *lists: list[str], cut: bool = False) -> None:
        """Other entries; the last line may lack its end."""
        for name, head, entries, tail in zip("ab", self._heads, lists, self._tails, strict=True):
            text = f"{head}{''.join(entries)}{tail}"
            (self.path.parent / f"{name}.yaml").write_text(text.removesuffix("\n") if cut else text)

    def entry(self, number: int, shapes: int = len(SHAPES)) -> str:
        """Somebody's entry, in one shape or another."""
        shape = self._random.choice(SHAPES[:shapes])
        return shape.format(s=self.space, a=f"https://bsky.app/profile/u{number}.example.com")

    def edited(self, lists: list[list[str]]) -> list[list[str]]:
        """One to three changes: entries go, come (some twice), change, move within a file or to the other one."""
        new = [list(entries) for entries in lists]
        for _ in range(self._random.randint(1, 3)):
            here, there = self._random.sample(new, 2)
            at = self._random.randrange(len(here))
            match self._random.randrange(6):
                case 0 if len(here) > 1:
                    here.pop(at)
                case 1 if len(here) > 1:
                    there.insert(self._random.randrange(len(there) + 1), here.pop(at))
                case 2:
                    self._random.shuffle(here)
                case 3:
                    here[at] = self.entry(self._random.randrange(10))
                case 4:
                    here.insert(at, self._random.choice(there))
                case _:
                    here.insert(at, self.entry(self._random.randrange(8, 20)))
        return new

    def known(self) -> Loaded:
        """What is written, as another process that reads it hands it over."""
        loaded = load_parted(self.path, {})
        return replace(loaded, marks=marks_of(loaded.watchlist.accounts.values()))


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platforms are read once: they are not what is tried here."""
    monkeypatch.setattr(load, "_all_platforms", cache(load._all_platforms))


def said(loaded: Loaded) -> Any:
    """All that it says of accounts, in its order."""
    accounts = loaded.watchlist.accounts
    return list(accounts.items()), loaded.watchlist.owners, marks_of(accounts.values())


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("seed", range(4))
def test_quick_is_full(tmp_path: Path, seed: int) -> None:
    """Whatever an edit does: it is read quickly as it is read in full, or not quickly; many are read quickly."""
    random, quick = Random(seed), 0
    for _ in range(50):
        files = Files(tmp_path, random)
        lists = [[files.entry(number, SOUND) for number in numbers] for numbers in (range(4), range(4, 8))]
        files.write(*lists)
        old = files.known()
        assert len(old.layouts) == 2
        files.write(*files.edited(lists), cut=random.random() < 0.2)
        new = edited(old, files.path)
        if new is not None:
            assert (*said(new)[:2], new.marks) == said(load_all(files.path, {}))
            assert new.layouts == load_parted(files.path, {}).layouts
            quick += 1
    assert quick >= 10


BASE = "accounts:\n- https://x.com/alice\n- https://x.com/bob\n- https://x.com/carol\n"


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("dash", ["-\n  ", "- # x\n  ", "-  "])
def test_nobody_is_lost_after_an_odd_dash(tmp_path: Path, dash: str) -> None:
    """An item may begin with a dash and the end of its line: both that are new are watched."""
    files = Files(tmp_path, Random(0))
    files.path.write_text("watchlist: a.yaml\nstate_dir: state\n")
    (tmp_path / "a.yaml").write_text(BASE)
    old = files.known()
    (tmp_path / "a.yaml").write_text(
        f"{BASE}- https://x.com/dave\n{dash}https://x.com/erin\n{dash}https://x.com/frank\n"
    )
    new = edited(old, files.path)
    assert new is not None
    assert list(new.watchlist.accounts) == ["x:alice", "x:bob", "x:carol", "x:dave", "x:erin", "x:frank"]


@pytest.mark.usefixtures("quickly")
def test_an_entry_goes_by_the_defaults_of_its_file(tmp_path: Path) -> None:
    """Moved from a file of critical accounts to one of others, it is critical no longer."""
    files = Files(tmp_path, Random(0))
    head, moved = "defaults: {severity: critical}\n", "- https://x.com/carol\n"
    (tmp_path / "a.yaml").write_text(f"{head}{BASE}")
    (tmp_path / "b.yaml").write_text("accounts:\n- https://x.com/dave\n")
    old = files.known()
    (tmp_path / "a.yaml").write_text(f"{head}{BASE.removesuffix(moved)}")
    (tmp_path / "b.yaml").write_text(f"accounts:\n- https://x.com/dave\n{moved}")
    new = edited(old, files.path)
    assert new is not None
    assert new.watchlist.accounts["x:carol"].severity == "warning"
    assert new.watchlist == load_all(files.path, {}).watchlist


@pytest.mark.usefixtures("quickly")
def test_lines_within_quotes_are_no_accounts(tmp_path: Path) -> None:
    """Where parts are more than the accounts in them, all is read: nobody is mistaken for the next."""
    files = Files(tmp_path, Random(0))
    files.path.write_text("watchlist: a.yaml\nstate_dir: state\n")
    (tmp_path / "a.yaml").write_text(BASE)
    old = files.known()
    entry = QUOTED.format(s="", a="https://x.com/alice") + "    interval: 30s\n"
    (tmp_path / "a.yaml").write_text(BASE.replace("- https://x.com/alice\n", entry))
    assert list(load_all(files.path, {}).watchlist.accounts) == ["x:alice", "x:bob", "x:carol"]
    assert edited(old, files.path) is None
