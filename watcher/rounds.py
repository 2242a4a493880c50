"""Who is looked at when: fills the plan from the book, starts the looks that are due, and puts each back afterwards.

What a look finds is the pipeline's business, when the next one is due the plan's.
"""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Final

import structlog

from watcher.clock import Clock
from watcher.metrics import Metrics
from watcher.model.exchange import Purpose
from watcher.model.outage import Phase
from watcher.model.platform import Pace
from watcher.pipeline import Pipeline
from watcher.probe import Pacer
from watcher.schedule import Plan, Slot

_NOWHERE: Final = "nowhere"
_UNSETTLED: Final = frozenset({Phase.SUSPECT, Phase.DOWN, Phase.RECOVERING})


class Rounds:
    """The looks at all accounts of the book. Call `arrange` first, and again after each change of the book."""

    def __init__(self, pipeline: Pipeline, pacer: Pacer, clock: Clock, metrics: Metrics) -> None:
        self.plan = Plan()
        self._pipeline = pipeline
        self._book = pipeline.book
        self._pacer = pacer
        self._clock = clock
        self._metrics = metrics
        self._paces: dict[str, Pace] = {}
        self._looks: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("watcher")

    @property
    def hosts(self) -> list[str]:
        """Where accounts are asked."""
        return [host for host in self._paces if host]

    def arrange(self) -> None:
        """Make the plan that of the book, and keep the controls of every source first asked."""
        accounts = self._book.watchlist.accounts.values()
        controls = self._pipeline.controls
        for account in accounts:
            for source in self._book.sources(account, controls.health)[:1]:
                controls.keep(self._book.key(account, source), self._book.platform_of(account), source)
        self._paces.clear()
        self.plan.replace(
            (
                Slot(
                    account_id=account.id,
                    host=self._host(account.id),
                    interval=account.policy.interval,
                    urgent=self._book.states[account.id].phase in _UNSETTLED,
                )
                for account in accounts
            ),
            self._clock.now(),
        )

    def tick(self) -> None:
        """Start every look that is due and that its host can take."""
        now = self._clock.now()
        for due in self.plan.due(now, self._capacity):
            self._metrics.schedule_lag.observe(max(0.0, (now - due.at).total_seconds()))
            self.start(self._look(due.account_id))

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Let `work` run along; `finish` waits for it too."""
        task = asyncio.create_task(work)
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    async def finish(self, patience: timedelta) -> None:
        """Wait for the looks under way, for at most `patience` of real time; then cancel them."""
        if self._looks:
            await asyncio.wait(self._looks, timeout=patience.total_seconds())
        looks = tuple(self._looks)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    def _host(self, account_id: str) -> str:
        """Where the account is asked: what pace and schedule go by."""
        account = self._book.watchlist.accounts[account_id]
        for source in self._book.sources(account, self._pipeline.controls.health)[:1]:
            task = self._book.task(account, source, Purpose.ROUTINE, self._clock.now())
            self._paces[task.host] = source.pace
            return task.host
        return _NOWHERE

    def _capacity(self, host: str) -> int:
        pace = self._paces.get(host)
        return len(self.plan) if pace is None else self._pacer.capacity(host, pace)

    async def _look(self, account_id: str) -> None:
        wait: timedelta | None
        try:
            wait = await self._pipeline.look(account_id)
        except Exception:  # noqa: BLE001 - a fault of ours is no verdict, and must not end the watching
            self._log.error("look_failed", account=account_id, exc_info=True)
            account = self._book.watchlist.accounts.get(account_id)
            wait = account.policy.interval if account is not None else None
            looked_at = self._clock.now()
        else:
            state = self._book.states.get(account_id)
            looked_at = (state and state.last_probe_at) or self._clock.now()
        if wait is not None:  # else it was taken off the list meanwhile
            self.plan.move(account_id, self._host(account_id))
            self.plan.again(account_id, looked_at, wait)
