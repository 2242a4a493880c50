"""An edit is taken up in pieces, as with very many accounts: looks, further edits and deaths fall in between."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase, TransitionKind
from watcher.model.reload import Reloaded

NAMES = [f"user{number}" for number in range(8)]
PAGES = [f"https://x.com/{name}" for name in NAMES]


@pytest.fixture(autouse=True)
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """One account is arranged at a time."""
    monkeypatch.setattr("watcher.run.rounds._PLACED_AT_ONCE", 1)


async def settle_in(world: World, *names: str) -> None:
    """They are there, and were seen."""
    for name in names:
        world.x.set(name, Page.PRESENT)
    await world.wait(minutes=2)


@pytest.mark.parametrize("durable", [False, True], ids=["memory", "SQLite"])
def test_who_stays_keeps_state_and_phase(tmp_path: Path, durable: bool) -> None:
    """Half of the list is exchanged while all are looked at: the rest goes on at its own instants, none missed."""

    async def story() -> None:
        async with World(tmp_path, watching(*PAGES[:6]), durable=durable) as world:
            await settle_in(world, *NAMES)
            kept = [f"x:{name}" for name in NAMES[2:6]]
            before = {account_id: world.state(account_id) for account_id in kept}
            world.edit(watching(*PAGES[2:]))
            looks = [asyncio.create_task(world.app.pipeline.look(account_id)) for account_id in world.app.book.states]
            outcome = await world.app.reloader.reload()
            assert isinstance(outcome, Reloaded)
            assert outcome.edit.removed == ("x:user0", "x:user1")
            waits = await asyncio.gather(*looks)
            assert len(waits) == 6
            assert list(world.app.book.watchlist.accounts) == [f"x:{name}" for name in NAMES[2:]]
            assert set(world.app.book.states) == {f"x:{name}" for name in NAMES[2:]}
            for account_id in kept:
                state = world.state(account_id)
                assert (state.phase, state.since) == (Phase.UP, before[account_id].since)
                assert state.unobserved == before[account_id].unobserved
            await world.wait(minutes=2)
            for account_id in kept:
                assert world.now - (world.state(account_id).last_probe_at or world.now) <= timedelta(seconds=65)
                assert world.state(account_id).unobserved == timedelta(0)
            assert {world.state(f"x:{name}").phase for name in NAMES[6:]} == {Phase.UP}
            gone = await world.happened(TransitionKind.ACCOUNT_UNWATCHED)
            assert sorted(item.account_id for item in gone) == ["x:user0", "x:user1"]

    run_virtual(story())


def test_a_second_edit_during_the_first(tmp_path: Path) -> None:
    """Both are taken, one after the other; what the second takes away is not put back by the rest of the first."""

    async def story() -> None:
        async with World(tmp_path, watching(*PAGES[:4]), durable=True) as world:
            await settle_in(world, *NAMES)
            world.edit(watching(*PAGES))
            first = asyncio.create_task(world.app.reloader.reload())
            while not any(name in world.app.book.states for name in ("x:user6", "x:user7")):  # noqa: ASYNC110 - others' work
                await asyncio.sleep(0)
            world.edit(watching(*PAGES[1:6]))
            outcomes = await asyncio.gather(first, world.app.reloader.reload())
            assert all(isinstance(outcome, Reloaded) for outcome in outcomes)
            assert set(world.app.book.states) == {f"x:{name}" for name in NAMES[1:6]}
            assert set(world.app.rounds.plan) == set(world.app.book.states)
            await world.wait(minutes=2)
            assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}
            assert set(world.app._worker.stored) == set(world.app.book.states)

    run_virtual(story())


def test_a_death_in_the_middle(tmp_path: Path) -> None:
    """Killed after the new list was handed over, before it was arranged or stored: the next start makes the edit."""

    async def story() -> None:
        async with World(tmp_path, watching(*PAGES[:4]), durable=True) as world:
            await settle_in(world, *NAMES)
            edited = watching(*PAGES[1:6])
            world.edit(edited)
            reload = asyncio.create_task(world.app.reloader.reload())
            while "x:user5" not in world.app.book.states:  # noqa: ASYNC110 - others' work
                await asyncio.sleep(0)
            reload.cancel()
            await asyncio.gather(reload, return_exceptions=True)
            await world.restart(kill=True, watchlist=edited)
            await world.wait(minutes=2)
            assert set(world.app.book.states) == {f"x:{name}" for name in NAMES[1:6]}
            assert {state.phase for state in world.app.book.states.values()} == {Phase.UP}
            gone = await world.happened(TransitionKind.ACCOUNT_UNWATCHED)
            assert [item.account_id for item in gone] == ["x:user0"]
            seen = await world.happened(TransitionKind.ACCOUNT_FIRST_SEEN, account_id="x:user2")
            assert len(seen) == 1

    run_virtual(story())


def test_another_page_under_the_same_id(tmp_path: Path) -> None:
    """An entry with an id of its own moves to another account: that page is asked, and is new to us."""

    async def story() -> None:
        def listed(handle: str) -> str:
            return f"accounts:\n  - {{url: https://x.com/{handle}, id: 'x:desk'}}\n  - {PAGES[1]}\n"

        async with World(tmp_path, listed("user0")) as world:
            await settle_in(world, *NAMES)
            before = world.state("x:desk")
            world.edit(listed("user3"))
            assert isinstance(await world.app.reloader.reload(), Reloaded)
            await world.wait(minutes=2)
            after = world.state("x:desk")
            assert (after.phase, after.since > before.since) == (Phase.UP, True)
            world.x.set("user0", Page.MISSING_FR)
            await world.wait(minutes=3)
            assert world.state("x:desk").phase is Phase.UP
            world.x.set("user3", Page.MISSING_FR)
            await world.wait(minutes=3)
            assert world.state("x:desk").phase is Phase.DOWN

    run_virtual(story())
