"""The way to people that needs no store: one message when it cannot be written for long, one when it can again.

All other news are rows of the store before they are sent. This is the news that cannot be one, so it goes straight
through one channel, and is known to this process only: after a restart nobody is told that an earlier run's trouble
is over.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never

import structlog

from watcher.clock import Clock
from watcher.metrics import FAILURE_REASONS, Metrics
from watcher.model.account import Severity
from watcher.model.notification import (
    Alert,
    Delivered,
    GaveUp,
    Incident,
    IncidentKind,
    Message,
    NotificationKind,
    Outcome,
    RetryAfter,
    dedup_key_of,
)
from watcher.notify.alerts import alerts_of
from watcher.notify.channels.base import Channel
from watcher.notify.render import render
from watcher.notify.texts import Texts, texts_of
from watcher.notify.view import View

STORE_MAY_FAIL: Final = timedelta(seconds=30)
_OVERTIME: Final = timedelta(seconds=2)
_FIRST_BACK_OFF: Final = timedelta(seconds=2)
_LONGEST_BACK_OFF: Final = timedelta(minutes=5)
_LONGEST_WAIT: Final = timedelta(hours=1)
_TOO_OLD: Final = timedelta(days=3)
_KEY: Final = "store"


class Writing(Protocol):
    """Whether the store is written: what a StoreWorker knows of it."""

    @property
    def failing_since(self) -> datetime | None:
        """Since when it refuses; None while it does not."""
        ...

    @property
    def failure(self) -> str | None:
        """What it said last of that."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tale:
    """One failure, and how far it has been told. `incident` is closed once the store works again.

    `said`: the present state needs no (further) try. `heard`: somebody may know that it failed, by `channel`, and
    `recipients` are those of that channel's who are still to be reached where others were (empty: all). `refused` are
    the channels that will never take it.
    """

    incident: Incident
    said: bool = False
    heard: bool = False
    channel: str | None = None
    recipients: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()
    tries: int = 0
    due_at: datetime


def go_on(tale: _Tale | None, failing_since: datetime | None, now: datetime) -> _Tale | None:
    """What there is to tell at `now`: begins a tale, closes one, or drops one that nobody heard. Pure."""
    if tale is None:
        begins = failing_since is not None and now - failing_since >= STORE_MAY_FAIL
        return _begun(failing_since, now) if begins and failing_since is not None else None
    incident = tale.incident
    if incident.closed_at is not None:
        return None if tale.said or now - incident.closed_at > _TOO_OLD else tale
    if failing_since == incident.opened_at:
        return tale
    if not tale.heard:
        return None
    return replace(tale, incident=replace(incident, closed_at=now), said=False, tries=0, due_at=now, recipients=())


def _begun(since: datetime, now: datetime) -> _Tale:
    incident = Incident(
        id=f"{IncidentKind.META}-{_KEY}-{since:%Y%m%dT%H%M%S%f}",
        kind=IncidentKind.META,
        key=_KEY,
        severity=Severity.CRITICAL,
        opened_at=since,
    )
    return _Tale(incident=incident, due_at=now)


def left_of(tale: _Tale, channel: str) -> tuple[str, ...]:
    """Those of that channel's who are still to be reached; empty: all. Pure."""
    return tale.recipients if channel == tale.channel else ()


def told(tale: _Tale, channel: str | None, outcome: Outcome, now: datetime) -> _Tale:
    """The tale after a try by `channel`. One that did not answer in time may have taken the message. Pure."""
    match outcome:
        case Delivered():
            return replace(tale, said=True, heard=True, channel=channel, recipients=())
        case GaveUp():
            # Who was not told that it failed need not be told that it works again.
            if channel is None or tale.incident.closed_at is not None:
                return replace(tale, said=True)
            return replace(tale, refused=tale.refused | {channel}, due_at=now)
        case RetryAfter(reason=reason, wait=wait, recipients=left):
            back_off = min(_FIRST_BACK_OFF * 2 ** min(tale.tries, 8), _LONGEST_BACK_OFF)
            due_at = now + (back_off if wait is None else min(wait, _LONGEST_WAIT))
            after = replace(tale, tries=tale.tries + 1, due_at=due_at)
            if not (left or reason.startswith("timeout")):
                return after
            return replace(after, heard=True, channel=channel, recipients=left or left_of(tale, channel or ""))
        case _:
            assert_never(outcome)


class Fallback:
    """Watches whether the store is written, and tells by `channel`, which is asked for anew at each try.

    It is given the name of the channel that is to be used if it is still there: who heard that the store failed hears
    of the end; and those of the channels that refused the message for good, so that another one is tried. At most one
    message a failure and one for its end; none for a failure of less than STORE_MAY_FAIL. `texts` are those of a
    channel's readers; `overtime` is what it gets beyond its own time-out, in real time.
    """

    def __init__(
        self,
        store: Writing,
        clock: Clock,
        channel: Callable[[str | None, frozenset[str]], Channel | None],
        metrics: Metrics,
        *,
        texts: Callable[[str], Texts] = lambda _channel: texts_of(),
        overtime: timedelta = _OVERTIME,
    ) -> None:
        self._store = store
        self._clock = clock
        self._channel = channel
        self._metrics = metrics
        self._texts = texts
        self._overtime = overtime
        self._log = structlog.get_logger("watcher.notify")
        self._tale: _Tale | None = None
        self._warned = False
        self.is_sending = False

    def lasting(self, channel: str) -> tuple[Alert, ...]:
        """The alerts of what that channel was told and that lasts: some channels forget what is not repeated."""
        tale = self._tale
        if tale is None or not tale.heard or tale.channel != channel or tale.incident.closed_at is not None:
            return ()
        view = View(incident=tale.incident, kind=NotificationKind.ALERT, dedup_key="", now=self._clock.now())
        return alerts_of(view)

    async def look(self) -> None:
        """To be called every few seconds: tell what is to be told. Returns at once while a message is on its way."""
        if self.is_sending:
            return
        now = self._clock.now()
        self._tale = tale = go_on(self._tale, self._store.failing_since, now)
        if tale is None or tale.said or now < tale.due_at:
            return
        self.is_sending = True
        try:
            channel, outcome = await self._try(tale)
        finally:
            self.is_sending = False
        self._note(outcome)
        self._tale = told(tale, channel, outcome, self._clock.now())

    async def _try(self, tale: _Tale) -> tuple[str | None, Outcome]:
        is_over = tale.incident.closed_at is not None
        channel = self._channel(tale.channel if is_over else None, tale.refused)
        if channel is None:
            return None, GaveUp(reason="gone") if tale.refused else RetryAfter(reason="unknown_channel")
        return channel.name, await self._send(tale, channel)

    async def _send(self, tale: _Tale, channel: Channel) -> Outcome:
        try:
            message = self._message(tale.incident, channel.name, left_of(tale, channel.name))
            async with asyncio.timeout((channel.timeout + self._overtime).total_seconds()):
                outcome = await channel.send(message)
        except TimeoutError:
            outcome = RetryAfter(reason="timeout")
        except Exception as error:  # noqa: BLE001 - logged; it is tried again, and nothing else may end by it
            self._log.exception("a bug kept a message from being sent", channel=channel.name)
            outcome = RetryAfter(reason=f"bug: {type(error).__name__}")
        self._count(channel.name, outcome)
        return outcome

    def _message(self, incident: Incident, channel: str, recipients: tuple[str, ...]) -> Message:
        kind = NotificationKind.ALERT if incident.closed_at is None else NotificationKind.RESOLVED
        said = replace(incident, detail=self._store.failure or "") if incident.closed_at is None else incident
        key = dedup_key_of(incident.id, channel, kind)
        view = View(incident=said, kind=kind, dedup_key=key, now=self._clock.now(), recipients=recipients)
        return render(view, self._texts(channel))

    def _count(self, channel: str, outcome: Outcome) -> None:
        self._metrics.notifications.labels(channel).inc()
        if not isinstance(outcome, Delivered):
            reason = outcome.reason.partition(":")[0]
            label = reason if reason in FAILURE_REASONS else "bug"
            self._metrics.notifications_failed.labels(channel, label).inc()

    def _note(self, outcome: Outcome) -> None:
        """Say once that nobody can be told, until somebody can."""
        if isinstance(outcome, Delivered):
            self._warned = False
        elif not self._warned:
            self._warned = True
            self._log.warning("the fallback channel does not take the state of the store", reason=outcome.reason)
