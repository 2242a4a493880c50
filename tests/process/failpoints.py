"""Where a process may be made to die: between any two steps of commit, claim, send and mark. For tests only.

Nothing of it is in the product: the store is a subclass that names what it is about to do, SQLAlchemy tells of each
statement and of each COMMIT, and the calls of the operating system that put a page on the disk go through here first.
A point is named "OPERATION: before STEP", or "OPERATION: after" where there is no further step.
"""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

from sqlalchemy import event

from watcher.model.notification import (
    Delivered,
    Delivery,
    Message,
    Notification,
    NotificationKind,
    NotificationState,
    Outcome,
    ToldAsWell,
)
from watcher.model.outage import TransitionKind
from watcher.notify.channels.slack import SlackWebhook
from watcher.store import evidence
from watcher.store.codec import micros_of
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

PASSED = "passed"
"""The file that notes, a line each, which points were passed; the last line of a killed process is where it died."""

_DUE = "SELECT kind FROM notification WHERE state = 'pending' AND due_at <= ? ORDER BY seq LIMIT 1"
# A commit is called by the weightiest of what it says.
_WEIGHTS = (TransitionKind.OUTAGE_CLOSED, TransitionKind.OUTAGE_OPENED, TransitionKind.ACCOUNT_SUSPECTED)


class Trap:
    """Notes each point that is passed, and kills the process at the one called `at`, as the kernel would."""

    def __init__(self, directory: Path, at: str | None) -> None:
        self._file = os.open(directory / PASSED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._at = at
        self._operation: str | None = None
        self._steps: Counter[str] = Counter()

    @contextmanager
    def operation(self, name: str | None) -> Iterator[None]:
        """Within this, steps belong to the operation of that name; None: to none."""
        self._operation, self._steps = name, Counter()
        try:
            yield
        except BaseException:
            self._operation = None
            raise
        self._pass("after")
        self._operation = None

    def step(self, name: str) -> None:
        """The operation is about to take this step."""
        if self._operation is not None:
            self._steps[name] += 1
            count = self._steps[name]
            self._pass(f"before {name}" if count == 1 else f"before {name} ({count})")

    def _pass(self, what: str) -> None:
        if self._operation is not None:
            self.pass_point(f"{self._operation}: {what}")

    def pass_point(self, point: str) -> None:
        """Note that the process is there, and die if it is to."""
        os.write(self._file, f"{point}\n".encode())
        if point == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


class CrashingStore(SqlStore):
    """The real store, with a trap between its steps."""

    def __init__(self, state_dir: Path, trap: Trap) -> None:
        super().__init__(state_dir)
        self._trap = trap
        self._eye: sqlite3.Connection

    def open(self) -> None:
        """Open, and listen to the engine."""
        super().open()
        self._eye = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, check_same_thread=False)
        engine = self._require_engine()
        event.listen(engine, "before_cursor_execute", self._before_statement)
        event.listen(engine, "commit", lambda _connection: self._trap.step("COMMIT"))

    def close(self) -> None:
        """Close, and look no more."""
        self._eye.close()
        super().close()

    def _before_statement(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self._trap.step(_said(statement))

    def commit(self, commit: Commit) -> None:
        """Commit, under the name of the weightiest transition."""
        kinds = {transition.kind for transition in commit.transitions}
        with self._trap.operation(next((f"commit {kind}" for kind in _WEIGHTS if kind in kinds), None)):
            super().commit(commit)

    def claim(
        self, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> tuple[Notification, ...]:
        """Claim, under the name of what is due; nothing when nothing is."""
        due = self._eye.execute(_DUE, (micros_of(now),)).fetchone()
        with self._trap.operation(None if due is None else f"claim {due[0]}"):
            return super().claim(now, lease, limit, channel)

    def settle(
        self, notification: Notification, delivery: Delivery, thread: str = "", also: ToldAsWell | None = None
    ) -> None:
        """Mark, under the name of what was delivered, and of the end where that was told as well."""
        delivered = notification.state is NotificationState.DELIVERED
        end = " with its end" if also is not None and NotificationKind.RESOLVED in also.kinds else ""
        with self._trap.operation(f"mark {notification.kind}{end}" if delivered else None):
            super().settle(notification, delivery, thread, also)


def _said(statement: str) -> str:
    """A statement in short: its verb and its table."""
    words = statement.replace('"', "").split()
    verb = words[0].upper()
    match verb:
        case "INSERT":
            return f"{verb} {words[2]}"
        case "UPDATE":
            return f"{verb} {words[1]}"
        case "SELECT":
            return f"{verb} {words[words.index('FROM') + 1]}"
        case _:
            return verb


def spring(trap: Trap) -> None:
    """Put the trap between the steps of the evidence and around what Slack is sent."""
    _trap_evidence(trap)
    send = SlackWebhook.send

    async def send_or_die(self: SlackWebhook, message: Message) -> Outcome:
        # In the thread of the loop, beside whatever operation the store's is in.
        trap.pass_point(f"send {message.kind}: before POST")
        outcome = await send(self, message)
        if isinstance(outcome, Delivered):
            trap.pass_point(f"send {message.kind}: after")
        return outcome

    SlackWebhook.send = send_or_die  # type: ignore[method-assign]


def _trap_evidence(trap: Trap) -> None:
    class Traced:
        """The module `os`, as far as the evidence uses it."""

        opened: ClassVar[dict[int, Path]] = {}

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
            if flags & os.O_CREAT:
                trap.step(f"create {_named(path)}")
            descriptor = os.open(path, flags, mode)
            self.opened[descriptor] = path
            return descriptor

        def fdopen(self, descriptor: int, mode: str) -> Any:
            return _Torn(os.fdopen(descriptor, mode), trap)

        def fsync(self, descriptor: int) -> None:
            trap.step(f"fsync {_named(self.opened[descriptor])}")
            os.fsync(descriptor)

    def before(verb: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Path, *args: Any, **kwargs: Any) -> Any:
            trap.step(f"{verb} {_named(path)}")
            return function(path, *args, **kwargs)

        return call

    vars(evidence)["os"] = Traced()
    Path.mkdir = before("mkdir", Path.mkdir)  # type: ignore[method-assign]
    Path.replace = before("rename", Path.replace)  # type: ignore[method-assign]


def _named(path: Path) -> str:
    """A page, its folder, that of all pages, or that of the state."""
    if path.suffix == ".tmp":
        return "page.tmp"
    return {"evidence": "evidence/", "state": "state/"}.get(path.name, "evidence/ab/")


class _Torn:
    """A file that is written in two halves, with a step before each."""

    def __init__(self, file: Any, trap: Trap) -> None:
        self._file = file
        self._trap = trap

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        middle = len(data) // 2
        for half in (data[:middle], data[middle:]):
            self._trap.step("write half of page.tmp")
            self._file.write(half)
            self._file.flush()

    def flush(self) -> None:
        self._file.flush()

    def fileno(self) -> int:
        return int(self._file.fileno())


def points(steps: Mapping[str, Sequence[str]]) -> list[str]:
    """The names of all points of these operations, in order."""
    return [
        f"{operation}: {what}"
        for operation, taken in steps.items()
        for what in (*(f"before {step}" for step in taken), "after")
    ]
