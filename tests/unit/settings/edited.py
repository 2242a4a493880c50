"""A reading of what is new, put together with what is known, as two processes do it."""

from pathlib import Path

from watcher.settings import Loaded
from watcher.settings.edits import read_edited
from watcher.settings.pieces import put_together


def edited(old: Loaded, path: Path) -> Loaded | None:
    """What the files say now; None where more than what is new must be read."""
    found = read_edited(path, {}, old.layouts)
    return put_together(old, found) if found is not None else None
