"""Which looks are kept as samples, and that the others cost nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.fetch import fails
from tests.fakes.virtual_time import run_virtual
from tests.unit.look.test_pipeline import ALICE, play, up, watching
from tests.unit.town import SECOND, api, there
from watcher.judge.machine import step
from watcher.model.finding import Reason, Verdict
from watcher.model.sample import samples_of, since_day_began

HOUR = timedelta(hours=1)


def test_each_change_of_the_answer_is_kept() -> None:
    """And nothing in between; with the host's status and how long it took."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        fetch.say(api("alice"), there("alice", takes=2 * SECOND))
        async with watch:
            await watch.look(ALICE, times=5)
            fetch.say(api("alice"), fails(Reason.TIMEOUT))
            await watch.look(ALICE, times=3)
            fetch.say(api("alice"), there("alice"))
            await watch.look(ALICE, times=3)
            await watch.worker.flush()
            kept = watch.store.samples(ALICE.id)[::-1]
            assert [each.reason for each in kept] == [Reason.PROFILE, Reason.TIMEOUT, Reason.PROFILE]
            assert (kept[0].status, kept[0].latency) == (200, 2 * SECOND)
            assert kept[1].status is None
            assert kept[0].at == watch.examined[0].finding.at

    play(story())


def test_an_unchanged_presence_is_no_commit() -> None:
    """Only the first look of the account's day is, which begins at an hour of its own."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        fetch.say(api("alice"), there("alice"))
        async with watch:
            await watch.look(ALICE)
            await watch.worker.flush()
            commits = watch.told
            day = timedelta(days=1) - since_day_began(ALICE.id, watch.clock.now()) + watch.clock.now()
            while watch.clock.now() < day:
                await watch.look(ALICE)
            await watch.worker.flush()
            assert watch.told == commits
            await watch.look(ALICE)
            await watch.worker.flush()
            assert watch.told == commits + 1
            newest, first = watch.store.samples(ALICE.id)
            assert first.at < day <= newest.at

    run_virtual(story())


@pytest.mark.parametrize("late", [True, False])
def test_a_dropped_finding_is_no_sample(late: bool) -> None:
    """What came too late changed nothing, whatever it says."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        fetch.say(api("alice"), there("alice"))
        async with watch:
            seen = await watch.look(ALICE)
            before = watch.book.states[ALICE.id]
            at = seen.at + (-HOUR if late else HOUR)
            stamp = replace(seen.seen, earliest=at, latest=at)
            absent = replace(seen, verdict=Verdict.ABSENT, reason=Reason.NOT_FOUND, at=at, seen=stamp)
            after = step(before, absent, ALICE).state
            kept = samples_of(before, after, absent, None)
            assert len(kept) == (0 if late else 1)
            assert [(each.status, each.latency) for each in kept] == [(None, None)] * len(kept)

    play(story())
