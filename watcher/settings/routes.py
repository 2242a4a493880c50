"""Make the routes of their entries in watcher.yaml, and check them against the channels."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from watcher.model.route import Route
from watcher.settings.alertingschema import RouteEntry
from watcher.settings.channels import channel_names
from watcher.settings.platformfile import refuse_doubles
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.values import ChannelSettings, Settings
from watcher.settings.wording import near

_DEFAULT: Final = Settings(watchlist=(), state_dir=Path())


def read_routes(
    reading: Reading[SettingsFile], file: SettingsFile, channels: Iterable[ChannelSettings]
) -> tuple[Route, ...]:
    """The routes; where none are named, all channels are told of everything."""
    if file.routes is None:
        # Without routes everybody is told of everything.
        return (Route(name=_DEFAULT.routes[0].name, channels=tuple(channel.name for channel in channels)),)
    if reading.document.at(("routes",)) == []:
        reading.refuse(("routes",), "no routes; add one, or remove the key to tell every channel of everything")
    entries = list(reading.items(("routes",), file.routes))
    refuse_doubles(reading, [((*path, "name"), entry.name) for path, entry in entries])
    known = channel_names(reading)
    for path, entry in entries:
        if not entry.channels:
            reading.refuse((*path, "channels"), "no channels; name at least one")
        for place, name in enumerate(entry.channels):
            if name not in known:
                at = reading.item((*path, "channels"), place)
                reading.refuse_value(at, ValueError(f"is no channel; {near(name, known)}"))
    return tuple(_route(entry) for _, entry in entries)


def _route(entry: RouteEntry) -> Route:
    return Route(
        name=entry.name,
        channels=entry.channels,
        severity=frozenset(entry.match.severity),
        platform=frozenset(entry.match.platform),
        owner=frozenset(entry.match.owner),
        labels=entry.match.labels,
        timezone=entry.timezone,
        proceed=entry.proceed,
    )
