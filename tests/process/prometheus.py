"""A real Prometheus and a real Alertmanager on the loopback address, and somebody whom they tell."""

import asyncio
import shutil
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import aiohttp
import pytest
from aiohttp import web

from tests.process.command import PATIENCE

_POLL = 0.05


def part(name: str) -> str:
    """The path of a program; the test is skipped where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: prometheus, prometheus-alertmanager)")
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Server:
    """A program that serves HTTP: ready once entered, and ended by its own pid."""

    program: ClassVar[str]

    def __init__(self, directory: Path, config: str) -> None:
        self.port = free_port()
        self.directory = directory
        self.config = directory / "config.yml"
        self._text = config
        self._process: asyncio.subprocess.Process

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where it is, without a slash."""
        return f"http://{self.address}"

    def options(self) -> tuple[str, ...]:
        """How it is started."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text, "utf-8")
        with (self.directory / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                part(self.program), *self.options(), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            while not await _is_ready(session, f"{self.url}/-/ready"):
                assert self._process.returncode is None, (self.directory / "log").read_text()
                await asyncio.sleep(_POLL)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    with suppress(aiohttp.ClientConnectionError):
        async with session.get(url) as answer:
            return answer.status == 200
    return False


class Prometheus(_Server):
    """`async with Prometheus(directory, config) as prometheus`; queries give values by their labels."""

    program = "prometheus"

    def options(self) -> tuple[str, ...]:
        return (
            f"--config.file={self.config}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address={self.address}",
            "--web.enable-lifecycle",
        )

    async def query(self, expression: str) -> dict[str, float]:
        """The values now, by the label `account` (or by the metric's name, where there is none)."""
        found = await self.get("query", query=expression)
        return {_name(one["metric"]): float(one["value"][1]) for one in found["result"]}

    async def until(self, expression: str, wanted: Mapping[str, Any]) -> None:
        """Return once the query gives that."""
        found: dict[str, float] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := await self.query(expression)) != wanted:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise AssertionError(f"{expression} gives {found}, not {wanted}") from None

    async def samples(self, selector: str) -> dict[str, list[float]]:
        """Every sample of the series that it has, in order."""
        found = await self.get("query", query=f"{selector}[1h]")
        return {_name(one["metric"]): [float(value) for _, value in one["values"]] for one in found["result"]}

    async def targets(self) -> dict[str, tuple[str, str]]:
        """Health and last error by job."""
        found = await self.get("targets")
        return {one["labels"]["job"]: (one["health"], one["lastError"]) for one in found["activeTargets"]}

    async def get(self, what: str, **parameters: str) -> Any:
        """What its API says; a query that it does not take fails."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/api/v1/{what}", params=parameters) as answer,
        ):
            body = await answer.json()
            assert body["status"] == "success", body
            return body["data"]


def _name(metric: dict[str, str]) -> str:
    return metric.get("account") or metric.get("__name__", "")


class Alertmanager(_Server):
    """An Alertmanager without peers."""

    program = "prometheus-alertmanager"

    def options(self) -> tuple[str, ...]:
        return (
            f"--config.file={self.config}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address={self.address}",
            "--cluster.listen-address=",
        )


class Receiver:
    """A webhook that keeps what an Alertmanager says."""

    def __init__(self) -> None:
        self.alerts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.post("/", self._post)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def told(self, name: str, status: str) -> dict[str, Any]:
        """The next alert of that name and status; others are passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                alert = await self.alerts.get()
                if (alert["labels"]["alertname"], alert["status"]) == (name, status):
                    return alert

    async def _post(self, request: web.Request) -> web.Response:
        for alert in (await request.json())["alerts"]:
            self.alerts.put_nowait(alert)
        return web.Response()
