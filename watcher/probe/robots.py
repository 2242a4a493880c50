"""What a host's robots.txt says of a page (RFC 9309). Asked for at most once in 24 hours a host.

Only page sources are asked about; documented APIs are not governed by it. Redirects of a page are not looked up.

Anybody may have written the file: reading it takes time in proportion to its length, and a long one is read beside
the loop.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from protego import Protego
from yarl import URL

from watcher.clock import Clock
from watcher.model.exchange import FetchFailure, Response
from watcher.model.finding import Reason

AGENT: Final = "watcher"
MAX_BYTES: Final = 512_000
# Bytes that are read within some milliseconds, fifty at the worst. The longest file may take seconds.
_LONG: Final = 8_192
_NAMING: Final = re.compile(r"(\s*user[-\s]*agent(?:\s*:\s*|\s+))(.*)", re.IGNORECASE | re.DOTALL)
# "User-agent one: two" names nobody.
_NO_NAME: Final = re.compile(r"[^:]*:(?:\s|$)")
_SOMEBODY_ELSE: Final = "-"
# Every word that the parser takes for "disallow", and more: without one there is nothing to ask it.
_FORBIDDING: Final = re.compile(rb"dis|dia", re.IGNORECASE)
_KEPT: Final = timedelta(hours=24)
_AGAIN_AFTER_REFUSAL: Final = timedelta(minutes=10)
# Nothing was reached: that is more often our network than theirs, and ten minutes would be a long blindness.
_AGAIN_AFTER_SILENCE: Final = timedelta(minutes=1)

Fetch = Callable[[str], Awaitable[Response | FetchFailure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """The rules of a file."""

    parsed: Protego
    is_long: bool
    is_open: bool

    @classmethod
    async def read(cls, body: bytes) -> "_Rules":
        is_long = len(body) > _LONG
        parsed = await asyncio.to_thread(_parse, body) if is_long else _parse(body)
        return cls(parsed=parsed, is_long=is_long, is_open=_FORBIDDING.search(body) is None)

    async def allow(self, url: str) -> bool:
        if self.is_open:
            return True
        # Some ten thousand patterns with wildcards are long in trying, too.
        asked = self.parsed.can_fetch
        return await asyncio.to_thread(asked, url, AGENT) if self.is_long else asked(url, AGENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    rules: _Rules | FetchFailure
    until: datetime


class Robots:
    """Answers whether robots.txt lets a page be asked for. `fetch` gets a URL, with redirects and caps seen to.

    A host that cannot say (5xx, 429, unreachable) is taken to disallow, unless an older answer is at hand;
    it is asked again after ten minutes, or after one when nothing was reached at all.
    """

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def allowed(self, url: str) -> bool | None:
        """True or False as robots.txt says; None when it could not be had."""
        rules = await self._look_up(url)
        return None if isinstance(rules, FetchFailure) else await rules.allow(url)

    async def refusal(self, url: str) -> FetchFailure | None:
        """Why `url` may not be asked for; None when it may."""
        rules = await self._look_up(url)
        if isinstance(rules, FetchFailure):
            return replace(rules, detail=f"robots.txt of {URL(url).host} could not be read: {rules.detail}", hops=())
        if await rules.allow(url):
            return None
        detail = f"robots.txt of {URL(url).host} disallows {URL(url).path}; set robots: override"
        return FetchFailure(reason=Reason.NO_SOURCE, detail=detail)

    async def _look_up(self, url: str) -> _Rules | FetchFailure:
        origin = _origin_of(url)
        known = self._known.get(origin)
        if known is not None and known.until > self._clock.now():
            return known.rules
        async with self._locks.setdefault(origin, asyncio.Lock()):  # whoever comes second finds the answer
            known = self._known.get(origin)
            if known is None or known.until <= self._clock.now():
                rules = await _rules_in(await self._fetch(f"{origin}/robots.txt"))
                known = _kept(rules, known, self._clock.now())
                self._known[origin] = known
            return known.rules


def _origin_of(url: str) -> str:
    end = url.find("/", len("https://"))
    return _origin(url if end < 0 else url[:end])


@lru_cache(maxsize=1024)
def _origin(url: str) -> str:
    return str(URL(url).origin())


def _kept(rules: _Rules | FetchFailure, before: _Known | None, now: datetime) -> _Known:
    if isinstance(rules, _Rules):
        return _Known(rules=rules, until=now + _KEPT)
    again_after = _AGAIN_AFTER_SILENCE if rules.status is None else _AGAIN_AFTER_REFUSAL
    if before is not None and isinstance(before.rules, _Rules):
        return _Known(rules=before.rules, until=now + again_after)
    return _Known(rules=rules, until=now + again_after)


async def _rules_in(outcome: Response | FetchFailure) -> _Rules | FetchFailure:
    if isinstance(outcome, FetchFailure):
        return outcome
    if outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR or outcome.status == HTTPStatus.TOO_MANY_REQUESTS:
        return FetchFailure(reason=Reason.NO_SOURCE, detail=f"status {outcome.status}", status=outcome.status)
    # 4xx: there are no rules. Redirects without a target and other oddities hold none either.
    return await _Rules.read(outcome.body if outcome.status == HTTPStatus.OK else b"")


def _parse(body: bytes) -> Protego:
    # With a byte order mark before it, the first group would be nobody's.
    return Protego.parse(for_us(body.decode("utf-8-sig", "replace")))


def for_us(text: str) -> str:
    """The same rules as far as they are for us, with one name for all others.

    Each rule is noted once for each name of its group: ten thousand of both, in 250 KB, would fill the memory.
    """
    return "\n".join(map(_renamed, text.splitlines()))


def _renamed(line: str) -> str:
    naming = _NAMING.match(line.partition("#")[0])
    if naming is None or (":" not in naming[1] and _NO_NAME.match(naming[2])):
        return line
    name = naming[2].strip().lower()
    if name not in ("", "*"):
        name = name.replace("*", "")  # as the parser does
        name = name if name and AGENT.startswith(name) else _SOMEBODY_ELSE
    return f"{naming[1]}{name}"
