"""What people get when 500 accounts vanish within a minute: `python -m bench.storm [--accounts 500] [--json]`.

Once all on one platform, and once those of 500 owners on 20 platforms. The whole program in virtual time, with a Slack
that takes one message a second. The exit status is 1 when a promise is broken: one alert a route (or a platform), one
end of each, never two messages within a second, every outage measured.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World
from watcher.demo.answers import Page
from watcher.model.outage import Phase

_BLUESKY = Path(__file__).parents[1] / "watcher/platforms/bluesky.yaml"
_CONTROLS = ("bsky.app", "nytimes.com", "atproto.com")
_PLATFORMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Who vanishes: handles by the host that they are on, and how the route groups."""

    name: str
    members: dict[str, list[str]]
    group_by: str
    alerts: int


class _Stamped(list[Any]):
    """A list that notes when something was added."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.at: list[datetime] = []
        self._world = world

    def append(self, item: Any) -> None:
        """Add, and note the story's time."""
        self.at.append(self._world.now)
        super().append(item)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What came of a storm. Spans in seconds."""

    name: str
    accounts: int
    alerts: int
    updates: int
    ends: int
    wanted: int
    least_spacing: float
    first_news: float
    last_news: float
    outages: int
    measured: int
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether all that is promised was kept."""
        told = self.alerts <= self.wanted and self.ends == self.alerts
        return told and self.least_spacing >= 1 and self.measured == self.outages == self.accounts


def storms(accounts: int) -> tuple[Storm, ...]:
    """One platform, and many."""
    one = {"p00.example": [f"m{number:04}.example" for number in range(accounts)]}
    each = accounts // _PLATFORMS
    many = {
        f"p{place:02}.example": [f"m{place:02}x{number:03}.example" for number in range(each)]
        for place in range(_PLATFORMS)
    }
    return (
        Storm(name="one platform", members=one, group_by="platform", alerts=1),
        Storm(name=f"{_PLATFORMS} platforms", members=many, group_by="platform", alerts=_PLATFORMS),
    )


def _configure(directory: Path, storm: Storm) -> str:
    """Write the platform files; the watchlist, in which everybody is an owner."""
    (directory / "platforms").mkdir()
    text = _BLUESKY.read_text("utf-8")
    owners, entries = [], []
    for host, handles in storm.members.items():
        name = host.partition(".")[0]
        its = text.replace("public.api.bsky.app", host).replace("//bsky.app/", f"//{host}/")
        its = its.replace("platform: bluesky", f"platform: {name}").replace("title: Bluesky", f"title: {name.upper()}")
        (directory / "platforms" / f"{name}.yaml").write_text(its, "utf-8")
        owners += [f"  {name}-{number}: Owner {name} {number}" for number in range(len(handles))]
        entries += [
            f"  - {{platform: {name}, handle: {handle}, owner: {name}-{number}}}"
            for number, handle in enumerate(handles)
        ]
    return "owners:\n" + "\n".join(owners) + "\naccounts:\n" + "\n".join(entries) + "\n"


async def play(directory: Path, storm: Storm) -> Figures:
    """Let them all vanish within a minute, and come back within another, ten minutes later."""
    chance = random.Random(2017)
    watchlist = _configure(directory, storm)
    paces = "".join(
        f"  {host.partition('.')[0]}: {{pace: {{requests: 60000, per: 1m, concurrency: 200}}}}\n"
        for host in storm.members
    )
    world = World(
        directory, watchlist, hosts=tuple(storm.members), platforms=paces, routes=f", group_by: {storm.group_by}"
    )
    async with world:
        everybody = [(host, handle) for host, handles in storm.members.items() for handle in handles]
        for host in storm.members:
            for handle in (*_CONTROLS, *storm.members[host]):
                world.at[host].set(handle, Page.PRESENT)
        await world.wait(minutes=3)
        accepted = world.slack.accepted = _Stamped(world)
        turned = world.now
        for page in (Page.NOT_FOUND, Page.PRESENT):
            chance.shuffle(everybody)
            began = world.now
            for place, (host, handle) in enumerate(everybody):
                await world.wait(seconds=max(0.0, (began - world.now).total_seconds() + 60 * place / len(everybody)))
                world.at[host].set(handle, page)
            await world.wait(minutes=10)
        states = world.app.book.states.values()
        assert all(state.phase is Phase.UP for state in states)
        return _figures(storm, accepted, turned, [o.ended is not None for o in await world.outages()])


def _figures(storm: Storm, accepted: _Stamped, turned: datetime, ended: list[bool]) -> Figures:
    kinds = Counter(str(payload["blocks"][0]["block_id"]).split("/")[2] for payload in accepted)
    spacing = [
        (later - sooner) / timedelta(seconds=1) for sooner, later in zip(accepted.at, accepted.at[1:], strict=False)
    ]
    return Figures(
        name=storm.name,
        accounts=sum(map(len, storm.members.values())),
        alerts=kinds["alert"],
        updates=kinds["update"],
        ends=kinds["resolved"],
        wanted=storm.alerts,
        least_spacing=round(min(spacing, default=1.0), 3),
        first_news=round((accepted.at[0] - turned).total_seconds(), 1),
        last_news=round((accepted.at[-1] - turned).total_seconds(), 1),
        outages=len(ended),
        measured=sum(ended),
        kinds=dict(kinds),
    )


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = []
    for storm in storms(asked.accounts):
        began = time.process_time()
        with TemporaryDirectory() as directory:
            figures = run_virtual(play(Path(directory), storm))
        found.append(figures)
        if not asked.json:
            print(
                f"{figures.name:14} {figures.accounts} accounts: {figures.alerts} alerts (at most {figures.wanted}), "
                f"{figures.updates} updates, {figures.ends} ends; {figures.least_spacing} s between two messages; "
                f"first news after {figures.first_news} s; {figures.measured} of {figures.outages} outages measured; "
                f"{time.process_time() - began:.0f} s of CPU: {'ok' if figures.ok else 'BROKEN'}"
            )
    if asked.json:
        print(
            json.dumps([{**{k: getattr(each, k) for k in each.__slots__}, "ok": each.ok} for each in found], indent=2)
        )
    return 0 if all(each.ok for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
