"""What is read of the past by SQL: outages, annotations, samples, and what uptime is computed from. Reads only."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, or_, select

from watcher.model.annotation import Annotation
from watcher.model.imprint import Imprint
from watcher.model.outage import Outage, TransitionKind, Unobserved
from watcher.model.sample import Sample
from watcher.model.uptime import History
from watcher.store import tables
from watcher.store.codec import from_json, from_row
from watcher.store.commits import batches

_T = TypeVar("_T")
_FIRST = (TransitionKind.ACCOUNT_FIRST_SEEN, TransitionKind.ACCOUNT_APPEARED)
_OUTAGE = tables.outage.c
_NOTE = tables.annotation.c
_ANNOTATIONS = (
    select(tables.annotation)
    .where(_NOTE.outage_id.in_(bindparam("outage_ids", type_=_NOTE.outage_id.type, expanding=True)))
    .order_by(_NOTE.id)
)


def outages(connection: Connection, **asked: Any) -> tuple[Outage, ...]:
    """See `Store.outages`; `asked` are its keywords, all of them."""
    query = select(tables.outage).order_by(_OUTAGE.confirmed_at.desc(), _OUTAGE.id.desc())
    query = query.where(*_conditions(**asked))
    if asked["limit"] is not None:
        query = query.limit(asked["limit"])
    return tuple(from_row(Outage, row) for row in connection.execute(query).mappings())


def outage(connection: Connection, outage_id: str) -> Outage | None:
    """See `Store.outage`."""
    row = connection.execute(select(tables.outage).where(_OUTAGE.id == outage_id)).mappings().first()
    return None if row is None else from_row(Outage, row)


def _conditions(  # noqa: PLR0913 - all that can be asked
    *,
    account_id: str | None,
    open_only: bool,
    since: datetime | None,
    until: datetime | None,
    retracted: bool,
    over_only: bool,
    platform: str | None,
    owner: str | None,
    before: str | None,
    limit: int | None,
) -> Iterator[ColumnElement[bool]]:
    del limit
    account = tables.account.c
    whose = [column == wanted for column, wanted in ((account.platform, platform), (account.owner, owner)) if wanted]
    if whose:
        yield _OUTAGE.account_id.in_(select(account.id).where(*whose))
    if over_only:
        yield _OUTAGE.closed_at.is_not(None)
    if before is not None:
        last = tables.outage.alias("last")
        at = select(last.c.confirmed_at).where(last.c.id == before).scalar_subquery()
        yield or_(_OUTAGE.confirmed_at < at, and_(_OUTAGE.confirmed_at == at, _OUTAGE.id < before))
    if account_id is not None:
        yield _OUTAGE.account_id == account_id
    if open_only:
        yield _OUTAGE.closed_at.is_(None)
    if not retracted:
        yield _OUTAGE.retracted_at.is_(None)
    if since is not None:
        yield reaches(since)
    if until is not None:
        yield _OUTAGE.began_e < until


def reaches(since: datetime) -> ColumnElement[bool]:
    """The outages that were not over before `since`."""
    return or_(
        _OUTAGE.closed_at.is_(None),
        _OUTAGE.ended_l >= since,
        and_(_OUTAGE.ended_l.is_(None), _OUTAGE.last_absent_l >= since),
    )


def annotations_of(connection: Connection, outage_ids: Sequence[str]) -> dict[str, tuple[Annotation, ...]]:
    """See `Store.annotations`."""
    found: defaultdict[str, list[Annotation]] = defaultdict(list)
    for some in batches(outage_ids):
        for row in connection.execute(_ANNOTATIONS, {"outage_ids": some}).mappings():
            found[row["outage_id"]].append(from_row(Annotation, row))
    return {outage_id: tuple(several) for outage_id, several in found.items()}


def samples(
    connection: Connection, account_id: str, limit: int | None, since: datetime | None, until: datetime | None
) -> tuple[Sample, ...]:
    """See `Store.samples`."""
    columns = tables.sample.c
    query = select(tables.sample).where(columns.account_id == account_id).order_by(columns.at.desc())
    if since is not None:
        query = query.where(columns.at >= since)
    if until is not None:
        query = query.where(columns.at <= until)
    found = connection.execute(query if limit is None else query.limit(limit)).mappings()
    return tuple(from_row(Sample, row, imprint=from_json(Imprint, row["imprint"])) for row in found)


def history(connection: Connection, since: datetime, account_ids: Collection[str] | None) -> dict[str, History]:
    """See `Store.history`."""
    if account_ids is None:
        return _history(connection, since, None)
    found: dict[str, History] = {}
    for some in batches(tuple(account_ids)):
        found |= _history(connection, since, some)
    return found


def _history(connection: Connection, since: datetime, account_ids: Sequence[str] | None) -> dict[str, History]:
    seen = _first_seen(connection, account_ids)
    gone = _by_account(connection, Outage, _reaching(since, account_ids))
    hidden, all_hidden = _unobserved(connection, since, account_ids)
    back = _counted(connection, account_ids)
    return {
        account: History(
            seen_since=since_when,
            outages=tuple(gone.get(account, ())),
            unobserved=(*hidden.get(account, ()), *all_hidden),
            retracted=back.get(account, 0),
        )
        for account, since_when in seen.items()
    }


def _first_seen(connection: Connection, account_ids: Sequence[str] | None) -> dict[str, datetime | None]:
    """When each account was first seen; where that is forgotten, since when it is watched."""
    account, state, transition = tables.account, tables.account_state, tables.transition
    known = select(account.c.id, account.c.watched_since, state.c.last_present)
    known = known.join_from(account, state, account.c.id == state.c.account_id, isouter=True)
    first = select(transition.c.account_id, func.min(transition.c.at)).where(transition.c.kind.in_(_FIRST))
    first = first.group_by(transition.c.account_id)
    if account_ids is not None:
        known = known.where(account.c.id.in_(account_ids))
        first = first.where(transition.c.account_id.in_(account_ids))
    stamped = {row[0]: row[1] for row in connection.execute(first)}
    return {
        row.id: stamped.get(row.id, row.watched_since) if row.last_present is not None else None
        for row in connection.execute(known)
    }


def _reaching(since: datetime, account_ids: Sequence[str] | None) -> Select[Any]:
    query = select(tables.outage).where(reaches(since), _OUTAGE.retracted_at.is_(None)).order_by(_OUTAGE.confirmed_at)
    return query if account_ids is None else query.where(_OUTAGE.account_id.in_(account_ids))


def _by_account(connection: Connection, kind: type[_T], query: Select[Any]) -> dict[str, list[_T]]:
    found: defaultdict[str, list[_T]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["account_id"]].append(from_row(kind, row))
    return found


def _unobserved(
    connection: Connection, since: datetime, account_ids: Sequence[str] | None
) -> tuple[dict[str, list[Unobserved]], tuple[Unobserved, ...]]:
    """The spans of each account, and those of all."""
    columns = tables.unobserved.c
    query = select(tables.unobserved).where(columns.to_at > since).order_by(columns.from_at, columns.id)
    if account_ids is not None:
        query = query.where(columns.key.in_(("", *account_ids)))
    found: defaultdict[str, list[Unobserved]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        of_all = row["scope"] == "all"
        found["" if of_all else row["key"]].append(from_row(Unobserved, row, account_id=None if of_all else row["key"]))
    return found, tuple(found.pop("", ()))


def _counted(connection: Connection, account_ids: Sequence[str] | None) -> dict[str, int]:
    query = select(_OUTAGE.account_id, func.count()).where(_OUTAGE.retracted_at.is_not(None))
    query = query if account_ids is None else query.where(_OUTAGE.account_id.in_(account_ids))
    return {row[0]: row[1] for row in connection.execute(query.group_by(_OUTAGE.account_id))}
