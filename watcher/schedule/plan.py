"""Which accounts are due, host by host, within what each host can take. Pure: `now` and the capacity are given.

There is no central queue: a host that swallows every request delays nobody else. An account that was handed out is
not due again until it is put back with `again`.

Accounts that can be asked about in one request go together: the request leaves when the first of them is due and
takes along those that will be within half of their interval. Whoever is taken along early is looked at once for that
instant of its own, and next no later than an interval after.
"""

import heapq
import sys
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_LOOK: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_NEAR: Final = 0.25  # of an interval: another that differs by no more is nearly the same
_OWED: Final = 2  # routine looks for one at whoever is down, at most
_Queue = list[tuple[datetime, int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An account's place in the schedule: the host it is asked at, and its interval. `urgent`: look at once.

    `down`: known to be gone, so that its urgent looks follow it and confirm nothing.
    Where it is asked about together with others, all of the same `batch`, one request has `room` for so many.
    """

    account_id: str
    host: str
    interval: timedelta
    urgent: bool = False
    down: bool = False
    batch: str = ""
    room: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Due:
    """An account to look at, where, and since when it has been due. `urgent` for all that is not routine.

    `batch` and `others`: with whom it is asked about in one request, which may be nobody.
    """

    at: datetime
    account_id: str
    urgent: bool
    host: str = ""
    batch: str = ""
    others: tuple["Due", ...] = ()

    @property
    def all(self) -> tuple["Due", ...]:
        """All whom the request is about."""
        return (self, *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """When a waiting account is due, and for which instant."""

    ticket: int
    at: datetime
    instant: datetime


@dataclass(slots=True)
class _Lane:
    """One host's accounts by due time: those to be confirmed, those that are down, and all others.

    `urgent_next`: whose turn it is when a confirmation and a routine look wait. `owed`: how many routine looks go
    before one at whoever is down. That one brings a control of its own, which is as much as two turns.
    """

    urgent: _Queue = field(default_factory=list)
    down: _Queue = field(default_factory=list)
    routine: _Queue = field(default_factory=list)
    urgent_next: bool = True
    owed: int = 0

    def queue(self, *, urgent: bool, down: bool) -> _Queue:
        """Where such a look waits."""
        return self.routine if not urgent else self.down if down else self.urgent

    @property
    def in_order(self) -> tuple[_Queue, _Queue, _Queue]:
        """The queues, the one whose turn it is first."""
        if not self.urgent_next:
            return self.routine, self.urgent, self.down
        return (self.urgent, self.routine, self.down) if self.owed else (self.urgent, self.down, self.routine)

    def took(self, queue: _Queue) -> None:
        """A look of that queue was handed out."""
        self.urgent_next = queue is self.routine
        if queue is self.routine:
            self.owed = max(0, self.owed - 1)
        else:
            self.owed = _OWED if queue is self.down else min(_OWED, self.owed + 1)


class Plan:
    """The schedule of all accounts."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._lanes: dict[str, _Lane] = {}
        self._batches: dict[str, list[tuple[datetime, int, str]]] = defaultdict(list)
        self._turns: dict[str, _Turn] = {}  # of those that wait
        self._served: dict[str, datetime] = {}  # of those that are being looked at
        self._count = 0

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._slots))

    def remove(self, account_ids: Iterable[str]) -> None:
        """Take these off the schedule."""
        for gone in account_ids:
            self._slots.pop(gone, None)
            self._turns.pop(gone, None)
            self._served.pop(gone, None)

    def amend(
        self, slots: Iterable[Slot], now: datetime, among: int = 0, order: Mapping[str, float] | None = None
    ) -> None:
        """Take these up, or as they are now. Those unchanged keep their time; new ones, some of `among`, are spread.

        One that waits and whose interval or host has changed is never put off: however often that is edited, it is
        looked at no later than it would have been. A longer interval leaves its time, a shorter one shortens the wait
        by as much, so that those who wait keep their order.
        One that is being looked at is not due before it is put back, whatever has changed. The first looks at `n` new
        accounts go out over `n` seconds, at most over the interval, each at its place in the `order` (see `places`) or
        in that of their own instants; after that each keeps to those (see `phase`). Over the whole interval they are
        even, and each is for the account's next instant: were it looked at again then, which may be a moment later for
        all, a first round would be two. Urgent ones are due at once.
        """
        order = order or {}
        wanted = {slot.account_id: slot for slot in slots}
        fresh = [slot for slot in wanted.values() if self._is_fresh(slot)]
        altered = [(slot, before) for slot in wanted.values() if (before := self._interval_before(slot)) is not None]
        self._slots.update(wanted)
        for slot in fresh:
            spread = min(slot.interval, max(len(fresh), among) * _FIRST_LOOK)
            place = order[slot.account_id] if slot.account_id in order else _place(slot.account_id, slot.interval, now)
            at = now if slot.urgent else now + spread * place
            known = self._turns.get(slot.account_id)
            at = min(at, known.at) if known is not None else at
            # A batch takes others along by their instants.
            is_even = spread == slot.interval and not slot.urgent and not slot.batch
            instant = phase(slot.account_id, slot.interval, at - _MICROSECOND) if is_even else at
            self._put(slot, at, instant=instant, urgent=slot.urgent)
        for slot, before in altered:
            self._alter(slot, before, now)

    @property
    def hosts(self) -> frozenset[str]:
        """Where somebody is asked."""
        return frozenset(slot.host for slot in self._slots.values())

    def move(self, account_id: str, host: str, batch: str = "", room: int = 1, *, down: bool = False) -> None:
        """Ask the account elsewhere from now on (another source is used), in another batch, or as one `down`."""
        slot, moved = self._slots.get(account_id), (host, batch, room, down, False)
        if slot is not None and (slot.host, slot.batch, slot.room, slot.down, slot.urgent) != moved:
            self._slots[account_id] = replace(slot, host=host, batch=batch, room=room, down=down, urgent=False)

    def again(self, account_id: str, now: datetime, wait: timedelta) -> int:
        """Put an account back: due after `wait`, in its own phase when that is the whole interval.

        Its own phase goes on after the instant that it was handed out for; how many of its instants went by meanwhile
        without a look is returned. An account that is not (any more) in the schedule is let go.
        """
        slot, served = self._slots.get(account_id), self._served.pop(account_id, now)
        if slot is None:
            return 0
        if wait < slot.interval:
            self._put(slot, now + wait, urgent=True)
            return 0
        instant = phase(account_id, slot.interval, max(now, served))
        self._put(slot, min(instant, now + slot.interval), instant=instant, urgent=False)
        return max(0, (instant - served) // slot.interval - 1)

    def hasten(self, account_ids: Iterable[str], now: datetime, within: timedelta) -> None:
        """Look at these within that time, spread over it, unless they are due sooner or are being looked at."""
        for account_id in account_ids:
            at, turn = now + within * _fraction(account_id), self._turns.get(account_id)
            if turn is not None and turn.at > at:
                self._put(self._slots[account_id], at, instant=turn.instant, urgent=False)

    def next_look(self, account_id: str) -> datetime | None:
        """When the account is due next; None while it is being looked at, and of one that is not in the schedule."""
        turn = self._turns.get(account_id)
        return turn.at if turn is not None else None

    def late(self, now: datetime, least: timedelta) -> Iterator[tuple[str, timedelta]]:
        """Who has waited for a look longer than its interval, and than `least`, with how long each is overdue.

        Looks may begin and end between one of them and the next: whoever was looked at meanwhile is left out.
        """
        for lane in tuple(self._lanes.values()):
            for account_id, ticket in [each for queue in lane.in_order for each in _before(queue, now - least)]:
                turn = self._turns.get(account_id)
                if turn is not None and turn.ticket == ticket and now - turn.at > self._slots[account_id].interval:
                    yield account_id, now - turn.at

    def due(self, now: datetime, capacity: Callable[[str], int], room: int = sys.maxsize) -> list[Due]:
        """Who is to be looked at now: who is to be confirmed, who is down, then the others; the longest waiting first.

        Per host as many requests as `capacity` allows, and no more than there is `room` for altogether. Where urgent
        and routine looks of one host both wait they take turns. Two routine looks go for one at whoever is down, so
        that those that are down get no more than half of its pace with the controls that they need.
        """
        found: list[Due] = []
        left = {host: capacity(host) for host, lane in self._lanes.items() if self._is_waiting(lane, now)}
        turns = [(*self._rank(self._lanes[host], now), host) for host in left]
        heapq.heapify(turns)
        while turns and len(found) < room:
            *_, host = heapq.heappop(turns)
            lane = self._lanes[host]
            taken = self._take(lane, now) if left[host] > 0 else None
            if taken is None:
                continue
            left[host] -= 1
            found.append(replace(taken, others=tuple(self._companions(taken, now))) if taken.batch else taken)
            if self._is_waiting(lane, now):
                heapq.heappush(turns, (*self._rank(lane, now), host))
        return found

    def _is_fresh(self, slot: Slot) -> bool:
        """True when the slot needs a time: it is new, or it waits for one of another host."""
        known = self._slots.get(slot.account_id)
        return known is None or (slot.account_id in self._turns and known.host != slot.host)

    def _interval_before(self, slot: Slot) -> timedelta | None:
        """The other interval that an account had which waits at the same host; None if it had none."""
        known = self._slots.get(slot.account_id)
        is_waiting = known is not None and slot.account_id in self._turns and known.host == slot.host
        return known.interval if known is not None and is_waiting and known.interval != slot.interval else None

    def _alter(self, slot: Slot, before: timedelta, now: datetime) -> None:
        """Let an account that waits go by its new interval, in its turn.

        Its own instants are others now. By nearly the same interval the first of them is this look's: were it looked
        at again then, many edits would make more looks than its host can take. By quite another one it is not, lest
        looks stay as close together as they were.
        """
        turn = self._turns[slot.account_id]
        is_shorter = slot.interval < before and turn.at > now
        at = now + (turn.at - now) * (slot.interval / before) if is_shorter else turn.at
        is_near = abs(slot.interval - before) <= before * _NEAR
        # A batch takes others along by their instants.
        instant = phase(slot.account_id, slot.interval, at) if is_near and not slot.batch else at
        if is_shorter:
            self._put(slot, at, instant=instant, urgent=slot.urgent)
        else:
            self._turns[slot.account_id] = replace(turn, instant=instant)

    def _put(self, slot: Slot, at: datetime, *, urgent: bool, instant: datetime | None = None) -> None:
        """Let the account be due `at`, for that `instant` of its own; what is urgent is taken along no sooner."""
        self._count += 1
        instant = instant or at
        self._turns[slot.account_id] = _Turn(ticket=self._count, at=at, instant=instant)
        lane = self._lanes.setdefault(slot.host, _Lane())
        heapq.heappush(lane.queue(urgent=urgent, down=slot.down), (at, self._count, slot.account_id))
        if slot.batch and slot.room > 1:  # nobody is taken along where there is room for one
            ripe = at if urgent else min(at, instant - slot.interval / 2)
            heapq.heappush(self._batches[slot.batch], (ripe, self._count, slot.account_id))

    @staticmethod
    def _rank(lane: _Lane, now: datetime) -> tuple[bool, bool, datetime]:
        """What a host's next look goes by among those of others: what kind it is, and since when it is due."""
        queue = next(queue for queue in lane.in_order if queue and queue[0][0] <= now)
        return queue is lane.routine, queue is lane.down, queue[0][0]

    def _is_waiting(self, lane: _Lane, now: datetime) -> bool:
        return any(queue and queue[0][0] <= now for queue in lane.in_order)

    def _take(self, lane: _Lane, now: datetime) -> Due | None:
        for queue in lane.in_order:
            while queue and queue[0][0] <= now:
                _, ticket, account_id = heapq.heappop(queue)
                taken = self._hand_out(account_id, ticket, urgent=queue is not lane.routine)
                if taken is not None:
                    lane.took(queue)
                    return taken
        return None

    def _companions(self, first: Due, now: datetime) -> Iterator[Due]:
        """Those who go along, the ripest first, as far as there is room."""
        queue = self._batches[first.batch]
        room = self._slots[first.account_id].room - 1
        while room > 0 and queue and queue[0][0] <= now:
            _, ticket, account_id = heapq.heappop(queue)
            taken = self._hand_out(account_id, ticket, urgent=first.urgent, batch=first.batch)
            if taken is not None:
                room -= 1
                yield taken

    def _hand_out(self, account_id: str, ticket: int, *, urgent: bool, batch: str | None = None) -> Due | None:
        """The account, which waits no longer; None if it was put in anew since, is gone, or goes with another batch."""
        turn, slot = self._turns.get(account_id), self._slots.get(account_id)
        if turn is None or slot is None or turn.ticket != ticket or batch not in (None, slot.batch):
            return None
        del self._turns[account_id]
        self._served[account_id] = turn.instant
        return Due(at=turn.at, account_id=account_id, urgent=urgent, host=slot.host, batch=slot.batch)


def _before(queue: _Queue, at: datetime) -> Iterator[tuple[str, int]]:
    """Whose turn in the heap is before `at`, with its ticket. None of the others is looked at."""
    places = [0]
    while places:
        place = places.pop()
        if place < len(queue) and queue[place][0] < at:
            yield queue[place][2], queue[place][1]
            places += (2 * place + 1, 2 * place + 2)


def phase(account_id: str, interval: timedelta, after: datetime) -> datetime:
    """The account's next own instant after `after`: every `interval` since 1970, shifted by a hash of its id.

    The same over restarts; accounts are spread evenly; no jitter, which would accumulate.
    """
    # In whole microseconds: a span times a fraction takes three times as long, and this is done at every look.
    offset = timedelta(0, 0, _hash(account_id) * (interval // _MICROSECOND) >> 32)
    passed = (after - _EPOCH - offset) // interval
    return _EPOCH + offset + (passed + 1) * interval


def places(looks: Iterable[tuple[str, Hashable, timedelta, datetime | None]], now: datetime) -> dict[str, float]:
    """Where each account's first look falls in the time they are spread over, from 0 to 1; the first is returned first.

    Each comes with its group, its interval and the last look at it. A group has the places that its accounts' own
    instants have in the interval after `now`, which are even. They go to those never looked at, then to those not
    looked at for longest: else an account might be last at every start.
    """
    groups: dict[Hashable, list[tuple[datetime, float, str]]] = defaultdict(list)
    for account_id, group, interval, looked_at in looks:
        groups[group].append((looked_at or _EPOCH, _place(account_id, interval, now), account_id))
    found: list[tuple[float, str]] = []
    for members in groups.values():
        spread = sorted(fraction for _, fraction, _ in members)
        found += zip(spread, (account_id for *_, account_id in sorted(members)), strict=True)
    return {account_id: place for place, account_id in sorted(found)}


def _place(account_id: str, interval: timedelta, now: datetime) -> float:
    """Where in the interval after `now` the account's own instant is."""
    return (phase(account_id, interval, now) - now) / interval


def _fraction(account_id: str) -> float:
    return _hash(account_id) / 2**32


def _hash(account_id: str) -> int:
    return crc32(account_id.encode())
