"""A dossier as files that explain themselves, and back. Pure: who writes and reads them is not here."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from watcher.dossier.check import Check, Dossier, Outcome, check
from watcher.model.outage import BUNDLE
from watcher.model.record import Record
from watcher.store.values import Trace

MANIFEST: Final = "MANIFEST"
TRANSITIONS: Final = "transitions.json"
README: Final = "README.txt"
_SUFFIXES: Final = {"bundle": "bundle.json", "controls": "controls.json", "target": "page.txt"}
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


class ArchiveError(Exception):
    """{what} is no archive of evidence."""


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
    return check(sha256(files[name]).hexdigest() == digest, name, "is as listed", f"is not as the {MANIFEST} says")
