"""A terminal with a shell in it, as a reader has one: what is typed, what is seen, Ctrl-C."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import termios
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 40.0
# What the shell shows when it wants something: the status of what ended, or that a command goes on in the next line.
_READY = re.compile("\x1e(\\d+|more)\x1f")
# The shell tells of what ended in the background when it notices, after whatever was typed then.
_ENDED = re.compile(r"^\[\d+\][+-]? +(?:Terminated|Killed|Done|Exit \d+)\b.*\n?", re.MULTILINE)
_PAINT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Use as an async context manager: bash on a pseudo-terminal; its processes are ended with it."""

    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self._directory = directory
        self._env = dict(env)
        self._seen = ""
        self._news = asyncio.Event()
        self._place = 0
        self._master = -1
        self._shell: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 400, 0, 0))
        settings = termios.tcgetattr(slave)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        env = {**self._env, "TERM": "xterm", "PS1": "\x1e$?\x1f", "PS2": "\x1emore\x1f"}
        self._shell = await asyncio.create_subprocess_exec(
            *("setsid", "--ctty", "bash", "--noprofile", "--norc", "--noediting", "-i"),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=self._directory,
            env=env,
        )
        os.close(slave)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        await self._ready()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        runs = os.tcgetpgrp(self._master)
        if runs != self._shell.pid:
            os.killpg(runs, signal.SIGKILL)  # what ran when the test failed: `watcher run` takes SIGHUP for a reload
        os.close(self._master)  # the line is cut: the shell and what runs in it get SIGHUP
        try:
            async with asyncio.timeout(10):
                await self._shell.wait()
        except TimeoutError:
            self._shell.kill()
            await self._shell.wait()

    async def typed(self, command: str) -> tuple[int | None, str]:
        """Type a line and wait for its end: the status (None: the shell wants more) and what was seen meanwhile."""
        self.type(command)
        return await self._ready()

    def type(self, command: str) -> None:
        """Type a line, and wait for nothing."""
        os.write(self._master, f"{command}\n".encode())

    async def interrupted(self) -> tuple[int | None, str]:
        """Press Ctrl-C, and wait for the end of what ran."""
        os.write(self._master, b"\x03")
        return await self._ready()

    async def shown(self, wanted: re.Pattern[str]) -> None:
        """Return once lines like these were seen, after those that were waited for before."""
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := wanted.search(self._lines(), self._place)) is None:
                    await self._wait()
        except TimeoutError:
            raise AssertionError(f"not seen: {wanted.pattern}\nbut: {self._lines()[self._place :]}") from None
        self._place = found.end()

    async def _ready(self) -> tuple[int | None, str]:
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := _READY.search(self._seen)) is None:
                    await self._wait()
        except TimeoutError:
            raise AssertionError(f"it does not end: {self._seen}") from None
        said = _ENDED.sub("", _plain(self._seen[: found.start()]))
        self._seen, self._place = self._seen[found.end() :], 0
        return None if found[1] == "more" else int(found[1]), said

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _lines(self) -> str:
        return _plain(self._seen)

    def _read(self) -> None:
        with suppress(OSError):
            self._seen += os.read(self._master, 65536).decode(errors="replace")
        self._news.set()


def _plain(text: str) -> str:
    """Without colours, with line ends as in a file."""
    return _PAINT.sub("", text).replace("\r\n", "\n")
