"""The commands: what they print, and the status that they end with."""

import json
import os
import shlex
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tests.fakes.newsroom import configure
from tests.unit.store.samples import T0, account, closed, opening, outage, state
from tests.unit.store.samples import closing as ending
from watcher import __version__
from watcher.cli import main
from watcher.cli.terminal import print_json
from watcher.model.outage import Phase
from watcher.store.sql import SqlStore
from watcher.store.values import Commit
from watcher.store.worker import StoreWorker

WATCHLIST = "accounts: [https://x.com/POTUS, https://github.com/python]\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Two accounts that can alert, at hosts where nobody answers."""
    return configure(tmp_path, watchlist=WATCHLIST)


def call(*arguments: str | Path, color: bool = False) -> Result:
    """What `watcher ARGUMENTS` does."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], color=color)


def occupied() -> socket.socket:
    """A port of 127.0.0.1 that somebody else has, until closed."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


def commands() -> dict[str, click.Command]:
    """Every command by what is typed after `watcher`, subcommands too."""
    found: dict[str, click.Command] = dict(main.commands)
    for name, command in main.commands.items():
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": subcommand for inner, subcommand in command.commands.items()}
    return found


@pytest.mark.parametrize("command", ["", *commands()])
def test_every_command_explains_itself(command: str) -> None:
    """Usage, a sentence, the options; no line that a terminal of 100 columns would break."""
    result = call(*command.split(), "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    assert all(len(line) <= 100 for line in result.output.splitlines())
    assert "..." not in result.output.replace("[ARGS]...", "")


@pytest.mark.parametrize("command", sorted(set(commands()) - {"version"}))
def test_every_command_has_examples(command: str) -> None:
    """That begin as one would type them, and name only options that there are."""
    found = commands()[command]
    examples = [line.strip() for line in (found.epilog or "").splitlines() if line.startswith("  ")]
    assert examples
    for example in examples:
        assert f"{example} ".startswith(f"watcher {command} ")
        first, *rest = shlex.split(example.removeprefix(f"watcher {command}")) or [""]
        inner = commands().get(f"{command} {first}")
        known = {option for each in (found, inner) if each for parameter in each.params for option in parameter.opts}
        assert {word for word in (first, *rest) if word.startswith("--")} <= known


def test_the_version() -> None:
    """That of the package."""
    assert call("version").output == f"watcher {__version__}\n"


def test_a_good_configuration(config: Path) -> None:
    """The summary, and 0."""
    result = call("check", "--config", config)
    assert result.exit_code == 0
    assert "\nsees: github:python: by page; tells not_found\n" in result.output
    assert result.output.endswith("2 accounts on 2 platforms; none cannot alert\n")


def test_every_fault_is_told_at_its_place(config: Path) -> None:
    """One a line on standard error, and 1."""
    watchlist = config.parent / "watchlist.yaml"
    watchlist.write_text("accounts:\n  - {url: https://x.com/POTUS, intervall: 5s}\n  - {platform: githup, handle: a}")
    result = call("check", "--config", config)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{watchlist}:2:32: accounts[0].intervall: unknown key; did you mean 'interval'?",
        f"{watchlist}:3:16: accounts[1].platform: 'githup' is no platform; did you mean 'github'?",
    ]
    record = json.loads(call("check", "--config", config, "--json").stdout)
    assert not record["ok"]
    assert [(fault["line"], fault["column"]) for fault in record["faults"]] == [(2, 32), (3, 16)]


def test_strict_fails_where_an_account_cannot_alert(tmp_path: Path) -> None:
    """The remark is the same; only the status differs."""
    config = configure(tmp_path, watchlist=WATCHLIST, asked="")
    lenient, strict = call("check", "--config", config), call("check", "--config", config, "--strict")
    assert lenient.output == strict.output
    assert lenient.output.startswith("cannot alert: x:potus: no usable source on X: ")
    assert lenient.output.endswith("2 accounts on 2 platforms; 1 cannot alert\n")
    assert (lenient.exit_code, strict.exit_code) == (0, 1)
    as_json = call("check", "--config", config, "--strict", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["ok"] is False


@pytest.fixture
def stored(config: Path) -> Path:
    """The configuration, and a store in which @POTUS was down once and is down again."""
    with closing(SqlStore(config.parent / "state")) as store:
        store.open()
        store.watch([account("potus")], T0)
        store.commit(opening(outage()))
        store.commit(ending(outage()))
        again = outage(number=2, seconds=3600)
        store.commit(opening(again))
        store.commit(Commit(states=(state(phase=Phase.DOWN, outage=again),)))
    return config


def test_accounts_as_they_stand(stored: Path) -> None:
    """As a table and as data; one that no run has seen yet is new."""
    lines = call("accounts", "--config", stored).output.splitlines()
    assert lines[0].startswith("ACCOUNT ")
    assert lines[1].startswith("x:potus        down ")
    assert lines[1].endswith("at least 19 s")
    assert lines[2].startswith("github:python  new ")
    records = json.loads(call("accounts", "--config", stored, "--json").stdout)
    assert [(record["id"], record["state"]) for record in records] == [("x:potus", "down"), ("github:python", "new")]
    assert records[0]["outage"]["quote"] == "Désolé, cette page n'existe pas"


def test_outages_the_latest_first(stored: Path) -> None:
    """Narrowed down by account, to open ones, by number."""
    lines = call("outages", "--config", stored).output.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["open", "recovered"]
    over = closed(outage(), 660)
    records = json.loads(call("outages", "--config", stored, "--json").stdout)
    assert [record["id"] for record in records] == ["potus-2", over.id]
    assert len(json.loads(call("outages", "--config", stored, "--open", "--json").stdout)) == 1
    assert len(json.loads(call("outages", "--config", stored, "--limit", "1", "--json").stdout)) == 1
    assert call("outages", "--config", stored, "--account", "github:python").output == "no outages\n"
    assert call("outages", "--config", stored, "--limit", "0").exit_code == 2


@pytest.mark.parametrize("command", ["accounts", "outages"])
def test_without_a_store_there_is_nothing_to_list(config: Path, command: str) -> None:
    """Reading makes none; 2, and what may be the matter."""
    result = call(command, "--config", config)
    assert result.exit_code == 2
    assert "has watcher run yet?" in result.stderr
    assert not (config.parent / "state").exists()


def test_a_probe_that_reaches_nobody_says_nothing(config: Path) -> None:
    """3, on one line; with --explain how it came to that; with --json as data. No store is made."""
    result = call("probe", "x:potus", "--config", config)
    assert result.exit_code == 3
    [line] = result.output.splitlines()
    assert line.startswith("@POTUS on X: INCONCLUSIVE, connect (stated by source 'page'): ")
    explained = call("probe", "https://twitter.com/potus", "--config", config, "--explain")
    assert explained.exit_code == 3
    assert "    no answer from https://x.com/potus: connect, " in explained.output
    as_json = call("probe", "x:potus", "--config", config, "--json")
    assert as_json.exit_code == 3
    assert json.loads(as_json.stdout)["reason"] == "connect"
    assert not (config.parent / "state").exists()


@pytest.mark.parametrize(("text", "said"), [("potus", "names no account"), ("y:potus", "is no platform")])
def test_a_probe_of_nobody_is_a_wrong_call(config: Path, text: str, said: str) -> None:
    """2, as for any wrong call: 1 means that an account is absent."""
    result = call("probe", text, "--config", config)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_probe_with_a_faulty_configuration_is_a_wrong_call(tmp_path: Path) -> None:
    """2, for the same reason."""
    result = call("probe", "x:potus", "--config", tmp_path / "none.yaml")
    assert result.exit_code == 2
    assert result.stderr == f"{tmp_path}/none.yaml:1:1: cannot be read: no such file\n"


def test_a_test_message(config: Path) -> None:
    """Through the channel of that name; an unknown one gets the list of those there are."""
    result = call("test-channel", "log", "--config", config)
    assert (result.exit_code, result.stdout) == (0, "log: delivered\n")
    assert json.loads(result.stderr)["event"] == "Test message from watcher: nothing has happened"
    unknown = call("test-channel", "\x1b[2Jslack", "--config", config)
    assert unknown.exit_code == 1
    assert unknown.stderr == "watcher: there is no channel '[2Jslack'; there is log\n"


def test_a_test_message_that_does_not_arrive(tmp_path: Path) -> None:
    """1, and why; the URL is a secret."""
    with occupied() as refusing:
        port = refusing.getsockname()[1]
    settings = (
        f"channels: [{{name: desk, kind: slack, webhook_url: 'http://127.0.0.1:{port}/secret'}}]\n"
        "routes: [{name: default, channels: [desk]}]\n"
    )
    result = call("test-channel", "desk", "--config", configure(tmp_path, settings=settings))
    assert result.exit_code == 1
    assert result.output.startswith("desk: not delivered: connect: ")
    assert "secret" not in result.output


def test_run_is_refused_on_a_faulty_configuration(tmp_path: Path) -> None:
    """1, before anything is opened."""
    result = call("run", "--config", tmp_path / "none.yaml")
    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path}/none.yaml:1:1: cannot be read: no such file\n"


def test_run_is_refused_without_a_store(config: Path) -> None:
    """2, with what to do."""
    (config.parent / "state").write_text("in the way")
    result = call("run", "--config", config)
    assert result.exit_code == 2
    assert result.stderr.startswith("watcher: ")
    assert result.stderr.endswith("check the state_dir\n")


def test_run_is_refused_while_another_one_runs(config: Path) -> None:
    """2, and who it is."""
    with closing(SqlStore(config.parent / "state")) as store:
        store.open()
        result = call("run", "--config", config)
    assert result.exit_code == 2
    assert f"is in use by another watcher (pid {os.getpid()}): stop that one" in result.stderr


def test_run_is_refused_on_a_taken_port(tmp_path: Path) -> None:
    """1, and the setting to change; the store is free again."""
    with occupied() as taken:
        port = taken.getsockname()[1]
        result = call("run", "--config", configure(tmp_path, port=port))
    assert result.exit_code == 1
    assert f"127.0.0.1:{port} is in use by another program: stop that, or change web.listen" in result.stderr
    with closing(SqlStore(tmp_path / "state")) as store:
        store.open()


def test_run_is_refused_with_certificates_that_are_none(config: Path) -> None:
    """1, and the setting to change."""
    (config.parent / "ca.pem").write_text("Dear diary")
    config.write_text(config.read_text().replace("allow_private", "ca_file: ca.pem, allow_private"))
    result = call("run", "--config", config)
    assert result.exit_code == 1
    assert "watcher: probe.ca_file cannot be used: " in result.stderr


def test_a_run_that_a_fault_of_its_own_ends(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3, not the 1 after which systemd does not start it again, and how it came about."""

    async def broken(_worker: StoreWorker) -> None:
        raise LookupError("a fault of the program")

    told: list[BaseException] = []
    monkeypatch.setattr(StoreWorker, "run", broken)
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: told.append(error))
    assert call("run", "--config", config).exit_code == 3
    assert [str(error) for error in told] == ["a fault of the program"]


def test_a_run_that_has_no_memory_to_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3, too: the next start may have it."""
    monkeypatch.setattr("watcher.settings.apart.LARGE", 0)
    monkeypatch.setattr("watcher.settings.apart._PROGRAM", "import os; os.kill(os.getpid(), 9)")
    result = call("run", "--config", config)
    assert result.exit_code == 3
    assert result.stderr.endswith("could not be read: its reader ended with status -9\n")


def test_the_demo_on_a_taken_port() -> None:
    """1, and the option that helps."""
    with occupied() as taken:
        port = taken.getsockname()[1]
        result = call("demo", "--once", "--port", str(port))
    assert result.exit_code == 1
    said = f"port {port} is in use by another program: watcher demo --port 0 takes a free one"
    assert result.stderr == f"watcher: {said}\n"


def _forget_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("watcher.demo")]:
        monkeypatch.delitem(sys.modules, name)


def test_the_demo_without_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """How to install what is missing, instead of a traceback."""
    _forget_demo(monkeypatch)
    monkeypatch.setitem(sys.modules, "trustme", None)
    result = call("demo", "--once")
    assert result.exit_code == 1
    assert "the demo needs the package trustme: pip install 'watcher[demo]'" in result.stderr


def test_another_missing_package_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not blamed on the extra."""
    _forget_demo(monkeypatch)
    monkeypatch.setitem(sys.modules, "watcher.demo.story", None)
    result = call("demo", "--once")
    assert isinstance(result.exception, ModuleNotFoundError)


@pytest.mark.parametrize("arguments", [["--speed", "0"], ["--speed", "1e9"], ["--port", "70000"]])
def test_what_the_demo_cannot_do_is_a_wrong_call(arguments: list[str]) -> None:
    """2, as for any wrong call."""
    assert call("demo", "--once", *arguments).exit_code == 2


def test_colours_are_for_terminals(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And for those who want them."""
    on_terminal = call("probe", "x:potus", "--config", config, color=True)
    assert on_terminal.output.startswith("\x1b[33m@POTUS")
    assert "\x1b" not in call("probe", "x:potus", "--config", config).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in call("probe", "x:potus", "--config", config, color=True).output


def test_json_keeps_letters_and_gives_a_terminal_no_orders() -> None:
    """What would be obeyed is escaped; what is read back is what was there."""
    hostile = {"quote": "Désolé\x1b[2J\x7f\x9b\u202e\U000e0001\n", "half": "\ud800", "emoji": "🔴"}

    @click.command()
    def show() -> None:
        print_json(hostile)

    shown = CliRunner().invoke(show).stdout
    assert json.loads(shown) == hostile
    assert "Désolé" in shown
    assert "🔴" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_a_check_does_not_wait_for_the_database(tmp_path: Path) -> None:
    """What only reads files begins without the libraries of the database, which take a fifth of its time."""
    (tmp_path / "watchlist.yaml").write_text(WATCHLIST)
    (tmp_path / "watcher.yaml").write_text("watchlist: watchlist.yaml\n")
    program = (
        "import sys\n"
        f"sys.argv = ['watcher', 'check', '--config', {str(tmp_path / 'watcher.yaml')!r}]\n"
        "from watcher.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    print(end.code, 'sqlalchemy' in sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert ended.stdout.splitlines()[-1] == "0 False"
