"""Read a configuration of which a part is known: of a large watchlist only the items that an edit has changed.

What makes that impossible is no fault: then None is returned, and all is to be read. So nothing is worded here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from watcher.model.account import Account, Watchlist
from watcher.model.errors import ConfigError, Fault
from watcher.model.platform import Platform, are_alike
from watcher.settings.files import expand
from watcher.settings.layout import Layout, Parts, part
from watcher.settings.load import load_with
from watcher.settings.loaded import Loaded
from watcher.settings.marks import mark_at, marks_of
from watcher.settings.schema import WatchlistFile
from watcher.settings.validate import Reading
from watcher.settings.watchlistfile import build_watchlist, read_watchlist
from watcher.settings.yamlfile import parse, show, text_of


class _TooMuchError(Exception):
    """All must be read."""


def load_edited(old: Loaded, path: Path, env: Mapping[str, str]) -> Loaded | None:
    """What `load_all` gives; accounts whose entries are as they were are the same objects. None: all is to be read."""
    if not old.layouts:
        return None
    found = _Found(old)
    try:
        loaded = load_with(path, env, found.watchlist)
    except (ConfigError, _TooMuchError):
        return None
    if not are_alike(old.platforms, loaded.platforms):
        return None
    return replace(loaded, layouts=found.layouts, marks=found.marks)


class _Found:
    """The watchlist of an edit, made of the old one and of what is new."""

    def __init__(self, old: Loaded) -> None:
        self.layouts: dict[Path, Layout] = {}
        self.marks = b""
        self._old = old
        self._stand_ins: list[bool] = []  # of each file: whether what is read of it is known
        self._read = 0  # parts, of all files
        # What a part means depends on the defaults of its file, too, which are in what stands around it.
        hashes = ((layout.around, digest) for layout in old.layouts.values() for digest in layout)
        self._places = {known: place for place, known in enumerate(hashes)}
        self._accounts = tuple(old.watchlist.accounts.values())

    def watchlist(
        self, paths: Sequence[Path], platforms: Mapping[str, Platform] | None
    ) -> tuple[Watchlist | None, list[Fault]]:
        """In the place of reading all of it."""
        files = tuple(dict.fromkeys(file for path in paths for file in expand(path)))
        if platforms is None or files != tuple(self._old.layouts) or len(self._places) != len(self._accounts):
            raise _TooMuchError
        parted = [self._part(file) for file in files]
        readings = [self._reading(file, parts) for file, parts in zip(files, parted, strict=True)]
        fresh = build_watchlist(readings, platforms)
        if fresh is None or any(reading.faults for reading in readings):
            raise _TooMuchError
        return Watchlist(accounts=self._put_together(fresh), owners=fresh.owners), []

    def _part(self, file: Path) -> Parts:
        parts = part(text_of(file, show(file))[0])
        if parts is None:
            raise _TooMuchError
        self.layouts[file] = parts.layout
        if self.layouts[file].around != self._old.layouts[file].around:
            raise _TooMuchError
        return parts

    def _reading(self, file: Path, parts: Parts) -> Reading[WatchlistFile]:
        """The file as if it had only what is new in it; where nothing is, its first item, since no file has none."""
        layout = self.layouts[file]
        digests = zip(parts.items, layout, strict=True)
        new = [item for item, digest in digests if (layout.around, digest) not in self._places]
        self._stand_ins.append(not new)
        self._read += len(new) or 1
        return read_watchlist(parse(parts.with_items(new or parts.items[:1]), show(file)))

    def _as_before(self, account: Account) -> Account:
        """The known object where what is new says the same: a remark was added, or a place was changed."""
        before = self._old.watchlist.accounts.get(account.id)
        return before if before is not None and before == account else account

    def _put_together(self, fresh: Watchlist) -> dict[str, Account]:
        """All accounts in their order. Each part must be one account, and nobody may be watched twice."""
        if len(fresh.accounts) != self._read:
            raise _TooMuchError
        coming = iter(fresh.accounts.values())
        accounts: dict[str, Account] = {}
        marks: list[bytes] = []
        for layout, is_stand_in in zip(self.layouts.values(), self._stand_ins, strict=True):
            if is_stand_in:
                next(coming)
            for digest in layout:
                place = self._places.get((layout.around, digest))
                account = self._as_before(next(coming)) if place is None else self._accounts[place]
                marks.append(marks_of([account]) if place is None else mark_at(self._old.marks, place))
                accounts[account.id] = account
        pages = {(account.platform, account.instance, account.handle) for account in accounts.values()}
        if not len(marks) == len(accounts) == len(pages):
            raise _TooMuchError
        self.marks = b"".join(marks)
        return accounts
