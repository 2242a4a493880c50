"""What is kept as evidence, by SQL: reads only, in a transaction begun elsewhere."""

import gzip
import zlib
from collections import defaultdict
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, and_, bindparam, cast, exists, or_, select

from watcher.model.errors import StoreError
from watcher.model.notification import Incident, IncidentKind
from watcher.store import sql_chain, tables
from watcher.store.commits import VOUCHING, batches, ends
from watcher.store.values import Trace

_TRANSITION, _OUTAGE = tables.transition.c, tables.outage.c
_HASH_LENGTH = 64
_LEAST_PREFIX = 6
_LONGEST_NUMBER = 18


def content(connection: Connection, digest: str) -> bytes | None:
    """What the database itself keeps under that hash; None for what is a file, or nothing. StoreError if damaged."""
    kept = tables.evidence.c
    packed = connection.scalar(select(kept.content).where(kept.sha256 == digest))
    return None if packed is None else unpacked(digest, packed)


def unpacked(digest: str, packed: bytes) -> bytes:
    """The content of a row of that hash. StoreError if damaged."""
    try:
        content = gzip.decompress(packed)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StoreError(f"the evidence {digest} is damaged: {error}; restore a backup") from error
    if sha256(content).hexdigest() != digest:
        raise StoreError(f"the evidence {digest} is damaged: its content has another hash; restore a backup")
    return content


def is_sound(digest: str, packed: bytes) -> bool:
    """True when the content of a row has that hash."""
    try:
        unpacked(digest, packed)
    except StoreError:
        return False
    return True


def traces(connection: Connection, reference: str, most: int | None = None) -> tuple[Trace, ...]:
    """The transitions that `reference` names, the oldest first; none when it names nothing.

    An outage's id names all of that outage, also the suspicion before it; a number one transition; six digits or more
    of a hash all whose hash, or whose bundle's hash, begins so.
    """
    for condition in _readings(reference):
        found = select(_TRANSITION.seq, _TRANSITION.hash).where(condition).order_by(_TRANSITION.seq)
        hashes = ends([(row.seq, row.hash) for row in connection.execute(found)], most)
        if hashes:
            numbers = [number for number, _ in hashes]
            written, pieces = sql_chain.as_written(connection, numbers), _pieces(connection, numbers)
            return tuple(
                Trace(
                    seq=number,
                    hash=digest,
                    previous=written[number][1],
                    document=written[number][0],
                    evidence=tuple(pieces[number]),
                )
                for number, digest in hashes
            )
    return ()


_ID = bindparam("incident_id", type_=tables.incident.c.id.type)
_MEMBER = tables.incident_outage.c
_LAST = select(_TRANSITION.hash).order_by(_TRANSITION.seq.desc()).limit(1)
_OWN = _TRANSITION.outage_id == _ID
_MASS = _TRANSITION.outage_id.in_(select(_OUTAGE.id).where(_OUTAGE.cohort_id == _ID))
_GROUP = _TRANSITION.outage_id.in_(select(_MEMBER.outage_id).where(_MEMBER.incident_id == _ID))
_VOUCHES_FOR_ONE = _LAST.where(_OWN, _TRANSITION.kind.in_(VOUCHING))
_VOUCHES_FOR_MANY = _LAST.where(or_(_OWN, _MASS, _GROUP), _TRANSITION.kind.in_(VOUCHING))
# A notice is of one transition: that of its account, its instant and its kind.
_VOUCHES_FOR_NOTICE = _LAST.where(
    _TRANSITION.account_id == bindparam("key", type_=_TRANSITION.account_id.type),
    _TRANSITION.at == bindparam("opened_at", type_=_TRANSITION.at.type),
    _ID.contains(cast(_TRANSITION.kind, String)),
)


def vouching(connection: Connection, incident: Incident) -> str:
    """The hash of the last transition that the messages of an incident tell of; "" where there is none."""
    its: dict[str, Any] = {"incident_id": incident.id}
    match incident.kind:
        case IncidentKind.NOTICE:
            query, its = _VOUCHES_FOR_NOTICE, {**its, "key": incident.key, "opened_at": incident.opened_at}
        case IncidentKind.COHORT | IncidentKind.GROUP:
            query = _VOUCHES_FOR_MANY
        case _:
            query = _VOUCHES_FOR_ONE
    return connection.scalar(query, its) or ""


def recent(connection: Connection, account_id: str | None, limit: int) -> list[int]:
    """The numbers of the last transitions of which evidence is kept, the latest first."""
    link = tables.transition_evidence.c
    query = select(_TRANSITION.seq).where(exists().where(link.seq == _TRANSITION.seq).correlate(tables.transition))
    if account_id is not None:
        query = query.where(_TRANSITION.account_id == account_id)
    return list(connection.scalars(query.order_by(_TRANSITION.seq.desc()).limit(limit)))


def _readings(reference: str) -> list[ColumnElement[bool]]:
    """What the reference may mean, the likeliest first."""
    readings: list[ColumnElement[bool]] = [_of_outage(reference)]
    if reference.isascii() and reference.isdigit() and len(reference) <= _LONGEST_NUMBER:
        readings.append(_TRANSITION.seq == int(reference))
    folded = reference.lower()
    if _LEAST_PREFIX <= len(folded) <= _HASH_LENGTH and set(folded) <= set("0123456789abcdef"):
        readings.append(_TRANSITION.hash.between(folded.ljust(_HASH_LENGTH, "0"), folded.ljust(_HASH_LENGTH, "f")))
        link = tables.transition_evidence.c
        bundled = and_(link.seq == _TRANSITION.seq, link.role == "bundle", link.sha256.startswith(folded))
        readings.append(exists().where(bundled).correlate(tables.transition))
    return readings


def _of_outage(outage_id: str) -> ColumnElement[bool]:
    within = and_(
        _OUTAGE.account_id == _TRANSITION.account_id,
        _OUTAGE.began_e <= _TRANSITION.at,
        or_(_OUTAGE.closed_at.is_(None), _OUTAGE.closed_at >= _TRANSITION.at),
    )
    either = or_(_OUTAGE.id == _TRANSITION.outage_id, within)
    return exists().where(_OUTAGE.id == outage_id, either).correlate(tables.transition)


def _pieces(connection: Connection, numbers: list[int]) -> defaultdict[int, list[Any]]:
    link, kept = tables.transition_evidence.c, tables.evidence.c
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for some in batches(numbers):
        query = select(link.seq, link.role, link.sha256, kept.bytes).join_from(
            tables.transition_evidence, tables.evidence, link.sha256 == kept.sha256
        )
        for row in connection.execute(query.where(link.seq.in_(some)).order_by(link.seq, link.role)):
            found[row.seq].append((row.role, row.sha256, row.bytes))
    return found
