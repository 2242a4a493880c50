"""What pages say in words: how an account stands, spans, stamps, where a link leads. Pure; escapes nothing.

Names, handles and quotes are hostile: the templates clean and escape every one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from watcher.model.finding import Verdict
from watcher.model.outage import AccountState, Phase


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is called, the colour class that goes with the word (good, bad, warn, dim), its name in a URL."""

    words: str
    colour: str
    name: str


BLIND: Final = Look("cannot be seen", "dim", "blind")
_LOOK: Final = {
    Phase.DOWN: Look("unavailable", "bad", "down"),
    Phase.RECOVERING: Look("coming back", "bad", "recovering"),
    Phase.SUSPECT: Look("being confirmed", "warn", "suspect"),
    Phase.NEVER_SEEN: Look("never seen", "warn", "never_seen"),
    Phase.NEW: Look("not yet looked at", "dim", "new"),
    Phase.UP: Look("available", "good", "up"),
}
LOOKS: Final = (*(_LOOK[phase] for phase in _LOOK if phase is not Phase.UP), BLIND, _LOOK[Phase.UP])
"""In the order in which they matter to the reader."""
RANK: Final = {look.name: rank for rank, look in enumerate(LOOKS)}


def look_of(state: AccountState) -> Look:
    """How a state looks. What is known to be open stays so while nothing can be seen."""
    return BLIND if state.blind_since is not None and not state.is_down else _LOOK[state.phase]


def span(value: timedelta) -> str:
    """A span in its two largest units: `40 s`, `11 min 5 s`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(0, round(value.total_seconds()))
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60))
    first = next((index for index, (_, count) in enumerate(units) if count), len(units) - 1)
    return " ".join(f"{count} {unit}" for unit, count in units[first : first + 2] if count) or "0 s"


def percent(ratio: float) -> str:
    """A part of a whole, rounded down: what was not wholly so never reads as 100 %."""
    hundredths = int(round(ratio * 10_000, 6))  # 0.57 times 10,000 is a little less than 5,700
    return "100 %" if ratio >= 1 else f"{hundredths // 100}.{hundredths % 100:02} %"


def iso(at: datetime) -> str:
    """The instant for machines, in whole seconds of UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def stamp(at: datetime) -> str:
    """The instant in UTC: `2017-11-02 23:00:41`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def clock(at: datetime, now: datetime) -> str:
    """The time of day; with the date when that is not today's (in UTC)."""
    utc = at.astimezone(UTC)
    return stamp(at) if utc.date() != now.astimezone(UTC).date() else f"{utc:%H:%M:%S}"


def plain(name: str) -> str:
    """A reason, or another name of the program's own, as people read it."""
    return name.replace("_", " ")


def milliseconds(span: timedelta) -> str:
    """A response time: `240 ms`, `1.2 s`."""
    seconds = span.total_seconds()
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def verdict(said: Verdict) -> Look:
    """A verdict as a badge."""
    return Look(str(said), {Verdict.PRESENT: "good", Verdict.ABSENT: "bad"}.get(said, "dim"), str(said))


def web_address(url: str) -> str | None:
    """`url` where it may be linked to; None where it is no address of the web."""
    try:
        return url if urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


def account_path(account_id: str) -> str:
    """Where an account's page is. Whatever is in the id, it is one part of the path."""
    return f"/accounts/{_part(account_id)}"


def badge_path(account_id: str, kind: str) -> str:
    """Where an account's badge is: of its `state`, or its `uptime`."""
    return f"/badges/{_part(account_id)}/{kind}.svg"


def outage_path(outage_id: str) -> str:
    """Where an outage's record is."""
    return f"/outages/{_part(outage_id)}"


def _part(text: str) -> str:
    return quote(text.encode(errors="replace"), safe="")
