"""What people read of a channel, of its entry in watcher.yaml: the language, and the folder of templates."""

from pathlib import Path

from watcher.settings.alertingschema import TextChannelEntry
from watcher.settings.nesting import Steps
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.values import TextSettings


def read_texts(reading: Reading[SettingsFile], path: Steps, entry: TextChannelEntry, base: Path) -> TextSettings:
    """The settings; what the templates say is tried out where they are used."""
    if entry.templates is None:
        return TextSettings(language=entry.language)
    folder = (base / entry.templates).absolute()
    if not folder.is_dir():
        reading.refuse_value((*path, "templates"), ValueError("is no folder; create it or remove the key"))
    return TextSettings(language=entry.language, templates=folder)
