"""The process that is killed: an outbox over the state that is there, until all is told."""

import asyncio
import pickle
import sys
from datetime import timedelta
from pathlib import Path

from bench.faults.kinds import CHANNEL
from bench.faults.matrix import session, view, waiting
from tests.process.failpoints import CrashingStore, Trap
from watcher.clock import SystemClock
from watcher.metrics import Metrics
from watcher.model.notification import Message, Outcome
from watcher.notify.channels.base import Channel
from watcher.notify.channels.build import build
from watcher.notify.outbox import Outbox
from watcher.store.worker import StoreWorker


async def main(place: Path, point: str) -> None:
    """Tell all that is to be told; die at the point, if there is one."""
    trap = Trap(place, point or None)
    store = CrashingStore(place / "state", trap)
    store.open()
    clock, metrics = SystemClock(), Metrics("bench")
    worker = StoreWorker(store, clock, metrics, threaded=False)
    async with session(place / "ca.pem") as posts:
        channels = build([pickle.loads((place / "settings").read_bytes())], posts, clock)
        _trap(channels[CHANNEL], trap)
        outbox = Outbox(worker, clock, channels, view, metrics)
        running = asyncio.create_task(outbox.run())
        while waiting(store):  # noqa: ASYNC110 - rows in a file raise no events
            await asyncio.sleep(0.05)
        await outbox.drain(timedelta(seconds=5))
        await running
    worker.close()
    store.close()


def _trap(channel: Channel, trap: Trap) -> None:
    send = channel.send

    async def send_or_die(message: Message) -> Outcome:
        trap.pass_point("send: before")
        outcome = await send(message)
        trap.pass_point("send: after")
        return outcome

    channel.send = send_or_die  # type: ignore[method-assign]


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
