"""What came of a story, as people saw it and as it is kept; what must hold of that whoever died, and when.

May come twice, under the same key: what was sent and not marked. May move: a reminder or an update, by the time that
nobody was there, and by the looks that a restart begins anew. May be otherwise: how many updates and reminders there
were, the times and spans in a text, the news of watcher's own troubles (what is counted since the start). Nothing else.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select

from tests.fakes.virtual_time import START, run_virtual
from tests.scenario.deaths import Kill
from tests.scenario.lives import Story
from tests.scenario.mortal import MortalWorld, Seen
from watcher.demo.answers import Page
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, NotificationState
from watcher.model.outage import Outage, Unobserved
from watcher.store import tables
from watcher.store.sql import SqlStore

Span = tuple[datetime, datetime]
_MOMENT = timedelta(seconds=8)
"""So late may be what is due, while somebody is there: the polls of outbox and reminders, and Slack's second."""
_DUE = timedelta(seconds=10)
_BEAT = timedelta(seconds=10)
_TOGETHER = (IncidentKind.COHORT, IncidentKind.GROUP)
_DELIVERED = NotificationState.DELIVERED
_UNTOLD = (NotificationState.PENDING, NotificationState.CLAIMED)
_VARIES = (NotificationKind.UPDATE, NotificationKind.REMINDER)
_FIGURES = re.compile(r"(?:[± ]*\b\d+ (?:h|min|s)\b)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The record of a story: all incidents with their rows, all outages, and what was not observed."""

    incidents: tuple[Incident, ...]
    rows: dict[str, tuple[Notification, ...]]
    members: dict[str, tuple[Outage, ...]]
    outages: tuple[Outage, ...]
    unobserved: tuple[Unobserved, ...]

    def news(self, world: MortalWorld, incident_id: str) -> list[Seen]:
        """What Slack first took of each piece of news of an incident, in order; repetitions left out."""
        first = {seen.key: seen for seen in reversed(world.seen) if seen.what == "took"}
        mine = [seen for seen in first.values() if seen.key.startswith(f"{incident_id}/")]
        return sorted(mine, key=world.seen.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of one telling: the fate of each incident, what was wrong, the points passed, and where it died."""

    fate: dict[str, dict[str, str]]
    faults: tuple[str, ...]
    passed: tuple[str, ...]
    deaths: tuple[str, ...]

    def differs(self, alive: "Ending") -> list[str]:
        """What is wrong, and what is otherwise than where nobody died."""
        names = dict.fromkeys([*alive.fate, *self.fate])
        other = (name for name in names if self.fate.get(name) != alive.fate.get(name))
        return [*self.faults, *(f"{name}: {alive.fate.get(name)} became {self.fate.get(name)}" for name in other)]


def tell(story: Story, directory: Path, plan: Sequence[Kill] = ()) -> Ending:
    """Play the story in that directory, dying as planned."""

    async def telling() -> Ending:
        async with MortalWorld(directory, story.watchlist, routes=story.routes, plan=plan) as world:
            await story.play(world)
            await world.end(minutes=1.5)
        with world.beside() as store:
            record = kept(store)
        return Ending(
            fate=fate(story, world, record),
            faults=tuple(faults(story, world, record)),
            passed=tuple(world.trap.passed),
            deaths=tuple(world.trap.deaths),
        )

    return run_virtual(telling())


def kept(store: SqlStore) -> Kept:
    """All that the last life left."""
    incidents = tuple(reversed(store.incidents(limit=10_000)))
    records = {incident.id: store.incident(incident.id) for incident in incidents}
    with store._reading() as connection:
        columns = tables.unobserved.c
        found = connection.execute(select(columns.from_at, columns.to_at, columns.cause).where(columns.scope == "all"))
        spans = [Unobserved(account_id=None, from_at=row[0], to_at=row[1], cause=row[2]) for row in found]
    return Kept(
        incidents=incidents,
        rows={name: record.notifications for name, record in records.items() if record is not None},
        members={name: record.outages for name, record in records.items() if record is not None},
        outages=tuple(reversed(store.outages(limit=None))),
        unobserved=tuple(spans),
    )


def fate(story: Story, world: MortalWorld, record: Kept) -> dict[str, dict[str, str]]:
    """What must be the same in every run: for each incident, by its name, what was told, and in which words."""
    numbers: Counter[str] = Counter()
    fates: dict[str, dict[str, str]] = {}
    for incident in record.incidents:
        if incident.kind is IncidentKind.META:
            continue
        name = f"{incident.kind} {incident.key.partition('#')[0]}"
        numbers[name] += 1
        if story.hides and incident.kind is not IncidentKind.FLAPPING:
            continue
        fates[f"{name} {numbers[name]}"] = dict(_told(incident, record.news(world, incident.id)))
    return fates


def _told(incident: Incident, news: Sequence[Seen]) -> Iterator[tuple[str, str]]:
    known: dict[NotificationKind, list[str]] = {}
    for seen in news:
        kind = _kind_of(seen.key)
        if kind in _VARIES:
            continue
        keys = known.setdefault(kind, [])
        if seen.key not in keys:
            keys.append(seen.key)
        # How many were missing by the time at which it was first told is a matter of moments.
        moves = kind is NotificationKind.ALERT and incident.kind in _TOGETHER
        place = keys.index(seen.key)
        yield f"{kind} {place}" if place else str(kind), "" if moves else _FIGURES.sub("…", _headline(seen))


def _headline(seen: Seen) -> str:
    return str(json.loads(seen.text)["text"]).split(" — ")[0]


def _kind_of(key: str) -> NotificationKind:
    """INCIDENT/CHANNEL/KIND, of updates and reminders with what tells them apart behind it."""
    kinds = {kind.value: kind for kind in NotificationKind}
    return next(kinds[part] for part in reversed(key.split("/")) if part in kinds)


def faults(story: Story, world: MortalWorld, record: Kept) -> list[str]:
    """What is wrong with a run by itself."""
    return [
        *_repetitions(world),
        *(fault for incident in record.incidents for fault in _sequence(incident, record, world)),
        *(_late(world, record) if not story.slack_fails else ()),
        *_reminders(story, world, record),
        *_changes(story, world, record),
        *_measured(story, world, record),
        *_gaps(world, record),
    ]


def _repetitions(world: MortalWorld) -> Iterator[str]:
    """What was marked is never sent again; what was not is sent once more a death, at most."""
    marked: set[str] = set()
    taken: Counter[str] = Counter()
    for seen in world.seen:
        if seen.what == "marked":
            marked.add(seen.key)
        elif seen.key in marked:
            yield f"{seen.key} was sent again at {seen.at:%H:%M:%S}, after it was marked"
        else:
            taken[seen.key] += 1
    for key, times in taken.items():
        if times > 1 + len(world.trap.deaths):
            yield f"{key} was sent {times} times with {len(world.trap.deaths)} deaths"


def _sequence(incident: Incident, record: Kept, world: MortalWorld) -> Iterator[str]:
    """A beginning before its end, no end without a beginning, none left open, and nothing left to tell."""
    news = record.news(world, incident.id)
    kinds = [kind for kind in (_kind_of(seen.key) for seen in news) if kind is not NotificationKind.CORRECTION]
    where = f"{incident.kind} {incident.id}"
    if incident.closed_at is None:
        yield f"{where} is open at the end"
    if left := [row.dedup_key for row in record.rows[incident.id] if row.state in _UNTOLD]:
        yield f"{where}: still to be told: {', '.join(left)}"
    lasts = incident.kind not in (IncidentKind.NOTICE, IncidentKind.DIGEST)
    if kinds and lasts and kinds[-1] is not NotificationKind.RESOLVED:
        yield f"{where}: the last that was told is {kinds[-1]}: {kinds}"
    if kinds and kinds[0] not in (NotificationKind.ALERT, NotificationKind.RESOLVED):
        yield f"{where}: the first that was told is {kinds[0]}"
    if kinds.count(NotificationKind.ALERT) > 1 or kinds.count(NotificationKind.RESOLVED) > 1:
        yield f"{where}: told {kinds}"
    if NotificationKind.RESOLVED in kinds[:-1]:
        yield f"{where}: something follows its end: {kinds}"


def away(world: MortalWorld, since: datetime, until: datetime) -> timedelta:
    """How much of that time nobody was there; of each death a moment more, for what begins anew."""
    overlaps = [min(until, end) - max(since, begin) for begin, end in world.gaps]
    return sum((each + _MOMENT for each in overlaps if each >= timedelta(0)), timedelta(0))


def _late(world: MortalWorld, record: Kept) -> Iterator[str]:
    """What is due is told at once, but for the time in which nobody was there."""
    for incident in record.incidents:
        due = {row.dedup_key: row.due_at for row in record.rows[incident.id] if row.state is _DELIVERED}
        for seen in record.news(world, incident.id):
            late = seen.at - due.get(seen.key, seen.at)
            if late > _MOMENT + away(world, due.get(seen.key, seen.at), seen.at):
                yield f"{seen.key} was told {late} late"


def _reminders(story: Story, world: MortalWorld, record: Kept) -> Iterator[str]:
    """Never sooner than `repeat` after the last word, nor later, while it lasts and nobody takes care.

    Where a change is gathered with others, that message comes first.
    """
    if story.repeat is None:
        return
    for incident in record.incidents:
        news = record.news(world, incident.id)
        lasting = [seen for seen in news if _kind_of(seen.key) is not NotificationKind.CORRECTION]
        for before, then in pairwise(lasting):
            last = max(seen.at for seen in world.seen if seen.what == "took" and seen.key == before.key)
            if _kind_of(then.key) is NotificationKind.REMINDER and then.at - last < story.repeat:
                yield f"{then.key}: reminded after {then.at - last}"
            until = min(then.at, incident.acked_at or then.at, incident.closed_at or then.at)
            longest = story.repeat + story.pace + _DUE + _MOMENT + away(world, last, until)
            if not story.hushed and until - last > longest:
                yield f"{incident.id}: nobody was reminded for {until - last} before {then.key}"


def _changes(story: Story, world: MortalWorld, record: Kept) -> Iterator[str]:
    """Whatever changes in a group is told within its interval, or the wait of the first news."""
    groups = [incident for incident in record.incidents if incident.kind is IncidentKind.GROUP]
    for group in groups:
        news = record.news(world, group.id)
        for outage in record.members[group.id]:
            for at in (outage.confirmed_at, outage.closed_at or outage.confirmed_at):
                until = at + story.pace + _MOMENT
                if not any(at <= seen.at <= until + away(world, at, seen.at) for seen in news):
                    yield f"{group.id}: what changed at {at:%H:%M:%S} was not told in time"


def _absences(world: MortalWorld) -> dict[str, list[Span]]:
    """The truth: when each account was gone, and when it was back."""
    spans: dict[str, list[Span]] = defaultdict(list)
    gone: dict[str, datetime] = {}
    for change in world.x.log:
        if change.page is Page.PRESENT and change.handle in gone:
            spans[f"x:{change.handle}"].append((gone.pop(change.handle), change.at))
        elif change.page is not None and change.page is not Page.PRESENT and change.handle != "*":
            gone.setdefault(change.handle, change.at)
    return spans


def _measured(story: Story, world: MortalWorld, record: Kept) -> Iterator[str]:
    """Each absence is one outage, whose bounds hold the truth."""
    truth = _absences(world)
    found: dict[str, list[Outage]] = defaultdict(list)
    for outage in record.outages:
        found[outage.account_id].append(outage)
        spans = truth[outage.account_id]
        began = any(outage.last_present <= gone <= outage.began.latest for gone, _ in spans)
        ended = outage.ended is not None and any(
            outage.last_absent.earliest <= back <= outage.ended.latest for _, back in spans
        )
        if not (began and ended):
            yield f"{outage.id}: its bounds do not hold the truth: {outage}"
    for account, spans in truth.items():
        if not story.hides and len(found[account]) != len(spans):
            yield f"{account} was gone {len(spans)} times, {len(found[account])} outages are kept"
        for (gone, back), outage in zip(spans, found[account], strict=False):
            most = outage.duration.max
            if not story.hides and (most is None or not outage.duration.min <= back - gone <= most):
                yield f"{outage.id} lasted {back - gone}, said to be {outage.duration}"


def _gaps(world: MortalWorld, record: Kept) -> Iterator[str]:
    """The time in which nobody was there is kept as unobserved, and little more. Before the first start nothing is."""
    for begin, end in world.gaps:
        if START + _BEAT <= begin < end and not any(
            span.from_at <= begin and end <= span.to_at for span in record.unobserved
        ):
            yield f"from {begin:%H:%M:%S} to {end:%H:%M:%S} nobody was there, which is not kept"
    for span in record.unobserved:
        known = sum(
            (
                min(span.to_at, end) - max(span.from_at, begin)
                for begin, end in world.gaps
                if begin <= span.to_at and span.from_at <= end
            ),
            timedelta(0),
        )
        if (span.to_at - span.from_at) - known > _BEAT + _MOMENT:
            yield f"from {span.from_at:%H:%M:%S} to {span.to_at:%H:%M:%S} is unobserved, though somebody was there"
