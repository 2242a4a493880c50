"""What `watcher plan` says before a run, held against the run: requests a minute, intervals, how late people are told.

The requests are read from the platform's own log, the messages from Slack's.
"""

from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import BLUESKY, World, X, watching
from watcher.demo.answers import Page
from watcher.forecast import ANSWER, Forecast, forecast
from watcher.settings.load import load_all


def pace(requests: int) -> str:
    """X, asked for so many pages a minute."""
    return f"  x: {{sources: {{page: {{robots: override}}}}, pace: {{requests: {requests}, per: 1m}}}}\n"


def foreseen(world: World) -> Forecast:
    """The plan of what the world runs."""
    loaded = load_all(world.directory / "watcher.yaml", {})
    return forecast(loaded.watchlist, loaded.platforms, loaded.settings)


def handle_of(host: str, number: int) -> str:
    """One of the crowd."""
    return {X: f"user{number}", BLUESKY: f"user{number}.example"}[host]


def crowd(host: str, many: int) -> str:
    """A watchlist of so many accounts of one host."""
    profile = {X: "https://x.com/", BLUESKY: "https://bsky.app/profile/"}[host]
    return watching(*(f"{profile}{handle_of(host, number)}" for number in range(many)))


def settle_in(world: World, host: str, many: int) -> None:
    """They are all there, and so is the one of Bluesky's controls that no World has."""
    for handle in (*(handle_of(host, number) for number in range(many)), "nytimes.com"):
        world.at[host].set(handle, Page.PRESENT)


@pytest.mark.parametrize(
    ("host", "many", "limit"),
    [(X, 12, 20), (X, 40, 10), (BLUESKY, 70, 10)],
    ids=["within its pace", "asked too much", "in batches"],
)
def test_requests_a_minute(tmp_path: Path, host: str, many: int, limit: int) -> None:
    """Over twenty minutes a host gets as many requests as were foreseen, and each account its looks."""

    async def story() -> None:
        async with World(tmp_path, crowd(host, many), hosts=(host,), x_settings=pace(limit)) as world:
            settle_in(world, host, many)
            [plan] = foreseen(world).hosts
            [group] = plan.groups
            assert {a.policy.interval for a in world.app.book.watchlist.accounts.values()} == {group.kept}
            await world.wait(minutes=10)
            since = world.now
            await world.wait(minutes=20)
            arrived = sum(at >= since for at in world.at[host].arrivals)
            # A refresh of the controls more or less may fall into that time.
            assert arrived == pytest.approx(plan.requests * 20 * 60, rel=0.05, abs=2)
            states = world.app.book.states.values()
            waited = [world.now - state.last_probe_at for state in states if state.last_probe_at is not None]
            assert len(waited) == many
            assert max(waited) <= group.kept + timedelta(seconds=7), "nobody is looked at more seldom"

    run_virtual(story())


@pytest.mark.parametrize(
    ("host", "many", "limit"),
    [(X, 5, 600), (X, 12, 20), (X, 30, 20), (BLUESKY, 30, 600)],
    ids=["a free host", "a used host", "a host asked too much", "in batches"],
)
def test_delay(tmp_path: Path, host: str, many: int, limit: int) -> None:
    """Accounts vanish at instants spread over the interval: none is told of later than at worst, half by p50."""

    async def story() -> None:
        async with World(tmp_path, crowd(host, many), hosts=(host,), x_settings=pace(limit)) as world:
            settle_in(world, host, many)
            world.at[host].delay = timedelta(seconds=ANSWER)
            [plan] = foreseen(world).hosts
            [group] = plan.groups
            assert group.delay is not None
            delays = [await told_after(world, host, n, group.kept * (n + 0.5) / 5) for n in range(5)]
            assert max(delays) <= group.delay.worst
            usual = group.delay.p50.total_seconds()
            # Of five, on a host without a turn to spare: from account to account that is a quarter more or less.
            assert 0.75 * usual <= median(delay.total_seconds() for delay in delays) <= 1.15 * usual

    run_virtual(story())


def test_many_pages_of_one_host(tmp_path: Path) -> None:
    """Each has controls of its own. From the first hour on looks are made as foreseen, and people are told in time."""

    async def story() -> None:
        host = "paper.example"
        listed = "defaults: {interval: 30m}\naccounts:\n" + "".join(
            f"  - {{url: 'https://{host}/jane{n}?desk={n}', platform: generic, handle: jane{n}, "
            "controls: {present: [sam, kim]}}\n"
            for n in range(5)
        )
        slow = "  generic: {pace: {requests: 2, per: 1m}}\n"
        async with World(tmp_path, listed, hosts=(host,), platforms=slow) as world:
            janes = [f"jane{n}" for n in range(5)]
            for handle in ("sam", "kim", *janes):
                world.at[host].set(handle, Page.PRESENT)
            [plan] = foreseen(world).hosts
            delay = plan.groups[0].delay
            assert delay is not None
            assert plan.used < 0.3
            await world.wait(hours=1)
            assert sum(request.handle in janes for request in world.at[host].requests) >= 2 * len(janes)
            since = world.now
            await world.wait(hours=3)
            arrived = sum(at >= since for at in world.at[host].arrivals)
            assert arrived == pytest.approx(plan.requests * 3 * 3600, rel=0.05)
            gone_at = world.now
            world.at[host].set("jane0", Page.MISSING_FR)
            await world.until(lambda: len(world.texts()) == 1, minutes=60)
            assert world.now - gone_at <= delay.worst

    run_virtual(story())


async def told_after(world: World, host: str, number: int, later: timedelta) -> timedelta:
    """How long people waited for one that vanished so much `later` than it was looked at; it is back afterwards."""
    handle = handle_of(host, number)
    account_id = f"{'x' if host == X else 'bluesky'}:{handle}"
    seen, told = world.state(account_id).last_probe_at, len(world.texts())
    await world.until(lambda: world.state(account_id).last_probe_at != seen, minutes=5)
    await world.wait(seconds=later.total_seconds())
    gone_at = world.now
    world.at[host].set(handle, Page.SUSPENDED)
    await world.until(lambda: len(world.texts()) == told + 1, minutes=10)
    delay = world.now - gone_at
    world.at[host].set(handle, Page.PRESENT)
    await world.until(lambda: len(world.texts()) == told + 2, minutes=10)
    return delay


@pytest.mark.parametrize("host", [X, BLUESKY])
def test_what_an_outage_adds(tmp_path: Path, host: str) -> None:
    """As many requests as were foreseen until it is told, and no more a minute than were foreseen after that."""

    async def story() -> None:
        async with World(tmp_path, crowd(host, 3), hosts=(host,), x_settings=pace(600)) as world:
            settle_in(world, host, 3)
            [plan] = foreseen(world).hosts
            await world.wait(minutes=5, seconds=10)
            stage, since = world.at[host], world.now
            stage.set(handle_of(host, 0), Page.SUSPENDED)
            await world.until(lambda: len(world.texts()) == 1, minutes=2)
            usual = plan.requests * (world.now - since).total_seconds()
            # Which part of a round of looks falls into that time is open.
            assert sum(at >= since for at in stage.arrivals) == pytest.approx(plan.to_confirm + usual, abs=2)
            since = world.now
            await world.wait(minutes=10)
            assert sum(at >= since for at in stage.arrivals) == pytest.approx(
                (plan.while_gone + plan.requests) * 600, rel=0.1
            )

    run_virtual(story())


def test_those_that_are_down_leave_the_others_half(tmp_path: Path) -> None:
    """On a host that is used to the full, the looks at one that is gone and their controls are no more than half."""

    async def story() -> None:
        async with World(tmp_path, crowd(X, 30), x_settings=pace(10)) as world:
            settle_in(world, X, 30)
            await world.wait(minutes=30)
            world.x.set(handle_of(X, 0), Page.SUSPENDED)
            await world.until(lambda: world.state("x:user0").is_down, minutes=10)
            since = world.now
            await world.wait(minutes=15)
            asked = [request.handle for request in world.x.requests if request.at >= since]
            others = {handle_of(X, number) for number in range(1, 30)}
            # Three refreshes of the controls are nobody's.
            assert sum(handle in others for handle in asked) >= (len(asked) - 3 * 2) / 2
            assert asked.count(handle_of(X, 0)) >= len(asked) / 5, "it is followed all the same"
            assert await world.outages() != []

    run_virtual(story())
