"""What the operator changes of platforms, in watcher.yaml: paces, switches, credentials."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from watcher.model.platform import Platform
from watcher.settings.alertingschema import RouteEntry
from watcher.settings.environment import read_secret_file
from watcher.settings.nesting import Steps
from watcher.settings.platformfile import pace_of
from watcher.settings.schema import PlatformOverrideEntry, SourceOverrideEntry
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.values import PlatformOverride, Secret, SourceOverride
from watcher.settings.weburl import near_platform
from watcher.settings.wording import near

_FILE: Final = "_file"


def read_override(
    reading: Reading[SettingsFile], name: str, entry: PlatformOverrideEntry, base: Path
) -> PlatformOverride:
    """The changes to platform `name`; faults of its credentials go to `reading`. Files are relative to `base`."""
    path: Steps = ("platforms", name, "credentials")
    credentials: dict[str, Secret] = {}
    for key, value in entry.credentials.items():
        credential = key.removesuffix(_FILE)
        if credential in credentials:
            reading.refuse(
                (*path, key), f"{credential} is given twice; keep {credential} or {credential}{_FILE}", key=True
            )
            continue
        credentials[credential] = value
        if key.endswith(_FILE):
            try:
                credentials[credential] = Secret(read_secret_file(base / value.reveal()))
            except ValueError as error:
                reading.refuse_value((*path, key), error)
    return PlatformOverride(
        sources={source: _source(change) for source, change in entry.sources.items()},
        credentials=credentials,
        pace=None if entry.pace is None else pace_of(entry.pace),
        robots_override=None if entry.robots is None else True,
    )


def _source(entry: SourceOverrideEntry) -> SourceOverride:
    return SourceOverride(
        enabled=entry.enabled,
        robots_override=None if entry.robots is None else True,
        pace=None if entry.pace is None else pace_of(entry.pace),
    )


def check_overrides(reading: Reading[SettingsFile], platforms: Mapping[str, Platform]) -> None:
    """Note every platform, source and credential in the file that no platform file knows."""
    file = reading.value
    if file is None:
        return
    for name, entry in file.platforms.items():
        if name in platforms:
            _check_override(reading, name, entry, platforms[name])
        else:
            reading.refuse(
                ("platforms", name), f"there is no such platform; {near_platform(name, platforms)}", key=True
            )
    _check_routes(reading, ("routes",), file.routes or (), platforms)


def _check_routes(
    reading: Reading[SettingsFile], at: Steps, routes: Sequence[RouteEntry], platforms: Mapping[str, Platform]
) -> None:
    for path, route in reading.items(at, routes):
        for place, name in enumerate(route.match.platform):
            if name not in platforms:
                where = reading.item((*path, "match", "platform"), place)
                reading.refuse_value(where, ValueError(f"is no platform; {near_platform(name, platforms)}"))
        _check_routes(reading, (*path, "routes"), route.routes or (), platforms)


def _check_override(
    reading: Reading[SettingsFile], name: str, entry: PlatformOverrideEntry, platform: Platform
) -> None:
    known = [source.name for source in platform.sources]
    for source in entry.sources:
        if source not in known:
            at: Steps = ("platforms", name, "sources", source)
            reading.refuse(at, f"{name} has no such source; {near(source, known)}", key=True)
    wanted = dict.fromkeys(source.credential for source in platform.sources if source.credential is not None)
    for key in entry.credentials:
        if key.removesuffix(_FILE) not in wanted:
            at = ("platforms", name, "credentials", key)
            reading.refuse(at, f"{name} needs no such credential; {near(key.removesuffix(_FILE), wanted)}", key=True)
