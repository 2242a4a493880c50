"""One platform in one story: what is true of whom, which faults stand, and the answer to each question.

Faults begin and end between two questions, counted from the turning point of the story: these are all the moments
that can be told apart from outside.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.campaign.faults import Fault, Reply
from bench.campaign.loop import START, StoryClock
from bench.campaign.scenes import GONE, Scene
from watcher.demo.answers import Member, Page, Shown
from watcher.demo.members import Members
from watcher.model.account import Account
from watcher.model.exchange import Exchange, Task

Span = tuple[float, float]
FOR_EVER = float("inf")


@dataclass(slots=True, kw_only=True)
class Standing:
    """A fault and its times: it stands from question `first` on, until question `last` or for `lasts` seconds.

    With `rhythm` it comes and goes: on and off for so many seconds in turn.
    """

    fault: Fault
    first: int
    last: int | None = None
    lasts: float = FOR_EVER
    rhythm: tuple[float, float] | None = None
    begun: float | None = None
    ended: float | None = None
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)

    def is_over(self, now: float, asked: int) -> bool:
        """True when it must end; a pause ends by itself."""
        if self.begun is None or self.ended is not None or self.fault.pauses:
            return False
        return now - self.begun >= self.lasts or (self.last is not None and self.last <= asked)

    def acts(self, now: float) -> bool:
        """True while it stands, and is on."""
        if self.begun is None or self.ended is not None:
            return False
        if self.rhythm is None:
            return True
        on, off = self.rhythm
        return (now - self.begun) % (on + off) < on


@dataclass(slots=True, kw_only=True)
class World:
    """`ask` answers; `turn` is the turning point. Instants are seconds of the loop."""

    scene: Scene
    watched: tuple[Account, ...]
    clock: StoryClock
    chance: random.Random
    standing: list[Standing] = field(default_factory=list)
    members: Members = field(default_factory=Members)
    mass: Page | None = None
    moved: bool = False
    asked: int = 0
    turned: bool = False
    handles: dict[str, str] = field(default_factory=dict)
    absent: dict[str, list[Span]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    where: Callable[[Task], str] = lambda _task: ""

    def __post_init__(self) -> None:
        self.handles = {account.id: account.handle for account in self.watched}
        self.absent = {account.id: [] for account in self.watched}
        for handle in (*self.scene.controls, *self.handles.values()):
            self.members.set(handle, Shown(page=Page.PRESENT))

    @property
    def subject(self) -> Account:
        """Whom the story is about."""
        return self.watched[0]

    @property
    def seconds(self) -> float:
        """The loop's time."""
        return (self.clock.now() - self.clock.shift - START).total_seconds()

    def now(self) -> datetime:
        """The machine's time."""
        return self.clock.now()

    def member(self, handle: str) -> Member:
        """Whoever has the handle."""
        return self.members.get(handle)

    def show(self, handle: str, page: Page) -> None:
        """From now on visitors see that."""
        self.members.set(handle, Shown(page=page))
        self._note()

    def shown(self, handle: str) -> Page:
        """What visitors see."""
        if self.mass is not None and handle in self.handles.values():
            return self.mass
        return self.members.shown(handle).page

    def suspend_all(self, page: Page | None) -> None:
        """The platform shows that of all who are watched; None ends it."""
        self.mass = page
        self._note()

    def rename(self, new: str) -> None:
        """The subject goes on under another handle."""
        old = self.handles[self.subject.id]
        if old != new:
            self.members.rename(old, new)
            self.handles[self.subject.id] = new
            self.moved = True

    def reregister(self) -> None:
        """Somebody else has the subject's handle; who has moved keeps the new one."""
        if self.moved:
            return
        self.members.reregister(self.handles[self.subject.id])
        self._note()

    def describe(self, name: str, bio: str) -> None:
        """The subject's own words."""
        handle = self.handles[self.subject.id]
        self.members.set(handle, self.members._entries[handle.lower()].shown, name=name, bio=bio)  # noqa: SLF001

    def vanish(self, page: Page) -> None:
        """The subject is gone."""
        self.show(self.handles[self.subject.id], page)

    def turn(self) -> None:
        """The turning point: questions are counted from here on."""
        self.turned = True

    async def ask(self, task: Task) -> Exchange:
        """The answer to one question, after a while; what is true in between is what counts."""
        sent, late = self.clock.now(), self.chance.random() < 0.5
        takes = timedelta(seconds=self.chance.uniform(0.02, 0.5))
        reply = None if late else self._answer(task)
        await self.clock.sleep(takes)
        reply = reply or self._answer(task)
        return Exchange(task=task, sent_at=sent, received_at=self.clock.now(), outcome=reply.outcome, age=reply.age)

    def was_absent(self, account_id: str, earliest: datetime, latest: datetime) -> bool:
        """True when visitors did not see the account at some instant in between."""
        early, late = ((at - self.clock.shift - START).total_seconds() for at in (earliest, latest))
        return any(began <= late and early <= ended for began, ended in self.absent[account_id])

    def hidden(self) -> list[Span]:
        """When a fault hid something, in order and without overlaps."""
        spans = sorted(
            (each.begun, each.ended if each.ended is not None else FOR_EVER)
            for each in self.standing
            if each.begun is not None and (each.fault.hides or each.fault.pauses)
        )
        merged: list[Span] = []
        for began, ended in spans:
            if merged and began <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(merged[-1][1], ended)
            else:
                merged.append((began, ended))
        return merged

    def is_hidden(self) -> bool:
        """True while a fault hides something."""
        return any(each.begun is not None and each.ended is None and each.fault.hides for each in self.standing)

    def _answer(self, task: Task) -> Reply:
        now = self.seconds
        if self.turned:
            self._pass(task, now)
        target = task.target
        handle = self.members.handle_of(target.stable_id or "") if target.by_id else target.handle
        reply = Reply(outcome=self.scene.honest(task, self.shown(handle), self.members.get(handle)))
        for each in self.standing:
            if each.acts(now):
                reply = each.fault.act(task, reply)
        return reply

    def _pass(self, task: Task, now: float) -> None:
        """Let begin and end what begins and ends before this question."""
        for each in self.standing:
            if each.begun is None and each.first <= self.asked:
                each.begun = now
                each.fault.begin()
                each.has_begun.set()
                self.steps.append(self.where(task))
            elif each.is_over(now, self.asked):
                each.ended = now
                each.fault.end()
        self.asked += 1

    def _note(self) -> None:
        now = self.seconds
        for account_id, handle in self.handles.items():
            spans, is_gone = self.absent[account_id], self.shown(handle) in GONE
            was_gone = bool(spans) and spans[-1][1] == FOR_EVER
            if is_gone and not was_gone:
                spans.append((now, FOR_EVER))
            elif was_gone and not is_gone:
                spans[-1] = spans[-1][0], now
