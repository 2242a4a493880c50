"""Marks of accounts: short hashes over all that each says, to find those that an edit has changed. Pure."""

import marshal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from hashlib import blake2b
from operator import attrgetter
from typing import Final

from watcher.model.account import Account

MARK: Final = 16  # bytes
_VERSION: Final = 2  # of marshal: the later ones write equal values in several ways
_SHARED: Final = ("labels", "policy", "calendar")
_OWN: Final = tuple(field.name for field in fields(Account) if field.name not in _SHARED)
_SAYS = attrgetter(*_OWN)
_SHARES = attrgetter(*_SHARED)


def marks_of(accounts: Iterable[Account]) -> bytes:
    """The marks of all of them, one after the other."""
    texts: dict[int, str] = {}  # of what many have in common, which lives as long as they do
    return b"".join(_mark(account, texts) for account in accounts)


def mark_at(marks: bytes, place: int) -> bytes:
    """The mark of the account at that place."""
    return marks[place * MARK : (place + 1) * MARK]


def by_id(ids: Iterable[str], marks: bytes) -> dict[str, bytes]:
    """The mark of each account."""
    return dict(zip(ids, _each(marks), strict=True))


def _each(marks: bytes) -> Iterator[bytes]:
    return (marks[start : start + MARK] for start in range(0, len(marks), MARK))


def _mark(account: Account, texts: dict[int, str]) -> bytes:
    own = _SAYS(account)
    shared = [_text(value, texts) for value in _SHARES(account)]
    said = (*(str(value) if isinstance(value, str) else value for value in own), *shared)
    return blake2b(marshal.dumps(said, _VERSION), digest_size=MARK).digest()


def _text(value: object, texts: dict[int, str]) -> str:
    known = texts.get(id(value))
    if known is None:
        known = texts[id(value)] = repr(dict(value) if isinstance(value, Mapping) else value)
    return known
