"""What a scalar of a configuration file looks like, for editors: a fragment of JSON Schema for each reader. Pure.

watcher reads every value as text; an editor reads YAML, so that `3`, `true` and `0123` are numbers and switches to it.
A shape therefore says of which YAML types a right value may be, and what its text must match. What only a reader can
know (that a zone exists, that a span is not too long) is left to `watcher check`: a shape may take too much, never
too little.

The patterns are those that ECMA 262 and Python read alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from watcher.model.finding import REASONS, Verdict
from watcher.settings import mailbox, programwords, routewords, scalars, slackwords, week

Fragment = dict[str, Any]
Reader = Callable[..., object]

VARIABLE: Final = r"\$"
_NO_VARIABLE: Final = r"(?![\s\S]*\$\{)"
_TEXT: Final = ("string", "number", "boolean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of scalar: `types` it may be of in YAML, `pattern` for its text, `bounds` for its number.

    `hint` is what an editor says where the pattern does not match.
    """

    name: str
    pattern: str
    hint: str
    types: tuple[str, ...] = ("string",)
    bounds: tuple[int, int] | None = None
    longest: int | None = None

    def fragment(self, *, variables: bool) -> Fragment:
        """The schema; with `variables` a text that takes something from the environment is let through."""
        pattern = f"^(?:{self.pattern})$"
        made: Fragment = {
            "type": list(self.types) if len(self.types) > 1 else self.types[0],
            "pattern": f"{pattern}|{VARIABLE}" if variables else f"^{_NO_VARIABLE}{pattern[1:]}",
        }
        made["patternErrorMessage"] = self.hint  # of the editors' own; others pass it over
        if self.bounds is not None:
            made |= dict(zip(("minimum", "maximum"), self.bounds, strict=True))
        if self.longest is not None and not variables:
            made["maxLength"] = self.longest
        return made


def words(choices: tuple[str, ...], *, variables: bool) -> Fragment:
    """One of some words."""
    chosen: Fragment = {"enum": list(choices)}
    return {"anyOf": [chosen, {"type": "string", "pattern": VARIABLE}]} if variables else chosen


_SPAN: Final = r"(?=[0-9])(?=.*[1-9])(?:[0-9]{1,8}d)?(?:[0-9]{1,8}h)?(?:[0-9]{1,8}m)?(?:[0-9]{1,8}s)?"
_LINE: Final = r"\s*\S(?:[^\n\t]*\S)?\s*"
_FILE: Final = r"(?!\s*~)" + _LINE
_HOST: Final = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::[0-9]{1,5})?"
_WEB: Final = r"https?://[^\s/?#@]+"
_DAY: Final = "(?:" + "|".join("".join(f"[{c.upper()}{c}]" for c in day) for day in week.DAYS) + ")"
_DAYS: Final = rf"(?:[Dd][Aa][Ii][Ll][Yy]|{_DAY}(?:\s*-\s*{_DAY})?)"
_CLOCK: Final = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_CHANNEL: Final = r"\s*(?:[CGD][A-Z0-9]{6,}|#?[^\s#@A-Z<>|]{1,80})\s*"

_SLUG: Final = Shape(
    name="slug",
    hint="lower-case letters, digits, - and _ (63 at most)",
    pattern=r"[a-z0-9][a-z0-9_-]{0,62}",
    types=("string", "integer", "boolean"),
    bounds=(0, 10**18),
)
_LINE_SHAPE: Final = Shape(
    name="line", hint="a single line of text", pattern=_LINE, types=_TEXT, longest=scalars.LONGEST_TEXT + 100
)
_SECRET: Final = Shape(
    name="secret",
    hint="a single line of text; better ${NAME}, or the key that ends in _file",
    pattern=_LINE,
    types=_TEXT,
)
_COUNT: Final = Shape(
    name="count",
    hint="a whole number from 1",
    pattern=r"(?=[0-9]{1,7}$)(?:0*[1-9][0-9]{0,5}|1000000)",
    types=("integer", "string"),
    bounds=(1, 1_000_000),
)
_DURATION: Final = Shape(name="duration", hint="a duration with its unit, like 10s, 1m, 1h30m or 2d", pattern=_SPAN)
_DURATION_OR_NEVER: Final = Shape(
    name="durationOrNever", hint="a duration with its unit, like 30d, or never", pattern=f"never|{_SPAN}"
)

SHAPES: Final[Mapping[Reader, Shape]] = {
    scalars.line: _LINE_SHAPE,
    scalars.slug: _SLUG,
    scalars.label: Shape(
        name="label",
        hint="letters, digits, ., - and _ (63 at most)",
        pattern=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}",
        types=("string", "number", "boolean"),
        bounds=(0, 10**18),
    ),
    scalars.span: _DURATION,
    scalars.keep: _DURATION_OR_NEVER,
    scalars.keep_long: _DURATION_OR_NEVER,
    scalars.count: _COUNT,
    scalars.renders: Shape(
        name="renders",
        hint="a number from 1 to 32",
        pattern=r"(?=[0-9]{1,7}$)0*(?:[12]?[1-9]|[123]0|3[12])",
        types=("integer", "string"),
        bounds=(1, 32),
    ),
    scalars.port: Shape(
        name="port",
        hint="a number from 1 to 65535",
        pattern=r"0*[1-9][0-9]{0,4}",
        types=("integer", "string"),
        bounds=(1, 65_535),
    ),
    scalars.size: Shape(
        name="size",
        hint="a size with its unit, like 500kB, 2MB or 1MiB",
        pattern=r"(?=.*[1-9])[0-9]{1,9} ?(?:B|kB|KB|MB|KiB|MiB)",
    ),
    scalars.flag: Shape(name="switch", hint="true or false", pattern="true|false", types=("boolean", "string")),
    scalars.secret: _SECRET,
    scalars.webhook: Shape(
        name="secretUrl",
        hint="a URL that begins with https://; better ${NAME}, or the key that ends in _file",
        pattern=rf"\s*{_WEB}(?:/\S*)?\s*",
    ),
    scalars.web_address: Shape(
        name="webAddress", hint="a URL like https://watcher.example", pattern=rf"\s*{_WEB}(?:/[^\s?#]*)?\s*"
    ),
    scalars.file_name: Shape(
        name="fileName", hint="the path of a file; ~ is not expanded, write ${HOME}", pattern=_FILE, types=_TEXT
    ),
    scalars.host: Shape(
        name="host",
        hint="a host like watcher.example, without scheme or path",
        pattern=_HOST,
        types=_TEXT,
    ),
    scalars.server: Shape(
        name="server",
        hint="a host like smtp.newsroom.example, without a port",
        pattern=r"\[?[A-Za-z0-9.:%_-]+\]?",
        types=_TEXT,
    ),
    scalars.address: Shape(
        name="address",
        hint="HOST:PORT, like 127.0.0.1:11102",
        pattern=r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}",
    ),
    scalars.network: Shape(
        name="network",
        hint="a network like 10.0.0.0/8",
        pattern=r"[0-9A-Fa-f.:]+(?:/[0-9.]+)?",
        types=_TEXT,
    ),
    scalars.contact: Shape(name="contact", hint="an e-mail address or a URL", pattern=r"\s*[!-~]*(?:@|://)[!-~]*\s*"),
    scalars.timezone: Shape(
        name="timeZone",
        hint="an IANA name like Europe/Berlin",
        pattern=r"\s*[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*\s*",
    ),
    scalars.account_id: Shape(
        name="accountId", hint="an id like generic:alice, without spaces", pattern=r"\s*[a-z0-9][a-z0-9_-]{0,62}:\S+\s*"
    ),
    mailbox.address: Shape(
        name="mailAddress", hint="an address like desk@newsroom.example", pattern=r"\s*[^\s<>@]+@[^\s<>@]+\s*"
    ),
    mailbox.sender: Shape(
        name="sender",
        hint="an address, or like watcher <watcher@newsroom.example>",
        pattern=r"\s*(?:[^<>\n]*<\s*[^\s<>@]+@[^\s<>@]+\s*>|[^\s<>@]+@[^\s<>@]+)\s*",
    ),
    week.days: Shape(
        name="days", hint="days like mon-fri, sat or mon,wed,fri", pattern=rf"\s*{_DAYS}(?:\s*,\s*{_DAYS})*\s*"
    ),
    week.hours: Shape(
        name="hours", hint="hours like 08:00-18:00", pattern=r"\s*[0-9]{1,2}:[0-5][0-9] ?- ?[0-9]{1,2}:[0-5][0-9]\s*"
    ),
    week.clock: Shape(name="clock", hint="a time of the day like 08:00", pattern=rf"\s*{_CLOCK}\s*"),
    routewords.wait: Shape(
        name="wait", hint="a duration with its unit, at most 10m; 0s for none", pattern=f"0s|{_SPAN}"
    ),
    routewords.pace: _DURATION,
    routewords.repeat: _DURATION_OR_NEVER,
    programwords.header_name: Shape(
        name="headerName", hint="the name of a header", pattern=r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", types=_TEXT
    ),
    programwords.hmac_secret: _SECRET,
    programwords.most: Shape(
        name="most", hint="a number; 0 for all", pattern=r"[0-9]+", types=("integer", "string"), bounds=(0, 100_000)
    ),
    programwords.renew: _DURATION,
    slackwords.token: Shape(
        name="slackToken",
        hint="the token of a bot, which begins with xoxb-; better ${NAME}",
        pattern=r"\s*xoxb-[A-Za-z0-9-]{10,}\s*",
    ),
    slackwords.channel: Shape(
        name="slackChannel",
        hint="the id of a channel like C0123ABCD, or its name",
        pattern=_CHANNEL,
        types=_TEXT,
    ),
}
"""By the function that reads it."""


def words_of(reader: Reader, annotation: object) -> tuple[str, ...] | None:
    """The words that a reader of one of some words takes; None for any other."""
    if reader is routewords.reason:
        return tuple(sorted(REASONS[Verdict.ABSENT]))
    if reader not in SHAPES and isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return tuple(annotation)
    return None
