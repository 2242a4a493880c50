"""Looks on demand: what a run would see, shared by all who ask, bounded, and without consequences."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.fetch import ScriptedFetch, says
from tests.fakes.virtual_time import VirtualClock, run_virtual
from tests.unit.town import (
    API,
    GONE,
    MIRROR,
    SECOND,
    TOWN,
    Watch,
    account,
    api,
    book,
    mirror,
    state,
    there,
)
from watcher.look.book import Book
from watcher.look.ondemand import Look, OnDemand
from watcher.model.account import Account, Watchlist
from watcher.model.exchange import Purpose
from watcher.model.finding import Reason, Verdict
from watcher.model.outage import Phase
from watcher.model.seen import Unanswered

ALICE, BOB = account("alice"), account("bob")
PATIENCE = 9.5 * SECOND

Story = Callable[[ScriptedFetch, Watch, OnDemand], Awaitable[None]]


def play(story: Story, opened: Book | None = None, **options: Any) -> None:
    """Tell a story in virtual time: everybody's answer takes a second; the controls are there, and Alice is."""

    async def run() -> None:
        clock = VirtualClock()
        fetch = ScriptedFetch(clock, replace(GONE, takes=SECOND))
        for handle in ("mayor", "baker", "alice"):
            fetch.say(api(handle), there(handle, takes=SECOND))
        async with Watch(opened or watched(ALICE), fetch, clock) as watch:
            demand = OnDemand(watch.pipeline, clock, **options)
            try:
                await story(fetch, watch, demand)
            finally:
                await demand.close()

    run_virtual(run())


def watched(*accounts: Account, phase: Phase = Phase.UP, **rest: Any) -> Book:
    """A book in which they all stand like that."""
    return book(*accounts, states={a.handle: state(a, phase) for a in accounts}, **rest)


def seen(answer: Look | Unanswered) -> Look:
    """The look, which there is."""
    assert isinstance(answer, Look)
    return answer


def both(*work: Coroutine[Any, Any, Look | Unanswered]) -> Awaitable[list[Look | Unanswered]]:
    """All at once."""
    return asyncio.gather(*work)


def test_it_says_what_a_run_would_see_and_changes_nothing() -> None:
    """An absence is proven by controls and admitted; the account's state is the same object as before."""

    async def story(fetch: ScriptedFetch, watch: Watch, demand: OnDemand) -> None:
        fetch.say(api("alice"), replace(GONE, takes=SECOND))
        before = dict(watch.book.states)
        for _ in range(5):
            look = seen(await demand.look(ALICE.id, PATIENCE))
            assert look.finding.verdict is Verdict.ABSENT
            await watch.clock.sleep(11 * SECOND)
        assert [task.purpose for _, task in fetch.tasks if task.target.handle == "alice"] == [Purpose.MANUAL] * 5
        assert look.ended_at - look.began_at >= 2 * SECOND
        assert look.examined[0].report is not None
        assert dict(watch.book.states) == before
        assert (watch.told, watch.store.outages(account_id=None, open_only=False, limit=9)) == (0, ())

    play(story)


def test_an_account_that_is_down_is_looked_at_warily() -> None:
    """Its presence is held against a handle that cannot exist, as in a run; while it is up that is not asked."""

    async def story(fetch: ScriptedFetch, _watch: Watch, demand: OnDemand) -> None:
        fetch.otherwise = there("anybody", takes=SECOND)
        fetch.say(api("bob"), there("bob", takes=SECOND))
        assert seen(await demand.look(BOB.id, PATIENCE)).finding.is_present
        assert fetch.handles == ["bob"]

    play(story, watched(BOB))

    async def down(fetch: ScriptedFetch, _watch: Watch, demand: OnDemand) -> None:
        fetch.say(api("alice"), there("alice", takes=SECOND))
        assert seen(await demand.look(ALICE.id, PATIENCE)).finding.is_present
        assert len(fetch.tasks) == 2

    play(down, watched(ALICE, phase=Phase.DOWN))


def test_only_who_is_watched_is_looked_at() -> None:
    """Nobody can make the program ask for others; who is taken off the list meanwhile is not watched either."""

    async def story(fetch: ScriptedFetch, watch: Watch, demand: OnDemand) -> None:
        assert await demand.look("town:stranger", PATIENCE) is Unanswered.NOT_WATCHED
        assert fetch.tasks == []
        asking = asyncio.create_task(demand.look(ALICE.id, PATIENCE))
        await watch.clock.sleep(0.5 * SECOND)
        watch.book.watchlist = Watchlist(accounts={}, owners={})
        del watch.book.states[ALICE.id]
        assert await asking is Unanswered.NOT_WATCHED

    play(story)


def test_a_look_is_reused_for_ten_seconds() -> None:
    """Then it is another; the age is that of the answer."""

    async def story(fetch: ScriptedFetch, watch: Watch, demand: OnDemand) -> None:
        first = seen(await demand.look(ALICE.id, PATIENCE))
        await watch.clock.sleep(10 * SECOND)
        assert await demand.look(ALICE.id, timedelta(0)) is first
        await watch.clock.sleep(0.1 * SECOND)
        second = seen(await demand.look(ALICE.id, PATIENCE))
        assert second.finding.at - first.finding.at == 11.1 * SECOND
        assert fetch.asked(api("alice")) == 2

    play(story)


def test_all_who_ask_meanwhile_share_one() -> None:
    """One request; whoever joins late gets the same."""

    async def story(fetch: ScriptedFetch, watch: Watch, demand: OnDemand) -> None:
        async def later() -> Look | Unanswered:
            await watch.clock.sleep(0.9 * SECOND)
            return await demand.look(ALICE.id, PATIENCE)

        found = await both(demand.look(ALICE.id, PATIENCE), demand.look(ALICE.id, PATIENCE), later())
        assert found[0] is found[1] is found[2]
        assert fetch.asked(api("alice")) == 1

    play(story)


def test_who_goes_away_takes_nothing_from_the_others() -> None:
    """The first asker is cancelled, the second's time is over, the third gets the answer."""

    async def story(fetch: ScriptedFetch, watch: Watch, demand: OnDemand) -> None:
        first = asyncio.create_task(demand.look(ALICE.id, PATIENCE))
        second = asyncio.create_task(demand.look(ALICE.id, 0.3 * SECOND))
        third = asyncio.create_task(demand.look(ALICE.id, PATIENCE))
        await watch.clock.sleep(0.1 * SECOND)
        first.cancel()
        assert await second is Unanswered.TIMED_OUT
        assert seen(await third).finding.is_present
        assert fetch.asked(api("alice")) == 1
        with pytest.raises(asyncio.CancelledError):
            await first

    play(story)


def test_a_look_for_nobody_is_given_up() -> None:
    """When the last has gone the look ends, and who asks next begins another."""

    async def story(fetch: ScriptedFetch, watch: Watch, demand: OnDemand) -> None:
        fetch.say(api("alice"), there("alice", takes=60 * SECOND), there("alice", takes=SECOND))
        began = watch.clock.now()
        assert await demand.look(ALICE.id, 2 * SECOND) is Unanswered.TIMED_OUT
        assert watch.clock.now() - began == 2 * SECOND
        assert seen(await demand.look(ALICE.id, 2 * SECOND)).finding.is_present
        assert fetch.asked(api("alice")) == 2

    play(story)


def test_a_few_at_once() -> None:
    """Two of four run, the others wait, no longer than they have time for; what nobody waits for is never begun."""
    many = [account(f"p{n}") for n in range(4)]

    async def story(fetch: ScriptedFetch, watch: Watch, demand: OnDemand) -> None:
        for each in many:
            fetch.say(api(each.handle), there(each.handle, takes=3 * SECOND))
        began = watch.clock.now()
        found = await both(*(demand.look(each.id, 4 * SECOND) for each in many))
        assert watch.clock.now() - began == 4 * SECOND
        assert [isinstance(one, Look) for one in found] == [True, True, False, False]
        found = await both(demand.look(many[2].id, 4 * SECOND), demand.look(many[3].id, 4 * SECOND))
        assert [isinstance(one, Look) for one in found] == [True, True]

    play(story, watched(*many), at_once=2)


def test_a_shell_moves_on_and_no_source_is_said() -> None:
    """As in a run: source after source, and a reason where there is none."""
    shelled = replace(TOWN, sources=(API, MIRROR))

    async def story(fetch: ScriptedFetch, _watch: Watch, demand: OnDemand) -> None:
        fetch.say(api("alice"), says(200, {"shell": "yes"}))
        fetch.say(mirror("alice"), there("alice"))
        look = seen(await demand.look(ALICE.id, PATIENCE))
        assert [each.finding.reason for each in look.examined] == [Reason.EMPTY_SHELL, Reason.PROFILE]
        assert len(look.asked) == 2

    play(story, watched(ALICE, town=shelled))

    async def nothing(fetch: ScriptedFetch, _watch: Watch, demand: OnDemand) -> None:
        assert seen(await demand.look(ALICE.id, PATIENCE)).finding.reason is Reason.NO_SOURCE
        assert fetch.tasks == []

    play(nothing, watched(ALICE, town=replace(TOWN, sources=())))


def test_the_end_is_told_to_who_waits() -> None:
    """At once, and to who asks after it."""

    async def story(_fetch: ScriptedFetch, watch: Watch, demand: OnDemand) -> None:
        asking = asyncio.create_task(demand.look(ALICE.id, PATIENCE))
        await watch.clock.sleep(0.1 * SECOND)
        await demand.close()
        assert await asking is Unanswered.STOPPING
        assert await demand.look(ALICE.id, PATIENCE) is Unanswered.STOPPING

    play(story)


def test_a_bug_is_raised_to_who_asked() -> None:
    """It is no verdict, and the next one who asks gets another look."""

    async def story(fetch: ScriptedFetch, _watch: Watch, demand: OnDemand) -> None:
        fetch.say(api("alice"), replace(there("alice"), fault=RuntimeError("a bug")), there("alice"))
        with pytest.raises(RuntimeError, match="a bug"):
            await demand.look(ALICE.id, PATIENCE)
        assert seen(await demand.look(ALICE.id, PATIENCE)).finding.is_present

    play(story)
