"""Column types of our own: instants are UTC integer microseconds, spans the same, closed sets their words."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from sqlalchemy import BigInteger, Dialect, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator

from watcher.store.codec import instant_of, micros_of, span_micros, span_of


@runtime_checkable
class Plain(Protocol):
    """A type that says in one function each how a value is stored and read. Neither is asked of None."""

    stored: Callable[[Any], Any]
    read: Callable[[Any], Any]


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC. A naive one is refused with ValueError."""

    impl = BigInteger
    cache_ok = True
    stored = staticmethod(micros_of)
    read = staticmethod(instant_of)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Microseconds for the database."""
        del dialect
        return None if value is None else micros_of(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """An aware UTC datetime for the program."""
        del dialect
        return None if value is None else instant_of(value)


class Span(TypeDecorator[timedelta]):
    """A timedelta, kept as microseconds."""

    impl = BigInteger
    cache_ok = True
    stored = staticmethod(span_micros)
    read = staticmethod(span_of)

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Microseconds for the database."""
        del dialect
        return None if value is None else span_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """A timedelta for the program."""
        del dialect
        return None if value is None else span_of(value)


class _Known(dict[str, Any]):
    """What is made of each word, looked up; of any other it is tried, to be refused."""

    def __init__(self, known: dict[Any, Any], make: Callable[[str], Any]) -> None:
        super().__init__(known)
        self._make = make

    def __missing__(self, word: str) -> Any:
        return self._make(word)


class Word(TypeDecorator[StrEnum]):
    """A member of a closed set, kept as its word. A word that this version does not know: ValueError on reading."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        self.words = words
        self.stored = _Known({member: member.value for member in words}, lambda word: words(word).value).__getitem__
        self.read = _Known({member.value: member for member in words}, words).__getitem__
        super().__init__()

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """The word itself; ValueError for one that is not of the set."""
        del dialect
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The member."""
        del dialect
        return None if value is None else self.words(value)


# NUL is refused by PostgreSQL, half a surrogate pair by every UTF-8 encoder; JSON answers may hold both.
_UNSTORABLE: dict[int, str] = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}


class PageText(TypeDecorator[str]):
    """Text that came from outside. What no database can keep becomes U+FFFD, lest a page could stop the commits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without NUL and lone surrogates."""
        del dialect
        return None if value is None else value.translate(_UNSTORABLE)


def _digits(kept: bytes | str) -> str:
    # An older version kept the digits themselves, and so may a hand that changed the row.
    return kept if isinstance(kept, str) else kept.hex()


class Digest(TypeDecorator[str]):
    """A SHA-256 in hexadecimal digits, kept as its 32 bytes. It compares as its digits do."""

    impl = LargeBinary(32)
    cache_ok = True
    stored = staticmethod(bytes.fromhex)
    read = staticmethod(_digits)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """The bytes; ValueError for what are no hexadecimal digits."""
        del dialect
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | str | None, dialect: Dialect) -> str | None:
        """The digits."""
        del dialect
        return None if value is None else _digits(value)


class Lines(TypeDecorator[tuple[str, ...]]):
    """Several texts without line breaks, one a line; NULL where there is none."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """The texts, one a line."""
        del dialect
        return "\n".join(value) if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        """The texts."""
        del dialect
        return tuple(value.split("\n")) if value else ()
