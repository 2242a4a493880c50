"""A host is asked so much that a round of all takes long, and it is ended and started again before: all get a turn."""

from collections import Counter
from datetime import timedelta
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
