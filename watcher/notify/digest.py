"""The digest of a day: what a desk wants to know in the morning, from what is stored. Pure.

It is made once, when it is due, and kept as the detail of its incident, a line each: how things stood then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from watcher.model.account import Account, Severity
from watcher.model.annotation import Annotation
from watcher.model.digest import DigestPlan, digest_id
from watcher.model.notification import (
    Incident,
    IncidentKind,
    Message,
    Notification,
    NotificationKind,
    dedup_key_of,
)
from watcher.model.outage import ZERO, AccountState, EndCause, Outage, Phase
from watcher.model.uptime import History
from watcher.notify.announce import News
from watcher.notify.view import View, compose
from watcher.notify.wording import (
    at_handle,
    format_about,
    format_duration,
    format_span,
    format_stamp,
    name_of,
    place_of,
)
from watcher.text import clean, cut

ROUTE: Final = "digest"
_MOST: Final = 30
_MOST_UNOBSERVED: Final = 5
_WORTH_TELLING: Final = timedelta(minutes=5)
_LINE: Final = 400
_ENDS: Final = {
    EndCause.REREGISTERED: "now held by a different account",
    EndCause.RENAMED: "it was renamed",
    EndCause.UNWATCHED: "no longer watched",
}


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


def digest_news(plan: DigestPlan, day: date, now: datetime, lines: Sequence[str]) -> News:
    """The digest as an incident that is over at once, with a row for each channel."""
    incident = Incident(
        id=digest_id(day),
        kind=IncidentKind.DIGEST,
        key=str(day),
        severity=Severity.INFO,
        opened_at=now,
        closed_at=now,
        detail="\n".join(lines),
    )
    rows = tuple(
        Notification(
            incident_id=incident.id,
            route=ROUTE,
            channel=channel,
            kind=NotificationKind.ALERT,
            dedup_key=dedup_key_of(incident.id, channel, NotificationKind.ALERT),
            due_at=now,
            event_at=now,
        )
        for channel in dict.fromkeys(plan.channels)
    )
    return News(opened=(incident,), notifications=rows)


def digest_lines(day: Day) -> tuple[str, ...]:
    """The headline, then what there is to say, a line each; a part that has nothing is left out."""
    gone = [outage for outage in day.outages if outage.is_open]
    back = [o for o in day.outages if o.closed_at is not None and o.closed_at >= day.since and not o.is_retracted]
    told = (
        f"Watched: {_counts(day)}; this is about the time since {format_stamp(day.since)}.",
        *_part("Gone now", [_gone(day, outage) for outage in gone]),
        *_part("Gone and back", [_back(day, outage) for outage in back]),
        *_part("Corrected", list(_corrected(day))),
        *_part("Cannot be observed now", list(_blind(day))),
        *_part("Longest unobserved", list(_unobserved(day))),
    )
    return _headline(len(gone), len(back)), *(cut(clean(line), _LINE) for line in told)


def render_digest(view: View) -> Message:
    """The digest as it was made."""
    headline, *lines = [line for line in view.incident.detail.splitlines() if line.strip()] or ["Digest"]
    return compose(view, headline=headline, subject=f"Digest of {view.incident.key}", sentences=lines)


def _headline(gone: int, back: int) -> str:
    if not gone and not back:
        return "Nobody is gone, and nobody was"
    now = f"{gone} account{'' if gone == 1 else 's'} gone now" if gone else "Nobody is gone now"
    return f"{now}, {back} gone and back" if back else now


def _part(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{title.upper()} ({len(lines)})"
        yield from (f"• {line}" for line in lines[:_MOST])
        if len(lines) > _MOST:
            yield f"• and {len(lines) - _MOST} more"


def _counts(day: Day) -> str:
    states = [state for _, state in day.accounts]
    parts = (
        (sum(state.is_down for state in states), "gone"),
        (sum(s.blind_since is not None and not s.is_down for s in states), "cannot be observed"),
        (sum(state.phase is Phase.NEVER_SEEN for state in states), "never seen"),
    )
    more = "".join(f", {count} {word}" for count, word in parts if count)
    return f"{len(states)} account{'' if len(states) == 1 else 's'}{more}"


def _gone(day: Day, outage: Outage) -> str:
    since = format_stamp(outage.began.latest)
    return f"{_who(day, outage)}: since {since}, for {format_about(day.now - outage.began.latest)} ({outage.reason})"


def _back(day: Day, outage: Outage) -> str:
    began = format_stamp(outage.last_present + (outage.began.latest - outage.last_present) / 2)
    how = f"; {_ENDS[outage.end_cause]}" if outage.end_cause in _ENDS else ""
    return f"{_who(day, outage)}: for {format_duration(outage.duration)} from about {began} on ({outage.reason}){how}"


def _corrected(day: Day) -> Iterator[str]:
    for outage in day.outages:
        if outage.retracted_at is not None and outage.retracted_at >= day.since:
            yield f"{_who(day, outage)}: was not gone, {format_stamp(outage.began.latest)}; {outage.retraction or ''}"
        for note in day.notes.get(outage.id, ()):
            if note.at >= day.since:
                yield f"{_who(day, outage)}: {note.cause}, says {note.by}"


def _blind(day: Day) -> Iterator[str]:
    for incident in day.incidents:
        if incident.kind is IncidentKind.EGRESS:
            yield f"anything: our own network is down since {format_stamp(incident.opened_at)}"
        elif incident.kind is IncidentKind.PLATFORM:
            platform, _, instance = incident.key.partition("@")
            place = day.titles.get(platform, platform) + (f" ({instance})" if instance else "")
            yield f"{place}, since {format_stamp(incident.opened_at)}"


def _unobserved(day: Day) -> Iterator[str]:
    """First what nobody was observed in, then the accounts that were not for longest beside it."""
    everybody = _span(day, next(iter(day.histories.values()), History()), None, None)
    if everybody >= _WORTH_TELLING:
        yield f"all accounts, while watcher did not run or saw nothing: {format_span(everybody)}"
    spans = [
        (_span(day, day.histories.get(account.id, History()), account.id, state.blind_since), account)
        for account, state in day.accounts
    ]
    spans = sorted((each for each in spans if each[0] >= _WORTH_TELLING), key=lambda each: (-each[0], each[1].id))
    for span, account in spans[:_MOST_UNOBSERVED]:
        yield f"{name_of(account)} on {place_of(account, day.titles)}: {format_span(span)}"


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


def _who(day: Day, outage: Outage) -> str:
    account = next((account for account, _ in day.accounts if account.id == outage.account_id), None)
    if account is not None:
        return f"{name_of(account)} on {place_of(account, day.titles)}"
    platform = outage.account_id.partition(":")[0]
    return f"{at_handle(outage.handle_then)} on {day.titles.get(platform, platform)}"
