"""Make Settings of watcher.yaml: paths made absolute, secrets read, names checked against one another.

Reads the secret files that it names, and looks whether other files exist. Values of secrets go into no message.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from watcher.settings.channels import read_channels, read_fallback
from watcher.settings.environment import fill_in, read_secret_file
from watcher.settings.files import is_pattern
from watcher.settings.heartbeat import read_heartbeat
from watcher.settings.overrides import read_override
from watcher.settings.quiet import read_digest
from watcher.settings.routes import read_routes
from watcher.settings.schema import ProbeEntry, WebEntry
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading, validate
from watcher.settings.values import (
    BrowserSettings,
    ProbeSettings,
    Retention,
    Secret,
    Settings,
    WebSettings,
)
from watcher.settings.yamlfile import Document

_PLATFORM_DIR: Final = "platforms"
_LEAST_TOKEN: Final = 16


def read_settings(
    document: Document, base: Path, env: Mapping[str, str]
) -> tuple[Reading[SettingsFile], Settings | None]:
    """The settings of a file; use them only if the reading has no faults. Paths in it are relative to `base`."""
    data, problems = fill_in(document.data, env)
    reading = validate(SettingsFile, document, data, problems)
    file = reading.value
    if file is None:
        return reading, None
    channels = read_channels(reading, file, base)
    return reading, Settings(
        watchlist=_watchlist(reading, file, base),
        state_dir=_path(base, file.state_dir),
        platform_dir=_platform_dir(reading, file, base),
        public_url=file.public_url,
        probe=_probe(reading, file.probe, file.contact, base),
        web=_web(reading, file.web, base),
        retention=Retention(
            samples=file.retention.samples,
            deliveries=file.retention.deliveries,
            evidence=file.retention.evidence,
            outages=file.retention.outages,
        ),
        channels=channels,
        routes=read_routes(reading, file, channels),
        fallback=read_fallback(reading, file, channels),
        digest=read_digest(reading, file),
        heartbeat=read_heartbeat(reading, file, base),
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


def _web(reading: Reading[SettingsFile], entry: WebEntry, base: Path) -> WebSettings:
    host, port = entry.listen
    return WebSettings(host=host, port=port, allow_hosts=tuple(entry.allow_hosts), token=_token(reading, entry, base))


def _token(reading: Reading[SettingsFile], entry: WebEntry, base: Path) -> Secret | None:
    token, key = entry.token, "token"
    if entry.token is not None and entry.token_file is not None:
        reading.refuse(("web",), "has both token and token_file; remove one of them")
    elif entry.token_file is not None:
        key = "token_file"
        try:
            token = Secret(read_secret_file(base / entry.token_file))
        except ValueError as error:
            reading.refuse_value(("web", key), error)
            return None
    if token is not None and len(token.reveal()) < _LEAST_TOKEN:
        reading.refuse(("web", key), f"is shorter than {_LEAST_TOKEN} characters; make one with `openssl rand -hex 32`")
    return token


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
