"""What the words of channels to programs mean: headers, keys, spans. Text in, value or ValueError out."""

from datetime import timedelta
from typing import Final

from watcher.settings import scalars
from watcher.settings.scalars import UnshownError, secret, span, span_text
from watcher.settings.values import Secret

_OURS: Final = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "transfer-encoding",
        "x-watcher-signature",
    }
)
_LEAST_KEY: Final = 16
_LEAST_RENEWAL: Final = timedelta(seconds=10)
_LONGEST_RENEWAL: Final = timedelta(minutes=15)
_MOST: Final = 100_000


def header_name(value: object) -> str:
    """The name of a header that is not ours to set, lower-case."""
    name = scalars.header_name(value)
    if name in _OURS:
        raise ValueError("is a header that watcher sets itself; remove it")
    return name


def hmac_secret(value: object) -> Secret:
    """The key of a signature; no message shows it."""
    found = secret(value)
    if len(found.reveal()) < _LEAST_KEY:
        raise UnshownError(f"is shorter than {_LEAST_KEY} characters; make one with `openssl rand -hex 32`")
    return found


def most(value: object) -> int:
    """How many at most; 0: all."""
    written = scalars.text(value)
    if not written.isascii() or not written.isdigit() or int(written) > _MOST:
        raise ValueError(f"is no number of alerts; write 0 (all) to {_MOST}")
    return int(written)


def renew(value: object) -> timedelta:
    """How often an alert is repeated while it lasts."""
    found = span(value)
    if not _LEAST_RENEWAL <= found <= _LONGEST_RENEWAL:
        raise ValueError(f"is not between {span_text(_LEAST_RENEWAL)} and {span_text(_LONGEST_RENEWAL)}")
    return found
