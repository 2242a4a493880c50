"""An account that writes about missing pages, in its bio or in its very name, is there all the same."""

from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice")
PHRASES = (
    "Sorry, that page doesn’t exist!",
    "This account doesn’t exist",
    "Account suspended",
    "Désolé, cette page n'existe pas",
    "Ce compte n'existe pas",
)


def show(world: World, page: Page, where: str, phrase: str) -> None:
    """Alice is there and says `phrase`."""
    name, bio = (phrase, "Hello") if where == "name" else ("Alice", phrase)
    world.x.set("alice", page, name=name, bio=bio)


@pytest.mark.parametrize("phrase", PHRASES)
@pytest.mark.parametrize("where", ["bio", "name"])
def test_before_and_after_the_watch_began(tmp_path: Path, where: str, phrase: str) -> None:
    """It is up from the first look on, and stays it; when it truly goes, that is found, and so is its return."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            show(world, Page.PRESENT, where, phrase)
            await world.wait(minutes=7)  # beyond the first refresh of the controls
            assert [item.kind for item in await world.transitions()] == [TransitionKind.ACCOUNT_FIRST_SEEN]

            world.x.set("alice", Page.MISSING_EN)
            await world.wait(seconds=90)
            assert world.state(ALICE).phase is Phase.DOWN
            show(world, Page.PRESENT, where, phrase)
            await world.wait(seconds=60)
            assert world.state(ALICE).phase is Phase.UP
            assert len(world.texts()) == 2

    run_virtual(story())


@pytest.mark.parametrize("where", ["bio", "name"])
def test_written_while_it_is_watched(tmp_path: Path, where: str) -> None:
    """Its owner writes one phrase after the other: never a suspicion."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            world.x.set("alice", Page.PRESENT, name="Alice", bio="Hello")
            await world.wait(minutes=2)
            for phrase in PHRASES:
                show(world, Page.PRESENT, where, phrase)
                await world.wait(minutes=2)
                show(world, Page.PROTECTED, where, phrase)
                await world.wait(minutes=2)
            assert [item.kind for item in await world.transitions()] == [TransitionKind.ACCOUNT_FIRST_SEEN]
            assert world.texts() == []

    run_virtual(story())


def test_the_controls_quote_it_too(tmp_path: Path) -> None:
    """A control whose name is the phrase still vouches for the platform."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            for handle in ("nasa", "xdevelopers", "un"):
                world.x.set(handle, Page.PRESENT, name="Désolé, cette page n'existe pas")
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=2)
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(seconds=90)
            assert world.state(ALICE).phase is Phase.DOWN

    run_virtual(story())
