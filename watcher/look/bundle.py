"""The evidence bundle of one look: one JSON document that says what was asked, answered and concluded. Pure.

A transition names the hash of its bundle, and the hash of the transition covers that name; whoever holds the hash that
an alert shows can prove that neither was changed. No secrets, and nothing of a page that shows the account but the
fields that rules look at. What the controls said is a document of its own: it names other accounts, and can be
forgotten without the bundle.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from watcher import __version__
from watcher.classify import Classified, Step
from watcher.classify.condense import condense, kept_headers
from watcher.model.account import Account
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.exchange import Exchange, FetchFailure, Response
from watcher.model.finding import Evidence, Finding, Verdict
from watcher.model.outage import BUNDLE, Transition
from watcher.model.platform import Platform, Source, expand
from watcher.model.record import Record, instant
from watcher.store.codec import to_json
from watcher.store.values import Body

SCHEMA: Final = "watcher-evidence/1"
CONTROLS_SCHEMA: Final = "watcher-controls/1"
_BARRIERS: Final = (Step.HARD_BARRIER, Step.SOFT_BARRIER)
_HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One look at one account, with all that it rests on: as `examining.Examined`."""

    account: Account
    finding: Finding
    exchange: Exchange
    classified: Classified | None
    report: ControlReport | None


def canonical(document: Mapping[str, Any]) -> bytes:
    r"""The document as its hash is taken: keys sorted, no spaces, ASCII (other characters as \uXXXX)."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def witnessed(transitions: Iterable[Transition], sighting: Sighting) -> tuple[tuple[Transition, ...], tuple[Body, ...]]:
    """The transitions that a look made, naming its bundle, and what is to be kept of it. Nothing for none."""
    happened = tuple(transitions)
    if not happened:
        return (), ()
    controls = _controls_body(sighting)
    pieces = _pieces(sighting)
    document = _bundle(sighting, controls, pieces)
    content = canonical(document)
    digest = sha256(content).hexdigest()
    bundle = Body(sha256=digest, content=content, role="bundle", bundle=digest)
    named = tuple(replace(each, detail={**each.detail, BUNDLE: digest}) for each in happened)
    others = (replace(body, bundle=digest) for body in (*controls, *pieces))
    return named, (*others, bundle)


def _pieces(sighting: Sighting) -> tuple[Body, ...]:
    """The page and its picture, where they may be kept."""
    response = sighting.exchange.outcome
    if not isinstance(response, Response) or not may_keep(sighting):
        return ()
    page = (_body(response.body, "target"),) if response.body else ()
    picture = (_body(response.screenshot, "screenshot"),) if response.screenshot else ()
    return (*page, *picture)


def may_keep(sighting: Sighting) -> bool:
    """True for a page that shows the account missing, or a barrier; false wherever it may show the account itself."""
    raw = sighting.classified.finding if sighting.classified is not None else sighting.finding
    return raw.is_absent or (raw.verdict is Verdict.INCONCLUSIVE and raw.evidence.step in _BARRIERS)


def _body(content: bytes, role: str) -> Body:
    return Body(sha256=sha256(content).hexdigest(), content=content, role=role)


def _controls_body(sighting: Sighting) -> tuple[Body, ...]:
    report, refused = sighting.report, sighting.finding.refused
    if report is None or not (report.positives or report.negatives or refused):
        return ()
    document: Record = {
        "schema": CONTROLS_SCHEMA,
        "platform": report.key.platform,
        "instance": report.key.instance,
        "source": report.key.source,
        "vantage": report.key.vantage,
        # Its neighbours may have it as a control: beside itself it is none.
        "positive": [_control(each) for each in report.positives if each.handle != sighting.account.handle],
        "negative": [_control(control) for control in report.negatives],
        "gate": {"admitted": refused is None, "why": None if refused is None else refused.why},
    }
    return (_body(canonical(document), "controls"),)


def _control(control: ControlFinding) -> Record:
    imprint = control.imprint
    said: Record = {"handle": control.handle, **finding_record(control.finding)}
    return {**said, "answer": None if imprint is None else to_json(imprint)}


def _bundle(sighting: Sighting, controls: tuple[Body, ...], pieces: tuple[Body, ...]) -> Record:
    account, exchange = sighting.account, sighting.exchange
    kept = {body.role: {"sha256": body.sha256, "bytes": len(body.content)} for body in (*controls, *pieces)}
    raw = sighting.classified.finding if sighting.classified is not None else sighting.finding
    return {
        "schema": SCHEMA,
        "made_by": f"watcher {__version__}",
        "account": {
            "id": account.id,
            "platform": account.platform,
            "instance": account.instance,
            "handle": account.handle,
            "url": account.url,
        },
        "vantage": sighting.finding.vantage,
        "request": _request(exchange),
        "answer": _answer(sighting, kept.get("target")),
        "rule": rule_record(exchange.task.platform, exchange.task.source, raw.evidence),
        "finding": finding_record(sighting.finding),
        "controls": kept.get("controls"),
        "screenshot": kept.get("screenshot"),
    }


def _request(exchange: Exchange) -> Record:
    task = exchange.task
    body = task.body(_HIDDEN)
    return {
        "method": task.source.method.upper(),
        **({} if body is None else {"body": body}),
        "url": task.url,
        "source": task.source.name,
        "purpose": str(task.purpose),
        "by_id": task.target.by_id,
        "fresh": task.fresh,
        "headers": _request_headers(exchange),
        "sent_at": instant(exchange.sent_at),
    }


def _request_headers(exchange: Exchange) -> Record:
    """The source's own headers; a credential in them is hidden."""
    target = exchange.task.target
    filled = {
        name: expand(
            template,
            handle=target.handle,
            instance=target.instance,
            stable_id=target.stable_id or "",
            credential=_HIDDEN,
        )
        for name, template in exchange.task.source.headers.items()
    }
    secret = exchange.task.source.secret
    return {name: value.replace(secret, _HIDDEN) if secret else value for name, value in filled.items()}


def _answer(sighting: Sighting, page: Record | None) -> Record:
    exchange, outcome = sighting.exchange, sighting.exchange.outcome
    times: Record = {
        "received_at": instant(exchange.received_at),
        "age_seconds": None if exchange.age is None else exchange.age.total_seconds(),
        "seen": {"earliest": instant(exchange.seen.earliest), "latest": instant(exchange.seen.latest)},
    }
    hops = [{"url": hop.url, "status": hop.status, "location": hop.location} for hop in outcome.hops]
    if isinstance(outcome, FetchFailure):
        failure = {"reason": str(outcome.reason), "detail": outcome.detail}
        return {**times, "status": outcome.status, "hops": hops, "failure": failure}
    raw = sighting.classified.finding if sighting.classified is not None else sighting.finding
    imprint = condense(exchange, raw)
    assert imprint is not None  # noqa: S101 - there was an answer
    return {
        **times,
        "status": outcome.status,
        "final_url": outcome.url,
        "hops": hops,
        "headers": kept_headers(outcome.headers),
        "body": {"sha256": imprint.sha256, "bytes": imprint.size, "kept": page is not None},
        "fields": {each.name: list(each.values) for each in imprint.fields},
        "page": to_json(imprint.markup),
        "document": imprint.document,
        "left_out": list(imprint.cut),
    }


def rule_record(platform: Platform, source: Source, evidence: Evidence) -> Record:
    """The rule that decided, with the hash of where it came from: the platform file, the source and its own words.

    A rule that is built in has no words here: its source is the program, whose version the bundle names.
    """
    own = next((rule for rule in source.rules if rule.id == evidence.rule), None)
    made_of: Record = {
        "platform": platform.id,
        "file_sha256": platform.file_sha256,
        "source": source.name,
        "id": evidence.rule,
        "step": str(evidence.step),
        "definition": None if own is None else to_json(own),
    }
    return {**made_of, "sha256": rule_hash(made_of)}


def rule_hash(record: Mapping[str, Any]) -> str:
    """The hash of a rule's record, without the hash itself."""
    return sha256(canonical({name: value for name, value in record.items() if name != "sha256"})).hexdigest()


def finding_record(finding: Finding) -> Record:
    """A finding for the bundle. Why the gate refused it names the controls: that is told with them."""
    evidence, refused = finding.evidence, finding.refused
    return {
        "verdict": str(finding.verdict),
        "reason": str(finding.reason),
        "certainty": str(finding.certainty),
        "at": instant(finding.at),
        "rule": evidence.rule,
        "step": str(evidence.step),
        "detail": evidence.detail,
        "quote": evidence.quote,
        "language": evidence.language,
        "stable_id": finding.stable_id,
        "shown_handle": finding.handle,
        "refused": refused and {"verdict": str(refused.verdict), "reason": str(refused.reason)},
    }
