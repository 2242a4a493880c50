"""What a bundle of evidence and what the controls said tell of one look, in words. Pure.

What is stored may be damaged or of another version: what cannot be read is left out, and the checks say so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from watcher.dossier import Dossier
from watcher.look.bundle import CONTROLS_SCHEMA, SCHEMA
from watcher.model.finding import Reason
from watcher.model.record import Record
from watcher.record.words import SAID, UNCLEAR, line, listed
from watcher.store.values import Trace
from watcher.text import cut

_HIDDEN: Final = "***"
_FAULTS: Final = (KeyError, TypeError, ValueError, AttributeError)
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look as its bundle has it. `took` is in seconds; `status` None where there was no answer."""

    method: str
    url: str
    source: str
    vantage: str
    with_key: bool
    status: int | None
    took: float
    rule: str
    size: int | None
    controls: tuple[str, ...]


def look_of(trace: Trace, dossier: Dossier) -> Look | None:
    """The look that made a transition; None where none did, or its bundle is not kept."""
    bundle = dossier.document(trace, "bundle")
    if bundle is None or bundle.get("schema") != SCHEMA:
        return None
    try:
        return _look(bundle, dossier.document(trace, "controls"))
    except _FAULTS:
        return None


def _look(bundle: Record, controls: Record | None) -> Look:
    request, answer = bundle["request"], bundle["answer"]
    began, ended = (datetime.fromisoformat(at) for at in (request["sent_at"], answer["received_at"]))
    body = answer.get("body")
    return Look(
        method=line(str(request["method"])),
        url=cut(line(str(request["url"])), _LONGEST),
        source=line(str(request["source"])),
        vantage=line(str(bundle["vantage"])),
        with_key=any(_HIDDEN in str(value) for value in request["headers"].values()),
        status=answer.get("status"),
        took=(ended - began).total_seconds(),
        rule=line(str(bundle["rule"]["id"])),
        size=None if body is None else int(body["bytes"]),
        controls=tuple(_controls(controls, bundle["account"])) if controls is not None else (),
    )


def answered(look: Look) -> str:
    """How the host answered, as one line of details."""
    status = "no answer" if look.status is None else f"HTTP {look.status}"
    size = "" if look.size is None else f", {look.size:,} bytes"
    return f"{look.method} {look.url}: {status}{size}, in {look.took:.2f} s; decided by the rule '{look.rule}'"


def _controls(document: Record, account: Record) -> Iterator[str]:
    """What the accounts and handles beside this one said. A positive that was not seen vouches for nothing."""
    if document.get("schema") != CONTROLS_SCHEMA:
        return
    own = (account["instance"], account["handle"])
    others = [control for control in document["positive"] if (document["instance"], control["handle"]) != own]
    seen = [control for control in others if str(control["verdict"]) == "present"]
    kinds = (
        ("Accounts that exist, asked the same way", seen),
        ("Not seen either, so they vouch for nothing", [control for control in others if control not in seen]),
        ("Handles that nobody can have", document["negative"]),
    )
    for label, controls in kinds:
        told = [_control(control) for control in controls]
        if told:
            yield f"{label}: {listed(told)}."
    gate = document["gate"]
    if not gate["admitted"]:
        yield f"Not believed: {line(str(gate['why']))}"


def _control(control: Record) -> str:
    handle, verdict = line(str(control["handle"])), str(control["verdict"])
    at = datetime.fromisoformat(control["at"])
    said = {"present": "seen", "absent": "missing"}.get(verdict, f"no verdict ({_why(control)})")
    return f"{handle} {said} at {at:%H:%M:%S}"


def _why(control: Record) -> str:
    return UNCLEAR.get(_reason(control["reason"]) or Reason.UNRECOGNISED, "unclear")


def _reason(name: Any) -> Reason | None:
    try:
        return Reason(name)
    except ValueError:
        return None


def concluded(finding: Record | None, place: str) -> str | None:
    """What a finding in the log says of the platform's answer, as one line of details; None where it says nothing."""
    if finding is None:
        return None
    reason = _reason(finding.get("reason"))
    if reason in SAID:
        return f"{SAID[reason].format(place)}."
    if reason in UNCLEAR:
        return f"{UNCLEAR[reason].capitalize()}."
    return {
        Reason.PROTECTED: "The account is there, but protected: its name is shown, its posts are not.",
        Reason.RENAMED: "The account answered under another handle.",
    }.get(reason or Reason.PROFILE)


def safely(read: Callable[[], Any]) -> Any:
    """What `read` gives; None where what is stored is of another form."""
    try:
        return read()
    except _FAULTS:
        return None
