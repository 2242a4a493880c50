"""Outages and accounts as records for machines: what the API, the command line and the demo print as JSON.

Pure: plain dicts of strings, numbers, lists and None, ready for any JSON writer. Instants are ISO 8601 in UTC with
milliseconds and a Z, spans are seconds. Texts are as the platform wrote them: who shows them must escape them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.outage import AccountState, Duration, Outage
from watcher.model.uptime import Uptime

Record = dict[str, Any]


def outage_record(outage: Outage, annotations: Sequence[Annotation] | None = None) -> Record:
    """One outage with its bounds. `began_at` and `ended_at` are the middles of `began` and `ended`.

    `annotations` are what was noted of it; None where nobody asked.

    The two middles are `duration_seconds.best` apart. `ended_at`, `ended` and `duration_seconds.max` are None while
    the end is not known: while the outage is open, and for ever when the account was no longer watched.
    """
    return {
        "id": outage.id,
        "account": outage.account_id,
        "handle": outage.handle_then,
        "severity": str(outage.severity_then),
        "reason": str(outage.reason),
        "certainty": str(outage.certainty),
        "began_at": instant(_middle(outage.last_present, outage.began.latest)),
        "began": _bounds(outage.last_present, outage.began.latest),
        "confirmed_at": instant(outage.confirmed_at),
        "ended_at": outage.ended and instant(_middle(outage.last_absent.earliest, outage.ended.latest)),
        "ended": outage.ended and _bounds(outage.last_absent.earliest, outage.ended.latest),
        "closed_at": _maybe(outage.closed_at),
        "end_cause": outage.end_cause and str(outage.end_cause),
        "duration_seconds": _duration(outage.duration),
        "unobserved_seconds": outage.unobserved.total_seconds(),
        "quote": outage.quote,
        "language": outage.language,
        "open": outage.is_open,
        "retracted_at": _maybe(outage.retracted_at),
        "retraction": outage.retraction,
    } | ({} if annotations is None else {"annotations": [annotation_record(each) for each in annotations]})


def annotation_record(annotation: Annotation) -> Record:
    """What somebody noted of an outage."""
    return {
        "at": instant(annotation.at),
        "by": annotation.by,
        "cause": annotation.cause,
        "text": annotation.text,
        "link": annotation.link,
    }


def uptime_record(part: Uptime) -> Record:
    """How a span of time divides. `ratio` is present ÷ (present + absent), None where nothing was observed."""
    return {
        "since": instant(part.since),
        "until": instant(part.until),
        "ratio": part.ratio,
        "present_seconds": part.present.total_seconds(),
        "absent_seconds": part.absent.total_seconds(),
        "unobserved_seconds": part.unobserved.total_seconds(),
    }


def account_record(account: Account, state: AccountState) -> Record:
    """One account as it stands; `outage` is the open one. After a rename both handles are the new one."""
    return {
        "id": account.id,
        "platform": account.platform,
        "handle": state.handle or account.handle,
        "display_handle": state.handle or account.display_handle,
        "url": account.url,
        "owner": account.owner,
        "severity": str(account.severity),
        "labels": dict(account.labels),
        "state": str(state.phase),
        "since": instant(state.since),
        "verdict": state.verdict and str(state.verdict),
        "reason": state.reason and str(state.reason),
        "source": state.source,
        "last_probe_at": _maybe(state.last_probe_at),
        "last_verdict_at": _maybe(state.last_verdict_at),
        "blind_since": _maybe(state.blind_since),
        "outage": state.outage and outage_record(state.outage),
        "outages_total": state.outages_total,
        "outage_seconds_total": state.outage_total.total_seconds(),
        "unobserved_seconds": state.unobserved.total_seconds(),
    }


def instant(at: datetime) -> str:
    """`at` (aware) in UTC as `2017-11-02T23:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def _middle(earliest: datetime, latest: datetime) -> datetime:
    return earliest + (latest - earliest) / 2


def _bounds(earliest: datetime, latest: datetime) -> Record:
    return {"earliest": instant(earliest), "latest": instant(latest)}


def _duration(duration: Duration) -> Record:
    return {
        "min": duration.min.total_seconds(),
        "best": duration.best.total_seconds(),
        "max": _seconds(duration.max),
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
