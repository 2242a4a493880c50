"""How often each account is looked at, as calendars and hosts have it now; and when that changes next.

The rules are in settings (`policies`, `pace`); here is only which of them hold at this moment, and that it is said.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from watcher.clock import Clock
from watcher.model.account import Watchlist
from watcher.settings import Loaded
from watcher.settings.pace import Load, loads, within_pace
from watcher.settings.policies import carry_over, in_force, next_change


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The watchlist with the intervals that hold at an instant, until `next_change`; what its hosts are asked for."""

    watchlist: Watchlist
    next_change: datetime | None
    loads: tuple[Load, ...]


class Intervals:
    """Which intervals are kept to at present."""

    def __init__(self, clock: Clock) -> None:
        self.next_change: datetime | None = None
        self._clock = clock
        self._stretched: frozenset[str] = frozenset()
        self._log = structlog.get_logger("watcher")

    @property
    def is_due(self) -> bool:
        """True when a window of some calendar has begun or ended since then."""
        return self.next_change is not None and self._clock.now() >= self.next_change

    def go_by(self, found: InForce) -> Watchlist:
        """Keep to this from now on. Hosts whose pace cannot keep the intervals are named, each once until it can."""
        self.next_change = found.next_change
        stretched = {load.host: load for load in found.loads if load.is_too_much}
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
        return found.watchlist


def found_in_force(loaded: Loaded, now: datetime, old: Watchlist | None = None) -> InForce:
    """What holds `now` of what was loaded, and takes the place of `old`. Nobody goes by it yet."""
    timely = in_force(loaded.watchlist, now)
    wanted = loads(timely, loaded.platforms)
    watchlist = within_pace(timely, loaded.platforms, wanted)
    return InForce(
        watchlist=watchlist if old is None else carry_over(watchlist, old, now),
        next_change=next_change(loaded.watchlist, now),
        loads=wanted,
    )
