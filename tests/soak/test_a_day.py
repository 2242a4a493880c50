"""A day in compressed time: outages by a script, with edits, restarts and faults between; what is stored is the script.

Half of one unless `SOAK_HOURS=24` asks for all of it: a day takes a processor two minutes.

Time is virtual, everything else is real: the servers, TLS, SQLite, the files that are edited.
"""

import gc
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from tests.fakes.slack import SERVER_ERROR
from tests.fakes.virtual_time import START, run_virtual
from tests.scenario.world import BLUESKY, World, X
from watcher.demo.answers import Page
from watcher.model.outage import Outage
from watcher.schedule import LoopTicker

SEED = 20171102
HOURS = int(os.environ.get("SOAK_HOURS", "12"))
HOUR = timedelta(hours=1)
DAY = HOURS * HOUR
BIRDS = tuple(f"bird{number}.example" for number in range(3))
PAGES = ("alice",)
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")

_COARSE = timedelta(seconds=6)


class CoarseTicker(LoopTicker):
    """Ticks every six seconds at most: a day has so many quarters of a second."""

    def every(self, period: timedelta, action: Callable[[], None]) -> None:
        """Call `action` now and then."""
        super().every(max(period, _COARSE), action)


Action = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """At `at` after the beginning, `do`."""

    at: timedelta
    do: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What the process holds at one moment: objects that the collector knows, bytes in memory, open files."""

    objects: int
    resident: int
    files: int


def weigh() -> Weight:
    """Weigh this process, once all garbage is gone."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_SIZE
    return Weight(objects=len(gc.get_objects()), resident=resident, files=len(list(Path("/proc/self/fd").iterdir())))


def watchlist(guests: int, severity: str) -> str:
    """All accounts, so many guests, and the severity of the first."""
    birds = "".join(f"  - https://bsky.app/profile/{handle}\n" for handle in (*BIRDS[1:], *visitors(guests)))
    pages = "".join(f"  - https://x.com/{handle}\n" for handle in PAGES)
    first = f"  - {{url: https://bsky.app/profile/{BIRDS[0]}, severity: {severity}}}\n"
    return f"defaults: {{interval: 5m}}\naccounts:\n{first}{birds}{pages}"


def visitors(count: int) -> tuple[str, ...]:
    """Accounts that come and go by edits; they are always there."""
    return tuple(f"guest{number}.example" for number in range(count))


def absences(chance: random.Random) -> Iterator[Event]:
    """Each account is gone now and then, for half an hour to an hour, with an hour or more between."""
    for handle in (*BIRDS, *PAGES):
        at = timedelta(minutes=chance.uniform(10, 240))
        while at < DAY - 3 * HOUR:
            lasts = timedelta(minutes=chance.uniform(30, 60))
            yield Event(at=at, do=_turn(handle, Page.SUSPENDED if handle in BIRDS else Page.MISSING_FR))
            yield Event(at=at + lasts, do=_turn(handle, Page.PRESENT))
            at += lasts + timedelta(minutes=chance.uniform(60, 300))


def _turn(handle: str, page: Page) -> Action:
    async def turn(world: World) -> None:
        world.at[X if handle in PAGES else BLUESKY].set(handle, page)

    return turn


def disturbances(chance: random.Random) -> Iterator[Event]:
    """Every hour an edit; in turn a restart, a kill, a wall, an error for all, no network, and a Slack that fails."""
    kinds = (stop, wall, kill, error, unplug, mute)
    for hour in range(HOURS - 1):
        at = (hour + chance.uniform(0.1, 0.4)) * HOUR
        yield Event(at=at, do=_edit(chance.randrange(4), chance.choice(("critical", "warning"))))
        yield Event(at=at + timedelta(minutes=5), do=kinds[hour % len(kinds)])


def _edit(guests: int, severity: str) -> Action:
    async def edit(world: World) -> None:
        world.edit(watchlist(guests, severity))
        expected = len(BIRDS) + len(PAGES) + guests
        await world.until(lambda: len(world.app.book.states) == expected, seconds=30)

    return edit


async def stop(world: World) -> None:
    """Stopped in order, away for two minutes."""
    await world.stop()
    await world.wait(minutes=2)
    await world.start((world.directory / "watchlist.yaml").read_text())


async def kill(world: World) -> None:
    """Killed, and started again at once."""
    await world.kill()
    await world.start((world.directory / "watchlist.yaml").read_text())


async def wall(world: World) -> None:
    """Bluesky shows nobody anything for a quarter of an hour."""
    world.bluesky.set_all(Page.LOGIN_WALL)
    await world.wait(minutes=15)
    world.bluesky.set_all(None)


async def error(world: World) -> None:
    """X fails for a quarter of an hour."""
    world.x.set_all(Page.SERVER_ERROR)
    await world.wait(minutes=15)
    world.x.set_all(None)


async def unplug(world: World) -> None:
    """Nobody is reached for ten minutes."""
    for stage in world.at.values():
        await stage.stop()
    await world.wait(minutes=10)
    for stage in world.at.values():
        await stage.start()


async def mute(world: World) -> None:
    """Slack fails a few times."""
    world.slack.script(*[SERVER_ERROR] * 5)


def scripted(world: World, handle: str) -> list[tuple[datetime, datetime]]:
    """When the account went and came back, by the platform's own log."""
    log = [change for change in world.at[X if handle in PAGES else BLUESKY].log if change.handle == handle]
    turns = [change.at for change in log[1:]]
    return list(zip(turns[::2], turns[1::2], strict=True))


def assert_is(outage: Outage, gone_at: datetime, back_at: datetime) -> None:
    """The bounds of the outage hold the absence, and both of its ends."""
    duration = outage.duration
    assert duration.max is not None
    assert duration.min <= back_at - gone_at <= duration.max
    assert outage.last_present <= gone_at <= outage.began.latest
    assert outage.ended is not None
    assert outage.last_absent.earliest <= back_at <= outage.ended.latest


async def hours(world: World, events: list[Event], told: Counter[str]) -> list[Weight]:
    """Play all events in their order; the weight at the end of each hour."""
    weights: list[Weight] = []
    plan = [*events, *(Event(at=hour * HOUR, do=_nothing) for hour in range(1, HOURS + 1))]
    for event in sorted(plan, key=lambda event: event.at):
        ahead = START + event.at - world.now
        await world.wait(seconds=max(0.0, ahead.total_seconds()))
        await event.do(world)
        if event.do is _nothing:
            told.update(str(payload["blocks"][0]["block_id"]) for payload in world.slack.accepted)
            _forget(world)
            weights.append(weigh())
    return weights


def _forget(world: World) -> None:
    """Let the fakes' own recordings go: they are not what is weighed."""
    world.slack.accepted.clear()
    world.slack.received.clear()
    world.log.clear()
    for stage in world.at.values():
        stage.requests.clear()
        stage._copies.clear()


async def _nothing(_world: World) -> None:
    return


def growth(weights: list[Weight], what: Callable[[Weight], int]) -> float:
    """The last hours over the first ones, without the very first: 1.0 is flat."""
    quarter = HOURS // 4
    return median(map(what, weights[-quarter:])) / median(map(what, weights[1 : 1 + quarter]))


@pytest.mark.timeout(400)
def test_a_day_with_edits_restarts_and_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every absence of the script is one outage with bounds that hold it, and told; memory and open files stay flat."""
    # A commit wakes the outbox; who looks every second has nothing to do 86,000 times a day.
    monkeypatch.setattr("watcher.notify.outbox._POLL", timedelta(seconds=10))

    async def story() -> None:
        chance = random.Random(SEED)
        events = [*absences(chance), *disturbances(chance)]
        told: Counter[str] = Counter()
        scene = World(
            tmp_path, watchlist(0, "warning"), hosts=(X, BLUESKY), durable=True, threaded=False, ticker=CoarseTicker
        )
        async with scene as world:
            for handle in (*BIRDS, *visitors(4)):
                world.bluesky.set(handle, Page.PRESENT)
            for handle in PAGES:
                world.x.set(handle, Page.PRESENT)
            weights = await hours(world, events, told)
            found = await world.outages()
            for handle in (*BIRDS, *PAGES):
                own = [outage for outage in found if outage.account_id.endswith(f":{handle}")]
                script = scripted(world, handle)
                assert len(own) == len(script) > 0, handle
                for outage, (gone_at, back_at) in zip(own, script, strict=True):
                    assert_is(outage, gone_at, back_at)
            assert len(found) == sum(len(scripted(world, handle)) for handle in (*BIRDS, *PAGES))
            for outage in found:
                assert told[f"{outage.id}/newsroom/alert"] >= 1
            # A message that was on its way when the program was killed may come twice, with the same key.
            assert sum(told.values()) - len(told) <= sum(event.do is kill for event in events)
        sizes = {"objects": growth(weights, lambda w: w.objects), "bytes": growth(weights, lambda w: w.resident)}
        assert sizes["objects"] <= 1.05, (sizes, weights)
        assert sizes["bytes"] <= 1.05, (sizes, weights)
        assert weights[-1].files <= weights[1].files + 2, weights

    run_virtual(story())
