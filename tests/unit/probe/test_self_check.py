"""Whether this machine reaches anything at all."""

from datetime import timedelta

import pytest

from tests.fakes.clock import STORY as START
from tests.fakes.clock import FakeClock
from watcher.model.control import VantageState
from watcher.probe.self_check import Attempt, Reachability, judge

MINUTE = timedelta(minutes=1)
ONLINE, OFFLINE = VantageState.ONLINE, VantageState.OFFLINE


class Net:
    """Hosts that can be reached, and who was tried."""

    def __init__(self, *up: str) -> None:
        self.up = set(up)
        self.tried: list[str] = []
        self.clock = FakeClock()
        self.check = Reachability(self.clock, self.reaches)

    async def reaches(self, host: str) -> bool:
        self.tried.append(host)
        return host in self.up

    def state(self) -> VantageState:
        return self.check.state(self.clock.now())


def failed(host: str, ago: int = 0) -> Attempt:
    return Attempt(host=host, at=START - timedelta(seconds=ago), reached=False)


def reached(host: str, ago: int = 0) -> Attempt:
    return Attempt(host=host, at=START - timedelta(seconds=ago), reached=True)


@pytest.mark.parametrize(
    ("attempts", "before", "state"),
    [
        ([], ONLINE, ONLINE),
        ([], OFFLINE, OFFLINE),
        ([failed("a")], ONLINE, ONLINE),
        ([failed("a")], OFFLINE, OFFLINE),
        ([failed("a"), failed("b")], ONLINE, OFFLINE),
        ([failed("a"), failed("b", ago=120)], ONLINE, ONLINE),
        ([failed("a"), failed("b"), reached("c", ago=119)], ONLINE, ONLINE),
        ([failed("a"), failed("b"), reached("c", ago=120)], ONLINE, OFFLINE),
        ([reached("a")], OFFLINE, ONLINE),
    ],
)
def test_judge(attempts: list[Attempt], before: VantageState, state: VantageState) -> None:
    """Two hosts and no success within two minutes are OFFLINE; any success is ONLINE; else nothing changes."""
    assert judge(before, attempts, START) is state


def test_offline_ends_with_the_first_success() -> None:
    """It does not end by itself, however long nothing is tried."""
    net = Net()
    net.check.note("a", START, False)
    assert net.state() is ONLINE
    net.check.note("b", START, False)
    assert net.state() is OFFLINE
    assert net.check.state(START + 10 * MINUTE) is OFFLINE
    net.check.note("a", START + 10 * MINUTE, True)
    assert net.check.state(START + 10 * MINUTE) is ONLINE


async def test_one_failing_host_is_theirs_when_another_answers() -> None:
    """A single platform that is down does not make us offline."""
    net = Net("b")
    net.check.note("a", START, False)
    assert await net.check.check(["a", "b", "c", "d", "e"]) is ONLINE
    assert net.tried == ["b", "c", "d"]


async def test_one_failing_host_is_ours_when_no_other_answers() -> None:
    """When the other hosts of the watchlist cannot be reached either, it is us."""
    net = Net()
    net.check.note("a", START, False)
    assert await net.check.check(["a", "b"]) is OFFLINE


async def test_others_are_tried_once_in_half_a_minute() -> None:
    """The doubt is settled without a storm of connections; no doubt costs nothing."""
    net = Net("a")
    await net.check.check(["a", "b"])
    assert net.tried == []
    net.check.note("a", START, False)
    await net.check.check(["a"])
    await net.check.check(["a", "b"])
    assert net.tried == []
    await net.clock.run_for(timedelta(seconds=30))
    await net.check.check(["a", "b"])
    await net.check.check(["a", "b"])
    assert net.tried == ["b"]


async def test_a_single_host_leaves_the_doubt_on_their_side() -> None:
    """With one host in the watchlist nothing can be told apart, and nothing is claimed."""
    net = Net()
    net.check.note("a", START, False)
    assert await net.check.check(["a"]) is ONLINE
