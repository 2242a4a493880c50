"""What the command line says of one look: a sentence, its explanation step by step, the same as data. Pure.

The texts hold what pages wrote: who prints them must clean them (`watcher.text.clean`, a line at a time).
"""

from collections.abc import Iterator
from typing import Final, assert_never

from watcher.classify.steps import Said
from watcher.look.examining import Examined
from watcher.look.ondemand import Look
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.exchange import Exchange, FetchFailure
from watcher.model.finding import Certainty, Finding, Verdict
from watcher.model.notification import Delivered, GaveUp, Outcome, RetryAfter
from watcher.model.record import Record, instant
from watcher.notify.wording import format_span, format_stamp, language_name, name_of, place_of

_NAMES: Final = 14


def sentence(look: Look) -> str:
    """The outcome in one line: whom, where, the verdict, why, and how sure."""
    finding, account = look.finding, look.account
    who = f"{name_of(account)} on {place_of(account, {look.platform.id: look.platform.title})}"
    said = f"{who}: {finding.verdict.upper()}, {finding.reason}"
    if finding.source:
        said += f" ({finding.certainty} by source '{finding.source}')"
    if finding.refused is not None:
        return f"{said}; {finding.refused.verdict} was not admitted: {finding.refused.why}"
    evidence = finding.evidence
    shown = _quoted(evidence.quote, evidence.language)
    return said + (shown or (f": {evidence.detail}" if evidence.detail else ""))


def explanation(look: Look) -> Iterator[str]:
    """How it came to that, a line each: sources, fetches, steps, controls, gate."""
    watched = "watched" if look.is_watched else "not watched"
    yield f"account   {look.account.id} ({watched}), {look.account.url}"
    yield ""
    yield "sources"
    yield from _sources(look)
    yield ""
    yield "fetched"
    for exchange in look.asked:
        yield from _fetched(exchange)
    if not look.asked:
        yield "  nothing: there is no source to ask"
    for examined in look.examined:
        yield ""
        yield from _judged(examined)


def _sources(look: Look) -> Iterator[str]:
    asked = [examined.finding.source for examined in look.examined]
    for source in look.platform.sources:
        if source.why_unusable is not None:
            standing = f"not usable: {source.why_unusable}"
        elif source.name not in asked and source.batch is not None:
            standing = "not asked: it is for many accounts at once"
        elif source.name not in asked:
            standing = "not asked: the one before it was enough"
        elif source.name == asked[-1]:
            standing = "chosen"
        else:
            standing = "asked, said nothing by itself: the next one was asked"
        yield f"  {source.name:{_NAMES}}{standing}"


def _fetched(exchange: Exchange) -> Iterator[str]:
    target, outcome = exchange.task.target, exchange.outcome
    who = "account" if target.account_id is not None else "control"
    yield f"  {who} {target.handle}, by source '{exchange.task.source.name}', {format_stamp(exchange.sent_at)}"
    for hop in outcome.hops:
        yield f"    {hop.status} {hop.url} -> {hop.location}"
    took = f"{(exchange.received_at - exchange.sent_at).total_seconds():.2f} s"
    if isinstance(outcome, FetchFailure):
        yield f"    no answer from {exchange.task.url}: {outcome.reason}, {outcome.detail} ({took})"
        return
    age = "no Age" if exchange.age is None else f"Age {exchange.age.total_seconds():.0f} s"
    kind = outcome.headers.get("content-type", "no content type")
    yield f"    {outcome.status} {outcome.url}"
    yield f"        {kind}, {len(outcome.body):,} bytes, {age}, {took}"


def _judged(examined: Examined) -> Iterator[str]:
    yield f"classified, the answer of source '{examined.finding.source}'" if examined.exchange else "classified"
    for step, said in examined.classified.trace if examined.classified is not None else ():
        yield f"  {step.replace('_', ' '):{_NAMES}}{_spoken(said)}"
    if examined.classified is None:
        yield f"  nothing to classify: {examined.finding.evidence.detail}"
    yield ""
    yield "controls"
    yield from _controls(examined)
    yield ""
    yield "gate"
    yield f"  {_admission(examined.finding)}"


def _spoken(said: Said | None) -> str:
    if said is None:
        return "has nothing to say"
    decided = f"decides: {said.reason}, {said.certainty}, by rule '{said.rule}'"
    return decided + _detail(said.detail) + _quoted(said.quote, said.language)


def _controls(examined: Examined) -> Iterator[str]:
    report = examined.report
    if report is None or not (report.positives or report.negatives):
        none = "none to ask" if _raw(examined).is_conclusive else "not asked: an answer that says nothing needs none"
        yield f"  {none}"
        return
    for label, wanted, controls in (
        ("positive", "should be there", report.positives),
        ("negative", "cannot be there", report.negatives),
    ):
        for control in controls:
            yield f"  {label:{_NAMES}}{control.handle}, which {wanted}: {_control(control)}"
        if not controls:
            yield f"  {label:{_NAMES}}none was asked"


def _control(control: ControlFinding) -> str:
    finding = control.finding
    said = f"{finding.verdict}, {finding.reason}, by rule '{finding.evidence.rule}', {format_stamp(finding.at)}"
    return said + _detail(finding.evidence.detail)


def _raw(examined: Examined) -> Finding:
    return examined.classified.finding if examined.classified is not None else examined.finding


def _admission(finding: Finding) -> str:
    if finding.refused is not None:
        return f"refuses it: {finding.refused.why} (what was seen: {finding.refused.verdict}, {finding.refused.reason})"
    match finding.verdict:
        case Verdict.INCONCLUSIVE:
            return "has nothing to admit: an inconclusive answer opens and closes no outage"
        case Verdict.PRESENT:
            return "admits it: no handle that cannot exist is shown as present"
        case Verdict.ABSENT if finding.certainty is Certainty.RESEMBLES:
            return "admits it: a positive control was present after the answer, and a negative one looks the same"
        case Verdict.ABSENT:
            return "admits it: a positive control was present after the answer"
        case _:
            assert_never(finding.verdict)


def outcome_sentence(outcome: Outcome) -> str:
    """How a message fared that was sent once."""
    match outcome:
        case Delivered():
            return "delivered" + (f", it answered '{outcome.answer}'" if outcome.answer else "")
        case RetryAfter():
            wait = f", asked to wait {format_span(outcome.wait)}" if outcome.wait is not None else ""
            return f"not delivered: {outcome.reason}{wait}; a run would try again"
        case GaveUp():
            return f"not delivered: {outcome.reason}; trying again would not help"
        case _:
            assert_never(outcome)


def _quoted(quote: str | None, language: str | None) -> str:
    if quote is None:
        return ""
    return f": «{quote}»" + (f" ({language_name(language)})" if language else "")


def _detail(detail: str) -> str:
    return f" ({detail})" if detail else ""


def look_record(look: Look) -> Record:
    """All of it as data: the finding, and under `looks`, `fetches` and `sources` how it came to that."""
    return {
        "account": look.account.id,
        "url": look.account.url,
        "watched": look.is_watched,
        **_finding_record(look.finding),
        "sources": [
            {"source": s.name, "usable": s.why_unusable is None, "why": s.why_unusable} for s in look.platform.sources
        ],
        "fetches": [_exchange_record(exchange) for exchange in look.asked],
        "looks": [_examined_record(examined) for examined in look.examined],
    }


def _finding_record(finding: Finding) -> Record:
    evidence, refused = finding.evidence, finding.refused
    return {
        "verdict": str(finding.verdict),
        "reason": str(finding.reason),
        "certainty": str(finding.certainty),
        "source": finding.source or None,
        "at": instant(finding.at),
        "seen": {"earliest": instant(finding.seen.earliest), "latest": instant(finding.seen.latest)},
        "step": evidence.step,
        "rule": evidence.rule,
        "detail": evidence.detail,
        "quote": evidence.quote,
        "language": evidence.language,
        "stable_id": finding.stable_id,
        "handle": finding.handle,
        "refused": refused and {"verdict": str(refused.verdict), "reason": str(refused.reason), "why": refused.why},
    }


def _exchange_record(exchange: Exchange) -> Record:
    outcome, target = exchange.outcome, exchange.task.target
    record: Record = {
        "purpose": str(exchange.task.purpose),
        "handle": target.handle,
        "source": exchange.task.source.name,
        "url": exchange.task.url,
        "hops": [{"url": hop.url, "status": hop.status, "location": hop.location} for hop in outcome.hops],
        "sent_at": instant(exchange.sent_at),
        "seconds": (exchange.received_at - exchange.sent_at).total_seconds(),
        "status": outcome.status,
    }
    if isinstance(outcome, FetchFailure):
        return {**record, "failure": {"reason": str(outcome.reason), "detail": outcome.detail}}
    return {
        **record,
        "final_url": outcome.url,
        "content_type": outcome.headers.get("content-type"),
        "bytes": len(outcome.body),
        "age_seconds": None if exchange.age is None else exchange.age.total_seconds(),
    }


def _examined_record(examined: Examined) -> Record:
    trace = examined.classified.trace if examined.classified is not None else ()
    refused = examined.finding.refused
    return {
        "source": examined.finding.source or None,
        "steps": [{"step": str(step), "said": None if said is None else _said_record(said)} for step, said in trace],
        "controls": _report_record(examined.report),
        "gate": {"admitted": refused is None, "why": None if refused is None else refused.why},
    }


def _said_record(said: Said) -> Record:
    return {
        "reason": str(said.reason),
        "certainty": str(said.certainty),
        "rule": said.rule,
        "detail": said.detail,
        "quote": said.quote,
        "language": said.language,
    }


def _report_record(report: ControlReport | None) -> Record:
    sides = ((), ()) if report is None else (report.positives, report.negatives)
    positives, negatives = (
        [{**_finding_record(control.finding), "handle": control.handle} for control in side] for side in sides
    )
    return {"positives": positives, "negatives": negatives}
