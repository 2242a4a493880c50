"""Who is looked at when: fills the plan from the book, starts the looks that are due, and puts each back afterwards.

What a look finds is the pipeline's business, when the next one is due the plan's.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from watcher.clock import Clock
from watcher.look.batches import Batches, Looked
from watcher.look.book import single
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.account import Account
from watcher.model.outage import ZERO, Phase
from watcher.model.platform import Pace
from watcher.model.reload import Edit
from watcher.probe import Pacer
from watcher.schedule import Due, Plan, Slot, places

_NOWHERE: Final = "nowhere"
_PLACED_AT_ONCE: Final = 200  # accounts, before others get their turn: some ten milliseconds
_SHARE: Final = 0.5  # of what the pace allows in an interval, at most, to see whether many are missing
# However many looks one host keeps under way by answering slowly, or not at all, most of the room is for others.
_HOSTS: Final = 4
_AT_ONCE: Final = 8
_LONG, _REST = 0.01, 0.1  # seconds
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
        self._batches = Batches(pipeline, clock)
        self._suspected: set[str] = set()  # whom a batch did not name
        self._paces: dict[str, Pace] = {}
        self._urls: dict[str, str] = {}
        self._looks: set[asyncio.Task[None]] = set()
        self._out: Counter[str] = Counter()  # looks under way, by host
        self._is_short = False  # more was due than there was room for
        # Those that wait for controls hold no connection.
        self._most = 2 * pacer.connections
        self._share = max(1, self._most // _HOSTS)
        self._log = structlog.get_logger("watcher")

    @property
    def hosts(self) -> Mapping[str, str]:
        """Where accounts are asked: each host with a URL that is asked there."""
        return self._urls

    async def arrange(self, edit: Edit | None = None) -> None:
        """Make the plan that of the book, and keep the controls of every source first asked.

        Only for those of the `edit`, where nothing has changed but that. The looks go on meanwhile: who is no longer
        watched leaves the plan at once; of the others each is asked as before until it is its turn here.
        """
        listed, order = self._book.watchlist.accounts, dict[str, float]()
        now = self._clock.now()  # of all: those placed last, seconds after the first of many, are due no later for that
        if edit is None:
            self.plan.remove([account_id for account_id in self.plan if account_id not in listed])
            self._urls = {}  # a platform may be asked at another port
            order = {} if self.plan else self._order(now)
            touched: Sequence[str] = tuple(order or listed)
        else:
            self.plan.remove(edit.removed)
            touched = (*edit.added, *edit.changed)
        self._suspected &= self._book.states.keys()
        for start in range(0, len(touched), _PLACED_AT_ONCE):
            self._place(touched[start : start + _PLACED_AT_ONCE], now, len(touched), order)
            await asyncio.sleep(0)
        in_use = self.plan.hosts
        self._paces = {host: pace for host, pace in self._paces.items() if host in in_use}
        self._urls = {host: url for host, url in self._urls.items() if host in in_use}

    def _order(self, now: datetime) -> dict[str, float]:
        """Where a start places each among those that are asked as often at the same place, by the last looks."""
        states, listed = self._book.states, self._book.watchlist.accounts.values()
        asked = ((each, each.policy.interval, states[each.id].last_probe_at) for each in listed)
        return places(((each.id, (each.platform, each.instance, span), span, last) for each, span, last in asked), now)

    def _place(self, account_ids: Sequence[str], now: datetime, among: int, order: Mapping[str, float]) -> None:
        """Give these their place in the plan from `now` on; `among` so many in all, in that order if they are in it."""
        listed, controls = self._book.watchlist.accounts, self._pipeline.controls
        accounts = [listed[account_id] for account_id in account_ids]
        for account in accounts:
            for source in self._book.sources(account, controls.health)[:1]:
                controls.keep(self._book.key(account, source), self._book.platform_of(account), source)
        self.plan.amend(map(self._slot, accounts), now, among, order)

    def tick(self) -> None:
        """Start the looks that are due, as many as their hosts and the connections can take.

        Where that is not all of them, the others follow as looks end: at a tick alone, short looks would leave most of
        the time unused.
        """
        room = self._most - self._out.total()
        self._is_short = False
        found = self.plan.due(self._clock.now(), self._capacity, room) if room > 0 else []
        self._is_short |= len(found) >= room
        self._out.update(due.host for due in found)
        if found:
            self.start(self._start_all(found))

    async def _start_all(self, found: list[Due]) -> None:
        """Start these looks a few at a time: in between, answers are read and pages served.

        Where that takes long, answers have piled up: then they have as much time again before more is asked, but no
        more than a tenth of a second, for it may have been the machine that stood still.
        """
        loop = asyncio.get_running_loop()
        for place, due in enumerate(found):
            if place and place % _AT_ONCE == 0:
                began = loop.time()
                await asyncio.sleep(0)
                took = loop.time() - began
                if took > _LONG:
                    await asyncio.sleep(min(took, _REST))
            self.start(self._begin(due))

    async def _begin(self, due: Due) -> None:
        now = self._clock.now()
        for each in due.all:
            self._metrics.schedule_lag.observe(max(0.0, (now - each.at).total_seconds()))
        try:
            if due.batch:
                await self._look_together(tuple(each.account_id for each in due.all))
            else:
                await self._look(due.account_id)
        finally:
            self._out[due.host] -= 1
            left = self._out[due.host] or self._out.pop(due.host)
            if self._is_short and left <= self._share // 2 and self._out.total() <= self._most // 2:
                self._follow()

    def _follow(self) -> None:
        """Start what there is room for now. A fault of ours must not end the looks: the next tick tries again."""
        try:
            self.tick()
        except Exception:  # noqa: BLE001 - as the ticker does
            self._log.error("tick_failed", exc_info=True)

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Let `work` run along; `finish` waits for it too."""
        task = asyncio.create_task(work)
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    async def finish(self, patience: timedelta) -> None:
        """Wait for the looks under way, for at most `patience` of real time; then cancel them."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience.total_seconds()
        self._is_short = False  # nobody follows
        while self._looks and loop.time() < until:  # those that are handed out may begin only now
            await asyncio.wait(tuple(self._looks), timeout=until - loop.time())
        looks = tuple(self._looks)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    def _slot(self, account: Account) -> Slot:
        """Where the account is asked about, alone or in a batch: what pace and schedule go by."""
        sources = self._book.sources(account, self._pipeline.controls.health)
        phase = self._book.states[account.id].phase
        urgent, down = phase in _UNSETTLED, phase is Phase.DOWN
        interval = account.policy.interval
        together = None if account.id in self._suspected else self._book.together(account, sources)
        source = together or next(iter(single(sources)), None)
        if source is None:
            return Slot(account_id=account.id, host=_NOWHERE, interval=interval, urgent=urgent, down=down)
        host = self._book.host(account, source)
        self._paces[host] = source.pace
        if host and host not in self._urls:
            self._urls[host] = self._book.url(account, source)
        slot = Slot(account_id=account.id, host=host, interval=interval, urgent=urgent, down=down)
        if together is None or together.batch is None:
            return slot
        key = self._book.key(account, together)
        return replace(slot, batch=f"{key.platform} {key.instance} {key.source}", room=together.batch.room)

    def _capacity(self, host: str) -> int:
        """How many looks at `host` may begin: what its pace allows, and its share of all that may be under way."""
        pace, share = self._paces.get(host), self._share - self._out[host]
        if pace is None:
            return len(self.plan)
        allowed = self._pacer.capacity(host, pace)
        self._is_short |= allowed > share
        return min(allowed, share)

    async def _look(self, account_id: str) -> None:
        """Look at one account by itself."""
        suspected = account_id in self._suspected
        self._suspected.discard(account_id)
        try:
            wait = await self._pipeline.look(account_id, suspected=suspected)
        except Exception:  # noqa: BLE001 - a fault of ours is no verdict, and must not end the watching
            self._log.error("look_failed", account=account_id, exc_info=True)
            self._put_back_after_fault(account_id)
        else:
            if wait is not None:  # else it was taken off the list meanwhile
                self._put_back(account_id, wait)
                self._look_at_company(account_id)

    def _look_at_company(self, account_id: str) -> None:
        """Where a second account turns absent at a place, see soon whether all do; not where the pace is too slow."""
        account = self._book.watchlist.accounts.get(account_id)
        company = self._book.company(account) if account is not None else ()
        if account is None or not company:
            return
        pace = self._paces.get(self._slot(account).host)
        if pace is not None and len(company) <= pace.per_second * account.policy.interval.total_seconds() * _SHARE:
            self.plan.hasten((other.id for other in company), self._clock.now(), account.policy.confirm.interval / 2)

    async def _look_together(self, account_ids: tuple[str, ...]) -> None:
        """Look at several in one request; who is not named in the answer is looked at alone, and at once."""
        try:
            looked = await self._batches.look(account_ids)
        except Exception:  # noqa: BLE001 - as above
            self._log.error("look_failed", accounts=" ".join(account_ids), exc_info=True)
            looked = Looked()
        for account_id in account_ids:
            if account_id in looked.suspected:
                self._suspected.add(account_id)
                self._put_back(account_id, ZERO)
            elif account_id in looked.waits:
                self._put_back(account_id, looked.waits[account_id])
            else:
                self._put_back_after_fault(account_id)

    def _put_back(self, account_id: str, wait: timedelta, looked_at: datetime | None = None) -> None:
        """Have the account looked at after `wait`, where it is to be asked about now."""
        account, state = self._book.watchlist.accounts.get(account_id), self._book.states.get(account_id)
        if account is None or state is None:
            return
        slot = self._slot(account)
        self.plan.move(account_id, slot.host, slot.batch, slot.room, down=slot.down)
        looked_at = looked_at or (state.last_probe_at if wait else None) or self._clock.now()
        missed = self.plan.again(account_id, looked_at, wait)
        if missed:
            self._metrics.looks_missed.labels(account.platform).inc(missed)

    def _put_back_after_fault(self, account_id: str) -> None:
        account = self._book.watchlist.accounts.get(account_id)
        if account is not None:
            self._put_back(account_id, account.policy.interval, self._clock.now())
