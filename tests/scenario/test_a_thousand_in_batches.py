"""A thousand accounts of Bluesky, asked about 25 at a time: what it costs, and that nothing is lost or made up by it.

What is asked of the platform is read from the platform's own log.
"""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import BLUESKY, World, watching
from watcher.demo.answers import Page
from watcher.model.finding import Certainty, Reason
from watcher.model.outage import Phase, TransitionKind

MINUTE = timedelta(minutes=1)
# The one of Bluesky's controls that no World has.
NYTIMES = "nytimes.com"


def handles(count: int) -> list[str]:
    """So many accounts."""
    return [f"member{number:04}.example" for number in range(count)]


def world(directory: Path, who: list[str], **options: bool) -> World:
    """All of them watched every 60 s."""
    urls = (f"https://bsky.app/profile/{handle}" for handle in who)
    return World(directory, watching(*urls), hosts=(BLUESKY,), **options)  # type: ignore[arg-type] # durable, threaded


def settle_in(stage: World, who: list[str]) -> None:
    """They are all there."""
    for handle in (NYTIMES, *who):
        stage.bluesky.set(handle, Page.PRESENT)


def requests_a_minute(stage: World, since: datetime, minutes: int) -> list[int]:
    """How many requests came in each minute."""
    counted = Counter((at - since) // MINUTE for at in stage.bluesky.arrivals if at >= since)
    return [counted[minute] for minute in range(minutes)]


def singles(stage: World, since: datetime) -> list[str]:
    """Who was asked about alone, the controls included."""
    return [r.handle for r in stage.bluesky.requests if r.at >= since and "getProfile?" in r.path]


def test_a_thousand_cost_fifty_requests_a_minute(tmp_path: Path) -> None:
    """Controls included, and those of a start; one that vanishes is found within the interval and thirty seconds."""
    who = handles(1000)

    async def story() -> None:
        async with world(tmp_path, who) as stage:
            settle_in(stage, who)
            began = stage.now
            await stage.wait(minutes=2)
            assert {state.phase for state in stage.app.book.states.values()} == {Phase.UP}
            assert max(requests_a_minute(stage, began, 2)) <= 50
            looked = [state.last_probe_at for state in stage.app.book.states.values()]
            assert min(at for at in looked if at is not None) >= stage.now - timedelta(seconds=61)
            assert await stage.sample("watcher_probes_total", platform="bluesky") == len(stage.bluesky.arrivals)
            assert singles(stage, began) == []

            gone, account_id = who[123], f"bluesky:{who[123]}"
            stage.bluesky.set(gone, Page.SUSPENDED)
            gone_at = stage.now
            await stage.until(lambda: stage.state(account_id).phase is Phase.DOWN, seconds=90)
            [outage] = await stage.outages()
            assert (outage.account_id, outage.reason) == (account_id, Reason.SUSPENDED)
            assert outage.certainty is Certainty.STATED, "the single look-up said so: the batch only left it out"
            assert gone_at <= outage.began.latest
            stage.bluesky.set(gone, Page.PRESENT)
            await stage.until(lambda: stage.state(account_id).phase is Phase.UP, seconds=60)

    run_virtual(story())


def test_an_endpoint_that_leaves_everybody_out_opens_nothing(tmp_path: Path) -> None:
    """Its controls are left out as well: single look-ups take over until it is well, and nobody hears of anything."""
    who = handles(30)

    async def story() -> None:
        async with world(tmp_path, who) as stage:
            settle_in(stage, who)
            await stage.wait(minutes=2)
            broken_at = stage.now
            stage.bluesky.batch = lambda: web.json_response({"profiles": []})
            await stage.wait(minutes=3)
            assert {state.phase for state in stage.app.book.states.values()} == {Phase.UP}
            looked = [state.observed_until for state in stage.app.book.states.values()]
            assert min(at for at in looked if at is not None) >= stage.now - timedelta(seconds=75), "all were seen"
            assert set(who) <= set(singles(stage, broken_at))
            stage.bluesky.batch = None
            await stage.wait(minutes=7)
            well_at = stage.now
            await stage.wait(minutes=2)
            assert not {*singles(stage, well_at)} & {*who}, "they go together again"
            kinds = await stage.happened(TransitionKind.ACCOUNT_SUSPECTED, TransitionKind.OUTAGE_OPENED)
            assert kinds == []
            assert stage.texts() == []

    run_virtual(story())


def test_an_endpoint_that_leaves_out_only_accounts_opens_nothing(tmp_path: Path) -> None:
    """Its controls are there, so each account is looked at alone, found, and nothing is told."""
    who = handles(20)

    async def story() -> None:
        async with world(tmp_path, who) as stage:
            settle_in(stage, who)
            await stage.wait(minutes=2)
            control = {"did": "did:plc:control", "handle": "bsky.app", "labels": []}
            others = [{**control, "handle": handle} for handle in ("atproto.com", NYTIMES)]
            stage.bluesky.batch = lambda: web.json_response({"profiles": [control, *others]})
            await stage.wait(minutes=2)
            assert {state.phase for state in stage.app.book.states.values()} == {Phase.UP}
            looked = [state.observed_until for state in stage.app.book.states.values()]
            assert min(at for at in looked if at is not None) >= stage.now - timedelta(seconds=75)
            assert await stage.happened(TransitionKind.ACCOUNT_SUSPECTED) == []

    run_virtual(story())


def test_a_failing_endpoint_falls_back(tmp_path: Path) -> None:
    """500 for the many: each is asked alone within the interval, and one that vanishes meanwhile is found."""
    who = handles(40)

    async def story() -> None:
        async with world(tmp_path, who) as stage:
            settle_in(stage, who)
            await stage.wait(minutes=2)
            stage.bluesky.batch = lambda: web.json_response({"error": "InternalServerError"}, status=500)
            await stage.wait(minutes=2)
            account_id = f"bluesky:{who[7]}"
            stage.bluesky.set(who[7], Page.DEACTIVATED)
            await stage.until(lambda: stage.state(account_id).phase is Phase.DOWN, seconds=90)
            [outage] = await stage.outages()
            assert (outage.account_id, outage.reason) == (account_id, Reason.DEACTIVATED)
            others = [state for each, state in stage.app.book.states.items() if each != account_id]
            assert {state.phase for state in others} == {Phase.UP}
            assert {state.blind_since for state in others} == {None}

    run_virtual(story())


def test_killed_while_a_batch_is_on_its_way(tmp_path: Path) -> None:
    """What was not judged is asked again after the start; an outage that was open goes on, and is told once."""
    who = handles(30)

    async def story() -> None:
        async with world(tmp_path, who, durable=True, threaded=False) as stage:
            settle_in(stage, who)
            await stage.wait(minutes=2)
            down, later = f"bluesky:{who[3]}", f"bluesky:{who[4]}"
            stage.bluesky.set(who[3], Page.NOT_FOUND)
            await stage.until(lambda: stage.state(down).phase is Phase.DOWN, seconds=90)
            stage.bluesky.set(who[4], Page.SUSPENDED)
            stage.bluesky.delay = timedelta(seconds=5)
            await stage.until(lambda: stage.bluesky.at_work > 0 and _is_asked(stage, who[4]), minutes=2)
            await stage.restart(minutes=1, kill=True)
            stage.bluesky.delay = timedelta(0)
            assert stage.state(down).phase is Phase.DOWN
            await stage.wait(minutes=2)
            assert stage.state(later).phase is Phase.DOWN
            assert {o.account_id for o in await stage.outages()} == {down, later}
            assert len([text for text in stage.texts() if who[3] in text]) == 1
            looked = [state.last_probe_at for state in stage.app.book.states.values()]
            assert min(at for at in looked if at is not None) >= stage.now - timedelta(seconds=75)

    run_virtual(story())


def _is_asked(stage: World, handle: str) -> bool:
    """True while a batch that asks about it is on its way."""
    asked = [r for r in stage.bluesky.requests if r.handle == handle and "getProfiles" in r.path]
    return bool(asked) and asked[-1].at > stage.now - timedelta(seconds=4)
