"""One look at an account: fetch → classify → admit, source after source, and asked once more before it is believed.

What is asked, and what makes a finding proven. Nothing here changes what is known of the account: see `pipeline`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from watcher.classify import Classified, classify
from watcher.clock import Clock
from watcher.judge.cohort import began_at, is_held
from watcher.judge.gate import admit, missing_too, refuse, vouched_for
from watcher.look.asking import Answered, ask, key_of, no_source
from watcher.look.baselines import Baselines
from watcher.look.book import VANTAGE, Book, single
from watcher.look.controls import Controls, Fetch
from watcher.look.needs import need_of
from watcher.look.sight import Sight
from watcher.model.account import Account
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.exchange import Exchange, Purpose, Task
from watcher.model.finding import Finding, Reason
from watcher.model.outage import Phase
from watcher.probe import Reachability

# What a page that says nothing by itself gives: the next source may say more.
MOVE_ON: Final = frozenset({Reason.EMPTY_SHELL, Reason.NO_SOURCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """An admitted finding and what it rests on: the exchange, what classify made of it, what the controls said.

    None when there was nothing to ask. `finding` is the gate's; that of `classified` is the raw one. `seconded` when
    another source said the same.
    """

    finding: Finding
    exchange: Exchange | None = None
    classified: Classified | None = None
    report: ControlReport | None = None
    seconded: bool = False


class Examiner:
    """Asks about the accounts of `book` and proves what is answered. `sight` knows whether anything is reached."""

    def __init__(
        self, book: Book, fetch: Fetch, controls: Controls, reachability: Reachability, sight: Sight, clock: Clock
    ) -> None:
        self.baselines = Baselines()
        self._book = book
        self._fetch = fetch
        self._controls = controls
        self._reachability = reachability
        self._sight = sight
        self._clock = clock

    async def examine_account(self, account: Account, purpose: Purpose) -> Examined:
        """Ask source after source, best first, until one is not a mere shell; then check a last confirmation twice."""
        examined: Examined | None = None
        # Their controls go on being asked, every five minutes: so it is noticed when they see again.
        sources = self._book.sources(account, self._controls.health)
        for source in self._book.passed_over(account, sources):
            self._controls.keep(self._book.key(account, source), self._book.platform_of(account), source)
        for source in single(sources):
            if account.id not in self._book.states:
                break  # taken off the list meanwhile
            task = self._book.task(account, source, purpose, self._clock.now())
            examined = await self.examine(task, wary=self._book.states[account.id].is_down)
            if examined.finding.reason not in MOVE_ON:
                break
        if examined is None or account.id not in self._book.states:
            return examined or self.nothing_to_ask(account)
        finding = examined.finding
        if not finding.is_absent:
            return examined
        if self._may_open(account, finding) or self._may_have_moved(account, finding.at):
            return await self._second_look(account, examined)
        return await self._by_id(account, examined) if self._is_half_sure(account) else examined

    def is_last_confirmation(self, account: Account) -> bool:
        """True when one more absence opens an outage, or would but for a mass event."""
        state = self._book.states[account.id]
        return state.phase in (Phase.UP, Phase.SUSPECT) and state.n + 1 >= account.policy.confirm.threshold

    def _may_open(self, account: Account, finding: Finding) -> bool:
        """True for the look that may open an outage; of those that a mass event makes wait, the first and the last."""
        state, policy = self._book.states[account.id], account.policy
        if not self.is_last_confirmation(account):
            return False
        held = is_held(self._book.cohort(account, finding), began_at(state) or finding.at, finding.at, policy)
        return state.n + 1 == policy.confirm.threshold or not held

    def _may_have_moved(self, account: Account, now: datetime) -> bool:
        """Once an interval while it is down: it may be back under another handle, where only its id finds it."""
        state = self._book.states[account.id]
        if state.phase is not Phase.DOWN or state.outage is None or state.last_verdict_at is None:
            return False
        second = self._book.second_task(account, state.source or "", now)
        if second is None or not second.target.by_id:
            return False
        since, interval = state.outage.confirmed_at, account.policy.interval
        return (now - since) // interval > (state.last_verdict_at - since) // interval

    def _is_half_sure(self, account: Account) -> bool:
        """True of the absence before the last: by then whoever was renamed is to be found, not only in the end."""
        state = self._book.states[account.id]
        return state.phase is Phase.SUSPECT and state.n + 2 == account.policy.confirm.threshold

    async def _by_id(self, account: Account, examined: Examined) -> Examined:
        """What its stable id says, if it says that the account is there under another handle."""
        task = self._book.second_task(account, examined.finding.source, self._clock.now(), self._controls.health)
        if task is None or not task.target.by_id:
            return examined
        other = await self.examine(task, wary=False)
        return other if other.finding.reason is Reason.RENAMED else examined

    async def _second_look(self, account: Account, examined: Examined) -> Examined:
        """Ask once more in another way before an outage is opened: by the stable id, or at the next source.

        Found under another handle, the account was renamed. Found all the same, the two disagree: `conflict`. Where
        many are missing at once the next source is asked in any case. Where no other way says the same, the same
        question is put again: what strikes one answer and no control must not open an outage.
        """
        first, now, health = examined.finding, self._clock.now(), self._controls.health
        tasks = [self._book.second_task(account, first.source, now, health)]
        if self._book.cohort(account, first) is not None and (tasks[0] is None or tasks[0].target.by_id):
            tasks.append(self._book.elsewhere_task(account, first.source, now, health))
        seconded = repeated = False
        for task in filter(None, tasks):
            other = await self.examine(task, wary=False)
            if other.finding.reason is Reason.RENAMED:
                return other
            if other.finding.is_present:
                why = f"{task.source.name}{' by id' if task.target.by_id else ''} says that it is there"
                return replace(examined, finding=refuse(first, Reason.CONFLICT, why))
            repeated |= other.finding.is_absent
            seconded |= other.finding.is_absent and other.finding.source != first.source
        if not repeated and not self._book.states[account.id].is_down and examined.exchange is not None:
            other = await self.examine(replace(examined.exchange.task, due=self._clock.now()), wary=False)
            if not other.finding.is_absent:
                return other
        return replace(examined, seconded=seconded)

    async def examine(self, task: Task, *, wary: bool) -> Examined:
        """Fetch + classify + admit: one proven finding about the task's target.

        `wary`: the account is down, so that its presence too must be proven against a page that shows everybody.
        Where one control is gone too and another is there, the question is put once more, beside that one: a control
        that dies must not cost a look.
        """
        answered = await self.ask(task)
        examined = await self.prove(answered.parts[0], wary=wary, beside=answered.beside)
        if not _is_doubted(examined, task):
            return examined
        answered = await self.ask(replace(task, due=self._clock.now()))
        return await self.prove(answered.parts[0], wary=wary, beside=answered.beside)

    async def ask(self, task: Task) -> Answered:
        """Put the question."""
        answered = await ask(task, self._fetch, self._controls)
        self._reachability.note_exchange(answered.whole)
        return answered

    async def prove(self, exchange: Exchange, *, wary: bool, beside: tuple[ControlFinding, ...] = ()) -> Examined:
        """Classify + admit: waits for controls where those `beside` the answer are not enough."""
        task = exchange.task
        key = key_of(task)
        report = self._controls.report(key)
        known = report.references
        classified = classify(exchange, self.baselines.beside(known, task), vantage=VANTAGE)
        need = need_of(classified, task, report, wary=wary, vouched=vouched_for(beside))
        if need is not None:
            report = await self._controls.satisfy(key, need)
            if report.references != known:  # beside the same pages it would say the same
                classified = classify(exchange, self.baselines.beside(report.references, task), vantage=VANTAGE)
            late = need_of(classified, task, report, wary=wary, vouched=vouched_for(beside))
            report = await self._controls.satisfy(key, late) if late is not None else report
        now = self._clock.now()
        finding = admit(
            classified.finding,
            report,
            now,
            pinned=task.target.stable_id,
            wary=wary,
            beside=beside,
            handle=task.target.handle,
        )
        if self._sight.is_our_fault(finding, now):
            finding = refuse(finding, Reason.LOCAL_NETWORK, "nothing is reached from here")
        self.baselines.note(task, classified, finding)
        return Examined(finding=finding, exchange=exchange, classified=classified, report=report)

    def nothing_to_ask(self, account: Account) -> Examined:
        """The finding on an account whose platform has no usable source."""
        return Examined(finding=no_source(self._book.platform_of(account), self._clock.now()))


def _is_doubted(examined: Examined, task: Task) -> bool:
    """True where an absence is refused only since a control is gone too, while another one is there."""
    raw = examined.classified.finding if examined.classified is not None else None
    if raw is None or examined.report is None or not raw.is_absent or not examined.finding.refused:
        return False
    is_there = examined.report.positive_after(raw.at) is not None
    return is_there and missing_too(raw, examined.report, task.target.handle) is not None
