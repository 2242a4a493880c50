"""What people are told of that which cannot be seen while intervals change, from ten minutes to thirty seconds."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.fetch import Reply, ScriptedFetch, says
from tests.fakes.virtual_time import VirtualClock, run_virtual
from tests.unit.town import GONE, MINUTE, SECOND, Watch, account, api, book, state, there
from watcher.model.account import Account, Policy
from watcher.model.notification import IncidentKind

SLOW, QUICK = Policy(interval=10 * MINUTE), Policy(interval=30 * SECOND)
ALICE, BOB, CAROL = (replace(account(name), policy=SLOW) for name in ("alice", "bob", "carol"))


def watching(*accounts: Account) -> tuple[ScriptedFetch, Watch]:
    """A watch of accounts that are up, on a platform whose controls are there."""
    clock = VirtualClock()
    fetch = ScriptedFetch(clock, GONE)
    for handle in ("mayor", "baker"):
        fetch.say(api(handle), there(handle))
    return fetch, Watch(book(*accounts, states={a.handle: state(a) for a in accounts}), fetch, clock)


def quicken(watch: Watch) -> None:
    """From now on everybody is looked at every thirty seconds."""
    policy = replace(QUICK, changed_at=watch.clock.now(), previous=SLOW.interval)
    old = watch.book.watchlist
    accounts = {known.id: replace(known, policy=policy) for known in old.accounts.values()}
    watch.book.watchlist = replace(old, accounts=accounts)
    watch.book.places = {"town": tuple(accounts.values())}


async def told(watch: Watch, after: timedelta) -> list[IncidentKind]:
    """What has been told once `after` has passed and silence was looked for."""
    await watch.clock.sleep(after)
    await watch.pipeline.notice_silence()
    await watch.worker.flush()
    known = watch.store._incidents.values()
    return [found.kind for found in known if found.closed_at is None or found.kind is IncidentKind.NOTICE]


def test_one_accounts_own_trouble_is_told_after_three_of_the_new_intervals() -> None:
    """Blind for nine minutes under the long interval is nothing yet; ninety seconds under the short one are."""

    async def story() -> None:
        fetch, watch = watching(ALICE, BOB, CAROL)
        for who in (BOB, CAROL):
            fetch.say(api(who.handle), there(who.handle))
        async with watch:
            await watch.clock.sleep(29 * MINUTE)
            await asyncio.gather(watch.pipeline.look(BOB.id), watch.pipeline.look(CAROL.id))
            watch.controls.refresh_stale()
            assert await told(watch, 2 * MINUTE) == []
            assert watch.book.states[ALICE.id].blind_since == watch.clock.now()
            await watch.clock.sleep(9 * MINUTE)
            quicken(watch)
            assert await told(watch, timedelta(0)) == []
            await watch.clock.sleep(30 * SECOND)
            await asyncio.gather(watch.pipeline.look(BOB.id), watch.pipeline.look(CAROL.id))
            assert await told(watch, 59 * SECOND) == []
            assert await told(watch, SECOND) == [IncidentKind.NOTICE]

    run_virtual(story())


def test_a_platform_is_given_the_time_to_be_seen_after_our_own_network_was_down() -> None:
    """Reached again two minutes before the change: no platform is blamed before three of the new intervals."""

    async def story() -> None:
        _, watch = watching(ALICE, BOB)
        async with watch:
            await watch.clock.sleep(31 * MINUTE)
            for host in ("api.town.example", "elsewhere.example"):
                watch.reachability.note(host, watch.clock.now(), transport_ok=False)
            assert await told(watch, SECOND) == [IncidentKind.EGRESS]
            watch.reachability.note("elsewhere.example", watch.clock.now(), transport_ok=True)
            assert await told(watch, 2 * MINUTE) == [IncidentKind.EGRESS]
            quicken(watch)
            assert await told(watch, timedelta(0)) == [IncidentKind.EGRESS]
            assert await told(watch, 89 * SECOND) == [IncidentKind.EGRESS]
            assert await told(watch, SECOND) == [IncidentKind.PLATFORM]

    run_virtual(story())


LIMITED = says(429, {"error": "slow down"})
OLD = there("bob", age=6 * MINUTE)


@pytest.mark.parametrize(
    ("bobs", "why"),
    [
        (LIMITED, "the last answers were rate_limited"),
        (OLD, "the last answers were old copies"),
        (None, "nothing was asked lately"),
    ],
)
def test_why_a_platform_cannot_be_observed_is_no_answer_from_before(bobs: Reply | None, why: str) -> None:
    """@alice and @bob were there; then nobody was asked but @bob, or not even he."""

    async def story() -> None:
        fetch, watch = watching(ALICE, BOB)
        for who in (ALICE, BOB):
            fetch.say(api(who.handle), there(who.handle))
        async with watch:
            await asyncio.gather(watch.pipeline.look(ALICE.id), watch.pipeline.look(BOB.id))
            await watch.clock.sleep(5 * MINUTE)
            if bobs is not None:
                fetch.say(api("bob"), bobs)
                await watch.pipeline.look(BOB.id)
            assert await told(watch, 25 * MINUTE) == [IncidentKind.PLATFORM]
            [incident] = watch.book.incidents.values()
            assert incident.detail == f"{why}; controls: none was asked"

    run_virtual(story())
