"""How often each account is looked at, as calendars and hosts have it now; and when that changes next.

The rules are in settings (`policies`, `pace`); here is only which of them hold at this moment, and that it is said.
"""

from datetime import datetime

import structlog

from watcher.clock import Clock
from watcher.model.account import Watchlist
from watcher.settings import Loaded
from watcher.settings.pace import Load, loads, within_pace
from watcher.settings.policies import carry_over, in_force, next_change


class Intervals:
    """Makes of the watchlist as loaded the one that is kept to at present."""

    def __init__(self, clock: Clock) -> None:
        self.next_change: datetime | None = None
        self._clock = clock
        self._stretched: frozenset[str] = frozenset()
        self._log = structlog.get_logger("watcher")

    @property
    def is_due(self) -> bool:
        """True when a window of some calendar has begun or ended since `in_force` was asked last."""
        return self.next_change is not None and self._clock.now() >= self.next_change

    def in_force(self, loaded: Loaded, now: datetime, old: Watchlist | None = None) -> Watchlist:
        """The watchlist with the intervals that hold `now`, which takes the place of `old`. One call at a time."""
        timely = in_force(loaded.watchlist, now)
        self.next_change = next_change(loaded.watchlist, now)
        wanted = loads(timely, loaded.platforms)
        self._say_stretched(wanted)
        watchlist = within_pace(timely, loaded.platforms, wanted)
        return watchlist if old is None else carry_over(watchlist, old, now)

    def _say_stretched(self, wanted: tuple[Load, ...]) -> None:
        """Name the hosts whose pace cannot keep the intervals, each once until it can."""
        stretched = {load.host: load for load in wanted if load.is_too_much}
        for host in stretched.keys() - self._stretched:
            load = stretched[host]
            self._log.warning(
                "intervals_stretched",
                host=host,
                accounts=len(load.accounts),
                times=round(load.stretch, 1),
                pace=f"{load.pace.requests} requests per {load.pace.per}",
            )
        self._stretched = frozenset(stretched)
