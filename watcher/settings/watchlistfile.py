"""Make a Watchlist of one file or several: who each entry is, under which policy, compared with whom.

Pure: the documents have been read, the platforms are given. Every fault is placed; nothing is guessed.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from watcher.model.account import Account, Owner, Policy, Repeat, Watchlist
from watcher.model.calendar import EVERY_DAY, MIDNIGHT, Calendar, Window
from watcher.model.platform import Platform
from watcher.settings.handles import fold_handle
from watcher.settings.identity import Identity, RefusedError, identify, split_handle
from watcher.settings.nesting import Steps, paths
from watcher.settings.schema import AccountEntry, DefaultsEntry, RepeatEntry, WatchlistFile, WindowEntry
from watcher.settings.validate import Reading, validate
from watcher.settings.weburl import Recogniser
from watcher.settings.wording import near, quoted
from watcher.settings.yamlfile import Document

_STANDARD = Policy()
_NO_VARIABLES = "holds a variable; ${…} works in watcher.yaml only: write the value itself, or move the secret there"


def read_watchlist(document: Document) -> Reading[WatchlistFile]:
    """Hold a watchlist against its schema; variables are refused wherever they stand."""
    nobody = isinstance(document.data, dict) and not document.data.get("accounts", True)
    refused: dict[Steps, str] = {("accounts",): "no accounts; list at least one profile URL"} if nobody else {}
    return validate(WatchlistFile, document, unreadable={**refused, **_variables(document)})


def build_watchlist(readings: Sequence[Reading[WatchlistFile]], platforms: Mapping[str, Platform]) -> Watchlist | None:
    """The watchlist of all files, or None when nothing could be made of one. Use it only if no reading has faults then.

    Owners are known in all files, `defaults` hold in their own only. Nobody may be watched, or described, twice.
    """
    owners = _owners(readings)
    accounts: dict[str, Account] = {}
    first: dict[Hashable, _Spot] = {}
    for reading in readings:
        if reading.value is None:
            continue
        builder = _Builder(reading, platforms, reading.value.defaults, owners.keys(), accounts, first)
        for path, entry in reading.items(("accounts",), reading.value.accounts):
            builder.take(path, entry)
    if any(reading.value is None for reading in readings):
        return None
    described = {slug: owner for slug, owner in owners.items() if owner is not None}
    return Watchlist(accounts=accounts, owners=described)


def _owners(readings: Sequence[Reading[WatchlistFile]]) -> dict[str, Owner | None]:
    """All owners by slug; None for one whose entry is faulty: it is known, only not right."""
    owners: dict[str, Owner | None] = {}
    first: dict[str, _Spot] = {}
    for reading in readings:
        written = reading.document.at(("owners",))
        described = reading.value.owners if reading.value is not None else {}
        for slug in written if isinstance(written, dict) else ():
            if slug in first:
                where = first[slug].seen_from(reading.document)
                reading.refuse(("owners", slug), f"{quoted(slug)} is described already, {where}", key=True)
                continue
            first[slug] = _Spot(reading.document, ("owners", slug))
            owners[slug] = Owner(id=slug, name=described[slug].name) if slug in described else None
    return owners


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where something stands."""

    document: Document
    path: Steps

    def seen_from(self, document: Document) -> str:
        """Where that is, for somebody who reads `document`."""
        line = self.document.line(self.path)
        return f"on line {line}" if document is self.document else f"in {self.document.file}:{line}"


def _variables(document: Document) -> dict[Steps, str]:
    return dict.fromkeys(paths(document.data, lambda value: isinstance(value, str) and "${" in value), _NO_VARIABLES)


class _Builder:
    """Makes accounts of one file's entries, one after the other, and remembers where each came from."""

    def __init__(
        self,
        reading: Reading[WatchlistFile],
        platforms: Mapping[str, Platform],
        defaults: DefaultsEntry,
        owners: AbstractSet[str],
        accounts: dict[str, Account],
        first: dict[Hashable, _Spot],
    ) -> None:
        self._accounts = accounts
        self._first = first
        self._reading = reading
        self._platforms = platforms
        self._recogniser = Recogniser(platforms.values())
        self._defaults = defaults
        self._owners = owners
        self._shared: dict[Hashable, Any] = {}  # what many accounts have in common is kept once

    def take(self, path: Steps, entry: AccountEntry) -> None:
        """Add the account of `entry`, or note all that is wrong with it."""
        if entry.owner is not None and entry.owner not in self._owners:
            hint = f"{near(entry.owner, self._owners)}" if self._owners else f"add owners: {{{entry.owner}: NAME}}"
            self._reading.refuse((*path, "owner"), f"{quoted(entry.owner)} is no owner; {hint}")
        try:
            identity = identify(entry, self._platforms, self._recogniser)
        except RefusedError as refused:
            self._refuse(path, refused)
            return
        if self._is_new(path, identity):
            self._accounts[identity.id] = Account(
                id=identity.id,
                platform=identity.platform.id,
                instance=identity.instance,
                handle=identity.handle,
                display_handle=identity.display_handle,
                url=identity.url,
                owner=entry.owner,
                severity=entry.severity or self._defaults.severity,
                labels=self._labels(entry),
                policy=self._policy(entry),
                controls=tuple(self._controls(path, entry, identity)),
                calendar=self._calendar(entry),
            )

    def _refuse(self, path: Steps, refused: RefusedError) -> None:
        # An entry may be a bare URL: then there is no key to blame but the entry itself.
        whole = not refused.key or isinstance(self._reading.document.at(path), str)
        place = path if whole else (*path, refused.key)
        if isinstance(refused.reason, ValueError):
            self._reading.refuse_value(place, refused.reason)
        else:
            self._reading.refuse(place, refused.reason)

    def _is_new(self, path: Steps, identity: Identity) -> bool:
        page = (identity.platform.id, identity.instance, identity.handle)
        first = self._first.get(identity.id) or self._first.get(page)
        if first is not None:
            where = first.seen_from(self._reading.document)
            self._reading.refuse(path, f"{quoted(identity.id)} is watched already, by the entry {where}")
            return False
        self._first[identity.id] = self._first[page] = _Spot(self._reading.document, path)
        return True

    def _labels(self, entry: AccountEntry) -> Mapping[str, str]:
        labels = {**self._defaults.labels, **entry.labels}
        shared: Mapping[str, str] = self._shared.setdefault(tuple(labels.items()), labels)
        return shared

    def _policy(self, entry: AccountEntry) -> Policy:
        written = (entry.interval, *_pair(entry.confirm), *_pair(entry.recover))
        known: Policy | None = self._shared.get(written)
        if known is None:
            defaults = self._defaults
            known = self._shared[written] = Policy(
                interval=entry.interval or defaults.interval,
                confirm=_repeat(entry.confirm, defaults.confirm, _STANDARD.confirm),
                recover=_repeat(entry.recover, defaults.recover, _STANDARD.recover),
            )
        return known

    def _calendar(self, entry: AccountEntry) -> Calendar | None:
        """By the account's own windows, also if an empty list says that it has none, else by those of the defaults."""
        windows = self._defaults.windows if entry.windows is None else entry.windows
        if not windows:
            return None
        calendar = Calendar(
            usual=entry.interval or self._defaults.interval,
            windows=tuple(_window(window) for window in windows),
            timezone=entry.timezone or self._defaults.timezone,
        )
        shared: Calendar = self._shared.setdefault(calendar, calendar)
        return shared

    def _controls(self, path: Steps, entry: AccountEntry, identity: Identity) -> Iterator[str]:
        """The folded handles of the entry's own controls, without the faulty ones."""
        refused = {identity.handle: "is the account itself; a control must be another account that always exists"}
        for place, written in enumerate(entry.controls.present if entry.controls else ()):
            try:
                handle = _control(written, identity, refused)
            except ValueError as error:
                at = self._reading.item((*path, "controls", "present"), place)
                self._reading.refuse_value(at, error)
                continue
            refused[handle] = "is named twice; remove one"
            yield handle


def _control(written: str, identity: Identity, refused: Mapping[str, str]) -> str:
    """The folded handle of a control; ValueError when it cannot be one or stands in `refused`."""
    handle, instance = split_handle(written, identity.platform)
    folded = fold_handle(handle, identity.platform)
    if instance not in ("", identity.instance):
        raise ValueError(f"is on another instance; a control of this account must be on {identity.instance}")
    if folded in refused:
        raise ValueError(refused[folded])
    return folded


def _window(entry: WindowEntry) -> Window:
    begins, ends = entry.hours or (MIDNIGHT, MIDNIGHT)
    days = frozenset[int]().union(*entry.days or (EVERY_DAY,))
    return Window(days=days, begins=begins, ends=ends, interval=entry.interval)


def _pair(entry: RepeatEntry) -> tuple[int | None, timedelta | None]:
    return entry.threshold, entry.interval


def _repeat(own: RepeatEntry, default: RepeatEntry, standard: Repeat) -> Repeat:
    return Repeat(
        threshold=own.threshold or default.threshold or standard.threshold,
        interval=own.interval or default.interval or standard.interval,
    )
