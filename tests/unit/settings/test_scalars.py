"""What one scalar means."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.model.account import Severity
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import Field, FieldKind, SourceKind
from watcher.settings import scalars, week
from watcher.settings.values import Secret


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("1m", 60), ("1h30m", 5400), ("2d", 172_800), ("90m", 5400), ("366d", 31_622_400)],
)
def test_spans_have_units(text: str, seconds: int) -> None:
    """A duration is a number with a unit, or several in falling order."""
    assert scalars.span(text) == timedelta(seconds=seconds)


@given(st.integers(min_value=1, max_value=31_622_400))
def test_spans_are_written_as_they_are_read(seconds: int) -> None:
    """What the program prints as a duration can be pasted back."""
    assert scalars.span(scalars.span_text(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_no_time_is_written_too() -> None:
    """Zero cannot be read, but it can be shown."""
    assert scalars.span_text(timedelta(0)) == "0s"


REFUSED: list[tuple[Callable[[Any], Any], object, str]] = [
    (scalars.server, "smtp.example:587", "has a port in it; write smtp.example, and the port as a key of its own"),
    (scalars.server, "smtp://mail.example", "is not a host; write a name such as smtp.newsroom.example"),
    (scalars.server, "[::1]:25", "is not a host"),
    (scalars.port, "0", "is not a port; write a number from 1 to 65535"),
    (scalars.port, "65536", "is not a port"),
    (scalars.port, "smtp", "is not a port"),
    (scalars.span, "60", "has no unit; write 60s for seconds or 60m for minutes"),
    (scalars.span, "1.5h", "is not a duration"),
    (scalars.span, "30m1h", "is not a duration"),
    (scalars.span, "٣s", "is not a duration"),
    (scalars.span, "-5s", "is not a duration"),
    (scalars.span, "0s", "is shorter than 1s"),
    (scalars.span, "500ms", "is shorter than 1s"),
    (scalars.span, "0.5s", "is shorter than 1s"),
    (scalars.span, "367d", "is longer than 366d"),
    (scalars.span, "99999999d", "is longer than 366d"),
    (scalars.span, ["1s"], "must be text, not a list"),
    (scalars.text, " ", "is empty"),
    (scalars.text, {}, "must be text, not a mapping"),
    (scalars.text, None, "must be text, not nothing"),
    (scalars.pattern, ["a"], "must be text, not a list"),
    (scalars.line, "a\nb", "must be a single line"),
    (scalars.line, "a" * 301, "is 301 characters long; 300 are the most"),
    (scalars.secret, "a\nb", "must be a single line"),
    (scalars.size, "2", "is not a size"),
    (scalars.size, "0B", "is out of bounds"),
    (scalars.size, "101MB", "is out of bounds"),
    (scalars.count, "0", "is not a whole number from 1"),
    (scalars.count, "1_0", "is not a whole number from 1"),
    (scalars.count, "²", "is not a whole number from 1"),
    (scalars.count, "1000001", "is too large"),
    (scalars.count, "99999999999999", "is not a whole number from 1"),
    (scalars.flag, "yes", "is neither true nor false"),
    (scalars.slug, "Ab", "is not a slug"),
    (scalars.slug, "a" * 64, "is not a slug"),
    (scalars.label, "a b", "is not a slug"),
    (scalars.account_id, "alice", "is not an id"),
    (scalars.account_id, "generic:a b", "is not an id"),
    (scalars.account_id, "generic:", "is not an id"),
    (scalars.choice(Severity), "crit", "is unknown; did you mean 'critical'?"),
    (scalars.choice(Severity), "zzz", "is unknown; write one of critical, warning, info"),
    (scalars.only("disallow"), "allow", "is unknown; write disallow or remove the key"),
    (scalars.choice(SourceKind), "brwser", "is unknown; did you mean 'browser'?"),
    (scalars.renders, "33", "is too large; 32 is the most"),
    (scalars.reason_for(Verdict.PRESENT), "suspended", "is a reason for absent, not for present; write one of"),
    (scalars.reason_for(Verdict.ABSENT), "supended", "is no reason; did you mean 'suspended'?"),
    (scalars.answer_field, "jsn:did", "is no field of an answer; did you mean 'json'?"),
    (scalars.answer_field, "header", "does not say which; write it like header:NAME"),
    (scalars.answer_field, "title:x", "takes no name; write title"),
    (scalars.header_name, "a b", "is not the name of a header"),
    (scalars.language, "French", "is not a language"),
    (scalars.timezone, "Europe/Berln", "is no time zone; did you mean 'Europe/Berlin'?"),
    (scalars.timezone, "kathmandu", "is no time zone; did you mean 'Asia/Kathmandu'?"),
    (scalars.timezone, "../Berlin", "is no time zone; did you mean 'Europe/Berlin'?"),
    (scalars.timezone, "+01:00", "is no time zone; write an IANA name such as Europe/Berlin"),
    (scalars.timezone, "", "is no time zone; write an IANA name such as Europe/Berlin"),
    (week.days, "monday", "is no day; did you mean 'mon'?"),
    (week.days, "mon-frei", "has 'frei', which is no day; did you mean 'fri'?"),
    (week.days, "xyz", "is no day; write one of mon, tue, wed, thu, fri, sat, sun, daily"),
    (week.days, "mon-", "names no day beside its comma or dash; write it like mon-fri or mon,wed,fri"),
    (week.days, "mon,,wed", "names no day beside its comma or dash"),
    (week.days, "mon-fri-sat", "has 'fri-sat', which is no day"),
    (week.days, ["mon"], "must be text, not a list"),
    (week.hours, "8-18", "is no span of hours; write it like 08:00-18:00"),
    (week.hours, "08:00", "is no span of hours"),
    (week.hours, "08:00-25:00", "has no such time as 25:00; write between 00:00 and 24:00"),
    (week.hours, "24:01-06:00", "has no such time as 24:01"),
    (week.hours, "08:60-09:00", "has no such time as 08:60"),
    (week.hours, "24:00-06:00", "begins at 24:00, when the day is over; write 00:00, and the next day in days"),
    (week.hours, "08:00-08:00", "begins and ends at the same time; write 00:00-24:00 for the whole day"),
    (week.hours, "00:00-00:00", "begins and ends at the same time"),
    (scalars.network, "10.0.0.1/8", "is not a network"),
    (scalars.address, "127.0.0.1", "is not an address"),
    (scalars.address, "h:70000", "is not an address"),
    (scalars.host, "https://a.example", "is not a host"),
    (scalars.contact, "me", "is neither an e-mail address nor a URL"),
    (scalars.contact, "é@a.example", "is neither an e-mail address nor a URL"),
    (scalars.web_address, "ftp://a", "is not a web address"),
    (scalars.webhook, "hooks.slack.com/T", "is not a URL"),
    (scalars.webhook, "https://[T/", "is not a URL"),
    (scalars.webhook, "https://hooks.example:99999/T", "is not a URL"),
    (scalars.file_name, "~/a", "begins with ~, which is not expanded"),
]


@pytest.mark.parametrize(("read", "value", "message"), REFUSED)
def test_what_is_wrong_is_refused_with_what_to_write(
    read: Callable[[object], Any], value: object, message: str
) -> None:
    """Each refusal begins where the quoted value ends, and says what would be right."""
    with pytest.raises(ValueError, match=r".+") as caught:
        read(value)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (scalars.line, " a b ", "a b"),
        (scalars.pattern, "", ""),
        (scalars.secret, " s3cret ", Secret("s3cret")),
        (scalars.size, "500kB", 500_000),
        (scalars.size, "1 MiB", 1_048_576),
        (scalars.count, "1000000", 1_000_000),
        (scalars.flag, "true", True),
        (scalars.flag, "false", False),
        (scalars.slug, "potus45", "potus45"),
        (scalars.label, "DE-politics.2", "DE-politics.2"),
        (scalars.account_id, "generic:forum.example/u/alice?x=1", "generic:forum.example/u/alice?x=1"),
        (scalars.choice(Severity), "info", Severity.INFO),
        (scalars.only("disallow"), "disallow", "disallow"),
        (scalars.choice(SourceKind), "http", "http"),
        (scalars.reason_for(Verdict.ABSENT), "gone", Reason.GONE),
        (scalars.answer_field, "status", Field(FieldKind.STATUS)),
        (scalars.answer_field, "header:Retry-After", Field(FieldKind.HEADER, "retry-after")),
        (scalars.answer_field, "meta:og:title", Field(FieldKind.META, "og:title")),
        (scalars.header_name, "Accept", "accept"),
        (scalars.language, "pt-BR", "pt-BR"),
        (scalars.timezone, "Europe/Berlin", ZoneInfo("Europe/Berlin")),
        (scalars.timezone, "UTC", ZoneInfo("UTC")),
        (week.days, "sat", frozenset({5})),
        (week.days, "Mon-Fri", frozenset({0, 1, 2, 3, 4})),
        (week.days, "fri-mon", frozenset({4, 5, 6, 0})),
        (week.days, "wed-wed", frozenset({2})),
        (week.days, "mon, wed - thu,sun", frozenset({0, 2, 3, 6})),
        (week.days, "daily", frozenset(range(7))),
        (week.hours, "08:00-18:30", (time(8), time(18, 30))),
        (week.hours, "8:00 - 18:00", (time(8), time(18))),
        (week.hours, "22:00-06:00", (time(22), time(6))),
        (week.hours, "00:00-24:00", (time(0), time(0))),
        (week.hours, "18:00-00:00", (time(18), time(0))),
        (scalars.address, "[::1]:80", ("::1", 80)),
        (scalars.host, "Watcher.example:8080", "watcher.example:8080"),
        (scalars.server, "SMTP.newsroom.example", "smtp.newsroom.example"),
        (scalars.server, "127.0.0.1", "127.0.0.1"),
        (scalars.server, "[::1]", "::1"),
        (scalars.server, "::1", "::1"),
        (scalars.port, "587", 587),
        (scalars.contact, "a@b.example", "a@b.example"),
        (scalars.web_address, "https://w.example/x/", "https://w.example/x"),
        (scalars.webhook, "https://hooks.example/T", Secret("https://hooks.example/T")),
        (scalars.file_name, "../var", "../var"),
    ],
)
def test_what_is_right_is_read(read: Callable[[object], Any], text: str, value: object) -> None:
    """Text becomes the value that it means."""
    assert read(text) == value
