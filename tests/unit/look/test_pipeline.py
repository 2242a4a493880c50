"""Where the stages meet: whom a look asks in which order, what it takes as proven, and what comes of it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.fetch import Reply, ScriptedFetch, fails, says, shows
from tests.fakes.virtual_time import START, VirtualClock, run_virtual
from tests.unit.town import (
    API,
    GONE,
    MINUTE,
    MIRROR,
    SECOND,
    SITE,
    TOWN,
    Watch,
    account,
    api,
    book,
    key,
    mirror,
    profile,
    site,
    soft_404,
    state,
    there,
    visitor,
)
from watcher.look.book import Book
from watcher.model.account import Account
from watcher.model.control import Health
from watcher.model.finding import Certainty, Reason, Verdict
from watcher.model.notification import IncidentKind
from watcher.model.outage import Phase, TransitionKind

ALICE, BOB = account("alice"), account("bob")
BOTH = replace(TOWN, sources=(API, MIRROR))
WALL = shows(403, "no", takes=SECOND)
SHELL = says(200, {"shell": "yes"})
SOON = 0.01 * SECOND


def watching(opened: Book) -> tuple[ScriptedFetch, Watch]:
    """A watch in which the declared controls are there at both sources, and nobody else."""
    clock = VirtualClock()
    fetch = ScriptedFetch(clock, replace(GONE, takes=SOON))
    for handle in ("mayor", "baker"):
        fetch.say(api(handle), there(handle, takes=SOON))
        fetch.say(mirror(handle), there(handle, takes=SOON))
    return fetch, Watch(opened, fetch, clock)


def up(*accounts: Account, stable_id: str | None = None, **rest: Any) -> Book:
    """A book in which they are all up."""
    states = {a.handle: state(a, stable_id=stable_id, last_present=START) for a in accounts}
    return book(*accounts, states=states, **rest)


async def kinds(watch: Watch) -> list[TransitionKind]:
    """What happened, as stored."""
    await watch.worker.flush()
    return [transition.kind for transition in reversed(watch.store.transitions(limit=100))]


def play(story: Coroutine[Any, Any, None]) -> None:
    """In virtual time."""
    run_virtual(story)


# What is proven.


def test_an_absence_waits_for_a_control_asked_after_it() -> None:
    """An absence is admitted with a positive control that was there later, never with an earlier one."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        async with watch:
            finding = await watch.look(ALICE)
            assert (finding.verdict, finding.reason) == (Verdict.ABSENT, Reason.NOT_FOUND)
            [control] = [task for task in fetch.since(finding.at) if task.target.handle in ("mayor", "baker")]
            assert control.fresh

    play(story())


def test_an_absence_that_the_controls_share_is_none() -> None:
    """When the controls are gone as well, the finding is refused, with the raw verdict kept; nothing opens, ever."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        fetch.say(api("mayor"), GONE)
        fetch.say(api("baker"), GONE)
        async with watch:
            finding = await watch.look(ALICE, times=10)
            assert finding.reason is Reason.CONTROL_FAILED
            assert finding.refused is not None
            assert finding.refused.verdict is Verdict.ABSENT
            assert watch.phase(ALICE) is Phase.UP
            assert await kinds(watch) == [TransitionKind.ACCOUNT_BLIND]

    play(story())


def test_a_presence_costs_no_control() -> None:
    """While an account is up, seeing it once more asks nobody else."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        fetch.say(api("alice"), there("alice"))
        async with watch:
            await watch.look(ALICE, times=3)
            assert set(fetch.handles) == {"alice"}

    play(story())


def test_a_return_must_be_more_than_a_page_that_shows_everybody() -> None:
    """While an account is down, presence is proven against a handle that cannot exist: a wildcard closes nothing."""

    async def story() -> None:
        opened = up(ALICE)
        fetch, watch = watching(opened)
        async with watch:
            await watch.look(ALICE, times=3)
            assert watch.phase(ALICE) is Phase.DOWN
            fetch.otherwise = shows(200, '{"name": "*"}')
            fetch.say(api("alice"), there("alice"))
            before = len(fetch.tasks)
            finding = await watch.look(ALICE)
            assert finding.is_present
            assert len(fetch.tasks) == before + 2

    play(story())


def test_a_wildcard_page_does_not_end_an_outage() -> None:
    """When an impossible handle is shown as well, the return is refused and the outage stays open."""

    async def story() -> None:
        everybody = replace(
            API, rules=(API.rules[0], replace(API.rules[1], when=API.rules[1].when[:1])), url_by_id=None, handle=None
        )
        fetch, watch = watching(up(ALICE, town=replace(TOWN, sources=(everybody,))))
        async with watch:
            await watch.look(ALICE, times=3)
            assert watch.phase(ALICE) is Phase.DOWN
            fetch.otherwise = there("anybody")
            finding = await watch.look(ALICE, times=5)
            assert finding.reason is Reason.CONTROL_FAILED
            assert watch.phase(ALICE) is Phase.DOWN
            assert watch.controls.health(key()) is Health.BLIND

    play(story())


def test_the_pinned_account_is_known_by_its_id() -> None:
    """The stable id that was pinned proves a return by itself: no control is asked for."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, stable_id="17"))
        async with watch:
            await watch.look(ALICE, times=3)
            assert watch.phase(ALICE) is Phase.DOWN
            fetch.say(api("alice"), there("alice", "17"))
            before = len(fetch.tasks)
            await watch.look(ALICE)
            assert len(fetch.tasks) == before + 1
            assert watch.phase(ALICE) is Phase.RECOVERING

    play(story())


def test_when_nothing_is_reached_the_fault_is_ours() -> None:
    """A failing connection while every host fails is our own network's, and says nothing of the account."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        fetch.say(api("alice"), fails(Reason.CONNECT))
        async with watch:
            assert (await watch.look(ALICE)).reason is Reason.CONNECT
            watch.reachability.note("elsewhere.example", watch.clock.now(), transport_ok=False)
            finding = await watch.look(ALICE)
            assert finding.reason is Reason.LOCAL_NETWORK
            assert finding.refused is not None
            assert finding.refused.reason is Reason.CONNECT

    play(story())


# Whom a look asks.


def test_a_mere_shell_moves_on_to_the_next_source() -> None:
    """Where the first source shows an empty shell, the next one is asked in the same look, and its word counts."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=BOTH))
        fetch.say(api("alice"), SHELL)
        fetch.say(mirror("alice"), there("alice"))
        async with watch:
            finding = await watch.look(ALICE)
            assert (finding.verdict, finding.source) == (Verdict.PRESENT, "mirror")

    play(story())


def test_the_last_shell_is_what_is_said() -> None:
    """Where every source shows a shell, that is the finding."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=BOTH))
        fetch.say(api("alice"), SHELL)
        fetch.say(mirror("alice"), SHELL)
        async with watch:
            finding = await watch.look(ALICE)
            assert (finding.reason, finding.source) == (Reason.EMPTY_SHELL, "mirror")

    play(story())


def test_a_failing_source_is_not_passed_over() -> None:
    """A wall at the first source is a finding; only a shell moves on."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=BOTH))
        fetch.say(api("alice"), WALL)
        async with watch:
            assert (await watch.look(ALICE)).reason is Reason.FORBIDDEN
            assert fetch.asked(mirror("alice")) == 0

    play(story())


def test_a_blind_source_gives_way() -> None:
    """Once the controls of the first source tell nothing apart, the second one is asked first."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=BOTH))
        for name in ("alice", "mayor", "baker"):
            fetch.say(api(name), WALL)
        fetch.say(mirror("alice"), there("alice"))
        async with watch:
            assert (await watch.look(ALICE)).source == "api"
            watch.controls.refresh_stale()
            await watch.clock.sleep(MINUTE)
            assert watch.controls.health(key()) is Health.BLIND
            assert (await watch.look(ALICE)).source == "mirror"

    play(story())


def test_a_source_that_gave_way_is_tried_again() -> None:
    """Its controls go on being asked while another one is asked first; once they see, it is first again."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=BOTH))
        for name in ("alice", "mayor", "baker"):
            fetch.say(api(name), SHELL)
        fetch.say(mirror("alice"), there("alice"))
        async with watch:
            for _ in range(150):
                assert (await watch.look(ALICE)).source == "mirror"
                watch.controls.refresh_stale()
            # Its page was asked until its controls had shown what it is, and never since: two hours and a half.
            assert fetch.asked(api("alice")) <= 2
            for name in ("alice", "mayor", "baker"):
                fetch.say(api(name), there(name))
            for _ in range(7):
                finding = await watch.look(ALICE)
                watch.controls.refresh_stale()
            assert finding.source == "api"

    play(story())


def test_the_second_look_goes_to_a_source_that_sees() -> None:
    """One that is blind would say nothing: of the others, it is the last to be asked before an outage is opened."""

    async def story() -> None:
        third = replace(MIRROR, name="third", url="https://third.town.example/{handle}")
        fetch, watch = watching(up(ALICE, town=replace(TOWN, sources=(API, MIRROR, third))))
        for name in ("alice", "mayor", "baker"):
            fetch.say(mirror(name), SHELL)
            fetch.say(f"https://third.town.example/{name}", there(name))
        watch.controls.keep(key("mirror"), TOWN, MIRROR)
        async with watch:
            watch.controls.refresh_stale()
            await watch.clock.sleep(MINUTE)
            assert watch.controls.health(key("mirror")) is Health.BLIND
            finding = await watch.look(ALICE, times=3)
            assert (finding.reason, watch.phase(ALICE)) == (Reason.CONFLICT, Phase.SUSPECT)
            assert fetch.asked(mirror("alice")) == 0

    play(story())


def test_without_a_source_there_is_nothing_to_ask() -> None:
    """The finding says why, and nothing is fetched."""

    async def story() -> None:
        off = replace(API, enabled=False)
        fetch, watch = watching(up(ALICE, town=replace(TOWN, sources=(off,))))
        async with watch:
            finding = await watch.look(ALICE)
            assert finding.reason is Reason.NO_SOURCE
            assert "is turned off" in finding.evidence.detail
            assert fetch.tasks == []

    play(story())


def test_an_account_that_was_taken_off_meanwhile_is_let_go() -> None:
    """What a look brings home for an account that is no longer watched is dropped."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, BOB))
        fetch.say(api("alice"), there("alice", takes=SECOND))
        async with watch:
            looking = asyncio.create_task(watch.pipeline.look(ALICE.id))
            await watch.clock.sleep(SOON)
            watch.book.watchlist = replace(watch.book.watchlist, accounts={BOB.id: BOB})
            assert await looking is None
            assert watch.examined == []

    play(story())


# The second look.


def test_a_renamed_account_is_found_by_its_id() -> None:
    """Before an outage is opened the account is asked for by its id; found under another handle, it has moved."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, stable_id="17"))
        fetch.say(api("id/17"), there("alicia", "17"))
        async with watch:
            finding = await watch.look(ALICE, times=2)
            assert (finding.reason, finding.handle) == (Reason.RENAMED, "alicia")
            assert watch.phase(ALICE) is Phase.UP
            assert watch.book.states[ALICE.id].handle == "alicia"
            assert TransitionKind.OUTAGE_OPENED not in await kinds(watch)
            assert fetch.asked(api("id/17")) == 1

    play(story())


def test_a_source_that_contradicts_itself_opens_nothing() -> None:
    """Missing by its handle and there by its id under the same handle: a conflict, however often."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, stable_id="17"))
        fetch.say(api("id/17"), there("alice", "17"))
        async with watch:
            finding = await watch.look(ALICE, times=6)
            assert finding.reason is Reason.CONFLICT
            assert finding.refused is not None
            assert "api by id" in finding.refused.why
            assert (watch.phase(ALICE), watch.book.states[ALICE.id].n) == (Phase.SUSPECT, 2)

    play(story())


def test_another_source_that_shows_the_account_keeps_the_count() -> None:
    """Where two sources disagree the last confirmation does not count; once they agree, the outage opens."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=BOTH))
        fetch.say(mirror("alice"), there("alice"))
        async with watch:
            finding = await watch.look(ALICE, times=4)
            assert finding.reason is Reason.CONFLICT
            assert (watch.phase(ALICE), watch.book.states[ALICE.id].n) == (Phase.SUSPECT, 2)
            fetch.say(mirror("alice"), GONE)
            await watch.look(ALICE)
            assert watch.phase(ALICE) is Phase.DOWN

    play(story())


@pytest.mark.parametrize("reply", [WALL, SHELL, fails(Reason.TIMEOUT), says(200, {"strange": "yes"})])
def test_another_source_that_says_nothing_does_not_hold_it_up(reply: Reply) -> None:
    """A second source that is walled or broken is no contradiction: the absence counts."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=BOTH))
        fetch.say(mirror("alice"), reply)
        async with watch:
            await watch.look(ALICE, times=3)
            assert fetch.asked(mirror("alice")) == 1
            assert watch.phase(ALICE) is Phase.DOWN

    play(story())


def test_a_control_that_dies_costs_no_look() -> None:
    """It is missing beside the account; the account is asked about again at once, beside another that is there."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        async with watch:
            fetch.say(api("mayor"), GONE)
            fetch.say(api("baker"), there("baker", takes=SECOND))
            await watch.look(ALICE)
            assert watch.phase(ALICE) is Phase.SUSPECT
            assert fetch.asked(api("alice")) == 2
            await watch.look(ALICE)
            assert fetch.asked(api("alice")) == 3
            assert fetch.asked(api("mayor")) == 1

    play(story())


def test_a_platform_that_shows_nobody_is_not_asked_twice() -> None:
    """Where every control is missing too there is nothing to be had by asking again."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        async with watch:
            for handle in ("mayor", "baker"):
                fetch.say(api(handle), GONE)
            await watch.look(ALICE)
            assert watch.phase(ALICE) is Phase.UP
            assert fetch.asked(api("alice")) == 1

    play(story())


def test_a_source_that_does_not_confirm_is_not_asked_to() -> None:
    """Where the first source is cached for minutes, it may raise the suspicion; the other one confirms it alone.

    Since there is no third way, the last answer of the other one is asked for twice.
    """

    async def story() -> None:
        shy = replace(TOWN, sources=(replace(API, confirms=False), MIRROR))
        fetch, watch = watching(up(ALICE, town=shy))
        async with watch:
            await watch.look(ALICE)
            assert (fetch.asked(api("alice")), fetch.asked(mirror("alice"))) == (1, 0)
            await watch.look(ALICE, times=2)
            assert (fetch.asked(api("alice")), fetch.asked(mirror("alice"))) == (1, 3)
            assert watch.phase(ALICE) is Phase.DOWN

    play(story())


def test_a_never_seen_account_gets_no_second_look() -> None:
    """Nothing is opened for an account that was never there, so nothing has to be asked twice."""

    async def story() -> None:
        fetch, watch = watching(book(ALICE, town=BOTH))
        async with watch:
            await watch.look(ALICE, times=3)
            assert watch.phase(ALICE) is Phase.NEVER_SEEN
            assert fetch.asked(mirror("alice")) == 0

    play(story())


def test_once_an_interval_a_missing_account_is_looked_for_by_its_id() -> None:
    """While it is down its handle is asked for each time, its id now and then; back under another name it has moved."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, stable_id="17"))
        async with watch:
            await watch.look(ALICE, times=3)
            assert watch.phase(ALICE) is Phase.DOWN
            before = fetch.asked(api("id/17"))
            opened_at = watch.clock.now()
            while watch.clock.now() - opened_at < 3 * MINUTE:
                await watch.look(ALICE)
            assert fetch.asked(api("id/17")) - before == 3
            fetch.say(api("id/17"), there("alicia", "17"))
            while watch.phase(ALICE) is Phase.DOWN:
                await watch.look(ALICE)
            assert watch.phase(ALICE) is Phase.UP
            assert watch.book.states[ALICE.id].handle == "alicia"

    play(story())


def test_an_account_without_an_id_is_not_looked_for_elsewhere_while_down() -> None:
    """Another source by the handle is no way to find what has moved."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=BOTH))
        async with watch:
            await watch.look(ALICE, times=12)
            assert watch.phase(ALICE) is Phase.DOWN
            assert fetch.asked(mirror("alice")) == 1

    play(story())


# Sites that nobody knows.


def test_an_unknown_site_tells_of_a_soft_404() -> None:
    """With a control that the operator named, a page that looks like nobody's opens an outage, by likeness only."""

    async def story() -> None:
        dora = visitor("dora", controls=("founder",))
        fetch, watch = watching(book(dora))
        fetch.otherwise = replace(soft_404(), takes=SOON)
        fetch.say(site("founder"), profile("founder"))
        fetch.say(site("dora"), profile("dora"))
        async with watch:
            finding = await watch.look(dora, times=2)
            assert (finding.reason, watch.phase(dora)) == (Reason.PROFILE, Phase.UP)
            fetch.say(site("dora"), soft_404())
            finding = await watch.look(dora, times=3)
            assert (finding.verdict, finding.certainty) == (Verdict.ABSENT, Certainty.RESEMBLES)
            assert watch.phase(dora) is Phase.DOWN
            fetch.say(site("dora"), profile("dora"))
            await watch.look(dora, times=2)
            assert watch.phase(dora) is Phase.UP

    play(story())


def test_an_unknown_site_without_any_control_tells_of_nothing() -> None:
    """Where nothing is known to exist, not even a plain 404 is told of."""

    async def story() -> None:
        dora = visitor("dora")
        fetch, watch = watching(up(dora))
        fetch.otherwise = shows(404, f"<html><body><p>{'No such page. ' * 9}</p></body></html>", takes=SOON)
        async with watch:
            finding = await watch.look(dora, times=5)
            assert finding.reason is Reason.CONTROL_FAILED
            assert watch.phase(dora) is Phase.UP

    play(story())


def test_a_site_that_shows_all_the_same_never_alerts() -> None:
    """Where a control that exists looks like one that cannot, we are blind: nothing opens, whatever is shown."""

    async def story() -> None:
        dora = visitor("dora", controls=("founder", "first"))
        fetch, watch = watching(up(dora))
        fetch.otherwise = replace(soft_404(), takes=SOON)
        async with watch:
            finding = await watch.look(dora, times=10)
            assert not finding.is_conclusive
            assert watch.phase(dora) is Phase.UP
            assert watch.controls.health(key("page", "generic", SITE)) is Health.BLIND

    play(story())


# What comes of it.


def test_an_outage_is_stored_with_its_incident_and_its_news() -> None:
    """Three absences, and one commit holds the transition, the incident and the row that tells of it; then its end."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        async with watch:
            await watch.look(ALICE, times=3)
            [outage] = [state.outage for state in watch.book.states.values()]
            assert outage is not None
            assert list(watch.book.incidents) == [outage.id]
            await watch.worker.flush()
            record = watch.store.incident(outage.id)
            assert record is not None
            assert [row.channel for row in record.notifications] == ["desk"]
            assert watch.told
            fetch.say(api("alice"), there("alice"))
            await watch.look(ALICE, times=2)
            assert watch.book.incidents == {}
            assert await kinds(watch) == [
                TransitionKind.ACCOUNT_SUSPECTED,
                TransitionKind.OUTAGE_OPENED,
                TransitionKind.RECOVERY_BEGAN,
                TransitionKind.OUTAGE_CLOSED,
            ]

    play(story())


def test_the_page_that_an_absence_rests_on_is_kept() -> None:
    """The bytes of the answer are stored under their hash; those of a present page never are."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        async with watch:
            await watch.look(ALICE)
            digest = watch.examined[-1].finding.evidence.body_sha256
            assert digest is not None
            await watch.worker.flush()
            assert watch.store.body(digest) == b'{"error": "nobody"}'
            fetch.say(api("alice"), there("alice"))
            await watch.look(ALICE)
            assert watch.examined[-1].finding.evidence.body_sha256 is None
            await watch.worker.flush()
            pages = [
                kept for kept in watch.store._bodies.values() if not kept.startswith(b'{"') or b"schema" not in kept
            ]
            assert pages == [b'{"error": "nobody"}']

    play(story())


def test_silence_is_told_once_and_once_over() -> None:
    """Three intervals without a verdict open one incident of the platform; the next verdict closes it."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, BOB))
        for name in ("alice", "bob", "mayor", "baker"):
            fetch.say(api(name), WALL)
        async with watch:
            for _ in range(8):
                await asyncio.gather(watch.look(ALICE), watch.look(BOB))
                await watch.pipeline.notice_silence()
            [incident] = watch.book.incidents.values()
            assert (incident.kind, incident.key) == (IncidentKind.PLATFORM, "town")
            assert "the last answers were forbidden" in incident.detail
            for who in (ALICE, BOB):
                fetch.say(api(who.handle), there(who.handle))
                await watch.look(who)
            await watch.pipeline.notice_silence()
            await watch.pipeline.notice_silence()
            assert watch.book.incidents == {}
            await watch.worker.flush()
            stored = [found for found in watch.store._incidents.values() if found.kind is IncidentKind.PLATFORM]
            assert [found.closed_at is not None for found in stored] == [True]

    play(story())


def test_one_accounts_own_trouble_is_not_the_platforms() -> None:
    """Where the controls hold and others are seen, an account without a verdict is a notice, once, and later."""

    async def story() -> None:
        accounts = [ALICE, BOB, account("carol")]
        fetch, watch = watching(up(*accounts))
        for who in accounts[1:]:
            fetch.say(api(who.handle), there(who.handle))
        fetch.say(api("alice"), WALL)
        async with watch:
            for _ in range(12):
                watch.controls.refresh_stale()
                await asyncio.gather(*map(watch.look, accounts))
                await watch.pipeline.notice_silence()
            assert watch.book.incidents == {}
            await watch.worker.flush()
            assert [found.kind for found in watch.store._incidents.values()] == [IncidentKind.NOTICE]

    play(story())


def test_silence_everywhere_is_our_own_network() -> None:
    """While nothing at all is reached there is one incident, of the network, and none of the platforms."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE))
        fetch.otherwise = fails(Reason.CONNECT)
        async with watch:
            watch.reachability.note("elsewhere.example", watch.clock.now(), transport_ok=False)
            await watch.look(ALICE)
            await watch.clock.sleep(5 * MINUTE)
            await watch.pipeline.notice_silence()
            assert [incident.kind for incident in watch.book.incidents.values()] == [IncidentKind.EGRESS]

    play(story())


def test_a_platform_without_a_source_is_told_of_as_such() -> None:
    """An account that nobody can be asked about is blind after three intervals; the incident says why."""

    async def story() -> None:
        fetch, watch = watching(up(ALICE, town=replace(TOWN, sources=())))
        async with watch:
            await watch.clock.sleep(4 * MINUTE)
            await watch.pipeline.notice_silence()
            [incident] = watch.book.incidents.values()
            assert incident.detail == "no source can be asked"
            assert fetch.tasks == []

    play(story())


def test_the_incident_of_an_unknown_site_names_its_host() -> None:
    """Each site is an instance of its own; people are told the host, not the template."""

    async def story() -> None:
        dora = visitor("dora", controls=("founder",))
        _, watch = watching(up(dora))
        async with watch:
            await watch.clock.sleep(4 * MINUTE)
            await watch.pipeline.notice_silence()
            assert [incident.key for incident in watch.book.incidents.values()] == ["generic@site.example"]

    play(story())
