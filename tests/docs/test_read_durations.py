"""docs/how-to/read-durations.md: each number in it is what the program makes of the four looks that it shows."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from watcher.demo.story import ELEVEN_MINUTES, VANISHES
from watcher.model.account import Severity
from watcher.model.finding import Certainty, Reason, Stamp
from watcher.model.outage import EndCause, Outage, Unobserved
from watcher.model.record import outage_record
from watcher.model.uptime import History, uptime
from watcher.notify import format_bounds, format_duration, format_span
from watcher.words.export import csv_rows

PAGE = (Path(__file__).parents[2] / "docs/how-to/read-durations.md").read_text("utf-8")
TEXT = " ".join(PAGE.split())
LOOKS = [
    tuple(
        VANISHES.replace(hour=int(h), minute=int(m), second=int(s))
        for h, m, s in re.findall(r"(\d\d):(\d\d):(\d\d)", row)
    )
    for row in re.findall(r"^\| the (?:last|first) .*$", PAGE, re.MULTILINE)
]
SEEN, MISSED, STILL, BACK = (Stamp(earliest=asked, latest=answered) for asked, answered in LOOKS)
DAY = (datetime(2017, 11, 2, tzinfo=UTC), datetime(2017, 11, 3, tzinfo=UTC))
STOP = Unobserved(
    account_id=None,
    from_at=VANISHES.replace(minute=4, second=0),
    to_at=VANISHES.replace(minute=6, second=0),
    cause="stopped",
)


def outage(*, is_open: bool = False) -> Outage:
    """As it was measured."""
    return Outage(
        id="x:realdonaldtrump-20171102T230100000",
        account_id="x:realdonaldtrump",
        handle_then="realDonaldTrump",
        severity_then=Severity.CRITICAL,
        reason=Reason.NOT_FOUND,
        certainty=Certainty.SHOWN,
        last_present=SEEN.earliest,
        began=MISSED,
        confirmed_at=MISSED.latest + timedelta(seconds=20),
        last_absent=STILL,
        ended=None if is_open else BACK,
        closed_at=None if is_open else BACK.latest + timedelta(seconds=10),
        end_cause=None if is_open else EndCause.RECOVERED,
    )


def test_the_truth_lies_within() -> None:
    """The looks are about the eleven minutes that the page tells of."""
    back = VANISHES + ELEVEN_MINUTES
    assert f"went at {VANISHES:%H:%M:%S} and came back at {back:%H:%M:%S}" in TEXT
    assert SEEN.latest <= VANISHES <= MISSED.earliest
    assert STILL.latest <= back <= BACK.earliest
    found = outage().duration
    assert found.max is not None
    assert found.min <= ELEVEN_MINUTES <= found.max


def test_the_bounds() -> None:
    """Least, most, middle, margin, and the words of the messages."""
    found = outage().duration
    assert found.max is not None
    assert found.margin is not None
    rows = dict(re.findall(r"^\| gone (for sure|at most) \|.*\| (.+?) \|$", PAGE, re.MULTILINE))
    assert rows == {"for sure": format_span(found.min), "at most": format_span(found.max)}
    ends = {
        each: re.findall(r"\d\d:\d\d:\d\d", line)
        for each in rows
        for line in PAGE.splitlines()
        if f"gone {each}" in line
    }
    assert ends == {
        "for sure": [f"{MISSED.latest:%H:%M:%S}", f"{STILL.earliest:%H:%M:%S}"],
        "at most": [f"{SEEN.earliest:%H:%M:%S}", f"{BACK.latest:%H:%M:%S}"],
    }
    assert f"The middle is {format_span(found.best)}, and both bounds are {format_span(found.margin)} from it." in TEXT
    assert f"is back on X after {format_duration(found)}\n" in PAGE
    assert f"*{format_bounds(found)}*" in TEXT
    assert f"began between {SEEN.earliest:%H:%M:%S} and {MISSED.latest:%H:%M:%S}" in TEXT
    assert f"ended between {STILL.earliest:%H:%M:%S} and {BACK.latest:%H:%M:%S}" in TEXT


def test_while_it_is_open() -> None:
    """Only the lower bound is told."""
    assert f"The messages say *{format_duration(outage(is_open=True).duration)}*" in TEXT


@pytest.mark.parametrize("column", [0, 1])
def test_uptime(column: int) -> None:
    """The day's time is divided as the table says, with and without the stop."""
    stops = (STOP,) if column else ()
    history = History(seen_since=DAY[0] - timedelta(days=1), outages=(outage(),), unobserved=stops)
    found = uptime(history, *DAY)
    assert found.ratio is not None
    assert f"Not observed: {format_span(STOP.to_at - STOP.from_at)} of this time" in TEXT
    rows = {
        name: cells
        for name, *cells in re.findall(
            r"^\| (present|absent|unobserved|uptime).*? \| (.+) \| (.+) \|$", PAGE, re.MULTILINE
        )
    }
    assert {name: cells[column] for name, cells in rows.items()} == {
        "present": format_span(found.present),
        "absent": format_span(found.absent),
        "unobserved": format_span(found.unobserved),
        "uptime": f"{found.ratio * 100:.3f} %",
    }


def test_the_names_of_the_numbers() -> None:
    """Columns, keys and metrics of the last table are there."""
    [header, *_] = csv_rows([outage()], {})
    record = outage_record(outage())
    table = PAGE[PAGE.index("## Where the numbers are") :]
    for name in ("duration_seconds_min", "duration_seconds_max", "duration_seconds_best", "unobserved_seconds"):
        assert f"`{name}`" in table
        assert name in header
    assert set(record["duration_seconds"]) == {"min", "best", "max"}
    assert "unobserved_seconds" in record
    metrics = (Path(__file__).parents[2] / "docs/metrics.md").read_text("utf-8")
    assert [name for name in re.findall(r"`(watcher_\w+)`", table) if f"`{name}`" not in metrics] == []
