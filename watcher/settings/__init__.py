"""What an operator writes, turned into values: watcher.yaml, watchlist.yaml and the platform files.

pydantic and yaml stay in this room. Here is what a run needs; who reads in this process imports `load` (and `lookup`,
`examples`), which brings pydantic along: memory that a run should not hold where another process reads (see `apart`).
"""

from watcher.settings.apart import Reading, ReadingError
from watcher.settings.check import Level, Remark, remarks
from watcher.settings.files import ConfigFiles
from watcher.settings.loaded import Loaded
from watcher.settings.visibility import visibility, why_blind

__all__ = [
    "ConfigFiles",
    "Level",
    "Loaded",
    "Reading",
    "ReadingError",
    "Remark",
    "remarks",
    "visibility",
    "why_blind",
]
