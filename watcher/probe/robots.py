"""What a host's robots.txt says of a page (RFC 9309). Asked for at most once in 24 hours a host.

Only page sources are asked about; documented APIs are not governed by it. Redirects of a page are not looked up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from protego import Protego
from yarl import URL

from watcher.clock import Clock
from watcher.model.exchange import FetchFailure, Response
from watcher.model.finding import Reason

AGENT: Final = "watcher"
MAX_BYTES: Final = 512_000
_KEPT: Final = timedelta(hours=24)
_AGAIN_AFTER_REFUSAL: Final = timedelta(minutes=10)
# Nothing was reached: that is more often our network than theirs, and ten minutes would be a long blindness.
_AGAIN_AFTER_SILENCE: Final = timedelta(minutes=1)

Fetch = Callable[[str], Awaitable[Response | FetchFailure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    rules: Protego | FetchFailure
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
        return None if isinstance(rules, FetchFailure) else rules.can_fetch(url, AGENT)

    async def refusal(self, url: str) -> FetchFailure | None:
        """Why `url` may not be asked for; None when it may."""
        rules = await self._look_up(url)
        host = URL(url).host
        if isinstance(rules, FetchFailure):
            return replace(rules, detail=f"robots.txt of {host} could not be read: {rules.detail}", hops=())
        if rules.can_fetch(url, AGENT):
            return None
        detail = f"robots.txt of {host} disallows {URL(url).path}; set robots: override"
        return FetchFailure(reason=Reason.NO_SOURCE, detail=detail)

    async def _look_up(self, url: str) -> Protego | FetchFailure:
        origin = str(URL(url).origin())
        async with self._locks.setdefault(origin, asyncio.Lock()):  # whoever comes second finds the answer
            known = self._known.get(origin)
            if known is None or known.until <= self._clock.now():
                outcome = await self._fetch(f"{origin}/robots.txt")
                known = _read(outcome, known, self._clock.now())
                self._known[origin] = known
            return known.rules


def _read(outcome: Response | FetchFailure, before: _Known | None, now: datetime) -> _Known:
    rules = _rules_in(outcome)
    if isinstance(rules, Protego):
        return _Known(rules=rules, until=now + _KEPT)
    again_after = _AGAIN_AFTER_SILENCE if rules.status is None else _AGAIN_AFTER_REFUSAL
    if before is not None and isinstance(before.rules, Protego):
        return _Known(rules=before.rules, until=now + again_after)
    return _Known(rules=rules, until=now + again_after)


def _rules_in(outcome: Response | FetchFailure) -> Protego | FetchFailure:
    if isinstance(outcome, FetchFailure):
        return outcome
    if outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR or outcome.status == HTTPStatus.TOO_MANY_REQUESTS:
        return FetchFailure(reason=Reason.NO_SOURCE, detail=f"status {outcome.status}", status=outcome.status)
    # 4xx: there are no rules. Redirects without a target and other oddities hold none either.
    return Protego.parse(outcome.body.decode("utf-8", "replace") if outcome.status == HTTPStatus.OK else "")
