"""The record of an outage, put together from what is kept of it. Pure: the same case makes the same record.

It claims no more than was seen: what a logged-out visitor got where we looked from, and when we looked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from watcher.dossier import Check, Outcome, conclusion, verify
from watcher.model.outage import EndCause, Outage
from watcher.notify.wording import (
    at_handle,
    format_between,
    format_bounds,
    format_duration,
    format_span,
    format_stamp,
    name_of,
    place_of,
)
from watcher.record.case import Case, Moment, Names, OutageRecord, Piece
from watcher.record.looks import Look, look_of
from watcher.record.timeline import timeline
from watcher.record.words import CERTAIN, counted, line, quoted, said

_KEPT = ("target", "screenshot")


def assemble(case: Case, names: Names) -> OutageRecord:
    """The whole record. Takes long where there is much evidence: each piece is held against its hash."""
    outage, whose = case.outage, _whose(case, names)
    checks = verify(case.dossier)
    entries = timeline(case, whose.place)
    return OutageRecord(
        case=case,
        name=whose.name,
        place=whose.place,
        owner=whose.owner,
        url=whose.url,
        headline=_headline(outage, whose),
        summary=tuple(_summary(case, whose)),
        bounds=_bounds(outage),
        quote=quoted(outage.quote, outage.language),
        moments=tuple(moments(outage)),
        entries=entries,
        method=tuple(_method(case)),
        unknown=tuple(_unknown(case, checks)),
        checks=checks,
        conclusion=conclusion(checks) if checks else "no evidence is kept of it any more",
        pieces=tuple(_pieces(case)),
        began=began_about(outage),
        ended=ended_about(outage),
        updated=updated_at(outage, tuple(note.at for note in case.annotations)),
    )


@dataclass(frozen=True, slots=True)
class _Whose:
    name: str
    place: str
    owner: str | None
    url: str | None


def _whose(case: Case, names: Names) -> _Whose:
    account, then = case.account, case.outage.handle_then
    if account is None:
        platform = case.outage.account_id.partition(":")[0]
        return _Whose(at_handle(line(then)), line(names.titles.get(platform, platform)), None, None)
    same = then.casefold() in (account.display_handle.casefold(), account.handle.casefold())
    owner = names.owners.get(account.owner, account.owner) if account.owner is not None else None
    return _Whose(
        line(name_of(account) if same else at_handle(then)),
        line(place_of(account, names.titles)),
        line(owner) if owner is not None else None,
        line(account.url),
    )


def began_about(outage: Outage) -> datetime:
    """When it began, best estimated: the middle of what is possible."""
    return outage.last_present + (outage.began.latest - outage.last_present) / 2


def ended_about(outage: Outage) -> datetime | None:
    """When it ended, best estimated; None where that is not known."""
    if outage.ended is None:
        return None
    return outage.last_absent.earliest + (outage.ended.latest - outage.last_absent.earliest) / 2


def updated_at(outage: Outage, noted: tuple[datetime, ...]) -> datetime:
    """When something of it changed last, as readers of a feed want to know it."""
    known = (outage.confirmed_at, outage.closed_at, outage.retracted_at, *noted)
    return max(at for at in known if at is not None)


def headline_of(outage: Outage, name: str, place: str) -> str:
    """What happened, in one line."""
    return _headline(outage, _Whose(name, place, None, None))


def _headline(outage: Outage, whose: _Whose) -> str:
    who, lasted = f"{whose.name} was not available on {whose.place}", format_duration(outage.duration)
    if outage.is_retracted:
        return f"Taken back: {whose.name} was reported missing on {whose.place}, but was not"
    if outage.is_open:
        return f"{whose.name} is not available on {whose.place}"
    match outage.end_cause:
        case EndCause.REREGISTERED:
            return f"{who} for {lasted}; its handle now belongs to another account"
        case EndCause.UNWATCHED:
            return f"{who} for {lasted}, and was then no longer watched"
        case _:
            return f"{who} for {lasted}"


def _summary(case: Case, whose: _Whose) -> Iterator[str]:
    outage = case.outage
    if outage.is_retracted:
        why = line(outage.retraction or "").rstrip(".")
        yield f"This was reported as an outage and later taken back: {why}. What follows is what was seen at the time."
    profile = f"the profile of {whose.name}" + (f" ({whose.owner})" if whose.owner else "")
    ended = ended_about(outage)
    since = format_stamp(began_about(outage))
    if outage.is_open:
        yield (
            f"Visitors to {whose.place} who are not logged in have not been able to see {profile} since about {since}. "
            f"That is {_least_and_most(outage)}: it was still missing at the last look, "
            f"{format_stamp(outage.last_absent.latest)}."
        )
    else:
        until = f"to about {format_stamp(ended)}" if ended is not None else "on"
        yield (
            f"Visitors to {whose.place} who were not logged in could not see {profile} from about {since} {until}. "
            f"That is {_least_and_most(outage)}."
        )
    yield said(outage, whose.place)
    yield from _ending(outage)
    yield _cause(case)


def _least_and_most(outage: Outage) -> str:
    lasted = outage.duration
    if lasted.max is None:
        return format_duration(lasted)
    return f"about {format_span(lasted.best)}: {format_bounds(lasted)}; the looks allow no closer answer"


def _ending(outage: Outage) -> Iterator[str]:
    match outage.end_cause:
        case EndCause.RECOVERED:
            yield "Then the profile was there again."
        case EndCause.REREGISTERED:
            yield "The account that is there now has another id than the one before: the handle changed hands."
        case EndCause.RENAMED:
            yield "The account itself is there, under another handle."
        case EndCause.UNWATCHED:
            yield "Watching ended before it was seen again: when it came back, if it did, is not known."
        case _:
            return


def _cause(case: Case) -> str:
    if not case.annotations:
        return "Why it was missing cannot be told from what was seen. Nobody has noted a cause so far."
    last = case.annotations[-1]
    who, cause = line(last.by) or "somebody", line(last.cause).rstrip(".")
    earlier = " Earlier notes are below." if len(case.annotations) > 1 else ""
    return f"As its cause, {who} noted on {format_stamp(last.at)}: {cause}.{earlier}"


def _bounds(outage: Outage) -> str:
    began = (
        f"It was last seen at {_clock(outage.last_present, outage)} and first found missing by "
        f"{_clock(outage.began.latest, outage, up=True)}: it went in between."
    )
    if outage.ended is None:
        return (
            f"{began} So it was missing for {format_bounds(outage.duration)}; without an end there is no upper bound."
        )
    return (
        f"{began} It was last found missing at {_clock(outage.last_absent.earliest, outage)} and seen again by "
        f"{_clock(outage.ended.latest, outage, up=True)}: it came back in between. So the truth lies "
        f"{format_bounds(outage.duration)}."
    )


def _clock(at: datetime, outage: Outage, *, up: bool = False) -> str:
    """The time of day, of what lasts longer than a day with the date; in whole seconds, rounded down or up."""
    whole = at + timedelta(seconds=1) if up and at.microsecond else at
    days = {each.astimezone(UTC).date() for each in (outage.last_present, (outage.ended or outage.last_absent).latest)}
    return f"{whole.astimezone(UTC):%H:%M:%S}" if len(days) == 1 else format_stamp(whole)


def moments(outage: Outage) -> Iterator[Moment]:
    """The instants that bound it, in their order."""
    seen, began, last, ended = outage.last_present, outage.began, outage.last_absent, outage.ended
    yield Moment(name="last_seen", label="Last seen", earliest=seen, latest=seen)
    yield Moment(name="first_missing", label="First missing", earliest=began.earliest, latest=began.latest)
    at = outage.confirmed_at
    yield Moment(name="confirmed", label="Confirmed as missing", earliest=at, latest=at)
    yield Moment(name="last_missing", label="Last missing", earliest=last.earliest, latest=last.latest)
    if ended is not None:
        yield Moment(name="seen_again", label="Seen again", earliest=ended.earliest, latest=ended.latest)


def _looks(case: Case) -> list[Look]:
    found = (look_of(trace, case.dossier) for trace in case.dossier.traces)
    return [look for look in found if look is not None]


def _method(case: Case) -> Iterator[str]:
    outage, looks = case.outage, _looks(case)
    for look in {(look.url, look.source): look for look in looks}.values():
        how = "with a key to the platform's API" if look.with_key else "without logging in, as any visitor would"
        yield f"watcher asked for {look.url} {how}, from one place (called '{look.vantage}'; source '{look.source}')."
    yield f"{CERTAIN[outage.certainty].capitalize()}."
    waited = outage.confirmed_at - outage.began.latest
    yield (
        f"One look is not believed: the profile was called missing {format_span(waited)} after the first look that did "
        "not find it, when the looks since then agreed."
        if waited
        else "The first look that found the profile missing was taken as enough; the watchlist says so."
    )
    yield from _controls(looks)
    yield (
        "Each look tells of some instant between the question and the answer, less the age of a cached copy; the "
        "bounds are the outer ends of these. Times are UTC, by the clock of the machine that looked."
    )


def _controls(looks: list[Look]) -> Iterator[str]:
    said = next((look.controls for look in looks if look.controls), ())
    if said:
        yield (
            "So that an error of the platform is not taken for a missing profile, accounts that exist and handles that "
            "nobody can have were asked for in the same way."
        )
    yield from said


def _unknown(case: Case, checks: tuple[Check, ...]) -> Iterator[str]:
    outage = case.outage
    first, last = _clock(outage.last_present, outage), _clock(outage.began.latest, outage, up=True)
    yield f"The exact second at which it went: some moment between {first} and {last}."
    if outage.ended is not None:
        first = _clock(outage.last_absent.earliest, outage)
        last = _clock(outage.ended.latest, outage, up=True)
        yield f"The exact second at which it came back: some moment between {first} and {last}."
    else:
        yield "When it came back, if it has: it was not seen again so far."
    yield (
        "The cause: what is noted here is what people say of it; nothing that was seen proves it."
        if case.annotations
        else "The cause: a page that is missing does not say who did what."
    )
    yield "What others saw: people who were logged in, used an app, or were elsewhere may have seen something else."
    for span in case.unobserved:
        when = format_between(span.from_at, span.to_at)
        yield f"Whether the profile was there {when}: nothing was observed then ({line(span.cause)})."
    yield (
        "Each single look: those that found the same as the look before are not kept one by one, and not listed here. "
        "The last of each kind is in the bounds."
    )
    gone = sum(check.outcome is Outcome.GONE for check in checks)
    if gone:
        count = counted(gone, "piece was", "pieces were")
        yield f"What was in the evidence that is not there: {count} never stored, or removed since."
    for what in case.cut:
        yield f"More {what} than are shown here: there are too many for one page."


def _pieces(case: Case) -> Iterator[Piece]:
    shown: set[str] = set()
    for trace in case.dossier.traces:
        for role, digest, size in trace.evidence:
            if role in _KEPT and digest not in shown:
                shown.add(digest)
                content = case.dossier.pieces.get(digest)
                known = digest in case.dossier.sound
                sound = known or (content is not None and sha256(content).hexdigest() == digest)
                yield Piece(sha256=digest, role=role, size=size, sound=sound)
