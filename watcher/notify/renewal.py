"""Alerts that last, said again: a channel such as Alertmanager forgets what is not repeated.

A state that is kept in step, beside the outbox: what began and ended goes out as rows of that, each once; here the list
of what a channel was told of that lasts, and of what ended lately, is read anew from the store and said as a whole. So
it is right again one round after a restart of either side. What nobody was told (silenced, in quiet hours) is not in
the list. What was told stays in it, come what may: to leave it out would tell people that it is over.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol, runtime_checkable

import structlog

from watcher.clock import Clock
from watcher.metrics import Metrics
from watcher.model.errors import StoreError
from watcher.model.notification import Alert
from watcher.model.outage import Outage
from watcher.notify.alerts import alerts_of, latest
from watcher.notify.ledger import Worker
from watcher.notify.view import View
from watcher.store.values import IncidentRecord

RESOLVED_FOR: Final = timedelta(minutes=5)
"""How long an end is said again."""

# Looks come every two seconds: rather a little early than late.
_EARLY: Final = timedelta(seconds=2)
_SOONER: Final = 4
# So many at a time, so that nothing else waits for long.
_AT_ONCE: Final = 100


@runtime_checkable
class Renewing(Protocol):
    """A channel that forgets what is not repeated."""

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        ...

    @property
    def renew_every(self) -> timedelta:
        """How often what lasts is to be repeated."""
        ...

    async def renew(self, alerts: Sequence[Alert]) -> Mapping[str, str]:
        """Say all of it again; who did not take it, and why."""
        ...


class Renewal:
    """Repeats to each channel what it was told. `channels` is read anew at each look, `view` for each alert.

    `beside` are the alerts that the channel of that name was told of past the store.
    """

    def __init__(
        self,
        worker: Worker,
        clock: Clock,
        channels: Mapping[str, object],
        view: Callable[[IncidentRecord], View],
        metrics: Metrics,
        *,
        beside: Callable[[str], Iterable[Alert]] = lambda _channel: (),
    ) -> None:
        self._worker = worker
        self._clock = clock
        self._channels = channels
        self._view = view
        self._metrics = metrics
        self._beside = beside
        self._due_at: dict[str, datetime] = {}
        self._last: dict[str, tuple[Alert, ...]] = {}
        self._failing: set[str] = set()
        self.is_saying = False
        self._log = structlog.get_logger("watcher.notify")

    @property
    def looks(self) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
        """What is to be done every few seconds, by name."""
        return {"renewal": self.look}

    async def look(self) -> None:
        """Repeat what it is time for. To be called every two seconds; a channel that is new is told at once."""
        now = self._clock.now()
        channels = [each for each in self._channels.values() if isinstance(each, Renewing)]
        for channel in channels:
            self._metrics.expect_renewals(channel.name)
        due = [channel for channel in channels if now >= self._due_at.get(channel.name, now)]
        self.is_saying = bool(due)
        try:
            await asyncio.gather(*(self._renew(channel) for channel in due))
        finally:
            self.is_saying = False

    async def _renew(self, channel: Renewing) -> None:
        alerts = await self._alerts(channel.name)
        failed = await channel.renew(alerts) if alerts else {}
        pace = channel.renew_every / _SOONER if failed else channel.renew_every
        self._due_at[channel.name] = self._clock.now() + max(pace - _EARLY, timedelta(0))
        self._note(channel.name, failed)

    async def _alerts(self, channel: str) -> tuple[Alert, ...]:
        """All that the channel was told of and that lasts, or ended lately; where nothing can be read, as before."""
        now = self._clock.now()
        beside = tuple(self._beside(channel))
        try:
            told = await self._worker.call(self._worker.store.renewable, channel, now - RESOLVED_FOR)
        except StoreError:  # that it fails is told of elsewhere
            return latest((*self._last.get(channel, ()), *beside))
        found: list[Alert] = []
        for place, (record, _row) in enumerate(told):
            alerts = alerts_of(current(self._view(record), now - RESOLVED_FOR))
            # An end that is yet to come is of before the clock was set back: it would be taken for no end.
            found += (alert for alert in alerts if alert.ends_at is None or alert.ends_at <= now)
            if place % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
        self._last[channel] = tuple(found)
        return latest((*found, *beside))

    def _note(self, channel: str, failed: Mapping[str, str]) -> None:
        """Count, and say once that it fails, and once that it works again."""
        self._metrics.renewals.labels(channel).inc()
        if failed:
            self._metrics.renewals_failed.labels(channel).inc()
        if failed and channel not in self._failing:
            why = "; ".join(f"{whom} {reason}" for whom, reason in failed.items())
            self._log.warning("alerts could not be repeated; it is tried again", channel=channel, reason=why)
        elif not failed and channel in self._failing:
            self._log.info("alerts are repeated again", channel=channel)
        (self._failing.add if failed else self._failing.discard)(channel)


def current(view: View, since: datetime) -> View:
    """The view without the outages that ended before: of a group that lasts, some may be over for days. Pure."""
    if view.incident.closed_at is not None:
        return view
    return replace(view, outages=tuple(each for each in view.outages if each.is_open or _after(each, since)))


def _after(outage: Outage, since: datetime) -> bool:
    return outage.closed_at is not None and outage.closed_at > since
