"""Evidence handed out and checked: an honest archive holds, and not one byte of it can be changed unseen."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.classify.story import missing
from tests.unit.sighted import API, THERE, bundled, sighting
from watcher import dossier as room
from watcher.cli import main
from watcher.dossier import ArchiveError, Dossier, Outcome, archive, conclusion, read_archive, verdict, verify
from watcher.look.bundle import canonical
from watcher.store.codec import chained_hash, transition_document
from watcher.store.values import Trace


def evidence() -> Dossier:
    """Two transitions after one another: @alice was there, and was not."""
    traces: list[Trace] = []
    pieces: dict[str, bytes | None] = {}
    previous = ""
    for seq, seen in enumerate((sighting(THERE, API), sighting()), start=7):
        named, kept = bundled(seen)
        document = transition_document(named)
        digest = chained_hash(document, previous)
        found = tuple((role, body.sha256, len(body.content)) for role, body in sorted(kept.items()))
        traces.append(Trace(seq=seq, hash=digest, previous=previous, document=document, evidence=found))
        pieces |= {body.sha256: body.content for body in kept.values()}
        previous = digest
    return Dossier(traces=tuple(traces), pieces=pieces)


def checked(files: dict[str, bytes], expected: str | None = None) -> bool:
    """Whether an archive holds."""
    try:
        found, checks = read_archive(files)
    except ArchiveError:
        return False
    return verdict((*checks, *verify(found, expected=expected)))


FILES = archive(evidence())
LAST = evidence().traces[-1]


def test_an_honest_archive_holds_and_is_of_the_alert() -> None:
    """Also when it was read back; the digits of an alert are found, others are not."""
    assert checked(FILES, LAST.hash[:20])
    assert not checked(FILES, "0" * 20)


def test_the_manifest_is_one_that_sha256sum_reads() -> None:
    """A line for each other file: the sum, two spaces, the name."""
    lines = FILES["MANIFEST"].decode().splitlines()
    assert sorted(FILES.keys() - {"MANIFEST"}) == [line[66:] for line in lines]
    assert all(sha256(FILES[line[66:]]).hexdigest() == line[:64] and line[64:66] == "  " for line in lines)


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(FILES)), place=st.integers(0, 2**20), bit=st.integers(0, 7))
def test_no_byte_can_be_changed(name: str, place: int, bit: int) -> None:
    """Whichever it is, in whichever file."""
    content = bytearray(FILES[name])
    content[place % len(content)] ^= 1 << bit
    changed = {**FILES, name: bytes(content)}
    if name == "MANIFEST" and content.lower() == FILES[name].lower():
        return
    assert not checked(changed)


def resealed(files: dict[str, bytes]) -> dict[str, bytes]:
    """With a MANIFEST made anew, as a forger would."""
    rest = {name: content for name, content in files.items() if name != "MANIFEST"}
    sums = "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(rest.items()))
    return {**rest, "MANIFEST": sums.encode()}


def test_a_forger_who_makes_every_hash_anew_cannot_make_the_alert_s() -> None:
    """Bundle, transition and MANIFEST may be made to agree; the digits that people were sent remain."""
    forged = evidence()
    trace = forged.traces[-1]
    bundle = forged.document(trace, "bundle")
    assert bundle is not None
    bundle["answer"]["status"] = 200
    content = canonical(bundle)
    digest = sha256(content).hexdigest()
    document = {**trace.document, "detail": {**trace.document["detail"], "bundle": digest}}
    pieces = tuple(("bundle", digest, 1) if role == "bundle" else (role, old, n) for role, old, n in trace.evidence)
    made = replace(trace, hash=chained_hash(document, trace.previous), document=document, evidence=pieces)
    files = archive(Dossier(traces=(made,), pieces={**forged.pieces, digest: content}))
    assert checked(files)
    assert not checked(files, trace.hash[:20])


def test_a_bundle_of_another_look_is_found_out() -> None:
    """A sound one, named by nobody, or named in the place of the right one."""
    honest = evidence()
    first, last = honest.traces
    swapped = {**last.document, "detail": first.document["detail"]}
    made = replace(last, document=swapped, hash=chained_hash(swapped, last.previous), evidence=first.evidence)
    checks = verify(Dossier(traces=(made,), pieces=honest.pieces))
    assert [check.what for check in checks if check.outcome is Outcome.BAD] == [
        "transition 8: bundle is of another look"
    ]


def test_what_was_removed_is_said_and_is_no_fault() -> None:
    """Old evidence goes, what controls said may be forgotten: what is left still holds."""
    honest = evidence()
    without = [
        replace(trace, evidence=tuple(piece for piece in trace.evidence if piece[0] != "controls"))
        for trace in honest.traces
    ]
    checks = verify(Dossier(traces=tuple(without), pieces=honest.pieces))
    assert verdict(checks)
    assert sum("is not there: never stored, or removed since" in check.what for check in checks) == 2
    assert conclusion(checks) == "what is there holds, but 2 pieces are not there"
    bare = [replace(trace, evidence=()) for trace in honest.traces]
    assert verdict(verify(Dossier(traces=tuple(bare), pieces={})))


def test_what_came_of_no_look_lacks_nothing() -> None:
    """Its hash shows that it has no bundle."""
    last = evidence().traces[-1]
    document = {**last.document, "detail": {}}
    alone = replace(last, document=document, hash=chained_hash(document, last.previous), evidence=())
    checks = verify(Dossier(traces=(alone,), pieces={}))
    assert conclusion(checks) == "every hash holds"


ROLES = [(n, role) for n, trace in enumerate(evidence().traces) for role, _, _ in trace.evidence]


@pytest.mark.parametrize(("place", "role"), ROLES)
def test_whoever_takes_a_piece_out_is_told_of(tmp_path: Path, place: int, role: str) -> None:
    """The rest holds, and it does not end as if all were there; nor where the file alone is taken."""
    entries = json.loads(FILES["transitions.json"])
    [taken] = [piece for piece in entries[place]["evidence"] if piece["role"] == role]
    entries[place]["evidence"].remove(taken)
    others = {piece["sha256"] for entry in entries for piece in entry["evidence"]}
    kept = {name: content for name, content in FILES.items() if name != taken["file"] or taken["sha256"] in others}
    told = command(tmp_path / "forged", resealed({**kept, "transitions.json": json.dumps(entries).encode()}))
    assert told == (3, "what is there holds, but 1 piece is not there")
    lost = command(tmp_path / "lost", {name: content for name, content in FILES.items() if name != taken["file"]})
    assert lost == (1, "it is not what it was; 1 piece is not there")


def test_an_archive_of_which_all_is_there_ends_well(tmp_path: Path) -> None:
    """Said by the command, too, and as data."""
    assert command(tmp_path / "whole", FILES) == (0, "every hash holds")
    assert room.as_data(verify(evidence()))["missing"] == 0


def command(folder: Path, files: dict[str, bytes]) -> tuple[int, str]:
    """How `watcher evidence verify` ends, and the last that it says."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    result = CliRunner().invoke(main, ["evidence", "verify", str(folder)])
    return result.exit_code, result.stdout.splitlines()[-1]


@pytest.mark.parametrize("other", [{}, {"schema": "watcher-evidence/1"}, {"schema": "watcher-evidence/2"}, [], "x"])
def test_a_bundle_that_is_none_of_ours_is_a_fault(other: object) -> None:
    """Also where its hash is right: whatever stands in it, it is told in words."""
    honest = evidence()
    content = json.dumps(other).encode()
    digest = sha256(content).hexdigest()
    document = {**honest.traces[-1].document, "detail": {"bundle": digest}}
    made = replace(
        honest.traces[-1],
        document=document,
        hash=chained_hash(document, honest.traces[-1].previous),
        evidence=(("bundle", digest, len(content)),),
    )
    checks = verify(Dossier(traces=(made,), pieces={digest: content}))
    assert [check.what for check in checks if check.outcome is Outcome.BAD] == [
        "transition 8: its bundle is not of the form watcher-evidence/1"
    ]


def test_a_lost_piece_is_a_fault() -> None:
    """One that the store says it has, and has not."""
    honest = evidence()
    lost = {
        digest: None if honest.pieces[digest] == missing("Nobody is here").encode() else content
        for digest, content in honest.pieces.items()
    }
    assert not verdict(verify(Dossier(traces=honest.traces, pieces=lost)))


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"transitions.json": b"[]", "MANIFEST": b""},
        {"transitions.json": b"[]"},
        {"transitions.json": b"{}", "MANIFEST": b""},
        {"transitions.json": b"[1]", "MANIFEST": b""},
        {"transitions.json": b'[{"seq": 1}]', "MANIFEST": b""},
        {**FILES, "MANIFEST": b"\xff"},
        {**FILES, "MANIFEST": b"no sums"},
    ],
)
def test_anything_else_is_no_archive(files: dict[str, bytes]) -> None:
    """It is refused in words; so is one that lists nothing, which would prove nothing."""
    with pytest.raises(ArchiveError, match="no archive of evidence"):
        read_archive(files)


def test_what_is_shown_says_it_in_words() -> None:
    """Request, answer, quote, rule, controls with the gate, the page."""
    lines = list(room.shown(evidence()))
    text = "\n".join(lines)
    for part in (
        "transition 8: AccountSuspected, site:alice",
        "asked      GET https://site.example/alice (source 'page', routine)",
        "answered   404 https://site.example/alice",
        "found      absent, not_found (stated)",
        "rule       'missing' of site/page, sha256 ",
        "positive   bob: ",
        "negative   qhzkwvmxrtplbnd: absent, not_found",
        "gate       admits it",
        "page       Nobody is here",
        "field      json:id = 17",
    ):
        assert part in text
    assert "hobby" not in text


def test_a_page_that_the_disk_never_took_is_not_shown_as_kept() -> None:
    """The bundle was made before it was tried; `verify` says the same, and that nothing is wrong by that."""
    honest = evidence()
    page = next(digest for role, digest, _ in LAST.evidence if role == "target")
    without = replace(LAST, evidence=tuple(piece for piece in LAST.evidence if piece[1] != page))
    left = {digest: content for digest, content in honest.pieces.items() if digest != page}
    never = Dossier(traces=(without,), pieces=left)
    assert body_line(honest) == f"sha256 {page}, kept"
    assert body_line(never) == f"sha256 {page}, not there: never stored, or removed since"
    assert body_line(replace(honest, pieces=left)) == f"sha256 {page}, lost or damaged"
    checks = verify(never)
    assert verdict(checks)
    assert [check.what for check in checks if check.outcome is not Outcome.OK] == [
        f"transition 8: page {page} is not there: never stored, or removed since"
    ]


def body_line(dossier: Dossier) -> str:
    """What is shown of the last page, from its hash on."""
    *_, line = (line for line in room.shown(dossier) if line.startswith("  body "))
    return line.split(" bytes, ", 1)[1]


def test_records_are_plain_data() -> None:
    """What --json prints: everything but the bytes of pages."""
    data = json.loads(json.dumps(room.records(evidence())))
    assert [each["seq"] for each in data] == [7, 8]
    assert data[1]["bundle"]["finding"]["verdict"] == "absent"
    assert data[1]["controls"]["negative"][0]["reason"] == "not_found"
    assert next(room.table(())) == "no evidence is kept"
    assert len(list(room.table(evidence().traces))) == 3
    assert room.as_data(verify(evidence()))["sound"] is True
