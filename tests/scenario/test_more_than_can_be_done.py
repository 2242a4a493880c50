"""More is due than can be done, or a platform swallows every request: nobody is called gone, and the others go on."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import BLUESKY, CONTROLS, World, X
from watcher.demo.answers import Page
from watcher.demo.platform import Request
from watcher.model.finding import Verdict

_WIDE = "  x: {sources: {page: {robots: override}}, pace: {requests: 6000, per: 1m, concurrency: 100}}\n"
_CROWD = tuple(f"crowd{number}" for number in range(240))
_FEW = tuple(f"few{number}.example" for number in range(12))


def gaps(requests: list[Request], handles: tuple[str, ...]) -> dict[str, list[timedelta]]:
    """The spans between the requests about each."""
    asked = defaultdict(list)
    for request in requests:
        if request.handle in handles:
            asked[request.handle].append(request.at)
    return {handle: [b - a for a, b in pairwise(at)] for handle, at in asked.items()}


def test_the_oldest_due_goes_first_and_what_is_missed_is_counted(tmp_path: Path) -> None:
    """Ten times more than can be done: evenly late, all counted, told once, nobody gone; and it recovers."""

    async def story() -> None:
        slow = timedelta(seconds=5)
        listed = "defaults: {interval: 60s}\naccounts:\n" + "".join(f"  - https://x.com/{h}\n" for h in _CROWD)
        async with World(
            tmp_path,
            listed,
            x_settings=_WIDE,
            probe="connections: 4",
            platform_options={"delay": lambda _handle: slow},
        ) as world:
            for handle in _CROWD:
                world.x.set(handle, Page.PRESENT)
            began = world.now
            await world.wait(minutes=40)
            assert len(asyncio.all_tasks()) < 60
            looked = gaps(world.x.requests, _CROWD)
            assert looked.keys() == set(_CROWD)
            # Two at a time take 5 s each: a round of all takes 600 s, and nobody waits for much more than that.
            assert max(max(each) for each in looked.values() if each) < timedelta(seconds=720)
            assert {state.verdict for state in world.app.book.states.values()} == {Verdict.PRESENT}
            findings = await world.sample("watcher_findings_total", platform="x") or 0
            missed = await world.sample("watcher_looks_missed_total", platform="x") or 0
            instants = len(_CROWD) * ((world.now - began) / timedelta(minutes=1))
            # What waits at the moment has not been counted yet.
            assert findings + missed <= instants
            assert findings + missed >= instants - len(_CROWD) * 12
            late = [text for text in world.texts() if "later than it should" in text]
            assert len(late) == 1, world.texts()
            slow = timedelta(milliseconds=50)
            await world.wait(minutes=5)
            before = await world.sample("watcher_looks_missed_total", platform="x")
            await world.wait(minutes=5)
            assert await world.sample("watcher_looks_missed_total", platform="x") == before
            assert await world.outages() == []
            assert list(world.app.rounds.plan.late(world.now, timedelta(0))) == []

    run_virtual(story())


def test_a_platform_that_swallows_everything_delays_nobody_else(tmp_path: Path) -> None:
    """Every connection to X hangs to its time-out; Bluesky is asked as before, to the second."""

    async def story() -> None:
        hangs = False
        listed = "defaults: {interval: 60s}\naccounts:\n"
        listed += "".join(f"  - https://x.com/{handle}\n" for handle in _CROWD)
        listed += "".join(f"  - https://bsky.app/profile/{handle}\n" for handle in _FEW)

        def delay(handle: str) -> timedelta:
            is_x = handle in _CROWD or handle in CONTROLS[X]
            return timedelta(minutes=5) if hangs and is_x else timedelta(milliseconds=50)

        options = {"delay": delay}
        async with World(
            tmp_path,
            listed,
            hosts=(X, BLUESKY),
            x_settings=_WIDE,
            probe="connections: 8",
            platform_options=options,
        ) as world:
            for handle in _CROWD:
                world.x.set(handle, Page.PRESENT)
            for handle in _FEW:
                world.bluesky.set(handle, Page.PRESENT)
            await world.wait(minutes=4)
            hangs = True
            swallowed = world.now
            await world.wait(minutes=8)
            asked = [request for request in world.bluesky.requests if request.at > swallowed]
            assert max(max(each) for each in gaps(asked, _FEW).values()) < timedelta(seconds=61)
            assert await world.outages() == []

    run_virtual(story())
