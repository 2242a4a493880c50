"""What the headers of a question and of an answer say."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.model.exchange import Response
from watcher.probe.headers import age_of, retry_after_of

NOW = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
TEN_YEARS = timedelta(days=3650)


def answer(**headers: str) -> Response:
    return Response(
        status=200, url="https://x.test/", headers={k.replace("_", "-"): v for k, v in headers.items()}, body=b""
    )


@pytest.mark.parametrize(
    ("value", "age"),
    [
        ("0", timedelta(0)),
        (" 17 ", timedelta(seconds=17)),
        ("17, 40", timedelta(seconds=17)),
        ("9" * 9, TEN_YEARS),
        ("9" * 40, TEN_YEARS),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        ("soon", None),
    ],
)
def test_age(value: str, age: timedelta | None) -> None:
    """Whole seconds, the first of several; nonsense is no Age, and no Age leaves the range of dates."""
    assert age_of(answer(age=value)) == age


def test_no_age() -> None:
    """An answer that comes from no cache has none."""
    assert age_of(answer()) is None


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "120"}, timedelta(minutes=2)),
        ({"retry_after": "Thu, 02 Nov 2017 23:05:00 GMT"}, timedelta(minutes=5)),
        ({"retry_after": "Thu, 02 Nov 2017 23:05:00 -0000"}, timedelta(minutes=5)),
        ({"retry_after": "Thu, 02 Nov 2017 22:05:00 GMT"}, timedelta(0)),
        (
            {"retry_after": "Tue, 03 Mar 2026 10:01:00 GMT", "date": "Tue, 03 Mar 2026 10:00:00 GMT"},
            timedelta(minutes=1),
        ),
        ({"retry_after": "Thu, 02 Nov 2017 23:05:00 GMT", "date": "yesterday"}, timedelta(minutes=5)),
        (
            {"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT", "date": "Thu, 01 Jan 1970 00:00:00 GMT"},
            timedelta(days=3650),
        ),
        ({"retry_after": "later"}, None),
        ({"retry_after": "Thu, 99 Nov 2017 23:05:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], wait: timedelta | None) -> None:
    """Seconds, or a date by the platform's own clock; what cannot be read is not there."""
    assert retry_after_of(answer(**headers), NOW) == wait
