"""Writing a Commit by SQL, within a transaction that somebody else began. Running it twice is as running it once."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from watcher.model.account import Account
from watcher.model.notification import Incident, Notification
from watcher.model.outage import AccountState, Transition, Unobserved
from watcher.model.sample import Sample
from watcher.store import sql_chain, tables
from watcher.store.codec import (
    canonical,
    from_row,
    hash_of_texts,
    micros_of,
    to_json,
    to_row,
    transition_document,
    without_defaults,
)
from watcher.store.commits import (
    batches,
    first_of_each,
    outages_of,
    resolved_rows,
    rests_on,
    transition_key,
    unobserved_key,
)
from watcher.store.packed import pack_texts
from watcher.store.upsert import insert_new, insert_or_update, insert_rows
from watcher.store.values import IN_ROWS, ONLY_LISTED, Body, Commit, Watched

_RETRACTION = ("retracted_at", "retraction")
_ROWS = tables.notification.c
_ACCOUNTS = tables.account.c
_UNWATCH = (
    update(tables.account)
    .where(_ACCOUNTS.id == bindparam("gone", type_=_ACCOUNTS.id.type), _ACCOUNTS.unwatched_at.is_(None))
    .values(unwatched_at=bindparam("since", type_=_ACCOUNTS.unwatched_at.type))
)
_LOG = tables.transition.c
_TRANSITIONS = select(_LOG.account_id, _LOG.at, _LOG.kind, _LOG.seq).where(
    _LOG.account_id.in_(bindparam("accounts", expanding=True, type_=_LOG.account_id.type)),
    _LOG.at.between(bindparam("first", type_=_LOG.at.type), bindparam("last", type_=_LOG.at.type)),
)
_NOTIFICATIONS = (
    select(tables.notification)
    .where(_ROWS.incident_id == bindparam("its_incident", type_=_ROWS.incident_id.type))
    .order_by(_ROWS.id)
)


def write_commit(connection: Connection, commit: Commit) -> None:
    """Write all of `commit` but the bytes of pages and pictures, which must be on the disk already."""
    for edit in commit.watched:
        write_watched(connection, edit)
    _write_outages(connection, commit)
    _write_states(connection, commit.states)
    append_transitions(connection, commit.transitions)
    _write_evidence(connection, commit)
    _write_unobserved(connection, commit.unobserved)
    _write_samples(connection, commit.samples)
    _write_incidents(connection, commit)


def write_watched(connection: Connection, edit: Watched) -> None:
    """Make the account table say whom we watch: insert and update, mark those that are gone as unwatched."""
    rows = [_account_row(account, edit.at) for account in edit.accounts]
    insert_or_update(connection, tables.account, rows, keep=["watched_since"])
    if edit.gone:
        connection.execute(_UNWATCH, [{"gone": account_id, "since": edit.at} for account_id in edit.gone])


def _account_row(account: Account, now: datetime) -> dict[str, Any]:
    row = to_row(account, without=ONLY_LISTED)
    return row | {"labels": dict(account.labels), "watched_since": now, "unwatched_at": None}


def _write_outages(connection: Connection, commit: Commit) -> None:
    closed, still_open = outages_of(commit)
    # The closed ones first, so that an account may leave one outage and enter another in one commit.
    # What people took back stays so: the running process does not know of it.
    insert_or_update(connection, tables.outage, [to_row(outage) for outage in closed], keep=_RETRACTION)
    insert_or_update(
        connection,
        tables.outage,
        [to_row(outage) for outage in still_open],
        keep=_RETRACTION,
        only_while_null="closed_at",
    )


def _write_states(connection: Connection, states: Sequence[AccountState]) -> None:
    last = {state.account_id: state for state in states}
    rows = [
        to_row(state, without=("outage",)) | {"outage_id": state.outage.id if state.outage else None}
        for state in last.values()
    ]
    insert_or_update(connection, tables.account_state, rows)


def append_transitions(connection: Connection, transitions: Sequence[Transition]) -> None:
    """Write those of `transitions` that are not there yet, each with the hash over the one before it."""
    wanted = first_of_each(transitions)
    known = _known_transitions(connection, wanted)
    seq, digest = sql_chain.end(connection)
    rows: list[dict[str, Any]] = []
    for transition in wanted:
        if transition_key(transition) in known:
            continue
        # Said once, for the hash and for the row: in a mass event there are thousands.
        texts = {name: canonical(value) for name, value in transition_document(transition).items()}
        seq, digest = seq + 1, hash_of_texts(texts, digest)
        rows.append(_transition_row(transition, texts) | {"seq": seq, "hash": digest})
    insert_rows(connection, tables.transition, rows)


def _transition_row(transition: Transition, texts: Mapping[str, str]) -> dict[str, Any]:
    outage_id = transition.outage.id if transition.outage else None
    return {
        "at": transition.at,
        "kind": transition.kind,
        "account_id": transition.account_id,
        "outage_id": outage_id,
        "document": pack_texts(texts, transition.account_id, outage_id, micros_of(transition.at)),
    }


def _known_transitions(connection: Connection, wanted: Sequence[Transition]) -> dict[tuple[str, datetime, str], int]:
    """The numbers of those of `wanted` that are stored, by their keys; perhaps of others, too.

    They are found by account and span of time: for three values together SQLite goes through the whole index.
    """
    known: dict[tuple[str, datetime, str], int] = {}
    for some in batches(wanted):
        at = [item.at for item in some]
        found = connection.execute(
            _TRANSITIONS, {"accounts": [item.account_id for item in some], "first": min(at), "last": max(at)}
        )
        known.update({(row.account_id, row.at, row.kind.value): row.seq for row in found})
    return known


def _write_evidence(connection: Connection, commit: Commit) -> None:
    if not commit.bodies:
        return
    resting = [(item, body) for body in commit.bodies for item in commit.transitions if rests_on(item, body)]
    insert_new(connection, tables.evidence, _evidence_rows(commit.bodies, resting), unique=["sha256"])
    numbers = _known_transitions(connection, [item for item, _ in resting])
    links = [{"seq": numbers[transition_key(item)], "role": body.role, "sha256": body.sha256} for item, body in resting]
    insert_new(connection, tables.transition_evidence, links, unique=["seq", "role", "sha256"])


def _evidence_rows(bodies: Sequence[Body], resting: Sequence[tuple[Transition, Body]]) -> list[dict[str, Any]]:
    since = {body.sha256: transition.at for transition, body in reversed(resting)}
    return [
        {
            "sha256": body.sha256,
            "bytes": len(body.content),
            "created_at": since.get(body.sha256),
            "content": gzip.compress(body.content, mtime=0) if body.role in IN_ROWS else None,
        }
        for body in bodies
    ]


def _write_unobserved(connection: Connection, spans: Sequence[Unobserved]) -> None:
    unique = ("scope", "key", "from_at", "cause")
    rows = [dict(zip(unique, unobserved_key(span), strict=True)) | {"to_at": span.to_at} for span in spans]
    # A start that died before its first heartbeat is followed by one that knows of a longer absence from the same beat.
    insert_new(connection, tables.unobserved, rows, unique=unique, latest="to_at")


def _write_samples(connection: Connection, samples: Sequence[Sample]) -> None:
    rows = [
        to_row(sample, without=("imprint",)) | {"imprint": without_defaults(to_json(sample.imprint))}
        for sample in samples
    ]
    insert_new(connection, tables.sample, rows, unique=["account_id", "at"])


def _write_incidents(connection: Connection, commit: Commit) -> None:
    closing = dict(commit.closed)
    ended = {incident_id for incident_id, at in closing.items() if _close(connection, incident_id, at)}
    ended |= _open(connection, commit.opened, closing)
    pairs = [{"incident_id": incident_id, "outage_id": outage_id} for incident_id, outage_id in commit.joined]
    insert_new(connection, tables.incident_outage, pairs, unique=["incident_id", "outage_id"])
    rows = [to_row(notification, without=("id",)) for notification in commit.notifications]
    insert_new(connection, tables.notification, rows, unique=["dedup_key"])
    # Only for those that end here and now: a commit that is repeated must not tell again.
    for incident_id in sorted(ended):
        told = notifications_of(connection, incident_id)
        rows = [to_row(row, without=("id",)) for row in resolved_rows(incident_id, closing[incident_id], told)]
        insert_new(connection, tables.notification, rows, unique=["dedup_key"])


def _close(connection: Connection, incident_id: str, at: datetime) -> bool:
    columns = tables.incident.c
    changed = connection.execute(
        update(tables.incident).where(columns.id == incident_id, columns.closed_at.is_(None)).values(closed_at=at)
    )
    return changed.rowcount == 1


def _open(connection: Connection, opened: Sequence[Incident], closing: dict[str, datetime]) -> set[str]:
    """Insert the incidents that are new; the ids of those that this same commit closes again."""
    wanted = {incident.id: incident for incident in opened}
    known = set(connection.scalars(select(tables.incident.c.id).where(tables.incident.c.id.in_(list(wanted)))))
    new = [incident for incident in wanted.values() if incident.id not in known]
    brief = {incident.id for incident in new if incident.id in closing and incident.closed_at is None}
    rows = [to_row(replace(item, closed_at=closing[item.id]) if item.id in brief else item) for item in new]
    insert_rows(connection, tables.incident, rows)
    return brief


def notifications_of(connection: Connection, incident_id: str) -> tuple[Notification, ...]:
    """All rows of the outbox about one incident, oldest first."""
    found = connection.execute(_NOTIFICATIONS, {"its_incident": incident_id})
    return tuple(from_row(Notification, row) for row in found.mappings())
