"""What this machine can and cannot see of each platform, told from what its controls said: a line, and as data.

What the platform's file claims is in `settings.visibility`; here is whether that holds from where the program runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from watcher.judge.calibration import Separation, blind_reason, separation
from watcher.judge.platform_health import assess
from watcher.look.book import Book
from watcher.model.control import ControlFinding, ControlKey, ControlReport, Health
from watcher.model.finding import Reason
from watcher.model.platform import Platform
from watcher.model.record import Record, instant
from watcher.settings import visibility

_WORDS: Final = {Health.BLIND: "blind from here", Health.SICK: "fails", Health.UNPROVEN: "unproven"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is seen of one platform through one source. `tells` are the reasons of an absence that can be told."""

    report: ControlReport
    title: str
    health: Health
    separation: Separation | None
    tells: tuple[Reason, ...] = ()

    @property
    def can_see(self) -> bool:
        """True where existing and missing accounts are told apart."""
        return self.health is Health.OK


def outlook(report: ControlReport, platform: Platform) -> Outlook:
    """What the controls of one key show."""
    source = next((source for source in platform.sources if source.name == report.key.source), None)
    # Whatever the file expects of the source: if its controls are told apart, so are accounts.
    seen = visibility(platform, (replace(source, blind=False),) if source is not None else ())
    return Outlook(
        report=report,
        title=platform.title + (f" ({_host(report.key.instance)})" if report.key.instance else ""),
        health=assess(report),
        separation=separation(report),
        tells=(*seen.tells, *seen.by_text),
    )


def is_each_seen(found: Iterable[Outlook]) -> bool:
    """True where every platform (and instance) is seen through one source at least."""
    seen: dict[tuple[str, str], bool] = {}
    for each in found:
        place = each.report.key.platform, each.report.key.instance
        seen[place] = seen.get(place, False) or each.can_see
    return all(seen.values())


def line(found: Outlook, since: datetime | None = None) -> str:
    """`Bluesky: sees profile, not_found (source api, told apart by rule)`, `X: blind from here: …login_wall`.

    Of controls that are gone only those are named that were asked `since` then.
    """
    key, apart = found.report.key, found.separation
    if found.can_see:
        by = f", told apart by {apart.by}" if apart is not None else ""
        by += f", pages differ by {apart.margin:.0%}" if apart is not None and apart.margin is not None else ""
        said = f"sees {', '.join(('profile', *map(str, found.tells)))} (source {key.source}{by})"
    else:
        said = f"{_WORDS[found.health]}: {_why(found.report)} (source {key.source})"
    asked = {each.handle for each in found.report.positives if since is None or each.finding.at >= since}
    dead = [handle for handle in found.report.calibration.dead if handle in asked]
    gone = f"; control {', '.join(dead)} is gone: name another" if dead else ""
    return f"{found.title}: {said}{gone}"


def record(found: Outlook) -> Record:
    """The same as data."""
    key, apart = found.report.key, found.separation
    return {
        "platform": key.platform,
        "instance": key.instance or None,
        "source": key.source,
        "health": str(found.health),
        "sees": found.can_see,
        "tells": [str(reason) for reason in found.tells] if found.can_see else [],
        "told_apart_by": apart and str(apart.by),
        "margin": apart and apart.margin,
        "why": None if found.can_see else _why(found.report),
        "dead_controls": list(found.report.calibration.dead),
        "controls": [
            *(_control(control, "positive") for control in found.report.positives),
            *(_control(control, "negative") for control in found.report.negatives),
        ],
    }


class Outlooks:
    """Logs once of each source that is asked what can be seen there, once its controls have answered.

    What was stored of them before `since`, the start, is not told as if it had just been seen.
    """

    def __init__(self, book: Book, since: datetime) -> None:
        self._book = book
        self._since = since
        self._told: set[ControlKey] = set()

    def note(self, report: ControlReport) -> None:
        """The controls have answered."""
        platform = self._book.platforms.get(report.key.platform)
        if report.key in self._told or platform is None:
            return
        self._told.add(report.key)
        found = outlook(report, platform)
        log = structlog.get_logger("watcher")
        tell = log.info if found.can_see else log.warning
        tell("calibrated", says=line(found, self._since))


def _why(report: ControlReport) -> str:
    reason = blind_reason(report)
    if reason is not None:
        return f"an account that exists is answered with {reason}"
    if not report.positives:
        return "no account is known that always exists"
    shown = ", ".join(dict.fromkeys(str(control.finding.reason) for control in report.negatives))
    return f"a handle that cannot exist is answered with {shown}" if shown else "nothing was asked yet"


def _control(control: ControlFinding, kind: str) -> Record:
    finding = control.finding
    return {
        "kind": kind,
        "handle": control.handle,
        "verdict": str(finding.verdict),
        "reason": str(finding.reason),
        "rule": finding.evidence.rule,
        "at": instant(finding.at),
    }


def _host(instance: str) -> str:
    return instance.split("/")[2] if "://" in instance else instance
