"""Read a configuration of which a part is known: of a large watchlist only the items that an edit has changed.

`pieces` puts it together with what is known. What makes that impossible is no fault: then None is returned, and all
is to be read. So nothing is worded here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from watcher.model.account import Watchlist
from watcher.model.errors import ConfigError, Fault
from watcher.model.platform import Platform
from watcher.settings.files import expand
from watcher.settings.layout import Layout, Parts, part
from watcher.settings.load import load_with
from watcher.settings.pieces import Edited, places_of
from watcher.settings.schema import WatchlistFile
from watcher.settings.validate import Reading
from watcher.settings.watchlistfile import build_watchlist, read_watchlist
from watcher.settings.yamlfile import parse, show, text_of


class _TooMuchError(Exception):
    """All must be read."""


def read_edited(path: Path, env: Mapping[str, str], known: Mapping[Path, Layout]) -> Edited | None:
    """What is new where the watchlists' files were as `known`. None: all is to be read."""
    if not known:
        return None
    found = _Found(known)
    try:
        loaded = load_with(path, env, found.watchlist)
    except (ConfigError, _TooMuchError):
        return None
    return Edited(loaded=replace(loaded, layouts=found.layouts), stand_ins=tuple(found.stand_ins), read=found.read)


class _Found:
    """The watchlist of an edit, as far as it is new."""

    def __init__(self, known: Mapping[Path, Layout]) -> None:
        self.layouts: dict[Path, Layout] = {}
        self.stand_ins: list[bool] = []  # of each file: whether what is read of it is known
        self.read = 0  # items, of all files
        self._known = known
        self._places = places_of(known)

    def watchlist(
        self, paths: Sequence[Path], platforms: Mapping[str, Platform] | None
    ) -> tuple[Watchlist | None, list[Fault]]:
        """In the place of reading all of it."""
        files = tuple(dict.fromkeys(file for path in paths for file in expand(path)))
        if platforms is None or files != tuple(self._known):
            raise _TooMuchError
        parted = [self._part(file) for file in files]
        readings = [self._reading(file, parts) for file, parts in zip(files, parted, strict=True)]
        fresh = build_watchlist(readings, platforms)
        if fresh is None or any(reading.faults for reading in readings):
            raise _TooMuchError
        return fresh, []

    def _part(self, file: Path) -> Parts:
        parts = part(text_of(file, show(file))[0])
        if parts is None:
            raise _TooMuchError
        self.layouts[file] = parts.layout
        if self.layouts[file].around != self._known[file].around:
            raise _TooMuchError
        return parts

    def _reading(self, file: Path, parts: Parts) -> Reading[WatchlistFile]:
        """The file as if it had only what is new in it; where nothing is, its first item, since no file has none."""
        layout = self.layouts[file]
        digests = zip(parts.items, layout, strict=True)
        new = [item for item, digest in digests if (layout.around, digest) not in self._places]
        self.stand_ins.append(not new)
        self.read += len(new) or 1
        return read_watchlist(parse(parts.with_items(new or parts.items[:1]), show(file)))
