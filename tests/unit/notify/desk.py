"""An outbox with all that is around it: a store that can be made to fail, channels that answer as they are told."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.fakes.clock import FakeClock, settle
from tests.unit.notify.story import CLOSED, EVENING, OPEN, POTUS, TITLES, TRUMP, S, incident, state
from watcher.metrics import Metrics
from watcher.model.account import Account, Severity
from watcher.model.notification import (
    Delivered,
    IncidentKind,
    Message,
    Notification,
    NotificationKind,
    NotificationState,
    Outcome,
)
from watcher.model.outage import Outage, Phase, Transition, TransitionKind
from watcher.notify.channels.base import Channel
from watcher.notify.outbox import Outbox
from watcher.notify.view import View
from watcher.store.base import Store
from watcher.store.memory import MemoryStore
from watcher.store.values import Commit, IncidentRecord

CONFIRMED = EVENING + 60 * S


class DirectWorker:
    """Calls the store at once. The next calls of the function of a name raise what `fail` was given for it.

    `before` and `after` hold calls of that name until the event is set: a store in a slow thread.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.calls: list[str] = []
        self.before: dict[str, asyncio.Event] = {}
        self.after: dict[str, asyncio.Event] = {}
        self._faults: dict[str, deque[Exception]] = {}
        self._news = asyncio.Condition()

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """What `function` returns, unless a fault is due."""
        name = function.__name__
        self.calls.append(name)
        if name in self.before:
            await self.before[name].wait()
        if faults := self._faults.get(name):
            raise faults.popleft()
        answer = function(*args)
        async with self._news:
            self._news.notify_all()
        if name in self.after:
            await self.after[name].wait()
        return answer

    def fail(self, name: str, *faults: Exception) -> None:
        """Let the next calls of `name` raise `faults`, one each."""
        self._faults[name] = deque(faults)

    async def until_called(self, name: str, times: int) -> None:
        """Return once `name` has been called so often."""
        async with self._news:
            await self._news.wait_for(lambda: self.calls.count(name) >= times)


class ScriptedChannel:
    """Answers as scripted (an exception is raised), then Delivered for ever. With `gate` it waits for that first."""

    def __init__(self, clock: FakeClock, *script: Outcome | Exception, spacing: timedelta = timedelta(0)) -> None:
        self.name = "scripted"
        self.spacing = spacing
        self.timeout = timedelta(0)
        self.sent: list[tuple[float, Message]] = []
        self.gate: asyncio.Event | None = None
        self._clock = clock
        self._script = deque(script)

    def tells(self, kind: NotificationKind) -> bool:
        """All but that somebody acknowledged."""
        return kind is not NotificationKind.ACKNOWLEDGED

    async def send(self, message: Message) -> Outcome:
        """Note when it was asked (seconds after the alert was due), and answer."""
        self.sent.append(((self._clock.now() - CONFIRMED).total_seconds(), message))
        if self.gate is not None:
            await self.gate.wait()
        answer = self._script.popleft() if self._script else Delivered(answer="ok")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing to close."""

    @property
    def headlines(self) -> list[str]:
        """What was sent, in short."""
        return [message.headline for _, message in self.sent]

    @property
    def times(self) -> list[float]:
        """When it was sent."""
        return [at for at, _ in self.sent]


class Desk:
    """The outbox of one evening. The clock stands at the instant of the alert."""

    def __init__(self, store: Store | None = None, **options: Any) -> None:
        self.clock = FakeClock(CONFIRMED)
        self.worker = DirectWorker(store if store is not None else MemoryStore())
        self.worker.store.open()
        self.metrics = Metrics("test")
        self.channels: dict[str, Channel] = {}
        self.options = options
        self.outbox = self.new_outbox()
        self._running: list[asyncio.Task[None]] = []
        self._accounts: list[Account] = [TRUMP, POTUS]

    def new_outbox(self, view: Callable[[IncidentRecord, Notification], View] | None = None) -> Outbox:
        """An outbox over the same store: a process started again."""
        chance = random.Random(2017)
        options: Mapping[str, Any] = {"chance": chance, **self.options}
        return Outbox(self.worker, self.clock, self.channels, view or self.view, self.metrics, **options)

    def channel(self, name: str, *script: Outcome | Exception, spacing: timedelta = timedelta(0)) -> ScriptedChannel:
        """A scripted channel of that name."""
        channel = ScriptedChannel(self.clock, *script, spacing=spacing)
        self.channels[name] = channel
        return channel

    def view(self, record: IncidentRecord, row: Notification) -> View:
        """What the app would look up."""
        return View(
            incident=record.incident,
            kind=row.kind,
            dedup_key=row.dedup_key,
            now=self.clock.now(),
            titles=TITLES,
            outage=record.outage,
            account=TRUMP,
            recipients=row.recipients,
        )

    def alert(
        self,
        *channels: str,
        number: int = 1,
        after: timedelta = timedelta(0),
        severity: Severity = Severity.CRITICAL,
    ) -> str:
        """An outage is open and its alert in the table, due `after` now. Returns the incident's id."""
        account, outage = self._outage(number)
        about = incident(outage, id=outage.id, key=account.id, kind=IncidentKind.ACCOUNT)
        rows = tuple(
            Notification(
                incident_id=outage.id,
                route="default",
                channel=channel,
                kind=NotificationKind.ALERT,
                dedup_key=f"{outage.id}/{channel}/alert",
                due_at=self.clock.now() + after,
                event_at=self.clock.now(),
            )
            for channel in channels
        )
        self._commit(
            Commit(
                states=(state(account, Phase.DOWN, outage=outage),),
                opened=(replace(about, severity=severity),),
                notifications=rows,
            )
        )
        return outage.id

    def update(self, channel: str) -> None:
        """The reason of the first outage changed, and that is to be told."""
        alert = self.row(channel=channel)
        news = replace(alert, kind=NotificationKind.UPDATE, state=NotificationState.PENDING, seq=alert.seq)
        self._commit(Commit(notifications=(replace(news, id=0, attempts=0, dedup_key="01OUTAGE1/slack/update"),)))

    def recover(self, number: int = 1) -> None:
        """The outage is closed, with all that follows in the table."""
        account, outage = self._outage(number)
        closed = replace(CLOSED, id=outage.id, account_id=account.id)
        ended = Transition(kind=TransitionKind.OUTAGE_CLOSED, at=self.clock.now(), account_id=account.id, outage=closed)
        self._commit(
            Commit(
                states=(state(account, Phase.UP),),
                transitions=(ended,),
                closed=((outage.id, self.clock.now()),),
            )
        )

    def _outage(self, number: int) -> tuple[Account, Outage]:
        account = TRUMP if number == 1 else replace(TRUMP, id=f"{TRUMP.id}{number}")
        if account not in self._accounts:
            self._accounts.append(account)
        return account, replace(OPEN, id=f"01OUTAGE{number}", account_id=account.id)

    def _commit(self, commit: Commit) -> None:
        self.worker.store.watch(self._accounts, self.clock.now())
        self.worker.store.commit(commit)

    def start(self, outbox: Outbox | None = None) -> asyncio.Task[None]:
        """Let the outbox run."""
        task = asyncio.create_task((outbox or self.outbox).run())
        self._running.append(task)
        return task

    async def run_for(self, span: timedelta) -> None:
        """Let time pass."""
        await self.clock.run_for(span)

    async def rest(self) -> None:
        """Let everything come to rest without time passing."""
        await settle()

    def row(self, number: int = 1, channel: str = "slack") -> Notification:
        """The alert's row as it is stored."""
        record = self.worker.store.incident(f"01OUTAGE{number}")
        assert record is not None
        return next(row for row in record.notifications if row.channel == channel)

    def states(self, channel: str = "slack") -> dict[str, NotificationState]:
        """Where the rows of the first outage stand, by kind."""
        record = self.worker.store.incident("01OUTAGE1")
        assert record is not None
        return {row.kind.value: row.state for row in record.notifications if row.channel == channel}

    def value(self, name: str, **labels: str) -> float:
        """A sample of the metrics; NaN when there is none."""
        found = self.metrics.registry.get_sample_value(name, labels)
        return float("nan") if found is None else found

    async def stop(self) -> None:
        """End what was started."""
        await self.outbox.drain(timedelta(0))
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self.worker.store.close()
