"""Two of six accounts vanish on a host that is asked ten times a minute: what was looked at counts as observed."""

from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import ZERO

HANDLES = [f"user{number}" for number in range(6)]
AT_DEFAULT_PACE = "  x: {sources: {page: {robots: override}}, pace: {requests: 10, per: 1m}}\n"


def test_looks_that_are_further_apart_than_confirmations_leave_nothing_out(tmp_path: Path) -> None:
    """Gone for eleven minutes and looked at every half a minute or so: nothing of it is booked as unobserved."""

    async def story() -> None:
        watchlist = watching(*(f"https://x.com/{handle}" for handle in HANDLES))
        async with World(tmp_path, watchlist, x_settings=AT_DEFAULT_PACE) as world:
            for handle in HANDLES:
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=20)
            for handle in HANDLES[:2]:
                world.x.set(handle, Page.MISSING_FR)
            await world.wait(minutes=11)
            for handle in HANDLES[:2]:
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=15)
            states = world.app.book.states
            for handle in HANDLES[:2]:
                state = states[f"x:{handle}"]
                assert (state.outages_total, state.outage_unobserved, state.unobserved) == (1, ZERO, ZERO)
                assert state.outage_closed.total_seconds() == pytest.approx(660, abs=90)

    run_virtual(story())
