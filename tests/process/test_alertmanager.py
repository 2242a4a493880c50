"""A real Alertmanager is told of what lasts for half an hour, and nothing flaps, whichever side is restarted meanwhile.

Time is compressed by 200: every span of the default settings is divided by it, ours and those of Alertmanager's own
documentation, so that 30 minutes are 9 seconds and all ratios are as they are in life. What is not compressed is how
long a request and a start of Alertmanager take: 0.5 s are 100 s here, nearly two repetitions.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import pytest

from tests.process.command import PATIENCE
from tests.process.prometheus import Alertmanager
from tests.process.prometheus import Receiver as Desk
from tests.unit.store.samples import account, opening, outage
from watcher.clock import SystemClock
from watcher.metrics import Metrics
from watcher.model.finding import Stamp
from watcher.model.notification import NotificationKind, dedup_key_of
from watcher.model.outage import AccountState, EndCause, Outage, Phase, Transition, TransitionKind
from watcher.notify import Outbox, View
from watcher.notify.alerts import labels_of
from watcher.notify.channels.alertmanager import AlertmanagerChannel
from watcher.notify.channels.webhook import fingerprint
from watcher.notify.renewal import Renewal
from watcher.settings import values
from watcher.store.sql import SqlStore
from watcher.store.values import Commit, IncidentRecord
from watcher.store.worker import StoreWorker

FASTER: Final = 200
RENEW: Final = values.AlertmanagerChannel(name="am", peers=()).renew / FASTER
NAMES: Final = ("potus", "realdonaldtrump")


def spell(minutes: float) -> str:
    """A span of Alertmanager's settings, compressed."""
    return f"{minutes * 60_000 / FASTER:.0f}ms"


CONFIG: Final = f"""
global: {{resolve_timeout: {spell(5)}}}
route:
  receiver: desk
  group_by: [platform]
  group_wait: {spell(0.5)}
  group_interval: {spell(5)}
  repeat_interval: 4h
receivers: [{{name: desk, webhook_configs: [{{url: "URL"}}]}}]
"""


class Pulse:
    """The longest time between two repetitions, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last: float | None = None

    def beat(self) -> None:
        """One has ended."""
        now = time.monotonic()
        self.longest = max(self.longest, now - (self._last or now))
        self._last = now


class Side:
    """Our side: the store, the outbox, the channel and what repeats; begins anew each time it is entered.

    Left without a word, as by a kill.
    """

    def __init__(self, directory: Path, peer: str, pulse: Pulse) -> None:
        self._pulse = pulse
        self.clock = SystemClock()
        self.metrics = Metrics("test")
        self.store = SqlStore(directory / "state")
        self._settings = values.AlertmanagerChannel(name="am", peers=(peer,), renew=RENEW)
        self._stack: AsyncExitStack
        self._worker: StoreWorker
        self._outbox: Outbox

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        await asyncio.to_thread(self.store.open)
        self._worker = StoreWorker(self.store, self.clock, self.metrics, threaded=True)
        channels = {"am": AlertmanagerChannel(self._settings, session, self.clock)}
        self._outbox = Outbox(self._worker, self.clock, channels, lambda r, row: seen(r, row.kind, self), self.metrics)
        renewal = Renewal(
            self._worker, self.clock, channels, lambda r: seen(r, NotificationKind.ALERT, self), self.metrics
        )
        self._tasks = [asyncio.create_task(each) for each in (self._outbox.run(), self._look(renewal))]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._outbox.drain(timedelta(0))
        await self._stack.aclose()
        await asyncio.to_thread(self._worker.close)
        await asyncio.to_thread(self.store.close)

    async def _look(self, renewal: Renewal) -> None:
        while True:
            await renewal.look()
            self._pulse.beat()
            await asyncio.sleep(RENEW.total_seconds())  # `look` takes two seconds off, which are minutes here

    async def commit(self, commit: Commit) -> None:
        """Store it, and have it told."""
        await self._worker.call(self.store.commit, commit)
        self._outbox.wake()

    async def watch(self) -> None:
        """The accounts."""
        await self._worker.call(self.store.watch, [account(name) for name in NAMES], self.clock.now())

    def gone(self, name: str, number: int = 1) -> tuple[Outage, Commit]:
        """An outage of that account, and the commit that opens it now."""
        now = self.clock.now()
        here = Stamp(earliest=now, latest=now)
        found = replace(
            outage(name, number), last_present=now, began=here, last_absent=here, confirmed_at=now, cohort_id=None
        )
        commit = opening(found, ("am",))
        [own], [row] = commit.opened, commit.notifications
        row = replace(row, due_at=now, event_at=now, dedup_key=dedup_key_of(found.id, "am", row.kind))
        return found, replace(
            commit, opened=(replace(own, labels=labels_of(account(name))),), notifications=(row,), bodies=()
        )

    def back(self, found: Outage) -> Commit:
        """The commit that closes it now."""
        now = self.clock.now()
        over = replace(found, ended=Stamp(earliest=now, latest=now), closed_at=now, end_cause=EndCause.RECOVERED)
        happened = Transition(kind=TransitionKind.OUTAGE_CLOSED, at=now, account_id=found.account_id, outage=over)
        state = AccountState(account_id=found.account_id, phase=Phase.UP, since=now)
        return Commit(states=(state,), transitions=(happened,), closed=((found.id, now),))


def seen(record: IncidentRecord, kind: NotificationKind, side: Side) -> View:
    """What is known of it, as the app gives it."""
    return View(
        incident=record.incident,
        kind=kind,
        dedup_key=f"{record.incident.id}/am/{kind}",
        now=side.clock.now(),
        outage=record.outage,
        digest=record.digest,
    )


class Restartable(Alertmanager):
    """An Alertmanager that can be ended in order, and begun again with what it kept."""

    async def restart(self) -> None:
        """It forgets its alerts, and knows whom it told of what."""
        self._process.terminate()
        await self._process.wait()
        await self.__aenter__()

    async def alerts(self) -> dict[str, dict[str, Any]]:
        """What it knows, by the account."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/api/v2/alerts") as answer:
            return {alert["labels"]["account"]: alert for alert in await answer.json()}

    async def until(self, accounts: set[str]) -> Mapping[str, dict[str, Any]]:
        """Return once it holds that just these are gone."""
        async with asyncio.timeout(PATIENCE):
            while (found := await self.alerts()).keys() != accounts:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Desk() as desk:
        yield desk


def told(desk: Desk) -> list[tuple[str, str]]:
    """What the desk heard since it was asked last: (account, status)."""
    heard = []
    while not desk.alerts.empty():
        alert = desk.alerts.get_nowait()
        heard.append((alert["labels"]["account"], alert["status"]))
    return heard


async def pass_time(minutes: float) -> None:
    """Let so many minutes go by, compressed."""
    await asyncio.sleep(minutes * 60 / FASTER)


async def play(desk: Desk, directory: Path, pulse: Pulse) -> None:
    """Two accounts are gone for a quarter of an hour and more; both sides are restarted; then they come back."""
    began = time.monotonic()
    async with Restartable(directory / "alertmanager", CONFIG.replace("URL", desk.url)) as alertmanager:
        async with Side(directory, alertmanager.url, pulse) as side:
            await side.watch()
            first, opened = side.gone(NAMES[0])
            await side.commit(opened)
            known = await alertmanager.until({"x:potus"})
            assert known["x:potus"]["fingerprint"] == fingerprint(known["x:potus"]["labels"])
            assert known["x:potus"]["labels"] == {
                "alertname": "AccountUnavailable",
                "account": "x:potus",
                "platform": "x",
                "severity": "critical",
                "desk": "politics",
            }
            second, opened = side.gone(NAMES[1])
            await side.commit(opened)
            await pass_time(7)
            await alertmanager.restart()
            await pass_time(5)
        # Ours was killed, and begins anew before four repetitions are over.
        async with Side(directory, alertmanager.url, pulse) as side:
            await pass_time(3)
            heard = told(desk)
            assert set(heard) == {("x:potus", "firing"), ("x:realdonaldtrump", "firing")}
            # Once each; the first a second time when the other one joins it. Nothing after the restarts.
            assert len(heard) <= 3
            await side.commit(side.back(first))
            await alertmanager.until({"x:realdonaldtrump"})
            await pass_time(6)
            assert told(desk).count(("x:potus", "resolved")) == 1
            # It is gone again: the end of the first outage, which is still repeated, is not that of the second.
            again, opened = side.gone(NAMES[0], 2)
            await side.commit(opened)
            await side.commit(side.back(second))
            await alertmanager.until({"x:potus"})
            await pass_time(9)
            heard = told(desk)
            assert heard.count(("x:realdonaldtrump", "resolved")) == 1
            assert ("x:potus", "firing") in heard
            assert ("x:potus", "resolved") not in heard
            assert time.monotonic() - began > 30 * 60 / FASTER
            await side.commit(side.back(again))
            await desk.told("AccountUnavailable", "resolved")


async def test_half_an_hour_without_flapping(desk: Desk, tmp_path: Path) -> None:
    """Nobody hears of an end before there is one, and then once; played again where the machine stood still."""
    for attempt in range(3):
        pulse = Pulse()
        try:
            return await play(desk, tmp_path / str(attempt), pulse)
        except AssertionError:
            # Then the alert did end, as it should: nobody had repeated it for too long.
            if pulse.longest < 3 * RENEW.total_seconds():
                raise
            told(desk)
    raise AssertionError("the machine stood still each time")
