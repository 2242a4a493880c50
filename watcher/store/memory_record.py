"""The record in memory, and what people do to it afterwards: the half of `memory` that remembers and forgets."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.control import ControlKey, ControlReport
from watcher.model.notification import Delivery, Incident, IncidentKind, Notification, NotificationKind
from watcher.model.notification import NotificationState as State
from watcher.model.outage import AccountState, Outage, Transition, TransitionKind, Unobserved
from watcher.model.sample import Sample
from watcher.model.uptime import History
from watcher.store.amendments import (
    RETRACTION,
    correction_rows,
    names_control,
    retracted,
    told_of,
    without_names,
)
from watcher.store.codec import chained_hash, transition_document
from watcher.store.commits import ends, transition_key
from watcher.store.memory_chain import Link, links_named, trace_of
from watcher.store.values import Amended, Cutoffs, Forgotten, Trace

_FIRST = (TransitionKind.ACCOUNT_FIRST_SEEN, TransitionKind.ACCOUNT_APPEARED)
_UNDELIVERED = (State.PENDING, State.CLAIMED)


class MemoryRecord:
    """The dictionaries, and what is read, amended and removed of them after the fact."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._watched_since: dict[str, datetime] = {}
        self._unwatched: dict[str, datetime | None] = {}
        self._states: dict[str, AccountState] = {}
        self._outages: dict[str, Outage] = {}
        self._chain: list[Link] = []
        self._happened: set[tuple[str, datetime, str]] = set()
        self._unobserved: dict[tuple[str, str, datetime, str], Unobserved] = {}
        self._incidents: dict[str, Incident] = {}
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        self._threads: dict[tuple[str, str], str] = {}
        self._notifications: dict[int, Notification] = {}
        self._numbered = 0
        self._dedup_keys: set[str] = set()
        self._deliveries: list[Delivery] = []
        self._controls: dict[ControlKey, ControlReport] = {}
        self._bodies: dict[str, bytes] = {}
        self._rests: dict[int, set[str]] = defaultdict(set)
        self._roles: dict[str, str] = {}
        self._by_controls: set[str] = set()
        self._samples: dict[tuple[str, datetime], Sample] = {}
        self._annotations: list[Annotation] = []
        self._heartbeat_at: datetime | None = None

    # Reading.

    def outages(  # noqa: PLR0913 - all that can be asked
        self,
        *,
        account_id: str | None = None,
        open_only: bool = False,
        limit: int | None = 100,
        since: datetime | None = None,
        until: datetime | None = None,
        retracted: bool = True,
        over_only: bool = False,
        platform: str | None = None,
        owner: str | None = None,
        before: str | None = None,
    ) -> tuple[Outage, ...]:
        """Outages, the latest first."""
        last = self._outages.get(before) if before is not None else None
        if before is not None and last is None:
            return ()
        found = [
            outage
            for outage in self._outages.values()
            if account_id in (None, outage.account_id)
            and (outage.is_open or not open_only)
            and (retracted or not outage.is_retracted)
            and (since is None or _reaches(outage, since))
            and (until is None or outage.began.earliest < until)
            and not (over_only and outage.is_open)
            and platform in (None, self._accounts[outage.account_id].platform)
            and owner in (None, self._accounts[outage.account_id].owner)
            and (last is None or _order(outage) < _order(last))
        ]
        found.sort(key=_order, reverse=True)
        return tuple(found[:limit])

    def outage(self, outage_id: str) -> Outage | None:
        """One outage."""
        return self._outages.get(outage_id)

    def together(self, outage_id: str) -> tuple[str, ...]:
        """The incidents under which it was told together with others."""
        outage = self._outages.get(outage_id)
        return () if outage is None else self._together(outage)

    def traces(self, reference: str, *, most: int | None = None) -> tuple[Trace, ...]:
        """The transitions that `reference` names, the oldest first."""
        named = links_named(self._chain, reference, self._outages.get(reference))
        return tuple(trace_of(self._chain, link, self._kept_of(link)) for link in ends(named, most))

    def _kept_of(self, link: Link) -> list[tuple[str, str, int]]:
        kept = (digest for digest in self._rests[link.seq] if digest in self._bodies)
        return sorted((self._roles[digest], digest, len(self._bodies[digest])) for digest in kept)

    def annotations(self, outage_ids: Sequence[str]) -> dict[str, tuple[Annotation, ...]]:
        """What was noted of these outages."""
        found: defaultdict[str, list[Annotation]] = defaultdict(list)
        for annotation in self._annotations:
            if annotation.outage_id in outage_ids:
                found[annotation.outage_id].append(annotation)
        return {outage_id: tuple(several) for outage_id, several in found.items()}

    def samples(
        self,
        account_id: str,
        *,
        limit: int | None = 100,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Sample, ...]:
        """The samples of one account, the latest first."""
        mine = (
            sample
            for sample in self._samples.values()
            if sample.account_id == account_id
            and (since is None or sample.at >= since)
            and (until is None or sample.at <= until)
        )
        return tuple(sorted(mine, key=lambda sample: sample.at, reverse=True)[:limit])

    def history(self, since: datetime, *, account_ids: Collection[str] | None = None) -> dict[str, History]:
        """What uptime is computed from."""
        wanted = self._watched_since if account_ids is None else self._watched_since.keys() & set(account_ids)
        return {each: self._history_of(each, since) for each in wanted}

    def _history_of(self, account_id: str, since: datetime) -> History:
        state = self._states.get(account_id)
        mine = [outage for outage in self._outages.values() if outage.account_id == account_id]
        spans = [span for span in self._unobserved.values() if span.to_at > since]
        spans.sort(key=lambda span: span.from_at)
        first = (
            link.transition.at
            for link in self._chain
            if link.transition is not None
            and link.transition.kind in _FIRST
            and link.transition.account_id == account_id
        )
        seen_since = min(first, default=self._watched_since[account_id])
        counted = [outage for outage in mine if not outage.is_retracted and _reaches(outage, since)]
        return History(
            seen_since=seen_since if state is not None and state.last_present is not None else None,
            outages=tuple(sorted(counted, key=lambda outage: outage.confirmed_at)),
            unobserved=(
                *(span for span in spans if span.account_id == account_id),
                *(span for span in spans if span.account_id is None),
            ),
            retracted=sum(outage.is_retracted for outage in mine),
        )

    def _open_members(self) -> dict[str, frozenset[str]]:
        still_open = {item.id for item in self._incidents.values() if item.closed_at is None}
        return {incident_id: frozenset(self._members[incident_id]) for incident_id in still_open & self._members.keys()}

    def _open_cohorts(self) -> dict[str, int]:
        accounts: defaultdict[str, set[str]] = defaultdict(set)
        for outage in self._outages.values():
            incident = self._incidents.get(outage.cohort_id or "")
            if incident is not None and incident.closed_at is None and not outage.is_retracted:
                accounts[incident.id].add(outage.account_id)
        return {cohort_id: len(each) for cohort_id, each in accounts.items()}

    def _together(self, outage: Outage) -> tuple[str, ...]:
        """The incidents under which the outage was told together with others."""
        groups = (incident_id for incident_id, members in self._members.items() if outage.id in members)
        return (*([outage.cohort_id] if outage.cohort_id else []), *sorted(groups))

    def _told_under(self, incident_id: str) -> tuple[Outage, ...]:
        members = self._members.get(incident_id, set())
        found = (item for item in self._outages.values() if item.cohort_id == incident_id or item.id in members)
        return tuple(sorted(found, key=lambda outage: (outage.confirmed_at, outage.id)))

    def _threads_of(self, incident_id: str, outage: Outage | None) -> dict[str, str]:
        places = (*(self._together(outage) if outage is not None else ()), incident_id)
        return {channel: ref for place in places for (channel, about), ref in self._threads.items() if about == place}

    def _digests_of(self, outage_ids: AbstractSet[str]) -> dict[str, str]:
        told = (link for link in self._chain if link.outage_id in outage_ids and link.tells)
        return {link.outage_id: link.hash for link in told if link.outage_id is not None}

    # Amending.

    def annotate(self, annotation: Annotation, *, tell: bool = False) -> Amended:
        """Add a remark to an outage."""
        if annotation.outage_id not in self._outages:
            return Amended.UNKNOWN
        known = next((other for other in self._annotations if other.says_the_same(annotation)), None)
        if known is None:
            number = 1 + max((other.id for other in self._annotations), default=0)
            self._annotations.append(replace(annotation, id=number))
        else:
            number = known.id
        told = tell and self._correct(self._outages[annotation.outage_id], number, annotation.at)
        return Amended.DONE if told or known is None else Amended.ALREADY

    def retract(self, outage_id: str, reason: str, *, by: str, at: datetime) -> Amended:
        """Take a closed outage back."""
        outage = self._outages.get(outage_id)
        if outage is None:
            return Amended.UNKNOWN
        if outage.is_retracted:
            return Amended.ALREADY
        if outage.is_open:
            return Amended.STILL_OPEN
        self._outages[outage_id], happened = retracted(outage, reason, by, at)
        self._chain += self._linked([happened])
        self._happened.add(transition_key(happened))
        for row in self._about(outage_id):
            if row.kind is NotificationKind.CORRECTION and row.state is State.PENDING:
                self._notifications[row.id] = replace(row, state=State.SUPPRESSED)
        self._correct(outage, RETRACTION, at)
        return Amended.DONE

    def _correct(self, outage: Outage, number: int, at: datetime) -> bool:
        together = [row for incident_id in self._together(outage) for row in self._about(incident_id)]
        told = told_of(outage, self._about(outage.id), together)
        rows = correction_rows(number, at, told)
        new = [row for row in rows if row.dedup_key not in self._dedup_keys]
        self._tell(new)
        return bool(new)

    def _linked(self, transitions: Iterable[Transition]) -> list[Link]:
        seq, digest = (self._chain[-1].seq, self._chain[-1].hash) if self._chain else (0, "")
        links: list[Link] = []
        for transition in transitions:
            seq, digest = seq + 1, chained_hash(transition_document(transition), digest)
            links.append(Link(seq=seq, hash=digest, transition=transition))
        return links

    def _tell(self, notifications: Iterable[Notification]) -> None:
        for row in notifications:
            if row.dedup_key not in self._dedup_keys:
                self._numbered += 1
                self._notifications[self._numbered] = replace(row, id=self._numbered)
                self._dedup_keys.add(row.dedup_key)

    def _about(self, incident_id: str) -> list[Notification]:
        return [row for row in self._notifications.values() if row.incident_id == incident_id]

    # Removing. There is so little of it that all goes at once.

    def prune(self, cutoffs: Cutoffs, limit: int) -> int:
        """Remove what is too old."""
        del limit
        before = self._size()
        if (old := cutoffs.samples) is not None:
            self._drop_samples(old)
        if (old := cutoffs.deliveries) is not None:
            self._drop_told(old)
        # Pages first: of transitions that are gone nobody knows any more on what they rested.
        if (old := cutoffs.evidence or cutoffs.outages) is not None:
            self._drop_pages(old)
        if (old := cutoffs.outages) is not None:
            self._drop_past(old)
        return before - self._size()

    def _drop_samples(self, old: datetime) -> None:
        self._samples = {key: sample for key, sample in self._samples.items() if sample.at >= old}

    def _drop_told(self, old: datetime) -> None:
        self._deliveries = [each for each in self._deliveries if each.at >= old]
        named = {item.cohort_id for item in self._outages.values()}
        named |= {incident_id for incident_id, members in self._members.items() if members}
        self._drop_incidents(
            lambda it: it.kind is not IncidentKind.ACCOUNT and it.id not in named and _is_over(it.closed_at, old)
        )

    def _drop_past(self, old: datetime) -> None:
        gone = {item.id for item in self._outages.values() if _is_over(item.closed_at, old)}
        gone -= {row.incident_id for row in self._notifications.values() if row.state in _UNDELIVERED}
        self._drop_outages(gone)
        self._let_go(
            lambda it: it.outage_id is None and it.transition is not None and self._is_past(it.transition, old)
        )
        self._unobserved = {key: span for key, span in self._unobserved.items() if span.to_at >= old}

    def forget(self, account_id: str, *, even_watched: bool = False) -> Forgotten:
        """Erase all that is kept of an account."""
        if account_id not in self._unwatched:
            return Forgotten.UNKNOWN
        if self._unwatched[account_id] is None and not even_watched:
            return Forgotten.STILL_WATCHED
        names = self._names(account_id)
        pages = self._pages_of(lambda transition: transition.account_id == account_id)
        own = {item.id for item in self._outages.values() if item.account_id == account_id}
        groups = {incident_id for incident_id, members in self._members.items() if members & own}
        self._drop_outages(own)
        self._drop_incidents(lambda it: it.id in groups and not self._members[it.id], even_waiting=True)
        self._let_go(lambda link: link.transition is not None and link.transition.account_id == account_id)
        for digest in pages - self._pages_of(lambda _: True):
            self._bodies.pop(digest, None)
        platform = self._accounts[account_id].platform
        for digest in self._by_controls & self._bodies.keys():
            if names_control(self._bodies[digest], platform, names):
                del self._bodies[digest]
        about = (IncidentKind.ACCOUNT, IncidentKind.NOTICE, IncidentKind.FLAPPING)
        self._drop_incidents(lambda it: it.kind in about and it.key == account_id, even_waiting=True)
        self._samples = {key: item for key, item in self._samples.items() if item.account_id != account_id}
        self._unobserved = {key: it for key, it in self._unobserved.items() if it.account_id != account_id}
        self._controls = {key: _without(report, names) for key, report in self._controls.items()}
        for item in list(self._incidents.values()):
            self._incidents[item.id] = replace(item, detail=without_names(item.detail, names))
        for kept in (self._accounts, self._watched_since, self._unwatched, self._states):
            kept.pop(account_id, None)
        return Forgotten.DONE

    def _names(self, account_id: str) -> set[str]:
        account, state = self._accounts[account_id], self._states.get(account_id)
        then = (item.handle_then for item in self._outages.values() if item.account_id == account_id)
        known = (account.handle, account.display_handle, *then, (state.handle if state else None) or account.handle)
        return {name.removeprefix("@") for name in known} | {account_id.partition(":")[2]}

    def _pages_of(self, wanted: Callable[[Transition], bool]) -> set[str]:
        links = (link for link in self._chain if link.transition is not None and wanted(link.transition))
        return {digest for link in links for digest in self._rests[link.seq]}

    def _drop_outages(self, outage_ids: set[str]) -> None:
        self._let_go(lambda link: link.outage_id in outage_ids)
        self._annotations = [item for item in self._annotations if item.outage_id not in outage_ids]
        self._outages = {key: item for key, item in self._outages.items() if key not in outage_ids}
        self._drop_incidents(lambda incident: incident.id in outage_ids, even_waiting=True)
        for members in self._members.values():
            members.difference_update(outage_ids)

    def _let_go(self, wanted: Callable[[Link], bool]) -> None:
        self._chain = [replace(link, transition=None) if wanted(link) else link for link in self._chain]

    def _drop_incidents(self, wanted: Callable[[Incident], bool], *, even_waiting: bool = False) -> None:
        waiting = {row.incident_id for row in self._notifications.values() if row.state in _UNDELIVERED}
        gone = {it.id for it in self._incidents.values() if wanted(it) and (even_waiting or it.id not in waiting)}
        self._incidents = {key: item for key, item in self._incidents.items() if key not in gone}
        self._notifications = {key: row for key, row in self._notifications.items() if row.incident_id not in gone}
        self._deliveries = [each for each in self._deliveries if each.notification_id in self._notifications]
        for incident_id in gone:
            self._members.pop(incident_id, None)
        self._threads = {key: ref for key, ref in self._threads.items() if key[1] not in gone}

    def _drop_pages(self, old: datetime) -> None:
        pages = self._pages_of(lambda _: True)
        for digest in pages - self._pages_of(lambda it: it.at >= old or self._is_of_a_late_outage(it, old)):
            self._bodies.pop(digest, None)

    def _is_past(self, transition: Transition, old: datetime) -> bool:
        return transition.at < old and not self._is_of_a_late_outage(transition, old)

    def _is_of_a_late_outage(self, transition: Transition, old: datetime) -> bool:
        late = [item for item in self._outages.values() if not _is_over(item.closed_at, old)]
        return any(
            item.account_id == transition.account_id
            and item.began.earliest <= transition.at
            and (item.closed_at is None or transition.at <= item.closed_at)
            for item in late
        ) or any(transition.outage is not None and transition.outage.id == item.id for item in late)

    def _size(self) -> int:
        parts = (self._samples, self._deliveries, self._incidents, self._notifications, self._outages, self._bodies)
        links = sum(link.transition is not None for link in self._chain)
        return sum(map(len, parts)) + len(self._unobserved) + len(self._annotations) + links


def _order(outage: Outage) -> tuple[datetime, str]:
    return outage.confirmed_at, outage.id


def _reaches(outage: Outage, since: datetime) -> bool:
    return outage.is_open or (outage.ended or outage.last_absent).latest >= since


def _is_over(closed_at: datetime | None, old: datetime) -> bool:
    return closed_at is not None and closed_at < old


def _without(report: ControlReport, names: set[str]) -> ControlReport:
    folded = {name.casefold() for name in names}
    return report.of(lambda handle: handle.removeprefix("@").casefold() not in folded)
