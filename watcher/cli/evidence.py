"""`watcher evidence`: list, show, hand out and check what is kept of each transition. Reads only."""

import os
import re
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from watcher.cli.records import account_id_of, opened
from watcher.cli.terminal import config_option, epilog, fail, faults_told, json_option, print_json, say, say_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from watcher.dossier import Check, Dossier
    from watcher.store.sql import SqlStore

_LISTED: Final = 50
_TONES: Final = {"ok": "green", "gone": "yellow", "lost": "red", "bad": "red"}
_NOT_ALL: Final = 3
# An archive holds some pages of at most a few MB each.
_LARGEST: Final = 512 * 1024 * 1024
_DATE: Final = (1980, 1, 1, 0, 0, 0)


@click.group(
    epilog=epilog(
        "watcher evidence list --account x:realdonaldtrump",
        "watcher evidence show 3f2a91c4d07b",
        "watcher evidence export x:realdonaldtrump-20171102T230012250 proof.zip",
        "watcher evidence verify proof.zip --hash 3f2a91c4d07be8815a02",
    )
)
def evidence() -> None:
    """Show, hand out and check what an alert rests on.

    Each entry of the log that came of a look has a bundle: what was asked, what came back, which rule decided, and
    what the controls said. Alerts show the first 20 digits of the entry's hash, which covers the bundle's.

    ID is the id of an outage (all its entries), the number of an entry, or six digits or more of its hash.
    """


def _digits(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """At least as many digits as alerts show: fewer would prove little, and none nothing."""
    if value is not None and not re.fullmatch(r"[0-9a-fA-F]{20,64}", value):
        raise click.BadParameter("give the 20 hexadecimal digits that the alert shows as its evidence hash")
    return value


@evidence.command(
    "list",
    epilog=epilog(
        "watcher evidence list",
        "watcher evidence list --limit 5 --json",
        ends="Ends with 0; 1 when no such account is known.",
    ),
)
@config_option
@click.option("--account", metavar="ID", help="Only of this account, or of this profile URL.")
@click.option("--limit", type=click.IntRange(1), default=_LISTED, show_default=True, help="So many at most.")
@json_option
def list_(config: Path, account: str | None, limit: int, as_json: bool) -> None:
    """List the entries of which evidence is kept, the latest first."""
    from watcher.dossier import listing, table

    with faults_told(), opened(_state_dir(config), read_only=True) as store:
        traces = store.recent_traces(account_id_of(account, config, store), limit)
    if as_json:
        print_json(listing(traces))
    else:
        say_all(table(traces))


@evidence.command(
    epilog=epilog(
        "watcher evidence show x:realdonaldtrump-20171102T230012250",
        "watcher evidence show 3f2a91c4d07b --json",
        ends="Ends with 0; 1 when there is nothing of that id.",
    )
)
@click.argument("reference", metavar="ID")
@config_option
@json_option
def show(reference: str, config: Path, as_json: bool) -> None:
    """Show evidence as text.

    What pages wrote is shown without anything that a terminal would obey; the bytes are in the export.
    """
    from watcher.dossier import records, shown

    dossier = _dossier(reference, config)
    if as_json:
        print_json(records(dossier))
    else:
        say_all(shown(dossier))


@evidence.command(
    epilog=epilog(
        "watcher evidence export x:realdonaldtrump-20171102T230012250 proof.zip",
        "watcher evidence export 3f2a91c4d07b proof",
        ends="Ends with 0; 1 when there is nothing of that id, the file is there already, or a piece is lost or "
        "damaged; 3 when pieces are not there that were never stored, or removed since.",
    )
)
@click.argument("reference", metavar="ID")
@click.argument("to", metavar="FILE.zip|DIR", type=click.Path(path_type=Path))
@config_option
def export(reference: str, to: Path, config: Path) -> None:
    """Write evidence to a ZIP file or a new folder.

    With the pages, the bundles, a MANIFEST of SHA-256 sums, and what to do to check it. Pages are written as text
    files: anybody may have written what is in them. What cannot be written, because it is not there, is named.
    """
    from watcher.dossier import Outcome, archive
    from watcher.dossier import verify as verified

    dossier = _dossier(reference, config)
    files = archive(dossier)
    try:
        (_zip if to.suffix.lower() == ".zip" else _folder)(to, files)
    except FileExistsError:
        fail(f"{to} is there already: name another", 1)
    except OSError as error:
        fail(f"{to} cannot be written: {error.strerror or error}", 1)
    say(f"{to}: {len(files)} files; check them with: watcher evidence verify {to}")
    faults = [check for check in verified(dossier) if check.outcome is not Outcome.OK]
    _say_checks(faults)
    _end(faults)


@evidence.command(
    epilog=epilog(
        "watcher evidence verify x:realdonaldtrump-20171102T230012250",
        "watcher evidence verify proof.zip --hash 3f2a91c4d07be8815a02",
        ends="Ends with 0 when every hash holds; 1 when one does not, or there is nothing to check; 3 when all that is "
        "there holds, but pieces are not there.",
    )
)
@click.argument("reference", metavar="ID|FILE.zip|DIR")
@config_option
@click.option(
    "--hash",
    "expected",
    metavar="DIGITS",
    callback=_digits,
    help="The evidence hash of an alert, all 20 digits.",
)
@json_option
def verify(reference: str, config: Path, expected: str | None, as_json: bool) -> None:
    """Compute every hash anew.

    Of what is stored (then the whole log is checked, too) or of an exported archive, which needs no configuration.
    Pieces that are not there (the disk was full, they were old, they were forgotten) are counted: they prove nothing.
    """
    from watcher.dossier import as_data, conclusion
    from watcher.dossier import verify as verified

    path = Path(reference)
    if path.is_dir() or path.is_file():
        dossier, checks = _archived(path)
    else:
        dossier, checks = _dossier(reference, config), _chain(config)
    checks = (*checks, *verified(dossier, expected=expected))
    if as_json:
        print_json(as_data(checks))
    else:
        _say_checks(checks)
        say(conclusion(checks), bold=True)
    _end(checks)


def _say_checks(checks: "Iterable[Check]") -> None:
    for check in checks:
        say(f"{check.outcome:5} {check.what}", fg=_TONES[check.outcome])


def _end(checks: "Sequence[Check]") -> NoReturn:
    from watcher.dossier import missing, verdict

    if not verdict(checks):
        sys.exit(1)
    sys.exit(_NOT_ALL if missing(checks) else 0)


def _state_dir(config: Path) -> Path:
    from watcher.settings.load import load_state_dir

    return load_state_dir(config, os.environ)


def _dossier(reference: str, config: Path) -> "Dossier":
    from watcher.dossier import Dossier

    with faults_told(), opened(_state_dir(config), read_only=True) as store:
        traces = store.traces(reference)
        digests = {digest for trace in traces for _, digest, _ in trace.evidence}
        pieces = {digest: _piece(store, digest) for digest in digests}
    if not traces:
        fail(f"nothing is known of '{reference}'; `watcher evidence list` shows what there is", 1)
    return Dossier(traces=traces, pieces=pieces)


def _piece(store: "SqlStore", digest: str) -> bytes | None:
    from watcher.model.errors import StoreError

    with suppress(StoreError):  # damaged: that is what is to be found out
        return store.body(digest)
    return None


def _chain(config: Path) -> "tuple[Check, ...]":
    from watcher.dossier import Check, Outcome

    with faults_told(), opened(_state_dir(config), read_only=True) as store:
        broken = store.verify_chain()
    if broken is None:
        return (Check(outcome=Outcome.OK, what="the log is an unbroken chain of hashes"),)
    return (Check(outcome=Outcome.BAD, what=f"transition {broken} breaks the chain of hashes"),)


def _archived(path: Path) -> "tuple[Dossier, tuple[Check, ...]]":
    from watcher.dossier import ArchiveError, read_archive

    try:
        return read_archive(_read(path))
    except (ArchiveError, OSError, zipfile.BadZipFile, ValueError) as error:
        fail(f"{path}: {error}", 1)
    # What zipfile and json make of bytes that somebody changed, packed otherwise or nested without end.
    except (zlib.error, EOFError, RuntimeError, OverflowError) as error:
        fail(f"{path}: is no archive of ours, or damaged: {error}", 1)


def _read(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        found = (each for each in sorted(path.rglob("*")) if each.is_file())
        return {each.relative_to(path).as_posix(): each.read_bytes() for each in found}
    with zipfile.ZipFile(path) as packed:
        if sum(item.file_size for item in packed.infolist()) > _LARGEST:
            raise ValueError("holds more than any archive of ours; unpack it yourself")
        return {item.filename: packed.read(item) for item in packed.infolist() if not item.is_dir()}


def _zip(to: Path, files: dict[str, bytes]) -> None:
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        _undone(to.unlink),
        os.fdopen(descriptor, "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name, content in sorted(files.items()):
            # The same evidence makes the same file.
            packed.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)


def _folder(to: Path, files: dict[str, bytes]) -> None:
    to.mkdir(mode=0o700)
    with _undone(partial(shutil.rmtree, to)):
        for name, content in sorted(files.items()):
            path = to / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_bytes(content)


@contextmanager
def _undone(undo: Callable[[], None]) -> Iterator[None]:
    """Leave nothing torn behind: it would be taken for the whole, and another try be refused because it is there."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            undo()
        raise
