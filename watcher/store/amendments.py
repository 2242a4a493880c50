"""What people change of the record afterwards, in the form that every store needs it. Pure: no rows, no I/O."""

import json
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from typing import Final

from watcher.model.notification import Notification, NotificationKind, NotificationState
from watcher.model.outage import Outage, Transition, TransitionKind
from watcher.store.commits import following

# The number of the CORRECTION rows of a retraction; an annotation's rows have the annotation's id, from 1 on.
RETRACTION: Final = 0
FORGOTTEN: Final = "[forgotten]"

_TELLS = (NotificationKind.ALERT, NotificationKind.RESOLVED)
_REACHES = (NotificationState.PENDING, NotificationState.CLAIMED, NotificationState.DELIVERED)


def retracted(outage: Outage, reason: str, by: str, at: datetime) -> tuple[Outage, Transition]:
    """The outage as taken back, and the transition that says so."""
    taken_back = replace(outage, retracted_at=at, retraction=reason)
    happened = Transition(
        kind=TransitionKind.OUTAGE_RETRACTED,
        at=at,
        account_id=outage.account_id,
        outage=taken_back,
        detail={"reason": reason, "by": by},
    )
    return taken_back, happened


def keeping_retraction(outage: Outage, stored: Outage | None) -> Outage:
    """The outage as a commit gives it, but taken back if the stored one is: the running process does not know."""
    if stored is None or not stored.is_retracted:
        return outage
    return replace(outage, retracted_at=stored.retracted_at, retraction=stored.retraction)


def correction_rows(number: int, at: datetime, told: Sequence[Notification]) -> list[Notification]:
    """The CORRECTION rows of that number: one for each channel that was told of the incident, or will be.

    `told` are the incident's notifications, oldest first. One that names recipients left reached the others.
    """
    rows: dict[str, Notification] = {}
    for row in reversed(told):
        if row.kind in _TELLS and (row.state in _REACHES or row.recipients) and row.channel not in rows:
            key = f"{row.incident_id}/{row.channel}/correction/{number}"
            rows[row.channel] = following(row, told, NotificationKind.CORRECTION, key, at)
    return list(reversed(rows.values()))


def told_of(outage: Outage, own: Sequence[Notification], together: Sequence[Notification]) -> tuple[Notification, ...]:
    """What was told of an outage: under its own incident, and under that of a mass event, as if under its own."""
    return (*(replace(row, incident_id=outage.id) for row in together), *own)


def without_names(text: str, names: Iterable[str]) -> str:
    """`text` with each of the handles, as a word of its own and in any spelling of capitals, made unreadable."""
    wanted = sorted({name.removeprefix("@") for name in names} - {""}, key=len, reverse=True)
    if not wanted:
        return text
    either = "|".join(map(re.escape, wanted))
    return re.sub(rf"(?<![\w.-])(?:{either})(?![\w-])", FORGOTTEN, text, flags=re.IGNORECASE)


def names_control(content: bytes, platform: str, names: AbstractSet[str]) -> bool:
    """True when a document of what controls said (role `controls`) speaks of one of these handles (without "@")."""
    document = json.loads(content)
    folded = {name.casefold() for name in names}
    said = (*document["positive"], *document["negative"])
    return document["platform"] == platform and any(
        control["handle"].removeprefix("@").casefold() in folded for control in said
    )
