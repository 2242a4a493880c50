"""The commands about the record: what they print, what they change, and the status that they end with."""

import csv
import errno
import io
import json
import os
import random
import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fakes.newsroom import configure
from tests.unit.store.samples import PAGE_HASH, T0, account, opening, outage, state, transition
from tests.unit.store.samples import closing as ending
from watcher.cli import main
from watcher.model.outage import Phase, TransitionKind
from watcher.store.engine import DATABASE
from watcher.store.sql import SqlStore
from watcher.store.values import Body, Commit

WATCHLIST = "accounts: [https://x.com/POTUS, https://github.com/python]\n"
OLD, NEW = "potus-1", "potus-2"
REASON = ("--reason", "a test of the platform")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration, and a store in which @POTUS was down once and is down again, and @NASA is watched no more."""
    made = configure(tmp_path, watchlist=WATCHLIST)
    with closing(SqlStore(tmp_path / "state")) as store:
        store.open()
        store.watch([account("potus"), account("nasa")], T0)
        store.commit(opening(outage()))
        store.commit(ending(outage()))
        again = outage(number=2, seconds=3600)
        store.commit(opening(again))
        store.commit(Commit(states=(state(phase=Phase.DOWN, outage=again), state("nasa"))))
        store.watch([account("potus")], T0)
    return made


def call(*arguments: str | Path, answer: str | None = None) -> Result:
    """What `watcher ARGUMENTS` does."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=answer)


def listed(config: Path, *arguments: str) -> list[str]:
    """The ids of the outages that are given out."""
    return [record["id"] for record in json.loads(call("outages", "--config", config, "--json", *arguments).stdout)]


@pytest.mark.parametrize(
    "command",
    [
        "outages",
        "outages annotate potus-2 --cause unknown",
        "outages retract potus-1 --reason none",
        "evidence list",
        "notifications list",
        "silence add platform=x --for 1h --comment c",
        "silence list --expired",
        "ack potus-2 --comment c",
    ],
)
def test_the_record_is_read_and_amended_without_the_secrets(config: Path, command: str) -> None:
    """Secrets are the service's: who looks after an outage by hand need not have them."""
    config.write_text(f"{config.read_text()}heartbeat: {{url_file: /nowhere/secret}}\n")
    assert call("check", "--config", config).exit_code != 0
    result = call(*command.split(), "--config", config)
    assert (result.exit_code, result.stderr) == (0, "")


def test_an_export_as_csv(config: Path) -> None:
    """One row an outage, and nothing else."""
    result = call("outages", "--config", config, "--format", "csv")
    assert result.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(result.stdout, newline=""), strict=True))
    assert [row["id"] for row in rows] == [NEW, OLD]


def test_an_export_as_markdown(config: Path) -> None:
    """A report."""
    result = call("outages", "--config", config, "--format", "md")
    assert result.output.startswith("# Outages\n\n2 outages, ")


def test_the_record_of_one(config: Path) -> None:
    """As Markdown to be published from, as data for programs; what there is none of is told."""
    shown = call("outages", "show", OLD, "--config", config)
    assert shown.exit_code == 0
    assert shown.stdout.startswith("# @POTUS was not available on X for ")
    assert "> Désolé" in shown.stdout
    data = json.loads(call("outages", "--config", config, "show", NEW, "--json").stdout)
    assert (data["schema"], data["headline"]) == ("watcher-record/1", "@POTUS is not available on X")
    none = call("outages", "show", "nothing", "--config", config)
    assert (none.exit_code, none.stderr) == (
        1,
        "watcher: there is no outage 'nothing'; `watcher outages --json` shows their ids\n",
    )


def test_json_by_either_name(config: Path) -> None:
    """`--json` is short for `--format json`."""
    assert call("outages", "--config", config, "--json").stdout == (
        call("outages", "--config", config, "--format", "json").stdout
    )


def test_a_span_of_time(config: Path) -> None:
    """By dates, or so long ago; what is no time is a wrong call that says what is."""
    assert listed(config, "--since", "2017-11-02T23:30") == [NEW]
    assert listed(config, "--until", "2017-11-02T23:30") == [OLD]
    assert listed(config, "--since", "1h") == [NEW]
    wrong = call("outages", "--config", config, "--since", "yesterday")
    assert wrong.exit_code == 2
    assert "'yesterday' is no time: write 2017-11-02" in wrong.stderr


@pytest.mark.parametrize("command", [("outages",), ("evidence", "list")])
def test_an_account_by_another_name(config: Path, command: tuple[str, ...]) -> None:
    """Whoever is meant is found by a URL too, also when watched no more; of nobody it says so and ends with 1."""
    words: tuple[str | Path, ...] = (*command, "--config", config, "--json", "--account")
    right = call(*words, "x:potus")
    assert (right.exit_code, call(*words, "https://x.com/POTUS").stdout) == (0, right.stdout)
    assert call(*words, "X.com/NASA").exit_code == 1
    assert call(*words, "https://x.com/NASA").exit_code == 0
    assert call(*words, "github:python").exit_code == 0  # on the watchlist, though never watched so far
    wrong = call(*words, "x:patus")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert wrong.stderr == "watcher: no account 'x:patus' is known; did you mean 'x:potus'?\n"


def test_an_account_is_known_without_a_watchlist(config: Path, tmp_path: Path) -> None:
    """What is kept is read, and likened to, though the watchlist is faulty."""
    (tmp_path / "watchlist.yaml").write_text("accounts: [nobody]\n")
    assert call("outages", "--config", config, "--account", "x:potus").exit_code == 0
    assert "did you mean 'x:potus'?" in call("outages", "--config", config, "--account", "X:potus").stderr


def test_a_cut_table_says_so(config: Path) -> None:
    """An export is never cut unless asked to be."""
    cut = call("outages", "--config", config, "--limit", "1").output.splitlines()
    assert len(cut) == 3
    assert cut[-1].startswith("there are more: ")
    assert len(call("outages", "--config", config, "--limit", "2").output.splitlines()) == 3
    assert listed(config, "--limit", "1") == [NEW]


def test_a_note(config: Path) -> None:
    """It is in the record from then on; the same again is there already."""
    arguments = ("--cause", " human\nerror ", "--text", "as said", "--link", "https://x.com/a", "--by", "desk")
    first = call("outages", "annotate", OLD, "--config", config, *arguments)
    assert (first.exit_code, first.output) == (0, f"{OLD}: noted\n")
    again = call("outages", "annotate", OLD, "--config", config, *arguments)
    assert (again.exit_code, again.output) == (0, f"{OLD}: noted already\n")
    [record] = [each for each in json.loads(call("outages", "--config", config, "--json").stdout) if each["id"] == OLD]
    [note] = record["annotations"]
    assert {name: note[name] for name in ("by", "cause", "text", "link")} == {
        "by": "desk",
        "cause": "human error",
        "text": "as said",
        "link": "https://x.com/a",
    }
    assert "human error" in call("outages", "--config", config, "--format", "md").output
    assert "human error" in call("outages", "--config", config, "--format", "csv").output


def test_a_note_says_who_made_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user, unless another is named; a user without a name is unknown."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", lambda: "anna")
    call("outages", "annotate", OLD, "--config", config, "--cause", "one")
    monkeypatch.setattr("getpass.getuser", nameless)
    call("outages", "annotate", OLD, "--config", config, "--cause", "two")
    record = json.loads(call("outages", "--config", config, "--json").stdout)[1]
    assert [note["by"] for note in record["annotations"]] == ["anna", "unknown"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cause", " \x1b "), "says nothing"),
        (("--cause", "x" * 5000), "5000 characters long"),
        (("--cause", "x", "--link", "javascript:alert(1)"), "is no web address"),
        (("--cause", "x", "--link", "https://[::1"), "is no web address"),
        ((), "Missing option '--cause'"),
    ],
)
def test_what_is_no_note(config: Path, arguments: tuple[str, ...], said: str) -> None:
    """A wrong call, with what is wrong of it."""
    result = call("outages", "annotate", OLD, "--config", config, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_retraction(config: Path) -> None:
    """Marked in the table, left out of what is given out, there on demand; once."""
    first = call("outages", "retract", OLD, "--config", config, *REASON)
    assert (first.exit_code, first.output.split(";")[0]) == (0, f"{OLD}: taken back")
    again = call("outages", "retract", OLD, "--config", config, *REASON)
    assert (again.exit_code, again.output) == (0, f"{OLD}: was taken back already; nothing was changed\n")
    assert call("outages", "--config", config).output.splitlines()[2].endswith("recovered, retracted")
    assert listed(config) == [NEW]
    assert listed(config, "--retracted") == [NEW, OLD]
    assert OLD not in call("outages", "--config", config, "--format", "csv").output
    assert OLD in call("outages", "--config", config, "--format", "csv", "--retracted").output
    assert "## Taken back" in call("outages", "--config", config, "--format", "md").output
    row = call("accounts", "--config", config).output.splitlines()[1]
    assert row.startswith("x:potus")


def test_an_open_outage_is_not_taken_back(config: Path) -> None:
    """1, and what to do instead; so for one that is not there."""
    still = call("outages", "retract", NEW, "--config", config, *REASON)
    assert still.exit_code == 1
    assert f"{NEW} is still open and cannot be taken back: wait until it is over" in still.stderr
    for name, more in (("retract", REASON), ("annotate", ("--cause", "x"))):
        unknown = call("outages", name, "nothing", "--config", config, *more)
        assert unknown.exit_code == 1
        assert "there is no outage 'nothing'" in unknown.stderr


def test_the_configuration_may_be_named_before_the_subcommand(config: Path) -> None:
    """Where one would look for it."""
    assert call("outages", "--config", config, "annotate", OLD, "--cause", "x").exit_code == 0


def test_forgetting(config: Path) -> None:
    """Asked first; nothing is left of it, not even on the disk; again there is nothing to forget."""
    state_dir = config.parent / "state"
    declined = call("forget", "x:nasa", "--config", config, answer="n\n")
    assert declined.exit_code == 1
    with closing(SqlStore(state_dir, read_only=True)) as store:
        store.open()
        assert "x:nasa" in store.load().states
    done = call("forget", "x:nasa", "--config", config, "--yes")
    assert (done.exit_code, done.output) == (0, "x:nasa: forgotten\n")
    assert b"nasa" not in (state_dir / "watcher.db").read_bytes().lower()
    again = call("forget", "x:nasa", "--config", config, "--yes")
    assert (again.exit_code, again.stderr) == (1, "watcher: nothing is kept of 'x:nasa'\n")


def test_a_listed_account_is_not_forgotten(config: Path) -> None:
    """Nor one that a run still watches; when nobody runs, an edited list is enough."""
    listed_still = call("forget", "x:potus", "--config", config, "--yes")
    assert listed_still.exit_code == 1
    assert "x:potus is on the watchlist: take it off" in listed_still.stderr
    (config.parent / "watchlist.yaml").write_text("accounts: [https://github.com/python]\n")
    with closing(SqlStore(config.parent / "state")) as run:
        run.open()
        running = call("forget", "x:potus", "--config", config, "--yes")
        assert running.exit_code == 1
        assert "still watched by the run" in running.stderr
    assert call("forget", "x:potus", "--config", config, "--yes").exit_code == 0
    assert listed(config) == []


def test_a_backup(config: Path, tmp_path: Path) -> None:
    """What it holds and how to restore it; 2 where it cannot be made, 1 where something was lost before."""
    made = call("backup", tmp_path / "copy", "--config", config)
    assert made.exit_code == 0
    assert made.output.startswith(f"backup    {tmp_path}/copy: 2 outages, 1 page, ")
    assert (tmp_path / "copy" / "evidence" / PAGE_HASH[:2] / f"{PAGE_HASH}.gz").is_file()
    refused = call("backup", tmp_path / "copy", "--config", config)
    assert refused.exit_code == 2
    assert "copy is not empty" in refused.stderr
    next((config.parent / "state" / "evidence").rglob("*.gz")).unlink()
    lossy = call("backup", tmp_path / "other", "--config", config)
    assert lossy.exit_code == 1
    assert f"lost      the evidence {PAGE_HASH}" in lossy.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("outages", "annotate", OLD, "--cause", "x"),
        ("outages", "retract", OLD, *REASON),
        ("forget", "x:nasa", "--yes"),
        ("backup", "copy"),
    ],
)
def test_without_a_store_there_is_nothing_to_do(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """2, and nothing is made."""
    result = call(*arguments, "--config", configure(tmp_path, watchlist=WATCHLIST))
    assert result.exit_code == 2
    assert "has watcher run yet?" in result.stderr
    assert not (tmp_path / "state").exists()
    assert not Path("copy").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("accounts",),
        ("outages",),
        ("outages", "annotate", OLD, "--cause", "a test"),
        ("evidence", "list"),
        ("notifications", "list"),
        ("silence", "list"),
        ("forget", "x:nasa", "--yes"),
        ("backup", "copy"),
    ],
)
def test_somebody_else_is_told_who_may(config: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    """The state_dir lets its owner in alone."""
    real = Path.stat

    def refused(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == DATABASE:  # root is let in everywhere
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refused)
    result = call(*command, "--config", config)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.endswith("watcher.db: Permission denied: run this as the user that runs watcher")


@contextmanager
def no_room() -> Iterator[None]:
    """Meanwhile no file grows beyond 40 KB; a database that is only read needs 32."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["proof.zip", "proof"])
def test_an_export_that_fails_leaves_nothing(config: Path, tmp_path: Path, name: str) -> None:
    """Once there is room, the same command makes it."""
    page = random.Random(0).randbytes(100_000)
    body = Body(sha256=sha256(page).hexdigest(), content=page)
    with closing(SqlStore(tmp_path / "state")) as store:
        store.open()
        seen = transition(TransitionKind.OUTAGE_REASON_CHANGED, 3650, outage(number=2, seconds=3600), body.sha256)
        store.commit(Commit(transitions=(seen,), bodies=(body,)))
    command = ("evidence", "export", NEW, tmp_path / name, "--config", config)
    with no_room():
        failed = call(*command)
    assert (failed.exit_code, f"{name} cannot be written" in failed.stderr) == (1, True)
    assert not (tmp_path / name).exists()
    again = call(*command)
    assert (again.exit_code, again.stderr) == (0, "")
    assert call("evidence", "verify", tmp_path / name).exit_code == 0
