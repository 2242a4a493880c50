"""What an operator writes, turned into values: watcher.yaml, watchlist.yaml and the platform files.

pydantic and yaml stay in this room.
"""

from watcher.settings.apart import Reading, ReadingError
from watcher.settings.check import Level, Remark, remarks
from watcher.settings.examples import load_examples
from watcher.settings.files import ConfigFiles
from watcher.settings.load import Loaded, load_all, load_for_test, load_platforms, load_settings, load_watchlist
from watcher.settings.lookup import account_for, account_id_for
from watcher.settings.overrides import apply_overrides
from watcher.settings.visibility import visibility, why_blind

__all__ = [
    "ConfigFiles",
    "Level",
    "Loaded",
    "Reading",
    "ReadingError",
    "Remark",
    "account_for",
    "account_id_for",
    "apply_overrides",
    "load_all",
    "load_examples",
    "load_for_test",
    "load_platforms",
    "load_settings",
    "load_watchlist",
    "remarks",
    "visibility",
    "why_blind",
]
