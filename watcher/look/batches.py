"""Looks at many accounts in one request, and what becomes of each of them.

What the answer says of an account is judged as if it had been asked about alone. That it does not name one is a
suspicion, which a look at that account alone must bear out.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from watcher.classify import classify, is_omitted
from watcher.clock import Clock
from watcher.judge.gate import admit, refuse
from watcher.judge.policy import wait
from watcher.look.asking import Answered, key_of
from watcher.look.examining import MOVE_ON, Examined
from watcher.look.handover import is_same_page
from watcher.look.pipeline import Pipeline
from watcher.model.account import Account
from watcher.model.exchange import Exchange, Purpose, Task
from watcher.model.finding import Reason
from watcher.model.outage import ZERO, Phase
from watcher.model.platform import Source

# Servers take URLs of 8,000 characters (RFC 9110, 4.1); the controls' names and the headers' line come on top.
_LONGEST_URL: Final = 7000


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How long to wait before the next look at each; the `suspected` are to be looked at alone, at once."""

    waits: Mapping[str, timedelta] = field(default_factory=dict)
    suspected: frozenset[str] = frozenset()


class Batches:
    """Looks at accounts of one batch of the plan."""

    def __init__(self, pipeline: Pipeline, clock: Clock) -> None:
        self._pipeline = pipeline
        self._book = pipeline.book
        self._clock = clock
        self._log = structlog.get_logger("watcher")

    async def look(self, account_ids: tuple[str, ...]) -> Looked:
        """Ask about as many of them as one request takes, and judge what is said of each.

        The others are to be looked at at once, as it then has to be: alone, where the source was turned off or fails.
        Who is watched no more is left out.
        """
        listed = [self._book.watchlist.accounts[a] for a in account_ids if a in self._book.watchlist.accounts]
        health = self._pipeline.controls.health
        sources = {account.id: self._book.batch_source(account, health) for account in listed}
        source = next((each for each in sources.values() if each is not None), None)
        waits = {account.id: ZERO for account in listed}
        if source is None:
            return Looked(waits=waits)
        together = [account for account in listed if sources[account.id] == source]
        task = self._task(together, source)
        answered = await self._pipeline.examiner.ask(task)
        asked = together[: len(task.members)]
        settled = await self._settle_all(answered, asked)
        return self._looked(waits, dict(zip((account.id for account in asked), settled, strict=True)))

    def _looked(self, waits: dict[str, timedelta], settled: Mapping[str, timedelta | BaseException | None]) -> Looked:
        """What became of each. Whose look failed by a fault of ours is left out: it is no verdict on the others."""
        suspected = frozenset(account_id for account_id, wait in settled.items() if wait is None)
        faulty = {account_id: fault for account_id, fault in settled.items() if isinstance(fault, BaseException)}
        for account_id, fault in faulty.items():
            self._log.error("look_failed", account=account_id, exc_info=fault)
        known = {**waits, **{account_id: w for account_id, w in settled.items() if isinstance(w, timedelta)}}
        left = known.keys() - suspected - faulty.keys()
        return Looked(waits={account_id: known[account_id] for account_id in left}, suspected=suspected)

    def _task(self, accounts: list[Account], source: Source) -> Task:
        """The question about as many as one URL takes; no copy may be older than for any of them."""
        now = self._clock.now()
        tasks = [self._book.task(account, source, Purpose.ROUTINE, now) for account in accounts]
        task = replace(min(tasks, key=lambda task: task.max_age), members=tuple(task.target for task in tasks))
        while len(task.url) > _LONGEST_URL and len(task.members) > 1:
            task = replace(task, members=task.members[: len(task.members) // 2])
        return task

    async def _settle_all(self, answered: Answered, asked: list[Account]) -> list[timedelta | BaseException | None]:
        """What comes of each. An answer without its list is read whole for each: others have their turns in between."""
        looks = [partial(self._settle, answered, *each) for each in zip(asked, answered.parts, strict=False)]
        together = len(looks) if all(part.is_item for part in answered.parts) else 1
        settled: list[timedelta | BaseException | None] = []
        for start in range(0, len(looks), together):
            some = (look() for look in looks[start : start + together])
            settled += await asyncio.gather(*some, return_exceptions=True)
        return settled

    async def _settle(self, answered: Answered, account: Account, part: Exchange) -> timedelta | None:
        """Judge what the answer says of one account; how long to wait, None if it is to be looked at alone."""
        examined = await self._examine(account, part, answered)
        now_listed = self._book.watchlist.accounts.get(account.id)
        if now_listed is None or not is_same_page(account, now_listed):
            return ZERO  # what was seen is of the page that was listed before
        if examined is None or self._needs_more(account, examined):
            return None
        self._pipeline.settle(now_listed, examined)
        return wait(self._book.states[account.id], now_listed.policy)

    async def _examine(self, account: Account, part: Exchange, answered: Answered) -> Examined | None:
        """What the answer says of the account, proven; None where it merely does not name it."""
        if not is_omitted(part):
            return await self._pipeline.examiner.prove(part, wary=False, beside=answered.beside)
        report, classified = self._pipeline.controls.report(key_of(part.task)), classify(part)
        finding = admit(
            classified.finding,
            report,
            self._clock.now(),
            beside=answered.beside,
            handle=part.task.target.handle,
        )
        state = self._book.states.get(account.id)
        never_seen = state is not None and state.phase is Phase.NEVER_SEEN  # an absence opens nothing there
        if answered.is_unproven:
            why = "the answer does not name an account either that exists"
            finding = refuse(classified.finding, Reason.CONTROL_FAILED, why)
        elif not never_seen or not finding.is_absent:
            return None
        return Examined(finding=finding, exchange=part, classified=classified, report=report)

    def _needs_more(self, account: Account, examined: Examined) -> bool:
        """True where another source may say more, or where an outage would be opened by what a batch says."""
        finding = examined.finding
        if finding.reason in MOVE_ON:
            return True
        return finding.is_absent and self._pipeline.examiner.is_last_confirmation(account)
