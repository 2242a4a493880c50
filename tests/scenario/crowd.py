"""Many accounts of one platform in one World, each with its own turn of the page: what every phase of polling gives.

The truth is the platform's own log of what it showed.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World
from watcher.demo.answers import Page
from watcher.judge import cohort
from watcher.model.notification import NotificationKind
from watcher.model.outage import Outage, Phase
from watcher.schedule.plan import phase

ELEVEN = timedelta(minutes=11)
MINUTE = timedelta(minutes=1)
# An answer takes no time here, but an account is looked at with the first tick of the schedule after it is due.
TICK = timedelta(milliseconds=250)
# First looks are spread over one interval; within the next, every account is seen in its own phase.
_SETTLED = 2
# Slack takes a message a second: so many accounts vanish within an interval of 60 s that it keeps up.
A_WAVE = 42


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where the crowd lives: a platform, how a profile is written in a watchlist, and what a missing one shows."""

    platform: str
    host: str
    profile: str
    handle: str
    missing: Page


BLUESKY = Home(
    platform="bluesky",
    host="public.api.bsky.app",
    profile="https://bsky.app/profile/",
    handle="visitor{}.example",
    missing=Page.NOT_FOUND,
)
X = Home(platform="x", host="x.com", profile="https://x.com/", handle="visitor{}", missing=Page.MISSING_FR)

# How many phases are tried: all thousand take a processor four minutes. `PHASES=1000 make test ARGS="-k phase"`.
PHASES = int(os.environ.get("PHASES", "60"))

# The one of Bluesky's controls that no World has.
_CONTROLS = ("nytimes.com",)
# As much as Bluesky is asked here: what a narrow pace does to a crowd is another story.
_PACES = "  bluesky: {pace: {requests: 60000, per: 1m, concurrency: 200}}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One account: gone `wave` intervals after all have settled and `after` its own poll, for as long as `lasts`."""

    handle: str
    wave: int
    after: timedelta
    lasts: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """One account's absence: what the platform's log says, what the monitor stored, and when people were told."""

    handle: str
    gone_at: datetime
    back_at: datetime
    outage: Outage
    alerted_at: datetime | None
    resolved_at: datetime | None

    @property
    def truth(self) -> timedelta:
        """How long the page was gone."""
        return self.back_at - self.gone_at

    @property
    def is_within(self) -> bool:
        """True when the truth lies within the bounds."""
        duration = self.outage.duration
        return duration.max is not None and duration.min <= self.truth <= duration.max

    @property
    def error(self) -> timedelta:
        """How far the best estimate is from the truth."""
        return abs(self.outage.duration.best - self.truth)

    @property
    def width(self) -> timedelta:
        """The distance of the bounds."""
        assert self.outage.duration.margin is not None
        return 2 * self.outage.duration.margin


def quarter(which: int) -> range:
    """A quarter of the phases that are tried, of a thousand, evenly over the interval."""
    step = 4000 // PHASES
    return range(which * step // 4, 1000, step)


def at_phases(
    home: Home,
    numbers: Iterable[int],
    interval: timedelta,
    of: int,
    lasting: Callable[[int], timedelta] = lambda _number: ELEVEN,
    a_wave: int = A_WAVE,
) -> list[Member]:
    """An account for each of the `numbers`, gone that many `of`-ths of the interval after its own poll.

    At most `a_wave` of them vanish within one interval.
    """
    numbers = tuple(numbers)
    waves = -(-len(numbers) // a_wave)
    return [
        Member(
            handle=home.handle.format(number),
            wave=place % waves,
            after=interval * number / of,
            lasts=lasting(number),
        )
        for place, number in enumerate(numbers)
    ]


def watch(
    directory: Path, home: Home, members: list[Member], interval: timedelta, **platform_options: Any
) -> list[Absence]:
    """Watch the members through their absences, polled every `interval`; what became of each, in the same order.

    Each must have had one outage. `platform_options` are those of the ScriptedPlatform.
    """

    async def story() -> list[Absence]:
        world = _Crowded(
            directory,
            _watchlist(home, members, interval),
            hosts=(home.host,),
            platforms=_PACES if home is BLUESKY else "",
            platform_options=platform_options,
        )
        async with world:
            for handle in (*_CONTROLS, *(member.handle for member in members)):
                world.at[home.host].set(handle, Page.PRESENT)
            await _play(world, home, members, interval)
            return await _absences(world, home, members)

    # Here many vanish at once for the sake of the phases: what is told of a mass event, and that the others are looked
    # at sooner then, is another story.
    alone = patch.object(cohort.Absences, "is_in_company", return_value=False)
    with patch.object(cohort, "LEAST", len(members) + 1), alone:
        return run_virtual(story())


def check_limits(absences: Iterable[Absence]) -> None:
    """The promises for prompt answers and an interval of 60 s, kept for each."""
    for absence in absences:
        assert absence.is_within, absence
        assert absence.width <= timedelta(seconds=90), absence
        assert absence.error <= timedelta(seconds=35) + TICK, absence
        assert absence.alerted_at is not None, absence
        assert absence.alerted_at - absence.gone_at <= timedelta(seconds=90), absence
        assert absence.resolved_at is not None, absence
        assert absence.resolved_at - absence.back_at <= timedelta(seconds=30), absence


def _watchlist(home: Home, members: Iterable[Member], interval: timedelta) -> str:
    head = f"defaults: {{interval: {interval.total_seconds():.0f}s, severity: critical}}\naccounts:\n"
    return head + "".join(f"  - {home.profile}{member.handle}\n" for member in members)


async def _play(world: World, home: Home, members: Iterable[Member], interval: timedelta) -> None:
    """Let every page turn at its time, and go on until all are seen again and people have been told."""
    acts = []
    for member in members:
        settled = world.now + (_SETTLED + member.wave) * interval
        gone_at = phase(f"{home.platform}:{member.handle}", interval, settled) + member.after
        acts += [(gone_at, member.handle, home.missing), (gone_at + member.lasts, member.handle, Page.PRESENT)]
    for at, handle, page in sorted(acts):
        await world.wait(seconds=(at - world.now).total_seconds())
        world.at[home.host].set(handle, page)
    states = world.app.book.states
    await world.until(lambda: all(state.phase is Phase.UP for state in states.values()), minutes=5)
    await world.wait(seconds=20)


async def _absences(world: World, home: Home, members: Iterable[Member]) -> list[Absence]:
    turns: dict[str, list[datetime]] = {}
    for change in world.at[home.host].log:
        turns.setdefault(change.handle, []).append(change.at)
    stored = {outage.account_id: outage for outage in await world.outages()}
    found = []
    for member in members:
        _, gone_at, back_at = turns[member.handle]
        outage = stored.pop(f"{home.platform}:{member.handle}")
        told = await _told(world, outage)
        found.append(
            Absence(
                handle=member.handle,
                gone_at=gone_at,
                back_at=back_at,
                outage=outage,
                alerted_at=told.get(NotificationKind.ALERT),
                resolved_at=told.get(NotificationKind.RESOLVED),
            )
        )
    assert not stored, "somebody else was said to be gone"
    return found


async def _told(world: World, outage: Outage) -> Mapping[NotificationKind, datetime | None]:
    return {told.kind: told.delivered_at for told in await world.told(outage.id)}


class _Crowded(World):
    """A World in which nearly always somebody waits for Slack's next second, with nothing on the wire."""

    def _is_expecting(self) -> bool:
        expecting = super()._is_expecting()
        if not expecting or not hasattr(self, "app"):
            return expecting
        lanes = self.app._telling.outbox._lanes.values()
        resting = all(lane.free_at is not None and lane.free_at > self.now for lane in lanes)
        return not resting or self._asked() > sum(stage.at_work for stage in self.at.values())
