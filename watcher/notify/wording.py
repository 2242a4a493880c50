"""How stamps, spans, bounds, languages and accounts are written for people: in English unless otherwise said. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from watcher.model.account import Account
from watcher.model.outage import Duration
from watcher.notify.locales import ENGLISH, LOCALES, Locale

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk")
# A month as a stamp has it → whose word it is, and which month.
_MONTHS: Final = {
    word: (locale, month) for locale in LOCALES.values() for month, word in enumerate(locale.months, start=1)
}
_STAMP = re.compile(
    rf"\b(?P<day>\d{{1,2}}) (?P<month>{'|'.join(map(re.escape, _MONTHS))}) (?P<year>\d{{4}}) "
    r"(?P<time>\d\d:\d\d:\d\d) UTC\b",
    re.ASCII,
)


def format_stamp(at: datetime, locale: Locale = ENGLISH) -> str:
    """`at` as "2 Nov 2017 23:00:41 UTC", whole seconds. Not by this machine's locale: the same text everywhere."""
    return f"{_date(at.astimezone(UTC), locale)} {at.astimezone(UTC):%Y %H:%M:%S} UTC"


def _date(at: datetime, locale: Locale) -> str:
    return f"{at.day} {locale.months[at.month - 1]}"


def beside_stamps(text: str, beside: Callable[[datetime, Locale], str]) -> str:
    """`text` with `beside` in parentheses after each stamp of `format_stamp` in it, whatever its language.

    "" adds nothing.

    What only looks like a stamp (a page may have written it) stays as it is.
    """

    def told(found: re.Match[str]) -> str:
        locale, month = _MONTHS[found["month"]]
        try:
            at = datetime.fromisoformat(f"{found['year']}-{month:02}-{int(found['day']):02}T{found['time']}+00:00")
            added = beside(at, locale)
        except (ValueError, OverflowError):  # the 31st of February; a time zone beyond the year 9999
            return found[0]
        return f"{found[0]} ({added})" if added else found[0]

    return _STAMP.sub(told, text)


def with_local_time(text: str, timezone: ZoneInfo | None) -> str:
    """`text` with the readers' time beside each stamp, as "2 Nov 2017 23:00:41 UTC (3 Nov 00:00:41 CET)"."""
    if timezone is None:
        return text

    def local(at: datetime, locale: Locale) -> str:
        there = at.astimezone(timezone)
        name = there.tzname() or ""
        if name == "UTC":
            return ""
        date = "" if there.date() == at.date() else f"{_date(there, locale)} "
        # Zones without letters of their own are called by their distance: +03.
        return f"{date}{there:%H:%M:%S} {f'UTC{name}' if name[:1] in ('+', '-') else name}"

    return beside_stamps(text, local)


def format_span(span: timedelta, locale: Locale = ENGLISH) -> str:
    """`span` as "10 min 20 s", rounded to seconds, from one day on to minutes; below zero counts as zero."""
    unit = _unit(span)
    return _spell((max(span, timedelta(0)) + unit / 2) // unit * unit, locale)


def format_about(span: timedelta, locale: Locale = ENGLISH) -> str:
    """`span` rounded down, as people say it: "40 s", "25 min", "3 h", "2 d 4 h"; below zero counts as zero."""
    unit = _SECOND if span < _MINUTE else _MINUTE if span < _DAY else _HOUR
    return _spell(max(span, timedelta(0)) // unit * unit, locale)


def format_duration(duration: Duration, locale: Locale = ENGLISH) -> str:
    """The best estimate with a margin that covers both bounds: "11 min ± 40 s"; "at least 2 min" while open."""
    if duration.max is None:
        return locale.least.format(format_least(duration.min, locale))
    unit = _unit(duration.max)
    best = (duration.best + unit / 2) // unit * unit
    margin = max(duration.max - best, best - duration.min)
    covering = -(-margin // unit) * unit
    return f"{_spell(best, locale)} ± {_spell(covering, locale)}" if covering else _spell(best, locale)


def format_bounds(duration: Duration, locale: Locale = ENGLISH) -> str:
    """The bounds, rounded outwards: "between 10 min 20 s and 11 min 40 s"; "at least 2 min" while open."""
    least = format_least(duration.min, locale)
    if duration.max is None:
        return locale.least.format(least)
    most = format_most(duration.max, locale)
    return least if least == most else locale.between.format(least, most)


def format_least(span: timedelta, locale: Locale = ENGLISH) -> str:
    """A lower bound, rounded down to seconds, from one day on to minutes; below zero counts as zero."""
    unit = _unit(span)
    return _spell(max(span, timedelta(0)) // unit * unit, locale)


def format_most(span: timedelta, locale: Locale = ENGLISH) -> str:
    """An upper bound, rounded up to seconds, from one day on to minutes; below zero counts as zero."""
    unit = _unit(span)
    return _spell(-(-max(span, timedelta(0)) // unit) * unit, locale)


def format_between(earliest: datetime, latest: datetime, locale: Locale = ENGLISH) -> str:
    """An instant known to lie in [earliest, latest], rounded outwards to seconds."""
    first = format_stamp(earliest, locale)
    last = format_stamp(latest + _SECOND if latest.microsecond else latest, locale)
    return first if first == last else locale.within.format(first, last)


def language_name(tag: str, locale: Locale = ENGLISH) -> str:
    """The name of a BCP 47 language tag; the tag itself when it is none we know."""
    lower = tag.lower()
    if lower.startswith(_TRADITIONAL):
        return locale.traditional_chinese
    return locale.languages.get(lower.partition("-")[0], tag)


def name_of(account: Account) -> str:
    """The account as people write it: "@handle"; the bare handle where a URL template stands for the platform."""
    return account.display_handle if "://" in account.instance else at_handle(account.display_handle)


def at_handle(handle: str) -> str:
    """`handle` with one "@" before it."""
    return handle if handle.startswith("@") else f"@{handle}"


def place_of(account: Account, titles: Mapping[str, str]) -> str:
    """Where the account is: the platform's title, with the instance where there are many and the name lacks it."""
    if "://" in account.instance:
        return account.url.partition("://")[2].partition("/")[0]
    title = titles.get(account.platform, account.platform)
    told = not account.instance or account.display_handle.endswith(f"@{account.instance}")
    return title if told else f"{title} ({account.instance})"


def place_named(key: str, titles: Mapping[str, str]) -> str:
    """The platform of a key `platform` or `platform@instance`, as people call it."""
    platform, _, instance = key.partition("@")
    return titles.get(platform, platform) + (f" ({instance})" if instance else "")


def _unit(span: timedelta) -> timedelta:
    return _MINUTE if span >= _DAY else _SECOND


def _spell(span: timedelta, locale: Locale) -> str:
    minutes, seconds = divmod(span // _SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = zip((days, hours, minutes, seconds), locale.units, strict=True)
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or f"0 {locale.units[-1]}"


def short_hash(digest: str) -> str:
    """So much of a hash as nobody can forge another text for (80 bits), and as people can compare."""
    return digest[:20]
