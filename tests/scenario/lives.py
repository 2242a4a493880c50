"""Stories of incidents, each with all that may become of one, that are told again while the program is being killed.

What happens in them is of the platform and of people alone, at fixed times: they know nothing of who is alive. No
account is gone, or there, for so short a time that a few deaths could hide it; `Story.hides` where one does.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tests.fakes.slack import SERVER_ERROR, rate_limited
from tests.scenario.mortal import MortalWorld
from tests.scenario.world import watching
from watcher.demo.answers import Page
from watcher.model.annotation import Annotation
from watcher.model.matchers import parse_matchers
from watcher.model.notification import Incident, IncidentKind
from watcher.model.silence import Silence

_REPEAT: Final = timedelta(minutes=3)
_REMINDED: Final = ", repeat_interval: 3m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens. `routes` is how the one route goes on; `hides`: a death may hide that somebody came or went.

    `repeat` is after how long people are reminded, but for what is `hushed` at times; `pace` within how long what
    changes in a group, or of a mass event, is told. `slack_fails`: it is told late by itself.
    """

    name: str
    watchlist: str
    play: Callable[[MortalWorld], Awaitable[None]]
    routes: str = ""
    hides: bool = False
    hushed: bool = False
    slack_fails: bool = False
    repeat: timedelta | None = None
    pace: timedelta = timedelta(0)


def _incident(world: MortalWorld, kind: IncidentKind, key: str) -> Incident:
    with world.beside() as store:
        return next(each for each in store.incidents(kind=kind) if each.key.startswith(key))


async def _one(world: MortalWorld) -> None:
    """Alice goes, people are reminded until somebody takes care; back, it is explained. Gone again, and taken back."""
    world.x.set("alice", Page.PRESENT)
    await world.minute(1)
    world.x.set("alice", Page.MISSING_FR)
    await world.minute(6)
    with world.beside() as store:
        store.ack(_incident(world, IncidentKind.ACCOUNT, "x:alice").id, "mia", world.now, "I call them")
    await world.minute(9)
    world.x.set("alice", Page.PRESENT)
    await world.minute(11.5)
    with world.beside() as store:
        note = Annotation(outage_id=store.outages()[0].id, at=world.now, by="desk", cause="human error")
        store.annotate(note, tell=True)
    await world.minute(12)
    world.x.set("alice", Page.SUSPENDED)
    await world.minute(16.5)
    world.x.set("alice", Page.PRESENT)
    await world.minute(19)
    with world.beside() as store:
        store.retract(store.outages()[0].id, "a test", by="desk", at=world.now)
    await world.minute(19.5)


_OWNED: Final = """
owners: {mayor: The Mayor}
defaults: {interval: 30s}
accounts:
  - {platform: x, handle: mayor, owner: mayor}
  - {platform: x, handle: mayorpress, owner: mayor}
  - {platform: x, handle: mayoroffice, owner: mayor}
  - {platform: x, handle: stranger, severity: critical}
"""


async def _owner(world: MortalWorld) -> None:
    """The accounts of one owner, told together, go and come back one after the other; and a stranger beside them."""
    for handle in ("mayor", "mayorpress", "mayoroffice", "stranger"):
        world.x.set(handle, Page.PRESENT)
    for minute, handle, page in (
        (1, "mayor", Page.NOT_FOUND),
        (3.5, "mayorpress", Page.NOT_FOUND),
        (4, "stranger", Page.SUSPENDED),
        (4.5, "mayoroffice", Page.NOT_FOUND),
        (8.5, "mayorpress", Page.PRESENT),
        (10, "stranger", Page.PRESENT),
        (11, "mayor", Page.PRESENT),
        (11.5, "mayoroffice", Page.PRESENT),
        (14.5, "mayor", Page.SUSPENDED),
        (18, "mayor", Page.PRESENT),
    ):
        await world.minute(minute)
        world.x.set(handle, page)
    await world.minute(19.5)


_FEW: Final = """
owners: {mayor: The Mayor}
defaults: {interval: 30s}
accounts:
  - {platform: x, handle: alice}
  - {platform: x, handle: mayor, owner: mayor}
  - {platform: x, handle: mayorpress, owner: mayor}
"""


async def _short(world: MortalWorld) -> None:
    """A little of each: one alone, of whom people are reminded, who is taken care of and taken back; two together."""
    for handle in ("alice", "mayor", "mayorpress"):
        world.x.set(handle, Page.PRESENT)
    await world.minute(0.6)
    world.x.set("alice", Page.MISSING_FR)
    await world.minute(1)
    world.x.set("mayor", Page.NOT_FOUND)
    await world.minute(2.5)
    world.x.set("mayorpress", Page.SUSPENDED)
    await world.minute(4.5)
    with world.beside() as store:
        store.ack(_incident(world, IncidentKind.ACCOUNT, "x:alice").id, "mia", world.now, "I call them")
    await world.minute(5)
    world.x.set("mayorpress", Page.PRESENT)
    await world.minute(5.5)
    world.x.set("alice", Page.PRESENT)
    await world.minute(6.5)
    world.x.set("mayor", Page.PRESENT)
    await world.minute(8)
    with world.beside() as store:
        [outage] = store.outages(account_id="x:alice")
        store.retract(outage.id, "a test", by="desk", at=world.now)


_CROWD: Final = ("a1", "b22", "c333", "d4444", "e55555", "f666666")


async def _mass(world: MortalWorld) -> None:
    """Everybody of a platform goes within seconds; all but one return, then the last one does."""
    for handle in _CROWD:
        world.x.set(handle, Page.PRESENT)
    await world.minute(1.5)
    for handle in _CROWD:
        world.x.set(handle, Page.NOT_FOUND)
    await world.minute(9)
    for handle in _CROWD[1:]:
        world.x.set(handle, Page.PRESENT)
    await world.minute(13.5)
    world.x.set(_CROWD[0], Page.PRESENT)
    await world.minute(16)


async def _flapping(world: MortalWorld) -> None:
    """Alice comes and goes every 90 seconds, stays away in the end, and returns."""
    world.x.set("alice", Page.PRESENT)
    await world.minute(3)
    for flip in range(12):
        world.x.set("alice", Page.NOT_FOUND if flip % 2 == 0 else Page.PRESENT)
        await world.wait(seconds=90)
    world.x.set("alice", Page.NOT_FOUND)
    await world.minute(50)
    world.x.set("alice", Page.PRESENT)
    await world.minute(56)


async def _broken(world: MortalWorld) -> None:
    """Slack takes nothing for a while, so that the end is told with the beginning; then it is slow, then well."""
    world.x.set("alice", Page.PRESENT)
    world.x.set("bob", Page.PRESENT)
    await world.minute(1)
    world.slack.refuses = SERVER_ERROR
    world.x.set("alice", Page.NOT_FOUND)
    await world.minute(5)
    world.x.set("alice", Page.PRESENT)
    await world.minute(8)
    world.slack.refuses = rate_limited(20)
    world.x.set("bob", Page.SUSPENDED)
    await world.minute(9.5)
    world.slack.refuses = None
    await world.minute(14)
    world.x.set("bob", Page.PRESENT)
    await world.minute(16)


async def _wall(world: MortalWorld) -> None:
    """Alice is gone; nothing can be seen behind a wall for a while; then she is back. Bob goes in a silence."""
    world.x.set("alice", Page.PRESENT)
    world.x.set("bob", Page.PRESENT)
    await world.minute(1)
    world.x.set("alice", Page.NOT_FOUND)
    await world.minute(5)
    world.x.set_all(Page.LOGIN_WALL)
    await world.minute(10)
    world.x.set_all(None)
    await world.minute(12)
    matchers = parse_matchers(["account=x:bob"])
    silence = Silence(id="s", matchers=matchers, starts_at=world.now, ends_at=world.now + timedelta(minutes=6))
    with world.beside() as store:
        store.add_silence(silence)
    world.x.set("bob", Page.SUSPENDED)
    await world.minute(15)
    world.x.set("alice", Page.PRESENT)
    await world.minute(20.5)
    world.x.set("bob", Page.PRESENT)
    await world.minute(23)


STORIES: Final = (
    Story(
        name="short",
        watchlist=_FEW,
        play=_short,
        routes=", group_by: owner, group_wait: 30s, group_interval: 1m, repeat_interval: 2m",
        repeat=timedelta(minutes=2),
        pace=timedelta(minutes=1),
    ),
    Story(
        name="one",
        watchlist=watching("https://x.com/alice", interval="30s"),
        play=_one,
        routes=_REMINDED,
        repeat=_REPEAT,
    ),
    Story(
        name="owner",
        watchlist=_OWNED,
        play=_owner,
        routes=f", group_by: owner, group_wait: 30s, group_interval: 1m{_REMINDED}",
        repeat=_REPEAT,
        pace=timedelta(minutes=1),
    ),
    Story(
        name="mass",
        watchlist=watching(*(f"https://x.com/{handle}" for handle in _CROWD), interval="30s"),
        play=_mass,
        routes=_REMINDED,
        repeat=_REPEAT,
        pace=timedelta(minutes=1),
    ),
    Story(name="flapping", watchlist=watching("https://x.com/alice"), play=_flapping, hides=True),
    Story(
        name="broken",
        watchlist=watching("https://x.com/alice", "https://x.com/bob", interval="30s"),
        play=_broken,
        slack_fails=True,
    ),
    Story(
        name="wall",
        watchlist=watching("https://x.com/alice", "https://x.com/bob", interval="30s"),
        play=_wall,
        routes=_REMINDED,
        repeat=_REPEAT,
        hushed=True,
    ),
)
