"""When people are not told: what the outbox asks before it sends. Silences come from the store, the rest from memory.

What is withheld, and for how long, is decided by `notify.hold`; what it is about is looked up here.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from watcher.clock import Clock
from watcher.look.book import Book, place_of
from watcher.metrics import Metrics
from watcher.model.account import Account
from watcher.model.digest import DigestPlan, digest_id
from watcher.model.errors import StoreError
from watcher.model.notification import Incident, IncidentKind, Notification, Withheld
from watcher.model.outage import Outage
from watcher.model.route import Subject as Topic
from watcher.model.route import every, teller
from watcher.model.silence import Silence
from watcher.notify.digest import Day, digest_news, digest_of
from watcher.notify.grouping import first_due
from watcher.notify.hold import MAY_WAIT, Around, Subject, explanation, hold
from watcher.notify.remind import reminders, soonest
from watcher.run.showing import withheld
from watcher.store.values import Commit, IncidentRecord
from watcher.store.worker import StoreWorker

# Silences are read anew so often at most, and those too that ended so lately: what ended in them may still wait.
_FRESH: Final = timedelta(seconds=1)
_LATELY: Final = timedelta(days=1)
_REMIND: Final = timedelta(seconds=10)
_A_DAY: Final = timedelta(days=1)
# What is corrected may have been over for so long.
_CORRECTED: Final = timedelta(days=30)
_MOST_INCIDENTS: Final = 1000
_BLINDNESS: Final = (IncidentKind.EGRESS, IncidentKind.PLATFORM)
_TOGETHER: Final = (IncidentKind.COHORT, IncidentKind.GROUP)


class Quiet:
    """Says of a row why nobody is to be told of it now, and whom to remind of what lasts.

    `book` is what is watched, at any time; `committed` is called when there are new rows to send. `plan` is that of the
    digest.
    """

    def __init__(
        self,
        worker: StoreWorker,
        book: Callable[[], Book],
        clock: Clock,
        metrics: Metrics,
        committed: Callable[[], None],
        *,
        plan: Callable[[], DigestPlan | None] = lambda: None,
    ) -> None:
        self._worker = worker
        self._book = book
        self._clock = clock
        self._metrics = metrics
        self._committed = committed
        self._plan = plan
        self._digested = ""
        self._reminded_at: datetime | None = None
        self._silences: tuple[Silence, ...] = ()
        self._read_at: datetime | None = None

    async def holds(self, record: IncidentRecord, row: Notification) -> Withheld | None:
        """Why the row is not to be sent now, and until when; None: it is. Raises StoreError."""
        silences = await self._current()
        now = self._clock.now()
        book = self._book()
        return hold(record.incident, row, around(record, row, book, silences, now), now) or withheld(
            record, row, book, now
        )

    async def remind(self) -> None:
        """Have the channels reminded for which it is time. To be called every few seconds; looks every ten."""
        now, repeat = self._clock.now(), soonest(every(self._book().routes))
        if repeat is None or (self._reminded_at is not None and now - self._reminded_at < _REMIND):
            return
        self._reminded_at = now
        with suppress(StoreError):
            told = await self._worker.call(self._worker.store.told, now - repeat, now)
            if rows := reminders(told, self._book().routes, now):
                await self._worker.call(self._worker.store.commit, Commit(notifications=rows))
                self._committed()

    @property
    def looks(self) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
        """What is to be done every few seconds, by name."""
        return {"silences": self.count, "reminders": self.remind, "digest": self.digest}

    async def digest(self) -> None:
        """Have the digest told that is due, once. To be called every few seconds."""
        plan, now = self._plan(), self._clock.now()
        due = plan.due(now) if plan is not None else None
        if plan is None or due is None or digest_id(due[0]) == self._digested:
            return
        with suppress(StoreError):
            last = await self._worker.call(self._worker.store.incidents, kind=IncidentKind.DIGEST, limit=1)
            if digest_id(due[0]) not in {incident.id for incident in last}:
                since = last[0].opened_at if last else due[1] - _A_DAY
                day = await self._day(since, now)
                if day.has_seen_anybody(due[1]):
                    news = digest_news(plan, due[0], now, await asyncio.to_thread(digest_of, day))
                    commit = Commit(opened=news.opened, notifications=news.notifications)
                    await self._worker.call(self._worker.store.commit, commit)
                    self._committed()
            self._digested = digest_id(due[0])

    async def _day(self, since: datetime, now: datetime) -> Day:
        """What is stored of the time since then. Raises StoreError."""
        book, store, call = self._book(), self._worker.store, self._worker.call
        outages = await call(store.outages, since=since - _CORRECTED, limit=None)
        return Day(
            since=since,
            now=now,
            accounts=[(account, book.states[account.id]) for account in book.watchlist.accounts.values()],
            titles={platform.id: platform.title for platform in book.platforms.values()},
            outages=outages,
            notes=await call(store.annotations, [outage.id for outage in outages]),
            incidents=[
                incident
                for kind in _BLINDNESS  # each apart: there may be very many of others
                for incident in await call(store.incidents, open_only=True, kind=kind, limit=_MOST_INCIDENTS)
            ],
            histories=await call(store.history, since),
        )

    async def count(self) -> None:
        """Show how many silences hold, and how many are still to begin."""
        with suppress(StoreError):  # that the store fails is told of elsewhere
            self._show(await self._current(), self._clock.now())

    def _show(self, silences: tuple[Silence, ...], now: datetime) -> None:
        self._metrics.silences.labels("active").set(sum(silence.is_active(now) for silence in silences))
        self._metrics.silences.labels("pending").set(sum(silence.starts_at > now for silence in silences))

    async def _current(self) -> tuple[Silence, ...]:
        now = self._clock.now()
        if self._read_at is None or not self._read_at <= now < self._read_at + _FRESH:
            self._silences = await self._worker.call(self._worker.store.silences, now - _LATELY)
            self._read_at = now
        return self._silences


def around(
    record: IncidentRecord, row: Notification, book: Book, silences: tuple[Silence, ...], now: datetime
) -> Around:
    """What is known of a row beside itself."""
    incident, outage = record.incident, record.outage
    ended_at = incident.closed_at or (outage.closed_at if outage is not None else None)
    route = teller(book.routes, row.route, row.channel)
    hours = route.quiet if route is not None else None
    due_at = row.event_at
    if route is not None and incident.kind is IncidentKind.GROUP:
        due_at = first_due(incident, route, due_at)
    return Around(
        subjects=_subjects(record, book),
        is_over=ended_at is not None,
        ended_at=ended_at,
        due_at=due_at,
        told=record.notifications,
        silences=silences,
        quiet_until=hours.end(now) if hours is not None else None,
        was_quiet=hours is not None and ended_at is not None and hours.hold(ended_at),
        due_quiet=hours is not None and hours.hold(due_at),
        explained=explanation(_places(record, book), book.incidents.values()) if row.kind in MAY_WAIT else "",
    )


def _missing(record: IncidentRecord) -> tuple[Outage, ...]:
    """Of those told of together the ones that are still missing; where none is, all."""
    return tuple(outage for outage in record.outages if outage.is_open) or record.outages


def _places(record: IncidentRecord, book: Book) -> list[str]:
    found = map(book.watchlist.accounts.get, _accounts(record))
    return [place_of(account) for account in found if account is not None]


def _accounts(record: IncidentRecord) -> list[str]:
    if record.incident.kind in _TOGETHER:
        return [outage.account_id for outage in _missing(record)]
    return [record.outage.account_id if record.outage is not None else record.incident.key]


def _subjects(record: IncidentRecord, book: Book) -> tuple[Subject, ...]:
    incident, outage, known = record.incident, record.outage, book.watchlist.accounts
    if incident.kind in _TOGETHER and record.outages:
        return tuple(_subject(incident, known.get(each.account_id), each) for each in _missing(record))
    account = known.get(outage.account_id if outage is not None else incident.key) or record.account
    if account is None and incident.kind in (IncidentKind.PLATFORM, *_TOGETHER):
        platform, _, instance = incident.place.partition("@")
        return ({**_subject(incident, None, None), "platform": platform, "instance": instance},)
    return (_subject(incident, account, outage),)


def _subject(incident: Incident, account: Account | None, outage: Outage | None) -> Subject:
    """What a matcher may speak of. A label of the watchlist has no say where it is called like one of these."""
    gone = outage.account_id if outage is not None else None
    topic = Topic(
        platform=account.platform if account is not None else (gone or "").partition(":")[0],
        owner=account.owner if account is not None else None,
        severity=outage.severity_then if outage is not None else incident.severity,
        reason=outage.reason if outage is not None else None,
        account=account.id if account is not None else gone,
        labels=account.labels if account is not None else {},
    )
    return {
        **topic.attributes,
        "instance": account.instance if account is not None else "",
        "kind": str(incident.kind),
    }
