"""What happened, minute by minute: the log, the samples, what nobody saw, what was told and what was noted. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from watcher.model.annotation import Annotation
from watcher.model.finding import Verdict
from watcher.model.notification import NotificationKind, NotificationState
from watcher.model.outage import Outage, TransitionKind
from watcher.model.sample import Sample
from watcher.notify.wording import at_handle, format_about, format_span, format_stamp
from watcher.record.case import Case, Entry, Kind, Told
from watcher.record.looks import answered, concluded, look_of, safely
from watcher.record.words import ENDED, HAPPENED, NEWS, TRIED, UNCLEAR, WITHDRAWN, line, quoted
from watcher.store.codec import instant_of
from watcher.store.values import Trace

_ORDER: Final = tuple(Kind)
_TRIES: Final = 20


def timeline(case: Case, place: str) -> tuple[Entry, ...]:
    """All entries, the oldest first; of one instant what was seen comes before what was told of it."""
    seen = tuple(_logged(case, place))
    known = {_found_at(trace) for trace in case.dossier.traces}
    entries = (
        *_framing(case.outage, seen, known),
        *seen,
        *(_sampled(each) for each in case.samples if each.at not in known and not _is_before(each, case.outage)),
        *_hidden(case),
        *_telling(case),
        *_taken_care(case),
        *_silenced(case),
        *_acknowledged(case),
        *(_noted(each) for each in case.annotations),
    )
    return tuple(sorted(entries, key=lambda entry: (entry.at, _ORDER.index(entry.kind))))


def _framing(outage: Outage, seen: tuple[Entry, ...], known: set[datetime | None]) -> Iterator[Entry]:
    """The two looks that bound the outage and changed nothing, so that the log has no entry of them."""
    gap = outage.began.latest - outage.last_present
    yield Entry(
        at=outage.last_present,
        kind=Kind.SEEN,
        text="Seen for the last time before it was missing.",
        details=(f"The next look that gave a verdict ended {format_span(gap)} later.",),
    )
    last = outage.last_absent.latest
    if not outage.is_open and outage.last_absent != outage.began and last not in known:
        confirmed = [entry.at for entry in seen if entry.kind is Kind.MISSING]
        if not confirmed or last > max(confirmed):
            yield Entry(at=last, kind=Kind.MISSING, text="Found missing for the last time before it was seen again.")


def _found_at(trace: Trace) -> datetime | None:
    found: datetime | None = safely(lambda: instant_of(trace.document["finding"]["at"]))
    return found


def _logged(case: Case, place: str) -> Iterator[Entry]:
    latencies = {sample.at: sample for sample in case.samples}
    read = partial(_transition, case=case, place=place, samples=latencies)
    for trace in case.dossier.traces:
        entry: Entry | None = safely(partial(read, trace))
        if entry is not None:
            yield entry


def _transition(trace: Trace, case: Case, place: str, samples: dict[datetime, Sample]) -> Entry:
    document = trace.document
    kind, finding, detail = TransitionKind(document["kind"]), document["finding"], document["detail"] or {}
    mark, text = _words(kind, detail, case.outage)
    look, at = look_of(trace, case.dossier), instant_of(document["at"])
    details = [concluded(finding, place) or ""] if kind is not TransitionKind.OUTAGE_RETRACTED else []
    if look is not None:
        details += [answered(look), *look.controls]
    elif (sample := samples.get(at)) is not None:
        details.append(_host(sample))
    evidence = finding["evidence"] if finding is not None else {}
    kept = {role: digest for role, digest, _ in trace.evidence}
    return Entry(
        at=at,
        kind=mark,
        text=text,
        details=tuple(each for each in details if each),
        quote=quoted(evidence.get("quote"), evidence.get("language")) if mark is Kind.MISSING else None,
        seq=trace.seq,
        hash=trace.hash,
        page=kept.get("target"),
        screenshot=kept.get("screenshot"),
    )


def _words(kind: TransitionKind, detail: Any, outage: Outage) -> tuple[Kind, str]:
    match kind:
        case TransitionKind.OUTAGE_CLOSED if outage.end_cause in ENDED:
            return ENDED[outage.end_cause]
        case TransitionKind.OUTAGE_RETRACTED:
            by, reason = line(str(detail.get("by", ""))), line(str(detail.get("reason", "")))
            mark, text = HAPPENED[kind]
            return mark, f"{text} {by or 'Somebody'} says: {reason}"
        case TransitionKind.ACCOUNT_RENAMED:
            return Kind.SEEN, f"The account now has the handle {at_handle(line(str(detail.get('handle', ''))))}."
        case _:
            return HAPPENED[kind]


def _is_before(sample: Sample, outage: Outage) -> bool:
    """True for the look that is told as the last sight, and for others before the outage."""
    return sample.verdict is Verdict.PRESENT and sample.at <= outage.began.earliest


def _sampled(sample: Sample) -> Entry:
    match sample.verdict:
        case Verdict.PRESENT:
            mark, text = Kind.SEEN, "Seen."
        case Verdict.ABSENT:
            mark, text = Kind.MISSING, "Missing."
        case _:
            mark, text = Kind.UNCLEAR, f"A look that says nothing: {UNCLEAR[sample.reason]}."
    return Entry(at=sample.at, kind=mark, text=text, details=tuple(filter(None, [_host(sample)])))


def _host(sample: Sample) -> str:
    if sample.latency is None:
        return ""
    status = "no answer" if sample.status is None else f"HTTP {sample.status}"
    return f"Source '{sample.source}': {status}, in {sample.latency.total_seconds():.2f} s"


def _hidden(case: Case) -> Iterator[Entry]:
    for span in case.unobserved:
        lasted = format_span(span.to_at - span.from_at)
        text = f"Nothing was observed for {lasted}: {line(span.cause)}."
        yield Entry(at=span.from_at, until=span.to_at, kind=Kind.UNOBSERVED, text=text)


def _telling(case: Case) -> Iterator[Entry]:
    """Who was told. That a channel has no way to show who takes care is no news: that somebody does is told anyway."""
    for told in case.told:
        row = told.row
        if row.kind is not NotificationKind.ACKNOWLEDGED:
            yield _told(told, NEWS[row.kind])
        elif row.state is not NotificationState.SUPPRESSED:
            sent = row.delivered_at or row.event_at
            stood = [is_taken for at, is_taken in _marks(case, row.incident_id) if at <= sent]
            yield _told(told, NEWS[row.kind] if not stood or stood[-1] else WITHDRAWN)


def _taken_care(case: Case) -> Iterator[Entry]:
    """That somebody took care, and that nobody did any more; what holds in the end is told with who it is."""
    own = case.incident
    for incident_id in dict.fromkeys(each.row.incident_id for each in case.told):
        beside = "" if incident_id == case.outage.id else ", and of what was told with it"
        for at, is_taken in _marks(case, incident_id):
            if own is None or (incident_id, at) != (own.id, own.acked_at):
                text = (
                    f"Somebody takes care of it{beside}." if is_taken else f"Nobody takes care of it any more{beside}."
                )
                yield Entry(at=at, kind=Kind.NOTED, text=text)


def _marks(case: Case, incident_id: str) -> Iterator[tuple[datetime, bool]]:
    """When somebody said that they take care of an incident (True), or took that back: by turns, the oldest first.

    Each of them makes rows for the channels. Those of the outage itself are counted from what holds in the end, for the
    first may be of before anybody was told.
    """
    rows = (each.row for each in case.told if each.row.incident_id == incident_id)
    times = sorted({row.event_at for row in rows if row.kind is NotificationKind.ACKNOWLEDGED})
    own = case.incident
    is_first = True
    if own is not None and own.id == incident_id:
        is_first = (own.acked_at is not None) is (len(times) % 2 == 1)
    for place, at in enumerate(times):
        yield at, is_first is (place % 2 == 0)


def _told(told: Told, news: str) -> Entry:
    row = told.row
    what = f"{line(row.channel)} {{}} told {news}"
    match row.state:
        case NotificationState.DELIVERED:
            at = row.delivered_at or row.due_at
            text = f"{what.format('was')}, {_after(at - row.event_at)}."
        case NotificationState.DEAD:
            at, text = row.due_at, f"{what.format('could not be')}: it was given up."
        case NotificationState.SUPPRESSED:
            at, text = row.due_at, f"{what.format('was not')}: another message said it, or nobody was to be told."
        case _:
            at, text = row.due_at, f"{what.format('is still to be')}."
    details = [f"By route '{line(row.route)}'."] if row.route else []
    details += ["In one message with others that were missing."] if told.together else []
    details += [_try(each.at, each.outcome, each.answer) for each in told.tries[:_TRIES]]
    if (more := len(told.tries) - _TRIES) > 0:
        details.append(f"and {more} tries more")
    return Entry(at=at, kind=Kind.TOLD, text=text, details=tuple(details))


def _after(span: timedelta) -> str:
    return "within a second" if span < timedelta(seconds=1) else f"{format_about(span)} after it was known"


def _try(at: datetime, outcome: str, answer: str) -> str:
    said = f": {line(answer)}" if line(answer) else ""
    return f"Try at {at:%H:%M:%S}: {TRIED.get(outcome, line(outcome))}{said}"


def _silenced(case: Case) -> Iterator[Entry]:
    for silence in case.silences:
        who = line(silence.by) or "somebody"
        text = f"Silenced by {who} until {format_stamp(silence.ends_at)}: {line(silence.comment)}"
        yield Entry(at=silence.starts_at, until=silence.ends_at, kind=Kind.TOLD, text=text)


def _acknowledged(case: Case) -> Iterator[Entry]:
    incident = case.incident
    if incident is not None and incident.acked_at is not None:
        who, said = line(incident.acked_by or "") or "Somebody", line(incident.ack_comment or "")
        text = f"{who} takes care of it{f': {said}' if said else '.'}"
        yield Entry(at=incident.acked_at, kind=Kind.NOTED, text=text)


def _noted(note: Annotation) -> Entry:
    who, more = line(note.by) or "Somebody", (line(note.text), line(note.link or ""))
    text = f"{who} notes as its cause: {line(note.cause)}"
    return Entry(at=note.at, kind=Kind.NOTED, text=text, details=tuple(each for each in more if each))
