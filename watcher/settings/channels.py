"""Make the settings of the channels of their entries in watcher.yaml: secrets read, names checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, assert_never

from watcher.settings import scalars
from watcher.settings.alertingschema import EmailChannelEntry, LogChannelEntry, SlackChannelEntry
from watcher.settings.emailchannel import read_email_channel
from watcher.settings.environment import read_secret_file
from watcher.settings.platformfile import refuse_doubles
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.values import ChannelSettings, LogChannel, Secret, Settings, SlackChannel
from watcher.settings.wording import near
from watcher.settings.yamlfile import Steps

_DEFAULT: Final = Settings(watchlist=(), state_dir=Path())


def read_channels(reading: Reading[SettingsFile], file: SettingsFile, base: Path) -> tuple[ChannelSettings, ...]:
    """The channels; where none are named, the log alone."""
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


def read_fallback(reading: Reading[SettingsFile], file: SettingsFile, channels: Sequence[ChannelSettings]) -> str:
    """The channel that is named, else the first one."""
    if file.fallback is None:
        return channels[0].name if channels else _DEFAULT.fallback
    known = channel_names(reading)
    if file.fallback not in known:
        reading.refuse_value(("fallback",), ValueError(f"is no channel; {near(file.fallback, known)}"))
    return file.fallback


def channel_names(reading: Reading[SettingsFile]) -> list[str]:
    """The names of all channels in the file, also of the faulty ones: they are known, only not right."""
    written = reading.document.at(("channels",))
    if not isinstance(written, list):
        return [channel.name for channel in _DEFAULT.channels]
    names = (reading.document.at(("channels", place, "name")) for place in range(len(written)))
    return [name for name in names if isinstance(name, str)]
