"""Make the quiet hours of a route of its `mute` and `active`."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from watcher.model.calendar import EVERY_DAY, MIDNIGHT, Hours, QuietHours
from watcher.model.route import Route
from watcher.settings.alertingschema import HoursEntry, RouteEntry
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.yamlfile import Steps

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
    return None if entries is None else tuple(_hours(reading, at, each) for at, each in reading.items(path, entries))


def _hours(reading: Reading[SettingsFile], path: Steps, entry: HoursEntry) -> Hours:
    if entry.days is None and entry.hours is None:
        reading.refuse(path, 'names neither days nor hours; write {days: sat-sun} or {hours: "22:00-06:00"}')
    begins, ends = entry.hours or _WHOLE_DAY
    return Hours(days=_days(entry.days), begins=begins, ends=ends)


def _days(listed: Sequence[frozenset[int]] | None) -> frozenset[int]:
    return EVERY_DAY if listed is None else frozenset().union(*listed)
