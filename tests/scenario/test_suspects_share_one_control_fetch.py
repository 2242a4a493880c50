"""Twenty accounts vanish in the same moment and are seen to be gone in the same moment: the controls are asked once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from tests.fakes.virtual_time import START, run_virtual
from tests.scenario.world import CONTROLS, World, X, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

MANY = [f"member{number:02}" for number in range(20)]
WATCHLIST = watching(*(f"https://x.com/{handle}" for handle in MANY), interval="10s")
ROUND = timedelta(seconds=8)


def test_one_round_of_controls_for_all(tmp_path: Path) -> None:
    """Each time that their answers come together, one control account is asked, and no more."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in MANY:
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=1)

            def until_the_next_round(handle: str) -> timedelta:
                return ROUND - (world.now - START) % ROUND if handle in MANY else timedelta(0)

            # What is asked within eight seconds is answered in one moment.
            world.x.delay = until_the_next_round
            await world.wait(seconds=30)
            since = world.now
            for handle in MANY:
                world.x.set(handle, Page.MISSING_FR)
            await world.wait(minutes=3.5)  # so many together are held for two minutes more

            assert {world.state(f"x:{handle}").phase for handle in MANY} == {Phase.DOWN}
            suspected = Counter(item.at for item in await world.happened(TransitionKind.ACCOUNT_SUSPECTED))
            opened = Counter(item.at for item in await world.happened(TransitionKind.OUTAGE_OPENED))
            assert max(suspected.values()) >= 10, "the looks fell together"
            assert sum(opened.values()) == 20

            positives = Counter((item.at - START) // ROUND for item in world.x.asked(*CONTROLS[X], since=since))
            assert set(positives.values()) == {1}
            assert len(positives) <= timedelta(minutes=3.5) // ROUND + 1
            assert len(world.x.asked_of_others(*CONTROLS[X], *MANY, since=since)) <= 1, "good for five minutes"

    run_virtual(story())
