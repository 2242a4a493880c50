"""A made-up platform in JSON, a site that nobody knows, their accounts and their answers, for tests of what watches.

Handles of the platform are asked for at `api` and at `mirror`, at `api` by stable id as well.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self

from tests.fakes.fetch import Reply, ScriptedFetch, says, shows
from tests.fakes.virtual_time import START, VirtualClock
from watcher.look.book import VANTAGE, Book
from watcher.look.controls import Controls
from watcher.look.examining import Examined
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.account import Account, Policy, Watchlist
from watcher.model.control import ControlKey
from watcher.model.finding import Finding, Reason, Verdict
from watcher.model.outage import AccountState, Phase
from watcher.model.platform import (
    Answers,
    ControlHandles,
    Field,
    FieldKind,
    HandleSyntax,
    Match,
    Pace,
    Platform,
    Rule,
    Source,
)
from watcher.model.route import Route
from watcher.probe import Reachability
from watcher.settings.load import load_platforms
from watcher.store.memory import MemoryStore
from watcher.store.worker import StoreWorker

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
_STATUS, _ERROR = Field(FieldKind.STATUS), Field(FieldKind.JSON, "error")
_ID, _NAME = Field(FieldKind.JSON, "id"), Field(FieldKind.JSON, "name")
_THERE = Match(_STATUS, ("200",))
RULES = (
    Rule(
        id="gone",
        when=(Match(_STATUS, ("404",)), Match(_ERROR, ("nobody",))),
        verdict=Verdict.ABSENT,
        reason=Reason.NOT_FOUND,
    ),
    Rule(id="there", when=(_THERE, Match(_NAME, ("{handle}",))), verdict=Verdict.PRESENT, reason=Reason.PROFILE),
    Rule(
        id="renamed",
        when=(_THERE, Match(_ID, ("{stable_id}",)), Match(_NAME, ("*",))),
        unless=(Match(_NAME, ("{handle}",)),),
        verdict=Verdict.PRESENT,
        reason=Reason.RENAMED,
    ),
    Rule(
        id="shell",
        when=(_THERE, Match(Field(FieldKind.JSON, "shell"), ("*",))),
        verdict=Verdict.INCONCLUSIVE,
        reason=Reason.EMPTY_SHELL,
    ),
)
API = Source(
    name="api",
    url="https://api.town.example/{handle}",
    url_by_id="https://api.town.example/id/{stable_id}",
    answers=Answers.JSON,
    rules=RULES,
    stable_id=Match(_ID, ("*",)),
    handle=Match(_NAME, ("*",)),
    pace=Pace(requests=100, per=MINUTE, concurrency=10),
)
MIRROR = replace(API, name="mirror", url="https://mirror.town.example/{handle}", url_by_id=None)
TOWN = Platform(
    id="town",
    title="Town",
    profile="https://town.example/{handle}",
    recognise=("https://town.example/{handle}",),
    handle=HandleSyntax(pattern="[a-z0-9]{1,15}"),
    sources=(API,),
    controls=ControlHandles(present={"*": ("mayor", "baker")}),
)
GENERIC = load_platforms(None)["generic"]
SITE = "https://site.example/u/{handle}"
GONE = says(404, {"error": "nobody"})


def api(name: str) -> str:
    """The URL at which `name` is asked for; `id/NAME` for a stable id."""
    return f"https://api.town.example/{name}"


def mirror(name: str) -> str:
    """The URL of the other source."""
    return f"https://mirror.town.example/{name}"


def site(handle: str) -> str:
    """The URL of a page of the site that nobody knows."""
    return SITE.replace("{handle}", handle)


def there(name: str, stable_id: str | None = None, **rest: Any) -> Reply:
    """The account is there."""
    return says(200, {"name": name} | ({"id": stable_id} if stable_id else {}), **rest)


def account(handle: str, platform: str = "town", controls: tuple[str, ...] = (), instance: str = "") -> Account:
    """One watched account with the usual policy."""
    return Account(
        id=f"{platform}:{handle}",
        platform=platform,
        instance=instance,
        handle=handle,
        display_handle=handle,
        url=f"https://town.example/{handle}",
        policy=Policy(),
        controls=controls,
    )


def visitor(handle: str, controls: tuple[str, ...] = ()) -> Account:
    """One watched account of the site that nobody knows."""
    return account(handle, "generic", controls, instance=SITE)


def state(who: Account, phase: Phase = Phase.UP, at: datetime = START, **rest: Any) -> AccountState:
    """How it stands."""
    return AccountState(account_id=who.id, phase=phase, since=at, observed_until=at, **rest)


def key(source: str = "api", platform: str = "town", instance: str = "") -> ControlKey:
    """Whose controls."""
    return ControlKey(platform=platform, instance=instance, source=source, vantage=VANTAGE)


def book(*accounts: Account, states: Mapping[str, AccountState] | None = None, town: Platform = TOWN) -> Book:
    """A book of these, NEW where `states` (by handle) does not say otherwise."""
    known = states or {}
    return Book(
        watchlist=Watchlist(accounts={a.id: a for a in accounts}, owners={}),
        platforms={town.id: town, GENERIC.id: GENERIC},
        routes=(Route(name="all", channels=("desk",)),),
        states={a.id: known.get(a.handle) or state(a, Phase.NEW) for a in accounts},
        timeout=10 * SECOND,
    )


class Watch:
    """`async with Watch(book, fetch) as watch`: a pipeline with all that is real around it, but for the fetch."""

    def __init__(self, opened: Book, fetch: ScriptedFetch, clock: VirtualClock) -> None:
        self.book = opened
        self.clock = clock
        self.store = MemoryStore()
        self.examined: list[Examined] = []
        self.controls = Controls(fetch=fetch, clock=clock, timeout=10 * SECOND, positives=opened.positives)
        metrics = Metrics("test")
        self.worker = StoreWorker(self.store, clock, metrics, threaded=False)
        self.reachability = Reachability(clock, _reaches)
        self.told = 0
        self.pipeline = Pipeline(
            book=opened,
            fetch=fetch,
            controls=self.controls,
            reachability=self.reachability,
            worker=self.worker,
            clock=clock,
            metrics=metrics,
            committed=self._note,
        )
        self.pipeline.observe = lambda _account, examined, _decision: self.examined.append(examined)

    async def __aenter__(self) -> Self:
        self.store.watch(tuple(self.book.watchlist.accounts.values()), self.clock.now())
        self._writing = asyncio.create_task(self.worker.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.controls.close()
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        self.worker.close()

    async def look(self, who: Account, times: int = 1) -> Finding:
        """Look so often, each time after the wait that the last look asked for; the last finding."""
        for _ in range(times):
            wait = await self.pipeline.look(who.id)
            assert wait is not None
            await self.clock.sleep(wait)
        return self.examined[-1].finding

    def phase(self, who: Account) -> Phase:
        """How it stands."""
        return self.book.states[who.id].phase

    def _note(self) -> None:
        self.told += 1


async def _reaches(_host: str) -> bool:
    return True


def profile(name: str) -> Reply:
    """A page of the unknown site about somebody."""
    body = (
        f"<h1>{name}</h1><p>Member since 2009, follows twelve people, has written many short notes about gardens.</p>"
    )
    return shows(200, f"<html><head><title>{name} - Site</title></head><body>{body}</body></html>")


def soft_404() -> Reply:
    """What the unknown site shows of nobody, with status 200."""
    body = "<h1>Oops</h1><p>We looked everywhere but could not find this page; try our search instead, please.</p>"
    return shows(200, f"<html><head><title>Site</title></head><body>{body}</body></html>")
