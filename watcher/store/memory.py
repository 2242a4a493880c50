"""The store's twin in memory: for the demo and for tests in virtual time. It passes the same contract suite.

What `open` and `close` do to a file they do not do here: a closed store can be opened again and has everything.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.model.account import Account, Policy, Severity
from watcher.model.control import ControlReport
from watcher.model.errors import ContradictionError
from watcher.model.notification import Delivery, Incident, Notification, NotificationKind, NotificationState, ToldAsWell
from watcher.model.outage import Outage, Transition
from watcher.store.amendments import keeping_retraction
from watcher.store.base import Store
from watcher.store.codec import chained_hash, to_json, transition_document
from watcher.store.commits import (
    first_of_each,
    outages_of,
    resolved_rows,
    transition_key,
    unobserved_key,
    without_features,
)
from watcher.store.evidence import require_own_hash
from watcher.store.memory_attention import MemoryAttention
from watcher.store.memory_letters import MemoryLetters
from watcher.store.values import FURTHEST_AHEAD, Commit, IncidentRecord, Stored, Watched

_UNDELIVERED = (NotificationState.PENDING, NotificationState.CLAIMED)


class MemoryStore(MemoryLetters, MemoryAttention, Store):
    """Keeps everything in dictionaries, and nothing beyond the process."""

    def open(self) -> None:
        """Nothing to open; what was claimed before is given back."""
        for row in self._notifications.values():
            if row.state is NotificationState.CLAIMED:
                self._notifications[row.id] = replace(row, state=NotificationState.PENDING, claimed_until=None)

    def close(self) -> None:
        """Nothing to let go of."""

    def load(self) -> Stored:
        """All that a start goes on from."""
        still_open = (incident for incident in self._incidents.values() if incident.closed_at is None)
        return Stored(
            accounts={
                account.id: replace(account, policy=Policy(), controls=(), calendar=None)
                for account in self._accounts.values()
            },
            states=dict(self._states),
            unwatched=frozenset(account_id for account_id, at in self._unwatched.items() if at is not None),
            members=self._open_members(),
            cohorts=self._open_cohorts(),
            incidents=tuple(sorted(still_open, key=lambda incident: (incident.opened_at, incident.id))),
            controls=tuple(self._controls[key] for key in sorted(self._controls)),
            heartbeat_at=self._heartbeat_at,
        )

    def known(self, account_ids: Collection[str]) -> Stored:
        """What is stored of these."""
        stored = self.load()
        return Stored(
            accounts={name: account for name, account in stored.accounts.items() if name in account_ids},
            states={name: state for name, state in stored.states.items() if name in account_ids},
        )

    def watch(self, accounts: Sequence[Account], now: datetime) -> None:
        """Take note of `accounts`; the others are unwatched from `now` on."""
        wanted = {account.id for account in accounts}
        gone = tuple(account_id for account_id in self._unwatched if account_id not in wanted)
        self._edit(Watched(accounts=tuple(accounts), at=now, gone=gone))

    def _edit(self, edit: Watched) -> None:
        for account in edit.accounts:
            self._accounts[account.id] = account
            self._watched_since.setdefault(account.id, edit.at)
            self._unwatched[account.id] = None
        left = [account_id for account_id in edit.gone if account_id in self._unwatched]
        self._unwatched.update({account_id: self._unwatched[account_id] or edit.at for account_id in left})

    def commit(self, commit: Commit) -> None:
        """Take all of `commit`, or nothing: everything is examined before anything is changed."""
        _require_storable(commit)
        self._require_accounts(commit)
        new = [item for item in first_of_each(commit.transitions) if transition_key(item) not in self._happened]
        links = self._linked(new)
        outages = self._outages | self._changed_outages(commit)
        _require_one(((item.account_id,) for item in outages.values() if item.is_open), "open outages of one account")
        incidents, ended = self._changed_incidents(commit)
        _require_incidents(incidents, commit.notifications)
        for edit in commit.watched:
            self._edit(edit)
        self._outages, self._incidents = outages, incidents
        self._states.update({state.account_id: state for state in commit.states})
        self._chain += links
        self._happened.update(map(transition_key, new))
        self._bodies.update({body.sha256: body.content for body in commit.bodies})
        self._roles.update({body.sha256: body.role for body in commit.bodies})
        self._by_controls.update(body.sha256 for body in commit.bodies if body.role == "controls")
        self._link(commit)
        for sample in commit.samples:
            self._samples.setdefault((sample.account_id, sample.at), sample)
        for span in commit.unobserved:
            known = self._unobserved.setdefault(unobserved_key(span), span)
            if span.to_at > known.to_at:
                self._unobserved[unobserved_key(span)] = span
        for incident_id, outage_id in commit.joined:
            self._members[incident_id].add(outage_id)
        self._tell(commit.notifications)
        for incident_id in sorted(ended):
            self._tell(resolved_rows(incident_id, dict(commit.closed)[incident_id], self._about(incident_id)))

    def heartbeat(self, at: datetime) -> None:
        """Note that the process lived at `at`."""
        self._heartbeat_at = at

    def save_controls(self, reports: Sequence[ControlReport]) -> None:
        """Keep the reports, without the features."""
        self._controls.update({report.key: without_features(report) for report in reports})

    def due(self, now: datetime) -> frozenset[str]:
        """For which channels something is due."""
        return frozenset(row.channel for row in self._claimable(now))

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> tuple[Notification, ...]:
        """Take what is due."""
        due = [row for row in self._claimable(now) if channel in (None, row.channel)]
        due.sort(key=lambda row: (self._urgency(row), row.due_at, row.seq, row.id))
        claimed = tuple(
            replace(row, state=NotificationState.CLAIMED, claimed_until=now + lease, attempts=row.attempts + 1)
            for row in due[:limit]
        )
        self._notifications.update({row.id: row for row in claimed})
        return claimed

    def _claimable(self, now: datetime) -> Iterator[Notification]:
        return (row for row in self._notifications.values() if _is_due(row, now) and not self._is_blocked(row))

    def _urgency(self, row: Notification) -> int:
        return list(Severity).index(self._incidents[row.incident_id].severity)

    def settle(
        self, notification: Notification, delivery: Delivery, thread: str = "", also: ToldAsWell | None = None
    ) -> None:
        """Record an attempt and what it makes of the notification, and of others."""
        if also is not None:
            self._suppress(notification, also)
        stored = self._notifications.get(notification.id)
        if stored is None or stored.dedup_key != notification.dedup_key:
            return
        self._deliveries.append(delivery)
        if thread:
            self._threads[notification.channel, notification.incident_id] = thread
        if not _may_settle(stored, notification):
            return
        is_held = notification.state is NotificationState.CLAIMED
        self._notifications[stored.id] = replace(
            stored,
            state=notification.state,
            due_at=notification.due_at,
            claimed_until=notification.claimed_until if is_held else None,
            delivered_at=notification.delivered_at,
            recipients=notification.recipients,
        )

    def withhold(self, notification: Notification, until: datetime | None) -> None:
        """Put back a row that was claimed."""
        stored = self._notifications.get(notification.id)
        if stored is None or stored.dedup_key != notification.dedup_key:
            return
        if (stored.state, stored.attempts) == (NotificationState.CLAIMED, notification.attempts):
            self._notifications[stored.id] = replace(
                stored,
                state=NotificationState.SUPPRESSED if until is None else NotificationState.PENDING,
                claimed_until=None,
                due_at=until or stored.due_at,
                attempts=stored.attempts - 1,
            )

    def _suppress(self, told: Notification, also: ToldAsWell) -> None:
        for row in self._about(told.incident_id):
            if also.until is not None and row.due_at > also.until:
                continue
            is_other = row.dedup_key != told.dedup_key
            if is_other and row.channel == told.channel and row.kind in also.kinds and row.state in _UNDELIVERED:
                self._notifications[row.id] = replace(row, state=NotificationState.SUPPRESSED, claimed_until=None)

    def pending(self) -> tuple[int, datetime | None]:
        """How many are undelivered, and since when."""
        undelivered = (row for row in self._notifications.values() if row.state in _UNDELIVERED)
        waiting = [row.event_at for row in undelivered if row.attempts or row.due_at <= row.event_at]
        return len(waiting), min(waiting, default=None)

    def incident(self, incident_id: str) -> IncidentRecord | None:
        """One incident with all that was told of it."""
        if incident_id not in self._incidents:
            return None
        incident, outage = self._incidents[incident_id], self._outages.get(incident_id)
        outages = self._told_under(incident_id)
        first = outage or next(iter(outages), None)
        account = self._accounts.get(first.account_id if first else incident.key)
        ours = {incident_id, *(each.id for each in outages)}
        return IncidentRecord(
            incident=incident,
            outage=outage,
            notifications=tuple(self._about(incident_id)),
            digest=next((link.hash for link in reversed(self._chain) if link.vouches_for(incident, ours)), ""),
            annotations=self.annotations([incident_id]).get(incident_id, ()),
            account=account and replace(account, policy=Policy(), controls=(), calendar=None),
            outages=outages,
            threads=self._threads_of(incident_id, outage),
            labels={each.id: self._incidents[each.id].labels for each in outages if each.id in self._incidents},
            digests=self._digests_of({each.id for each in outages}),
        )

    def renewable(self, channel: str, since: datetime) -> tuple[tuple[IncidentRecord, Notification], ...]:
        """What a channel was told of that lasts."""
        found = []
        for alert in self._told_to(channel, since):
            record = self.incident(alert.incident_id)
            assert record is not None  # noqa: S101 - rows are of incidents that there are
            found.append((replace(record, notifications=(), annotations=(), threads={}, account=None), alert))
        return tuple(sorted(found, key=lambda each: (each[0].incident.opened_at, each[0].incident.id)))

    def transitions(self, *, account_id: str | None = None, limit: int = 100) -> tuple[Transition, ...]:
        """What happened, the latest first."""
        happened = (link.transition for link in self._chain if link.transition is not None)
        found = [transition for transition in happened if account_id in (None, transition.account_id)]
        # Turned round first, since sorting keeps the order of equals: of one instant, what was stored last leads.
        found.reverse()
        found.sort(key=lambda transition: transition.at, reverse=True)
        return tuple(found[:limit])

    def body(self, sha256: str) -> bytes | None:
        """The page kept under that hash."""
        return self._bodies.get(sha256)

    def verify_chain(self) -> int | None:
        """The number (from 1) of the first transition that is not as it was written; None when all are."""
        previous = ""
        for link in self._chain:
            known = link.transition
            if known is not None and link.hash != chained_hash(transition_document(known), previous):
                return link.seq
            previous = link.hash
        return None

    def _link(self, commit: Commit) -> None:
        told = {transition_key(item) for item in commit.transitions} if commit.bodies else set()
        for link in reversed(self._chain):
            if not told:
                break
            if link.transition is not None and transition_key(link.transition) in told:
                told.remove(transition_key(link.transition))
                self._rests[link.seq].update(body.sha256 for body in commit.bodies if link.rests_on(body))

    def _require_accounts(self, commit: Commit) -> None:
        closed, still_open = outages_of(commit)
        named = {state.account_id for state in commit.states} | {item.account_id for item in commit.transitions}
        named |= {outage.account_id for outage in (*closed, *still_open)}
        named |= {sample.account_id for sample in commit.samples}
        known = self._unwatched.keys() | {account.id for edit in commit.watched for account in edit.accounts}
        if strangers := named - known:
            raise ContradictionError(f"never watched: {', '.join(sorted(strangers))}: call watch() first")

    def _changed_outages(self, commit: Commit) -> dict[str, Outage]:
        closed, still_open = outages_of(commit)
        news = (item for item in still_open if item.id not in self._outages or self._outages[item.id].is_open)
        return {item.id: keeping_retraction(item, self._outages.get(item.id)) for item in (*closed, *news)}

    def _changed_incidents(self, commit: Commit) -> tuple[dict[str, Incident], set[str]]:
        """All incidents as `commit` leaves them, and the ids of those that it ends."""
        incidents = {incident.id: incident for incident in commit.opened} | self._incidents
        ended: set[str] = set()
        for incident_id, at in dict(commit.closed).items():
            incident = incidents.get(incident_id)
            if incident is not None and incident.closed_at is None:
                incidents[incident_id] = replace(incident, closed_at=at)
                ended.add(incident_id)
        return incidents, ended

    def _is_blocked(self, row: Notification) -> bool:
        return any(
            other.channel == row.channel
            and other.seq < row.seq
            and other.state in _UNDELIVERED
            and not other.recipients
            for other in self._about(row.incident_id)
        )


def _is_due(row: Notification, now: datetime) -> bool:
    ahead = now + FURTHEST_AHEAD
    match row.state:
        case NotificationState.PENDING:
            is_news = row.kind is NotificationKind.UPDATE and row.event_at <= now
            return row.due_at <= now or (row.due_at > ahead and not is_news)
        case NotificationState.CLAIMED:
            return row.claimed_until is not None and not now < row.claimed_until <= ahead
        case _:
            return False


def _may_settle(stored: Notification, settled: Notification) -> bool:
    # What was delivered stays so, whoever else held the row; else only its last holder speaks.
    if settled.state is NotificationState.DELIVERED:
        return True
    return stored.state in _UNDELIVERED and stored.attempts == settled.attempts


def _require_storable(commit: Commit) -> None:
    for body in commit.bodies:
        require_own_hash(body)
    try:
        to_json((commit.states, commit.transitions, commit.unobserved, commit.samples))
        to_json((commit.opened, commit.closed, commit.notifications))
    except (ValueError, TypeError) as error:
        raise ContradictionError(f"cannot be stored: {error}") from error


def _require_one(keys: Iterable[tuple[str, ...]], what: str) -> None:
    seen: set[tuple[str, ...]] = set()
    for key in keys:
        if key in seen:
            raise ContradictionError(f"two {what}: {', '.join(key)}")
        seen.add(key)


def _require_incidents(incidents: dict[str, Incident], notifications: Iterable[Notification]) -> None:
    still_open = (incident for incident in incidents.values() if incident.closed_at is None)
    _require_one(((incident.kind.value, incident.key) for incident in still_open), "open incidents of one kind and key")
    for notification in notifications:
        if notification.incident_id not in incidents:
            raise ContradictionError(f"{notification.dedup_key} tells of an incident that is not there")
