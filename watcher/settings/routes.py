"""Make the routes of their entries in watcher.yaml, and check them against the channels."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from watcher.model.calendar import QuietHours
from watcher.model.route import Route
from watcher.settings.alertingschema import RouteEntry
from watcher.settings.channels import channel_names
from watcher.settings.nesting import Steps
from watcher.settings.platformfile import refuse_doubles
from watcher.settings.quiet import read_quiet
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.values import ChannelSettings, Settings
from watcher.settings.wording import near

_DEFAULT: Final = Settings(watchlist=(), state_dir=Path())
_TOP: Final = 2  # ("routes", place)


def read_routes(
    reading: Reading[SettingsFile], file: SettingsFile, channels: Iterable[ChannelSettings]
) -> tuple[Route, ...]:
    """The routes; where none are named, all channels are told of everything."""
    if file.routes is None:
        # Without routes everybody is told of everything.
        return (Route(name=_DEFAULT.routes[0].name, channels=tuple(channel.name for channel in channels)),)
    if reading.document.at(("routes",)) == []:
        reading.refuse(("routes",), "no routes; add one, or remove the key to tell every channel of everything")
    tree = tuple(_under(reading, ("routes",), file.routes, None))
    refuse_doubles(reading, [((*path, "name"), route.name) for path, route in tree])
    known = channel_names(reading)
    for path, route in tree:
        _check_channels(reading, path, route, known)
    return tuple(route for path, route in tree if len(path) == _TOP)


def _under(
    reading: Reading[SettingsFile], at: Steps, entries: Sequence[RouteEntry], above: Route | None
) -> Iterator[tuple[Steps, Route]]:
    """The routes of the entries, each with its place and before its own."""
    for path, entry in reading.items(at, entries):
        alone = _route(entry, above, read_quiet(reading, path, entry, above))
        below = tuple(_under(reading, (*path, "routes"), entry.routes or (), alone))
        yield path, replace(alone, routes=tuple(route for place, route in below if len(place) == len(path) + 2))
        yield from below


def _check_channels(reading: Reading[SettingsFile], path: Steps, route: Route, known: list[str]) -> None:
    written = reading.document.at((*path, "channels"))
    if not route.channels:
        reading.refuse((*path, "channels") if written is not None else path, "no channels; name at least one")
    for place, name in enumerate(route.channels if written is not None else ()):
        if name not in known:
            at = reading.item((*path, "channels"), place)
            reading.refuse_value(at, ValueError(f"is no channel; {near(name, known)}"))


def _route(entry: RouteEntry, above: Route | None, quiet: QuietHours | None) -> Route:
    """The route as its entry says; what that leaves open is as in the one above."""
    usual = above or Route(name=entry.name, channels=())
    return Route(
        name=entry.name,
        channels=usual.channels if entry.channels is None else entry.channels,
        severity=frozenset(entry.match.severity),
        platform=frozenset(entry.match.platform),
        owner=frozenset(entry.match.owner),
        reason=frozenset(entry.match.reason),
        account=frozenset(entry.match.account),
        labels=entry.match.labels,
        timezone=entry.timezone or usual.timezone,
        group_by=usual.group_by if entry.group_by is None else entry.group_by,
        group_wait=usual.group_wait if entry.group_wait is None else entry.group_wait,
        group_interval=entry.group_interval or usual.group_interval,
        repeat_interval=usual.repeat_interval if entry.repeat_interval is None else entry.repeat_interval or None,
        quiet=quiet,
        proceed=entry.proceed,
    )
