"""What the command line says of a configuration, of a run and of what is stored: lines, tables, records. Pure.

Asks nobody and prints nothing. The texts may hold what pages wrote: who prints them must clean them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from watcher.model.account import Account
from watcher.model.errors import ConfigError
from watcher.model.finding import Verdict
from watcher.model.outage import AccountState, Outage
from watcher.model.record import Record
from watcher.notify import format_duration, format_stamp
from watcher.settings import Level, Loaded, Remark, remarks
from watcher.store.base import Stored

Stands = tuple[tuple[Account, AccountState], ...]
Row = tuple[str, ...]


def started(loaded: Loaded, url: str) -> Iterator[str]:
    """What a run says once it serves `url`: what is watched, where things are, who cannot alert."""
    yield f"watching  {_counted(loaded)}"
    yield f"state     {loaded.settings.state_dir}"
    yield f"page      {url}"
    for remark in all_remarks(loaded):
        yield f"{_LEVELS[remark.level]:<10}{_said(remark)}"
    yield "hint      `watcher demo` (make demo) shows on this machine what an outage looks like; Ctrl-C ends this run"


_LEVELS = {Level.CANNOT_ALERT: "no alert", Level.WARNING: "warning"}


def all_remarks(loaded: Loaded) -> tuple[Remark, ...]:
    """What the configuration will not do."""
    return remarks(loaded.watchlist, loaded.platforms, loaded.settings)


def can_all_alert(loaded: Loaded) -> bool:
    """False when an outage of some account could never be told."""
    return not _dumb(loaded)


def checked(loaded: Loaded) -> Iterator[str]:
    """What a check says of a configuration without faults: the remarks, and a summary as the last line."""
    for remark in all_remarks(loaded):
        label = "cannot alert" if remark.level is Level.CANNOT_ALERT else "warning"
        yield f"{label}: {_said(remark)}"
    yield f"{_counted(loaded)}; {len(_dumb(loaded)) or 'none'} cannot alert"


def checked_record(loaded: Loaded, *, strict: bool) -> Record:
    """The same as data. `ok` is what the exit status says."""
    return {
        "ok": not (strict and _dumb(loaded)),
        "faults": [],
        "remarks": [
            {"account": remark.account_id, "level": str(remark.level), "message": remark.message}
            for remark in all_remarks(loaded)
        ],
        "accounts": len(loaded.watchlist.accounts),
    }


def faults_record(error: ConfigError) -> Record:
    """A refused configuration as data, in the shape of `checked_record`."""
    faults = [
        {
            "file": fault.file,
            "line": fault.line,
            "column": fault.column,
            "path": fault.path,
            "message": fault.message,
        }
        for fault in error.faults
    ]
    return {"ok": False, "faults": faults, "remarks": [], "accounts": 0}


def stands(loaded: Loaded, stored: Stored, now: datetime) -> Stands:
    """Each watched account with its stored state; one that no run has seen yet is NEW since `now`."""
    return tuple(
        (account, stored.states.get(account.id) or AccountState(account_id=account.id, since=now))
        for account in loaded.watchlist.accounts.values()
    )


def accounts_table(found: Stands) -> Iterator[str]:
    """One line an account: how it stands, since when, what was last seen of it, its outages."""
    rows = [("ACCOUNT", "STATE", "SINCE", "LAST LOOK", "OUTAGES", "NOW GONE FOR")]
    for account, state in found:
        gone = format_duration(state.outage.duration) if state.outage is not None else ""
        since = format_stamp(state.since) if state.last_probe_at is not None else ""
        rows.append((account.id, _phase(state), since, _verdict(state), str(state.outages_total), gone))
    return _table(rows)


def outages_table(found: Sequence[Outage]) -> Iterator[str]:
    """One line an outage, in the order given; durations with the bounds that are proven."""
    if not found:
        return iter(("no outages",))
    rows = [("ACCOUNT", "BEGAN ABOUT", "DURATION", "REASON", "SEVERITY", "ENDED")]
    for outage in found:
        ended = "open" if outage.is_open else str(outage.end_cause)
        rows.append(
            (
                outage.account_id,
                format_stamp(outage.last_present + (outage.began.latest - outage.last_present) / 2),
                format_duration(outage.duration),
                f"{outage.reason}, {outage.certainty}",
                str(outage.severity_then),
                ended,
            )
        )
    return _table(rows)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _phase(state: AccountState) -> str:
    return f"{state.phase}, blind" if state.blind_since is not None else str(state.phase)


def _verdict(state: AccountState) -> str:
    if state.verdict is None:
        return "none yet"
    return f"{state.verdict}, {state.reason}" if state.verdict is not Verdict.PRESENT else str(state.verdict)


def _said(remark: Remark) -> str:
    return f"{remark.account_id}: {remark.message}" if remark.account_id is not None else remark.message


def _dumb(loaded: Loaded) -> set[str | None]:
    return {remark.account_id for remark in all_remarks(loaded) if remark.level is Level.CANNOT_ALERT}


def _counted(loaded: Loaded) -> str:
    accounts = loaded.watchlist.accounts.values()
    platforms = len({account.platform for account in accounts})
    many = "account" if len(accounts) == 1 else "accounts"
    return f"{len(accounts)} {many} on {platforms} {'platform' if platforms == 1 else 'platforms'}"
