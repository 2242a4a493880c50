"""An account that comes and goes all the time: one message when that begins and one when it ends, and nothing lost."""

from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase

ALICE = "x:alice"


def test_told_twice_not_twenty_times(tmp_path: Path) -> None:
    """Each of its outages is kept; the one that is open when it settles is told then, and its end."""

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/alice")) as world:
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=3)
            for _ in range(20):
                world.x.set("alice", Page.NOT_FOUND)
                await world.wait(seconds=90)
                world.x.set("alice", Page.PRESENT)
                await world.wait(seconds=90)
            told = world.texts()
            assert sum("comes and goes" in text for text in told) == 1
            before = next(place for place, text in enumerate(told) if "comes and goes" in text)
            assert before <= 8  # the first few outages could not be known for what they were
            assert len(told) <= before + 2  # the end of one that was told, at most
            assert len(await world.outages()) == 20

            world.x.set("alice", Page.NOT_FOUND)
            await world.wait(minutes=25)
            assert world.state(ALICE).phase is Phase.DOWN
            assert "has stopped coming and going" in world.texts()[-2] + world.texts()[-1]
            assert sum("alice is not available" in text for text in world.texts()[-2:]) == 1
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=3)
            assert "@alice is back on X" in world.texts()[-1]
            assert not world.app.book.incidents

    run_virtual(story())
