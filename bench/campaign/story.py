"""One story: a few watched accounts, the program's own Pipeline and Controls, and a turning point with its faults."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, cast

from bench.campaign.faults import FAULTS, Fault
from bench.campaign.loop import START, StoryClock, TimeLoop
from bench.campaign.scenes import IMPOSSIBLE, INTERVAL, Scene
from bench.campaign.world import FOR_EVER, Standing, World
from watcher.demo.answers import Page
from watcher.judge.cohort import HOLD
from watcher.judge.gate import SETTLED
from watcher.judge.watching import resume
from watcher.look.book import Book
from watcher.look.controls import Controls
from watcher.look.examining import Examined
from watcher.look.handover import not_after
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.account import Account, Watchlist
from watcher.model.exchange import Task
from watcher.model.finding import Verdict
from watcher.model.outage import AccountState, Decision, Outage, TransitionKind
from watcher.model.platform import Platform
from watcher.probe import Reachability
from watcher.schedule.plan import phase
from watcher.store.commits import without_features
from watcher.store.worker import StoreWorker

STEPS: Final = 26
PROMISED: Final = INTERVAL + timedelta(seconds=30)
TICK: Final = timedelta(milliseconds=250)
_BEAT: Final = timedelta(seconds=30)
_CROWD: Final = 8
_FEW: Final = 3
_TURN: Final = 130.0
_DOWN: Final = 200.0
_LOST: Final = (14, 30)  # with which a renamed account is not found by its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What a story is made of. `step`: before which question, after the turning point, the last fault begins."""

    seed: int
    scene: int
    faults: tuple[int, ...]
    step: int

    def __str__(self) -> str:
        names = " + ".join(f"{number} {FAULTS[number][0]}" for number in self.faults)
        return f"seed {self.seed}, scene {self.scene}, step {self.step}: {names}"


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of stories. `looks` are judged answers about accounts, `probes` all that were looked for."""

    stories: int = 0
    looks: int = 0
    probes: int = 0
    opened: int = 0
    false: list[str] = field(default_factory=list)
    early: int = 0
    late: int = 0
    closed: int = 0
    closed_false: list[str] = field(default_factory=list)
    moved_unseen: int = 0
    promised: int = 0
    missed: list[str] = field(default_factory=list)
    delays: Counter[int] = field(default_factory=Counter)
    grouped: int = 0
    ungrouped: int = 0
    steps: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Told") -> None:
        """Count another's too."""
        for name in self.__slots__:
            mine, its = getattr(self, name), getattr(other, name)
            if isinstance(mine, Counter):
                mine.update(its)
            else:
                setattr(self, name, mine + its)


class _Queue:
    """In the place of the StoreWorker: takes every commit, and keeps nothing."""

    def __init__(self) -> None:
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done.set_result(None)

    def commit(self, _commit: object) -> "_Queue":
        return self

    def touch(self, _state: AccountState) -> None:
        return

    def add_done_callback(self, _callback: Callable[[Any], None]) -> None:
        return


@dataclass(slots=True, kw_only=True)
class _Mind:
    """What is known of one account while the story lasts: did an untrue absence count, when was it told gone."""

    untrue: bool = False
    opened: list[float] = field(default_factory=list)
    known: bool = False


class Story:
    """`await run()`; then `told` has what came of it."""

    def __init__(self, plot: Plot, scene: Scene, clock: StoryClock, metrics: Metrics) -> None:
        self.plot = plot
        self.told = Told(stories=1)
        self._chance = random.Random(plot.seed)
        self._clock = clock
        self._metrics = metrics
        crowd = _CROWD if {27, 28} & set(plot.faults) and self._chance.random() < 0.7 else _FEW
        self._world = World(
            scene=scene, watched=scene.accounts[:crowd], clock=clock, chance=random.Random(plot.seed + 1)
        )
        self._world.where = self._where
        self._minds = {account.id: _Mind() for account in self._world.watched}
        self._over = False
        self._going = asyncio.Event()
        self._going.set()
        self._drawn = 0
        self._base = self._world.seconds
        self._pipeline: Pipeline

    async def run(self) -> None:
        """Play it."""
        faults = [FAULTS[number][1](self._world, self._chance) for number in self.plot.faults]
        for fault in faults:
            fault.prepare()
        self._world.standing = self._times(faults)
        watched = self._world.watched
        self._start({a.id: AccountState(account_id=a.id, since=self._clock.now()) for a in watched}, ())
        looking = [asyncio.create_task(self._watch(account)) for account in watched]
        looking += [asyncio.create_task(self._beat()), asyncio.create_task(self._pauses())]
        await self._plot()
        self._over = True
        for task in looking:
            task.cancel()
        done = await asyncio.gather(*looking, return_exceptions=True)
        await self._pipeline.controls.close()
        for raised in done:
            if isinstance(raised, Exception):
                raise raised
        self._judge_promises()
        self.told.steps.update(self._world.steps)

    def _times(self, faults: list[Fault]) -> list[Standing]:
        """When each begins and ends. The last one begins at the plot's step, the others at it or before."""
        chance, times = self._chance, []
        for place, fault in enumerate(faults):
            last = place == len(faults) - 1
            first = self.plot.step if last else chance.choice([0, self.plot.step, chance.randint(0, self.plot.step)])
            rhythm = (chance.uniform(3, 90), chance.uniform(3, 90)) if chance.random() < 0.2 else None
            ends = first + chance.randint(1, 16) if chance.random() < 0.5 else None
            lasts = chance.choice([20.0, 100.0, 240.0, FOR_EVER])
            times.append(Standing(fault=fault, first=first, last=ends, lasts=lasts, rhythm=rhythm))
        # A cache keeps what all the others make of an answer.
        return sorted(times, key=lambda each: each.fault.number == 16)

    async def _plot(self) -> None:
        chance, world = self._chance, self._world
        page = chance.choice(world.scene.gone)
        kind = chance.choice(["nothing", "nothing", "vanishes", "vanishes", "blinks", "returns"])
        await self._until(_TURN + chance.uniform(0, 60))
        if kind == "returns":
            world.vanish(page)
            await self._until(_TURN + _DOWN + chance.uniform(0, 30))
        world.turn()
        match kind:
            case "vanishes":
                world.vanish(page)
                await asyncio.sleep(chance.choice([60.0, 200.0, 400.0]))
                world.vanish(chance.choice([Page.PRESENT, page]))
            case "blinks":
                world.vanish(page)
                await asyncio.sleep(chance.uniform(1, 70))
                world.vanish(Page.PRESENT)
            case "returns":
                world.vanish(Page.PRESENT)
        await asyncio.sleep(chance.choice([150.0, 300.0]))

    async def _until(self, second: float) -> None:
        await asyncio.sleep(self._base + second - self._world.seconds)

    def _start(self, states: dict[str, AccountState], reports: Any) -> None:
        world, clock = self._world, self._clock
        book = Book(
            watchlist=Watchlist(accounts={a.id: a for a in world.watched}, owners={}),
            platforms={world.scene.platform.id: world.scene.platform},
            routes=(),
            states=states,
            timeout=timedelta(seconds=10),
        )
        controls = Controls(
            fetch=self._ask,
            clock=clock,
            timeout=timedelta(seconds=10),
            positives=book.positives,
            draw=self._draw,
        )
        controls.restore(reports)
        self._pipeline = Pipeline(
            book=book,
            fetch=self._ask,
            controls=controls,
            reachability=Reachability(clock, _reaches),
            worker=cast(StoreWorker, _Queue()),
            clock=clock,
            metrics=self._metrics,
            committed=lambda: None,
        )
        self._pipeline.observe = self._observe
        for account in world.watched:
            source = book.sources(account, controls.health)[0]
            controls.keep(book.key(account, source), world.scene.platform, source)

    async def _ask(self, task: Task) -> Any:
        self.told.probes += 1
        return await self._world.ask(task)

    def _draw(self, platform: Platform) -> str:
        self._drawn += 1
        number = (self.plot.seed + self._drawn) % IMPOSSIBLE
        return platform.controls.absent.replace("{random}", f"zqxj{number:03}qqzzxxjj"[: platform.controls.length])

    async def _watch(self, account: Account) -> None:
        """As Rounds and Plan do, without a pace."""
        await self._clock.sleep(timedelta(seconds=self._chance.uniform(0, 3)))
        while not self._over:
            await self._going.wait()
            pipeline = self._pipeline
            wait = await pipeline.look(account.id)
            self.told.looks += 1
            if pipeline is not self._pipeline:
                continue  # that run is over
            looked_at = pipeline.book.states[account.id].last_probe_at or self._clock.now()
            assert wait is not None
            due = phase(account.id, INTERVAL, looked_at) if wait >= INTERVAL else looked_at + wait
            await self._clock.sleep(due - self._clock.now() + TICK * self._chance.random())

    async def _beat(self) -> None:
        while not self._over:
            await self._going.wait()
            self._pipeline.controls.refresh_stale()
            await self._pipeline.notice_silence()
            await self._clock.sleep(_BEAT)

    async def _pauses(self) -> None:
        """A machine that stands still, or a program that is stopped and started on a clock that was set."""
        for each in self._world.standing:
            if each.fault.pauses:
                await each.has_begun.wait()
                await self._pause(each)

    async def _pause(self, standing: Standing) -> None:
        chance, heartbeat = self._chance, self._clock.now()
        self._going.clear()
        await asyncio.sleep(chance.choice([15.0, 100.0, 250.0]))
        if chance.random() < 0.6:
            before = self._pipeline
            await before.controls.close()
            self._clock.shift += timedelta(seconds=chance.choice([0, 0, -3600, 900]))
            now = self._clock.now()
            states = {name: resume(state, now, heartbeat) for name, state in before.book.states.items()}
            reports = [without_features(report) for report in before.controls.reports().values()]
            self._start(states, not_after(reports, now))
        standing.ended = self._world.seconds
        self._going.set()

    # What comes of it.

    def _observe(self, account: Account, examined: Examined, decision: Decision) -> None:
        if decision.state is not self._pipeline.book.states[account.id]:
            return  # a look of the run before the restart
        finding, mind, world = examined.finding, self._minds[account.id], self._world
        was_absent = world.was_absent(account.id, finding.seen.earliest, finding.seen.latest)
        was_true = not mind.untrue
        if finding.verdict is Verdict.PRESENT:
            mind.known, mind.untrue = True, False
        elif finding.verdict is Verdict.ABSENT and not was_absent:
            mind.untrue = True
        for transition in decision.transitions:
            if transition.kind is TransitionKind.OUTAGE_OPENED:
                self._opened(account, transition.outage, was_absent=was_absent, was_true=was_true)
                is_grouped = transition.outage is not None and transition.outage.cohort_id is not None
                self.told.grouped += is_grouped
                self.told.ungrouped += world.mass is not None and len(world.watched) == _CROWD and not is_grouped
            elif transition.kind is TransitionKind.OUTAGE_CLOSED:
                self.told.closed += 1
                if transition.detail.get("cause") == "recovered" and was_absent and not self._just_changed(account):
                    self.told.closed_false.append(f"{self.plot}, {account.id} at {world.seconds - self._base:.1f}")

    def _opened(self, account: Account, opened: Outage | None, *, was_absent: bool, was_true: bool) -> None:
        """Falsely, if visitors saw the account; too early, if they still did at an absence that was counted before.

        Too late, if all that was counted before was true, and only the last look was not.
        """
        world, mind = self._world, self._minds[account.id]
        mind.opened.append(world.seconds)
        self.told.opened += 1
        if was_absent:
            self.told.early += mind.untrue
            return
        if was_true and self._was_gone(account, opened):
            self.told.late += 1  # it was gone, and came back while the last look met something else that hid it
            return
        hides = any(each.fault.hides or each.fault.number in _LOST for each in world.standing)
        if account is world.subject and world.moved and hides:
            self.told.moved_unseen += 1  # its page is gone, and what would find it elsewhere cannot be seen
            return
        self.told.false.append(f"{self.plot}, {account.id} at {world.seconds - self._base:.1f}")

    def _was_gone(self, account: Account, opened: Outage | None) -> bool:
        """True when visitors did not see the account where the outage is said to have begun."""
        began = opened.began if opened is not None else None
        return began is not None and self._world.was_absent(account.id, began.earliest, began.latest)

    def _just_changed(self, account: Account) -> bool:
        spans = self._world.absent[account.id]
        return any(abs(self._world.seconds - end) < 30 for span in spans for end in span)

    def _where(self, task: Task) -> str:
        """At which step of a confirmation a question is put."""
        state = self._pipeline.book.states[self._world.subject.id]
        target = task.target
        if target.account_id is None:
            whom = "negative control" if target.handle.startswith("zqxj") else "positive control"
        elif target.account_id != state.account_id:
            whom = "another account"
        else:
            first = self._world.scene.platform.usable_sources[0].name
            whom = "the account again" if target.by_id or task.source.name != first else "the account"
        return f"{state.phase} {state.n or state.r or ''}".strip() + f", before {whom}"

    def _judge_promises(self) -> None:
        """Who was gone while it could be seen must have been told in time."""
        world, end = self._world, self._world.seconds
        promised = PROMISED.total_seconds()
        is_mass = len(world.watched) == _CROWD
        hidden = sorted((*world.hidden(), *self._unsettled()))
        for account in world.watched:
            mind = self._minds[account.id]
            if not mind.known or (account is world.subject and world.moved):
                continue
            limit = promised + (HOLD.total_seconds() if is_mass else 0)
            for began, ended in _whole(world.absent[account.id]):
                since = _sight(began, min(ended, end), hidden, limit)
                if since is None or began < self._base + _TURN - 1:
                    continue
                self.told.promised += 1
                at = next((at for at in mind.opened if at >= began), None)
                is_open = any(at < began for at in mind.opened) and at is None
                if is_open:
                    continue
                if at is None or at > since + limit:
                    self.told.missed.append(f"{self.plot}, {account.id} gone at {began - self._base:.1f}, told {at}")
                else:
                    self.told.delays[int((at - since) // 10 * 10)] += 1

    def _unsettled(self) -> list[tuple[float, float]]:
        """When likeness told nothing, since what the missing show had changed: a page of some fault, or its end."""
        world = self._world
        changes = [
            (report.calibration.unsettled_at - world.clock.shift - START).total_seconds()
            for report in self._pipeline.controls.reports().values()
            if report.calibration.unsettled_at is not None and world.scene.is_by_likeness
        ]
        return [(self._base + _TURN, at + SETTLED.total_seconds()) for at in changes]


def _whole(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The absences; one that begins in the very moment in which another ends is the same to everybody."""
    whole: list[tuple[float, float]] = []
    for began, ended in spans:
        if whole and began == whole[-1][1]:
            whole[-1] = whole[-1][0], ended
        else:
            whole.append((began, ended))
    return whole


def _sight(began: float, ended: float, hidden: list[tuple[float, float]], limit: float) -> float | None:
    """From when on an absence could be seen for as long as is promised; None where it never could."""
    since = began
    for hides_from, hides_to in hidden:
        if hides_to <= since:
            continue
        if hides_from - since >= limit:
            break
        since = max(since, hides_to)
    return since if ended - since >= limit else None


async def _reaches(_host: str) -> bool:
    return True


def play(loop: TimeLoop, plot: Plot, scenes: tuple[Scene, ...], metrics: Metrics) -> Told:
    """Play one story to its end."""
    loop.rewind()
    story_clock = StoryClock(loop)

    async def told() -> Told:
        story = Story(plot, scenes[plot.scene], story_clock, metrics)
        await story.run()
        return story.told

    return loop.run_until_complete(told())


__all__ = ["Plot", "Story", "Told", "play", "replace"]
