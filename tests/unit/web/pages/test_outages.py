"""Which outages an address asks for."""

from datetime import UTC, datetime

import pytest
from multidict import MultiDict

from watcher.web.pages.outages import parse_outages

NOW = datetime(2017, 11, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("until", "before"),
    [
        ("2017-11-02", datetime(2017, 11, 3, tzinfo=UTC)),
        ("20171102", datetime(2017, 11, 3, tzinfo=UTC)),
        ("2017-W44-4", datetime(2017, 11, 3, tzinfo=UTC)),
        ("9999-12-30", datetime(9999, 12, 31, tzinfo=UTC)),
        ("2017-11-02T23", datetime(2017, 11, 2, 23, tzinfo=UTC)),
        ("2d", datetime(2017, 11, 8, 12, tzinfo=UTC)),
        ("1d12h30m5s", datetime(2017, 11, 8, 23, 29, 55, tzinfo=UTC)),
    ],
)
def test_a_day_is_meant_whole(until: str, before: datetime) -> None:
    """However it is written; a time and a span ago are meant to the second, however long they are."""
    assert parse_outages(MultiDict(until=until), NOW).until == before


def test_a_day_that_things_begin_on_begins_with_it() -> None:
    """Only its end is a day later."""
    assert parse_outages(MultiDict(since="2017-11-02"), NOW).since == datetime(2017, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"until": "9999-12-31"}, "until: '9999-12-31' is at an end of the calendar: is the year right?"),
        ({"since": "0001-01-01T00:00+14:00"}, "since: '0001-01-01T00:00\\+14:00' is at an end of the calendar"),
        ({"until": "soon"}, "until: 'soon' is no time: write 2017-11-02"),
        ({"since": "2017-13-01"}, "since: '2017-13-01' is no time"),
    ],
)
def test_what_is_no_time_is_refused(query: dict[str, str], said: str) -> None:
    """With the parameter's name."""
    with pytest.raises(ValueError, match=said):
        parse_outages(MultiDict(query), NOW)
