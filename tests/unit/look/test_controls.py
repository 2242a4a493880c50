"""Controls: asked together, afresh and in turn; whoever asks after a moment gets nothing that was said before it."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.fakes.fetch import Reply, ScriptedFetch, fails, shows
from tests.fakes.virtual_time import START, VirtualClock, run_virtual
from tests.unit.town import (
    API,
    GENERIC,
    GONE,
    MINUTE,
    SECOND,
    SITE,
    TOWN,
    api,
    key,
    profile,
    site,
    soft_404,
    there,
)
from watcher.judge.calibration import in_turn
from watcher.judge.platform_health import assess
from watcher.judge.policy import REFRESH
from watcher.look.controls import GATHER, Controls, impossible
from watcher.look.needs import Need
from watcher.model.control import ControlKey, ControlReport, Health
from watcher.model.exchange import Exchange, Task
from watcher.model.finding import Certainty, Reason
from watcher.model.platform import Pace, Platform, Source
from watcher.settings.load import load_platforms

KEY = key()
PAGE = key("page", "generic", SITE)
DECLARED = ("mayor", "baker", "smith")
SHIPPED = load_platforms(None)


@dataclass
class Office:
    """Controls of one key, and the fetch behind them."""

    clock: VirtualClock
    fetch: ScriptedFetch
    controls: Controls
    changes: list[ControlReport] = field(default_factory=list)


def office(
    handles: Iterable[str] = DECLARED,
    *,
    kept: ControlKey = KEY,
    platform: Platform = TOWN,
    source: Source = API,
    otherwise: Reply = GONE,
) -> Office:
    """Controls for `kept`, with the declared handles there and everybody else missing."""
    clock = VirtualClock()
    fetch = ScriptedFetch(clock, otherwise)
    for handle in handles:
        fetch.say(api(handle), there(handle))
        fetch.say(site(handle), profile(handle))
    changes: list[ControlReport] = []
    controls = Controls(
        fetch=fetch,
        clock=clock,
        timeout=SECOND,
        positives=lambda _key, turn, dead: in_turn(tuple(handles), turn, dead),
        changed=changes.append,
    )
    controls.keep(kept, platform, source)
    return Office(clock, fetch, controls, changes)


def site_office(handles: Iterable[str], otherwise: Reply) -> Office:
    """Controls for the site that nobody knows."""
    return office(handles, kept=PAGE, platform=GENERIC, source=GENERIC.sources[0], otherwise=otherwise)


def both(at: datetime) -> Need:
    """A control of each side asked after `at`."""
    return Need(positive=at, negative=at)


async def refreshed(desk: Office) -> ControlReport:
    """The report after a whole refresh, a second later."""
    await desk.clock.sleep(SECOND)
    [kept] = desk.controls.reports()
    return await desk.controls.satisfy(kept, both(desk.clock.now()))


# Together.


def test_suspects_of_a_moment_share_one_refresh() -> None:
    """Fifty who ask within a quarter of a second cost one question to a positive control."""

    async def story() -> None:
        desk = office()

        async def ask(after: timedelta) -> ControlReport:
            await desk.clock.sleep(after)
            return await desk.controls.satisfy(KEY, Need(positive=desk.clock.now()))

        reports = await asyncio.gather(*(ask(GATHER * n / 50) for n in range(50)))
        assert desk.fetch.handles == ["mayor"]
        assert len(set(map(id, reports))) == 1

    run_virtual(story())


def test_who_needs_the_other_side_joins_while_company_is_awaited() -> None:
    """A refresh that has not begun to ask takes on what others need as well."""

    async def story() -> None:
        desk = office()
        now = desk.clock.now()
        report, _ = await asyncio.gather(
            desk.controls.satisfy(KEY, Need(negative=now)), desk.controls.satisfy(KEY, Need(positive=now))
        )
        assert (len(report.positives), len(report.negatives)) == (1, 1)
        assert len(desk.changes) == 1

    run_virtual(story())


def test_nothing_is_asked_where_the_report_will_do() -> None:
    """A need that the last answers meet is met at once."""

    async def story() -> None:
        desk = office()
        report = await refreshed(desk)
        asked = len(desk.fetch.tasks)
        assert await desk.controls.satisfy(KEY, both(START)) is report
        assert await desk.controls.satisfy(KEY, Need()) is report
        assert len(desk.fetch.tasks) == asked

    run_virtual(story())


def test_who_asks_during_a_refresh_does_not_get_its_answers() -> None:
    """They may have been given before the moment asked about: there is another refresh, and one only."""

    async def story() -> None:
        desk = office()
        desk.fetch.say(api("mayor"), there("mayor", takes=2 * SECOND))
        desk.fetch.say(api("baker"), there("baker", takes=2 * SECOND))
        first = asyncio.create_task(desk.controls.satisfy(KEY, Need(positive=desk.clock.now())))
        await desk.clock.sleep(SECOND)
        moment = desk.clock.now()
        reports = await asyncio.gather(*(desk.controls.satisfy(KEY, Need(positive=moment)) for _ in range(5)))
        await first
        assert all(report.positive_after(moment) is not None for report in reports)
        assert desk.fetch.handles == ["mayor", "baker"]

    run_virtual(story())


def test_who_asks_during_a_refresh_does_not_get_its_negative_answer_either() -> None:
    """A handle that cannot exist is asked for anew as well."""

    async def story() -> None:
        desk = office(otherwise=replace(GONE, takes=2 * SECOND))
        first = asyncio.create_task(desk.controls.satisfy(KEY, Need(negative=desk.clock.now())))
        await desk.clock.sleep(SECOND)
        moment = desk.clock.now()
        report = await desk.controls.satisfy(KEY, Need(negative=moment))
        await first
        assert report.negatives[0].finding.seen.earliest >= moment
        assert len(desk.fetch.tasks) == 2

    run_virtual(story())


def test_one_who_gives_up_waiting_takes_nothing_from_the_others() -> None:
    """The refresh goes on for those who still wait for it."""

    async def story() -> None:
        desk = office()
        desk.fetch.say(api("mayor"), there("mayor", takes=2 * SECOND))
        need = Need(positive=desk.clock.now())
        hasty, patient = (asyncio.create_task(desk.controls.satisfy(KEY, need)) for _ in range(2))
        await desk.clock.sleep(SECOND)
        hasty.cancel()
        assert (await patient).positive_after(START) is not None
        assert desk.fetch.handles == ["mayor"]

    run_virtual(story())


@given(
    waits=st.lists(st.integers(0, 5000), min_size=1, max_size=12),
    takes=st.lists(st.integers(0, 2000), min_size=1, max_size=5),
    age=st.sampled_from([None, 0, 1, 3]),
)
def test_whenever_one_asks_the_answer_was_given_after(waits: list[int], takes: list[int], age: int | None) -> None:
    """Whoever asks, whenever, however long answers take X."""

    async def story() -> None:
        desk = office(["mayor"])
        spans = [timedelta(milliseconds=each) for each in takes]
        old = None if age is None else age * SECOND
        desk.fetch.say(api("mayor"), *(there("mayor", takes=span, age=old) for span in spans))

        async def ask(wait: int) -> None:
            await desk.clock.sleep(timedelta(milliseconds=wait))
            moment = desk.clock.now()
            report = await desk.controls.satisfy(KEY, Need(positive=moment))
            assert report.positive_after(moment) is not None

        await asyncio.gather(*map(ask, waits))

    run_virtual(story())


# Copies of caches.


def test_a_cache_that_says_age_0_hides_no_control() -> None:
    """Such a copy may be a second old: the control is asked a second after the suspicion, not at once and in vain."""

    async def story() -> None:
        desk = office(["mayor"])
        desk.fetch.say(api("mayor"), there("mayor", age=timedelta(0)))
        await refreshed(desk)
        asked = len(desk.fetch.tasks)
        moment = desk.clock.now()
        report = await desk.controls.satisfy(KEY, Need(positive=moment))
        assert report.positive_after(moment) is not None
        assert len(desk.fetch.tasks) == asked + 1
        assert desk.clock.now() - moment == SECOND

    run_virtual(story())


@pytest.mark.parametrize("age", [20 * SECOND, 900 * SECOND])
def test_a_cache_that_never_yields_holds_up_nobody(age: timedelta) -> None:
    """Copies too old to prove anything are no reason to wait for better ones."""

    async def story() -> None:
        desk = office(["mayor"])
        desk.fetch.say(api("mayor"), there("mayor", age=age))
        moment = desk.clock.now()
        report = await desk.controls.satisfy(KEY, Need(positive=moment))
        assert report.positive_after(moment) is None
        assert report.positives[0].finding.reason is Reason.STALE
        assert desk.clock.now() - moment == GATHER

    run_virtual(story())


def test_a_copy_that_ages_while_one_waits_for_it_ends_the_waiting() -> None:
    """Where each copy is older than the last one, the questions come to an end all the same."""

    async def story() -> None:
        desk = office(["mayor"])
        desk.fetch.say(api("mayor"), *(there("mayor", age=age * SECOND) for age in range(0, 10, 3)))
        moment = desk.clock.now()
        report = await desk.controls.satisfy(KEY, Need(positive=moment))
        assert report.positive_after(moment) is None
        assert len(desk.fetch.tasks) == 3

    run_virtual(story())


# Whom.


def test_one_rotten_control_does_not_blind() -> None:
    """Where the first one asked is gone for good, the next one is asked in the same breath, and speaks."""

    async def story() -> None:
        desk = office()
        desk.fetch.say(api("mayor"), GONE)
        for _ in range(len(DECLARED)):
            moment = desk.clock.now()
            report = await refreshed(desk)
            assert report.positive_after(moment) is not None
            assert desk.controls.health(KEY) is Health.OK

    run_virtual(story())


def test_positive_controls_take_turns() -> None:
    """Each refresh begins with the next one, so that no account is visited every time."""

    async def story() -> None:
        desk = office()
        for _ in range(4):
            await desk.clock.sleep(SECOND)
            await desk.controls.satisfy(KEY, Need(positive=desk.clock.now()))
        assert desk.fetch.handles == ["mayor", "baker", "smith", "mayor"]

    run_virtual(story())


def test_without_positive_controls_nothing_is_proven() -> None:
    """Where no handle is known, who asks is answered all the same, with an empty hand."""

    async def story() -> None:
        desk = office([])
        report = await refreshed(desk)
        assert report.positives == ()
        assert desk.controls.health(KEY) is Health.UNPROVEN

    run_virtual(story())


def test_a_negative_control_is_never_the_same_twice() -> None:
    """Somebody might register it after the first time: each question is about a handle that was never asked for."""

    async def story() -> None:
        desk = office()
        for _ in range(20):
            await desk.clock.sleep(SECOND)
            await desk.controls.satisfy(KEY, Need(negative=desk.clock.now()))
        assert len(set(desk.fetch.handles)) == 20

    run_virtual(story())


@pytest.mark.parametrize("platform", SHIPPED.values(), ids=SHIPPED)
def test_impossible_handles_are_valid_ones(platform: Platform) -> None:
    """On every platform that ships: a handle that its own syntax refuses would be answered for its form alone."""
    for _ in range(50):
        handle = impossible(platform)
        assert re.fullmatch(platform.handle.pattern, handle)
        assert len(handle) >= platform.controls.length


def test_controls_are_asked_afresh() -> None:
    """Over a new connection and past caches, as those are that confirm."""

    async def story() -> None:
        desk = office()
        await refreshed(desk)
        assert all(task.fresh and task.target.account_id is None for _, task in desk.fetch.tasks)

    run_virtual(story())


# When.


def test_reports_are_refreshed_every_five_minutes() -> None:
    """At the start at once, then when five minutes have passed, and not again while it runs."""

    async def story() -> None:
        desk = office()
        desk.fetch.say(api("mayor"), there("mayor", takes=SECOND))
        for _ in range(3):
            desk.controls.refresh_stale()
        await desk.clock.sleep(REFRESH - SECOND)
        desk.controls.refresh_stale()
        await desk.clock.sleep(SECOND / 2)
        assert len(desk.changes) == 1
        await desk.clock.sleep(SECOND / 2)
        desk.controls.refresh_stale()
        await desk.clock.sleep(SECOND)
        assert len(desk.changes) == 2
        assert {len(report.positives) for report in desk.changes} == {1, 2}

    run_virtual(story())


def test_a_refresh_of_one_side_does_not_put_off_the_whole() -> None:
    """A suspicion asks for a positive control only; the negative one still becomes due."""

    async def story() -> None:
        desk = office()
        await refreshed(desk)
        await desk.clock.sleep(REFRESH - SECOND)
        await desk.controls.satisfy(KEY, Need(positive=desk.clock.now()))
        await desk.clock.sleep(SECOND)
        desk.controls.refresh_stale()
        await desk.clock.sleep(SECOND)
        assert len(desk.changes) == 3
        assert len(desk.changes[-1].negatives) == 2

    run_virtual(story())


def test_a_slow_pace_stretches_the_period() -> None:
    """Where a host takes one request a minute, controls keep to a fifth of them: every ten minutes."""

    async def story() -> None:
        slow = replace(API, pace=Pace(requests=1, per=MINUTE))
        desk = office(source=slow)
        for _ in range(30):
            desk.controls.refresh_stale()
            await desk.clock.sleep(MINUTE)
        assert len(desk.changes) == 3

    run_virtual(story())


def test_sources_of_one_host_share_a_fifth_of_its_pace() -> None:
    """Thirty at ten requests a minute: one refresh a minute, in turn, so that looks get the rest from the start on."""

    async def story() -> None:
        desk = office(source=replace(API, pace=Pace(requests=10, per=MINUTE)))
        keys = [KEY, *(key(f"api{number}") for number in range(29))]
        for each in keys[1:]:
            desk.controls.keep(each, TOWN, replace(API, pace=Pace(requests=10, per=MINUTE)))
        for _ in range(60 * 30):
            desk.controls.refresh_stale()
            await desk.clock.sleep(2 * SECOND)
        assert [report.key for report in desk.changes] == 2 * keys

    run_virtual(story())


def test_a_slow_source_of_a_host_slows_the_controls_of_the_others() -> None:
    """Its pace is theirs: two sources, one of which takes a request a minute, are refreshed every twenty minutes."""

    async def story() -> None:
        desk = office()
        desk.controls.keep(key("slow"), TOWN, replace(API, pace=Pace(requests=1, per=MINUTE)))
        for _ in range(40):
            desk.controls.refresh_stale()
            await desk.clock.sleep(MINUTE)
        assert [report.key.source for report in desk.changes] == ["api", "slow", "api", "slow"]

    run_virtual(story())


def test_hosts_do_not_wait_for_one_another() -> None:
    """The controls of another host are asked at the same time."""

    async def story() -> None:
        slow = replace(API, pace=Pace(requests=1, per=MINUTE))
        desk = office(source=slow)
        desk.controls.keep(PAGE, GENERIC, GENERIC.sources[0])
        desk.controls.refresh_stale()
        await desk.clock.sleep(SECOND)
        assert {report.key for report in desk.changes} == {KEY, PAGE}

    run_virtual(story())


def test_a_suspicion_does_not_wait_for_the_turn_of_its_controls() -> None:
    """What is needed now is asked now, however many others are due."""

    async def story() -> None:
        desk = office(source=replace(API, pace=Pace(requests=1, per=MINUTE)))
        last = key("last")
        desk.controls.keep(last, TOWN, API)
        desk.controls.refresh_stale()
        await desk.clock.sleep(SECOND)
        moment = desk.clock.now()
        report = await desk.controls.satisfy(last, both(moment))
        assert report.positive_after(moment) is not None
        assert desk.clock.now() - moment < SECOND

    run_virtual(story())


# What goes wrong.


def test_a_bug_releases_those_who_wait() -> None:
    """They get what was known before, which proves nothing new; the fault is logged, and the next refresh works."""

    async def story() -> None:
        desk = office()
        before = await refreshed(desk)
        desk.fetch.say(api("baker"), Reply(fault=RuntimeError("boom")), there("baker"))
        await desk.clock.sleep(SECOND)
        moment = desk.clock.now()
        with structlog.testing.capture_logs() as log:
            reports = await asyncio.gather(*(desk.controls.satisfy(KEY, both(moment)) for _ in range(3)))
        assert all(report == before for report in reports)
        assert [entry["event"] for entry in log] == ["control_refresh_failed"]
        assert (await refreshed(desk)).positive_after(moment) is not None

    run_virtual(story())


@pytest.mark.parametrize(
    ("reply", "health"),
    [
        (fails(Reason.TIMEOUT), Health.SICK),
        (GONE, Health.SICK),
        (shows(403, "no"), Health.BLIND),
        (fails(Reason.LOCAL_NETWORK), Health.UNPROVEN),
    ],
)
def test_health_is_what_the_positive_controls_say(reply: Reply, health: Health) -> None:
    """Gone or failing is the platform's sickness, a wall is our blindness, our own fault is neither."""

    async def story() -> None:
        desk = office()
        for handle in DECLARED:
            desk.fetch.say(api(handle), reply)
        await refreshed(desk)
        assert desk.controls.health(KEY) is health

    run_virtual(story())


def test_closing_ends_a_refresh() -> None:
    """At the end of the program nobody waits for a control that does not answer."""

    async def story() -> None:
        desk = office()
        desk.fetch.say(api("mayor"), there("mayor", takes=timedelta(hours=1)))
        waiting = asyncio.create_task(refreshed(desk))
        await desk.clock.sleep(2 * SECOND)
        await desk.controls.close()
        assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], asyncio.CancelledError)
        assert desk.clock.now() - START == 2 * SECOND

    run_virtual(story())


# What is known.


def test_a_restart_goes_on_from_what_was_stored() -> None:
    """The stored report is the report, of keys in use and of others, until it is refreshed."""

    async def story() -> None:
        desk = office()
        report = await refreshed(desk)
        later = office([])
        fresh = Controls(fetch=later.fetch, clock=later.clock, timeout=SECOND, positives=lambda *_: DECLARED)
        fresh.restore([report])
        assert fresh.report(KEY) == report
        assert fresh.reports() == {}
        fresh.keep(KEY, TOWN, API)
        fresh.keep(KEY, TOWN, API)
        assert fresh.reports() == {KEY: report}
        assert fresh.health(KEY) is Health.OK

    run_virtual(story())


def test_unknown_keys_have_an_empty_report() -> None:
    """Nothing was asked, so nothing is known."""

    async def story() -> None:
        assert office().controls.report(PAGE) == ControlReport(key=PAGE)

    run_virtual(story())


def test_controls_that_nobody_needs_are_let_go() -> None:
    """Only the keys that somebody went on to keep are there after an hour."""

    async def story() -> None:
        desk = office()
        desk.controls.keep(key("mirror"), TOWN, API)
        await asyncio.sleep(3601)
        desk.controls.keep(KEY, TOWN, API)
        desk.controls.refresh_stale()
        assert list(desk.controls.reports()) == [KEY]
        await desk.controls.close()

    run_virtual(story())


def test_who_is_no_longer_named_is_no_control() -> None:
    """Neither of the keys in use nor of those that an earlier run knew."""

    async def story() -> None:
        desk = office()
        report = await refreshed(desk)
        assert report.positives
        other = replace(report, key=PAGE)
        desk.controls.restore([other])
        desk.controls.let_go(lambda known: replace(known, positives=()))
        for at in (KEY, PAGE):
            assert desk.controls.report(at) == replace(report, key=at, positives=())

    run_virtual(story())


# Sites that nobody knows.


def test_a_site_that_says_404_is_learned_at_once() -> None:
    """The first refresh tells an existing account from an impossible one, by the page and by the status."""

    async def story() -> None:
        desk = site_office(
            ["dora"], shows(404, "<html><body><p>Nothing to be found at this address.</p></body></html>")
        )
        report = await refreshed(desk)
        assert [c.finding.reason for c in report.positives] == [Reason.PROFILE]
        assert {c.finding.reason for c in report.negatives} == {Reason.NOT_FOUND}
        assert desk.controls.health(PAGE) is Health.OK

    run_virtual(story())


def test_a_site_with_soft_404s_is_learned_at_once() -> None:
    """Existing and impossible accounts answer 200; likeness tells them apart, from the first refresh on."""

    async def story() -> None:
        desk = site_office(["dora", "emil"], soft_404())
        for _ in range(3):
            report = await refreshed(desk)
            assert desk.controls.health(PAGE) is Health.OK
            assert {c.finding.reason for c in report.positives} == {Reason.PROFILE}
            assert {c.finding.certainty for c in report.negatives} == {Certainty.RESEMBLES}
            assert {c.finding.is_absent for c in report.negatives} == {True}

    run_virtual(story())


def test_a_site_that_names_nobody_is_learned_at_once() -> None:
    """Where a page does not name its handle, the first control is there on the operator's word, unlike the missing."""

    async def story() -> None:
        desk = site_office([], soft_404())
        desk.fetch.say(site("dora"), profile("Some Body"))
        desk.controls = Controls(fetch=desk.fetch, clock=desk.clock, timeout=SECOND, positives=lambda *_: ("dora",))
        desk.controls.keep(PAGE, GENERIC, GENERIC.sources[0])
        report = await refreshed(desk)
        assert [(c.finding.reason, c.finding.certainty) for c in report.positives] == [
            (Reason.PROFILE, Certainty.RESEMBLES)
        ]
        assert desk.controls.health(PAGE) is Health.OK

    run_virtual(story())


def test_a_site_that_shows_everybody_the_same_is_blind() -> None:
    """Where a control that exists and one that cannot look alike, nothing is told apart, however often it is asked."""

    async def story() -> None:
        desk = site_office([], soft_404())
        desk.controls = Controls(
            fetch=desk.fetch, clock=desk.clock, timeout=SECOND, positives=lambda *_: ("dora", "emil")
        )
        desk.controls.keep(PAGE, GENERIC, GENERIC.sources[0])
        for _ in range(3):
            report = await refreshed(desk)
            assert not any(c.finding.is_conclusive for c in (*report.positives, *report.negatives))
            assert desk.controls.health(PAGE) is Health.BLIND

    run_virtual(story())


def test_no_control_is_compared_with_itself() -> None:
    """Impossible handles whose pages are unlike one another are not taken for missing ones: nothing says so."""

    async def story() -> None:
        words = ["that", "never", "come", "twice", "and", "make", "this", "page", "long", "enough", "to", "be", "one"]
        unlike = [" ".join(letter + word for word in words) for letter in "abcdef"]
        pages = iter([shows(200, f"<html><body><p>{text}</p></body></html>") for text in unlike])
        desk = site_office(["dora"], next(pages))

        async def fetch(task: Task) -> Exchange:
            if task.target.handle != "dora":
                desk.fetch.otherwise = next(pages)
            return await desk.fetch(task)

        controls = Controls(fetch=fetch, clock=desk.clock, timeout=SECOND, positives=lambda *_: ("dora",))
        controls.keep(PAGE, GENERIC, GENERIC.sources[0])
        report = await controls.satisfy(PAGE, both(desk.clock.now()))
        assert len(report.negatives) == 2
        assert not any(c.finding.is_absent for c in report.negatives)
        assert controls.health(PAGE) is not Health.OK

    run_virtual(story())


# What is known of the controls themselves.


def test_a_dead_control_is_asked_last_and_told_of_once() -> None:
    """It no longer costs a question each time; the report and one warning name it, the others are asked in turn."""

    async def story() -> None:
        desk = office()
        desk.fetch.say(api("mayor"), GONE)
        with capture_logs() as log:
            for _ in range(4):
                report = await refreshed(desk)
        assert report.calibration.dead == ("mayor",)
        assert desk.fetch.asked(api("mayor")) == 1
        assert desk.fetch.asked(api("baker")) == desk.fetch.asked(api("smith")) == 2
        [warning] = [entry for entry in log if entry["event"] == "control_is_gone"]
        assert (warning["control"], warning["log_level"]) == ("mayor", "warning")
        assert assess(report) is Health.OK

    run_virtual(story())


def test_a_restart_does_not_tell_of_it_again() -> None:
    """What is dead is kept with the report."""

    async def story() -> None:
        desk = office()
        desk.fetch.say(api("mayor"), GONE)
        report = await refreshed(desk)
        again = office()
        again.fetch.say(api("mayor"), GONE)
        again.controls.restore([report])
        again.controls._posts.clear()
        again.controls.keep(KEY, TOWN, API)
        with capture_logs() as log:
            await refreshed(again)
        assert [entry for entry in log if entry["event"] == "control_is_gone"] == []
        assert again.fetch.asked(api("mayor")) == 0

    run_virtual(story())


def drawing(desk: Office, *names: str) -> None:
    """The handles that cannot exist will be these, in order."""
    names_left = iter(names)
    desk.controls._draw = lambda _platform: next(names_left)


def test_a_handle_that_somebody_registered_is_replaced() -> None:
    """Two others of the moment are missing: those are gone by, the platform is seen as before."""

    async def story() -> None:
        desk = office()
        drawing(desk, "taken", "nobody1", "nobody2")
        desk.fetch.say(api("taken"), there("taken"))
        with capture_logs() as log:
            report = await refreshed(desk)
        assert {control.handle for control in report.negatives} == {"nobody1", "nobody2"}
        assert assess(report) is Health.OK
        [told] = [entry for entry in log if entry["event"] == "control_was_registered"]
        assert told["control"] == "taken"

    run_virtual(story())


def test_two_fresh_handles_that_exist_make_blind() -> None:
    """A platform that shows everybody is asked for two, and no more."""

    async def story() -> None:
        desk = office()
        drawing(desk, "one", "two")
        for name in ("one", "two"):
            desk.fetch.say(api(name), there(name))
        report = await refreshed(desk)
        assert assess(report) is Health.BLIND
        assert desk.fetch.asked(api("one"), api("two")) == 2

    run_virtual(story())


def new_profile(name: str) -> Reply:
    """The same account in another layout."""
    words = " ".join(f"modern{number}" for number in range(60))
    return shows(
        200, f"<html><head><title>{name} - Site</title></head><body><h1>{name}</h1><p>{words}</p></body></html>"
    )


def test_a_new_layout_is_told_once_and_counted() -> None:
    """While existing and missing accounts are told apart; the page is the new baseline, and outlives a restart."""

    async def story() -> None:
        drifted: list[ControlKey] = []
        desk = site_office(["keeper"], soft_404())
        desk.controls._drifted = drifted.append
        await refreshed(desk)
        with capture_logs() as log:
            await refreshed(desk)
            assert log == []
            desk.fetch.say(site("keeper"), new_profile("keeper"))
            for _ in range(3):
                report = await refreshed(desk)
        assert assess(report) is Health.OK
        assert [entry["log_level"] for entry in log if entry["event"] == "layout_changed"] == ["info"]
        assert drifted == [PAGE]
        [baseline] = report.calibration.baselines
        assert baseline.handle == "keeper"

    run_virtual(story())


@pytest.mark.parametrize("handles", [("founder",), ("founder", "keeper"), ("founder", "keeper", "smith")])
def test_an_error_page_does_not_vouch_for_itself(handles: tuple[str, ...]) -> None:
    """Shown of every control, however many there are, it is no account's: blind at every refresh until it is over."""

    async def story() -> None:
        error = shows(200, "<html><body><h1>Oh dear</h1><p>Our machines have had a hiccup.</p></body></html>")
        desk = site_office(handles, soft_404())
        for _ in handles:
            assert assess(await refreshed(desk)) is Health.OK
        for handle in handles:
            desk.fetch.say(site(handle), error)
        for _ in range(4):
            assert assess(await refreshed(desk)) is Health.BLIND
        assert desk.controls.report(PAGE).references.positives == ()
        for handle in handles:
            desk.fetch.say(site(handle), profile(handle))
        assert assess(await refreshed(desk)) is Health.OK

    run_virtual(story())
