"""What is shown of the running program: to readers of a message (`view_of`), to pages and metrics (`snapshot_of`).

From memory, and from the record that the outbox has read. Changes nothing and asks nobody.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from watcher.look.book import Book
from watcher.look.controls import Controls
from watcher.model.account import Account
from watcher.model.control import Health, VantageState
from watcher.model.notification import IncidentKind, Notification, NotificationKind, NotificationState, Withheld
from watcher.model.outage import AccountState, Outage, Phase
from watcher.model.route import teller
from watcher.model.snapshot import Snapshot
from watcher.notify import View
from watcher.notify.announce import tell_others
from watcher.notify.flapping import muted
from watcher.store.values import IncidentRecord

_SOON: Final = timedelta(seconds=1)
_UNSTORED: Final = timedelta(minutes=10)
_SENDING: Final = timedelta(seconds=15)
# Who comes and goes is told of as gone after so many intervals.
_LOOKS: Final = 3


def view_of(
    record: IncidentRecord, notification: Notification, book: Book, public_url: str | None, now: datetime
) -> View:
    """What a message may speak of, as things are at this moment."""
    incident = record.incident
    # A group of one is told of as that one.
    sole = record.outages[0] if incident.kind is IncidentKind.GROUP and len(record.outages) == 1 else None
    outage = _as_it_stands(record.outage or sole, book)
    outages = tuple(_stands(each, book) for each in record.outages)
    account = book.watchlist.accounts.get(outage.account_id if outage else incident.key)
    state = book.states.get(account.id) if account is not None else None
    is_platform = incident.kind is IncidentKind.PLATFORM
    there = book.places.get(incident.place, ()) if incident.kind is IncidentKind.COHORT else ()
    accounts = {each.account_id: book.watchlist.accounts.get(each.account_id) for each in outages}
    slug = _owner(account, accounts.values())
    owner = book.watchlist.owners.get(slug or "")
    route = teller(book.routes, notification.route, notification.channel)
    return View(
        incident=incident,
        kind=notification.kind,
        dedup_key=notification.dedup_key,
        now=now,
        titles={platform.id: platform.title for platform in book.platforms.values()},
        outage=outage,
        # Whom nobody watches any more is called as before: a thread of mail is known by its subject.
        account=account or record.account,
        owner=owner.name if owner is not None else None,
        others=_others(account, book),
        new_handle=state.handle if state is not None else None,
        without_verdict=_without_verdict(book, incident.key) if is_platform else 0,
        is_watched=not is_platform or incident.key in book.places,
        outages=outages,
        accounts={account_id: each for account_id, each in accounts.items() if each is not None},
        watched_there=len(there) or _count(slug, book),
        checking=sum(book.states[account.id].phase is Phase.SUSPECT for account in there),
        digest=record.digest,
        labels=record.labels,
        digests=record.digests,
        annotations=record.annotations,
        public_url=public_url,
        timezone=route.timezone if route is not None else None,
        recipients=notification.recipients,
    )


def alert_view_of(record: IncidentRecord, book: Book, public_url: str | None, now: datetime) -> View:
    """As much of it as alerts speak of, as it is stored: made anew for every alert that lasts, again and again."""
    incident, outage, known = record.incident, record.outage, book.watchlist.accounts
    accounts = {each.account_id: known.get(each.account_id) for each in record.outages}
    return View(
        incident=incident,
        kind=NotificationKind.ALERT,
        dedup_key="",
        now=now,
        titles={platform.id: platform.title for platform in book.platforms.values()},
        outage=outage,
        account=known.get(outage.account_id if outage else incident.key),
        outages=record.outages,
        accounts={account_id: each for account_id, each in accounts.items() if each is not None},
        digest=record.digest,
        labels=record.labels,
        digests=record.digests,
        public_url=public_url,
    )


def _owner(account: Account | None, accounts: Iterable[Account | None]) -> str | None:
    """The owner of the account; without one, that of all the accounts of a group."""
    if account is not None:
        return account.owner
    owners = {each.owner for each in accounts if each is not None}
    return owners.pop() if len(owners) == 1 else None


def _others(account: Account | None, book: Book) -> tuple[tuple[Account, AccountState], ...]:
    others = book.watchlist.others_of(account) if account is not None else ()
    return tuple((other, book.states[other.id]) for other in others)


def _count(owner: str | None, book: Book) -> int:
    return sum(each.owner == owner for each in book.watchlist.accounts.values()) if owner is not None else 0


def withheld(record: IncidentRecord, row: Notification, book: Book, now: datetime) -> Withheld | None:
    """Why nobody is to be told of this now; None where people are."""
    alerts = [r for r in record.notifications if r.kind is NotificationKind.ALERT and r.channel == row.channel]
    kept = any(alert.state is NotificationState.SUPPRESSED for alert in alerts)
    # A mass event is told to some in the groups of their routes.
    if (row.kind is not NotificationKind.ALERT and kept) or (row.kind is NotificationKind.UPDATE and not alerts):
        return Withheld(reason="nobody was told of the beginning")
    outages = record.outages or ((record.outage,) if record.outage is not None else ())
    if _is_ahead(record, book, now):
        return Withheld(reason="more are missing than are stored yet", until=now + _SOON)
    if row.resent_at is not None:
        return None  # somebody asks for just this
    if _is_told_already(record, row, now):
        return Withheld(reason="nothing has changed since the last message")
    standing = tuple(_stands(each, book) for each in outages)
    return muted(row, standing, book.flapping_since, lambda account_id: _patience(account_id, book), now)


def _is_told_already(record: IncidentRecord, row: Notification, now: datetime) -> bool:
    """True of news of a mass event when nobody has vanished or come back since its channel was told last."""
    if record.incident.kind is not IncidentKind.COHORT or row.kind is not NotificationKind.UPDATE or row.recipients:
        return False
    mine = (each.delivered_at for each in record.notifications if each.channel == row.channel)
    # Later than now is what was told before the clock was set back.
    told = [at for at in mine if at is not None and at <= now]
    # What was told was written a little earlier.
    last = max(told) - _SENDING if told else None
    changed = (at for outage in record.outages for at in (outage.confirmed_at, outage.closed_at) if at is not None)
    return last is not None and all(at <= last for at in changed)


def _patience(account_id: str, book: Book) -> timedelta:
    account = book.watchlist.accounts.get(account_id)
    return _LOOKS * account.policy.interval if account is not None else timedelta(0)


def _is_ahead(record: IncidentRecord, book: Book, now: datetime) -> bool:
    """True when somebody has joined the group, or the mass event, who is not stored yet.

    No later message would tell of who is left out. What the store refuses for good is not waited for.
    """
    incident, stored = record.incident, {outage.id for outage in record.outages}
    unstored = book.groups.missing(incident.id) - stored
    if not unstored and incident.kind is not IncidentKind.COHORT:
        return False
    lasting = (state.outage for state in book.states.values() if state.outage is not None)
    joined = (each for each in lasting if each.id in unstored or each.cohort_id == incident.id)
    return any(each.id not in stored and now - each.confirmed_at < _UNSTORED for each in joined)


def others_to_tell(record: IncidentRecord, stranded: Notification, book: Book) -> tuple[Notification, ...]:
    """Whom else to tell of what the channel of `stranded` was to tell, now that it is gone."""
    outage = record.outage or next(iter(record.outages), None)
    account = book.watchlist.accounts.get(outage.account_id if outage else record.incident.key)
    return tell_others(stranded, record.incident, record.notifications, book.routes, (account, outage))


def snapshot_of(
    book: Book,
    controls: Controls,
    vantage: VantageState,
    *,
    stored: Mapping[str, AccountState],
    started_at: datetime,
    now: datetime,
    not_ready: tuple[str, ...],
) -> Snapshot:
    """All that can be shown, from memory."""
    reports, offline = controls.reports(), vantage is VantageState.OFFLINE
    return Snapshot(
        at=now,
        started_at=started_at,
        accounts=book.watchlist.accounts,
        states=book.states,
        owners=book.watchlist.owners,
        platforms=book.platforms,
        # While nothing is reached, the controls' failures say nothing of the platforms.
        health={key: Health.UNPROVEN if offline else controls.health(key) for key in reports},
        reports=reports,
        vantage=vantage,
        stored=stored,
        not_ready=not_ready,
    )


def _as_it_stands(outage: Outage | None, book: Book) -> Outage | None:
    return _stands(outage, book) if outage is not None else None


def _stands(outage: Outage, book: Book) -> Outage:
    """Memory is ahead of the store."""
    state = book.states.get(outage.account_id)
    current = state.outage if state is not None else None
    return current if current is not None and current.id == outage.id else outage


def _without_verdict(book: Book, place: str) -> int:
    return sum(book.states[account.id].blind_since is not None for account in book.places.get(place, ()))
