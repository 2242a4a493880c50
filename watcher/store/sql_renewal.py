"""What a channel was told of that lasts, read for all of it at once, by SQL. In a transaction begun elsewhere."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select

from watcher.model.notification import Incident, Notification, NotificationKind, NotificationState
from watcher.model.outage import Outage
from watcher.store import sql_load, tables
from watcher.store.codec import from_row
from watcher.store.commits import VOUCHING, batches
from watcher.store.values import IncidentRecord

_INCIDENT, _ROWS, _OUTAGE = tables.incident.c, tables.notification.c, tables.outage.c
_MEMBER, _TRANSITION = tables.incident_outage.c, tables.transition.c
# The end of what ended longer ago is not told any more.
_LATE: Final = timedelta(days=4)


def renewable(connection: Connection, channel: str, since: datetime) -> tuple[tuple[IncidentRecord, Notification], ...]:
    """See `Store.renewable`."""
    alerts = _alerts(connection, channel, since)
    found = [
        (record, alerts[record.incident.id])
        for some in batches(sorted(alerts))
        for record in _records(connection, some)
    ]
    return tuple(sorted(found, key=lambda each: (each[0].incident.opened_at, each[0].incident.id)))


def _alerts(connection: Connection, channel: str, since: datetime) -> dict[str, Notification]:
    """The ALERT rows by incident."""
    end = tables.notification.alias()
    told_of_the_end = (
        select(end.c.id)
        .where(
            end.c.incident_id == _INCIDENT.id,
            end.c.channel == channel,
            end.c.kind == NotificationKind.RESOLVED,
            end.c.delivered_at > since,
        )
        .exists()
    )
    lasting = _INCIDENT.closed_at.is_(None)
    wanted = select(_INCIDENT.id).where(or_(lasting, and_(_INCIDENT.closed_at > since - _LATE, told_of_the_end)))
    query = select(tables.notification).where(
        _ROWS.incident_id.in_(wanted),
        _ROWS.channel == channel,
        _ROWS.kind == NotificationKind.ALERT,
        or_(_ROWS.state == NotificationState.DELIVERED, _ROWS.recipients.is_not(None)),
    )
    return {row["incident_id"]: from_row(Notification, row) for row in sql_load.rows(connection, query)}


def _records(connection: Connection, incident_ids: Sequence[str]) -> list[IncidentRecord]:
    members = select(_MEMBER.outage_id).where(_MEMBER.incident_id.in_(incident_ids))
    about = or_(_OUTAGE.id.in_(incident_ids), _OUTAGE.cohort_id.in_(incident_ids), _OUTAGE.id.in_(members))
    found = sql_load.rows(connection, select(tables.outage).where(about).order_by(_OUTAGE.confirmed_at, _OUTAGE.id))
    outages = {row["id"]: from_row(Outage, row) for row in found}
    told_under = _told_under(connection, incident_ids, outages)
    known = labels_of(connection, select(_OUTAGE.id).where(about))
    vouching = digests_of(connection, select(_OUTAGE.id).where(about))
    incidents = sql_load.rows(connection, select(tables.incident).where(_INCIDENT.id.in_(incident_ids)))
    return [_record(from_row(Incident, row), outages, told_under[row["id"]], known, vouching) for row in incidents]


def _record(
    incident: Incident,
    outages: Mapping[str, Outage],
    together: Sequence[Outage],
    known: Mapping[str, Mapping[str, str]],
    vouching: Mapping[str, str],
) -> IncidentRecord:
    ids = [outage.id for outage in together]
    return IncidentRecord(
        incident=incident,
        outage=outages.get(incident.id),
        notifications=(),
        digest=vouching.get(incident.id, ""),
        outages=tuple(together),
        labels={each: known[each] for each in ids if each in known},
        digests={each: vouching[each] for each in ids if each in vouching},
    )


def _told_under(
    connection: Connection, incident_ids: Sequence[str], outages: Mapping[str, Outage]
) -> Mapping[str, list[Outage]]:
    """Those that each COHORT or GROUP tells of, in the order of `outages`."""
    found: defaultdict[str, list[Outage]] = defaultdict(list)
    pairs = select(_MEMBER.incident_id, _MEMBER.outage_id).where(_MEMBER.incident_id.in_(incident_ids))
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for row in connection.execute(pairs):
        groups[row.outage_id].append(row.incident_id)
    for outage in outages.values():
        for incident_id in (*([outage.cohort_id] if outage.cohort_id else []), *groups[outage.id]):
            found[incident_id].append(outage)
    return found


def labels_of(
    connection: Connection, outage_ids: Select[Any], asked: Mapping[str, Any] | None = None
) -> dict[str, Mapping[str, str]]:
    """The labels of the incidents of these outages, by their id. `asked` are what the query asks to be given."""
    query = select(_INCIDENT.id, _INCIDENT.labels).where(_INCIDENT.id.in_(outage_ids))
    return {row.id: row.labels for row in connection.execute(query, asked)}


def digests_of(
    connection: Connection, outage_ids: Select[Any], asked: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """The hash of the last transition of each of these outages that messages tell of, by the outage's id."""
    last = (
        select(func.max(_TRANSITION.seq))
        .where(_TRANSITION.outage_id.in_(outage_ids), _TRANSITION.kind.in_(VOUCHING))
        .group_by(_TRANSITION.outage_id)
    )
    query = select(_TRANSITION.outage_id, _TRANSITION.hash).where(_TRANSITION.seq.in_(last))
    return {row.outage_id: row.hash for row in connection.execute(query, asked)}
