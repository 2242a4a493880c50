"""The record for others to keep: outages as CSV for spreadsheets and as a Markdown report. Pure.

Both hold what pages and people wrote; here it is made harmless for each of the two.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from watcher.model.annotation import Annotation
from watcher.model.outage import ZERO, Outage
from watcher.model.record import outage_record
from watcher.notify import format_duration, format_stamp
from watcher.notify.wording import format_between, format_bounds, format_span, language_name
from watcher.settings.scalars import span
from watcher.text import clean

Notes = Mapping[str, Sequence[Annotation]]

_COLUMNS: Final = (
    "id",
    "account",
    "handle",
    "severity",
    "reason",
    "certainty",
    "began_at",
    "began_earliest",
    "began_latest",
    "confirmed_at",
    "ended_at",
    "ended_earliest",
    "ended_latest",
    "closed_at",
    "end_cause",
    "duration_seconds_min",
    "duration_seconds_best",
    "duration_seconds_max",
    "unobserved_seconds",
    "open",
    "quote",
    "language",
    "causes",
    "retracted_at",
    "retraction",
)
# What a spreadsheet takes for a formula, in the widths that it accepts.
_FORMULA: Final = tuple("=+-@＝＋－＠")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def moment(text: str, now: datetime) -> datetime:
    """The instant that somebody typed: a date, a date with a time (UTC unless it says otherwise), or a span ago.

    ValueError with what to write instead.
    """
    try:
        return now - span(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{clean(text[:40])!r} is no time: write 2017-11-02, 2017-11-02T23:00, or 30d for 30 days ago"
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def csv_rows(outages: Sequence[Outage], notes: Notes) -> Iterator[str]:
    """RFC 4180, a header and one row an outage; instants ISO 8601 in UTC, spans in seconds, lines end in CR LF.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    yield _row(_COLUMNS)
    for outage in outages:
        record = outage_record(outage)
        causes = "; ".join(each.cause for each in notes.get(outage.id, ()))
        flat = {**record, **_flat(record), "causes": causes}
        yield _row([_cell(flat[column]) for column in _COLUMNS])


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    parts = {
        "began": ("earliest", "latest"),
        "ended": ("earliest", "latest"),
        "duration_seconds": ("min", "best", "max"),
    }
    return {f"{name}_{end}": (record[name] or {}).get(end) for name, ends in parts.items() for end in ends}


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case _:
            text = clean(str(value))
            return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _row(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def markdown(outages: Sequence[Outage], notes: Notes) -> Iterator[str]:
    """A report: what there was in one table, each outage with its bounds and notes, and what was taken back."""
    counted = [outage for outage in outages if not outage.is_retracted]
    taken_back = [outage for outage in outages if outage.is_retracted]
    yield "# Outages"
    yield ""
    total = sum((outage.duration.best for outage in counted), ZERO)
    many = "outage" if len(counted) == 1 else "outages"
    yield f"{len(counted)} {many}, {format_span(total)} in all." if counted else "No outages."
    if counted:
        yield ""
        yield "| account | missing since about | duration | reason | ended |"
        yield "|---|---|---|---|---|"
        yield from map(_line, counted)
    for outage in counted:
        yield from _section(outage, notes.get(outage.id, ()))
    if taken_back:
        yield ""
        yield "## Taken back"
        yield ""
        yield "Reported, but false alarms; they count for nothing."
        yield ""
    for outage in taken_back:
        yield f"- {_md(outage.id)}: {_md(outage.retraction or '')} ({_stamp(outage.retracted_at)})"


def _line(outage: Outage) -> str:
    began = format_stamp(_middle(outage.last_present, outage.began.latest))
    ended = "open" if outage.is_open else str(outage.end_cause)
    sure = f"{outage.reason}, {outage.certainty}"
    return f"| {_md(outage.account_id)} | {began} | {format_duration(outage.duration)} | {_md(sure)} | {ended} |"


def _section(outage: Outage, annotations: Sequence[Annotation]) -> Iterator[str]:
    yield ""
    yield f"## {_md(outage.account_id)}, {format_stamp(_middle(outage.last_present, outage.began.latest))}"
    yield ""
    yield f"- Id: {_md(outage.id)}"
    yield f"- Missing since: {format_between(outage.last_present, outage.began.latest)}"
    yield f"- Confirmed: {format_stamp(outage.confirmed_at)}"
    if outage.ended is not None:
        yield f"- Seen again: {format_between(outage.last_absent.earliest, outage.ended.latest)}"
    yield f"- Lasted: {format_bounds(outage.duration)}"
    if outage.unobserved:
        yield f"- Not observed: {format_span(outage.unobserved)} of this time"
    if outage.quote:
        language = f" ({_md(language_name(clean(outage.language)))})" if outage.language else ""
        yield f"- Visitors saw{language}: {_md(outage.quote)}"
    for each in annotations:
        more = "".join(f"; {_md(part)}" for part in (each.text, each.link) if part)
        yield f"- Cause, says {_md(each.by)} ({format_stamp(each.at)}): {_md(each.cause)}{more}"


def _md(text: str) -> str:
    """Foreign text as Markdown that shows just that: no markup, no links, no tags, one line."""
    return _PUNCTUATION.sub(r"\\\1", clean(text).strip())


def _middle(earliest: datetime, latest: datetime) -> datetime:
    return earliest + (latest - earliest) / 2


def _stamp(at: datetime | None) -> str:
    return "" if at is None else format_stamp(at)
