"""The record as CSV and Markdown: complete, and harmless to whoever opens it."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.store.samples import T0, after, closed, outage
from tests.unit.web.story import HOSTILE
from watcher.model.annotation import Annotation
from watcher.model.outage import EndCause, Outage
from watcher.words.export import csv_rows, markdown, moment

OVER = closed(outage(), 660)
UNWATCHED = replace(outage("un"), closed_at=after(90), end_cause=EndCause.UNWATCHED)
TAKEN_BACK = replace(closed(outage("nasa"), 300), retracted_at=after(900), retraction="a *test*")
NOTE = Annotation(
    outage_id=OVER.id, at=after(1000), by="desk", cause="human error", text="as said", link="https://x.y/a_b"
)
NOTES = {OVER.id: (NOTE, replace(NOTE, cause="a departing employee", text="", link=None))}


def table(*outages: Outage, notes: dict[str, tuple[Annotation, ...]] | None = None) -> list[dict[str, str]]:
    """The CSV, as a program reads it."""
    text = "".join(csv_rows(outages, NOTES if notes is None else notes))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_row_an_outage() -> None:
    """With a header; instants in UTC, spans in seconds, what is not known empty."""
    first, second = table(OVER, UNWATCHED)
    assert first["id"] == OVER.id
    assert first["account"] == "x:potus"
    assert first["began_earliest"] == "2017-11-02T22:59:00.000Z"
    assert first["began_latest"] == "2017-11-02T23:00:00.300Z"
    assert float(first["duration_seconds_best"]) == OVER.duration.best.total_seconds()
    assert (first["open"], first["causes"]) == ("false", "human error; a departing employee")
    assert first["quote"] == "Désolé, cette page n'existe pas"
    assert (second["ended_at"], second["duration_seconds_max"], second["end_cause"]) == ("", "", "unwatched")
    [open_one] = table(outage())
    assert (open_one["open"], open_one["closed_at"]) == ("true", "")
    [back] = table(TAKEN_BACK)
    assert (back["retracted_at"], back["retraction"]) == ("2017-11-02T23:15:00.000Z", "a *test*")


def test_a_table_without_rows_has_its_header() -> None:
    """Lines end as RFC 4180 wants it."""
    [line] = csv_rows((), {})
    assert line.startswith("id,account,")
    assert line.endswith("\r\n")


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1", "\u200b=1"])
def test_no_text_is_a_formula(start: str) -> None:
    """Whoever wrote it: a page, a name, a colleague."""
    [row] = table(replace(OVER, handle_then=start, quote=start), notes={OVER.id: (replace(NOTE, cause=start),)})
    for column in ("handle", "quote", "causes"):
        assert row[column].startswith("'")
        assert row[column].endswith(start.strip("\t\r\u200b "))


def test_a_row_stays_a_row() -> None:
    """Quotes, commas, line breaks and control characters in a text break out of nothing."""
    hostile = f'a,b";\r\n"x\0{HOSTILE}'
    [row] = table(replace(OVER, quote=hostile), notes={})
    assert row["quote"].startswith('a,b";  "x<script>')
    assert row["quote"].isprintable()


def report(*outages: Outage) -> str:
    """The Markdown of these."""
    return "\n".join(markdown(outages, NOTES))


def test_a_report() -> None:
    """A table, then each outage with its bounds, the page's words and what was noted; sums of what counts."""
    text = report(OVER, UNWATCHED, outage("realdonaldtrump"))
    assert text.startswith("# Outages\n\n3 outages, ")
    assert "| x\\:potus | 2 Nov 2017 22:59:30 UTC | " in text
    assert "\n## x\\:potus, 2 Nov 2017 22:59:30 UTC\n" in text
    assert "- Missing since: between 2 Nov 2017 22:59:00 UTC and 2 Nov 2017 23:00:01 UTC" in text
    assert "- Visitors saw (French): Désolé\\, cette page n\\'existe pas" in text
    assert "- Cause, says desk (2 Nov 2017 23:16:40 UTC): human error; as said; https\\:\\/\\/x\\.y\\/a\\_b" in text
    assert "Taken back" not in text


def test_a_report_tells_what_was_taken_back_apart() -> None:
    """It is in neither the table nor the sum."""
    text = report(OVER, TAKEN_BACK)
    assert text.startswith("# Outages\n\n1 outage, ")
    assert text.count("nasa") == 1
    assert "## Taken back" in text
    assert "- nasa\\-1: a \\*test\\* (2 Nov 2017 23:15:00 UTC)" in text


def test_a_report_of_nothing() -> None:
    """Says so."""
    assert report() == "# Outages\n\nNo outages."


def test_a_report_shows_hostile_texts_as_they_are() -> None:
    """Every mark of Markdown and HTML is escaped, so that nothing is markup, a link or a tag."""
    hostile = f"[x](javascript:alert(1)) `a` **b** | c <img src=x> https://evil.example @all {HOSTILE}"
    evil = replace(OVER, account_id=f"x:{hostile}", quote=hostile, language="<b>")
    text = report(evil, replace(TAKEN_BACK, retraction=hostile))
    shown = re.sub(r"\\[!-/:-@\[-`{-~]", "", text)
    for mark in ("<", ">", "`", "*", "[", "javascript:", "https://"):
        assert mark not in shown
    assert all(line.isprintable() for line in text.splitlines())
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {6}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2017-11-02", T0 - timedelta(hours=23)),
        ("2017-11-02T23:00", T0),
        ("2017-11-02T23:00:00Z", T0),
        ("2017-11-03T00:00+01:00", T0),
        ("1h", T0 - timedelta(hours=1)),
        ("30d", T0 - timedelta(days=30)),
    ],
)
def test_a_moment(text: str, at: datetime) -> None:
    """A date, a date with a time, or so long ago; UTC unless it says otherwise."""
    found = moment(text, T0)
    assert found == at
    assert found.tzinfo is not None
    assert found.astimezone(UTC) == at


@pytest.mark.parametrize("text", ["yesterday", "2017-13-01", "", "30", "\x1b[31m"])
def test_no_moment(text: str) -> None:
    """Says what to write."""
    with pytest.raises(ValueError, match="write 2017-11-02, 2017-11-02T23:00, or 30d"):
        moment(text, T0)
