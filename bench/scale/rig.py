"""Site and program started, spoken to and ended; the configuration that they share."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

ROOT: Final = Path(__file__).parents[2]
# A page that is told by its head, as most are; the pace is lifted, for the sites are our own.
PLATFORM: Final = """platform: {name}
title: {name}
profile: https://{name}.example/{{handle}}
recognise: ["https://{name}.example/{{handle}}"]
handle: {{pattern: "[a-z0-9_]{{1,30}}", fold: true}}
controls: {{present: [nasa], absent: "zz{{random}}", length: 20}}
notes: For the bench.
sources:
  - name: page
    kind: http
    answers: html
    url: https://{name}.example/{{handle}}
    pace: {{requests: 100000, per: 1s, concurrency: {connections}}}
    headers: {{accept: text/html}}
    identity: ["meta:og:url"]
    rules:
      - id: profile
        when: {{status: 200, "meta:profile:username": "{{handle}}"}}
        present: profile
      - id: missing
        when: {{status: 200, error: "*cette page n’existe pas*"}}
        absent: not_found
    errors: [.errorpage-body-content]
"""


class Child:
    """A module in a process of its own that takes and gives lines of JSON."""

    def __init__(self, module: str, *arguments: str | Path) -> None:
        self._command = [sys.executable, "-m", module, *map(str, arguments)]
        self._process: asyncio.subprocess.Process
        self.told: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, cwd=ROOT, limit=2**22, env=dict(os.environ)
        )
        self.told = await self._line()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(15):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    @property
    def pid(self) -> int:
        """That of the process."""
        return self._process.pid

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Its answer to a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        return await self._line()

    async def scrape(self) -> None:
        """Read its metrics, as a Prometheus does; but packed, since the site has this processor, too."""
        session = aiohttp.ClientSession(auto_decompress=False)
        async with session, session.get(f"{self.told['url']}metrics") as answer:
            assert answer.status == 200
            await answer.read()

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, f"{self._command} ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def handles(count: int) -> Iterable[str]:
    """The accounts' names."""
    return (f"u{number:07d}" for number in range(count))


def configure(  # noqa: PLR0913 - the knobs of a run
    directory: Path,
    port: int,
    *,
    accounts: int,
    interval: str,
    platforms: int = 20,
    connections: int = 100,
    timeout: str = "10s",
    ca_file: str = "ca_file: ca.pem, ",
    channels: str = "[{name: log, kind: log}]",
) -> Path:
    """Write the files for so many accounts, spread over so many platforms; where watcher.yaml is."""
    names = [f"square{number}" for number in range(platforms)]
    (directory / "platforms").mkdir(exist_ok=True)
    for name in names:
        (directory / "platforms" / f"{name}.yaml").write_text(PLATFORM.format(name=name, connections=connections))
    listed = "".join(
        f"  - {{platform: {names[number % platforms]}, handle: {handle}}}\n"
        for number, handle in enumerate(handles(accounts))
    )
    (directory / "watchlist.yaml").write_text(f"defaults: {{interval: {interval}}}\naccounts:\n{listed}")
    hosts = ", ".join(f'{name}.example: "127.0.0.1:{port}"' for name in names)
    config = directory / "watcher.yaml"
    config.write_text(
        f"watchlist: watchlist.yaml\nstate_dir: state\nweb: {{listen: 127.0.0.1:0}}\ncontact: bench@example.org\n"
        f"probe: {{timeout: {timeout}, connections: {connections}, allow_private: [127.0.0.0/8], {ca_file}"
        f"connect_to: {{{hosts}}}}}\nchannels: {channels}\n"
    )
    return config


@asynccontextmanager
async def running(directory: Path, *, size: int = 30_000, **options: Any) -> AsyncIterator[tuple[Child, Child]]:
    """The site and the program that watches it, both measured from their start."""
    async with Child("bench.scale.site", directory, "--size", str(size)) as site:
        config = configure(directory, site.told["port"], **options)
        async with Child("bench.scale.program", config) as program:
            yield site, program
