"""Make the settings of the channels of their entries in watcher.yaml: secrets read, names checked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, assert_never
from urllib.parse import urlsplit

from watcher.settings import scalars, slackwords
from watcher.settings.alertingschema import (
    AlertmanagerChannelEntry,
    AppriseChannelEntry,
    ChannelEntry,
    EmailChannelEntry,
    LogChannelEntry,
    SlackBotChannelEntry,
    SlackChannelEntry,
    WebhookChannelEntry,
)
from watcher.settings.emailchannel import read_email_channel
from watcher.settings.environment import read_secret_file
from watcher.settings.nesting import Steps
from watcher.settings.platformfile import refuse_doubles
from watcher.settings.programchannels import read_alertmanager, read_apprise, read_webhook
from watcher.settings.schema import Entry
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.texts import read_texts
from watcher.settings.validate import Reading
from watcher.settings.values import ChannelSettings, LogChannel, Secret, Settings, SlackBotChannel, SlackChannel
from watcher.settings.weburl import is_loopback
from watcher.settings.wording import near

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


def _channel(  # noqa: PLR0911 - one answer a kind
    reading: Reading[SettingsFile],
    path: Steps,
    entry: ChannelEntry,
    base: Path,
) -> ChannelSettings:
    match entry:
        case LogChannelEntry():
            return LogChannel(name=entry.name, texts=read_texts(reading, path, entry, base))
        case SlackChannelEntry():
            url = _one_secret(reading, path, entry, "webhook_url", base, scalars.webhook)
            return SlackChannel(name=entry.name, webhook_url=url, texts=read_texts(reading, path, entry, base))
        case SlackBotChannelEntry():
            token = _one_secret(reading, path, entry, "token", base, slackwords.token)
            _refuse_in_the_clear(reading, path, entry.api_url)
            return SlackBotChannel(
                name=entry.name,
                token=token,
                channel=entry.channel,
                api_url=entry.api_url,
                texts=read_texts(reading, path, entry, base),
            )
        case EmailChannelEntry():
            return read_email_channel(reading, path, entry, base)
        case WebhookChannelEntry():
            url = _one_secret(reading, path, entry, "url", base, scalars.webhook)
            return read_webhook(reading, path, entry, base, url)
        case AlertmanagerChannelEntry():
            return read_alertmanager(reading, path, entry, base)
        case AppriseChannelEntry():
            return read_apprise(reading, path, entry, base)
        case _:
            assert_never(entry)


def _refuse_in_the_clear(reading: Reading[SettingsFile], path: Steps, api_url: str) -> None:
    try:
        url = urlsplit(api_url)
    except ValueError:
        reading.refuse((*path, "api_url"), "is not a web address; write it like https://slack.com/api")
        return
    if url.scheme != "https" and not is_loopback(url.hostname or ""):
        reading.refuse((*path, "api_url"), f"would send the token in the clear to {url.hostname}; write https://")


def _one_secret(
    reading: Reading[SettingsFile],
    path: Steps,
    entry: Entry,
    key: str,
    base: Path,
    read: Callable[[object], Secret],
) -> Secret:
    """The secret under `key`, or from the file under `key_file`; an empty one beside a fault."""
    given: Secret | None = getattr(entry, key)
    file: str | None = getattr(entry, f"{key}_file")
    if (given is None) == (file is None):
        reading.refuse(path, f"give exactly one of {key} and {key}_file")
    elif file is not None:
        try:
            return read(read_secret_file(base / file))
        except ValueError as error:
            reading.refuse_value((*path, f"{key}_file"), error)
    return given or Secret("")


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
