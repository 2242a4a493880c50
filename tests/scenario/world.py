"""The whole program in virtual time, with platforms and a Slack of its own: what the stories are told with.

What happens in a story is in the stories; here is only how to set the scene, to let time pass and to look.
"""

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import aiohttp
import structlog
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import PASSWORD, USER, FakeMail, trust
from tests.fakes.virtual_time import START, VirtualClock, VirtualLoop
from tests.scenario.stage import Stage
from watcher.app import App, Surroundings
from watcher.clock import Clock
from watcher.demo.answers import Page
from watcher.model.notification import Notification
from watcher.model.outage import AccountState, Outage, Transition, TransitionKind
from watcher.schedule import LoopTicker, Ticker
from watcher.settings.load import load_all
from watcher.store.base import Store
from watcher.store.memory import MemoryStore
from watcher.store.sql import SqlStore

X = "x.com"
BLUESKY = "public.api.bsky.app"
CONTROLS = {X: ("nasa", "xdevelopers", "un"), BLUESKY: ("bsky.app", "atproto.com")}
_LOOK = 0.05
_DESK = ", desk], timezone: Europe/Berlin"


def watching(*urls: str, interval: str = "60s") -> str:
    """A watchlist of these profile pages."""
    return f"defaults: {{interval: {interval}}}\naccounts:\n" + "".join(f"  - {url}\n" for url in urls)


X_SETTINGS = "  x: {sources: {page: {robots: override}}, pace: {requests: 600, per: 1m, concurrency: 20}}\n"


class World:
    """`async with World(tmp_path, watchlist) as world`: everything runs.

    `hosts` are played by a Stage each (`world.at[host]`); the control accounts of x.com and Bluesky are
    there. `durable`: SQLite under tmp_path, so that `start` goes on from it; else the store in memory. `patience` is
    how long (in real time) a locked database is waited for. With `threaded` off the store is called on the loop itself,
    which saves a long story much time. `settings` is added to watcher.yaml, `probe` to its part of that name, and
    `routes` to the one route; a `mail` server makes a channel `desk` beside Slack. A story in which the program logs an
    error fails at its end.
    """

    web_port = 0

    def __init__(
        self,
        directory: Path,
        watchlist: str,
        *,
        hosts: tuple[str, ...] = (X,),
        settings: str = "",
        routes: str = "",
        platforms: str = "",
        probe: str = "",
        x_settings: str = X_SETTINGS,
        durable: bool = False,
        mail: FakeMail | None = None,
        patience: timedelta = timedelta(seconds=5),
        platform_options: Mapping[str, Any] | None = None,
        ticker: Callable[[Clock], Ticker] = LoopTicker,
        threaded: bool = True,
    ) -> None:
        self.clock = VirtualClock()
        self.directory = directory
        self.state_dir = directory / "state"
        self.slack = FakeSlack()
        self.at: dict[str, Stage] = {}
        self.log: list[MutableMapping[str, Any]] = []
        self.app: App
        self._hosts = hosts
        self._watchlist = watchlist
        self._settings = settings
        self._routes = routes
        self._platforms = x_settings + platforms
        self._probe = probe
        self._durable = durable
        self._mail = mail
        self._ticker = ticker
        self._threaded = durable and threaded
        self._patience = patience
        self._options = dict(platform_options or {})
        self._stepped = timedelta(0)
        self._memory: Store = MemoryStore()
        self._stack = AsyncExitStack()
        self._stop: asyncio.Event | None = None
        self._running: asyncio.Task[None] | None = None
        self._left: set[asyncio.Task[object]] = set()

    @property
    def now(self) -> datetime:
        """The story's time."""
        return self.clock.now()

    @property
    def x(self) -> Stage:
        """The platform at x.com."""
        return self.at[X]

    @property
    def bluesky(self) -> Stage:
        """The AppView of Bluesky."""
        return self.at[BLUESKY]

    async def __aenter__(self) -> Self:
        self.log = self._stack.enter_context(structlog.testing.capture_logs())
        await self._stack.enter_async_context(self.slack)
        if self._mail is not None:
            await self._stack.enter_async_context(self._mail)
        for host in self._hosts:
            folder = self.directory / host
            folder.mkdir()
            platform = Stage(self.clock, folder, **self._options)
            self.at[host] = await self._stack.enter_async_context(platform)
            for handle in CONTROLS.get(host, ()):
                platform.set(handle, Page.PRESENT)
        (self.directory / "ca.pem").write_text("".join(p.ca_file.read_text() for p in self.at.values()))
        loop = cast(VirtualLoop, asyncio.get_running_loop())
        loop.is_expecting = self._is_expecting
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self._stack.aclose()
        if error is None:
            assert [entry for entry in self.log if entry["log_level"] == "error"] == []

    async def start(self, watchlist: str | None = None) -> None:
        """Start the program (again), perhaps with another watchlist."""
        self._watchlist = watchlist if watchlist is not None else self._watchlist
        self._write_configuration()
        loaded = load_all(self.directory / "watcher.yaml", {})
        ticker, store = self._ticker(self.clock), self._make_store()
        around = Surroundings(clock=self.clock, ticker=ticker, store=store, threaded=self._threaded)
        self.app = App(loaded, around)
        self._stop = asyncio.Event()
        ready = asyncio.Event()
        self._running = asyncio.create_task(self.app.run(self._stop, lambda _app: ready.set()))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._running.done():
            self._running.result()

    async def stop(self) -> None:
        """End the program in order."""
        if self._running is not None and self._stop is not None:
            self._stop.set()
            await self._running
            self._running = None

    async def kill(self) -> None:
        """End the program as kill -9 would: nothing is flushed, nothing is told."""
        assert self._running is not None
        self.app._worker.flush = nothing  # type: ignore[method-assign] # a killed process writes no more
        self.app._worker.beat = nothing  # type: ignore[method-assign]
        self.app._telling.outbox.drain = nothing  # type: ignore[assignment]
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self._running = None
        # What it was in the middle of stays as it was; were it collected, asyncio would call it an error.
        self._left.update(asyncio.all_tasks())
        # A killed process does not say either what it leaves behind.
        self.log[:] = [entry for entry in self.log if entry["event"] != "store left behind"]

    def _make_store(self) -> Store:
        return SqlStore(self.state_dir, patience=self._patience) if self._durable else self._memory

    def edit(self, watchlist: str | None = None, name: str = "watchlist.yaml") -> None:
        """Save another watchlist in the place of the old one, as editors do; None removes the file."""
        path = self.directory / name
        if watchlist is None:
            path.unlink()
            return
        path.parent.mkdir(exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(watchlist)
        new.replace(path)

    def configure(self, old: str, new: str) -> None:
        """Change watcher.yaml."""
        path = self.directory / "watcher.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    async def restart(self, *, kill: bool = False, minutes: float = 0, watchlist: str | None = None) -> None:
        """Be away for that long."""
        await (self.kill() if kill else self.stop())
        await self.wait(minutes=minutes)
        await self.start(watchlist)

    def adopt_clock_step(self) -> None:
        """Go by the system's clock as it was stepped, as a program does that is started now. While stopped only."""
        assert self._running is None
        self._stepped += self.clock.offset()
        self.clock = VirtualClock(START + self._stepped)

    async def wait(self, **span: float) -> None:
        """Let time pass: `await world.wait(minutes=3)`."""
        await asyncio.sleep(timedelta(**span).total_seconds())

    async def until(self, holds: Callable[[], bool], **within: float) -> None:
        """Let time pass until something is so: `await world.until(lambda: …, minutes=2)`. It must be so by then."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timedelta(**within).total_seconds()
        while not holds():
            assert loop.time() < deadline, f"not so after {within}"
            await asyncio.sleep(_LOOK)

    def state(self, account_id: str) -> AccountState:
        """How an account stands."""
        return self.app.book.states[account_id]

    async def outages(self) -> list[Outage]:
        """All outages stored, the oldest first."""
        await self.app._worker.flush()
        return list(reversed(await self.app.reader.outages(limit=1000)))

    async def transitions(self, account_id: str | None = None) -> list[Transition]:
        """All that happened, the oldest first."""
        worker = self.app._worker
        await worker.flush()
        return list(reversed(await worker.call(worker.store.transitions, account_id=account_id, limit=10_000)))

    async def happened(self, *kinds: TransitionKind, account_id: str | None = None) -> list[Transition]:
        """The transitions of these kinds, the oldest first."""
        return [item for item in await self.transitions(account_id) if item.kind in kinds]

    async def told(self, incident_id: str) -> list[Notification]:
        """The notifications of one incident, in order."""
        record = await self.app.reader.incident(incident_id)
        return list(record.notifications) if record is not None else []

    def warnings(self, event: str) -> list[MutableMapping[str, Any]]:
        """What was logged as a warning under that name."""
        return [entry for entry in self.log if (entry["log_level"], entry["event"]) == ("warning", event)]

    def texts(self) -> list[str]:
        """The plain texts of the messages that Slack took, in order."""
        return [str(payload.get("text", "")) for payload in self.slack.accepted]

    async def get(self, path: str) -> tuple[int, str]:
        """Ask the program's own web server."""
        return await self._ask("GET", path)

    async def post(self, path: str) -> tuple[int, str]:
        """Tell the program's own web server to do something."""
        return await self._ask("POST", path, {"X-Watcher-Reload": "yes"})

    async def _ask(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        url = self.app.web.url.rstrip("/") + path
        async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as answer:
            return answer.status, await answer.text()

    async def sample(self, metric: str, **labels: str) -> float | None:
        """The value of one series of /metrics; None when there is none."""
        _, text = await self.get("/metrics")
        for family in text_string_to_metric_families(text):
            for each in family.samples:
                if each.name == metric and labels.items() <= each.labels.items():
                    return float(each.value)
        return None

    def _is_expecting(self) -> bool:
        if not hasattr(self, "app"):
            return True
        on_the_way = self._asked() - sum(stage.at_work for stage in self.at.values())
        is_telling = self.app._telling.is_sending
        return bool(on_the_way > 0 or is_telling)

    def _asked(self) -> int:
        """How many answers are waited for; there is no prober yet where the app is only being started."""
        return self.app.prober.in_flight if hasattr(self.app, "prober") else 0

    def _write_configuration(self) -> None:
        (self.directory / "watchlist.yaml").write_text(self._watchlist)
        connect = "".join(f'    {host}: "127.0.0.1:{p.port}"\n' for host, p in self.at.items())
        (self.directory / "watcher.yaml").write_text(
            f"watchlist: watchlist.yaml\nstate_dir: {self.state_dir.name}\ncontact: test@watcher.example\n"
            f'web: {{listen: "127.0.0.1:{self.web_port}"}}\n'
            f"probe:\n  allow_private: [127.0.0.0/8]\n  ca_file: ca.pem\n  connect_to:\n{connect}"
            f"  {self._probe}\n"
            f'channels:\n  - {{name: newsroom, kind: slack, webhook_url: "{self.slack.url}"}}\n{self._mail_channel()}'
            f"routes:\n  - {{name: default, channels: [newsroom{_DESK if self._mail else ']'}{self._routes}}}\n"
            f"platforms:\n{self._platforms}{self._settings}"
        )

    def _mail_channel(self) -> str:
        if self._mail is None:
            return ""
        return (
            f"  - {{name: desk, kind: email, host: {self._mail.host}, port: {self._mail.port}, username: {USER}, "
            f"password: {PASSWORD}, ca_file: {trust(self.directory / 'mail')}, "
            "from: watcher <watcher@newsroom.example>, to: [a@newsroom.example, b@newsroom.example]}\n"
        )


async def nothing(_limit: timedelta = timedelta(0)) -> None:
    """What the dead still do."""
