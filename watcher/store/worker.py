"""The store as the event loop sees it: one thread that calls it, and a queue of what is still to be written.

What cannot be written now is kept in order and tried again: the state in memory goes on, nobody waits for the
disk but who asks to. No decision is made here about what is written.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final, ParamSpec, TypeVar

import structlog

from watcher.clock import Clock
from watcher.metrics import Metrics
from watcher.model.errors import ContradictionError, StoreError
from watcher.model.outage import AccountState
from watcher.store.base import Store
from watcher.store.commits import merge
from watcher.store.values import Commit

TOUCH_WITHIN: Final = timedelta(seconds=10)
# Between full transactions of touched states: who is looked at again within it is written once.
_REST: Final = timedelta(seconds=1)
FIRST_BACK_OFF: Final = timedelta(milliseconds=100)
LONGEST_BACK_OFF: Final = timedelta(seconds=5)
# So many commits, and so many touched states, go into one transaction at most: others wait for the thread meanwhile.
_TOGETHER = 500
# So many bytes of pages may wait: while the store fails for hours, memory is for what people are to be told.
MOST_WAITING_PAGES: Final = 64 * 1024 * 1024

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Queued:
    commit: Commit
    done: asyncio.Future[None]


class StoreWorker:
    """Calls `store` from one thread (`threaded`), or at once where no call takes time (the store in memory).

    `commit` and `touch` only queue; `run` writes. `failing_since` is when writing began to fail and `failure` why it
    failed last, None while it works; `beaten_at` is the last heartbeat that was written, or the start. `stored` are the
    states as last written, of the accounts that are watched.
    """

    def __init__(self, store: Store, clock: Clock, metrics: Metrics, *, threaded: bool) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store") if threaded else None
        self._queue: deque[_Queued] = deque()
        self._waiting_pages = 0
        self._drops_pages = False
        self._touched: dict[str, AccountState] = {}
        self._touched_since: datetime | None = None
        self._rests_until = clock.now()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._singly = 0
        self._failures = 0
        self._log = structlog.get_logger()
        self._is_closed = False
        self.failing_since: datetime | None = None
        self.beaten_at = clock.now()
        self.failure: str | None = None
        self.stored: dict[str, AccountState] = {}

    @property
    def store(self) -> Store:
        """The store that is called. Its methods are called through `call` only."""
        return self._store

    async def call(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What `function` (of the store) returns or raises, called where the store may be called."""
        bound = partial(function, *args, **kwargs)
        if self._executor is None:
            return bound()
        if self._is_closed:
            raise StoreError("the store is closed: watcher is stopping")
        return await asyncio.get_running_loop().run_in_executor(self._executor, bound)

    def commit(self, commit: Commit) -> asyncio.Future[None]:
        """Queue `commit`. The future is done once it is stored; it fails only when it never can be (a bug).

        Its bodies are left out where more than MOST_WAITING_PAGES would wait. Nothing else ever is.
        """
        for state in commit.states:
            # It knows all that a touch before it knew.
            self._touched.pop(state.account_id, None)
        queued = _Queued(self._admitted(commit), asyncio.get_running_loop().create_future())
        self._queue.append(queued)
        self._wake.set()
        return queued.done

    def _admitted(self, commit: Commit) -> Commit:
        size = _page_bytes(commit)
        if self._waiting_pages + size <= MOST_WAITING_PAGES:
            self._waiting_pages += size
            return commit
        if not self._drops_pages:
            self._drops_pages = True
            self._log.warning("too many pages wait for the store, further ones are not kept", bytes=self._waiting_pages)
        return replace(commit, bodies=())

    def touch(self, state: AccountState) -> None:
        """Store `state` within TOUCH_WITHIN, or sooner if there is a commit; the last one of an account counts.

        Sooner, too, when a transaction is full, once a second: of a hundred thousand accounts thousands would wait for
        the same moment, in which the thread that writes them would hold up the looks for half a second.
        """
        if not self._touched:
            self._touched_since = self._clock.now()
            self._wake.set()
        self._touched[state.account_id] = state
        if len(self._touched) == _TOGETHER:
            self._wake.set()

    def follow(self, stored: Mapping[str, AccountState]) -> None:
        """Keep the last written state of just these accounts; these are what was written so far."""
        self.stored = dict(stored)

    def follow_edit(self, begun: Mapping[str, AccountState], gone: Iterable[str]) -> None:
        """Of these too from now on, of which that is stored so far, and no longer of the `gone`."""
        for account_id in gone:
            self.stored.pop(account_id, None)
        self.stored.update(begun)

    def backlog(self) -> int:
        """How many commits and touched states are not stored yet."""
        return len(self._queue) + len(self._touched)

    async def run(self) -> None:
        """Write what is queued, for ever. When cancelled, try once to write what is left; nothing is closed."""
        back_off = FIRST_BACK_OFF
        try:
            while True:
                await self._until_due()
                try:
                    await self._write_some()
                except StoreError:
                    await self._clock.sleep(back_off)
                    back_off = min(2 * back_off, LONGEST_BACK_OFF)
                else:
                    back_off = FIRST_BACK_OFF
        finally:
            # A write that was under way goes on in its thread; to write the same once more changes nothing.
            with suppress(StoreError):
                await self.flush()
            if left := self.backlog():
                self._log.error("store left behind", unwritten=left)

    async def flush(self) -> None:
        """Return once everything queued so far is written. StoreError as soon as the store refuses."""
        while self.backlog():
            await self._write_some()

    async def beat(self) -> None:
        """Note in the store that the process lives, after all that it saw. StoreError when it does not take it.

        A heartbeat vouches for the time before it. While what was seen waits in memory there is none: if the process
        died, that time would count as observed, and nobody would know what was seen in it.
        """
        now = self._clock.now()
        await self.flush()
        try:
            await self.call(self._store.heartbeat, now)
        except StoreError as error:
            # Where accounts are looked at once an hour, nothing else would tell of it for as long.
            self._fails(error)
            raise
        self.beaten_at = now
        if not self.backlog():
            self._works()

    def close(self) -> None:
        """Refuse further calls, wait for the one under way, if any, and end the thread. The store stays open."""
        self._is_closed = True
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    async def _until_due(self) -> None:
        while not self._queue:
            self._wake.clear()
            if not self._touched or self._touched_since is None:
                await self._wake.wait()
                continue
            due = self._touched_since + TOUCH_WITHIN
            if len(self._touched) >= _TOGETHER:
                due = min(due, self._rests_until)
            left = due - self._clock.now()
            if left <= timedelta(0):
                return
            await self._woken_or_after(left)

    async def _woken_or_after(self, span: timedelta) -> None:
        waits = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(self._clock.sleep(span))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _write_some(self) -> None:
        """Write a batch, in order. StoreError: nothing of it was lost, all of it is still queued."""
        async with self._writing:
            batch, touched = self._next_batch()
            size = len(batch) + len(touched)
            if not size:
                return
            last_word = Commit(states=tuple(touched.values()))
            try:
                await self.call(self._store.commit, merge([*(queued.commit for queued in batch), last_word]))
            except ContradictionError as error:
                if size == 1:
                    self._refuse(batch, touched, error)
                else:
                    # One by one, until the faulty one is found.
                    self._singly = size
            except StoreError as error:
                self._singly = max(self._singly, 1)
                self._failed(error)
                raise
            else:
                self._written(batch, touched)

    def _next_batch(self) -> tuple[list[_Queued], dict[str, AccountState]]:
        batch = list(islice(self._queue, 1 if self._singly else _TOGETHER))
        if len(batch) < len(self._queue) or (self._singly and batch):
            # A touch goes never before a commit that is still queued: it may be of the same account, and older.
            return batch, {}
        return batch, dict(islice(self._touched.items(), 1 if self._singly else _TOGETHER))

    def _written(self, batch: list[_Queued], touched: dict[str, AccountState]) -> None:
        self._forget(batch, touched)
        for queued in batch:
            self._note_stored(queued.commit.states)
            if not queued.done.done():
                queued.done.set_result(None)
        self._note_stored(touched.values())
        self._works_again()

    def _note_stored(self, states: Iterable[AccountState]) -> None:
        # Not of who is no longer watched: their last word is written after they are gone, and nobody would remove it.
        self.stored.update((state.account_id, state) for state in states if state.account_id in self.stored)

    def _works_again(self) -> None:
        self._singly = max(self._singly - 1, 0)
        self._works()

    def _works(self) -> None:
        if self.failing_since is not None:
            failed_for = self._clock.now() - self.failing_since
            self._log.info("store works again", failed_for=str(failed_for), tries=self._failures)
            self.failing_since, self.failure, self._failures = None, None, 0
            self._metrics.store_failing_since.set(0)

    def _failed(self, error: StoreError) -> None:
        self._metrics.commit_failures.inc()
        self._fails(error)

    def _fails(self, error: StoreError) -> None:
        self._failures += 1
        self.failure = str(error)
        if self.failing_since is None:
            self.failing_since = self._clock.now()
            self._metrics.store_failing_since.set(self.failing_since.timestamp())
            self._log.warning("store fails, commits are kept and tried again", error=str(error))

    def _refuse(self, batch: list[_Queued], touched: dict[str, AccountState], error: ContradictionError) -> None:
        # It will never be taken. To try it for ever would hold up everybody else's.
        self._metrics.commit_failures.inc()
        self._log.error("store refuses a commit for good", error=str(error), accounts=_accounts(batch, touched))
        self._forget(batch, touched)
        for queued in batch:
            if not queued.done.done():
                queued.done.set_exception(error)
                queued.done.exception()  # it is logged: asyncio need not do so again when nobody waits for it
        self._works_again()

    def _forget(self, batch: list[_Queued], touched: dict[str, AccountState]) -> None:
        for queued in batch:
            self._queue.popleft()
            self._waiting_pages -= _page_bytes(queued.commit)
        self._drops_pages = self._drops_pages and bool(self._queue)
        for account_id, state in touched.items():
            # Touched or committed again meanwhile: that is still to be written.
            if self._touched.get(account_id) is state:
                del self._touched[account_id]
        if len(touched) >= _TOGETHER > len(self._touched):
            self._rests_until = self._clock.now() + _REST
        if len(touched) < _TOGETHER:  # else there were more than go into one transaction: they have waited as long
            self._touched_since = self._clock.now() if self._touched else None


def _page_bytes(commit: Commit) -> int:
    return sum(len(body.content) for body in commit.bodies)


def _accounts(batch: list[_Queued], touched: dict[str, AccountState]) -> list[str]:
    return [state.account_id for queued in batch for state in queued.commit.states] + list(touched)
