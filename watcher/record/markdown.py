"""The record of an outage as Markdown, to be published from or kept. Pure.

What pages and people wrote shows just that: it makes no links, no headings and no tags.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from watcher import __version__
from watcher.notify.wording import format_stamp, short_hash
from watcher.record.case import Entry, OutageRecord, Quoted
from watcher.record.words import when
from watcher.text import clean

# What makes markup, wherever it stands; what makes a list, a heading or a quote at the beginning of a line; and what
# GitHub and others make links of without any markup.
_MARKUP: Final = re.compile(r"([\\`*_\[\]<>#|~&{}$])")
_BEGINS: Final = re.compile(r"^(\d{1,9})?([-+=.):])")
_LINKS: Final = (
    (re.compile(r"://"), r"\\://"),
    (re.compile(r"(?i)\b(www)\."), r"\1\\."),
    (re.compile(r"(?<=[\w.+-])@(?=\w)"), r"\\@"),
)
_ROLES: Final = {"target": "the page as it was sent", "screenshot": "a picture of the page"}


def md(text: str) -> str:
    """Foreign text as Markdown that shows just that: no markup, no links, no tags, one line; else as it is."""
    shown = _MARKUP.sub(r"\\\1", clean(text).strip())
    for pattern, harmless in _LINKS:
        shown = pattern.sub(harmless, shown)
    return _BEGINS.sub(r"\1\\\2", shown)


def markdown_of(record: OutageRecord) -> Iterator[str]:
    """The lines of the document."""
    yield f"# {md(record.headline)}"
    yield ""
    yield f"Record of outage {md(record.outage.id)}, last changed {format_stamp(record.updated)}."
    for sentence in record.summary:
        yield ""
        yield md(sentence)
    if record.quote is not None:
        yield from _shown(record.quote)
    yield from _headed("How long", [md(record.bounds)])
    yield ""
    yield from _moments(record)
    yield from _headed("What happened, minute by minute", _happened(record.entries))
    yield from _headed("Notes and corrections", _notes(record))
    yield from _headed("How it was looked at", (f"- {md(line)}" for line in record.method))
    yield from _headed("What is not known", (f"- {md(line)}" for line in record.unknown))
    yield from _headed("Evidence", _evidence(record))


def _headed(title: str, lines: Iterator[str] | list[str]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield from lines


def _shown(quote: Quoted) -> Iterator[str]:
    language = f", in {md(quote.language)}" if quote.language else ""
    yield ""
    yield f"What visitors saw{language}:"
    yield ""
    yield f"> {md(quote.text)}"


def _moments(record: OutageRecord) -> Iterator[str]:
    yield "| | when |"
    yield "|---|---|"
    for moment in record.moments:
        yield f"| {moment.label} | {when(moment)} |"


def _happened(entries: tuple[Entry, ...]) -> Iterator[str]:
    day = None
    for entry in entries:
        at = entry.at.astimezone(UTC)
        if at.date() != day:
            if day is not None:
                yield ""
            day = at.date()
            yield f"### {format_stamp(at).rsplit(' ', 2)[0]}"
            yield ""
        yield f"- **{at:%H:%M:%S}{_until(entry)}** {md(entry.text)}"
        if entry.quote is not None:
            yield f"  - «{md(entry.quote.text)}»" + (f" ({md(entry.quote.language)})" if entry.quote.language else "")
        yield from (f"  - {md(detail)}" for detail in entry.details)
        if entry.hash is not None:
            yield f"  - Entry {entry.seq} of the log, hash {short_hash(entry.hash)}"


def _until(entry: Entry) -> str:
    if entry.until is None or entry.until.date() != entry.at.date():
        return ""
    end: datetime = entry.until + timedelta(seconds=1) if entry.until.microsecond else entry.until
    return f"–{end.astimezone(UTC):%H:%M:%S}"


def _notes(record: OutageRecord) -> Iterator[str]:
    outage = record.outage
    if outage.retracted_at is not None:
        yield f"- **Taken back** {format_stamp(outage.retracted_at)}: {md(outage.retraction or '')}"
    for note in record.case.annotations:
        more = "".join(f" {md(part)}" for part in (note.text, note.link) if part)
        yield f"- {format_stamp(note.at)}, {md(note.by)}: {md(note.cause)}.{more}"
    if outage.retracted_at is None and not record.case.annotations:
        yield "None so far."


def _evidence(record: OutageRecord) -> Iterator[str]:
    yield f"{record.conclusion[:1].upper()}{record.conclusion[1:]}. To check it where watcher runs:"
    yield ""
    yield f"    {record.check_command}"
    yield ""
    for trace in record.case.dossier.traces:
        yield f"- Entry {trace.seq}: {md(str(trace.document.get('kind')))}, SHA-256 {trace.hash}"
    for piece in record.pieces:
        state = "" if piece.sound else "; lost or damaged"
        yield f"- {_ROLES[piece.role].capitalize()}, {piece.size:,} bytes, SHA-256 {piece.sha256}{state}"
    yield ""
    yield f"Made by watcher {__version__}. All times are UTC."
