"""The looks of a run: those that were handed out are made, also where it ends meanwhile."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import cast

import pytest

from tests.fakes.virtual_time import START, VirtualClock, VirtualLoop, run_virtual
from watcher.metrics import Metrics
from watcher.model.platform import Pace
from watcher.probe import Pacer
from watcher.run.rounds import Rounds
from watcher.schedule import Due, Plan, Slot

_MANY = 40


class Counted(Rounds):
    """Looks that take a while and find nothing."""

    def __init__(self) -> None:
        self._clock = VirtualClock()
        self._metrics = Metrics("test")
        self._looks = set()
        self._out = Counter({"h": _MANY})
        self.ended: list[str] = []

    async def _look(self, account_id: str) -> None:
        await asyncio.sleep(0.05)
        self.ended.append(account_id)


def test_what_was_handed_out_before_the_end_is_looked_at() -> None:
    """Looks begin a few at a time: those that begin only after the end was asked for are waited for, too."""

    async def story() -> None:
        rounds = Counted()
        found = [Due(at=START, account_id=str(n), urgent=False, host="h") for n in range(_MANY)]
        rounds.start(rounds._start_all(found))
        await rounds.finish(timedelta(seconds=5))
        assert len(rounds.ended) == _MANY
        assert not rounds._out

    run_virtual(story())


def test_the_end_does_not_wait_for_ever() -> None:
    """What takes longer than there is patience for is cancelled."""

    async def story() -> None:
        rounds = Counted()
        rounds.start(asyncio.sleep(3600))
        await rounds.finish(timedelta(seconds=5))
        assert rounds._clock.now() - START == timedelta(seconds=5)
        assert not rounds._looks

    run_virtual(story())


class Unhurried:
    """A pacer that lets everybody."""

    connections = 10

    def capacity(self, _host: str, _pace: Pace) -> int:
        """More than there are."""
        return 1000


class Short(Rounds):
    """Looks of a moment, at accounts of `hosts`; nobody is put back. Notes how many are under way at most."""

    def __init__(self, hosts: int) -> None:
        self._clock = VirtualClock()
        self._metrics = Metrics("test")
        self._pacer = cast("Pacer", Unhurried())
        self._looks = set()
        self._out = Counter()
        self._is_short = False
        self._most, self._share = 20, 5
        self._paces = {f"h{n}": Pace(requests=1000, per=timedelta(seconds=1), concurrency=100) for n in range(hosts)}
        self.plan = Plan()
        slots = (
            Slot(account_id=str(n), host=f"h{n % hosts}", interval=timedelta(minutes=1), urgent=True)
            for n in range(_MANY * 5)
        )
        self.plan.amend(slots, START)
        self.ended: list[str] = []
        self.most = Counter[str]()

    async def _look(self, account_id: str) -> None:
        self.most |= self._out | Counter({"all": self._out.total()})
        await asyncio.sleep(0.01)
        self.ended.append(account_id)


@pytest.mark.parametrize("hosts", [1, 2, 40])
def test_where_more_is_due_than_there_is_room_for_the_others_follow(hosts: int) -> None:
    """They are not left until the next tick: a look takes the place of each that has ended, the host's and its own."""

    async def story() -> None:
        rounds = Short(hosts)
        rounds.tick()
        await asyncio.sleep(0.25 * _MANY * 5 / min(5 * hosts, 20) / 5)
        assert sorted(rounds.ended, key=int) == [str(n) for n in range(_MANY * 5)]
        assert rounds.most.pop("all") == min(5 * hosts, 20)
        assert max(rounds.most.values()) <= 5
        assert not rounds._out

    run_virtual(story())


def test_once_the_end_is_asked_for_nobody_follows() -> None:
    """Those under way are waited for; those that had no room stay due for the next start."""

    async def story() -> None:
        rounds = Short(1)
        rounds.tick()
        await rounds.finish(timedelta(seconds=5))
        assert len(rounds.ended) == 5

    run_virtual(story())


class Slow(Counted):
    """Looks of which the first keeps the loop to itself for a while."""

    def __init__(self, stall: float) -> None:
        super().__init__()
        self.began: list[float] = []
        self._stall = stall

    async def _look(self, account_id: str) -> None:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        self.began.append(loop.time())
        if account_id == "0":
            loop.jump(self._stall)


@pytest.mark.parametrize(("stall", "rest"), [(0.0, 0.0), (0.009, 0.0), (0.04, 0.04), (3.0, 0.1)])
def test_where_answers_pile_up_less_is_asked(stall: float, rest: float) -> None:
    """They get as much time again before the next few begin; a machine that stood still holds up nobody for long."""

    async def story() -> None:
        rounds = Slow(stall)
        rounds._is_short = False
        found = [Due(at=START, account_id=str(n), urgent=True, host="h") for n in range(16)]
        await rounds._start_all(found)
        await rounds.finish(timedelta(seconds=5))
        assert rounds.began[8:] == pytest.approx([stall + rest] * 8)

    run_virtual(story())
