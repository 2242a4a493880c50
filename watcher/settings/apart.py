"""Read the configuration in a process of its own, where the watchlist is large.

To read a hundred thousand accounts takes seconds and hundreds of megabytes. In this process it would hold up the
event loop, a thread or not (one at a time may run Python), and would leave its memory in pieces. So another process
reads: after an edit only what is new by the layouts of the files (see `edits`), else all. Then it hands over what this
one does not know yet: of an account that it knows, the mark, a hash over all it says.

`load` is called where waiting holds up nobody: before the loop runs, or in a thread.
"""

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Event, Timer
from typing import IO, Final

from watcher.model.account import Account, Owner, Watchlist
from watcher.model.errors import ConfigError, Fault, WatcherError
from watcher.model.platform import Platform, are_alike
from watcher.settings.files import ConfigFiles
from watcher.settings.layout import Layout
from watcher.settings.loaded import Loaded
from watcher.settings.marks import by_id, marks_of
from watcher.settings.pieces import Edited, put_together
from watcher.settings.values import Settings

LARGE: Final = 300_000  # bytes: some two thousand accounts, read in the time that a process takes to begin
_SLICE: Final = 500  # accounts at a time: to take them up lets others run in between
_NICE: Final = 5
_LONGEST: Final = 300.0  # seconds: a hundred times what a hundred thousand accounts take
_PROGRAM: Final = f"from {__name__} import main; main()"


class ReadingError(WatcherError):
    """The process that reads the configuration did not begin, or ended without a word: by want of memory, say."""


@dataclass(frozen=True, slots=True)
class _Asked:
    path: Path
    env: Mapping[str, str] = field(repr=False)
    known: tuple[str, ...]
    marks: bytes
    layouts: Mapping[Path, Layout]
    nice: int


@dataclass(frozen=True, slots=True)
class _Head:
    """All but the accounts. `order` are the ids of all, a line each; `marks` theirs."""

    settings: Settings
    platforms: Mapping[str, Platform]
    owners: Mapping[str, Owner]
    fingerprint: str
    order: tuple[str, ...]
    marks: bytes
    layouts: Mapping[Path, Layout]


class Reading:
    """One reading, which can be stopped: then `load` raises ReadingError.

    Where nothing is done beside the loop (the tests' virtual time), nothing is read `apart` either.
    """

    def __init__(self, *, apart: bool = True) -> None:
        self._is_apart = apart
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def load(self, path: Path, env: Mapping[str, str], old: Loaded | None = None) -> Loaded:
        """What `load_all` gives; its ConfigError too. What is as in `old` is the same object, where that is known."""
        loaded = self._load(path, env, old)
        if old is not None and are_alike(old.platforms, loaded.platforms):
            return replace(loaded, platforms=old.platforms)
        return loaded

    def _load(self, path: Path, env: Mapping[str, str], old: Loaded | None) -> Loaded:
        if not self._is_apart or ConfigFiles(path, env).size() < LARGE:
            from watcher.settings.load import load_all

            return load_all(path, env)
        return self._load_apart(path, env, old)

    def _load_apart(self, path: Path, env: Mapping[str, str], old: Loaded | None) -> Loaded:
        known = old if old is not None and old.marks else None
        asked = _Asked(
            path,
            dict(env),
            tuple(known.watchlist.accounts) if known else (),
            known.marks if known else b"",
            old.layouts if old is not None else {},
            _NICE if old is not None else 0,
        )
        try:
            process = self._begun()
        except OSError as error:
            reason = (error.strerror or "it failed").lower()
            raise ReadingError(f"{path} could not be read: its reader could not be started: {reason}") from None
        with process, _in_time(process) as too_late:
            try:
                loaded = _taken(process, asked, old)
            except (EOFError, OSError, pickle.UnpicklingError):
                process.kill()
                end = f"took longer than {_LONGEST:g} s" if too_late.is_set() else f"ended with status {process.wait()}"
                raise ReadingError(f"{path} could not be read: its reader {end}") from None
        if loaded is None and old is not None:  # all must be read, as only who knows the accounts can tell
            return self._load_apart(path, env, replace(old, layouts={}))
        assert loaded is not None  # noqa: S101 - there was nothing that it had to fit
        return loaded

    def _begun(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(  # noqa: S603 - this program itself
            # -P: what lies in the working directory is no part of this program.
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # an interrupt from the keyboard is for this process alone
        )
        self._process = process
        if self._is_stopped:
            process.kill()
        return process

    def stop(self) -> None:
        """End it, from any thread."""
        self._is_stopped = True
        if self._process is not None:
            self._process.kill()


@contextmanager
def _in_time(process: "subprocess.Popen[bytes]") -> Iterator[Event]:
    """Kill it at the end, or when that takes too long: then the event is set."""
    too_late = Event()

    def end() -> None:
        too_late.set()
        process.kill()

    timer = Timer(_LONGEST, end)
    timer.daemon = True
    try:
        timer.start()
        yield too_late
    finally:
        timer.cancel()
        process.kill()


def _taken(process: "subprocess.Popen[bytes]", asked: _Asked, old: Loaded | None) -> Loaded | None:
    """What it says; None where what is new does not fit what is known."""
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    assert process.stdout is not None  # noqa: S101 - so is this
    with process.stdin as told:
        pickle.dump(asked, told, pickle.HIGHEST_PROTOCOL)
    head: _Head | Edited | list[Fault] = pickle.load(process.stdout)  # noqa: S301 - from this program itself
    if isinstance(head, list):
        raise ConfigError(head)
    if isinstance(head, Edited):
        assert old is not None  # noqa: S101 - of what else would it be an edit
        loaded = put_together(old, head)
        return replace(loaded, env=asked.env) if loaded is not None else None
    return Loaded(
        settings=head.settings,
        platforms=head.platforms,
        watchlist=Watchlist(accounts=_accounts(head, process.stdout, old), owners=head.owners),
        path=asked.path,
        env=asked.env,
        fingerprint=head.fingerprint,
        marks=head.marks,
        layouts=head.layouts,
    )


def _accounts(head: _Head, said: IO[bytes], old: Loaded | None) -> dict[str, Account]:
    before = old.watchlist.accounts if old is not None else {}
    fresh: dict[str, Account] = {}
    while part := pickle.load(said):  # noqa: S301 - from this program itself
        fresh.update((account.id, account) for account in part)
    return {account_id: _kept(fresh.get(account_id), before.get(account_id)) for account_id in head.order}


def _kept(new: Account | None, old: Account | None) -> Account:
    if new is None or new == old:
        assert old is not None  # noqa: S101 - only what is known is not handed over
        return old
    return new


def answer(asked: _Asked) -> Iterator[object]:
    """What this process says, piece by piece: what is new; or the faults; or the head, the other accounts, nothing."""
    from watcher.settings.edits import read_edited
    from watcher.settings.load import load_parted

    edited = read_edited(asked.path, asked.env, asked.layouts)
    if edited is not None:
        yield replace(edited, loaded=replace(edited.loaded, env={}))
        return
    try:
        loaded = load_parted(asked.path, asked.env)
    except ConfigError as error:
        yield list(error.faults)
        return
    accounts = loaded.watchlist.accounts
    marks = marks_of(accounts.values())
    yield _Head(
        loaded.settings,
        loaded.platforms,
        loaded.watchlist.owners,
        loaded.fingerprint,
        tuple(accounts),
        marks,
        loaded.layouts,
    )
    before, now = by_id(asked.known, asked.marks), by_id(accounts, marks)
    unknown = (account for account_id, account in accounts.items() if before.get(account_id) != now[account_id])
    while part := tuple(islice(unknown, _SLICE)):
        yield part
    yield ()


def main() -> None:
    """Read what is asked for, and hand it over."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # without whom it reads for, there is nothing more to do
    gc.disable()  # nothing of what is read is garbage, and to look for it takes longer than to read
    asked = pickle.load(sys.stdin.buffer)  # noqa: S301 - from this program itself
    with suppress(OSError):  # a sandbox may refuse even to ask for no lower priority: it is a courtesy only
        os.nice(asked.nice)
    for piece in answer(asked):
        pickle.dump(piece, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
    sys.stdout.buffer.flush()
