"""Many in one request: what is judged, who is looked at alone, and that a failing answer says nothing of anybody."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog

from tests.fakes.fetch import Reply, ScriptedFetch, fails, says
from tests.fakes.virtual_time import START, VirtualClock, run_virtual
from tests.unit.town import API, GONE, MINUTE, SECOND, TOWN, Watch, account, api, book, key, state, there
from watcher.clock import Clock
from watcher.look.batches import Batches, Looked
from watcher.look.book import whereabouts
from watcher.model.account import Account, Policy, Repeat
from watcher.model.control import Health
from watcher.model.exchange import Exchange, Purpose, Task
from watcher.model.finding import Certainty, Reason, Verdict
from watcher.model.outage import ZERO, AccountState, Phase
from watcher.model.platform import Answers, Batch, Field, FieldKind, Items, Match, Platform, Rule, Source, SourceKind

_NAME, _CODE = Field(FieldKind.JSON, "name"), Field(FieldKind.JSON, "code")
MANY = Source(
    name="many",
    kind=SourceKind.BATCH,
    url="https://api.town.example/all?{members}",
    batch=Batch(
        size=10,
        member="who={handle}",
        join="&",
        items=(Items(list_="people", names=("name",)), Items(list_="errors", names=("name",))),
        handles="[a-z0-9]+",
    ),
    answers=Answers.JSON,
    rules=(
        Rule(id="banned", when=(Match(_CODE, ("banned",)),), verdict=Verdict.ABSENT, reason=Reason.SUSPENDED),
        Rule(id="person", when=(Match(_NAME, ("{handle}",)),), verdict=Verdict.PRESENT, reason=Reason.PROFILE),
    ),
    stable_id=Match(Field(FieldKind.JSON, "id"), ("*",)),
    pace=API.pace,
)
TOWNSHIP = replace(TOWN, sources=(MANY, API))
ONLY_MANY = replace(TOWN, sources=(MANY,))
ALICE, BOB, CAROL = account("alice"), account("bob"), account("carol")
ALL = (ALICE, BOB, CAROL)
CONTROLS = ("mayor", "baker")


class Registry:
    """A Fetch that answers for many from a register, and for one from a script. `fails_with` is for the many."""

    def __init__(self, clock: Clock) -> None:
        self.alone = ScriptedFetch(clock, replace(GONE, takes=0.01 * SECOND))
        self.people = {name: f"id-{name}" for name in (*CONTROLS, "alice", "bob", "carol")}
        self.banned: set[str] = set()
        self.fails_with: Reply | None = None
        self.together: list[Task] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self._clock = clock
        for name in self.people:
            self.alone.say(api(name), there(name, takes=0.01 * SECOND))

    async def __call__(self, task: Task) -> Exchange:
        if task.source.batch is None:
            return await self.alone(task)
        self.together.append(task)
        sent_at = self._clock.now()
        await self._clock.sleep(0.01 * SECOND)
        self.meanwhile()
        reply = self.fails_with or says(200, self._answer(task))
        assert reply.outcome is not None
        return Exchange(task=task, sent_at=sent_at, received_at=self._clock.now(), outcome=reply.outcome)

    def _answer(self, task: Task) -> Mapping[str, Any]:
        asked = [target.handle for target in task.asked_about]
        people = [{"name": name, "id": self.people[name]} for name in asked if name in self.people]
        return {"people": people, "errors": [{"name": n, "code": "banned"} for n in asked if n in self.banned]}


def scene(
    *accounts: Account, town: Platform = TOWNSHIP, states: Mapping[str, AccountState] | None = None
) -> tuple[Registry, Watch, Batches]:
    """These accounts, all up but for those in `states`."""
    up = {a.handle: state(a, last_present=START) for a in accounts} | dict(states or {})
    clock = VirtualClock()
    registry = Registry(clock)
    watch = Watch(book(*accounts, town=town, states=up), registry, clock)  # type: ignore[arg-type] # a Fetch as well
    return registry, watch, Batches(watch.pipeline, clock)


def ids(*accounts: Account) -> tuple[str, ...]:
    """Their ids."""
    return tuple(each.id for each in accounts)


def play(story: Coroutine[Any, Any, None]) -> None:
    """In virtual time."""
    run_virtual(story)


def test_all_are_judged_by_one_answer() -> None:
    """Three accounts cost one request, which has two controls along; each is put back for its whole interval."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            looked = await batches.look(ids(*ALL))
            assert looked == Looked(waits=dict.fromkeys(ids(*ALL), MINUTE))
            [task] = registry.together
            handles = [target.handle for target in task.members]
            assert handles[:4] == ["alice", "bob", "carol", "mayor"]
            assert len(handles) == 5
            assert task.url.startswith("https://api.town.example/all?who=alice&who=bob&who=carol&who=mayor&who=")
            assert (task.purpose, task.fresh) == (Purpose.ROUTINE, False)
            assert [e.finding.verdict for e in watch.examined] == [Verdict.PRESENT] * 3
            assert {watch.book.states[a.id].stable_id for a in ALL} == {"id-alice", "id-bob", "id-carol"}
            assert registry.alone.tasks == []

    play(story())


def test_the_controls_along_serve_as_a_refresh() -> None:
    """What the answer said of them is the report of that source: healthy, and not asked again for five minutes."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            for _ in range(12):
                await batches.look(ids(*ALL))
                await watch.clock.sleep(30 * SECOND)
                watch.controls.refresh_stale()
            await watch.clock.sleep(SECOND)
            assert watch.controls.health(key("many")) is Health.OK
            assert all(len(task.members) == 5 for task in registry.together), "none was asked for controls alone"
            await watch.clock.sleep(6 * MINUTE)
            watch.controls.refresh_stale()
            await watch.clock.sleep(SECOND)
            assert {len(task.members) for task in registry.together[-2:]} == {0}, "batches stopped: controls go alone"

    play(story())


def test_others_have_their_turns_while_an_answer_without_its_list_is_read() -> None:
    """It is read whole for each member, which may take long: not for all of them in one go."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            registry.fails_with = says(200, {"error": "nobody is in today"})
            between: list[str] = []
            settle = batches._settle

            async def noted(*arguments: Any) -> timedelta | None:
                asyncio.get_running_loop().call_soon(between.append, "another")
                between.append("member")
                return await settle(*arguments)

            batches._settle = noted  # type: ignore[method-assign,assignment]
            await batches.look(ids(*ALL))
            assert between[:5] == ["member", "another", "member", "another", "member"]
            assert {e.finding.verdict for e in watch.examined} <= {Verdict.INCONCLUSIVE}

    play(story())


def test_whoever_is_left_out_is_looked_at_alone() -> None:
    """An omission is not judged: no state changes; the single look that follows is one that confirms."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            del registry.people["bob"]
            before = watch.book.states[BOB.id]
            looked = await batches.look(ids(*ALL))
            assert looked.suspected == {BOB.id}
            assert set(looked.waits) == {ALICE.id, CAROL.id}
            assert watch.book.states[BOB.id] is before
            await watch.pipeline.look(BOB.id, suspected=True)
            [(_, task)] = registry.alone.tasks
            assert (task.source.name, task.purpose, task.fresh) == ("api", Purpose.CONFIRM, True)
            assert watch.examined[-1].finding.verdict is Verdict.PRESENT, "it is there: the batch was wrong"
            assert watch.phase(BOB) is Phase.UP

    play(story())


def test_a_gone_account_is_confirmed_alone() -> None:
    """Left out, then said to be missing three times by single look-ups: an outage, dated back to the first of these."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            del registry.people["bob"]
            registry.alone.say(api("bob"), replace(GONE, takes=0.01 * SECOND))
            assert (await batches.look(ids(*ALL))).suspected == {BOB.id}
            await watch.look(BOB, times=3)
            assert watch.phase(BOB) is Phase.DOWN
            assert {e.finding.certainty for e in watch.examined if e.finding.is_absent} == {Certainty.STATED}
            assert len(registry.together) == 1

    play(story())


def test_an_explicit_statement_is_a_first_absence() -> None:
    """What the answer says of an account in so many words counts, proven by the control in the same answer."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            del registry.people["bob"]
            registry.banned.add("bob")
            looked = await batches.look(ids(*ALL))
            assert looked.suspected == set()
            assert looked.waits[BOB.id] == 10 * SECOND
            finding = next(e.finding for e in watch.examined if e.finding.is_absent)
            assert (finding.reason, finding.certainty) == (Reason.SUSPENDED, Certainty.STATED)
            assert (watch.phase(BOB), watch.book.states[BOB.id].n) == (Phase.SUSPECT, 1)
            assert len(registry.together) == 1, "no control was waited for"
            assert watch.book.batch_source(BOB, watch.controls.health) is None, "the rest is asked alone"

    play(story())


def test_no_batch_opens_an_outage() -> None:
    """Where one absence is enough, the account is looked at alone first, by id or at another source as ever."""
    hasty = replace(BOB, policy=Policy(confirm=Repeat(threshold=1, interval=SECOND)))

    async def story() -> None:
        registry, watch, batches = scene(ALICE, hasty)
        async with watch:
            registry.banned.add("bob")
            del registry.people["bob"]
            assert (await batches.look(ids(ALICE, hasty))).suspected == {BOB.id}
            assert watch.phase(hasty) is Phase.UP

    play(story())


def test_an_answer_without_its_control_says_nothing_of_whom_it_leaves_out() -> None:
    """An endpoint that leaves everybody out is sick: nobody is suspected, and single look-ups take over."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            registry.people.clear()
            looked = await batches.look(ids(*ALL))
            assert looked == Looked(waits=dict.fromkeys(ids(*ALL), 10 * SECOND))
            assert {e.finding.reason for e in watch.examined} == {Reason.CONTROL_FAILED}
            assert {watch.phase(a) for a in ALL} == {Phase.UP}
            assert watch.controls.health(key("many")) is Health.SICK
            assert [s.name for s in watch.book.sources(ALICE, watch.controls.health)] == ["api", "many"]
            assert (await batches.look(ids(*ALL))).waits == dict.fromkeys(ids(*ALL), ZERO), "put back, to go alone"
            assert await watch.look(ALICE) == watch.examined[-1].finding
            assert watch.examined[-1].finding.source == "api"

    play(story())


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (says(500, {"error": "oops"}), Reason.PLATFORM_ERROR),
        (says(429, {"error": "slow down"}), Reason.RATE_LIMITED),
        (says(400, {"error": "who is that?"}), Reason.BAD_RESPONSE),
        (says(200, {"people": "none"}), Reason.BAD_RESPONSE),
        (says(200, {"errors": []}), Reason.BAD_RESPONSE),
        (fails(Reason.TIMEOUT), Reason.TIMEOUT),
    ],
    ids=["500", "429", "400", "no list", "not the first list", "no answer"],
)
def test_a_failing_batch_is_one_proof_for_all(reply: Reply, reason: Reason) -> None:
    """Each member gets the same INCONCLUSIVE finding and its own wait; nobody is suspected."""

    async def story() -> None:
        weary = state(BOB, inconclusive=2, last_present=START)
        registry, watch, batches = scene(*ALL, states={"bob": weary})
        async with watch:
            registry.fails_with = reply
            looked = await batches.look(ids(*ALL))
            assert looked.suspected == set()
            assert looked.waits == {ALICE.id: 10 * SECOND, BOB.id: 40 * SECOND, CAROL.id: 10 * SECOND}
            assert {e.finding.reason for e in watch.examined} == {reason}
            bodies = {getattr(e.exchange.outcome, "body", b"") for e in watch.examined if e.exchange is not None}
            assert len(bodies) == 1
            assert {watch.phase(a) for a in ALL} == {Phase.UP}
            assert watch.controls.health(key("many")) in (Health.SICK, Health.BLIND)

    play(story())


def test_a_sick_batch_is_tried_again_by_its_controls() -> None:
    """Soon after the failure, then every five minutes: once they are there, accounts go together again."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            registry.fails_with = says(500, {})
            await batches.look(ids(*ALL))
            assert watch.book.batch_source(ALICE, watch.controls.health) is None
            registry.fails_with = None
            watch.controls.refresh_stale()
            await watch.clock.sleep(SECOND)
            assert watch.controls.health(key("many")) is Health.OK
            assert watch.book.batch_source(ALICE, watch.controls.health) == MANY

    play(story())


def test_a_batch_that_was_sick_for_hours_is_taken_up_again() -> None:
    """As long as its accounts are looked at alone in its stead, its controls go on being asked."""

    async def story() -> None:
        registry, watch, batches = scene(ALICE)
        async with watch:
            registry.fails_with = says(500, {})
            await batches.look(ids(ALICE))
            for _ in range(200):
                assert await watch.look(ALICE)
                watch.controls.refresh_stale()
            assert watch.examined[-1].finding.source == "api"
            assert watch.clock.now() - START > timedelta(hours=3)
            registry.fails_with = None
            for _ in range(6):
                await watch.look(ALICE)
                watch.controls.refresh_stale()
            await watch.clock.sleep(SECOND)
            assert watch.book.batch_source(ALICE, watch.controls.health) == MANY

    play(story())


def test_one_never_seen_is_not_looked_at_alone_each_time() -> None:
    """Of an account that never was there an omission is enough: it opens nothing."""

    async def story() -> None:
        never = state(BOB, Phase.NEVER_SEEN)
        registry, watch, batches = scene(*ALL, states={"bob": never})
        async with watch:
            del registry.people["bob"]
            looked = await batches.look(ids(*ALL))
            assert looked == Looked(waits=dict.fromkeys(ids(*ALL), MINUTE))
            [finding] = [e.finding for e in watch.examined if e.finding.is_absent]
            assert (finding.certainty, finding.evidence.rule) == (Certainty.RESEMBLES, "omitted")
            assert watch.phase(BOB) is Phase.NEVER_SEEN

    play(story())


def test_an_account_that_is_the_only_control_is_no_control_of_itself() -> None:
    """Without another that exists, an omission leads to a look alone all the same."""
    lonely = replace(TOWNSHIP, controls=replace(TOWN.controls, present={}))

    async def story() -> None:
        registry, watch, batches = scene(ALICE, BOB, town=lonely)
        async with watch:
            del registry.people["bob"]
            looked = await batches.look(ids(ALICE, BOB))
            assert looked.suspected == {BOB.id}
            assert [target.handle for target in registry.together[0].members[:2]] == ["alice", "bob"]
            assert len(registry.together[0].members) == 3

    play(story())


def test_where_there_is_nothing_else_a_batch_of_one_confirms() -> None:
    """Left out three times beside a control that is there and a handle that is left out as well: an outage."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL, town=ONLY_MANY)
        async with watch:
            del registry.people["bob"]
            assert (await batches.look(ids(*ALL))).suspected == {BOB.id}
            await watch.pipeline.look(BOB.id, suspected=True)
            await watch.clock.sleep(10 * SECOND)
            await watch.look(BOB, times=2)
            assert watch.phase(BOB) is Phase.DOWN
            outage = watch.book.states[BOB.id].outage
            assert outage is not None
            assert (outage.reason, outage.certainty) == (Reason.UNAVAILABLE, Certainty.RESEMBLES)
            alone = registry.together[1:]
            assert [len(task.members) for task in alone] == [3] * len(alone)
            assert {task.purpose for task in alone} == {Purpose.CONFIRM}
            registry.people["bob"] = "id-bob"
            await watch.look(BOB, times=3)
            assert watch.phase(BOB) is Phase.UP

    play(story())


def test_a_long_list_is_cut_to_what_a_url_takes() -> None:
    """The others are due at once, and are asked in the next request."""
    wordy = replace(MANY, batch=replace(MANY.batch, size=500)) if MANY.batch else MANY
    crowd = [account(f"{'a' * 14}{number % 10}") for number in range(10)]
    crowd = [account(f"{'visitor':x<100}{number}") for number in range(100)]

    async def story() -> None:
        registry, watch, batches = scene(*crowd, town=replace(TOWN, sources=(wordy, API)))
        async with watch:
            registry.people |= {a.handle: a.handle for a in crowd}
            waiting = ids(*crowd)
            for _ in range(10):
                looked = await batches.look(waiting)
                waiting = tuple(each for each, wait in looked.waits.items() if wait == ZERO)
                if not waiting:
                    break
            assert not waiting
            assert all(len(task.url) < 8000 for task in registry.together)
            assert 2 <= len(registry.together) <= 4
            assert len(watch.examined) == 100

    play(story())


def test_what_changed_meanwhile_is_looked_at_again() -> None:
    """Who was taken off the list is let go; whose entry names another page now is due at once; the rest is judged."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            moved = replace(BOB, handle="robert")

            def edit() -> None:
                accounts = {ALICE.id: ALICE, BOB.id: moved}
                listed = replace(watch.book.watchlist, accounts=accounts)
                states = {BOB.id: watch.book.states[BOB.id]}
                gone = watch.book.watchlist.accounts.keys() - accounts.keys()
                watch.book.amend(listed, whereabouts(listed), watch.book.platforms, watch.book.routes, gone, states)

            registry.meanwhile = edit
            looked = await batches.look(ids(*ALL))
            assert looked.waits[ALICE.id] == MINUTE
            assert looked.waits[BOB.id] == ZERO
            assert looked.suspected == set()
            assert [e.exchange.task.target.handle for e in watch.examined if e.exchange] == ["alice"]
            assert await batches.look(("town:nobody",)) == Looked()

    play(story())


def test_a_source_that_was_turned_off_meanwhile() -> None:
    """All are due at once, and go alone."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL, town=replace(TOWN, sources=(replace(MANY, enabled=False), API)))
        async with watch:
            assert await batches.look(ids(*ALL)) == Looked(waits=dict.fromkeys(ids(*ALL), ZERO))
            assert registry.together == []

    play(story())


def test_a_fault_of_ours_in_one_look_is_no_verdict_on_the_others() -> None:
    """It is logged and left to be put back; the others are judged."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        with structlog.testing.capture_logs() as log:
            async with watch:

                def stumble(who: Account, *_: object) -> None:
                    if who == BOB:
                        raise RuntimeError("a bug")

                watch.pipeline.observe = stumble
                looked = await batches.look(ids(*ALL))
        assert looked == Looked(waits={ALICE.id: MINUTE, CAROL.id: MINUTE})
        assert [e["account"] for e in log if e["event"] == "look_failed"] == [BOB.id]
        assert len(registry.together) == 1

    play(story())


@pytest.mark.parametrize(
    ("phase", "n", "together"),
    [
        (Phase.NEW, 0, True),
        (Phase.NEW, 1, False),
        (Phase.NEVER_SEEN, 0, True),
        (Phase.UP, 0, True),
        (Phase.SUSPECT, 1, False),
        (Phase.DOWN, 0, False),
        (Phase.RECOVERING, 0, False),
    ],
)
def test_who_goes_together(phase: Phase, n: int, together: bool) -> None:
    """Whatever may open or close an outage is asked alone; so is a handle that would spoil the request."""
    opened = book(ALICE, town=TOWNSHIP, states={"alice": state(ALICE, phase, n=n)})
    found = opened.batch_source(ALICE, lambda _key: Health.OK)
    assert found == (MANY if together else None)
    odd = account("a-b")
    opened = book(odd, town=TOWNSHIP, states={"a-b": state(odd)})
    assert opened.batch_source(odd, lambda _key: Health.OK) is None
    assert [s.name for s in opened.single_sources(odd, lambda _key: Health.OK)] == ["api"]


def test_the_second_opinion_is_never_a_batch() -> None:
    """Before an outage is opened the account is asked by id or at another single source."""
    opened = book(ALICE, town=TOWNSHIP, states={"alice": state(ALICE, Phase.SUSPECT)})
    assert opened.second_task(ALICE, "api", START) is None


def test_a_failing_batch_beside_failing_single_look_ups_stays_first() -> None:
    """Where all fails, a failing host is asked once for many rather than once for each."""
    opened = book(ALICE, town=TOWNSHIP, states={"alice": state(ALICE)})
    assert opened.batch_source(ALICE, lambda _key: Health.SICK) == MANY


def test_an_old_copy_is_too_old_for_the_most_frequent() -> None:
    """The age that an answer may have is that of the shortest interval in the batch."""
    quick = replace(BOB, policy=Policy(interval=timedelta(seconds=20)))

    async def story() -> None:
        registry, watch, batches = scene(ALICE, quick)
        async with watch:
            await batches.look(ids(ALICE, quick))
            assert registry.together[0].max_age == 20 * SECOND
            assert [target.handle for target in registry.together[0].members[:2]] == ["alice", "bob"]

    play(story())


def test_the_proof_of_one_holds_nothing_of_the_others() -> None:
    """The page that an absence rests on is the account's own item, with the hash of just that."""

    async def story() -> None:
        registry, watch, batches = scene(*ALL)
        async with watch:
            registry.banned.add("bob")
            del registry.people["bob"]
            await batches.look(ids(*ALL))
            [examined] = [e for e in watch.examined if e.finding.is_absent]
            assert examined.exchange is not None
            body = examined.exchange.outcome.body  # type: ignore[union-attr] # it was answered
            assert json.loads(body) == {"name": "bob", "code": "banned"}
            assert examined.exchange.task.url == "https://api.town.example/all?who=bob"
            await watch.worker.flush()
            assert watch.store.body(examined.finding.evidence.body_sha256 or "") == body
            kept = tuple(watch.store._bodies.values())
            assert len(kept) >= 2, "the page and the bundle"
            assert not any(name in content for name in (b"alice", b"carol") for content in kept)

    play(story())
