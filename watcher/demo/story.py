"""The script of the demo: what is watched, what happens when, and how it ended. The watching is `watcher.app`'s."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from watcher.app import App, Surroundings
from watcher.clock import Clock, ScaledClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.demo.sink import Received, SlackSink
from watcher.look.examining import Examined
from watcher.model.account import Account
from watcher.model.notification import NotificationKind, NotificationState
from watcher.model.outage import Decision, Outage, Phase
from watcher.model.record import Record, instant, outage_record
from watcher.schedule import LoopTicker
from watcher.settings import Loaded
from watcher.settings.load import load_all
from watcher.store.sql import SqlStore
from watcher.store.values import IncidentRecord

# About 23:00 GMT, for eleven minutes: Twitter's statement of 2 November 2017, and the press of the next day.
BEGINS: Final = datetime(2017, 11, 2, 22, 58, 0, tzinfo=UTC)
VANISHES: Final = datetime(2017, 11, 2, 23, 0, 17, tzinfo=UTC)
ELEVEN_MINUTES: Final = timedelta(minutes=11)
_PATIENCE: Final = timedelta(minutes=20)
_STEP: Final = timedelta(seconds=2)
HANDLE: Final = "realDonaldTrump"
ACCOUNT: Final = "x:realdonaldtrump"

_SETTINGS: Final = """\
watchlist: watchlist.yaml
state_dir: state
contact: demo@watcher.example
probe:
  allow_private: [127.0.0.0/8]
  connect_to: {{x.com: "127.0.0.1:{platform}"}}
  ca_file: {ca_file}
web: {{listen: "127.0.0.1:{web}"}}
channels:
  - {{name: newsroom, kind: slack, webhook_url: "{sink}"}}
routes:
  - {{name: default, channels: [newsroom]}}
platforms:
  # The demo's platform is ours: it may be asked this often, and its pages are those of 2017.
  x: {{sources: {{page: {{robots: override}}}}, pace: {{requests: 120, per: 1m, concurrency: 4}}}}
"""
WATCHLIST: Final = """\
owners:
  potus45: Donald J. Trump
accounts:
  - {url: https://x.com/realDonaldTrump, owner: potus45, severity: critical}
  - {url: https://x.com/POTUS, owner: potus45, severity: critical}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the story ended: the outage as measured, the truth by the platform's own log, and the messages."""

    outage: Outage | None
    truth: timedelta | None
    record: IncidentRecord | None

    @property
    def is_good(self) -> bool:
        """True when the truth lies within the bounds and both messages were delivered."""
        if self.outage is None or self.truth is None or self.record is None:
            return False
        bounds = self.outage.duration
        told = {n.kind for n in self.record.notifications if n.state is NotificationState.DELIVERED}
        within = bounds.max is not None and bounds.min <= self.truth <= bounds.max
        return within and {NotificationKind.ALERT, NotificationKind.RESOLVED} <= told

    def to_record(self) -> Record:
        """The outage record with `truth_seconds` and `notifications`; an empty outage when none was measured."""
        notifications = self.record.notifications if self.record is not None else ()
        return {
            **(outage_record(self.outage) if self.outage is not None else {"id": None, "account": ACCOUNT}),
            "truth_seconds": self.truth.total_seconds() if self.truth is not None else None,
            "notifications": [
                {
                    "kind": str(n.kind),
                    "channel": n.channel,
                    "state": str(n.state),
                    "event_at": instant(n.event_at),
                    "delivered_at": instant(n.delivered_at) if n.delivered_at is not None else None,
                }
                for n in notifications
            ],
        }


class Narrator:
    """Hears what happens. The methods do nothing; whoever wants to show the story overrides them."""

    def ready(self, story: "Story", app: App) -> None:
        """Everything runs."""

    def turned(self, at: datetime, page: Page) -> None:
        """The platform turned the page (its own log; the watching does not know)."""

    def looked(self, account: Account, examined: Examined, decision: Decision) -> None:
        """A look, what it rests on, and what became of it."""

    def told(self, message: Received) -> None:
        """A message arrived."""

    def ended(self, ending: Ending) -> None:
        """The account is back, and both messages are there, or the story was given up."""


class Story:
    """Plays the eleven minutes `speed` times as fast as they were."""

    def __init__(self, *, speed: float, port: int, narrator: Narrator) -> None:
        self.clock: Clock = ScaledClock(BEGINS, speed)
        self._speed = speed
        self._port = port
        self._narrator = narrator
        self._stop = asyncio.Event()
        self.directory: Path
        self.platform: ScriptedPlatform
        self.sink: SlackSink

    async def play(self, *, once: bool, stop: asyncio.Event) -> Ending:
        """Play to the end; unless `once`, go on watching until `stop` is set. Set earlier, it ends the story there."""
        async with AsyncExitStack() as stack:
            loaded = await self._prepare(stack)
            app = App(
                loaded,
                Surroundings(
                    clock=self.clock, ticker=LoopTicker(self.clock), store=SqlStore(loaded.settings.state_dir)
                ),
            )
            ready = asyncio.Event()
            running = asyncio.create_task(app.run(self._stop, lambda app: self._ready(app, ready)))
            stack.push_async_callback(self._end, running)
            waiting = asyncio.create_task(ready.wait())
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if running.done():
                running.result()
            ending = await self._perform(app, stop)
            if stop.is_set():
                return ending
            self._narrator.ended(ending)
            if not once:
                await stop.wait()
            return ending

    async def _prepare(self, stack: AsyncExitStack) -> Loaded:
        self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watcher-demo-")))
        self.platform = ScriptedPlatform(self.clock, self.directory)
        self.sink = SlackSink(self.clock)
        for server in (self.platform, self.sink):
            await server.start()
            stack.push_async_callback(server.stop)
        self.platform.set(HANDLE, Page.PRESENT, name="Donald J. Trump", bio="45th President of the United States")
        self.platform.set("POTUS", Page.PRESENT, name="President Trump", bio="45th President of the United States")
        for control in ("nasa", "xdevelopers", "un"):
            self.platform.set(control, Page.PRESENT, name=control.upper())
        (self.directory / "watchlist.yaml").write_text(WATCHLIST)
        settings = _SETTINGS.format(
            platform=self.platform.port, ca_file=self.platform.ca_file, web=self._port, sink=self.sink.url
        )
        (self.directory / "watcher.yaml").write_text(settings)
        return load_all(self.directory / "watcher.yaml", {})

    def _ready(self, app: App, ready: asyncio.Event) -> None:
        app.pipeline.observe = self._narrator.looked
        ready.set()

    async def _perform(self, app: App, stop: asyncio.Event) -> Ending:
        self._narrator.ready(self, app)
        script = asyncio.create_task(self._follow_script(app))
        try:
            heard = 0
            while not stop.is_set():
                ending = await self._ending(app)
                # After the record was read: what it calls delivered is told before the story ends.
                for message in self.sink.received[heard:]:
                    self._narrator.told(message)
                heard = len(self.sink.received)
                if ending.is_good or self._is_too_late():
                    return ending
                await self.clock.sleep(_STEP)
            return await self._ending(app)
        finally:
            script.cancel()

    async def _follow_script(self, app: App) -> None:
        """Turn the page, and turn it back: once both accounts were seen, which a slow machine may do late."""
        while any(state.phase is not Phase.UP for state in app.book.states.values()):
            await self.clock.sleep(_STEP)
        await self.clock.sleep(VANISHES - self.clock.now())
        self._turn(Page.MISSING_FR)
        await self.clock.sleep(self.platform.log[-1].at + ELEVEN_MINUTES - self.clock.now())
        self._turn(Page.PRESENT)

    def _turn(self, page: Page) -> None:
        self.platform.set(HANDLE, page)
        self._narrator.turned(self.platform.log[-1].at, page)

    def _is_too_late(self) -> bool:
        """True when nothing good can come any more."""
        last = max(VANISHES, *(change.at for change in self.platform.log))
        return self.clock.now() > last + ELEVEN_MINUTES + _PATIENCE

    async def _ending(self, app: App) -> Ending:
        outages = await app.reader.outages(account_id=ACCOUNT)
        outage = outages[0] if outages else None
        record = await app.reader.incident(outage.id) if outage is not None else None
        return Ending(outage=outage, truth=self._truth(), record=record)

    def _truth(self) -> timedelta | None:
        """How long the page was gone, by the platform's own log."""
        changes = [change for change in self.platform.log if change.handle == HANDLE][1:]
        return changes[1].at - changes[0].at if len(changes) > 1 else None

    async def _end(self, running: asyncio.Task[None]) -> None:
        self._stop.set()
        await asyncio.wait({running})
