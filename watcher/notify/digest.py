"""The digest of a day: what a desk wants to know in the morning, from what is stored. Pure.

It is made once, when it is due, and kept as the detail of its incident: how things stood then. What it says of that,
and in which language, is the template's.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from watcher.model.account import Account, Severity
from watcher.model.annotation import Annotation
from watcher.model.digest import DigestPlan, digest_id
from watcher.model.notification import (
    Incident,
    IncidentKind,
    Notification,
    NotificationKind,
    dedup_key_of,
)
from watcher.model.outage import ZERO, AccountState, Duration, Outage, Phase
from watcher.model.route import DIGEST
from watcher.model.uptime import History
from watcher.notify.announce import News
from watcher.notify.wording import at_handle, name_of, place_named, place_of
from watcher.text import clean, cut

_MOST: Final = 30
_MOST_UNOBSERVED: Final = 5
_WORTH_TELLING: Final = timedelta(minutes=5)
_LONGEST: Final = 250
_NAME: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a digest is made of: the time from `since` until `now`.

    `outages` are those of some weeks, `notes` what was noted of them; `incidents` are open. `histories` have the
    unobserved spans of each account since then.
    """

    since: datetime
    now: datetime
    accounts: Sequence[tuple[Account, AccountState]]
    titles: Mapping[str, str] = field(default_factory=dict)
    outages: Sequence[Outage] = ()
    notes: Mapping[str, Sequence[Annotation]] = field(default_factory=dict)
    incidents: Sequence[Incident] = ()
    histories: Mapping[str, History] = field(default_factory=dict)

    def has_seen_anybody(self, at: datetime) -> bool:
        """Whether anybody had been seen by then: of the time before there is nothing to tell."""
        return any(each.seen_since is not None and each.seen_since <= at for each in self.histories.values())


def digest_news(plan: DigestPlan, day: date, now: datetime, detail: str) -> News:
    """The digest as an incident that is over at once, with a row for each channel. `detail` is that of `digest_of`."""
    incident = Incident(
        id=digest_id(day),
        kind=IncidentKind.DIGEST,
        key=str(day),
        severity=Severity.INFO,
        opened_at=now,
        closed_at=now,
        detail=detail,
    )
    rows = tuple(
        Notification(
            incident_id=incident.id,
            route=DIGEST,
            channel=channel,
            kind=NotificationKind.ALERT,
            dedup_key=dedup_key_of(incident.id, channel, NotificationKind.ALERT),
            due_at=now,
            event_at=now,
        )
        for channel in dict.fromkeys(plan.channels)
    )
    return News(opened=(incident,), notifications=rows)


def digest_of(day: Day) -> str:
    """The day in JSON. Lists without names: what is forgotten later is struck out of it, wherever the word stands."""
    names = _Names(day)
    gone = [outage for outage in day.outages if outage.is_open]
    back = [o for o in day.outages if o.closed_at is not None and o.closed_at >= day.since and not o.is_retracted]
    told = (
        [len(gone), [_gone(day, names, outage) for outage in gone[:_MOST]]],
        [len(back), [_back(names, outage) for outage in back[:_MOST]]],
    )
    parts = (list(_corrected(day, names)), list(_blind(day)), list(_unobserved(day)))
    return json.dumps(
        [_at(day.since), _counts(day), *told, *([len(part), part[:_MOST]] for part in parts)], ensure_ascii=False
    )


def digest_terms(detail: str) -> Mapping[str, Any]:
    """What the templates may speak of, of the JSON; `watched` is None where it is none any more."""
    try:
        return _terms(*json.loads(detail))
    except (ValueError, TypeError, OverflowError):
        return {"watched": None}


def _terms(since: float, counts: Sequence[int], *parts: tuple[int, Sequence[Any]]) -> Mapping[str, Any]:
    return {
        "day_since": _time(since),
        "watched": dict(zip(("all", "gone", "blind", "never_seen"), counts, strict=True)),
        **{
            name: {"count": count, "left": count - len(rows), "lines": [_line(fields, row) for row in rows]}
            for (name, fields), (count, rows) in zip(_PARTS.items(), parts, strict=True)
        },
    }


_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "gone": ("who", "since", "lasts", "reason"),
    "back": ("who", "since", "least", "most", "reason", "end_cause"),
    "corrected": ("who", "since", "why", "by"),
    "blind": ("who", "since"),
    "unobserved": ("who", "lasts"),
}


def _line(fields: Sequence[str], row: Sequence[Any]) -> Mapping[str, Any]:
    line = dict(zip(fields, row, strict=True))
    if "since" in line:
        line["since"] = _time(line["since"])
    if "lasts" in line:
        line["lasts"] = timedelta(seconds=line["lasts"])
    if "least" in line:
        most = line["most"]
        least = timedelta(seconds=line["least"])
        line["duration"] = Duration(min=least, max=timedelta(seconds=most) if most is not None else None)
    return line


def _at(time: datetime) -> float:
    return time.timestamp()


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _counts(day: Day) -> list[int]:
    states = [state for _, state in day.accounts]
    return [
        len(states),
        sum(state.is_down for state in states),
        sum(state.blind_since is not None and not state.is_down for state in states),
        sum(state.phase is Phase.NEVER_SEEN for state in states),
    ]


class _Names:
    """What the accounts are called: looked up, since there may be a hundred thousand, and thousands gone."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._listed = {account.id: account for account, _ in day.accounts}

    def of(self, outage: Outage) -> str:
        """The one whose outage that is."""
        account = self._listed.get(outage.account_id)
        if account is not None:
            return _named(account, self._day)
        platform = outage.account_id.partition(":")[0]
        return cut(clean(f"{at_handle(outage.handle_then)} ({self._day.titles.get(platform, platform)})"), _NAME)


def _gone(day: Day, names: _Names, outage: Outage) -> list[Any]:
    began = outage.began.latest
    return [names.of(outage), _at(began), (day.now - began).total_seconds(), str(outage.reason)]


def _back(names: _Names, outage: Outage) -> list[Any]:
    least, most = outage.duration.min, outage.duration.max
    lasted = [least.total_seconds(), most.total_seconds() if most is not None else None]
    return [names.of(outage), _at(outage.began_about), *lasted, str(outage.reason), str(outage.end_cause or "")]


def _corrected(day: Day, names: _Names) -> Iterator[list[Any]]:
    for outage in day.outages:
        began = _at(outage.began.latest)
        if outage.retracted_at is not None and outage.retracted_at >= day.since:
            yield [names.of(outage), began, _text(outage.retraction), ""]
        for note in day.notes.get(outage.id, ()):
            if note.at >= day.since:
                yield [names.of(outage), began, _text(note.cause), _text(note.by)]


def _text(said: str | None) -> str:
    return cut(clean(said or ""), _LONGEST)


def _blind(day: Day) -> Iterator[list[Any]]:
    """The places that cannot be observed; "" for all of them, where our own network is down."""
    for incident in day.incidents:
        if incident.kind is IncidentKind.EGRESS:
            yield ["", _at(incident.opened_at)]
        elif incident.kind is IncidentKind.PLATFORM:
            yield [place_named(incident.key, day.titles), _at(incident.opened_at)]


def _unobserved(day: Day) -> Iterator[list[Any]]:
    """First what nobody was observed in (""), then the accounts that were not for longest beside it."""
    everybody = _span(day, next(iter(day.histories.values()), History()), None, None)
    if everybody >= _WORTH_TELLING:
        yield ["", everybody.total_seconds()]
    spans = [
        (_span(day, day.histories.get(account.id, History()), account.id, state.blind_since), account)
        for account, state in day.accounts
    ]
    spans = sorted((each for each in spans if each[0] >= _WORTH_TELLING), key=lambda each: (-each[0], each[1].id))
    for span, account in spans[:_MOST_UNOBSERVED]:
        yield [_named(account, day), span.total_seconds()]


def _span(day: Day, history: History, account_id: str | None, blind_since: datetime | None) -> timedelta:
    """How long the account itself (None: everybody) was not observed, spans that are not stored yet included."""
    stored = [(each.from_at, each.to_at) for each in history.unobserved if each.account_id == account_id]
    if blind_since is not None:
        stored.append((blind_since, day.now))
    return sum(_lengths(day, stored), ZERO)


def _lengths(day: Day, spans: Iterable[tuple[datetime, datetime]]) -> Iterator[timedelta]:
    """The lengths of the spans, each without what one before it covers."""
    reached = day.since
    for begin, end in sorted(spans):
        begin, end = max(begin, reached), min(end, day.now)  # noqa: PLW2901 - as far as it counts
        if begin < end:
            yield end - begin
            reached = end


def _named(account: Account, day: Day) -> str:
    return cut(clean(f"{name_of(account)} ({place_of(account, day.titles)})"), _NAME)
