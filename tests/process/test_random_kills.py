"""The eleven minutes, and kill -9 thirty times at random instants: it is all there, and told.

KILL_SEED=N plays another evening; the seed is printed.
"""

import asyncio
import os
import random
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.process.crashes import Ending, Town, Watched, assert_gaps_are_unobserved, assert_nothing_is_lost
from watcher.demo.answers import Page
from watcher.demo.story import ELEVEN_MINUTES

SPEED: Final = 30
KILLS: Final = 30
SEED: Final = int(os.environ.get("KILL_SEED", "2017"))
# Seconds that a process lives at most: some die before they have opened the store, some after several looks.
LIFE: Final = 1.6
POLICY: Final = "interval: 60s, confirm: {threshold: 3, interval: 10s}, recover: {threshold: 2, interval: 10s}"


async def _kill(watched: Watched) -> None:
    chance = random.Random(SEED)
    for _ in range(KILLS):
        await watched.kill_after(chance.uniform(0, LIFE))


async def _play(directory: Path) -> Ending:
    async with Town(directory, SPEED) as town:
        town.platform.set("POTUS", Page.PRESENT)
        async with Watched(town, "realDonaldTrump", POLICY, "  - https://x.com/POTUS\n") as watched:
            await watched.start()
            await watched.until(lambda: watched.count("AccountFirstSeen") == 2, "both are seen")
            killing = asyncio.create_task(_kill(watched))
            town.platform.set(watched.handle, Page.MISSING_FR)
            gone_at = town.clock.now()
            # On a machine that is so slow that nobody lived long enough to see it, the evening is longer.
            await watched.until(lambda: watched.told("alert") > 0, "the alert is told")
            await town.clock.sleep(gone_at + ELEVEN_MINUTES - town.clock.now())
            town.platform.set(watched.handle, Page.PRESENT)
            await killing
            await watched.until(watched.all_is_told, "nothing is left to tell")
            await watched.until(watched.is_up_again, "it is up again")
            assert watched.read("SELECT account_id FROM outage") == [(watched.account,)]
        return watched.ending()


@pytest.mark.timeout(300)
def test_thirty_kills_at_random(tmp_path: Path) -> None:
    """One outage of eleven minutes, bounded rightly; its two messages, again only under their own keys."""
    sys.stdout.write(f"KILL_SEED={SEED}\n")
    ending = asyncio.run(_play(tmp_path))
    assert len(ending.gaps) == KILLS
    assert_nothing_is_lost(ending)
    assert_gaps_are_unobserved(ending)
    [outage] = ending.outages
    assert {key.removeprefix(outage.id) for key in ending.keys} == {"/newsroom/alert", "/newsroom/resolved"}
    assert ending.back_at - ending.gone_at >= ELEVEN_MINUTES - timedelta(seconds=1)
    assert outage.unobserved > timedelta(0)
