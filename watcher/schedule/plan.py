"""Which accounts are due, host by host, within what each host can take. Pure: `now` and the capacity are given.

There is no central queue: a host that swallows every request delays nobody else. An account that was handed out is
not due again until it is put back with `again`.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_LOOK: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An account's place in the schedule: the host it is asked at, and its interval. `urgent`: look at once."""

    account_id: str
    host: str
    interval: timedelta
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Due:
    """An account to look at, and since when it has been due. `urgent` for all that is not routine."""

    at: datetime
    account_id: str
    urgent: bool


@dataclass(slots=True)
class _Lane:
    """One host's accounts by due time, the urgent ones apart. `urgent_next`: whose turn it is when both wait."""

    urgent: list[tuple[datetime, int, str]] = field(default_factory=list)
    routine: list[tuple[datetime, int, str]] = field(default_factory=list)
    urgent_next: bool = True


class Plan:
    """The schedule of all accounts."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._lanes: dict[str, _Lane] = {}
        self._tickets: dict[str, int] = {}
        self._due: dict[str, datetime] = {}  # of those that have a ticket
        self._count = 0

    def __len__(self) -> int:
        return len(self._slots)

    def replace(self, slots: Iterable[Slot], now: datetime) -> None:
        """Make these the accounts of the schedule. Those unchanged keep their time; new ones are spread.

        One that waits and whose interval or host has changed is never put off: however often its interval is edited,
        it is looked at no later than it would have been.
        One that is being looked at is not due before it is put back, whatever has changed. The first looks at `n` new
        accounts go out over `n` seconds, at most over the interval; after that each account keeps to its own phase
        (see `phase`). Urgent ones are due at once.
        """
        wanted = {slot.account_id: slot for slot in slots}
        for gone in self._slots.keys() - wanted.keys():
            self._tickets.pop(gone, None)
            self._due.pop(gone, None)
        fresh = [slot for slot in wanted.values() if self._is_fresh(slot)]
        self._slots = wanted
        for slot in fresh:
            spread = min(slot.interval, len(fresh) * _FIRST_LOOK)
            at = now if slot.urgent else now + spread * _fraction(slot.account_id)
            self._put(slot, min(at, self._due.get(slot.account_id, at)), urgent=slot.urgent)

    def move(self, account_id: str, host: str) -> None:
        """Ask the account at another host from now on (another source is used)."""
        slot = self._slots.get(account_id)
        if slot is not None and slot.host != host:
            self._slots[account_id] = Slot(account_id=account_id, host=host, interval=slot.interval)

    def again(self, account_id: str, now: datetime, wait: timedelta) -> None:
        """Put an account back: due after `wait`, in its own phase when that is the whole interval.

        An account that is not (any more) in the schedule is let go.
        """
        slot = self._slots.get(account_id)
        if slot is None:
            return
        if wait >= slot.interval:
            self._put(slot, phase(account_id, slot.interval, now), urgent=False)
        else:
            self._put(slot, now + wait, urgent=True)

    def due(self, now: datetime, capacity: Callable[[str], int]) -> list[Due]:
        """Who is to be looked at now: per host as many as `capacity` allows, the longest waiting first.

        Where urgent and routine looks both wait they take turns, so that neither gets more than half of the pace.
        """
        found: list[Due] = []
        for host, lane in self._lanes.items():
            if not self._is_waiting(lane, now):
                continue
            for _ in range(capacity(host)):
                taken = self._take(lane, now)
                if taken is None:
                    break
                found.append(taken)
        return found

    def _is_fresh(self, slot: Slot) -> bool:
        """True when the slot needs a time: it is new, or it waits for one of another host or interval."""
        known = self._slots.get(slot.account_id)
        if known is None:
            return True
        is_waiting = slot.account_id in self._tickets
        return is_waiting and (known.host, known.interval) != (slot.host, slot.interval)

    def _put(self, slot: Slot, at: datetime, *, urgent: bool) -> None:
        self._count += 1
        self._tickets[slot.account_id] = self._count
        self._due[slot.account_id] = at
        lane = self._lanes.setdefault(slot.host, _Lane())
        heapq.heappush(lane.urgent if urgent else lane.routine, (at, self._count, slot.account_id))

    def _is_waiting(self, lane: _Lane, now: datetime) -> bool:
        return any(queue and queue[0][0] <= now for queue in (lane.urgent, lane.routine))

    def _take(self, lane: _Lane, now: datetime) -> Due | None:
        first, second = (lane.urgent, lane.routine) if lane.urgent_next else (lane.routine, lane.urgent)
        for queue in (first, second):
            while queue and queue[0][0] <= now:
                at, ticket, account_id = heapq.heappop(queue)
                if self._tickets.get(account_id) != ticket:
                    continue  # put in anew since, or gone
                del self._tickets[account_id], self._due[account_id]
                lane.urgent_next = queue is lane.routine
                return Due(at=at, account_id=account_id, urgent=queue is lane.urgent)
        return None


def phase(account_id: str, interval: timedelta, after: datetime) -> datetime:
    """The account's next own instant after `after`: every `interval` since 1970, shifted by a hash of its id.

    The same over restarts; accounts are spread evenly; no jitter, which would accumulate.
    """
    offset = interval * _fraction(account_id)
    passed = (after - _EPOCH - offset) // interval
    return _EPOCH + offset + (passed + 1) * interval


def _fraction(account_id: str) -> float:
    return crc32(account_id.encode()) / 2**32
