"""A dossier for people and for programs. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from watcher.dossier.check import Dossier
from watcher.look.bundle import CONTROLS_SCHEMA, SCHEMA
from watcher.model.outage import BUNDLE
from watcher.model.record import Record, instant
from watcher.notify.wording import format_stamp, language_name
from watcher.store.codec import instant_of
from watcher.store.values import Trace

_SHOWN_LINES: Final = 25
_NAMES: Final = 11


def table(traces: Sequence[Trace]) -> Iterator[str]:
    """One line a transition."""
    if not traces:
        yield "no evidence is kept"
        return
    yield f"{'NO':>6}  {'HASH':20}  {'AT':24}  {'WHAT':20}  {'KEPT':30}  ACCOUNT"
    for trace in traces:
        kept = ", ".join(role.replace("target", "page") for role, _, _ in trace.evidence)
        at = format_stamp(_at(trace))
        yield f"{trace.seq:>6}  {trace.hash[:20]}  {at:24}  {trace.document['kind']:20}  {kept:30}  {_who(trace)}"


def listing(traces: Iterable[Trace]) -> list[Record]:
    """The same as data."""
    return [
        {
            "seq": trace.seq,
            "hash": trace.hash,
            "at": instant(_at(trace)),
            "kind": trace.document["kind"],
            "account": _who(trace),
            "evidence": [{"role": role, "sha256": digest, "bytes": size} for role, digest, size in trace.evidence],
        }
        for trace in traces
    ]


def records(dossier: Dossier) -> list[Record]:
    """Everything as data: each transition with its bundle and what the controls said."""
    return [
        {
            **listed,
            "previous": trace.previous,
            "document": trace.document,
            "bundle": dossier.document(trace, "bundle"),
            "controls": dossier.document(trace, "controls"),
        }
        for trace, listed in zip(dossier.traces, listing(dossier.traces), strict=True)
    ]


def shown(dossier: Dossier) -> Iterator[str]:
    """Each transition for people. The texts hold what pages wrote: who prints them must clean them."""
    for number, trace in enumerate(dossier.traces):
        if number:
            yield ""
        yield f"transition {trace.seq}: {trace.document['kind']}, {_who(trace)}, {format_stamp(_at(trace))}"
        yield _line("hash", trace.hash)
        bundle = dossier.document(trace, "bundle")
        if bundle is None or bundle.get("schema") != SCHEMA:
            yield _line("bundle", _no_bundle(trace, dossier))
            continue
        yield _line("bundle", f"{trace.document['detail'][BUNDLE]}, {bundle['made_by']}")
        yield from _asked(bundle["request"])
        yield from _answered(bundle["answer"], trace, dossier)
        yield from _concluded(bundle)
        yield from _controls(bundle["controls"], trace, dossier)
        yield from _page(bundle["answer"])


def _line(name: str, text: str) -> str:
    return f"  {name:{_NAMES}}{text}"


def _no_bundle(trace: Trace, dossier: Dossier) -> str:
    named = (trace.document.get("detail") or {}).get(BUNDLE)
    if named is None:
        return "none: it came of no look, or is a first sight among very many"
    return f"{named}, {dossier.lack(trace, named) or f'not of the form {SCHEMA}'}"


def _asked(request: Record) -> Iterator[str]:
    how = f"source '{request['source']}', {request['purpose']}{', by id' if request['by_id'] else ''}"
    yield _line("asked", f"{request['method']} {request['url']} ({how}), {request['sent_at']}")
    for name, value in request["headers"].items():
        yield _line("", f"{name}: {value}")


def _answered(answer: Record, trace: Trace, dossier: Dossier) -> Iterator[str]:
    for hop in answer["hops"]:
        yield _line("via", f"{hop['status']} {hop['url']} -> {hop['location']}")
    if "failure" in answer:
        failure = answer["failure"]
        yield _line("no answer", f"{failure['reason']}, {failure['detail']}, {answer['received_at']}")
        return
    yield _line("answered", f"{answer['status']} {answer['final_url']}, {answer['received_at']}")
    for name, value in answer["headers"].items():
        yield _line("", f"{name}: {value}")
    body = answer["body"]
    kept = (dossier.lack(trace, body["sha256"]) or "kept") if body["kept"] else "not kept"
    yield _line("body", f"{body['bytes']} bytes, sha256 {body['sha256']}, {kept}")


def _concluded(bundle: Record) -> Iterator[str]:
    finding, rule = bundle["finding"], bundle["rule"]
    said = f"{finding['verdict']}, {finding['reason']} ({finding['certainty']})"
    refused = finding["refused"]
    yield _line("found", said + (f"; {refused['verdict']} was not admitted" if refused else ""))
    if finding["quote"]:
        language = f" ({language_name(finding['language'])})" if finding["language"] else ""
        yield _line("it says", f"«{finding['quote']}»{language}")
    own = "" if rule["definition"] is not None else ", built in"
    yield _line("rule", f"'{rule['id']}' of {rule['platform']}/{rule['source']}{own}, sha256 {rule['sha256']}")


def _controls(named: Record | None, trace: Trace, dossier: Dossier) -> Iterator[str]:
    if named is None:
        yield _line("controls", "none was asked")
        return
    controls = dossier.document(trace, "controls")
    if controls is None or controls.get("schema") != CONTROLS_SCHEMA:
        lack = dossier.lack(trace, named["sha256"]) or f"not of the form {CONTROLS_SCHEMA}"
        yield _line("controls", f"{named['sha256']}, {lack}")
        return
    for kind in ("positive", "negative"):
        for control in controls[kind]:
            said = f"{control['verdict']}, {control['reason']}, {control['at']}"
            yield _line(kind, f"{control['handle']}: {said}")
    gate = controls["gate"]
    yield _line("gate", "admits it" if gate["admitted"] else f"refuses it: {gate['why']}")


def _page(answer: Record) -> Iterator[str]:
    for name, values in (answer.get("fields") or {}).items():
        yield _line("field", f"{name} = {' | '.join(values) if values else '(nothing)'}")
    page, document = answer.get("page"), answer.get("document")
    if document is not None:
        yield _line("document", document)
    if page is None:
        return
    yield _line("title", page["title"] or "(none)")
    blocks = page["blocks"]
    for block in blocks[:_SHOWN_LINES]:
        yield _line("page", block)
    if len(blocks) > _SHOWN_LINES:
        yield _line("", f"… and {len(blocks) - _SHOWN_LINES} lines more")


def _who(trace: Trace) -> str:
    return str(trace.document["account_id"])


def _at(trace: Trace) -> datetime:
    return instant_of(int(trace.document["at"]))
