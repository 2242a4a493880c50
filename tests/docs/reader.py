"""A reader who does literally what a page says, in an empty folder, and looks whether what is seen is what it shows.

Of the network only this machine is there. What a reader would get from others is put in place of the page's examples:
the address of the repository (git is told of it), the webhook of a Slack, the place of a mail server.

Of `make setup` all is done but the download: the clone's own `.venv` is made, the clone is installed into it by pip as
the Makefile does it, and what requirements.txt names is taken from the environment that runs these tests, which
`make setup` has filled by the same file. Then Makefile's stamp is set, so that `make` finds its work done.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.page import Block, blocks, commands, pattern
from tests.docs.terminal import PATIENCE, Terminal
from tests.fakes.slack import Answer, FakeSlack

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://git.example/watcher.git"
WEBHOOK = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", ".hypothesis", ".coverage*")


def publish(directory: Path) -> Path:
    """A repository that holds the files of this one as they now are; the configuration of git that leads to it."""
    origin = directory / "origin"
    shutil.copytree(ROOT, origin, ignore=LEFT_BEHIND)
    who = ("-c", "user.name=reader", "-c", "user.email=reader@newsroom.example")
    for words in (("init", "--quiet"), ("add", "--all"), (*who, "commit", "--quiet", "--message", "As it is now")):
        run("git", *words, cwd=origin)
    config = directory / "gitconfig"
    config.write_text(f'[url "{origin}"]\n\tinsteadOf = {REPOSITORY}\n[advice]\n\tdetachedHead = false\n')
    return config


def install(clone: Path) -> None:
    """What `make setup` does in a fresh clone, without the download."""
    venv = clone / ".venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=clone)
    [packages] = venv.glob("lib/python*/site-packages")
    (packages / "zz_requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    quiet = ("--quiet", "--disable-pip-version-check")
    editable = ("--no-build-isolation", "--no-deps", "--editable", ".")
    run(sys.executable, "-m", "pip", "--python", venv / "bin/python", "install", *quiet, *editable, cwd=clone)
    (venv / ".installed").touch()


def run(*command: str | Path, cwd: Path) -> None:
    """A command that must end well."""
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=50)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def need(*tools: str) -> None:
    """Skip the test where a part of the system is missing that a page is followed with."""
    missing = [tool for tool in ("bash", "setsid", *tools) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def surroundings(directory: Path, gitconfig: Path | None = None) -> dict[str, str]:
    """The environment of somebody whose home is `directory`."""
    env = {"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(directory), "LANG": "C.UTF-8"}
    return env | ({"GIT_CONFIG_GLOBAL": str(gitconfig), "GIT_CONFIG_NOSYSTEM": "1"} if gitconfig else {})


@dataclass(kw_only=True)
class Reader:
    """Works through the steps of a page. `not_run`: beginnings of commands that cannot be run here."""

    directory: Path
    env: Mapping[str, str]
    slack: FakeSlack
    start: Path = field(default=Path())
    instead: Mapping[str, str] = field(default_factory=dict)
    not_run: tuple[str, ...] = ()
    typed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    _second: Terminal | None = None
    _runs_there: bool = False

    async def follow(self, page: str) -> None:
        """Do all of it."""
        steps = list(blocks(page))
        home = self.directory / self.start
        async with Terminal(home, self.env) as first, Terminal(self.directory, self.env) as second:
            self._second = second
            for block, after in zip(steps, [*steps[1:], None], strict=True):
                await self._step(first, block, after.body if after is not None and after.is_output else None)
            if self._runs_there:
                await self._stop()

    async def _step(self, first: Terminal, block: Block, shown: str | None) -> None:
        if block.kind == "slack":
            status, body = block.about
            self.slack.script(Answer(status=int(status), body=body))
        elif block.file is not None:
            await self._save(first, block)
        elif block.kind == "sh" and block.is_second:
            await self._start(block)
        elif block.kind == "sh":
            await self._type(first, block, shown)
        elif block.is_second:
            assert self._second is not None
            await self._second.shown(pattern(block.body))

    async def _save(self, first: Terminal, block: Block) -> None:
        """Save the file where the first terminal is; a page that is stopped is stopped before its files are changed."""
        assert block.file is not None
        _, here = await first.typed("pwd")
        path = Path(here.strip()) / self._fitted(block.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._fitted(block.body))

    async def _start(self, block: Block) -> None:
        assert self._second is not None
        *before, last = commands(block)
        for command in before:
            assert (await self._second.typed(command))[0] == 0, command
        self._second.type(last)
        self.typed += [*before, last]
        self._runs_there = True

    async def _stop(self) -> None:
        """Ctrl-C in the second terminal; it ends well."""
        assert self._second is not None
        status, said = await self._second.interrupted()
        assert status == 0, said
        self._runs_there = False

    async def _type(self, terminal: Terminal, block: Block, shown: str | None) -> None:
        if self._runs_there and any(command.startswith("kill ") for command in commands(block)):
            await self._stop()  # the page says so, in words
        async with asyncio.timeout(PATIENCE):
            while (wrong := await self._tried(terminal, block, shown)) and "again" in block.about:  # noqa: ASYNC110 - as a reader does
                await asyncio.sleep(0.2)
        assert not wrong, wrong

    async def _tried(self, terminal: Terminal, block: Block, shown: str | None) -> str:
        """Type the block. What was not as it should be, or nothing."""
        said, typed = "", commands(block)
        for place, command in enumerate(typed):
            if command.startswith(self.not_run):
                self.left_out.append(command)
                continue
            status, said = await terminal.typed(self._fitted(command))
            self.typed.append(command)
            # None: the command goes on in the next line.
            if status not in (block.status if place == len(typed) - 1 else 0, None):
                return f"{command}\nended with {status}:\n{said}"
            if command.startswith("git clone "):
                await asyncio.to_thread(install, self.directory / command.split()[-1])
        if shown is not None and pattern(shown).fullmatch(said.rstrip() + "\n") is None:
            return f"{block.body}\nshould print\n{shown}\nand printed\n{said}"
        return ""

    def _fitted(self, text: str) -> str:
        for example, real in {WEBHOOK: self.slack.url, **self.instead}.items():
            text = text.replace(example, real)
        return text
