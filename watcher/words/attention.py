"""What the command line and the API say of silences, and what they take. Pure: texts and values in, values out."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from watcher.model.account import Account, Severity
from watcher.model.attention import standing
from watcher.model.finding import REASONS, Verdict
from watcher.model.matchers import ATTRIBUTES
from watcher.model.notification import IncidentKind, NotificationKind
from watcher.model.platform import Platform
from watcher.model.silence import Matcher, Silence
from watcher.notify import format_stamp
from watcher.settings.scalars import span
from watcher.settings.weburl import near_platform
from watcher.settings.wording import near, quoted
from watcher.text import clean

LONGEST: Final = timedelta(days=366)
_FURTHEST: Final = 10 * LONGEST
_CLOSED: Final[Mapping[str, Collection[str]]] = {
    "severity": tuple(map(str, Severity)),
    "reason": ("", *sorted(map(str, REASONS[Verdict.ABSENT]))),
    "kind": (*map(str, IncidentKind), str(NotificationKind.CORRECTION)),
}
"""What these can be; the reason is empty of what is no outage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a silence may be about. Without `platforms` it is not known which there are."""

    accounts: Collection[str]
    owners: Collection[str]
    instances: Collection[str]
    labels: Collection[str]
    platforms: Mapping[str, Platform]


def known_of(accounts: Iterable[Account], platforms: Mapping[str, Platform]) -> Known:
    """What is known of these accounts."""
    ids, owners, instances, labels = set[str](), set[str](), set[str](), set[str]()
    for account in accounts:
        ids.add(account.id)
        owners |= {account.owner} if account.owner else set()
        instances |= {account.instance} if account.instance else set()
        labels |= account.labels.keys()
    return Known(accounts=ids, owners=owners, instances=instances, labels=labels, platforms=platforms)


def moment_to_come(text: str, now: datetime) -> datetime:
    """The instant that somebody typed: a date, a date with a time (UTC unless it says otherwise), or a span from now.

    ValueError with what to write instead.
    """
    try:
        return now + span(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter of a zone at the ends of the calendar
        raise ValueError(
            f"{clean(text[:40])!r} is no time: write 2026-12-01, 2026-12-01T08:00 (UTC), or 2h for in two hours"
        ) from None
    if abs(at - now) > _FURTHEST:
        raise ValueError(f"{format_stamp(at)} is more than {_FURTHEST.days // 366} years away: is the year right?")
    return at


def new_silence(
    silence_id: str,
    matchers: tuple[Matcher, ...],
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    by: str,
    comment: str,
) -> Silence:
    """The silence, if it makes sense. ValueError with what does not."""
    for matcher in matchers:
        choices = _CLOSED.get(matcher.name, (matcher.value,))
        if not (matcher.is_pattern or matcher.is_negative or matcher.value in choices):
            hint = near(matcher.value, [choice for choice in choices if choice])
            raise ValueError(f"there is no {matcher.name} {quoted(matcher.value)}, so that it matches nothing; {hint}")
    if ends_at <= now:
        raise ValueError(f"it would have ended already, {format_stamp(ends_at)}: let it end later")
    if ends_at <= starts_at:
        raise ValueError(f"it would end before it begins, {format_stamp(starts_at)}: let it end later")
    if ends_at - starts_at > LONGEST:
        raise ValueError(f"it would last longer than {LONGEST.days} days: take what is never told off the watchlist")
    return Silence(id=silence_id, matchers=matchers, starts_at=starts_at, ends_at=ends_at, by=by, comment=comment)


def doubts(matchers: Iterable[Matcher], known: Known) -> Iterator[str]:
    """What to say of names that no news has, and of values that nothing known has: most likely typing errors."""
    names = sorted({*ATTRIBUTES, *known.labels})
    for matcher in matchers:
        if matcher.name not in names:
            hint = near(matcher.name, names, otherwise=f"there is {', '.join(names)}")
            yield f"nothing has the name {matcher.name!a}, so that the silence may be about nothing; {hint}"
        elif not matcher.is_pattern and matcher.value:
            yield from _doubt(matcher, known)


def late_start(asked: datetime | None, now: datetime) -> Iterator[str]:
    """What to say of a silence that was to begin before now."""
    if asked is not None and asked < now:
        yield f"{format_stamp(asked)} is past: the silence begins now, and what was told before stays told"


def _doubt(matcher: Matcher, known: Known) -> Iterator[str]:
    choices = {
        **_CLOSED,
        "account": known.accounts,
        "owner": known.owners,
        "instance": known.instances,
        "platform": known.platforms,
    }
    if matcher.name not in choices or matcher.value in choices[matcher.name]:
        return
    if matcher.name == "platform" and not known.platforms:
        return
    then = "this matcher holds of everything" if matcher.is_negative else "the silence may be about nothing"
    if matcher.name == "platform":
        hint = near_platform(matcher.value, known.platforms)
    else:
        hint = near(matcher.value, choices[matcher.name], otherwise="is it written as in the watchlist?")
    yield f"no {matcher.name} {quoted(matcher.value)} is known, so that {then}; {hint}"


def silences_table(found: Sequence[Silence], now: datetime) -> Iterator[str]:
    """One line a silence."""
    if not found:
        yield "no silences"
        return
    rows = [("ID", "STATE", "STARTS", "ENDS", "BY", "MATCHERS", "COMMENT")]
    rows += [
        (
            each.id,
            standing(each, now),
            format_stamp(each.starts_at),
            format_stamp(each.ends_at),
            clean(each.by),
            ", ".join(clean(str(matcher)) for matcher in each.matchers),
            clean(each.comment),
        )
        for each in found
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
