"""A route groups what has something in common: one message that is updated, one end, and nothing untold."""

from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World
from watcher.demo.answers import Page
from watcher.model.notification import IncidentKind
from watcher.model.outage import Phase

HANDLES = ("mayor", "mayorpress", "mayoroffice")
WATCHLIST = """
owners: {mayor: The Mayor}
accounts:
  - {platform: x, handle: mayor, owner: mayor, severity: SEVERITY}
  - {platform: x, handle: mayorpress, owner: mayor, severity: SEVERITY}
  - {platform: x, handle: mayoroffice, owner: mayor, severity: SEVERITY}
  - {platform: x, handle: stranger, severity: SEVERITY}
"""


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in (*HANDLES, "stranger"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)
    assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}


def world_of(tmp_path: Path, severity: str, *, wait: str = "30s", interval: str = "2m", durable: bool = False) -> World:
    """A newsroom that groups by owner."""
    routes = f", group_by: owner, group_wait: {wait}, group_interval: {interval}"
    return World(tmp_path, WATCHLIST.replace("SEVERITY", severity), routes=routes, durable=durable)


def test_an_owner_all_of_whose_accounts_vanish_is_one_message(tmp_path: Path) -> None:
    """Three within half a minute: one message, one update for those who are back, one end; strangers are apart."""

    async def story() -> None:
        async with world_of(tmp_path, "warning", wait="90s") as world:
            await settle_in(world)
            for handle in (*HANDLES, "stranger"):
                world.x.set(handle, Page.NOT_FOUND)
            await world.wait(minutes=3.5)
            [alone, together] = sorted(world.texts())
            assert alone.startswith(
                "🟠 @stranger is not available on X — A logged-out visitor no longer sees the profile"
            )
            assert together.startswith(
                "🟠 All 3 accounts of The Mayor are not available on X — Logged-out visitors no "
            )
            assert together.endswith(" longer see @mayor on X, @mayoroffice on X, @mayorpress on X.")
            world.x.set("mayor", Page.PRESENT)
            await world.wait(minutes=4)
            assert "2 of 3 accounts of The Mayor are still not available on X" in world.texts()[2]
            for handle in (*HANDLES, "stranger"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=5)
            assert len(world.texts()) == 5
            [end] = [text for text in world.texts()[3:] if "Mayor" in text]
            assert "🟢 All 3 accounts of The Mayor are back on X" in end
            assert all(outage.ended is not None for outage in await world.outages())

    run_virtual(story())


def test_one_alone_reads_as_ever_and_those_who_follow_are_an_update(tmp_path: Path) -> None:
    """The first is told as if there were no group, half a minute late; the next two join it with the next interval."""

    async def story() -> None:
        async with world_of(tmp_path, "warning") as world:
            await settle_in(world)
            world.x.set("mayor", Page.NOT_FOUND)
            await world.until(lambda: world.state("x:mayor").phase is Phase.DOWN, minutes=2)
            await world.wait(seconds=29)
            assert world.texts() == []
            await world.wait(seconds=3)
            assert "@mayor is not available on X" in world.texts()[0]
            for handle in HANDLES[1:]:
                world.x.set(handle, Page.NOT_FOUND)
            await world.wait(minutes=4)
            assert len(world.texts()) == 2
            assert "All 3 accounts of The Mayor are not available on X" in world.texts()[1]
            [group] = [each for each in world.app.book.incidents.values() if each.kind is IncidentKind.GROUP]
            assert group.key == 'default{owner="mayor"}'

    run_virtual(story())


@pytest.mark.parametrize("durable", [False, True])
def test_who_joins_one_after_another_is_told_of_with_the_next_update(tmp_path: Path, *, durable: bool) -> None:
    """An interval of hours holds for all of them: one message with both, and nobody is left out."""

    async def story() -> None:
        async with world_of(tmp_path, "warning", interval="4h", durable=durable) as world:
            await settle_in(world)
            for handle in HANDLES:
                world.x.set(handle, Page.NOT_FOUND)
                await world.wait(minutes=20)
            assert len(world.texts()) == 1
            await world.wait(hours=3.5)
            assert len(world.texts()) == 2
            assert "All 3 accounts of The Mayor are not available on X" in world.texts()[1]

    run_virtual(story())


def test_a_critical_one_is_told_at_once_and_the_next_within_a_minute(tmp_path: Path) -> None:
    """`group_wait` and a long `group_interval` are for what is not critical."""

    async def story() -> None:
        async with world_of(tmp_path, "critical") as world:
            await settle_in(world)
            world.x.set("mayor", Page.NOT_FOUND)
            await world.until(lambda: world.state("x:mayor").phase is Phase.DOWN, minutes=2)
            await world.wait(seconds=2)
            assert len(world.texts()) == 1
            world.x.set("mayorpress", Page.NOT_FOUND)
            await world.until(lambda: world.state("x:mayorpress").phase is Phase.DOWN, minutes=2)
            await world.until(lambda: len(world.texts()) > 1, seconds=61)
            assert "2 accounts of The Mayor are not available on X" in world.texts()[1]

    run_virtual(story())


def test_a_kill_in_the_middle_changes_nothing_of_what_is_told(tmp_path: Path) -> None:
    """The group goes on after a restart: who joins it is told in it, and its end is one."""

    async def story() -> None:
        async with world_of(tmp_path, "warning", durable=True) as world:
            await settle_in(world)
            world.x.set("mayor", Page.NOT_FOUND)
            await world.until(lambda: bool(world.texts()), minutes=3)
            await world.restart(kill=True, minutes=1)
            world.x.set("mayorpress", Page.NOT_FOUND)
            await world.until(lambda: len(world.texts()) > 1, minutes=5)
            assert "2 accounts of The Mayor are not available on X" in world.texts()[1]
            await world.restart(kill=True, minutes=1)
            for handle in HANDLES:
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=5)
            assert len(world.texts()) in (3, 4)  # whether both are back within one interval is a matter of phase
            assert "🟢 2 accounts of The Mayor are back on X" in world.texts()[-1]

    run_virtual(story())


def test_a_route_renamed_meanwhile_tells_who_is_back(tmp_path: Path) -> None:
    """Who reads of two that are missing hears that one is back, whatever the route is called by then."""

    async def story() -> None:
        async with world_of(tmp_path, "warning") as world:
            await settle_in(world)
            for handle in HANDLES[:2]:
                world.x.set(handle, Page.SUSPENDED)
            await world.wait(minutes=6)
            told = len(world.texts())
            world.configure("name: default", "name: newsroom")
            assert (await world.post("/-/reload"))[0] == 200
            world.x.set(HANDLES[0], Page.PRESENT)
            await world.wait(minutes=10)
            [update] = world.texts()[told:]
            assert "1 of 2 accounts of The Mayor is still not available" in update

    run_virtual(story())


def test_one_who_leaves_the_watchlist_does_not_keep_the_group_open(tmp_path: Path) -> None:
    """Its outage ends as `unwatched`, and the group with it, if it was the last."""

    async def story() -> None:
        async with world_of(tmp_path, "warning") as world:
            await settle_in(world)
            world.x.set("mayor", Page.NOT_FOUND)
            await world.until(lambda: bool(world.texts()), minutes=3)
            lines = WATCHLIST.replace("SEVERITY", "warning").splitlines()
            world.edit("\n".join(line for line in lines if "handle: mayor," not in line))
            await world.wait(minutes=3)
            assert not [each for each in world.app.book.incidents.values() if each.kind is IncidentKind.GROUP]
            assert "@mayor on X is no longer watched" in world.texts()[-1]

    run_virtual(story())
