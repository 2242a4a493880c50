"""All that a store has of one outage, read for its record. Bounded: what there is more of is named, not read.

Calls the store where it may be called; pages and bundles are read one by one, so that others have their turn.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from watcher.dossier import Dossier
from watcher.model.account import Account
from watcher.model.errors import StoreError
from watcher.model.notification import Delivery
from watcher.model.outage import Outage, Unobserved
from watcher.model.route import Subject
from watcher.model.silence import Silence
from watcher.record.case import Case, Told
from watcher.store.base import Store
from watcher.store.values import IN_ROWS, Trace

MOST_ENTRIES: Final = 200
_MOST_SAMPLES: Final = 200
_MOST_TOLD: Final = 200
_MOST_NOTES: Final = 100


def gather(store: Store, outage_id: str, now: datetime) -> Case | None:
    """What is kept of it but the pieces of evidence (see `pieces_of`); None where there is no such outage."""
    outage = store.outage(outage_id)
    if outage is None:
        return None
    until = outage.closed_at or now
    traces = store.traces(outage_id, most=MOST_ENTRIES)
    account = store.known((outage.account_id,)).accounts.get(outage.account_id)
    own = store.incident(outage_id)
    samples = store.samples(
        outage.account_id, limit=_MOST_SAMPLES + 1, since=outage.last_present, until=until + timedelta(seconds=1)
    )
    notes = store.annotations([outage_id]).get(outage_id, ())
    told = tuple(_told(store, outage))
    history = store.history(outage.last_present, account_ids=(outage.account_id,)).get(outage.account_id)
    cut = (
        *(("entries of the log",) if len(traces) >= MOST_ENTRIES else ()),
        *(("looks",) if len(samples) > _MOST_SAMPLES else ()),
        *(("notifications",) if len(told) > _MOST_TOLD else ()),
        *(("notes",) if len(notes) > _MOST_NOTES else ()),
    )
    return Case(
        outage=outage,
        dossier=Dossier(traces=traces, pieces={}),
        account=account,
        incident=own.incident if own is not None else None,
        annotations=notes[-_MOST_NOTES:],
        told=told[:_MOST_TOLD],
        samples=tuple(reversed(samples[:_MOST_SAMPLES])),
        unobserved=_within(history.unobserved if history is not None else (), outage.last_present, until),
        silences=_silences(store.silences(outage.began.earliest), outage, account, until),
        cut=cut,
    )


def _told(store: Store, outage: Outage) -> Iterable[Told]:
    for incident_id in (outage.id, *store.together(outage.id)):
        tries: defaultdict[int, list[Delivery]] = defaultdict(list)
        for each in store.deliveries(incident_id):
            tries[each.notification_id].append(each)
        rows = store.notifications(incident_id=incident_id, limit=_MOST_TOLD + 1)
        for row in sorted(rows, key=lambda row: (row.event_at, row.id)):
            yield Told(row=row, tries=tuple(tries[row.id]), together=incident_id != outage.id)


def _within(spans: Iterable[Unobserved], since: datetime, until: datetime) -> tuple[Unobserved, ...]:
    """The spans cut to the outage, in order."""
    cut = (replace(span, from_at=max(span.from_at, since), to_at=min(span.to_at, until)) for span in spans)
    return tuple(sorted((span for span in cut if span.from_at < span.to_at), key=lambda span: span.from_at))


def _silences(
    found: Iterable[Silence], outage: Outage, account: Account | None, until: datetime
) -> tuple[Silence, ...]:
    """Those that held of it while it lasted."""
    attributes = {
        **Subject(
            platform=account.platform if account is not None else outage.account_id.partition(":")[0],
            owner=account.owner if account is not None else None,
            severity=outage.severity_then,
            reason=outage.reason,
            account=outage.account_id,
            labels=account.labels if account is not None else {},
        ).attributes,
        "instance": account.instance if account is not None else "",
        "kind": "account",
    }
    return tuple(each for each in found if each.starts_at < until and each.mutes(attributes))


def wanted(traces: Iterable[Trace]) -> tuple[tuple[str, str], ...]:
    """The roles and hashes of all pieces, each once."""
    return tuple(dict.fromkeys((role, digest) for trace in traces for role, digest, _ in trace.evidence))


def piece(store: Store, role: str, digest: str) -> bytes | bool | None:
    """A document; of a page or a picture, which may be large, only that it is there and has its hash.

    None for what is lost or damaged: the checks then say so.
    """
    try:
        content = store.body(digest)
    except StoreError:
        return None
    if content is None or role in IN_ROWS:
        return content
    return sha256(content).hexdigest() == digest or None


def with_pieces(case: Case, found: Mapping[str, bytes | bool | None]) -> Case:
    """The case with what its log rests on."""
    documents = {digest: None if isinstance(each, bool) else each for digest, each in found.items()}
    sound = frozenset(digest for digest, each in found.items() if each is True)
    return replace(case, dossier=replace(case.dossier, pieces=documents, sound=sound))


def whole(store: Store, outage_id: str, now: datetime) -> Case | None:
    """All of it at once, for who has the store to themselves."""
    case = gather(store, outage_id, now)
    if case is None:
        return None
    return with_pieces(case, {digest: piece(store, role, digest) for role, digest in wanted(case.dossier.traces)})
