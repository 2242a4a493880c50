"""Stored looks judged again: by the same rules nothing differs; by others, what differs, and what cannot be known."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.fetch import Reply, ScriptedFetch, says
from tests.fakes.virtual_time import VirtualClock, run_virtual
from tests.unit.town import API, GONE, MINUTE, SECOND, TOWN, Watch, account, api, book, there
from watcher.backtest import Comparison, Past, backtest, record, said
from watcher.backtest.differ import Kind
from watcher.model.account import Account, Policy, Repeat
from watcher.model.finding import Reason, Verdict
from watcher.model.imprint import Imprint
from watcher.model.outage import Unobserved
from watcher.model.platform import Field, FieldKind, Match, Platform, Rule

ALICE, USUAL = account("alice"), Policy()
STRANGE = says(404, {"error": "NoSuchActor"}, takes=SECOND)
WALL = says(429, {"error": "slow down"}, takes=SECOND)
HOURS = timedelta(hours=1)
Plot = Callable[[Watch, ScriptedFetch], Awaitable[None]]


def recorded(*parts: tuple[Reply, timedelta, *tuple[Reply, ...]]) -> tuple[Past, datetime, datetime]:
    """What is stored once @alice has answered so for so long, one after the other, while a real pipeline looked.

    A third of a part is what handles that do not exist are given meanwhile.
    """
    kept: list[tuple[Past, datetime, datetime]] = []

    async def story() -> None:
        clock = VirtualClock()
        since = clock.now()
        fetch = ScriptedFetch(clock, replace(GONE, takes=SECOND))
        for handle in ("mayor", "baker"):
            fetch.say(api(handle), there(handle, takes=SECOND / 10))
        async with Watch(book(ALICE), fetch, clock) as watch:
            for reply, span, *nobody in parts:
                fetch.say(api("alice"), reply)
                fetch.otherwise = nobody[0] if nobody else DOWN
                end = clock.now() + span
                while clock.now() < end:
                    await watch.look(ALICE)
            await watch.worker.flush()
            past = Past(
                samples=tuple(reversed(watch.store.samples(ALICE.id, limit=None))),
                outages=tuple(reversed(watch.store.outages(limit=None))),
            )
            kept.append((past, since, clock.now()))

    run_virtual(story())
    return kept[0]


def again(
    past: Past, since: datetime, until: datetime, *, who: Account = ALICE, platform: Platform = TOWN
) -> Comparison:
    """Judged again, by that policy and those rules."""
    return backtest({who.id: who}, {platform.id: platform}, {who.id: past}, since, until)


def policy(confirm: Repeat = USUAL.confirm, recover: Repeat = USUAL.recover) -> Account:
    """@alice, judged by another policy."""
    return replace(ALICE, policy=Policy(confirm=confirm, recover=recover))


def ruled(*rules: Rule) -> Platform:
    """The town, with other rules."""
    return replace(TOWN, sources=(replace(API, rules=rules),))


UP = there("alice", takes=SECOND)
DOWN = replace(GONE, takes=SECOND)


@cache
def eleven_minutes() -> tuple[Past, datetime, datetime]:
    """There for hours, gone for eleven minutes, and there again."""
    return recorded((UP, 3 * HOURS), (DOWN, 11 * MINUTE), (UP, 3 * HOURS))


def test_by_the_same_rules_and_policy_every_alert_is_the_same() -> None:
    """And every look could be judged again, though only a handful of samples is kept."""
    result = again(*eleven_minutes())
    assert (result.same, result.differences, result.share) == (1, [], 1.0)
    assert result.samples <= 5
    assert result.looks > 300
    assert "alerts: 1 would have been the same; differences: 0" in "\n".join(said(result))


def test_a_slower_confirmation_opens_later() -> None:
    """The same outage, told later by the looks that it takes more."""
    result = again(*eleven_minutes(), who=policy(confirm=Repeat(threshold=9, interval=10 * SECOND)))
    [difference] = result.differences
    assert difference.kind is Kind.BEGINNING
    assert difference.was is not None
    assert difference.now is not None
    assert 50 * SECOND < difference.now.confirmed_at - difference.was.confirmed_at < 70 * SECOND
    assert "would have been called gone" in list(said(result))[-1]


def test_a_confirmation_that_takes_longer_than_it_was_gone_opens_nothing() -> None:
    """Eleven minutes are too short for a hundred looks."""
    result = again(*eleven_minutes(), who=policy(confirm=Repeat(threshold=100, interval=10 * SECOND)))
    assert [difference.kind for difference in result.differences] == [Kind.NOT_OPENED]


def test_a_slower_recovery_ends_it_later() -> None:
    """It is called back later."""
    result = again(*eleven_minutes(), who=policy(recover=Repeat(threshold=8, interval=20 * SECOND)))
    assert [difference.kind for difference in result.differences] == [Kind.END]


def test_a_quicker_confirmation_opens_what_was_only_suspected() -> None:
    """Two looks were not enough then."""
    short = recorded((UP, HOURS), (DOWN, 15 * SECOND), (UP, HOURS))
    assert short[0].outages == ()
    assert again(*short).differences == []
    result = again(*short, who=policy(confirm=Repeat(threshold=2, interval=10 * SECOND)))
    assert [difference.kind for difference in result.differences] == [Kind.OPENED]


def test_a_rule_that_is_gone_opens_nothing_any_more() -> None:
    """What it recognised is not recognised by anything."""
    result = again(*eleven_minutes(), platform=ruled(*API.rules[1:]))
    assert [difference.kind for difference in result.differences] == [Kind.NOT_OPENED]
    assert result.share == 1.0


def test_a_rule_with_another_reason_tells_another_reason() -> None:
    """Found at the same time, called something else."""
    suspended = replace(API.rules[0], reason=Reason.SUSPENDED)
    result = again(*eleven_minutes(), platform=ruled(suspended, *API.rules[1:]))
    [difference] = result.differences
    assert difference.kind is Kind.REASON
    assert difference.now is not None
    assert difference.now.reason is Reason.SUSPENDED


def test_what_nobody_doubted_then_has_no_control_to_prove_it_now() -> None:
    """A new rule calls it absent; but no control was asked then, so that nothing is claimed, and that is said."""
    strange = recorded((UP, HOURS), (STRANGE, HOURS), (UP, HOURS))
    assert strange[0].outages == ()
    known = Rule(
        id="actor",
        when=(Match(Field(FieldKind.JSON, "error"), ("NoSuchActor",)),),
        verdict=Verdict.ABSENT,
        reason=Reason.NOT_FOUND,
    )
    result = again(*strange, platform=ruled(known, *API.rules))
    assert result.differences == []
    assert result.share is not None
    assert 0.5 < result.share < 0.75
    assert list(result.unjudged) == ["no control was asked after it, since nobody doubted it then"]


def test_what_was_not_kept_counts_as_it_was() -> None:
    """A new rule looks where nothing was kept: not judged, and nothing differs by it."""
    elsewhere = Rule(
        id="state",
        when=(Match(Field(FieldKind.JSON, "state"), ("gone",)),),
        verdict=Verdict.ABSENT,
        reason=Reason.SUSPENDED,
    )
    result = again(*eleven_minutes(), platform=ruled(elsewhere, *API.rules))
    assert result.differences == []
    assert list(result.unjudged) == ["not kept: json:state"]
    assert result.share is not None
    assert result.share < 0.1  # only the missing page was kept whole


def test_samples_of_an_older_version_count_as_they_were() -> None:
    """They have no imprint: the policy is tried, the rules are not."""
    past, since, until = eleven_minutes()
    bare = replace(past, samples=tuple(replace(sample, imprint=None) for sample in past.samples))
    result = again(bare, since, until, platform=ruled())
    assert (result.same, result.differences, result.judged) == (1, [], 0)
    assert list(result.unjudged) == ["no features were kept of it"]


def test_a_source_that_is_gone_and_an_account_that_is_gone_are_said() -> None:
    """Nothing is made up in their place."""
    past, since, until = eleven_minutes()
    other = replace(TOWN, sources=(replace(API, name="other"),))
    assert list(again(past, since, until, platform=other).unjudged) == ["town has no source 'api' any more"]
    nobody = backtest({}, {TOWN.id: TOWN}, {ALICE.id: past}, since, until)
    assert (nobody.accounts, nobody.left_out) == (0, ["town:alice: is not on the watchlist any more"])
    assert nobody.share is None


def test_failures_are_judged_by_no_rule_and_are_the_same_today() -> None:
    """A wall in the middle of an outage neither ends it nor hides it."""
    walled = recorded((UP, HOURS), (DOWN, 5 * MINUTE), (WALL, 10 * MINUTE), (DOWN, 5 * MINUTE), (UP, HOURS))
    assert len(walled[0].outages) == 1
    result = again(*walled)
    assert (result.same, result.differences, result.share) == (1, [], 1.0)


def test_a_presence_that_the_controls_did_not_bear_out_ends_no_outage_today_either() -> None:
    """She is shown while she is gone, but whoever does not exist gets a wall: who knows whom the page shows then."""
    walled = recorded((UP, HOURS), (DOWN, 5 * MINUTE), (UP, 10 * MINUTE, WALL), (DOWN, 5 * MINUTE), (UP, HOURS))
    assert len(walled[0].outages) == 1
    assert Reason.CONTROL_FAILED in {sample.reason for sample in walled[0].samples}
    result = again(*walled)
    assert (result.same, result.differences, result.share) == (1, [], 1.0)


def test_no_look_is_put_where_nobody_watched() -> None:
    """What was not observed is not filled with looks that would confirm."""
    past, since, until = eleven_minutes()
    gone_at = past.outages[0].began.latest
    hidden = Unobserved(account_id=None, from_at=gone_at + SECOND, to_at=gone_at + 10 * MINUTE, cause="not running")
    result = again(replace(past, unobserved=(hidden,)), since, until)
    [difference] = result.differences
    assert difference.kind is Kind.BEGINNING
    assert difference.now is not None
    assert difference.now.confirmed_at >= hidden.to_at


def test_an_outage_that_began_before_what_is_kept_is_left_out() -> None:
    """Retention took its beginning: it is said, and not called different."""
    past, _, until = eleven_minutes()
    later = past.outages[0].confirmed_at + MINUTE
    kept = tuple(sample for sample in past.samples if sample.at > past.outages[0].began.latest)
    result = again(replace(past, samples=kept), later, until)
    assert result.differences == []
    assert result.left_out == [f"{past.outages[0].id}: began before the first look that is kept"]


def test_an_open_outage_is_the_same() -> None:
    """It is not over, then and now."""
    result = again(*recorded((UP, HOURS), (DOWN, 2 * HOURS)))
    assert (result.same, result.differences) == (1, [])


@settings(max_examples=8, deadline=None)
@given(
    parts=st.lists(
        st.tuples(st.sampled_from([UP, DOWN, WALL, STRANGE]), st.integers(1, 1500).map(lambda n: n * SECOND)),
        max_size=6,
    )
)
def test_whatever_happened_nothing_differs_by_the_same_rules(parts: list[tuple[Reply, timedelta]]) -> None:
    """Looks that were not kept are put where they were made, or close to it."""
    result = again(*recorded((UP, HOURS), *parts, (UP, HOURS)))
    assert result.differences == []
    assert result.share == 1.0


def test_the_record_is_plain_data() -> None:
    """What --json prints."""
    result = again(*eleven_minutes(), who=policy(confirm=Repeat(threshold=100, interval=10 * SECOND)))
    data = json.loads(json.dumps(record(result)))
    assert data["share"] == 1.0
    assert [difference["kind"] for difference in data["differences"]] == ["not_opened"]
    assert data["differences"][0]["now"] is None


def test_of_a_present_account_no_more_than_fields_is_in_a_sample() -> None:
    """Judged again by them all the same."""
    past, _, _ = eleven_minutes()
    present = [sample.imprint for sample in past.samples if sample.verdict is Verdict.PRESENT]
    assert present
    assert all(isinstance(each, Imprint) and not each.whole and each.document is None for each in present)
