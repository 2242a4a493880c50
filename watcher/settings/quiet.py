"""Make the quiet hours of a route of its `mute` and `active`, and the plan of the digest of its entry."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from watcher.model.calendar import EVERY_DAY, MIDNIGHT, Hours, QuietHours
from watcher.model.digest import DigestPlan
from watcher.model.route import Route
from watcher.settings.alertingschema import HoursEntry, RouteEntry
from watcher.settings.channels import channel_names
from watcher.settings.nesting import Steps
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.wording import near

_WHOLE_DAY: Final = (MIDNIGHT, MIDNIGHT)
_UTC: Final = ZoneInfo("UTC")


def read_quiet(
    reading: Reading[SettingsFile], path: Steps, entry: RouteEntry, above: Route | None
) -> QuietHours | None:
    """When the route is to tell nothing, on its readers' clocks; what it does not say is as in the one `above`."""
    usual = above.quiet if above is not None else None
    zone = entry.timezone or (above.timezone if above is not None else None) or _UTC
    mute, active = _read(reading, (*path, "mute"), entry.mute), _read(reading, (*path, "active"), entry.active)
    quiet = QuietHours(
        mute=(usual.mute if usual is not None else ()) if mute is None else mute,
        active=(usual.active if usual is not None else ()) if active is None else active,
        timezone=zone,
    )
    if not quiet.mute and not quiet.active:
        return None
    if quiet.is_endless:
        reading.refuse(path, "is never to tell anything: mute (or what is outside of active) covers the whole week")
    return quiet


def _read(
    reading: Reading[SettingsFile], path: Steps, entries: Sequence[HoursEntry] | None
) -> tuple[Hours, ...] | None:
    """The windows; [] takes away those of the route above."""
    if entries is None:
        return None
    windows = []
    for at, entry in reading.items(path, entries):
        if entry.days is None and entry.hours is None:
            reading.refuse(at, 'names neither days nor hours; write {days: sat-sun} or {hours: "22:00-06:00"}')
            continue
        begins, ends = entry.hours or _WHOLE_DAY
        windows.append(Hours(days=_days(entry.days), begins=begins, ends=ends))
    return tuple(windows)


def _days(listed: Sequence[frozenset[int]] | None) -> frozenset[int]:
    return EVERY_DAY if listed is None else frozenset().union(*listed)


def read_digest(reading: Reading[SettingsFile], file: SettingsFile) -> DigestPlan | None:
    """When the digest is told, and by which channels; None where there is none."""
    entry = file.digest
    if entry is None:
        return None
    if not entry.channels:
        reading.refuse(("digest", "channels"), "no channels; name at least one, or remove the digest")
    known = channel_names(reading)
    for place, name in enumerate(entry.channels):
        if name not in known:
            at = reading.item(("digest", "channels"), place)
            reading.refuse_value(at, ValueError(f"is no channel; {near(name, known)}"))
    return DigestPlan(
        at=entry.at, timezone=entry.timezone or _UTC, channels=tuple(entry.channels), days=_days(entry.days)
    )
