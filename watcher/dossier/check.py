"""Every hash of a dossier computed anew. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from watcher.look.bundle import SCHEMA, rule_hash
from watcher.model.outage import BUNDLE
from watcher.model.record import Record, instant
from watcher.store.codec import chained_hash, instant_of
from watcher.store.values import Trace

NOT_THERE: Final = "not there: never stored, or removed since"
DAMAGED: Final = "lost or damaged"
_ROLES: Final = {"target": "page"}


class Outcome(StrEnum):
    """What came of one check.

    GONE: a piece was never stored (the disk was full) or was removed since, and nothing is wrong by that, but nothing
    is shown by it either. LOST: a piece should be there, and is not, or is damaged.
    """

    OK = "ok"
    GONE = "gone"
    LOST = "lost"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was held against its hash."""

    outcome: Outcome
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Transitions as they are stored, and the pieces of evidence by hash; None for one that is lost or damaged.

    `sound` are the hashes of pieces that were held against them as they were read, and need not be here.
    """

    traces: tuple[Trace, ...]
    pieces: Mapping[str, bytes | None]
    sound: AbstractSet[str] = frozenset()

    def document(self, trace: Trace, role: str) -> Record | None:
        """The JSON document of that role; None when it is not there, or none."""
        content = next((self.pieces.get(digest) for kind, digest, _ in trace.evidence if kind == role), None)
        try:
            document = json.loads(content or b"null")
        except ValueError:
            return None
        return document if isinstance(document, dict) else None

    def lack(self, trace: Trace, digest: str) -> str | None:
        """What is wrong with a piece that the bundle names, in words; None where it is there."""
        if all(stored != digest for _, stored, _ in trace.evidence):
            return NOT_THERE
        return None if digest in self.sound or self.pieces.get(digest) is not None else DAMAGED


def verify(dossier: Dossier, *, expected: str | None = None) -> tuple[Check, ...]:
    """Every hash of the dossier computed anew; with `expected`, whether an alert's digits are of one of them."""
    checks = [check for trace in dossier.traces for check in _verified(trace, dossier)]
    if expected is not None:
        found = any(trace.hash.startswith(expected.lower()) for trace in dossier.traces)
        checks.append(check(found, f"the alert's hash {expected}", "is of one of these", "is of none of these"))
    return tuple(checks)


def _verified(trace: Trace, dossier: Dossier) -> Iterator[Check]:
    name = f"transition {trace.seq}"
    whole = chained_hash(trace.document, trace.previous) == trace.hash
    yield check(whole, name, f"has the hash {trace.hash}", "is not as it was written")
    named = (trace.document.get("detail") or {}).get(BUNDLE)
    if named is None:
        yield Check(
            outcome=Outcome.OK, what=f"{name} has no bundle: it came of no look, or is a first sight among very many"
        )
        return
    kept = {digest for _, digest, _ in trace.evidence}
    if not isinstance(named, str):
        yield Check(outcome=Outcome.BAD, what=f"{name}: names no bundle of ours")
        return
    if named not in kept:
        yield Check(outcome=Outcome.GONE, what=f"{name}: its bundle {named} is {NOT_THERE}")
        return
    sealed = _piece(f"{name}: bundle", named, dossier)
    yield sealed
    if sealed.outcome is not Outcome.OK:
        others = [(role, digest) for role, digest, _ in trace.evidence if digest != named]
        yield from (_piece(f"{name}: {_ROLES.get(role, role)}", digest, dossier) for role, digest in others)
    else:
        try:
            yield from tuple(_bundle(name, trace, dossier, kept))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            # Whoever made it gave it the right hash, but it is none of ours.
            yield Check(outcome=Outcome.BAD, what=f"{name}: its bundle is not of the form {SCHEMA}")


def _bundle(name: str, trace: Trace, dossier: Dossier, kept: AbstractSet[str]) -> Iterator[Check]:
    """What a bundle says, held against the log and the pieces that it names. Raises for one that is none of ours."""
    bundle = dossier.document(trace, "bundle")
    if bundle is None or bundle.get("schema") != SCHEMA:
        raise ValueError(SCHEMA)
    yield _agrees(name, trace, bundle)
    rule = bundle["rule"]
    yield check(rule_hash(rule) == rule["sha256"], f"{name}: rule '{rule['id']}'", "has its hash", "has another hash")
    for what, piece in _named(bundle):
        if piece["sha256"] in kept:
            yield _piece(f"{name}: {what}", piece["sha256"], dossier)
        else:
            yield Check(outcome=Outcome.GONE, what=f"{name}: {what} {piece['sha256']} is {NOT_THERE}")


def _named(bundle: Record) -> Iterator[tuple[str, Record]]:
    """The pieces that a bundle names and that were to be kept with it."""
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
    return check(same, f"{name}: bundle", "says the same as the log", "is of another look")


def _piece(what: str, digest: str, dossier: Dossier) -> Check:
    content = dossier.pieces.get(digest)
    if digest in dossier.sound:
        return Check(outcome=Outcome.OK, what=f"{what} has the hash {digest}")
    if content is None:
        return Check(outcome=Outcome.LOST, what=f"{what} {digest} is {DAMAGED}")
    return check(sha256(content).hexdigest() == digest, what, f"has the hash {digest}", f"has not the hash {digest}")


def check(holds: bool, what: str, good: str, bad: str) -> Check:
    """One check, with what is to be said of it."""
    return Check(outcome=Outcome.OK if holds else Outcome.BAD, what=f"{what} {good if holds else bad}")


def verdict(checks: Iterable[Check]) -> bool:
    """True when nothing is wrong with what is there."""
    return all(check.outcome in (Outcome.OK, Outcome.GONE) for check in checks)


def missing(checks: Iterable[Check]) -> int:
    """How many pieces are not there. Whoever took a piece away on purpose has left no other trace."""
    return sum(check.outcome in (Outcome.GONE, Outcome.LOST) for check in checks)


def conclusion(checks: Sequence[Check]) -> str:
    """All of it in a line."""
    count = missing(checks)
    lacking = f"{count} {'piece is' if count == 1 else 'pieces are'} not there"
    if not verdict(checks):
        return f"it is not what it was; {lacking}" if count else "it is not what it was"
    return f"what is there holds, but {lacking}" if count else "every hash holds"


def as_data(checks: Sequence[Check]) -> Record:
    """What was checked, as data."""
    rows: list[Any] = [{"outcome": str(check.outcome), "what": check.what} for check in checks]
    return {"sound": verdict(checks), "missing": missing(checks), "checks": rows}
