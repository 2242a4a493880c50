"""Whether this machine reaches anything at all."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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

    async def reaches(self, url: str) -> bool:
        host = url.removeprefix("http://").removesuffix(":8080/")
        self.tried.append(host)
        return host in self.up

    def state(self) -> VantageState:
        return self.check.state(self.clock.now())


def urls(*hosts: str) -> dict[str, str]:
    """Where each host is asked: not always by https, nor at its usual port."""
    return {host: f"http://{host}:8080/" for host in hosts}


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


def test_the_last_host_that_answered_failing_is_not_offline_while_another_did() -> None:
    """It is the last attempt at each host that counts; when the last of them failed, two minutes need not pass."""
    net = Net()
    for n, (host, ok) in enumerate([("a", True), ("b", True), ("c", False), ("b", False)]):
        net.check.note(host, START + timedelta(seconds=n), ok)
    assert net.state() is ONLINE
    net.check.note("a", START + timedelta(seconds=4), False)
    assert net.check.state(START + timedelta(seconds=4)) is OFFLINE


@given(
    notes=st.lists(st.tuples(st.integers(0, 90), st.sampled_from("abc"), st.booleans()), max_size=30),
    later=st.integers(0, 150),
)
def test_the_short_cut_says_what_all_attempts_say(notes: list[tuple[int, str, bool]], later: int) -> None:
    """Whoever was tried when: the state is that of judging the last attempt at every host."""
    net, attempts, state, now = Net(), dict[str, Attempt](), ONLINE, START
    for after, host, ok in notes:
        now += timedelta(seconds=after)
        attempts[host] = Attempt(host=host, at=now, reached=ok)
        state = judge(judge(state, attempts.values(), now), attempts.values(), now + timedelta(seconds=later % 7))
        net.check.note(host, now, ok)
        assert net.check.state(now + timedelta(seconds=later % 7)) is state
        now += timedelta(seconds=later % 7)
    assert net.check.state(now + timedelta(seconds=later)) is judge(
        state, attempts.values(), now + timedelta(seconds=later)
    )


class Counted(dict[str, Attempt]):
    """Attempts that tell how often all of them were looked at."""

    scans = 0

    def values(self) -> Any:
        self.scans += 1
        return super().values()


def test_attempts_are_not_gone_through_while_anything_answers_or_nothing_does() -> None:
    """With ten thousand hosts a look costs no scan of them: neither online nor, once that is known, offline."""
    net = Net()
    net.check._attempts = seen = Counted()
    net.check.note("a", START, True)
    for n in range(100):
        net.check.note(str(n), START, n % 2 == 0)
        net.state()
    assert seen.scans == 0
    later = START + 10 * MINUTE
    net.check.note("b", later, False)
    net.check.note("c", later, False)
    assert net.check.state(later) is OFFLINE
    net.check._attempts = seen = Counted(net.check._attempts)
    net.check.note("d", later, False)
    assert net.check.state(later) is OFFLINE
    assert seen.scans == 0


async def test_one_failing_host_is_theirs_when_another_answers() -> None:
    """A single platform that is down does not make us offline."""
    net = Net("b")
    net.check.note("a", START, False)
    assert await net.check.check(urls("a", "b", "c", "d", "e")) is ONLINE
    assert net.tried == ["b", "c", "d"]


async def test_one_failing_host_is_ours_when_no_other_answers() -> None:
    """When the other hosts of the watchlist cannot be reached either, it is us."""
    net = Net()
    net.check.note("a", START, False)
    assert await net.check.check(urls("a", "b")) is OFFLINE


async def test_others_are_tried_once_in_half_a_minute() -> None:
    """The doubt is settled without a storm of connections; no doubt costs nothing."""
    net = Net("a")
    await net.check.check(urls("a", "b"))
    assert net.tried == []
    net.check.note("a", START, False)
    await net.check.check(urls("a"))
    await net.check.check(urls("a", "b"))
    assert net.tried == []
    await net.clock.run_for(timedelta(seconds=30))
    await net.check.check(urls("a", "b"))
    await net.check.check(urls("a", "b"))
    assert net.tried == ["b"]


async def test_a_single_host_leaves_the_doubt_on_their_side() -> None:
    """With one host in the watchlist nothing can be told apart, and nothing is claimed."""
    net = Net()
    net.check.note("a", START, False)
    assert await net.check.check(urls("a")) is ONLINE


async def test_whoever_answered_last_is_tried_first() -> None:
    """A site that is looked at every ten minutes settles the doubt about others that are dead."""
    net = Net("z")
    net.check.note("z", START, True)
    await net.clock.run_for(5 * MINUTE)
    net.check.note("a", net.clock.now(), False)
    assert await net.check.check(urls("a", "b", "c", "d", "z")) is ONLINE
    assert net.tried[0] == "z"


async def test_two_dead_sites_are_not_our_network_when_another_answers() -> None:
    """Looked at often, they would be all that was tried of late."""
    net = Net("z")
    net.check.note("a", START, False)
    net.check.note("b", START, False)
    assert net.state() is OFFLINE
    assert await net.check.check(urls("a", "b", "z")) is ONLINE


async def test_others_are_tried_in_turn() -> None:
    """Three dead ones that come first by their names do not keep the rest from being tried."""
    net = Net("z")
    net.check.note("a", START, False)
    assert await net.check.check(urls("a", "b", "c", "d", "z")) is OFFLINE
    await net.clock.run_for(timedelta(seconds=30))
    assert await net.check.check(urls("a", "b", "c", "d", "z")) is ONLINE
