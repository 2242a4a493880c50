"""Erasing all that is kept of one account, by SQL, in a transaction begun elsewhere. Files are removed elsewhere."""

from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, or_, select, update

from watcher.model.errors import StoreError
from watcher.model.notification import IncidentKind
from watcher.store import sql_attention, sql_chain, sql_evidence, sql_load, tables
from watcher.store.amendments import names_control, without_names
from watcher.store.codec import to_json
from watcher.store.sql_prune import remove_evidence, remove_incidents, remove_outages

_ACCOUNT, _TRANSITION, _INCIDENT = tables.account.c, tables.transition.c, tables.incident.c


def is_watched(connection: Connection, account_id: str) -> bool | None:
    """Whether the last list of whom to watch had it; None: nothing was ever kept of it."""
    found = connection.execute(select(_ACCOUNT.unwatched_at).where(_ACCOUNT.id == account_id)).first()
    return None if found is None else found.unwatched_at is None


def erase(connection: Connection, account_id: str) -> list[str]:
    """Erase it from every table; the hashes of the pages that nobody else needs, for the files to follow."""
    names = _names(connection, account_id)
    platform = connection.scalar(select(_ACCOUNT.platform).where(_ACCOUNT.id == account_id)) or ""
    pages = _own_pages(connection, account_id)
    connection.execute(delete(tables.account_state).where(tables.account_state.c.account_id == account_id))
    _remove_outages(connection, account_id)
    sql_chain.let_go(
        connection, list(connection.scalars(select(_TRANSITION.seq).where(_TRANSITION.account_id == account_id)))
    )
    remove_evidence(connection, pages)
    about = (IncidentKind.ACCOUNT, IncidentKind.NOTICE, IncidentKind.FLAPPING)
    incidents = select(_INCIDENT.id).where(_INCIDENT.kind.in_(about), _INCIDENT.key == account_id)
    remove_incidents(connection, list(connection.scalars(incidents)))
    connection.execute(delete(tables.sample).where(tables.sample.c.account_id == account_id))
    connection.execute(delete(tables.unobserved).where(tables.unobserved.c.key == account_id))
    connection.execute(delete(tables.account).where(_ACCOUNT.id == account_id))
    _erase_from_controls(connection, platform, names)
    _erase_from_evidence(connection, platform, names)
    _erase_from_incidents(connection, names)
    sql_attention.forget(connection, account_id)
    return pages


def _remove_outages(connection: Connection, account_id: str) -> None:
    """Its outages, and the groups that told of no others."""
    outage, member = tables.outage.c, tables.incident_outage.c
    own = select(outage.id).where(outage.account_id == account_id)
    groups = connection.scalars(select(member.incident_id).where(member.outage_id.in_(own)).distinct()).all()
    remove_outages(connection, connection.scalars(own).all())
    tells = exists().where(member.incident_id == bindparam("group")).select()
    remove_incidents(connection, [group for group in groups if not connection.scalar(tells, {"group": group})])


def _names(connection: Connection, account_id: str) -> set[str]:
    """Every handle that it is known to have had, as it may stand in texts; without "@"."""
    rows: list[Any] = [
        *connection.execute(select(_ACCOUNT.handle, _ACCOUNT.display_handle).where(_ACCOUNT.id == account_id)),
        *connection.execute(
            select(tables.account_state.c.handle).where(tables.account_state.c.account_id == account_id)
        ),
        *connection.execute(select(tables.outage.c.handle_then).where(tables.outage.c.account_id == account_id)),
    ]
    found = {str(name).removeprefix("@") for row in rows for name in row if name is not None}
    return found | {account_id.partition(":")[2]}


def _own_pages(connection: Connection, account_id: str) -> list[str]:
    """The pages that its transitions rest on, and no other account's."""
    link = tables.transition_evidence.c
    mine = select(link.sha256).join_from(tables.transition, tables.transition_evidence)
    mine = mine.where(_TRANSITION.account_id == account_id)
    others = select(link.sha256).join_from(tables.transition, tables.transition_evidence)
    others = others.where(_TRANSITION.account_id != account_id)
    return list(connection.scalars(mine.where(link.sha256.not_in(others)).distinct()))


def _erase_from_controls(connection: Connection, platform: str, names: set[str]) -> None:
    """An account that is seen serves as a control of others."""
    kept, folded = tables.platform_state, {name.casefold() for name in names}
    for row in connection.execute(select(kept).where(kept.c.platform == platform)).mappings().all():
        known = sql_load.report(row)
        left = known.of(lambda handle: handle.removeprefix("@").casefold() not in folded)
        if left != known:
            key = (kept.c[name] == row[name] for name in ("platform", "instance", "source", "vantage"))
            values = {"positives": to_json(left.positives), "baseline": to_json(left.calibration)}
            connection.execute(update(kept).where(*key).values(values))


def _erase_from_evidence(connection: Connection, platform: str, names: set[str]) -> None:
    """What controls said of it beside other accounts' outages. The bundles only name its hash, and stay whole."""
    link, kept = tables.transition_evidence.c, tables.evidence.c
    beside = select(link.sha256).join_from(tables.transition_evidence, tables.transition).join(tables.account)
    beside = beside.where(link.role == "controls", _ACCOUNT.platform == platform)
    said = select(kept.sha256, kept.content).where(kept.sha256.in_(beside), kept.content.is_not(None))
    gone = [row.sha256 for row in connection.execute(said) if _may_name(row.sha256, row.content, platform, names)]
    remove_evidence(connection, gone)


def _may_name(digest: str, packed: bytes, platform: str, names: AbstractSet[str]) -> bool:
    """True also of what is damaged: it shows nothing any more, and nobody can tell whom it names."""
    try:
        return names_control(sql_evidence.unpacked(digest, packed), platform, names)
    except (StoreError, ValueError, KeyError, TypeError, AttributeError):
        return True


def _erase_from_incidents(connection: Connection, names: set[str]) -> None:
    """What is said of a platform names the controls that were asked."""
    mentioned = or_(*(_INCIDENT.detail.icontains(name, autoescape=True) for name in names))
    for row in connection.execute(select(_INCIDENT.id, _INCIDENT.detail).where(mentioned)).all():
        text = without_names(row.detail, names)
        connection.execute(update(tables.incident).where(_INCIDENT.id == row.id).values(detail=text))
