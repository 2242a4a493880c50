"""What the command line says of a configuration, of a run and of what is stored: lines, tables, records. Pure.

Asks nobody and prints nothing. The texts may hold what pages wrote: who prints them must clean them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Final, assert_never

from watcher.model.account import Account
from watcher.model.errors import ConfigError
from watcher.model.finding import Verdict
from watcher.model.outage import AccountState, Outage
from watcher.model.record import Record, account_record, uptime_record
from watcher.model.uptime import History, Uptime, recent_uptime
from watcher.notify import format_duration, format_stamp
from watcher.notify.wording import format_span
from watcher.settings import Level, Loaded, Remark, remarks, visibility, why_blind
from watcher.store.values import Amended, Copied, Stored
from watcher.text import aligned

Stands = tuple[tuple[Account, AccountState], ...]
Row = tuple[str, ...]
_NAMED: Final = 3


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
    """What a check says of a configuration without faults: the remarks, what is seen, a summary as the last line."""
    for remark in all_remarks(loaded):
        label = "cannot alert" if remark.level is Level.CANNOT_ALERT else "warning"
        yield f"{label}: {_said(remark)}"
    yield from _sights(loaded)
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
        "sight": [
            {
                "account": account.id,
                "decidable": seen.is_decidable,
                "sources": list(seen.deciding),
                "blind_sources": list(seen.blind),
                "tells": [str(reason) for reason in seen.tells],
                "tells_by_text": [str(reason) for reason in seen.by_text],
                "expect": None if seen.is_decidable else why_blind(loaded.platforms[account.platform]),
            }
            for account in loaded.watchlist.accounts.values()
            for seen in (visibility(loaded.platforms[account.platform]),)
        ],
    }


def faults_record(error: ConfigError) -> Record:
    """A refused configuration as data, in the shape of `checked_record`."""
    return refused_record(error) | {"remarks": [], "accounts": 0, "sight": []}


def refused_record(error: ConfigError) -> Record:
    """The faults of a refused configuration as data."""
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
    return {"ok": False, "faults": faults}


def stands(loaded: Loaded, stored: Stored, now: datetime) -> Stands:
    """Each watched account with its stored state; one that no run has seen yet is NEW since `now`."""
    return tuple(
        (account, stored.states.get(account.id) or AccountState(account_id=account.id, since=now))
        for account in loaded.watchlist.accounts.values()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is told of an account's past: its uptime, and how many of its outages were taken back."""

    uptime: Uptime
    retracted: int = 0


def pasts(found: Stands, histories: Mapping[str, History], stored: Stored, now: datetime) -> dict[str, Past]:
    """The past of each account. An account that no run has seen yet has none."""
    return {
        account.id: Past(
            uptime=recent_uptime(histories[account.id], state, now, stored.heartbeat_at),
            retracted=histories[account.id].retracted,
        )
        for account, state in found
        if account.id in histories
    }


def accounts_table(found: Stands, past: Mapping[str, Past]) -> Iterator[str]:
    """One line an account: how it stands, since when, what was last seen of it, its outages, its uptime."""
    head = ("ACCOUNT", "STATE", "SINCE", "LAST LOOK", "OUTAGES", "UPTIME 30 D", "NOT OBSERVED", "NOW GONE FOR")
    rows: list[Row] = [head]
    for account, state in found:
        gone = format_duration(state.outage.duration) if state.outage is not None else ""
        since = format_stamp(state.since) if state.last_probe_at is not None else ""
        before = past.get(account.id)
        outages = state.outages_total - (before.retracted if before is not None else 0)
        rows.append(
            (account.id, _phase(state), since, _verdict(state), str(outages), *_observed(before), gone),
        )
    return aligned(rows)


def account_with_past(account: Account, state: AccountState, past: Past | None) -> Record:
    """An account as data, with its uptime of the last 30 days."""
    part = None if past is None else uptime_record(past.uptime)
    retracted = 0 if past is None else past.retracted
    return account_record(account, state) | {"uptime_30d": part, "outages_retracted": retracted}


def _observed(past: Past | None) -> tuple[str, str]:
    if past is None or past.uptime.ratio is None:
        return "", ""
    # Rounded down: what was not wholly up is never shown as 100 %.
    part = Decimal(past.uptime.ratio * 100).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)
    hidden = past.uptime.unobserved
    return f"{part} %", format_span(hidden) if hidden else ""


def amended(result: Amended, outage_id: str, *, done: str, already: str) -> str:
    """What came of changing the record of an outage."""
    match result:
        case Amended.DONE:
            return f"{outage_id}: {done}"
        case Amended.ALREADY:
            return f"{outage_id}: {already}"
        case Amended.STILL_OPEN:
            return (
                f"{outage_id} is still open and cannot be taken back: wait until it is over (or take the account off "
                "the watchlist, which ends it), or note what is known with `watcher outages annotate`"
            )
        case Amended.UNKNOWN | Amended.OVER:
            return no_outage(outage_id)
        case _:
            assert_never(result)


def no_outage(outage_id: str) -> str:
    """What to say where none has that id."""
    return f"there is no outage '{outage_id}'; `watcher outages --json` shows their ids"


def backed_up(copied: Copied, to: Path) -> Iterator[str]:
    """What a backup holds, how to restore it, and what was wrong before."""
    outages = f"{copied.outages} {'outage' if copied.outages == 1 else 'outages'}"
    pages = f"{copied.pages} {'page' if copied.pages == 1 else 'pages'}"
    yield f"backup    {to}: {outages}, {pages}, {copied.bytes} bytes; checked"
    yield f"restore   stop `watcher run`, put {to} in the place of the state_dir, start it again"
    for digest in copied.lost:
        yield f"lost      the evidence {digest} was missing or damaged already"
    if copied.changed is not None:
        yield f"changed   transition {copied.changed} is not as it was written: the record was changed by hand"


def outages_table(found: Sequence[Outage]) -> Iterator[str]:
    """One line an outage, in the order given; durations with the bounds that are proven."""
    if not found:
        return iter(("no outages",))
    rows = [("ACCOUNT", "BEGAN ABOUT", "DURATION", "REASON", "SEVERITY", "ENDED")]
    for outage in found:
        ended = "open" if outage.is_open else str(outage.end_cause)
        ended += ", retracted" if outage.is_retracted else ""
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
    return aligned(rows)


def _phase(state: AccountState) -> str:
    return f"{state.phase}, blind" if state.blind_since is not None else str(state.phase)


def _verdict(state: AccountState) -> str:
    if state.verdict is None:
        return "none yet"
    return f"{state.verdict}, {state.reason}" if state.verdict is not Verdict.PRESENT else str(state.verdict)


def _said(remark: Remark) -> str:
    return f"{remark.account_id}: {remark.message}" if remark.account_id is not None else remark.message


def _sights(loaded: Loaded) -> Iterator[str]:
    """One line a platform: which accounts of it are decided, by what, with what told apart."""
    by_platform: dict[str, list[str]] = {}
    for account in loaded.watchlist.accounts.values():
        by_platform.setdefault(account.platform, []).append(account.id)
    for platform_id, accounts in by_platform.items():
        platform = loaded.platforms[platform_id]
        seen = visibility(platform)
        if seen.is_decidable:
            more = f" and {len(accounts) - _NAMED} more" if len(accounts) > _NAMED else ""
            told = ", ".join((*seen.tells, *(f"{reason} by its text" for reason in seen.by_text))) or "nothing"
            yield f"sees: {', '.join(accounts[:_NAMED])}{more}: by {', '.join(seen.deciding)}; tells {told}"


def _dumb(loaded: Loaded) -> set[str | None]:
    return {remark.account_id for remark in all_remarks(loaded) if remark.level is Level.CANNOT_ALERT}


def _counted(loaded: Loaded) -> str:
    accounts = loaded.watchlist.accounts.values()
    platforms = len({account.platform for account in accounts})
    many = "account" if len(accounts) == 1 else "accounts"
    return f"{len(accounts)} {many} on {platforms} {'platform' if platforms == 1 else 'platforms'}"
