"""`watcher` as a process of its own: started, listened to, stopped by its own pid. Loopback only."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

PATIENCE = 40.0
_URL = re.compile(r"http://127\.0\.0\.1:\d+/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended and all that it said."""

    status: int
    out: str
    err: str


class Watcher:
    """`async with Watcher("run", "--config", path) as watcher`: killed at the end, if it still runs.

    `env` is added to a clean environment.
    """

    def __init__(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> None:
        self._arguments = [str(argument) for argument in arguments]
        self._env = dict(env or {})
        self._said = ""
        self._logged = ""
        self._process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """That of the process."""
        return self._process.pid

    async def __aenter__(self) -> Self:
        # A clean environment: neither colours nor settings of whoever runs the tests.
        env = {"PATH": os.environ.get("PATH", ""), "PYTHONUNBUFFERED": "1", **self._env}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "watcher",
            *self._arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=env,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()

    async def url(self) -> str:
        """Where its page is, once it says so."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while (found := _URL.search(self._said)) is None:
                line = await self._process.stdout.readline()
                assert line, f"it ended: {(await self.ended()).err}"
                self._said += line.decode()
        return found[0]

    async def logged(self, part: str) -> dict[str, Any]:
        """The next line of its log (JSON) with `part` in the event."""
        assert self._process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while line := (await self._process.stderr.readline()).decode():
                self._logged += line
                record: dict[str, Any] = json.loads(line)
                if part in record["event"]:
                    return record
        raise AssertionError(f"it ended without {part!r}: {self._logged}")

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of its log that were read so far."""
        return [json.loads(line) for line in self._logged.splitlines()]

    def has_logged(self, part: str) -> bool:
        """True when `part` stands in a line that was read already."""
        return part in self._logged

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it that signal."""
        self._process.send_signal(number)

    async def ended(self, within: float = PATIENCE) -> Ended:
        """Its end, which must come within so many seconds."""
        async with asyncio.timeout(within):
            out, err = await self._process.communicate()
        assert self._process.returncode is not None
        return Ended(status=self._process.returncode, out=self._said + out.decode(), err=self._logged + err.decode())


async def watcher(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run a command to its end."""
    async with Watcher(*arguments, env=env) as process:
        return await process.ended()


async def until(holds: Callable[[], bool]) -> None:
    """Return once it is so."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what other processes do sets no Event
            await asyncio.sleep(0.01)


async def get(url: str) -> tuple[int, str]:
    """Status and body of a page."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()
