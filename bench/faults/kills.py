"""kill -9 before and after each step of claim, send and mark: a process a step, then another that goes on."""

import asyncio
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.faults.kinds import CHANNEL, Kind
from bench.faults.matrix import OUTAGES, Row, certificates, fill
from bench.faults.server import HOST
from watcher.store.sql import SqlStore

POINTS = (
    "claim alert: before UPDATE notification",
    "claim alert: before COMMIT",
    "claim alert: after",
    "send: before",
    "send: after",
    "mark alert: before INSERT delivery",
    "mark alert: before COMMIT",
    "mark alert: after",
)
# Sent, and not marked: it is sent again, under the same key.
TWICE = frozenset(POINTS[4:7])


def kills(kind: Kind, directory: Path, points: tuple[str, ...] = POINTS) -> Iterator[Row]:
    """A row for each point."""
    for number, point in enumerate(points):
        place = directory / f"{kind.name}-kill-{number}"
        place.mkdir(parents=True)
        yield asyncio.run(_kill(kind, point, place))


async def _kill(kind: Kind, point: str, place: Path) -> Row:
    pair, ca_file = certificates(place)
    store = SqlStore(place / "state")
    store.open()
    # Alone: a step of the other's row would be the first of its name.
    fill(store, (CHANNEL,))
    store.close()
    async with kind.target(pair) as target:
        settings = kind.settings(HOST, target.port, ca_file)
        (place / "settings").write_bytes(pickle.dumps(settings))
        first = await _run(place, point)
        second = await _run(place, "")
        keys = target.keys
    store.open()
    rows = store.notifications(channel=CHANNEL)
    tries = sum(len(store.tries(row.id)) for row in rows)
    states = tuple(str(row.state) for row in store.notifications())
    store.close()
    wrong = [] if first == -signal.SIGKILL and second == 0 else [f"ended with {first}, {second}"]
    if set(states) != {"delivered"} or len(set(keys)) != len(OUTAGES):
        wrong.append("lost")
    if len(keys) != len(OUTAGES) + (point in TWICE):
        wrong.append("twice" if len(keys) > len(OUTAGES) else "not sent again")
    return Row(
        kind=kind.name,
        fault=f"kill -9, {point}"[:33],
        tries=tries,
        arrived=len(keys),
        keys=len(set(keys)),
        states=states,
        others=len(rows),
        told_instead=0,
        faults=tuple(wrong),
    )


async def _run(place: Path, point: str) -> int:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.faults.child", str(place), point, stdout=subprocess.DEVNULL
    )
    async with asyncio.timeout(timedelta(minutes=1).total_seconds()):
        return await child.wait()
