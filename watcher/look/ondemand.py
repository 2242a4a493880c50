"""One look at one account because somebody asks for it now: by hand, or through `/probe`. Feeds no judge.

Whoever asks gets what a run would see. Nothing is stored, and no phase changes.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watcher.clock import Clock
from watcher.look.examining import MOVE_ON, Examined
from watcher.look.handover import is_same_page
from watcher.look.pipeline import Pipeline
from watcher.model.account import Account
from watcher.model.exchange import Exchange, Purpose
from watcher.model.finding import Finding
from watcher.model.platform import Platform
from watcher.model.seen import Unanswered

_REUSED: Final = timedelta(seconds=10)
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at `account`: what each source said in turn (the last one counts), and all that was asked for it.

    `asked` has the exchanges in the order of their answers: those of the account, and by hand those of the controls
    too, which in a run are shared with everybody else. It was begun at `began_at` and over at `ended_at`.
    """

    account: Account
    platform: Platform
    is_watched: bool
    examined: tuple[Examined, ...]
    asked: tuple[Exchange, ...]
    began_at: datetime
    ended_at: datetime

    @property
    def finding(self) -> Finding:
        """The outcome, as the gate let it pass."""
        return self.examined[-1].finding


async def look_at(
    account: Account, pipeline: Pipeline, clock: Clock, *, wary: bool, is_watched: bool = True
) -> Look | None:
    """Ask source after source of the account's platform until one is not a mere shell.

    `wary` as in `Examiner.examine`. None when the account has left the book in the meantime, or is another page now.
    """
    began_at, book = clock.now(), pipeline.book
    examined: list[Examined] = []
    for source in book.single_sources(account, pipeline.controls.health):
        task = book.task(account, source, Purpose.MANUAL, clock.now())
        examined.append(await pipeline.examiner.examine(task, wary=wary))
        now_listed = book.watchlist.accounts.get(account.id)
        if now_listed is None or not is_same_page(account, now_listed):
            return None
        if examined[-1].finding.reason not in MOVE_ON:
            break
    return Look(
        account=account,
        platform=book.platform_of(account),
        is_watched=is_watched,
        examined=tuple(examined) or (pipeline.examiner.nothing_to_ask(account),),
        asked=tuple(each.exchange for each in examined if each.exchange is not None),
        began_at=began_at,
        ended_at=clock.now(),
    )


@dataclass(slots=True)
class _Flight:
    """A look that is under way, and how many wait for it."""

    account: Account
    task: asyncio.Task[Look | None]
    waiting: int = 0


class OnDemand:
    """Looks at watched accounts for those who ask, over the sources, controls and pace of the run.

    One look at a time for each account, shared by all who ask meanwhile and by those who ask up to ten seconds
    after it; `at_once` looks in all. A look for which nobody waits any more is given up.
    """

    def __init__(self, pipeline: Pipeline, clock: Clock, *, at_once: int = _AT_ONCE) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._places = asyncio.Semaphore(at_once)
        self._flights: dict[str, _Flight] = {}
        self._kept: dict[str, Look] = {}
        self._is_closed = False

    async def look(self, account_id: str, patience: timedelta) -> Look | Unanswered:
        """What is seen of the account now, or why there is no answer. Takes `patience` at most, in real time."""
        if self._is_closed:
            return Unanswered.STOPPING
        account = self._pipeline.book.watchlist.accounts.get(account_id)
        if account is None:
            return Unanswered.NOT_WATCHED
        kept = self._kept.get(account_id)
        if kept is not None and self._is_fresh(kept) and is_same_page(kept.account, account):
            return kept
        flight = self._flights.get(account_id)
        if flight is None or not is_same_page(flight.account, account):
            flight = self._begin(account)
        await self._wait(account_id, flight, patience)
        if not flight.task.done():
            return Unanswered.TIMED_OUT
        if flight.task.cancelled():
            return Unanswered.STOPPING
        return flight.task.result() or Unanswered.NOT_WATCHED

    async def close(self) -> None:
        """Give up all looks: whoever waits is told so."""
        self._is_closed = True
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, account_id: str, flight: _Flight, patience: timedelta) -> None:
        flight.waiting += 1
        try:
            await asyncio.wait({flight.task}, timeout=max(0.0, patience.total_seconds()))
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._forget(account_id, flight)  # at once: who asks next must not join what is being given up
                flight.task.cancel()

    def _begin(self, account: Account) -> _Flight:
        task = asyncio.create_task(self._look(account))
        flight = self._flights[account.id] = _Flight(account, task)
        task.add_done_callback(lambda _task: self._forget(account.id, flight))
        return flight

    def _forget(self, account_id: str, flight: _Flight) -> None:
        if self._flights.get(account_id) is flight:
            del self._flights[account_id]

    async def _look(self, account: Account) -> Look | None:
        async with self._places:
            listed = self._pipeline.book.watchlist.accounts.get(account.id)
            if listed is None or not is_same_page(account, listed):
                return None
            state = self._pipeline.book.states[account.id]
            seen = await look_at(account, self._pipeline, self._clock, wary=state.is_down)
        self._kept = {each: look for each, look in self._kept.items() if self._is_fresh(look)}
        if seen is not None:
            self._kept[account.id] = seen
        return seen

    def _is_fresh(self, look: Look) -> bool:
        return self._clock.now() - look.finding.at <= _REUSED
