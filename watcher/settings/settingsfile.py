"""Make Settings of watcher.yaml: paths made absolute, secrets read, names checked against one another.

Reads the secret files that it names, and looks whether other files exist. Values of secrets go into no message.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, assert_never

from watcher.model.route import Route
from watcher.settings import scalars
from watcher.settings.emailchannel import read_email_channel
from watcher.settings.environment import fill_in, read_secret_file
from watcher.settings.files import is_pattern
from watcher.settings.overrides import read_override
from watcher.settings.platformfile import refuse_doubles
from watcher.settings.schema import (
    EmailChannelEntry,
    LogChannelEntry,
    ProbeEntry,
    RouteEntry,
    SettingsFile,
    SlackChannelEntry,
)
from watcher.settings.validate import Reading, validate
from watcher.settings.values import (
    BrowserSettings,
    ChannelSettings,
    LogChannel,
    ProbeSettings,
    Retention,
    Secret,
    Settings,
    SlackChannel,
    WebSettings,
)
from watcher.settings.wording import near
from watcher.settings.yamlfile import Document, Steps

_PLATFORM_DIR: Final = "platforms"
_DEFAULT: Final = Settings(watchlist=(), state_dir=Path())


def read_settings(
    document: Document, base: Path, env: Mapping[str, str]
) -> tuple[Reading[SettingsFile], Settings | None]:
    """The settings of a file; use them only if the reading has no faults. Paths in it are relative to `base`."""
    data, problems = fill_in(document.data, env)
    reading = validate(SettingsFile, document, data, problems)
    file = reading.value
    if file is None:
        return reading, None
    channels = _channels(reading, file, base)
    return reading, Settings(
        watchlist=_watchlist(reading, file, base),
        state_dir=_path(base, file.state_dir),
        platform_dir=_platform_dir(reading, file, base),
        public_url=file.public_url,
        probe=_probe(reading, file.probe, file.contact, base),
        web=WebSettings(host=file.web.listen[0], port=file.web.listen[1], allow_hosts=tuple(file.web.allow_hosts)),
        retention=Retention(
            samples=file.retention.samples,
            deliveries=file.retention.deliveries,
            evidence=file.retention.evidence,
            outages=file.retention.outages,
        ),
        channels=channels,
        routes=_routes(reading, file, channels),
        fallback=_fallback(reading, file, channels),
        platforms={name: read_override(reading, name, entry, base) for name, entry in file.platforms.items()},
    )


def _path(base: Path, text: str) -> Path:
    return Path(os.path.abspath(base / text))  # noqa: PTH100 - resolve() would follow symbolic links


def _watchlist(reading: Reading[SettingsFile], file: SettingsFile, base: Path) -> tuple[Path, ...]:
    if not file.watchlist:
        reading.refuse(("watchlist",), "no files; name at least one watchlist, or remove the key")
    for place, name in enumerate(file.watchlist):
        if is_pattern(name) and is_pattern(str(Path(name).parent)):
            at = reading.item(("watchlist",), place)
            reading.refuse_value(at, ValueError("has a wildcard in a folder's name; write it in the last part only"))
    return tuple(_path(base, name) for name in file.watchlist)


def _platform_dir(reading: Reading[SettingsFile], file: SettingsFile, base: Path) -> Path | None:
    if file.platform_dir is None:
        usual = _path(base, _PLATFORM_DIR)
        return usual if usual.is_dir() else None
    named = _path(base, file.platform_dir)
    if named.is_dir():
        return named
    reading.refuse_value(("platform_dir",), ValueError("is no folder; create it or remove the key"))
    return None


def _probe(reading: Reading[SettingsFile], entry: ProbeEntry, contact: str | None, base: Path) -> ProbeSettings:
    ca_file = None if entry.ca_file is None else _path(base, entry.ca_file)
    if ca_file is not None and not ca_file.is_file():
        reading.refuse_value(("probe", "ca_file"), ValueError("is no file; name a PEM file of certificates"))
    program = None if entry.browser.executable is None else _path(base, entry.browser.executable)
    if program is not None and not os.access(program, os.X_OK):
        message = "is no program that can be started; name the one of Chromium, or remove the key to have it looked for"
        reading.refuse_value(("probe", "browser", "executable"), ValueError(message))
    return ProbeSettings(
        timeout=entry.timeout,
        max_body=entry.max_body,
        connections=entry.connections,
        allow_private=tuple(entry.allow_private),
        connect_to=entry.connect_to,
        ca_file=ca_file,
        contact=contact,
        browser=BrowserSettings(
            executable=program,
            renders=entry.browser.renders,
            timeout=entry.browser.timeout,
            sandbox=entry.browser.sandbox,
        ),
    )


def _channels(reading: Reading[SettingsFile], file: SettingsFile, base: Path) -> tuple[ChannelSettings, ...]:
    if file.channels is None:
        return _DEFAULT.channels
    if reading.document.at(("channels",)) == []:
        reading.refuse(("channels",), "no channels; add one, or remove the key to have the log alone")
    entries = list(reading.items(("channels",), file.channels))
    refuse_doubles(reading, [((*path, "name"), entry.name) for path, entry in entries])
    return tuple(_channel(reading, path, entry, base) for path, entry in entries)


def _channel(
    reading: Reading[SettingsFile],
    path: Steps,
    entry: LogChannelEntry | SlackChannelEntry | EmailChannelEntry,
    base: Path,
) -> ChannelSettings:
    match entry:
        case LogChannelEntry():
            return LogChannel(name=entry.name)
        case SlackChannelEntry():
            return SlackChannel(name=entry.name, webhook_url=_webhook(reading, path, entry, base))
        case EmailChannelEntry():
            return read_email_channel(reading, path, entry, base)
        case _:
            assert_never(entry)


def _webhook(reading: Reading[SettingsFile], path: Steps, entry: SlackChannelEntry, base: Path) -> Secret:
    """The webhook, from the file that is named if there is none in place; an empty one beside a fault."""
    if (entry.webhook_url is None) == (entry.webhook_url_file is None):
        reading.refuse(path, "give exactly one of webhook_url and webhook_url_file")
    elif entry.webhook_url_file is not None:
        try:
            return scalars.webhook(read_secret_file(base / entry.webhook_url_file))
        except ValueError as error:
            reading.refuse_value((*path, "webhook_url_file"), error)
    return entry.webhook_url or Secret("")


def _routes(
    reading: Reading[SettingsFile], file: SettingsFile, channels: Iterable[ChannelSettings]
) -> tuple[Route, ...]:
    if file.routes is None:
        # Without routes everybody is told of everything.
        return (Route(name=_DEFAULT.routes[0].name, channels=tuple(channel.name for channel in channels)),)
    if reading.document.at(("routes",)) == []:
        reading.refuse(("routes",), "no routes; add one, or remove the key to tell every channel of everything")
    entries = list(reading.items(("routes",), file.routes))
    refuse_doubles(reading, [((*path, "name"), entry.name) for path, entry in entries])
    known = _channel_names(reading)
    for path, entry in entries:
        if not entry.channels:
            reading.refuse((*path, "channels"), "no channels; name at least one")
        for place, name in enumerate(entry.channels):
            if name not in known:
                at = reading.item((*path, "channels"), place)
                reading.refuse_value(at, ValueError(f"is no channel; {near(name, known)}"))
    return tuple(_route(entry) for _, entry in entries)


def _fallback(reading: Reading[SettingsFile], file: SettingsFile, channels: Sequence[ChannelSettings]) -> str:
    """The channel that is named, else the first one."""
    if file.fallback is None:
        return channels[0].name if channels else _DEFAULT.fallback
    known = _channel_names(reading)
    if file.fallback not in known:
        reading.refuse_value(("fallback",), ValueError(f"is no channel; {near(file.fallback, known)}"))
    return file.fallback


def _channel_names(reading: Reading[SettingsFile]) -> list[str]:
    """The names of all channels in the file, also of the faulty ones: they are known, only not right."""
    written = reading.document.at(("channels",))
    if not isinstance(written, list):
        return [channel.name for channel in _DEFAULT.channels]
    names = (reading.document.at(("channels", place, "name")) for place in range(len(written)))
    return [name for name in names if isinstance(name, str)]


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
