"""Evidence handed out and checked: what is kept of transitions as text, as files, and held against its hashes. Pure.

A dossier is the same whether it comes from the store or from an exported archive, so that both are verified alike.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from watcher.bundle import CONTROLS_SCHEMA, SCHEMA, rule_hash
from watcher.model.outage import BUNDLE
from watcher.model.record import Record, instant
from watcher.notify.wording import format_stamp, language_name
from watcher.store.base import Trace
from watcher.store.codec import chained_hash, instant_of

MANIFEST: Final = "MANIFEST"
TRANSITIONS: Final = "transitions.json"
README: Final = "README.txt"
_SUFFIXES: Final = {"bundle": "bundle.json", "controls": "controls.json", "target": "page.txt"}
_SHOWN_LINES: Final = 25
_NAMES: Final = 11
_README: Final = """\
Evidence kept by watcher, of {count} of its log.

{transitions} lists the entries. The hash of each is the SHA-256 of its `document` (keys sorted, no
spaces, ASCII) followed by `previous`, the hash of the entry before it. An alert shows the first 20 digits
of the hash of the entry that it tells of. `detail.bundle` of the document is the SHA-256 of the bundle:
what was asked, answered and concluded. The bundle names the SHA-256 of the page, of the picture and of
what the controls said.

To check all of it:
    watcher evidence verify THIS_FOLDER --hash THE_DIGITS_IN_THE_ALERT
Without watcher, the files at least, in this folder:
    sha256sum -c {manifest}

page.txt files are what a server sent, byte for byte. Anybody may have written them: open them as text.
"""


class Outcome(StrEnum):
    """What came of one check. GONE: there is nothing to check any more, and nothing is wrong by that."""

    OK = "ok"
    GONE = "gone"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was held against its hash."""

    outcome: Outcome
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Transitions as they are stored, and the pieces of evidence by hash; None for one that is lost or damaged."""

    traces: tuple[Trace, ...]
    pieces: Mapping[str, bytes | None]

    def document(self, trace: Trace, role: str) -> Record | None:
        """The JSON document of that role; None when it is not there, or none."""
        content = next((self.pieces.get(digest) for kind, digest, _ in trace.evidence if kind == role), None)
        try:
            document = json.loads(content or b"null")
        except ValueError:
            return None
        return document if isinstance(document, dict) else None


class ArchiveError(Exception):
    """{what} is no archive of evidence."""


# Checking.


def verify(dossier: Dossier, *, expected: str | None = None) -> tuple[Check, ...]:
    """Every hash of the dossier computed anew; with `expected`, whether an alert's digits are of one of them."""
    checks = [check for trace in dossier.traces for check in _verified(trace, dossier)]
    if expected is not None:
        found = any(trace.hash.startswith(expected.lower()) for trace in dossier.traces)
        checks.append(_check(found, f"the alert's hash {expected}", "is of one of these", "is of none of these"))
    return tuple(checks)


def _verified(trace: Trace, dossier: Dossier) -> Iterator[Check]:
    name = f"transition {trace.seq}"
    whole = chained_hash(trace.document, trace.previous) == trace.hash
    yield _check(whole, name, f"has the hash {trace.hash}", "is not as it was written")
    named = (trace.document.get("detail") or {}).get(BUNDLE)
    if named is None:
        yield Check(outcome=Outcome.GONE, what=f"{name} came of no look: it has no bundle")
        return
    kept = {digest for _, digest, _ in trace.evidence}
    if named not in kept:
        yield Check(outcome=Outcome.GONE, what=f"{name}: its bundle {named} is not kept any more")
        return
    sealed = _piece(f"{name}: bundle", named, dossier)
    yield sealed
    if sealed.outcome is Outcome.OK:
        try:
            yield from tuple(_bundle(name, trace, dossier, kept))
        except (KeyError, TypeError, ValueError, AttributeError):
            # Whoever made it gave it the right hash, but it is none of ours.
            yield Check(outcome=Outcome.BAD, what=f"{name}: its bundle is not of the form {SCHEMA}")


def _bundle(name: str, trace: Trace, dossier: Dossier, kept: AbstractSet[str]) -> Iterator[Check]:
    """What a bundle says, held against the log and the pieces that it names. Raises for one that is none of ours."""
    bundle = dossier.document(trace, "bundle")
    if bundle is None or bundle.get("schema") != SCHEMA:
        raise ValueError(SCHEMA)
    yield _agrees(name, trace, bundle)
    rule = bundle["rule"]
    yield _check(rule_hash(rule) == rule["sha256"], f"{name}: rule '{rule['id']}'", "has its hash", "has another hash")
    for what, piece in _named(bundle):
        if piece["sha256"] in kept:
            yield _piece(f"{name}: {what}", piece["sha256"], dossier)
        else:
            yield Check(outcome=Outcome.GONE, what=f"{name}: {what} {piece['sha256']} is not kept any more")


def _named(bundle: Record) -> Iterator[tuple[str, Record]]:
    """The pieces that a bundle names and that were kept with it."""
    body = bundle["answer"].get("body")
    if body is not None and body["kept"]:
        yield "page", body
    for what in ("controls", "screenshot"):
        if bundle[what] is not None:
            yield what, bundle[what]


def _agrees(name: str, trace: Trace, bundle: Record) -> Check:
    """That the bundle is of this transition, and not a sound one of another."""
    finding = trace.document.get("finding")
    same = bundle["account"]["id"] == trace.document["account_id"]
    if finding is not None:
        said = (finding["verdict"], finding["reason"], instant(instant_of(finding["at"])))
        same = same and said == tuple(bundle["finding"][key] for key in ("verdict", "reason", "at"))
    return _check(same, f"{name}: bundle", "says the same as the log", "is of another look")


def _piece(what: str, digest: str, dossier: Dossier) -> Check:
    content = dossier.pieces.get(digest)
    if content is None:
        return Check(outcome=Outcome.BAD, what=f"{what} {digest} is lost or damaged")
    return _check(sha256(content).hexdigest() == digest, what, f"has the hash {digest}", f"has not the hash {digest}")


def _check(holds: bool, what: str, good: str, bad: str) -> Check:
    return Check(outcome=Outcome.OK if holds else Outcome.BAD, what=f"{what} {good if holds else bad}")


# Handing out.


def archive(dossier: Dossier) -> dict[str, bytes]:
    """The files of an archive by name, with a MANIFEST that `sha256sum -c` reads."""
    files: dict[str, bytes] = {}
    entries = []
    for trace in dossier.traces:
        pieces = []
        for role, digest, _ in trace.evidence:
            content, name = dossier.pieces.get(digest), _file_name(role, digest)
            if content is not None:
                files[name] = content
            pieces.append({"role": role, "sha256": digest, "file": None if content is None else name})
        entries.append(
            {
                "seq": trace.seq,
                "hash": trace.hash,
                "previous": trace.previous,
                "document": trace.document,
                "evidence": pieces,
            }
        )
    files[TRANSITIONS] = json.dumps(entries, indent=2, sort_keys=True, ensure_ascii=True).encode() + b"\n"
    count = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
    files[README] = _README.format(count=count, transitions=TRANSITIONS, manifest=MANIFEST).encode()
    sums = (f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return {**files, MANIFEST: "".join(sums).encode()}


def _file_name(role: str, digest: str) -> str:
    return f"evidence/{digest}-{_SUFFIXES.get(role, f'{role}.png' if role == 'screenshot' else f'{role}.txt')}"


def read_archive(files: Mapping[str, bytes]) -> tuple[Dossier, tuple[Check, ...]]:
    """What an archive holds, and whether its files are those of the MANIFEST. ArchiveError where it is none."""
    try:
        entries = _entries(files[TRANSITIONS])
        traces = tuple(_trace(entry, files) for entry in entries)
        pieces = {piece["sha256"]: files.get(piece["file"] or "") for entry in entries for piece in entry["evidence"]}
        sums = [line.split("  ", 1) for line in files[MANIFEST].decode().splitlines()]
        listed = {name: digest for digest, name in sums}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ArchiveError(f"no archive of evidence: {type(error).__name__}: {error}") from error
    checks = [_listed(name, digest, files) for name, digest in listed.items()]
    strangers = sorted(files.keys() - listed.keys() - {MANIFEST})
    checks += [Check(outcome=Outcome.BAD, what=f"{name} is not in the {MANIFEST}") for name in strangers]
    return Dossier(traces=traces, pieces=pieces), tuple(checks)


def _entries(content: bytes) -> list[Any]:
    entries = json.loads(content)
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{TRANSITIONS} lists nothing")
    return entries


def _trace(entry: Record, files: Mapping[str, bytes]) -> Trace:
    evidence = tuple(
        (str(piece["role"]), str(piece["sha256"]), len(files.get(piece["file"] or "", b"")))
        for piece in entry["evidence"]
    )
    document = entry["document"]
    document["account_id"], document["detail"].get(BUNDLE)  # what every document has
    return Trace(
        seq=int(entry["seq"]),
        hash=str(entry["hash"]),
        previous=str(entry["previous"]),
        document=document,
        evidence=evidence,
    )


def _listed(name: str, digest: str, files: Mapping[str, bytes]) -> Check:
    if name not in files:
        return Check(outcome=Outcome.BAD, what=f"{name} is missing")
    return _check(sha256(files[name]).hexdigest() == digest, name, "is as listed", f"is not as the {MANIFEST} says")


# Showing.


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
            named = (trace.document.get("detail") or {}).get(BUNDLE)
            yield _line("bundle", "none: it came of no look" if named is None else f"{named}, not kept any more")
            continue
        yield _line("bundle", f"{trace.document['detail'][BUNDLE]}, {bundle['made_by']}")
        yield from _asked(bundle["request"])
        yield from _answered(bundle["answer"])
        yield from _concluded(bundle)
        yield from _controls(bundle, dossier.document(trace, "controls"))
        yield from _page(bundle["answer"])


def _line(name: str, text: str) -> str:
    return f"  {name:{_NAMES}}{text}"


def _asked(request: Record) -> Iterator[str]:
    how = f"source '{request['source']}', {request['purpose']}{', by id' if request['by_id'] else ''}"
    yield _line("asked", f"{request['method']} {request['url']} ({how}), {request['sent_at']}")
    for name, value in request["headers"].items():
        yield _line("", f"{name}: {value}")


def _answered(answer: Record) -> Iterator[str]:
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
    kept = "kept" if body["kept"] else "not kept"
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


def _controls(bundle: Record, controls: Record | None) -> Iterator[str]:
    if bundle["controls"] is None:
        yield _line("controls", "none was asked")
        return
    if controls is None or controls.get("schema") != CONTROLS_SCHEMA:
        yield _line("controls", f"{bundle['controls']['sha256']}, not kept any more")
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


def verdict(checks: Iterable[Check]) -> bool:
    """True when nothing is wrong."""
    return all(check.outcome is not Outcome.BAD for check in checks)


def as_data(checks: Sequence[Check]) -> Record:
    """What was checked, as data."""
    rows: list[Any] = [{"outcome": str(check.outcome), "what": check.what} for check in checks]
    return {"sound": verdict(checks), "checks": rows}
