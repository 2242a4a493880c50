"""Channels to programs, of their entries in watcher.yaml: what their keys must agree on, and secrets from files."""

from collections.abc import Iterator
from pathlib import Path

from watcher.settings import apprisewords, programwords
from watcher.settings.alertingschema import (
    AlertmanagerChannelEntry,
    AppriseChannelEntry,
    WebhookChannelEntry,
)
from watcher.settings.environment import read_secret_file, read_secret_lines
from watcher.settings.nesting import Steps
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.texts import read_texts
from watcher.settings.validate import Reading
from watcher.settings.values import AlertmanagerChannel, AppriseChannel, Secret, WebhookChannel
from watcher.settings.wording import quoted


def read_webhook(
    reading: Reading[SettingsFile], path: Steps, entry: WebhookChannelEntry, base: Path, url: Secret
) -> WebhookChannel:
    """The channel; use it only if the reading has no faults."""
    key = entry.hmac_secret
    from_file = _from_file(reading, path, "hmac_secret", base, given=key is not None, file=entry.hmac_secret_file)
    if from_file is not None:
        try:
            key = programwords.hmac_secret(from_file)
        except ValueError as error:
            reading.refuse_value((*path, "hmac_secret_file"), error)
    return WebhookChannel(
        name=entry.name,
        url=url,
        headers=entry.headers,
        hmac_secret=key,
        max_alerts=entry.max_alerts,
        external_url=(reading.value.public_url or "") if reading.value is not None else "",
    )


def read_alertmanager(
    reading: Reading[SettingsFile], path: Steps, entry: AlertmanagerChannelEntry, base: Path
) -> AlertmanagerChannel:
    """The channel; use it only if the reading has no faults."""
    password = _secret(reading, path, "password", base, entry.password, entry.password_file)
    token = _secret(reading, path, "token", base, entry.token, entry.token_file)
    if (entry.username is None) != (password is None):
        given, missing = ("password", "username") if entry.username is None else ("username", "password")
        reading.refuse(path, f"{given} without {missing}; give both, or neither where none is wanted")
    elif token is not None and password is not None:
        reading.refuse(path, "both token and password; keep one of them")
    _peers(reading, (*path, "peers"), entry.peers)
    return AlertmanagerChannel(
        name=entry.name,
        peers=entry.peers,
        renew=entry.renew,
        username=entry.username,
        password=password,
        token=token,
    )


def read_apprise(reading: Reading[SettingsFile], path: Steps, entry: AppriseChannelEntry, base: Path) -> AppriseChannel:
    """The channel; use it only if the reading has no faults."""
    if (entry.urls is None) == (entry.urls_file is None):
        reading.refuse(path, "give exactly one of urls and urls_file")
        return AppriseChannel(name=entry.name, urls=())
    at, urls = (*path, "urls"), entry.urls or ()
    if entry.urls_file is not None:
        at = (*path, "urls_file")
        try:
            urls = tuple(Secret(line) for line in read_secret_lines(base / entry.urls_file))
        except ValueError as error:
            reading.refuse_value(at, error)
            return AppriseChannel(name=entry.name, urls=())
    if apprisewords.is_missing():
        reading.refuse((*path, "kind"), f"'apprise' {apprisewords.NO_EXTRA}")
    elif not urls:
        reading.refuse(at, "no URLs; name at least one")
    else:
        for place in _unknown(urls):
            where = reading.item(at, place) if entry.urls is not None else at
            reading.refuse(where, f"URL {place + 1} is none that apprise knows (its value is not shown)")
    return AppriseChannel(name=entry.name, urls=urls, texts=read_texts(reading, path, entry, base))


def _unknown(urls: tuple[Secret, ...]) -> Iterator[int]:
    return (place for place, url in enumerate(urls) if not apprisewords.is_known(url.reveal()))


def _peers(reading: Reading[SettingsFile], at: Steps, peers: tuple[str, ...]) -> None:
    if not peers:
        reading.refuse(at, "no peers; name every Alertmanager of the cluster")
    for place, peer in enumerate(peers):
        if peer in peers[:place]:
            reading.refuse(reading.item(at, place), f"{quoted(peer)} is there already; remove it")


def _secret(
    reading: Reading[SettingsFile], path: Steps, key: str, base: Path, given: Secret | None, file: str | None
) -> Secret | None:
    found = _from_file(reading, path, key, base, given=given is not None, file=file)
    return given if found is None else Secret(found)


def _from_file(
    reading: Reading[SettingsFile], path: Steps, key: str, base: Path, *, given: bool, file: str | None
) -> str | None:
    """What the file under `key_file` holds, where it is named; "" beside a fault."""
    if file is None:
        return None
    at = (*path, f"{key}_file")
    if given:
        reading.refuse(at, f"{key} is given twice; keep {key} or {key}_file")
    try:
        return read_secret_file(base / file)
    except ValueError as error:
        reading.refuse_value(at, error)
        return None
