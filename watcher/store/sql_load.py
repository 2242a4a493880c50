"""What a start goes on from, by SQL. Reads only, in a transaction begun elsewhere."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, Select, bindparam, func, select

from watcher.model.account import Account, Policy
from watcher.model.control import Calibration, ControlFinding, ControlKey, ControlReport
from watcher.model.finding import Finding
from watcher.model.notification import Incident
from watcher.model.outage import AccountState, Outage, Transition
from watcher.store import tables
from watcher.store.codec import Row, from_json, from_row, micros_of
from watcher.store.commits import batches
from watcher.store.driver import rows_of
from watcher.store.packed import unpack


def rows(connection: Connection, query: Select[Any]) -> Sequence[RowMapping]:
    """All rows that the query finds, by the names of their columns."""
    return connection.execute(query).mappings().all()


def accounts(connection: Connection, ids: Collection[str] | None = None) -> dict[str, Account]:
    """All accounts ever watched, or those of `ids`, as they were listed last."""
    query = select(tables.account)
    return {row["id"]: _account(row) for row in _rows_of(connection, query, tables.account.c.id, ids)}


def states(connection: Connection, ids: Collection[str] | None = None) -> dict[str, AccountState]:
    """The state of each account, or of those of `ids`, with its open outage."""
    current = select(tables.account_state.c.outage_id).where(tables.account_state.c.outage_id.is_not(None))
    found = rows(connection, select(tables.outage).where(tables.outage.c.id.in_(current)))
    outages = {row["id"]: from_row(Outage, row) for row in found}
    columns = tables.account_state.c
    return {
        row["account_id"]: from_row(AccountState, row, outage=outages.get(row["outage_id"]))
        for row in _rows_of(connection, select(tables.account_state), columns.account_id, ids)
    }


def watched(connection: Connection) -> Sequence[str]:
    """The ids of the accounts that are watched now."""
    return connection.scalars(select(tables.account.c.id).where(tables.account.c.unwatched_at.is_(None))).all()


def _rows_of(
    connection: Connection, query: Select[Any], key: Column[Any], ids: Collection[str] | None
) -> Iterator[Row]:
    if ids is None:
        yield from rows_of(connection, query)
        return
    for some in batches(tuple(ids)):
        yield from rows(connection, query.where(key.in_(some)))


_ONE_ACCOUNT = select(tables.account).where(
    tables.account.c.id == bindparam("account_id", type_=tables.account.c.id.type)
)


def account(connection: Connection, account_id: str) -> Account | None:
    """The account as last watched, as far as that is kept."""
    found = connection.execute(_ONE_ACCOUNT, {"account_id": account_id}).mappings().first()
    return _account(found) if found is not None else None


def _account(row: Row) -> Account:
    # What only the watchlist knows is not kept.
    return from_row(Account, row, policy=Policy(), controls=(), calendar=None)


def open_incidents(connection: Connection) -> tuple[Incident, ...]:
    """The incidents that are not over, oldest first."""
    columns = tables.incident.c
    query = select(tables.incident).where(columns.closed_at.is_(None)).order_by(columns.opened_at, columns.id)
    return tuple(from_row(Incident, row) for row in rows(connection, query))


def members(connection: Connection) -> dict[str, frozenset[str]]:
    """The ids of the outages of each open GROUP."""
    member, incident = tables.incident_outage, tables.incident
    query = select(member.c.incident_id, member.c.outage_id).join_from(member, incident)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in connection.execute(query.where(incident.c.closed_at.is_(None))):
        found[row.incident_id].add(row.outage_id)
    return {incident_id: frozenset(outage_ids) for incident_id, outage_ids in found.items()}


def cohorts(connection: Connection) -> dict[str, int]:
    """Of how many accounts each open COHORT tells."""
    outage, incident = tables.outage.c, tables.incident.c
    query = (
        select(outage.cohort_id, func.count(outage.account_id.distinct()).label("accounts"))
        .join(tables.incident, incident.id == outage.cohort_id)
        .where(incident.closed_at.is_(None), outage.retracted_at.is_(None))
        .group_by(outage.cohort_id)
    )
    return {row.cohort_id: row.accounts for row in connection.execute(query)}


def controls(connection: Connection) -> tuple[ControlReport, ...]:
    """What the controls said last."""
    return tuple(sorted(map(report, rows(connection, select(tables.platform_state))), key=lambda each: each.key))


def report(row: RowMapping) -> ControlReport:
    """What the controls of one key said last, and what is known of them."""
    return ControlReport(
        key=from_row(ControlKey, row),
        positives=from_json(tuple[ControlFinding, ...], row["positives"]),
        negatives=from_json(tuple[ControlFinding, ...], row["negatives"]),
        calibration=from_json(Calibration, row["baseline"]) or Calibration(),
    )


def transition(row: RowMapping) -> Transition:
    """One transition as it was."""
    said = unpack(row["document"], row["account_id"], row["outage_id"], micros_of(row["at"]))
    return Transition(
        kind=row["kind"],
        at=row["at"],
        account_id=row["account_id"],
        finding=from_json(Finding, said["finding"]),
        outage=from_json(Outage, said["outage"]),
        detail=said["detail"],
    )
