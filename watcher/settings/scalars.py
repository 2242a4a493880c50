"""What one scalar of a configuration file means: spans, sizes, names, addresses. Text in, value or ValueError out.

The message of a ValueError goes on after the quoted value (`'10' has no unit; write …`). `UnshownError` is for those
that must not, or need not, show it.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from watcher.model.finding import REASONS, Reason, Verdict, verdict_of
from watcher.model.platform import Field, FieldKind
from watcher.settings.values import Secret
from watcher.settings.wording import kind_of, near, one_of

E = TypeVar("E", bound=StrEnum)

LONGEST_SPAN: Final = timedelta(days=366)
LONGEST_KEPT: Final = timedelta(days=36_600)
LONGEST_TEXT: Final = 300
LONGEST_PARAGRAPH: Final = 1_000

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile("".join(f"(?:([0-9]{{1,8}}){unit})?" for unit in _UNITS))
_SIZES = {"B": 1, "kB": 1_000, "KB": 1_000, "MB": 1_000_000, "KiB": 1 << 10, "MiB": 1 << 20}
_SIZE = re.compile(r"([0-9]{1,9}) ?(B|kB|KB|MB|KiB|MiB)")
_LARGEST_SIZE = 100_000_000
_LARGEST_COUNT = 1_000_000
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)(:[0-9]{1,5})?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_DATE = re.compile(r"20[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_HIGHEST_PORT = 65_535
_KEYED = frozenset({FieldKind.HEADER, FieldKind.META, FieldKind.JSON, FieldKind.JSON_LD, FieldKind.SCRIPT_JSON})
_MOST_RENDERS = 32


class UnshownError(ValueError):
    """A refusal whose message stands alone: the value is a secret, or of the wrong kind altogether."""


def text(value: object) -> str:
    """Any text that says something."""
    if not isinstance(value, str):
        raise UnshownError(f"must be text, not {kind_of(value)}")
    if not value.strip():
        raise UnshownError("is empty; write a value or remove the key")
    return value


def line(value: object) -> str:
    """Text on one line, of bounded length, without space around it."""
    found = text(value).strip()
    if "\n" in found or "\t" in found:
        raise ValueError("must be a single line")
    if len(found) > LONGEST_TEXT:
        raise ValueError(f"is {len(found)} characters long; {LONGEST_TEXT} are the most")
    return found


def paragraph(value: object) -> str:
    """Text that may be written over several lines, as one: white space is collapsed, the length is bounded."""
    found = " ".join(text(value).split())
    if len(found) > LONGEST_PARAGRAPH:
        raise UnshownError(f"is {len(found)} characters long; {LONGEST_PARAGRAPH} are the most")
    return found


def month(value: object) -> str:
    """A year, a month or a day: `2026`, `2026-11` or `2026-11-02`."""
    written = text(value)
    if not _DATE.fullmatch(written):
        raise ValueError("is not a date; write it like 2026, 2026-11 or 2026-11-02")
    return written


def pattern(value: object) -> str:
    """A pattern of a rule: any text, also the empty one."""
    if not isinstance(value, str):
        raise UnshownError(f"must be text, not {kind_of(value)}")
    return value


def secret(value: object) -> Secret:
    """Text that nobody gets to see."""
    found = text(value).strip()
    if any(c in found for c in "\n\t"):
        raise UnshownError("must be a single line")
    return Secret(found)


def span(value: object) -> timedelta:
    """A positive span such as `10s`, `1h30m`, `2d`."""
    return _span(text(value), LONGEST_SPAN)


def keep(value: object, least: timedelta = timedelta(days=1)) -> timedelta | None:
    """How long something is kept: a span of a day or more, or `never` (it goes) as None."""
    written = text(value)
    if written == "never":
        return None
    found = _span(written, LONGEST_KEPT)
    if found < least:
        raise ValueError(f"is shorter than {span_text(least)}; write {span_text(least)} or more, or never")
    return found


def keep_long(value: object) -> timedelta | None:
    """The same for what the uptime of the last 30 days is computed from."""
    return keep(value, timedelta(days=31))


def _span(written: str, longest: timedelta) -> timedelta:
    match = _SPAN.fullmatch(written)
    if match is None or not any(match.groups()):
        if written.isascii() and written.isdigit():
            raise ValueError(f"has no unit; write {written}s for seconds or {written}m for minutes")
        if re.fullmatch(r"[0-9.]+ms|0?\.[0-9]+s", written):
            raise ValueError("is shorter than 1s, or no whole number of seconds; write it like 1s or 10s")
        raise ValueError("is not a duration; write it like 10s, 1m, 1h30m or 2d")
    seconds = sum(int(count) * unit for count, unit in zip(match.groups(), _UNITS.values(), strict=True) if count)
    if seconds > longest.total_seconds():
        raise ValueError(f"is longer than {longest.days}d; write less")
    if seconds == 0:
        raise ValueError("is shorter than 1s; write at least 1s")
    return timedelta(seconds=seconds)


def span_text(value: timedelta) -> str:
    """A span (of whole seconds) as it is written in YAML: `90s` is `1m30s`."""
    left = int(value.total_seconds())
    parts = []
    for unit, seconds in _UNITS.items():
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def size(value: object) -> int:
    """A number of bytes such as `2MB` or `500kB`."""
    match = _SIZE.fullmatch(text(value))
    if match is None:
        raise ValueError("is not a size; write it like 500kB, 2MB or 1MiB")
    count = int(match[1]) * _SIZES[match[2]]
    if not 1 <= count <= _LARGEST_SIZE:
        raise ValueError(f"is out of bounds; write between 1B and {_LARGEST_SIZE // 1_000_000}MB")
    return count


def status(value: object) -> int:
    """An HTTP status: 404."""
    written = line(value)
    if re.fullmatch(r"[1-9][0-9]{2}", written) is None:
        raise ValueError("is no HTTP status; write three digits, such as 404")
    return int(written)


def count(value: object) -> int:
    """A whole number from 1."""
    written = text(value)
    if not (written.isascii() and written.isdigit() and int(written[:9]) >= 1 and len(written) <= len("1000000")):
        raise ValueError("is not a whole number from 1; write it like 3")
    if int(written) > _LARGEST_COUNT:
        raise ValueError(f"is too large; {_LARGEST_COUNT} is the most")
    return int(written)


def renders(value: object) -> int:
    """How many pages a browser renders at once; each takes a processor core and a hundred megabytes or more."""
    found = count(value)
    if found > _MOST_RENDERS:
        raise ValueError(f"is too large; {_MOST_RENDERS} is the most")
    return found


def flag(value: object) -> bool:
    """`true` or `false`."""
    written = text(value)
    if written not in ("true", "false"):
        raise ValueError("is neither true nor false; write one of these")
    return written == "true"


def slug(value: object) -> str:
    """A name for machines: lower-case letters, digits, `-` and `_`."""
    written = text(value)
    if not _SLUG.fullmatch(written):
        raise ValueError("is not a slug; use lower-case letters, digits, - and _ (63 at most)")
    return written


def label(value: object) -> str:
    """The value of a label: letters, digits, `.`, `-` and `_`."""
    written = text(value)
    if not _LABEL.fullmatch(written):
        raise ValueError("is not a slug; use letters, digits, ., - and _ (63 at most)")
    return written


def account_id(value: object) -> str:
    """An id for an account: `platform:anything` without spaces."""
    written = line(value)
    head, colon, tail = written.partition(":")
    if not (colon and tail and _SLUG.fullmatch(head) and written.isprintable() and " " not in written):
        raise ValueError("is not an id; write it like generic:alice, without spaces")
    return written


def choice(kind: type[E]) -> Callable[[object], E]:
    """A reader of one of the words of `kind`."""
    words = [member.value for member in kind]

    def chosen(value: object) -> E:
        written = text(value)
        if written not in words:
            raise ValueError(f"is unknown; {near(written, words)}")
        return kind(written)

    return chosen


def only(word: str) -> Callable[[object], str]:
    """A reader of a key that can only say one thing."""

    def said(value: object) -> str:
        if text(value) != word:
            raise ValueError(f"is unknown; write {word} or remove the key")
        return word

    return said


def reason_for(verdict: Verdict) -> Callable[[object], Reason]:
    """A reader of the reasons that belong to `verdict`."""
    words = sorted(REASONS[verdict])

    def reason(value: object) -> Reason:
        written = text(value)
        if written in words:
            return Reason(written)
        if written in list(Reason):
            raise ValueError(f"is a reason for {verdict_of(Reason(written))}, not for {verdict}; write {one_of(words)}")
        raise ValueError(f"is no reason; {near(written, words)}")

    return reason


def answer_field(value: object) -> Field:
    """A part of an answer: `status`, `header:retry-after`, `json:data.user.id`."""
    written = text(value)
    head, colon, key = written.partition(":")
    kinds = [kind.value for kind in FieldKind]
    if head not in kinds:
        raise ValueError(f"is no field of an answer; {near(head, kinds)}")
    kind = FieldKind(head)
    if kind in _KEYED and not key:
        raise ValueError(f"does not say which; write it like {head}:NAME")
    if kind is FieldKind.SCRIPT_JSON and not all(key.partition(":")):
        raise ValueError(f"does not say where in which script; write it like {head}:__NEXT_DATA__:props.user")
    if kind not in _KEYED and colon:
        raise ValueError(f"takes no name; write {head}")
    return Field(kind, key.lower() if kind is FieldKind.HEADER else key)


def answer_list(value: object) -> str:
    """The path to a list in a JSON answer, written as a field: `json:data.users`."""
    field = answer_field(value)
    if field.kind is not FieldKind.JSON:
        raise ValueError("is no list of a JSON answer; write it like json:data.users")
    return field.key


def header_name(value: object) -> str:
    """The name of a request header, lower-case."""
    written = text(value)
    if not _HEADER_NAME.fullmatch(written):
        raise ValueError("is not the name of a header")
    return written.lower()


def language(value: object) -> str:
    """A BCP 47 language tag such as `fr` or `pt-BR`."""
    written = text(value)
    if not _LANGUAGE.fullmatch(written):
        raise ValueError("is not a language; write a BCP 47 tag such as fr or pt-BR")
    return written


def timezone(text: str) -> ZoneInfo:
    """A time zone by its IANA name, such as `Europe/Berlin`."""
    known = _timezones()
    if text not in known:
        raise ValueError(f"is no time zone; {near(text, known, otherwise='write an IANA name such as Europe/Berlin')}")
    return ZoneInfo(text)


@cache
def _timezones() -> frozenset[str]:
    # Each call goes through the files of all zones, and a watchlist may name one in each entry.
    return frozenset(available_timezones())


def network(value: object) -> IPv4Network | IPv6Network:
    """A network such as `127.0.0.0/8`."""
    written = text(value)
    try:
        return ip_network(written)
    except ValueError:
        raise ValueError("is not a network; write it like 127.0.0.0/8, with no bits set behind the mask") from None


def address(value: object) -> tuple[str, int]:
    """A host and port such as `127.0.0.1:11102` or `[::1]:11102`."""
    match = _ADDRESS.fullmatch(text(value))
    if match is None or int(match[2]) > _HIGHEST_PORT:
        raise ValueError("is not an address; write it as HOST:PORT, like 127.0.0.1:11102")
    return match[1].strip("[]"), int(match[2])


def host(value: object) -> str:
    """A host name, with its port if it has one, lower-case."""
    written = text(value)
    if not _HOST.fullmatch(written):
        raise ValueError("is not a host; write a name such as watcher.example, without scheme or path")
    return written.lower()


def server(value: object) -> str:
    """A host name or an IP address, without a port; an IPv6 address with or without brackets."""
    written = text(value).lower()
    with suppress(ValueError):
        return str(ip_address(written.removeprefix("[").removesuffix("]")))
    match = _HOST.fullmatch(written)
    if match is None or match[1].startswith("["):
        raise ValueError("is not a host; write a name such as smtp.newsroom.example, or an address")
    if match[3]:
        raise ValueError(f"has a port in it; write {match[1]}, and the port as a key of its own")
    return written


def port(value: object) -> int:
    """The number of a TCP port."""
    written = text(value)
    if not re.fullmatch(r"[0-9]{1,5}", written) or not 1 <= int(written) <= _HIGHEST_PORT:
        raise ValueError(f"is not a port; write a number from 1 to {_HIGHEST_PORT}")
    return int(written)


def contact(value: object) -> str:
    """What goes into the User-Agent: an e-mail address or a URL."""
    written = line(value)
    if not (
        written.isascii() and written.isprintable() and ("@" in written or "://" in written) and " " not in written
    ):
        raise ValueError("is neither an e-mail address nor a URL; write one at which the operator can be reached")
    return written


def web_address(value: object) -> str:
    """An http or https URL, without the slash at its end."""
    written = line(value)
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", written):
        raise ValueError("is not a web address; write it like https://watcher.example")
    return written.rstrip("/")


def webhook(value: object) -> Secret:
    """The URL of an incoming webhook: a secret."""
    found = secret(value)
    if not re.fullmatch(r"https?://[^\s/?#@]+(/\S*)?", found.reveal()) or not _has_host(found.reveal()):
        raise UnshownError("is not a URL; it must begin with https:// (its value is not shown)")
    return found


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:  # a bracket alone, a port beyond 65535
        return False
    return bool(host)


def file_name(value: object) -> str:
    """The path of a file or folder."""
    written = line(value)
    if written.startswith("~"):
        raise ValueError("begins with ~, which is not expanded; write ${HOME} instead")
    return written
