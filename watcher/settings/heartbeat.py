"""Make the settings of the heartbeat that goes out of its entry in watcher.yaml: the secret read."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from watcher.settings import scalars
from watcher.settings.environment import read_secret_file
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.values import Heartbeat, Secret

# What looks whether it is time does so every two seconds.
_SHORTEST: Final = timedelta(seconds=10)


def read_heartbeat(reading: Reading[SettingsFile], file: SettingsFile, base: Path) -> Heartbeat | None:
    """Where to ping and how often; None where nobody is to be pinged."""
    entry, at = file.heartbeat, ("heartbeat",)
    if entry is None:
        return None
    url = entry.url or Secret("")
    if (entry.url is None) == (entry.url_file is None):
        reading.refuse(at, "give exactly one of url and url_file")
    elif entry.url_file is not None:
        try:
            url = scalars.webhook(read_secret_file(base / entry.url_file))
        except ValueError as error:
            reading.refuse_value((*at, "url_file"), error)
    if entry.interval < _SHORTEST:
        reading.refuse_value((*at, "interval"), ValueError("is too short; 10s is the least"))
    return Heartbeat(url=url, interval=entry.interval, fail=entry.fail)
