"""How stamps, spans, bounds, languages and accounts are written for people. Pure; English only."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from watcher.model.account import Account
from watcher.model.outage import Duration

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_LANGUAGES: Final[dict[str, str]] = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "cy": "Welsh",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fil": "Filipino",
    "fr": "French",
    "ga": "Irish",
    "gl": "Galician",
    "gu": "Gujarati",
    "ha": "Hausa",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "hy": "Armenian",
    "id": "Indonesian",
    "ig": "Igbo",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "kk": "Kazakh",
    "kn": "Kannada",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ml": "Malayalam",
    "mr": "Marathi",
    "ms": "Malay",
    "my": "Burmese",
    "nb": "Norwegian",
    "ne": "Nepali",
    "nl": "Dutch",
    "nn": "Norwegian (Nynorsk)",
    "no": "Norwegian",
    "pa": "Punjabi",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sq": "Albanian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tl": "Filipino",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "yo": "Yoruba",
    "zh": "Chinese",
}
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk")
_STAMP = re.compile(
    rf"\b(?P<day>\d{{1,2}}) (?P<month>{'|'.join(MONTHS)}) (?P<year>\d{{4}}) (?P<time>\d\d:\d\d:\d\d) UTC\b", re.ASCII
)


def format_stamp(at: datetime) -> str:
    """`at` as "2 Nov 2017 23:00:41 UTC", whole seconds. Not by locale: the same text everywhere."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {MONTHS[utc.month - 1]} {utc.year} {utc:%H:%M:%S} UTC"


def beside_stamps(text: str, beside: Callable[[datetime], str]) -> str:
    """`text` with `beside` in parentheses after each stamp of `format_stamp` in it; "" adds nothing.

    What only looks like a stamp (a page may have written it) stays as it is.
    """

    def told(found: re.Match[str]) -> str:
        month = MONTHS.index(found["month"]) + 1
        try:
            at = datetime.fromisoformat(f"{found['year']}-{month:02}-{int(found['day']):02}T{found['time']}+00:00")
            added = beside(at)
        except (ValueError, OverflowError):  # the 31st of February; a time zone beyond the year 9999
            return found[0]
        return f"{found[0]} ({added})" if added else found[0]

    return _STAMP.sub(told, text)


def with_local_time(text: str, timezone: ZoneInfo | None) -> str:
    """`text` with the readers' time beside each stamp, as "2 Nov 2017 23:00:41 UTC (3 Nov 00:00:41 CET)"."""
    if timezone is None:
        return text

    def local(at: datetime) -> str:
        there = at.astimezone(timezone)
        name = there.tzname() or ""
        if name == "UTC":
            return ""
        date = "" if there.date() == at.date() else f"{there.day} {MONTHS[there.month - 1]} "
        # Zones without letters of their own are called by their distance: +03.
        return f"{date}{there:%H:%M:%S} {f'UTC{name}' if name[:1] in ('+', '-') else name}"

    return beside_stamps(text, local)


def format_span(span: timedelta) -> str:
    """`span` as "10 min 20 s", rounded to seconds, from one day on to minutes; below zero counts as zero."""
    unit = _unit(span)
    return _spell((max(span, timedelta(0)) + unit / 2) // unit * unit)


def format_about(span: timedelta) -> str:
    """`span` rounded down, as people say it: "40 s", "25 min", "3 h", "2 d 4 h"; below zero counts as zero."""
    unit = _SECOND if span < _MINUTE else _MINUTE if span < _DAY else _HOUR
    return _spell(max(span, timedelta(0)) // unit * unit)


def format_duration(duration: Duration) -> str:
    """The best estimate with a margin that covers both bounds: "11 min ± 40 s"; "at least 2 min" while open."""
    if duration.max is None:
        return f"at least {_spell(_floor(duration.min))}"
    unit = _unit(duration.max)
    best = (duration.best + unit / 2) // unit * unit
    margin = max(duration.max - best, best - duration.min)
    covering = -(-margin // unit) * unit
    return f"{_spell(best)} ± {_spell(covering)}" if covering else _spell(best)


def format_bounds(duration: Duration) -> str:
    """The bounds, rounded outwards: "between 10 min 20 s and 11 min 40 s"; "at least 2 min" while open."""
    least = _spell(_floor(duration.min))
    if duration.max is None:
        return f"at least {least}"
    unit = _unit(duration.max)
    most = _spell(-(-duration.max // unit) * unit)
    return least if least == most else f"between {least} and {most}"


def format_between(earliest: datetime, latest: datetime) -> str:
    """An instant known to lie in [earliest, latest], rounded outwards to seconds."""
    first = format_stamp(earliest)
    last = format_stamp(latest + _SECOND if latest.microsecond else latest)
    return first if first == last else f"between {first} and {last}"


def language_name(tag: str) -> str:
    """The English name of a BCP 47 language tag; the tag itself when it is none we know."""
    lower = tag.lower()
    if lower.startswith(_TRADITIONAL):
        return "Traditional Chinese"
    return _LANGUAGES.get(lower.partition("-")[0], tag)


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


def _unit(span: timedelta) -> timedelta:
    return _MINUTE if span >= _DAY else _SECOND


def _floor(span: timedelta) -> timedelta:
    unit = _unit(span)
    return span // unit * unit


def _spell(span: timedelta) -> str:
    minutes, seconds = divmod(span // _SECOND, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def short_hash(digest: str) -> str:
    """So much of a hash as nobody can forge another text for (80 bits), and as people can compare."""
    return digest[:20]
