"""A database of a year, one outage per account and month, written by the store: its size, and a start from it.

`python -m bench.year [--accounts 250] [--months 12]` tells the size of an outage at two sizes of the database, to show
that it grows evenly. In it is all but evidence and samples: what each look of an outage said, its incident, both
messages, a delivery of each; what the usual retention removes is gone. Instants have microseconds of their own, as real
ones have. Then it is copied under other names until 100,000 accounts are in it, for the size of a year, and to start
from; and what ten thousand openings and the states of 1,667 looks a second cost.
"""

import argparse
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.figure import Figure, reference
from bench.large import state_rows
from watcher.judge.machine import step
from watcher.judge.policy import expected
from watcher.model.account import Account
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Stamp, Verdict
from watcher.model.outage import AccountState, Decision, changed
from watcher.model.route import Route
from watcher.notify.announce import announce
from watcher.notify.grouping import Groups
from watcher.run.retention import cutoffs
from watcher.settings.values import Retention
from watcher.store.commits import merge
from watcher.store.engine import DATABASE
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

_BEGAN = datetime(2017, 1, 1, tzinfo=UTC)
_MONTH = timedelta(days=30)
# As they are made by the default policy: some ten seconds apart while there is something to confirm.
_LOOKS = ((0, True), (60, False), (71, False), (82, False), (720, True), (731, True))
_CONFIRMS = 82
_ROUTES = (Route(name="default", channels=("log",)),)
_ALL = 100_000
_A_YEAR = 12
# What the outbox does for each message, for all at once: what it costs is measured by `bench.outbox`.
_TOLD = """
INSERT INTO delivery (notification_id, at, outcome, answer, latency)
SELECT id, due_at + 412345 + id % 1000, 'delivered', 'ok', 212345 + id % 1000 FROM notification WHERE state = 'pending';
UPDATE notification SET state = 'delivered', attempts = 1, delivered_at = due_at + 412345 + id % 1000
WHERE state = 'pending';
"""
# Rows that the program numbers, in the order in which they may be copied.
_NUMBERED = {
    "account": (),
    "outage": (),
    "account_state": (),
    "transition": ("seq",),
    "incident": (),
    "notification": ("id",),
    "delivery": ("id", "notification_id"),
}


def figures(directory: Path, accounts: int, months: int) -> list[Figure]:
    """All rows."""
    rows: list[Figure] = []

    def row(name: str, value: float, unit: str, goal: float | None = None) -> None:
        began = time.process_time()
        for _ in range(50):
            reference()
        one = (time.process_time() - began) / 50
        timed = unit.startswith("s")
        rows.append(Figure(name=name, value=value, unit=unit, ratio=value / one if timed else None, goal=goal))

    _, half = write_outages(directory / "half", accounts // 2, months)
    events, whole = write_outages(directory / "whole", accounts, months)
    row(f"bytes_each_outage_of_{accounts // 2 * months}", half, "B")
    row(f"bytes_each_outage_of_{accounts * months}", whole, "B")
    row("mass_event_10000", min(events), "s of CPU", 2)
    copies = _ALL // accounts
    multiply(directory / "whole" / DATABASE, copies)
    megabytes = size(directory / "whole" / DATABASE) / 1e6
    row("year_of_100000", megabytes * _A_YEAR / months, "MB", 1000)
    row("database_started_from", megabytes, "MB")
    row("outages_in_it", accounts * months * copies, "outages")
    row("start_from_it", min(_start(directory / "whole") for _ in range(3)), "s of CPU", 5)
    row("store_share_of_1667_a_second", 100 * 1667 * state_rows(directory / "states", 20_000), "% of a core", 10)
    return rows


def write_outages(directory: Path, accounts: int, months: int) -> tuple[list[float], float]:
    """What ten thousand openings took in each month, in CPU seconds; and the bytes of an outage, all included."""
    store = SqlStore(directory)
    store.open()
    who = [_account(n) for n in range(accounts)]
    store.watch(who, _BEGAN)
    states = {account.id: AccountState(account_id=account.id, since=_BEGAN) for account in who}
    store.commit(Commit(states=tuple(states.values())))
    events = []
    for month in range(months):
        begins = _BEGAN + month * _MONTH
        events.append(_month(store, who, states, begins))
        with closing(sqlite3.connect(directory / DATABASE)) as connection:
            connection.executescript(_TOLD)
        while store.prune(cutoffs(Retention(), begins + _MONTH), 500):
            pass
    store.close()
    return events, size(directory / DATABASE) / (accounts * months)


def size(database: Path) -> int:
    """The bytes of the file, when all of its log is in it."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size


def multiply(database: Path, copies: int) -> None:
    """Have all rows so many times, under other handles as long: for their size, what they say is not read.

    No more than a thousand accounts are in it, nor are wanted of each.
    """
    with closing(sqlite3.connect(database)) as connection:
        for table in _NUMBERED:
            connection.execute(f"CREATE TEMP TABLE first_{table} AS SELECT * FROM main.{table}")
        for copy in range(1, copies):
            for table, numbers in _NUMBERED.items():
                columns = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
                values = ", ".join(_copied(table, name, kind, copy, numbers) for _, name, kind, *_ in columns)
                connection.execute(f"INSERT INTO main.{table} SELECT {values} FROM first_{table}")
            connection.commit()


def _copied(table: str, name: str, kind: str, copy: int, numbers: tuple[str, ...]) -> str:
    if name in numbers:
        target = "notification" if name == "notification_id" else table
        key = "seq" if target == "transition" else "id"
        return f"{name} + {copy} * (SELECT max({key}) FROM first_{target})"
    is_text = kind.startswith(("VARCHAR", "TEXT", "JSON"))
    return f"replace(\"{name}\", 'user0000', 'user{copy:04}')" if is_text else f'"{name}"'


def _start(directory: Path) -> float:
    store = SqlStore(directory)
    began = time.process_time()
    store.open()
    store.load()
    took = time.process_time() - began
    store.close()
    return took


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
            opening += (time.process_time() - began) if second == _CONFIRMS else 0
    return opening * 10_000 / len(who)


def _looked(account: Account, states: dict[str, AccountState], at: datetime, is_there: bool) -> Commit:
    before = states[account.id]
    if before.observed_until is not None:
        # The looks in between, which say what the last one did.
        before = changed(before, observed_until=at - expected(before, account.policy))
    decision: Decision = step(before, _finding(account, at + _spread(account, at), is_there), account)
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


def _spread(account: Account, at: datetime) -> timedelta:
    return timedelta(microseconds=Random(f"{account.id} {at}").randrange(900_000))


def _finding(account: Account, at: datetime, is_there: bool) -> Finding:
    ended = at + timedelta(microseconds=120_000 + at.microsecond // 7)
    return Finding(
        verdict=Verdict.PRESENT if is_there else Verdict.ABSENT,
        reason=Reason.PROFILE if is_there else Reason.NOT_FOUND,
        certainty=Certainty.STATED,
        seen=Stamp(earliest=at, latest=ended),
        at=ended,
        source="page",
        vantage="local",
        evidence=Evidence(
            step="structured",
            rule="profile" if is_there else "nobody",
            quote=None if is_there else "This page doesn't exist",
            status=200 if is_there else 404,
            final_url=account.url,
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


def main() -> int:
    """Print the table; the exit status is 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.year", description=__doc__)
    parser.add_argument("--accounts", type=int, default=250, help="100 to 1,000")
    parser.add_argument("--months", type=int, default=12)
    asked = parser.parse_args()
    with TemporaryDirectory() as directory:
        rows = figures(Path(directory), asked.accounts, asked.months)
    for each in rows:
        print(each.line())
    return 0 if all(each.ok is not False for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
