"""Spans, bounds, stamps, languages and names as people read them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.story import account
from watcher.model.outage import Duration
from watcher.notify.wording import (
    at_handle,
    format_between,
    format_bounds,
    format_duration,
    format_span,
    format_stamp,
    language_name,
    name_of,
    place_of,
    with_local_time,
)

S = timedelta(seconds=1)
UNITS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (0 * S, "0 s"),
        (-5 * S, "0 s"),
        (0.4 * S, "0 s"),
        (0.5 * S, "1 s"),
        (40 * S, "40 s"),
        (60 * S, "1 min"),
        (620 * S, "10 min 20 s"),
        (3600 * S, "1 h"),
        (7325 * S, "2 h 2 min 5 s"),
        (86400 * S, "1 d"),
        (timedelta(days=3, hours=4, seconds=31), "3 d 4 h 1 min"),
    ],
)
def test_format_span(span: timedelta, text: str) -> None:
    """Spans are rounded to seconds, from a day on to minutes."""
    assert format_span(span) == text


@pytest.mark.parametrize(
    ("least", "most", "text", "bounds"),
    [
        (620, 700, "11 min ± 40 s", "between 10 min 20 s and 11 min 40 s"),
        (620.5, 700.2, "11 min ± 41 s", "between 10 min 20 s and 11 min 41 s"),
        (660, 660, "11 min", "11 min"),
        (0, 1, "1 s ± 1 s", "between 0 s and 1 s"),
        (20.9, None, "at least 20 s", "at least 20 s"),
        (90000, 90070, "1 d 1 h 1 min ± 1 min", "between 1 d 1 h and 1 d 1 h 2 min"),
    ],
)
def test_durations(least: float, most: float | None, text: str, bounds: str) -> None:
    """A best estimate with a margin, and the bounds rounded outwards."""
    duration = Duration(min=least * S, max=None if most is None else most * S)
    assert format_duration(duration) == text
    assert format_bounds(duration) == bounds


@given(st.timedeltas(0 * S, timedelta(days=400)), st.timedeltas(0 * S, timedelta(days=2)))
def test_what_is_written_covers_the_bounds(least: timedelta, width: timedelta) -> None:
    """Best ± margin as written holds both bounds, however they are rounded."""
    best, _, margin = format_duration(Duration(min=least, max=least + width)).partition(" ± ")
    assert _parse(best) - _parse(margin) <= least
    assert _parse(best) + _parse(margin) >= least + width


def _parse(text: str) -> timedelta:
    words = text.split()
    return sum((int(n) * UNITS[unit] * S for n, unit in zip(words[::2], words[1::2], strict=True)), timedelta(0))


def test_stamps_are_utc() -> None:
    """Stamps are UTC in English, wherever they come from."""
    at = datetime(2017, 11, 3, 0, 0, 41, 999999, tzinfo=timezone(timedelta(hours=1)))
    assert format_stamp(at) == "2 Nov 2017 23:00:41 UTC"


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        (None, "2 Nov 2017 23:00:41 UTC"),
        ("UTC", "2 Nov 2017 23:00:41 UTC"),
        ("Europe/Berlin", "2 Nov 2017 23:00:41 UTC (3 Nov 00:00:41 CET)"),
        ("Europe/London", "2 Nov 2017 23:00:41 UTC (23:00:41 GMT)"),
        ("America/New_York", "2 Nov 2017 23:00:41 UTC (19:00:41 EDT)"),
        ("Asia/Dubai", "2 Nov 2017 23:00:41 UTC (3 Nov 03:00:41 UTC+04)"),
    ],
)
def test_the_readers_own_time_stands_beside(zone: str | None, told: str) -> None:
    """With its name, and with its date where that is another one; UTC stays first."""
    text = "between {0} and {0}"
    found = with_local_time(text.format("2 Nov 2017 23:00:41 UTC"), ZoneInfo(zone) if zone else None)
    assert found == text.format(told)


@pytest.mark.parametrize(
    "text",
    [
        "31 Feb 2017 23:00:41 UTC",
        "0 Nov 2017 23:00:41 UTC",
        "2 Nov 2017 25:00:41 UTC",
        "2 Nov 0000 23:00:41 UTC",
        "31 Dec 9999 23:59:59 UTC",
        "1 Foo 2017 23:00:41 UTC",
        "٢ Nov 2017 23:00:41 UTC",
    ],
)
def test_what_only_looks_like_a_stamp_stays(text: str) -> None:
    """Pages may write what they like."""
    assert with_local_time(text, ZoneInfo("Pacific/Kiritimati")) == text


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1)))
def test_every_stamp_is_found(at: datetime) -> None:
    """Whatever format_stamp writes gets its local time."""
    assert with_local_time(format_stamp(at), ZoneInfo("Asia/Tokyo")).endswith(" JST)")


def test_between_is_rounded_outwards() -> None:
    """The window of an instant holds it, in whole seconds; a window without width is one stamp."""
    at = datetime(2017, 11, 2, 23, 0, 41, tzinfo=UTC)
    assert format_between(at, at) == "2 Nov 2017 23:00:41 UTC"
    assert format_between(at + 0.2 * S, at + 0.3 * S) == "between 2 Nov 2017 23:00:41 UTC and 2 Nov 2017 23:00:42 UTC"


@pytest.mark.parametrize(
    ("tag", "name"),
    [("fr", "French"), ("FR-ca", "French"), ("zh-Hant", "Traditional Chinese"), ("zh", "Chinese"), ("tlh", "tlh")],
)
def test_language_name(tag: str, name: str) -> None:
    """Languages have their English names; unknown tags stay as they are."""
    assert language_name(tag) == name


def test_names_and_places() -> None:
    """An account is named as people write it, with the instance where there are many and the name lacks it."""
    titles = {"x": "X", "mastodon": "Mastodon", "generic": "Web page"}
    on_x = account("x", "POTUS")
    short = account("mastodon", "alice", instance="social.example")
    long = account("mastodon", "alice@social.example", instance="social.example")
    page = account("generic", "jane", instance="https://blog.example/~{handle}", url="https://blog.example/~jane")
    strange = account("new", "@bob")
    assert [(name_of(each), place_of(each, titles)) for each in (on_x, short, long, page, strange)] == [
        ("@POTUS", "X"),
        ("@alice", "Mastodon (social.example)"),
        ("@alice@social.example", "Mastodon"),
        ("jane", "blog.example"),
        ("@bob", "new"),
    ]
    assert at_handle("@x") == at_handle("x") == "@x"
