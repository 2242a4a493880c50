"""How the platforms do, as their controls say: in words, those first that are not well. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from watcher.model.control import ControlFinding, ControlKey, Health
from watcher.model.finding import Verdict
from watcher.model.snapshot import Snapshot
from watcher.notify.wording import place_named
from watcher.web.pages.words import Look, plain

SHOWN: Final = 60
_LOOKS: Final = {
    Health.SICK: Look("out of order", "bad", "sick"),
    Health.BLIND: Look("tells nothing", "warn", "blind"),
    Health.UNPROVEN: Look("not proven", "dim", "unproven"),
    Health.OK: Look("in order", "good", "ok"),
}
HEALTH_LOOKS: Final = tuple(_LOOKS.values())
MEANING: Final = {
    "sick": "an account that always exists is not there, or the platform fails",
    "blind": "an account that exists cannot be told from a handle that cannot",
    "unproven": "its controls have not been asked, or said nothing",
    "ok": "an account that always exists is seen, a handle that cannot exist is not",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What one control said last. `is_good`: it is as it should be."""

    handle: str
    wanted: str
    said: str
    is_good: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One platform as it is seen through one source."""

    place: str
    source: str
    look: Look
    meaning: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Platforms:
    """All of them: how many stand how, those that are shown, and how many are not."""

    counts: tuple[tuple[Look, int], ...]
    seen: tuple[Seen, ...]
    more: int


def platforms_of(snapshot: Snapshot) -> Platforms:
    """How the platforms do that anybody is watched on."""
    counts = Counter(_LOOKS[health] for health in snapshot.health.values())
    rank = list(_LOOKS)
    keys = sorted(snapshot.health, key=lambda key: (rank.index(snapshot.health[key]), key))
    return Platforms(
        counts=tuple((look, counts[look]) for look in HEALTH_LOOKS if counts[look]),
        seen=tuple(seen_of(key, snapshot) for key in keys[:SHOWN]),
        more=max(0, len(keys) - SHOWN),
    )


def seen_of(key: ControlKey, snapshot: Snapshot) -> Seen:
    """One platform through one source."""
    titles = {platform.id: platform.title for platform in snapshot.platforms.values()}
    look = _LOOKS[snapshot.health[key]]
    instance = key.instance.split("/")[2] if "://" in key.instance else key.instance
    report = snapshot.reports[key]
    return Seen(
        place=place_named(f"{key.platform}@{instance}" if instance else key.platform, titles),
        source=key.source,
        look=look,
        meaning=MEANING[look.name],
        controls=(
            *(_control(each, "should be there", Verdict.PRESENT) for each in report.positives),
            *(_control(each, "cannot be there", Verdict.ABSENT) for each in report.negatives),
        ),
    )


def _control(control: ControlFinding, wanted: str, verdict: Verdict) -> Control:
    finding = control.finding
    return Control(
        handle=control.handle,
        wanted=wanted,
        said=plain(f"{finding.verdict}, {finding.reason}"),
        is_good=finding.verdict is verdict,
        at=finding.at,
    )
