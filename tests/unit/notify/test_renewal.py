"""What lasts is said again in time, all of it and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.fakes.clock import FakeClock
from tests.unit.store.samples import LEASE, account, after, alert, closing, delivered, delivery, opening, outage
from watcher.metrics import Metrics
from watcher.model.errors import StoreError
from watcher.model.notification import Alert, Incident, IncidentKind, NotificationKind
from watcher.notify.renewal import Renewal
from watcher.notify.view import View
from watcher.store.memory import MemoryStore
from watcher.store.values import Commit, IncidentRecord


class Worker:
    """The store's thread, without one."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.is_failing = False

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        if self.is_failing:
            raise StoreError("the disk is gone")
        return function(*args)


class Forgetful:
    """A channel that keeps what it was told, by the instant."""

    def __init__(self, clock: FakeClock) -> None:
        self.name = "am"
        self.renew_every = timedelta(minutes=1)
        self.told: list[tuple[float, tuple[Alert, ...]]] = []
        self.failing: dict[str, str] = {}
        self._clock = clock

    async def renew(self, alerts: Sequence[Alert]) -> Mapping[str, str]:
        self.told.append(((self._clock.now() - after(0)).total_seconds(), tuple(alerts)))
        return self.failing

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.told]


class Desk:
    """All of it together."""

    def __init__(self) -> None:
        self.clock = FakeClock(after(0))
        self.worker = Worker()
        self.store = self.worker.store
        self.channel = Forgetful(self.clock)
        self.channels: dict[str, object] = {"am": self.channel, "log": object()}
        self.beside: tuple[Alert, ...] = ()
        self.metrics = Metrics("test")
        self.renewal = Renewal(
            self.worker, self.clock, self.channels, self.view, self.metrics, beside=lambda _name: self.beside
        )

    def view(self, record: IncidentRecord) -> View:
        return View(
            incident=record.incident,
            kind=NotificationKind.ALERT,
            dedup_key="",
            now=self.clock.now(),
            outage=record.outage,
            outages=record.outages,
            labels=record.labels,
        )

    def deliver(self) -> None:
        now = self.clock.now()
        for row in self.store.claim(now, LEASE, 100):
            self.store.settle(replace(delivered(row), delivered_at=now), delivery(row))

    async def watch_until(self, end: float) -> None:
        """Look every two seconds, as the chores do."""
        while self.clock.now() <= after(end):
            await self.renewal.look()
            self.clock.advance(timedelta(seconds=2))

    def count(self, name: str) -> float:
        found = self.metrics.registry.get_sample_value(name, {"channel": "am"})
        return found if found is not None else -1


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.store.watch([account("potus"), account("realdonaldtrump")], after(0))
    return desk


def gone(desk: Desk, at: float = 30) -> None:
    """One account is gone, and the channel was told."""
    desk.clock.advance(after(at) - desk.clock.now())
    desk.store.commit(opening(outage(), ("am",)))
    desk.deliver()


async def test_what_lasts_is_said_every_minute_and_its_end_for_five(desk: Desk) -> None:
    """From the first look on; when it is over nothing is said any more."""
    gone(desk)
    await desk.watch_until(300)
    assert desk.channel.times == [30, 88, 146, 204, 262]
    assert {alert.ends_at for _, told in desk.channel.told for alert in told} == {None}
    desk.channel.told.clear()
    desk.store.commit(closing(outage(), 300))
    desk.clock.advance(timedelta(seconds=20))
    desk.deliver()
    told_at = (desk.clock.now() - after(0)).total_seconds()
    await desk.watch_until(1000)
    assert len(desk.channel.times) == 6
    assert told_at + 240 < desk.channel.times[-1] <= told_at + 300
    assert {alert.ends_at for _, told in desk.channel.told for alert in told} == {after(300.3)}
    assert desk.count("watcher_alert_renewals_total") > 5


async def test_nothing_to_say_is_not_said(desk: Desk) -> None:
    """And channels that forget nothing are left alone."""
    await desk.watch_until(120)
    assert desk.channel.told == []


async def test_what_failed_is_said_again_soon_and_told_of_once(desk: Desk) -> None:
    """Three may fail before an alert would end: four times in a minute it is tried."""
    gone(desk)
    desk.channel.failing = {"http://a": "timeout"}
    with capture_logs() as logs:
        await desk.watch_until(90)
        assert desk.channel.times == [30, 44, 58, 72, 86]
        desk.channel.failing = {}
        await desk.watch_until(200)
    assert [(entry["event"], entry["channel"]) for entry in logs] == [
        ("alerts could not be repeated; it is tried again", "am"),
        ("alerts are repeated again", "am"),
    ]
    assert desk.count("watcher_alert_renewals_failed_total") == 5


async def test_where_the_store_cannot_be_read_it_is_said_as_before(desk: Desk) -> None:
    """An alert must not end for that; what was told past the store is said as well."""
    gone(desk)
    await desk.watch_until(31)
    desk.worker.is_failing = True
    desk.beside = (Alert(labels={"alertname": "WatcherFault", "part": "store"}, annotations={}, starts_at=after(50)),)
    await desk.watch_until(100)
    [_, (_, told)] = desk.channel.told
    assert [alert.labels["alertname"] for alert in told] == ["AccountUnavailable", "WatcherFault"]


async def test_a_new_channel_is_told_at_once(desk: Desk) -> None:
    """As after a restart of either side, or an edit."""
    gone(desk)
    await desk.watch_until(40)
    other = Forgetful(desk.clock)
    other.name = "am2"
    desk.channels["am2"] = other
    desk.store.commit(Commit(notifications=(alert(outage().id, "am2", 40),)))
    desk.clock.advance(timedelta(seconds=2))
    desk.deliver()
    await desk.renewal.look()
    assert len(other.told) == 1


async def test_of_a_group_that_lasts_what_was_over_long_ago_is_left_out(desk: Desk) -> None:
    """What ended lately is said to be over."""
    desk.clock.advance(timedelta(seconds=30))
    group = Incident(id="g", kind=IncidentKind.GROUP, key="r{}", severity=outage().severity_then, opened_at=after(20))
    outages = [outage(), outage("realdonaldtrump")]
    for each in outages:
        commit = opening(each, ())
        desk.store.commit(replace(commit, opened=(*commit.opened, group), joined=(("g", each.id),)))
    desk.store.commit(Commit(notifications=(alert("g", "am"),)))
    desk.deliver()
    desk.store.commit(closing(outages[0], 100))

    def said() -> dict[str, datetime | None]:
        return {alert.labels["account"]: alert.ends_at for alert in desk.channel.told[-1][1]}

    await desk.watch_until(300)
    assert said() == {"x:potus": after(100.3), "x:realdonaldtrump": None}
    await desk.watch_until(500)
    assert said() == {"x:realdonaldtrump": None}
