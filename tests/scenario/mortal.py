"""A World whose program is killed at points of a plan, and started again on the files that it left.

What happens in a story is in `lives`, where it may die in `deaths`; here is how it dies and is born again, and what
everybody outside saw of it.
"""

import asyncio
import json
import shutil
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from unittest.mock import patch

from aiohttp import web

from tests.fakes.slack import Answer, FakeSlack
from tests.fakes.virtual_time import START
from tests.scenario.deaths import Kill, KilledError, MortalStore, Trap
from tests.scenario.world import World, nothing
from watcher.model.notification import Message, NotificationKind, Outcome
from watcher.notify.channels.slack import SlackWebhook
from watcher.schedule import LoopTicker
from watcher.schedule.ticker import Action
from watcher.store.base import Store
from watcher.store.sql import SqlStore

_LIFE: ContextVar[int] = ContextVar("life", default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What somebody outside saw at an instant: Slack `took` a message of that key, or a delivery was `marked`."""

    at: datetime
    what: str
    key: str
    text: str = ""


class Newsroom(FakeSlack):
    """Notes what it takes, and lets the one who told it die before the answer is there.

    While it `refuses`, everybody gets that answer.
    """

    refuses: Answer | None = None

    def __init__(self, world: "MortalWorld") -> None:
        super().__init__()
        self._world = world

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if self.refuses is not None:
            self.script(self.refuses)
        before = len(self.accepted)
        response = await super()._post(request)
        for payload in self.accepted[before:]:
            self._world.took(payload)
        return response


class Unhurried(LoopTicker):
    """Looks for what is due, and around, a fourth and half as often as the program would: a story lasts an hour."""

    _SLOWER: Final = {timedelta(milliseconds=250): timedelta(seconds=1), timedelta(seconds=2): timedelta(seconds=4)}

    def every(self, period: timedelta, action: Action) -> None:
        """Call `action` so often, or less."""
        super().every(self._SLOWER.get(period, period), action)


class MortalWorld(World):
    """`async with MortalWorld(directory, watchlist, plan=…)`: dies at each Kill of the plan, and lives on.

    `seen` is all that was told and marked, in order; `gaps` are when it was away.
    """

    def __init__(self, directory: Path, watchlist: str, *, plan: Sequence[Kill] = (), **options: Any) -> None:
        super().__init__(directory, watchlist, durable=True, threaded=False, ticker=Unhurried, **options)
        self.slack: Newsroom = Newsroom(self)
        self.trap = Trap(plan, self._died)
        self.seen: list[Seen] = []
        self.gaps: list[tuple[datetime, datetime]] = []
        self._lives: dict[int, set[asyncio.Task[Any]]] = {}
        self._life = 0
        self._died_of: asyncio.Queue[tuple[datetime, Kill]] = asyncio.Queue()
        self._undertaker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._make_task)  # type: ignore[arg-type] # the stubs differ from what is called
        loop.set_exception_handler(_unless_killed)
        self._stack.enter_context(_trapped(self.trap))
        self._undertaker = asyncio.create_task(self._raise_the_dead())
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._undertaker is not None
        self._undertaker.cancel()
        await asyncio.gather(self._undertaker, return_exceptions=True)
        asyncio.get_running_loop().set_task_factory(None)
        await super().__aexit__(kind, error, trace)

    def _make_store(self) -> Store:
        store = MortalStore(self.state_dir, patience=self._patience)
        store.trap, store.settled = self.trap, lambda key: self._saw("marked", key)
        return store

    async def start(self, watchlist: str | None = None) -> None:
        """Start the program; who dies on the way is started again."""
        context = copy_context()
        self._life += 1
        self._lives[self._life] = set()
        context.run(_LIFE.set, self._life)
        starting = asyncio.create_task(super().start(watchlist), context=context)
        await asyncio.wait({starting})
        if not starting.cancelled() and not isinstance(starting.exception(), KilledError | None):
            starting.result()

    async def minute(self, number: float) -> None:
        """Let time pass until that minute of the story."""
        await asyncio.sleep(max(0.0, (START + timedelta(minutes=number) - self.now).total_seconds()))

    async def end(self, **after: float) -> None:
        """Kill no more, and let all that is to be told be told."""
        self.trap.spare()
        await self.wait(**after)
        assert self._undertaker is not None
        if self._undertaker.done():
            self._undertaker.result()
        assert not self.trap.is_dead

    @contextmanager
    def beside(self) -> Iterator[SqlStore]:
        """The store as the command line opens it, whether the program runs or not."""
        store = SqlStore(self.state_dir, amends=True)
        store.open()
        try:
            yield store
        finally:
            store.close()
            self.trap.changes += 1

    def took(self, payload: dict[str, Any]) -> None:
        """Slack has it, and did not answer yet."""
        key = str(payload["blocks"][0]["block_id"])
        self._saw("took", key, json.dumps(payload))
        self.trap.note(f"send {_kind_in(key)}: taken, not answered")

    def _saw(self, what: str, key: str, text: str = "") -> None:
        self.seen.append(Seen(at=self.now, what=what, key=key, text=text))

    def _died(self, kill: Kill) -> None:
        """The files of the next life are those of this instant; the dead may do with its own what it likes."""
        after = self.directory / f"state-{self._life + 1}"
        shutil.copytree(self.state_dir, after, ignore=shutil.ignore_patterns("*-shm"))
        self.state_dir = after
        self._died_of.put_nowait((self.now, kill))

    async def _raise_the_dead(self) -> None:
        while True:
            at, kill = await self._died_of.get()
            await self._bury()
            left = at + kill.away - self.now
            await asyncio.sleep(max(0.0, left.total_seconds()))
            self.trap.is_dead = False
            self.gaps.append((at, self.now))
            await self.start()

    async def _bury(self) -> None:
        """End all that the dead had begun. It writes and says nothing any more."""
        for part, last_word in (("_worker", "flush"), ("_worker", "beat"), ("_outbox", "drain")):
            if (owner := getattr(self.app, part, None)) is not None:
                setattr(owner, last_word, nothing)
        while tasks := tuple(self._lives[self._life]):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._running = None
        self.log[:] = [entry for entry in self.log if entry["event"] != "store left behind"]

    def _make_task(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **options)
        context = options.get("context")
        life = context.get(_LIFE, 0) if context is not None else _LIFE.get()
        if life in self._lives:
            self._lives[life].add(task)
            task.add_done_callback(self._lives[life].discard)
        return task

    def _is_expecting(self) -> bool:
        return not self.trap.is_dead and hasattr(self.app, "_chores") and super()._is_expecting()


@contextmanager
def _trapped(trap: Trap) -> Iterator[None]:
    """Points around what Slack is sent."""
    send = SlackWebhook.send

    async def send_or_die(self: SlackWebhook, message: Message) -> Outcome:
        kind = message.dedup_key
        trap.pass_point(f"send {_kind_in(kind)}: before")
        outcome = await send(self, message)
        trap.pass_point(f"send {_kind_in(kind)}: {type(outcome).__name__}")
        return outcome

    with patch.object(SlackWebhook, "send", send_or_die):
        yield


def _kind_in(key: str) -> str:
    """The kind of news that a dedup key is of: its last part that is one."""
    kinds = {kind.value for kind in NotificationKind}
    return next(part for part in reversed(key.split("/")) if part in kinds)


def _unless_killed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), KilledError):
        loop.default_exception_handler(context)
