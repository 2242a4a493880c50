"""A channel of kind email, of its entry in watcher.yaml: what its keys must agree on, and its secret from a file."""

import os
import ssl
from pathlib import Path
from typing import Final

from watcher.settings.alertingschema import EmailChannelEntry
from watcher.settings.environment import read_secret_file
from watcher.settings.nesting import Steps
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.texts import read_texts
from watcher.settings.validate import Reading
from watcher.settings.values import EmailChannel, Mailbox, Secret, Tls
from watcher.settings.weburl import is_loopback
from watcher.settings.wording import quoted

_PORTS: Final[dict[Tls, int]] = {Tls.STARTTLS: 587, Tls.IMPLICIT: 465, Tls.NONE: 25}


def read_email_channel(
    reading: Reading[SettingsFile], path: Steps, entry: EmailChannelEntry, base: Path
) -> EmailChannel:
    """The channel; use it only if the reading has no faults."""
    password = _password(reading, path, entry, base)
    if (entry.username is None) != (password is None):
        given, missing = ("password", "username") if entry.username is None else ("username", "password")
        reading.refuse(path, f"{given} without {missing}; give both, or neither where the server wants no log-in")
    elif password is not None and entry.tls is Tls.NONE and not is_loopback(entry.host):
        reading.refuse(
            (*path, "tls"),
            f"'none' would send the password in the clear to {entry.host}; write starttls or implicit",
        )
    return EmailChannel(
        name=entry.name,
        host=entry.host,
        port=entry.port or _PORTS[entry.tls],
        tls=entry.tls,
        sender=entry.sender,
        to=_recipients(reading, path, entry.to),
        username=entry.username,
        password=password,
        ca_file=_authorities(reading, path, entry, base),
        texts=read_texts(reading, path, entry, base),
    )


def _password(reading: Reading[SettingsFile], path: Steps, entry: EmailChannelEntry, base: Path) -> Secret | None:
    if entry.password_file is None:
        return entry.password
    if entry.password is not None:
        reading.refuse((*path, "password_file"), "password is given twice; keep password or password_file")
    try:
        return Secret(read_secret_file(base / entry.password_file))
    except ValueError as error:
        reading.refuse_value((*path, "password_file"), error)
        return Secret("")


def _recipients(reading: Reading[SettingsFile], path: Steps, boxes: tuple[Mailbox, ...]) -> tuple[Mailbox, ...]:
    at = (*path, "to")
    if not boxes:
        reading.refuse(at, "no recipients; name at least one address")
    seen: set[str] = set()
    for place, box in enumerate(boxes):
        if box.address.lower() in seen:
            reading.refuse(reading.item(at, place), f"{quoted(box.address)} is there already; remove it")
        seen.add(box.address.lower())
    return boxes


def _authorities(reading: Reading[SettingsFile], path: Steps, entry: EmailChannelEntry, base: Path) -> Path | None:
    if entry.ca_file is None:
        return None
    ca_file = Path(os.path.abspath(base / entry.ca_file))  # noqa: PTH100 - resolve() would follow symbolic links
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=ca_file)
    except OSError:
        reading.refuse_value((*path, "ca_file"), ValueError("holds no certificates; name a PEM file of authorities"))
    return ca_file
