"""What is read of an edit, put together with what is known: of a large watchlist only the new items are read. Pure.

What makes that impossible is no fault: then None is returned, and all is to be read. So nothing is worded here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from watcher.model.account import Account, Watchlist
from watcher.model.platform import are_alike
from watcher.settings.layout import Layout
from watcher.settings.loaded import Loaded
from watcher.settings.marks import mark_at, marks_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An edit as it was read: `loaded` has all layouts, and the accounts of the items that are new, `read` of them.

    `stand_ins`: of each file whether nothing in it is new, so that its first item was read, since no file has none.
    """

    loaded: Loaded
    stand_ins: tuple[bool, ...]
    read: int


def places_of(layouts: Mapping[Path, Layout]) -> dict[tuple[bytes, bytes], int]:
    """At which place in the list each item stands that is known.

    What an item means depends on the defaults of its file, too, which are in what stands around it.
    """
    hashes = ((layout.around, digest) for layout in layouts.values() for digest in layout)
    return {known: place for place, known in enumerate(hashes)}


def put_together(old: Loaded, edited: Edited) -> Loaded | None:
    """What `load_all` gives; accounts whose entries are as they were are the same objects. None: all is to be read.

    Each item must be one account, and nobody may be watched twice.
    """
    places, fresh = places_of(old.layouts), edited.loaded.watchlist
    is_known = len(places) == len(old.watchlist.accounts) and are_alike(old.platforms, edited.loaded.platforms)
    if not is_known or len(fresh.accounts) != edited.read:
        return None
    listed = tuple(_listed(old, edited, places))
    accounts = {account.id: account for account, _ in listed}
    pages = {(account.platform, account.instance, account.handle) for account in accounts.values()}
    if not len(listed) == len(accounts) == len(pages):
        return None
    watchlist = Watchlist(accounts=accounts, owners=fresh.owners)
    return replace(edited.loaded, watchlist=watchlist, marks=b"".join(mark for _, mark in listed))


def _listed(old: Loaded, edited: Edited, places: Mapping[tuple[bytes, bytes], int]) -> Iterator[tuple[Account, bytes]]:
    """Every account with its mark, in the order of the files."""
    coming = iter(edited.loaded.watchlist.accounts.values())
    known = tuple(old.watchlist.accounts.values())
    for layout, is_stand_in in zip(edited.loaded.layouts.values(), edited.stand_ins, strict=True):
        if is_stand_in:
            next(coming)
        for digest in layout:
            place = places.get((layout.around, digest))
            if place is not None:
                yield known[place], mark_at(old.marks, place)
            else:
                account = _as_before(old, next(coming))
                yield account, marks_of([account])


def _as_before(old: Loaded, account: Account) -> Account:
    """The known object where what is new says the same: a remark was added, or a place was changed."""
    before = old.watchlist.accounts.get(account.id)
    return before if before is not None and before == account else account
