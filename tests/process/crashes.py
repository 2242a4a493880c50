"""Stories of processes that die: one account each, which goes and comes back while somebody kills who watches it.

Platform and Slack live in the test's process and outlive every watcher. What happened is read afterwards from the files
that the last one left.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.process.crashing import anchor, clock_since
from tests.process.failpoints import PASSED
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.demo.sink import SlackSink
from watcher.model.outage import Outage, Transition
from watcher.store.engine import DATABASE
from watcher.store.sql import SqlStore

CONTROLS = ("nasa", "xdevelopers", "un")
PATIENCE = 60.0
_LOOK = 0.05


class Newsroom(SlackSink):
    """A Slack that takes no message on the handles in `refused` but those that tell the end."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.refused: set[str] = set()

    async def _take(self, request: web.Request) -> web.Response:
        payload = await request.json()
        tells_the_end = str(payload["blocks"][0]["block_id"]).endswith("/resolved")
        if not tells_the_end and any(f"@{handle} " in payload["text"] for handle in self.refused):
            return web.Response(status=503)
        return await super()._take(request)

    def keys(self, handle: str) -> list[str]:
        """The dedup keys of the messages that speak of an outage of `handle`, in order."""
        keys = [str(message.payload["blocks"][0]["block_id"]) for message in self.received]
        # The id of an outage is its account and when it began; others are called by their kind.
        return [key for key in keys if re.match(rf"x:{handle.lower()}-\d", key)]


class Nursery:
    """Starts watchers by a fork of a process that has imported everything, and knows when they end."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process
        self._reading: asyncio.Task[None]
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.process.crashing",
            "--serve",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # The machine's certificates, which nobody here needs, take longer to read than all the rest.
            env={"PATH": os.environ.get("PATH", ""), "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull},
            cwd=Path(__file__).parents[2],
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def start(self, *arguments: str) -> tuple[int, asyncio.Future[int]]:
        """A new process: its pid, and its exit status once it has ended."""
        assert self._process.stdin is not None
        async with self._turn:
            self._process.stdin.write(json.dumps(arguments).encode() + b"\n")
            born = asyncio.create_task(self._born.get())
            await asyncio.wait({born, self._reading}, return_when=asyncio.FIRST_COMPLETED)
            assert born.done(), "who starts the processes has died: see what it said on standard error"
            pid = born.result()
        return pid, self._ended[pid]

    def signal(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to a process that was started here; nothing happens when it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([pid, int(number)]).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            pid, *status = (int(word) for word in line.split())
            if status:
                self._ended[pid].set_result(status[0])
            else:
                self._ended[pid] = asyncio.get_running_loop().create_future()
                self._born.put_nowait(pid)


@dataclass(slots=True, kw_only=True)
class Gap:
    """Nobody watched between a kill and the next start; `outages` are the ids that were on the disk."""

    killed_at: datetime
    started_at: datetime
    outages: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Ending:
    """What was left of a story: the record, what was sent in which order, and the truth."""

    gone_at: datetime
    back_at: datetime
    gaps: list[Gap]
    outages: tuple[Outage, ...] = ()
    transitions: tuple[Transition, ...] = ()
    broken_at: int | None = None
    rows: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    pages: list[bool] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    unobserved: list[tuple[datetime, datetime]] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


class Town:
    """The platform and the Slack that all stories share, and a database with its tables made, to copy."""

    def __init__(self, directory: Path, speed: float) -> None:
        self.directory = directory
        self.speed = speed
        self.anchor = anchor()
        self.clock = clock_since(self.anchor, speed)
        self.platform = ScriptedPlatform(self.clock, directory)
        self.slack = Newsroom(self.clock)
        self.nursery = Nursery()

    async def __aenter__(self) -> Self:
        for control in CONTROLS:
            self.platform.set(control, Page.PRESENT)
        await self.platform.start()
        await self.slack.start()
        await self.nursery.__aenter__()
        store = SqlStore(self.directory / "template")
        store.open()
        store.close()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.nursery.__aexit__(kind, error, trace)
        await self.slack.stop()
        await self.platform.stop()


class Watched:
    """An account, a watchlist and a state of its own, and who watches it, started again whenever it is killed."""

    def __init__(self, town: Town, handle: str, policy: str, accounts: str = "") -> None:
        self.town = town
        self.handle = handle
        self.account = f"x:{handle.lower()}"
        self.directory = town.directory / handle
        self.gaps: list[Gap] = []
        # 0 between an end and the next start.
        self.pid = 0
        self._keeper: asyncio.Task[None] | None = None
        self._eye: sqlite3.Connection | None = None
        shutil.copytree(town.directory / "template", self.directory / "state")
        (self.directory / "state" / "lock").unlink()
        (self.directory / "watchlist.yaml").write_text(
            f"defaults: {{{policy}, labels: {{desk: crashes}}}}\naccounts:\n  - https://x.com/{handle}\n{accounts}"
        )
        (self.directory / "watcher.yaml").write_text(
            "watchlist: watchlist.yaml\nstate_dir: state\ncontact: test@watcher.example\n"
            'web: {listen: "127.0.0.1:0"}\n'
            "probe: {allow_private: [127.0.0.0/8],"
            f' connect_to: {{x.com: "127.0.0.1:{town.platform.port}"}}, ca_file: {town.platform.ca_file}}}\n'
            f'channels: [{{name: newsroom, kind: slack, webhook_url: "{town.slack.url}"}}]\n'
            # A machine that is busy may be blind for a while: of that, which has no labels, nobody is told.
            "routes: [{name: desk, match: {labels: {desk: crashes}}, channels: [newsroom]}]\n"
            "platforms: {x: {sources: {page: {robots: override}}, pace: {requests: 6000, per: 1m, concurrency: 20}}}\n"
        )
        town.platform.set(handle, Page.PRESENT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()
        if self._eye is not None:
            self._eye.close()
            self._eye = None

    async def start(self, at: str | None = None) -> None:
        """Start watching, up to that point; from then on, without it, again and again."""
        self._keeper = asyncio.create_task(self._keep(at))

    async def end(self) -> None:
        """Kill it for the last time."""
        if self._keeper is None:
            return
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        self._keeper = None

    async def _keep(self, at: str | None) -> None:
        place = ("--config", str(self.directory / "watcher.yaml"), "--anchor", str(self.town.anchor))
        fixed = (*place, "--speed", str(self.town.speed))
        while True:
            self.pid, ended = await self.town.nursery.start(*fixed, *(("--at", at) if at else ()))
            try:
                status = await asyncio.shield(ended)
            except asyncio.CancelledError:
                self.town.nursery.signal(self.pid, signal.SIGKILL)
                await ended
                raise
            self.pid, killed_at, at = 0, self.town.clock.now(), None
            assert status == -signal.SIGKILL, f"ended with {status}: {self._log()}"
            outages = frozenset(str(row[0]) for row in self.read("SELECT id FROM outage"))
            self.gaps.append(Gap(killed_at=killed_at, started_at=self.town.clock.now(), outages=outages))

    async def kill_after(self, seconds: float) -> None:
        """Kill it with -9, so long after it was started; returns once it is started again."""
        await self.until(lambda: self.pid != 0, "it is started")
        await asyncio.sleep(seconds)
        count = len(self.gaps)
        self.town.nursery.signal(self.pid, signal.SIGKILL)
        await self.until(lambda: len(self.gaps) > count and self.pid != 0, "it is started again")

    def read(self, query: str) -> list[Any]:
        """What a reader of the file sees, whoever writes it at the moment."""
        if self._eye is None:
            self._eye = sqlite3.connect(f"file:{self.directory}/state/{DATABASE}?mode=ro", uri=True, timeout=5)
        return self._eye.execute(query).fetchall()

    def count(self, kind: str) -> int:
        """How many transitions of a kind are stored."""
        return int(self.read(f"SELECT count(*) FROM transition WHERE kind = '{kind}'")[0][0])

    def told(self, kind: str) -> int:
        """How often Slack took that kind of message on an outage of the account."""
        return sum(key.endswith(f"/{kind}") for key in self.town.slack.keys(self.handle))

    def all_is_told(self) -> bool:
        """True when the end is stored, and nothing is left to be sent."""
        waiting = self.read("SELECT count(*) FROM notification WHERE state IN ('pending', 'claimed')")[0][0]
        return waiting == 0 and self.count("OutageClosed") == 1

    def is_up_again(self) -> bool:
        """True when whoever was started last has noted for how long nobody watched."""
        [(until,)] = self.read("SELECT max(to_at) FROM unobserved WHERE scope = 'all'")
        return not self.gaps or (until is not None and _instant(until) >= self.gaps[-1].started_at)

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until it is so. It must be so within PATIENCE."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not holds():
            if self._keeper is not None and self._keeper.done():
                self._keeper.result()
            if loop.time() > deadline:
                raise AssertionError(f"{self.handle}: not so: {what}\n{await self._report()}")
            await asyncio.sleep(_LOOK)

    async def _report(self) -> str:
        """What was sent, and the end of the log, with where each thread is now."""
        if self.pid:
            self.town.nursery.signal(self.pid, signal.SIGUSR1)
            await asyncio.sleep(1)
        return f"{self.town.slack.keys(self.handle)}\n{self._log()}"

    def _log(self) -> str:
        log = self.directory / "log"
        return log.read_text()[-4000:] if log.exists() else "it logged nothing"

    def ending(self) -> Ending:
        """What is left, read by the store itself."""
        changes = [change.at for change in self.town.platform.log if change.handle == self.handle]
        ending = Ending(gone_at=changes[1], back_at=changes[2], gaps=self.gaps)
        store = SqlStore(self.directory / "state", read_only=True)
        store.open()
        try:
            ending.outages = store.outages(account_id=self.account)
            ending.transitions = tuple(reversed(store.transitions(account_id=self.account, limit=10_000)))
            ending.broken_at = store.verify_chain()
            hashes = [t.finding.evidence.body_sha256 for t in ending.transitions if t.finding and t.finding.is_absent]
            ending.pages = [digest is not None and store.body(digest) is not None for digest in hashes]
        finally:
            store.close()
        ending.rows = dict(self.read("SELECT dedup_key, state FROM notification"))
        ending.keys = self.town.slack.keys(self.handle)
        ending.torn = [path.name for path in (self.directory / "state" / "evidence").rglob("*.tmp")]
        spans = self.read("SELECT from_at, to_at FROM unobserved WHERE scope = 'all' ORDER BY from_at")
        ending.unobserved = [(_instant(begun), _instant(ended)) for begun, ended in spans]
        ending.passed = (self.directory / PASSED).read_text().splitlines()
        return ending


def _instant(micros: int) -> datetime:
    return datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(microseconds=micros)


def assert_nothing_is_lost(ending: Ending) -> None:
    """One outage, opened and closed once, with the truth in its bounds, an unbroken record, and nothing waiting."""
    [outage] = ending.outages
    bounds = outage.duration
    assert bounds.max is not None
    assert bounds.min <= ending.back_at - ending.gone_at <= bounds.max
    assert outage.ended is not None
    assert outage.last_present <= ending.gone_at <= outage.began.latest
    assert outage.last_absent.earliest <= ending.back_at <= outage.ended.latest
    kinds = Counter(str(transition.kind) for transition in ending.transitions)
    assert [kinds[kind] for kind in ("AccountFirstSeen", "OutageOpened", "OutageClosed")] == [1, 1, 1], kinds
    assert ending.broken_at is None
    assert set().union(*(gap.outages for gap in ending.gaps)) <= {outage.id}
    assert all(ending.pages)
    assert ending.torn == []
    of_the_outage = {key: state for key, state in ending.rows.items() if key.startswith(outage.id)}
    assert set(of_the_outage) == {f"{outage.id}/newsroom/{kind}" for kind in ("alert", "resolved")}
    assert set(of_the_outage.values()) <= {"delivered", "suppressed"}
    # Who leaves out what has the key of an earlier one hears of the end, and of the beginning before it if at all.
    keys = [key for key in ending.keys if key.startswith(outage.id)]
    assert keys, "nobody was told"
    assert set(keys) <= set(of_the_outage)
    assert list(dict.fromkeys(keys))[-1] == f"{outage.id}/newsroom/resolved"
    assert of_the_outage[f"{outage.id}/newsroom/alert"] == "delivered"


def assert_gaps_are_unobserved(ending: Ending) -> None:
    """Each gap between a kill and the next start lies in a span that is called unobserved."""
    for gap in ending.gaps:
        spans = [
            (begun, ended) for begun, ended in ending.unobserved if begun <= gap.killed_at and ended >= gap.started_at
        ]
        assert spans, (gap, ending.unobserved)
