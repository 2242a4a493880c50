"""What the command line and the API say of silences, and what they take. Pure: texts and values in, values out."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from watcher.model.attention import standing
from watcher.model.matchers import ATTRIBUTES
from watcher.model.silence import Matcher, Silence
from watcher.notify import format_stamp
from watcher.settings.scalars import span
from watcher.text import clean

LONGEST: Final = timedelta(days=366)
_FURTHEST: Final = 10 * LONGEST


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
    if ends_at <= now:
        raise ValueError(f"it would have ended already, {format_stamp(ends_at)}: let it end later")
    if ends_at <= starts_at:
        raise ValueError(f"it would end before it begins, {format_stamp(starts_at)}: let it end later")
    if ends_at - starts_at > LONGEST:
        raise ValueError(f"it would last longer than {LONGEST.days} days: take what is never told off the watchlist")
    return Silence(id=silence_id, matchers=matchers, starts_at=starts_at, ends_at=ends_at, by=by, comment=comment)


def unknown_names(matchers: Iterable[Matcher], labels: Collection[str]) -> Iterator[str]:
    """What to say of names that no news has: most likely they are typing errors."""
    known = sorted({*ATTRIBUTES, *labels})
    for matcher in matchers:
        if matcher.name not in known:
            near = difflib.get_close_matches(matcher.name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}"
            yield f"nothing has the name {matcher.name!a}, so that the silence may be about nothing; {hint}"


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
