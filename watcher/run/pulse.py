"""The heartbeat that goes out: a ping at every interval while watcher truly works, so that others notice its death.

Whoever gets the pings (healthchecks.io and the like, a dead man's switch) raises the alarm when they stop. The URL is a
secret: it is revealed to the session only.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import structlog

from watcher.clock import Clock
from watcher.metrics import Metrics
from watcher.settings.values import Heartbeat

_TIMEOUT: Final = timedelta(seconds=10)
_ANSWER: Final = 10_000  # as much of a reason as they keep


class Pulse:
    """Call `look` every few seconds. `trouble` says what is wrong; empty while watcher truly works."""

    def __init__(
        self,
        settings: Callable[[], Heartbeat | None],
        trouble: Callable[[], tuple[str, ...]],
        session: aiohttp.ClientSession,
        clock: Clock,
        metrics: Metrics,
        timeout: timedelta = _TIMEOUT,
    ) -> None:
        self._settings = settings
        self._trouble = trouble
        self._session = session
        self._clock = clock
        self._metrics = metrics
        self._timeout = timeout
        self._next: datetime | None = None
        self._in_trouble = False
        self._failed = False
        self._log = structlog.get_logger("watcher")

    async def look(self) -> None:
        """Ping if it is time to. Whatever comes of it, nothing else waits for it, and it is tried at the next time."""
        settings, now = self._settings(), self._clock.now()
        if settings is None:
            return
        trouble = self._trouble()
        is_news = bool(trouble) and not self._in_trouble  # said at once; that it is over, in its time
        if not is_news and self._next is not None and now < self._next <= now + settings.interval:
            return
        if trouble and not settings.fail:
            return  # its silence is the alarm; the first moment in which all is well ends it
        self._next, self._in_trouble = now + settings.interval, bool(trouble)
        url = settings.url.reveal()
        self._note(await (self._post(_fail_url(url), "\n".join(trouble)) if trouble else self._post(url, "")))

    async def _post(self, url: str, body: str) -> str:
        """What went wrong; empty when nothing did."""
        timeout = aiohttp.ClientTimeout(total=self._timeout.total_seconds())
        data = body.encode()[:_ANSWER]
        try:
            async with self._session.post(url, data=data, allow_redirects=False, timeout=timeout) as answer:
                with suppress(aiohttp.ClientError):
                    await answer.content.read(_ANSWER)
                return "" if answer.status < 300 else f"status {answer.status}"  # noqa: PLR2004 - HTTP's
        except TimeoutError:
            return "timeout"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return type(error).__name__  # the message may hold the URL

    def _note(self, fault: str) -> None:
        """Count it, and say once that it fails and once that it works again."""
        self._metrics.heartbeats.inc()
        if fault:
            self._metrics.heartbeats_failed.inc()
            if not self._failed:
                self._log.warning("heartbeat_not_taken", reason=fault)
        elif self._failed:
            self._log.info("heartbeat_taken_again")
        self._failed = bool(fault)


def _fail_url(url: str) -> str:
    """The same with /fail at the end of its path, as healthchecks has it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/fail"))
