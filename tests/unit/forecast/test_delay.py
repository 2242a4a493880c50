"""How late something is told, by hand-made sums."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.settings.samples import PLATFORMS
from tests.unit.settings.test_pace import crowd
from watcher.forecast import Wait, delay_of, wait_on
from watcher.forecast.delay import requests_to_confirm
from watcher.model.account import Policy, Repeat
from watcher.model.platform import Pace
from watcher.settings.pace import loads, within_pace

MINUTE = timedelta(minutes=1)
ZERO = timedelta(0)
FREE = Pace(requests=6000, per=MINUTE, concurrency=20)
USUAL = Pace(requests=10, per=MINUTE)


def told(
    policy: Policy, pace: Pace = FREE, *, used: float = 0.0, together: bool = False, **more: timedelta
) -> list[float]:
    """Seconds, usually and at worst."""
    told_after, rarest = more.get("told_after", ZERO), more.get("rarest", policy.interval)
    found = delay_of(policy, wait=Wait(), used=used, pace=pace, together=together, told_after=told_after, rarest=rarest)
    return [span.total_seconds() for span in (found.p50, found.worst)]


def test_the_parts_of_a_delay_on_a_free_host() -> None:
    """Half an interval; two spans of confirm.interval; the look, the last control, the second look and its control."""
    # Looks begin up to 0.25 s late; each of the five answers takes 0.5 s, two controls wait for company.
    usual = 30 + 0.125 + 0.5 + 2 * (10 + 0.25 + 0.5) + (0.25 + 0.5) + 0.5 + (0.25 + 0.5)
    worst = 60 + 0.25 + 0.5 + 2 * (10 + 0.25 + 0.5) + (0.25 + 0.5) + 0.5 + (0.25 + 0.5) + 1
    assert told(Policy()) == pytest.approx([usual, worst], abs=0.05)


def test_whom_a_batch_leaves_out_is_asked_alone_first() -> None:
    """One more look, at once."""
    assert told(Policy(), together=True) == pytest.approx([each + 0.75 for each in told(Policy())], abs=0.05)


def test_one_finding_is_enough() -> None:
    """Then only the controls and the second look are waited for."""
    hasty = Policy(confirm=Repeat(threshold=1, interval=timedelta(seconds=10)))
    assert told(hasty) == pytest.approx([each - 2 * 10.75 for each in told(Policy())], abs=0.05)


def test_confirmations_are_never_further_apart_than_looks() -> None:
    """Of two looks a second apart no two confirmations are ten seconds apart."""
    fast = Policy(interval=timedelta(seconds=1))
    assert told(fast)[0] == pytest.approx(told(Policy())[0] - 29.5 - 2 * 9, abs=0.05)


def test_a_route_that_waits_and_a_window_that_is_sparse_add_up() -> None:
    """What waits for company is told so much later; out of hours the look may be as far off as the longest interval."""
    usual, worst = told(Policy())
    assert told(Policy(), told_after=timedelta(seconds=30), rarest=timedelta(minutes=10)) == pytest.approx(
        [usual + 30, worst + 30 + 540]
    )


def test_requests_that_a_confirmation_needs_wait_for_the_pace() -> None:
    """On a host used to the full seven requests come every twelve seconds at worst, as others get every other turn."""
    worst = told(Policy(), USUAL, used=1.0)[1]
    # All seven wait: the first for twelve seconds from when it was wanted, each for twelve after the one before.
    assert worst == pytest.approx(60 + 0.25 + 0.5 + 0.25 + 7 * 12 + 0.5 + 1, abs=3)
    assert requests_to_confirm(Policy(), together=False) == 7
    assert requests_to_confirm(Policy(), together=True) == 8


@given(
    used=st.floats(0, 1.2),
    requests=st.integers(1, 600),
    threshold=st.integers(1, 6),
    interval=st.integers(1, 3600),
    together=st.booleans(),
)
def test_half_are_told_sooner_than_the_last(
    used: float, requests: int, threshold: int, interval: int, together: bool
) -> None:
    """Whatever the policy; and on a host that is used more nothing is told sooner."""
    policy = Policy(
        interval=timedelta(seconds=interval), confirm=Repeat(threshold=threshold, interval=timedelta(seconds=10))
    )
    pace = Pace(requests=requests, per=MINUTE)
    usual, worst = told(policy, pace, used=used, together=together)
    assert 0 < usual < worst
    free = told(policy, pace, used=0.0, together=together)
    assert (free[0] <= usual + 1e-6, free[1] <= worst + 1e-6) == (True, True)


def test_looks_wait_for_their_turn() -> None:
    """Two on a host hardly do; where it is used to the full they wait, but not for ever, as the sum fits."""
    [load] = loads(crowd(2), PLATFORMS)
    assert wait_on(load) == Wait(), "three may come at once"
    [load] = loads(within_pace(crowd(200), PLATFORMS), PLATFORMS)
    wait = wait_on(load)
    assert 0 <= wait.p50 < wait.worst < 200 * 6


def test_many_looks_are_gone_through_in_part() -> None:
    """A watchlist whose looks differ a thousandfold is reckoned with in bounded time, and no look is left out of it."""
    many = crowd(1500, timedelta(seconds=1))
    slow = crowd(1501, timedelta(hours=1)).accounts["chirp:user1500"]
    both = type(many)(accounts={**many.accounts, slow.id: slow}, owners={})
    [load] = loads(both, PLATFORMS)
    assert wait_on(load).worst > 1000
