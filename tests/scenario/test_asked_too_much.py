"""A host is asked so much that a round of all takes long: restarts and edits before its end leave nobody out."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase

_SLOW = "  x: {sources: {page: {robots: override}}, pace: {requests: 10, per: 1m}}\n"
_CROWD = tuple(f"user{number}" for number in range(40))
_LISTED = watching(*(f"https://x.com/{handle}" for handle in _CROWD))


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_restarts_leave_nobody_out(tmp_path: Path, kill: bool) -> None:
    """A round takes four minutes, and every three there is a restart: who waited before it comes first after it."""

    async def story() -> None:
        async with World(tmp_path, _LISTED, x_settings=_SLOW, durable=True, threaded=False) as world:
            for handle in _CROWD:
                world.x.set(handle, Page.PRESENT)
            for _ in range(4):
                await world.wait(minutes=3)
                await world.restart(kill=kill)
            asked = Counter(request.handle for request in world.x.requests)
            assert min(asked[handle] for handle in _CROWD) >= 2
            assert max(asked[handle] for handle in _CROWD) <= 4
            assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}
            last = min(world.app.book.states.values(), key=lambda state: state.last_probe_at or world.now)
            assert last.last_probe_at is not None
            assert world.now - last.last_probe_at <= timedelta(minutes=6)

    run_virtual(story())


def test_edits_let_nobody_overtake(tmp_path: Path) -> None:
    """Every two minutes an account comes or goes, which changes all intervals: all are looked at as often as before."""

    async def story() -> None:
        async with World(tmp_path, _LISTED, x_settings=_SLOW, threaded=False) as world:
            for handle in (*_CROWD, "guest"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(hours=1)
            since, kept = world.now, world.app.book.watchlist.accounts["x:user0"].policy.interval
            assert kept > timedelta(minutes=4)
            for step in range(15):
                world.edit(_LISTED if step % 2 else f"{_LISTED}  - https://x.com/guest\n")
                await world.wait(minutes=2)
            assert max(longest_gap(world, handle, since) for handle in _CROWD) <= kept + timedelta(seconds=45)

    run_virtual(story())


def longest_gap(world: World, handle: str, since: datetime) -> timedelta:
    """The longest time without a look at an account, up to now."""
    looks = [since, *(request.at for request in world.x.asked(handle, since=since)), world.now]
    return max(after - before for before, after in pairwise(looks))
