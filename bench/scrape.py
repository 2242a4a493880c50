"""What a scrape costs: the snapshot, the lines of all accounts, packing; and for how long it keeps the loop."""

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from bench.figure import Figure, reference
from watcher.metrics import Metrics
from watcher.model.account import Account
from watcher.model.control import VantageState
from watcher.model.outage import AccountState, Phase
from watcher.model.snapshot import Snapshot
from watcher.web.scrape import Exporter

_ROUNDS: Final = 5
_NOW: Final = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_ACCEPT: Final = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3"


class Crowd:
    """So many accounts, watched, looked at in turn, and scraped."""

    def __init__(self, size: int) -> None:
        metrics = Metrics("1")
        metrics.expect(["x"], ["log"], ["timeout", "login_wall", "rate_limited"])
        self._exporter = Exporter(metrics.registry)
        self._accounts = {account.id: account for account in map(_account, range(size))}
        self._states = {each: AccountState(account_id=each, phase=Phase.UP, since=_NOW) for each in self._accounts}
        for minutes in (0, 1):
            self.look(minutes)

    def look(self, minutes: int) -> None:
        """All accounts were there, each at its time of the minute."""
        spread = _MINUTE / len(self._states)
        for number, state in enumerate(self._states.values()):
            at = _NOW + minutes * _MINUTE + number * spread
            observed = at - (state.last_verdict_at or at) + state.observed
            seen = replace(state, last_probe_at=at, last_verdict_at=at, observed=observed)
            self._states[state.account_id] = seen

    async def scrape(self) -> None:
        """As Prometheus does."""
        snapshot = Snapshot(
            at=_NOW,
            started_at=_NOW,
            accounts=self._accounts,
            states=self._states,
            owners={},
            platforms={},
            health={},
            reports={},
            vantage=VantageState.ONLINE,
            stored=self._states,
        )
        assert (await self._exporter.expose(snapshot, _ACCEPT, "gzip")).gzipped

    async def longest_block(self) -> float:
        """For how many seconds of processor time a scrape keeps the loop at most."""
        scrape, longest, last = asyncio.create_task(self.scrape()), 0.0, time.thread_time()
        while not scrape.done():
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, last = max(longest, now - last), now
        return longest


def scrapes() -> list[Figure]:
    """The rows for 10,000 and 100,000 accounts."""
    return [row for size, cpu, block in ((10_000, 25, 10), (100_000, 350, 50)) for row in _of(size, cpu, block)]


def _of(size: int, cpu: float, block: float) -> list[Figure]:
    crowd = Crowd(size)
    asyncio.run(crowd.scrape())
    changed, same, blocked, ones = list[float](), list[float](), list[float](), list[float]()
    for number in range(_ROUNDS):
        for spent in (changed, blocked):
            crowd.look(2 + 2 * number + (spent is blocked))
            gc.collect()
            gc.freeze()  # what the program keeps is of no concern to the collector there, either
            if spent is blocked:
                spent.append(asyncio.run(crowd.longest_block()))
            else:
                ones.append(median(_cpu(reference) for _ in range(20)))
                spent.append(_cpu(lambda: asyncio.run(crowd.scrape())))
        same.append(_cpu(lambda: asyncio.run(crowd.scrape())))
    gc.unfreeze()
    rows = (
        (f"scrape_{size}_all_changed", changed, cpu),
        (f"scrape_{size}_none_changed", same, cpu),
        (f"scrape_{size}_block", blocked, block),
    )
    one = median(ones)
    return [
        Figure(
            name=name, value=round(median(spent) * 1e3, 2), unit="ms", ratio=round(median(spent) / one, 4), goal=goal
        )
        for name, spent, goal in rows
    ]


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _account(number: int) -> Account:
    handle = f"newsroom{number}"
    return Account(
        id=f"x:{handle}",
        platform="x",
        instance="",
        handle=handle,
        display_handle=f"@{handle}",
        url=f"https://x.com/{handle}",
        owner=f"owner{number // 10}",
    )
