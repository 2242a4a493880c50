"""A database of a year, one outage per account and month, written by the store: its size, and a start from it.

`python -m bench.year [--accounts 2000] [--months 6]` tells the size of two parts of it, to show that it grows evenly,
and reckons the whole from the second. In it is all but the evidence and the samples: what each look of an outage said,
its incident, both messages and a delivery of each. Every instant has its own microseconds, as real ones have.
"""

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sqlalchemy import insert

from watcher.judge.machine import step
from watcher.model.account import Account
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Stamp, Verdict
from watcher.model.notification import Delivery, NotificationState
from watcher.model.outage import AccountState, Decision
from watcher.model.route import Route
from watcher.notify.announce import announce
from watcher.notify.grouping import Groups
from watcher.store import tables
from watcher.store.base import Commit
from watcher.store.commits import merge
from watcher.store.engine import DATABASE, sqlite_engine
from watcher.store.sql import SqlStore

_BEGAN = datetime(2017, 1, 1, tzinfo=UTC)
_MONTH = timedelta(days=30)
_LOOKS = ((0, True), (60, False), (70, False), (80, False), (700, True), (710, True))
_ROUTES = (Route(name="default", channels=("log",)),)


def year_of_outages(directory: Path, accounts: int, months: int = 12) -> Iterator[tuple[str, float, str, float | None]]:
    """Rows: the bytes of an outage, the whole of a year reckoned from them, a mass event, a start from it."""
    store = SqlStore(directory)
    store.open()
    who = [_account(n) for n in range(accounts)]
    store.watch(who, _BEGAN)
    states = {account.id: AccountState(account_id=account.id, since=_BEGAN) for account in who}
    store.commit(Commit(states=tuple(states.values())))
    before = _size(directory)
    event = 0.0
    for month in range(months):
        event = _month(store, who, states, _BEGAN + month * _MONTH)
    yield "mass_event_10000", event, "s", 2
    grown = (_size(directory) - before) / (accounts * months)
    yield "bytes_each_outage", grown, "B", None
    yield "year_of_100000", (before / accounts + 12 * grown) * 100_000 / 1e6, "MB", 1000
    store.close()
    store = SqlStore(directory)
    began = time.process_time()
    store.open()
    store.load()
    yield "start_from_it", time.process_time() - began, "s of CPU", 5
    store.close()


def _month(store: SqlStore, who: list[Account], states: dict[str, AccountState], begins: datetime) -> float:
    """Every account is gone once; CPU seconds to commit the openings of ten thousand, by the hundred as workers do."""
    opening = 0.0
    for start in range(0, len(who), 500):
        for second, is_there in _LOOKS:
            commits = [
                _looked(account, states, begins + timedelta(seconds=second), is_there)
                for account in who[start : start + 500]
            ]
            began = time.process_time()
            store.commit(merge(commits))
            opening += (time.process_time() - began) if second == 80 else 0
    return opening * 10_000 / len(who)


def _looked(account: Account, states: dict[str, AccountState], at: datetime, is_there: bool) -> Commit:
    decision: Decision = step(states[account.id], _finding(at, is_there), account)
    states[account.id] = decision.state
    news = announce(decision.transitions, account, _ROUTES, "Made", Groups((), {}, ()), now=at)
    return Commit(
        states=(decision.state,),
        transitions=decision.transitions,
        unobserved=decision.unobserved,
        opened=news.opened,
        closed=news.closed,
        notifications=news.notifications,
    )


def _finding(at: datetime, is_there: bool) -> Finding:
    return Finding(
        verdict=Verdict.PRESENT if is_there else Verdict.ABSENT,
        reason=Reason.PROFILE if is_there else Reason.NOT_FOUND,
        certainty=Certainty.STATED,
        seen=Stamp(earliest=at, latest=at + timedelta(milliseconds=200)),
        at=at + timedelta(milliseconds=200),
        source="page",
        vantage="local",
        evidence=Evidence(
            step="structured",
            rule="profile" if is_there else "nobody",
            quote=None if is_there else "This page doesn't exist",
        ),
    )


def _account(n: int) -> Account:
    handle = f"user{n:07}"
    url = f"https://made{n % 20:02}.example/{handle}"
    return Account(
        id=f"made{n % 20:02}:{handle}",
        platform=f"made{n % 20:02}",
        instance="",
        handle=handle,
        display_handle=handle,
        url=url,
    )


def _size(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
