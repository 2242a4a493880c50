"""The looks of a run: those that were handed out are made, also where it ends meanwhile."""

import asyncio
from collections import Counter
from datetime import timedelta

from tests.fakes.virtual_time import START, VirtualClock, run_virtual
from watcher.metrics import Metrics
from watcher.rounds import Rounds
from watcher.schedule import Due

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
