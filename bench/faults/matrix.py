"""Play each fault on each kind: a minute of it, then all is well. In virtual time, over real TLS connections."""

import asyncio
import random
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp
import trustme

from bench.faults.kinds import CHANNEL, Certificates, Kind, Target
from bench.faults.server import AMBIGUOUS, HOST, NAME, Fault
from tests.fakes.clock import FakeClock
from tests.fakes.virtual_time import VirtualClock, VirtualLoop
from tests.unit.notify.desk import ScriptedChannel
from tests.unit.notify.story import TITLES
from tests.unit.store.samples import T0, account, alert, incident, opening, outage
from watcher.metrics import Metrics
from watcher.model.notification import Notification, NotificationState
from watcher.notify.announce import tell_instead
from watcher.notify.channels.base import Channel
from watcher.notify.channels.build import build
from watcher.notify.outbox import Outbox
from watcher.notify.view import View
from watcher.store.sql import SqlStore
from watcher.store.values import Commit, IncidentRecord
from watcher.store.worker import StoreWorker

OTHER = "other"
LASTS = timedelta(minutes=1)
AFTER = timedelta(minutes=15)
OUTAGES = (outage(), outage("nasa"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of two alerts."""

    kind: str
    fault: str
    tries: int
    arrived: int
    keys: int
    states: tuple[str, ...]
    others: int
    told_instead: int
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Nothing was lost."""
        return not self.faults


class NamingLoop(VirtualLoop):
    """A loop on which NAME is this machine, or is not found."""

    has_names = True

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> list[Any]:
        """Look a name up."""
        if host == NAME and not self.has_names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await super().getaddrinfo(HOST if host == NAME else host, port, **hints)


def certificates(directory: Path) -> tuple[Certificates, Path]:
    """Those of a run, and the file of who vouches for the good one."""
    good = trustme.CA()
    good.cert_pem.write_to_path(directory / "ca.pem")
    contexts = []
    for authority in (good, trustme.CA()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(NAME, HOST).configure_cert(context)
        contexts.append(context)
    return Certificates(good=contexts[0], bad=contexts[1]), directory / "ca.pem"


def session(ca_file: Path) -> aiohttp.ClientSession:
    """A session that trusts the good certificate."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(ca_file)))
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=connector)


def view(record: IncidentRecord, row: Notification) -> View:
    """What the app would look up."""
    return View(
        incident=record.incident,
        kind=row.kind,
        dedup_key=row.dedup_key,
        now=T0 + timedelta(minutes=1),
        titles=TITLES,
        outage=record.outage,
        account=record.account,
        recipients=row.recipients,
    )


def fill(store: SqlStore, channels: tuple[str, ...]) -> None:
    """Two outages, of which these channels are to be told."""
    store.watch([account("potus"), account("nasa")], T0)
    for each in OUTAGES:
        rows = tuple(replace(alert(each.id, channel), due_at=T0, event_at=T0) for channel in channels)
        store.commit(Commit(states=opening(each).states, opened=(incident(each),), notifications=rows))


def waiting(store: SqlStore) -> bool:
    """True while there is something to tell."""
    return bool(store.notifications(states=(NotificationState.PENDING, NotificationState.CLAIMED), limit=1))


def play(kind: Kind, fault: Fault, directory: Path) -> Row:
    """One cell of the table."""
    with asyncio.Runner(loop_factory=NamingLoop) as runner:
        return runner.run(_play(kind, fault, directory))


async def _play(kind: Kind, fault: Fault, directory: Path) -> Row:
    loop = cast(NamingLoop, asyncio.get_running_loop())
    pair, ca_file = certificates(directory)
    async with kind.target(pair) as target, session(ca_file) as posts:
        store = SqlStore(directory / "state")
        store.open()
        fill(store, (CHANNEL, OTHER))
        clock = VirtualClock(T0)
        channels: dict[str, Channel] = build([kind.settings(NAME, target.port, ca_file)], posts, clock)
        other = ScriptedChannel(FakeClock(T0))
        channels[OTHER] = other
        instead = ScriptedChannel(FakeClock(T0))
        channels["instead"] = instead
        metrics = Metrics("bench")
        worker = StoreWorker(store, clock, metrics, threaded=False)
        outbox = Outbox(worker, clock, channels, view, metrics, others=_instead, chance=random.Random(2017))
        loop.is_expecting = lambda: outbox.is_sending
        await _fail(loop, target, fault)
        running = asyncio.create_task(outbox.run())
        await clock.sleep(timedelta(seconds=2))
        others = len(other.sent)
        await clock.sleep(LASTS)
        await _fail(loop, target, Fault.NONE)
        await _until(lambda: not waiting(store), clock)
        for _ in range(2):  # what was given up is sent again by hand, at last
            dead = [row.id for row in store.notifications(states=(NotificationState.DEAD,))]
            if dead:
                store.resend(dead, by="bench", at=clock.now())
                outbox.wake()
                await _until(lambda: not waiting(store), clock)
        await outbox.drain(timedelta(seconds=1))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        rows = store.notifications(channel=CHANNEL)
        tries = sum(len(store.tries(row.id)) for row in rows)
        states = tuple(str(row.state) for row in rows)
        was_dead = any(each.outcome == "gave_up" for row in rows for each in store.tries(row.id))
        worker.close()
        store.close()
        for channel in channels.values():
            await channel.close()
    return _row(kind, fault, tries, target.keys, states, others, len(instead.sent), was_dead=was_dead)


def _instead(record: IncidentRecord, row: Notification) -> tuple[Notification, ...]:
    return tell_instead(row, record.incident, record.notifications, "instead")


async def _fail(loop: NamingLoop, target: Target, fault: Fault) -> None:
    loop.has_names = fault is not Fault.DNS
    await target.fail(fault)


async def _until(holds: Callable[[], bool], clock: VirtualClock) -> None:
    deadline = clock.now() + AFTER
    while not holds() and clock.now() < deadline:
        await clock.sleep(timedelta(seconds=1))


def _row(
    kind: Kind,
    fault: Fault,
    tries: int,
    keys: list[str],
    states: tuple[str, ...],
    others: int,
    instead: int,
    *,
    was_dead: bool,
) -> Row:
    wrong = []
    if set(states) != {"delivered"} or len(set(keys)) != len(OUTAGES):
        wrong.append("lost")
    if len(keys) > len(set(keys)) and fault not in AMBIGUOUS:
        wrong.append("twice")
    if fault in AMBIGUOUS and max(Counter(keys).values(), default=0) < 2:
        wrong.append("not as scripted")
    if others != len(OUTAGES):
        wrong.append("others waited")
    if tries <= len(OUTAGES):
        wrong.append("no failure seen")
    if was_dead != (fault is Fault.REFUSED_FOR_GOOD and kind.gives_up):
        wrong.append("given up" if was_dead else "not given up")
    return Row(
        kind=kind.name,
        fault=str(fault),
        tries=tries,
        arrived=len(keys),
        keys=len(set(keys)),
        states=states,
        others=others,
        told_instead=instead,
        faults=tuple(wrong),
    )
