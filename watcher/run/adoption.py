"""What a run goes by, and how it comes to go by something else: a changed configuration, a turn of a calendar.

What takes long where many are watched is found out beside the loop, from what nobody changes meanwhile: the lists.
What comes of it for the states, which every look changes, is decided and made true in one go; only those are touched
whom the edit names.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, ParamSpec, TypeVar

import structlog

from watcher.clock import Clock
from watcher.look.book import Whereabouts, whereabouts
from watcher.look.handover import Handover, compare, edited, too_much
from watcher.look.pipeline import Pipeline
from watcher.model.errors import StoreError, WatcherError
from watcher.model.platform import Platform
from watcher.model.reload import Edit, Outcome, Refused, Reloaded
from watcher.run.intervals import InForce, Intervals, found_in_force
from watcher.run.rounds import Rounds
from watcher.run.telling import Telling
from watcher.settings import Loaded
from watcher.settings.values import Settings
from watcher.store.values import Stored
from watcher.store.worker import StoreWorker

# What a run cannot change: these keys of watcher.yaml are taken up at the next start.
_LATER: Final = ("state_dir", "probe", "web")

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """The list that is to be kept to, what it changes, and where its accounts are."""

    found: InForce
    edit: Edit
    where: Whereabouts


class InUse:
    """What a run goes by: what was read last without a fault, and the settings that hold of it."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.settings: Settings = loaded.settings

    def go_by(self, loaded: Loaded) -> tuple[str, ...]:
        """Go by `loaded` from now on; the keys of watcher.yaml that it changes too late for this run."""
        before, self.loaded = self.settings, loaded
        self.settings = replace(loaded.settings, **{key: getattr(before, key) for key in _LATER})
        return tuple(key for key in _LATER if getattr(loaded.settings, key) != getattr(before, key))


class Adoption:
    """Takes up changes, one after the other. `adopted` is told what was taken up, `expect` when channels may differ."""

    def __init__(  # noqa: PLR0913 - what a change concerns, each by its name
        self,
        in_use: InUse,
        intervals: Intervals,
        pipeline: Pipeline,
        rounds: Rounds,
        telling: Telling,
        worker: StoreWorker,
        clock: Clock,
        *,
        adopted: Callable[[Loaded], None],
        expect: Callable[[], None],
        threaded: bool,
    ) -> None:
        self._in_use = in_use
        self._intervals = intervals
        self._pipeline = pipeline
        self._book = pipeline.book
        self._rounds = rounds
        self._telling = telling
        self._worker = worker
        self._clock = clock
        self._adopted = adopted
        self._expect = expect
        self._is_threaded = threaded
        self._changing = asyncio.Lock()
        self._log = structlog.get_logger("watcher")

    async def begin(self) -> None:
        """Give every account its place in the schedule; those that have it are looked at meanwhile."""
        async with self._changing:
            await self._rounds.arrange()

    async def adopt(self, loaded: Loaded, force: bool) -> Outcome:
        """Go by `loaded` from now on, unless it takes away too much."""
        async with self._changing:
            return await self._take_up(loaded, force=force)

    async def turn(self) -> None:
        """Where a window of some calendar has begun or ended, other intervals hold from now on."""
        if not self._intervals.is_due or self._changing.locked():
            return
        async with self._changing:
            change = await self._aside(self._change, self._in_use.loaded, self._clock.now())
            self._hand_over(change, Stored(), self._book.platforms)
            await self._rounds.arrange(change.edit)
        self._log.info("calendar_turned", next=str(self._intervals.next_change))

    async def _take_up(self, loaded: Loaded, *, force: bool) -> Outcome:
        old = self._in_use.loaded.watchlist
        edit = await self._aside(compare, old, loaded.watchlist)
        try:
            known = await self._known(edit.added)
            change = await self._aside(self._change, loaded, self._clock.now())
            if (why := too_much(edit, old, self._book.states)) is not None and not force:
                return Refused(why=(f"the changed watchlist {why}",), forcible=True)
            channels = self._telling.made(loaded.settings.channels, self._in_use.settings.channels)
        except StoreError as error:
            return Refused(why=(f"new accounts cannot be looked up in the store: {error}",), passing=True)
        except WatcherError as error:
            return Refused(why=(str(error),))
        later = self._in_use.go_by(loaded)
        self._adopted(loaded)
        is_all = loaded.platforms is not self._book.platforms
        handover = self._hand_over(change, known, loaded.platforms)
        # Of who is new nothing is written yet; it begins with zeros.
        begun = {name: known.states.get(name) or handover.states[name] for name in change.edit.added}
        self._worker.follow_edit(begun, handover.gone)
        self._telling.go_by(channels)
        self._expect()
        await self._rounds.arrange(None if is_all else change.edit)
        return Reloaded(edit=edit, later=later)

    def _change(self, loaded: Loaded, now: datetime) -> _Change:
        """What `loaded` makes of the list that is kept to at present."""
        found = found_in_force(loaded, now, self._book.watchlist)
        edit = compare(self._book.watchlist, found.watchlist)
        return _Change(found=found, edit=edit, where=whereabouts(found.watchlist))

    def _hand_over(self, change: _Change, known: Stored, platforms: Mapping[str, Platform]) -> Handover:
        """Make the change true, with nothing in between that waits."""
        now, book = self._clock.now(), self._book
        watchlist = self._intervals.go_by(change.found)
        handover = edited(book.watchlist, watchlist, book.states, known, now, change.edit)
        self._pipeline.adopt(watchlist, platforms, self._in_use.settings.routes, handover, change.where)
        return handover

    async def _known(self, account_ids: tuple[str, ...]) -> Stored:
        """What is stored of these accounts, with all that is still to be written. Raises StoreError."""
        if not account_ids:
            return Stored()
        await self._worker.flush()
        return await self._worker.call(self._worker.store.known, frozenset(account_ids))

    async def _aside(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await asyncio.to_thread(work, *args, **kwargs) if self._is_threaded else work(*args, **kwargs)
