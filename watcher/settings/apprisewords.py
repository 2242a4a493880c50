"""Whether the library apprise knows a URL. An extra, and slow to import: only where there is such a channel."""

import logging
from importlib.util import find_spec
from typing import Final

NO_EXTRA: Final = "needs the extra 'apprise': pip install 'watcher[apprise]'"


def is_missing() -> bool:
    """Whether the extra is not installed."""
    return find_spec("apprise") is None


def is_known(url: str) -> bool:
    """Whether it is a URL that apprise can tell somebody by. Connects to nobody."""
    # It logs what it does not understand, with the secrets in it.
    log = logging.getLogger("apprise")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    import apprise  # noqa: PLC0415 - an extra, and slow to import

    return apprise.Apprise.instantiate(url) is not None
