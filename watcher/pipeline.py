"""Where the stages meet: fetch → classify → admit → judge → commit. The order and the hand-over, nothing else.

Memory is the truth while running. A transition and the notifications it makes are stored in one commit; people are
told only of what is stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from watcher.asking import Answered, ask, key_of, no_source
from watcher.baselines import Baselines
from watcher.book import VANTAGE, Book
from watcher.bundle import Sighting, witnessed
from watcher.classify import Classified, classify
from watcher.classify.condense import condense, kept_controls
from watcher.clock import Clock
from watcher.controls import Controls, Fetch
from watcher.handover import Handover, is_same_page
from watcher.judge.cohort import began_at, is_held
from watcher.judge.gate import admit, missing_too, refuse, vouched_for
from watcher.judge.machine import fall_silent, step
from watcher.judge.policy import wait
from watcher.metrics import Metrics
from watcher.model.account import Account, Watchlist
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.exchange import Exchange, Purpose, Task
from watcher.model.finding import Finding, Reason
from watcher.model.outage import BUNDLE, ZERO, AccountState, Decision, Phase, Transition
from watcher.model.platform import Platform
from watcher.model.route import Route
from watcher.model.sample import Sample, samples_of
from watcher.needs import need_of
from watcher.notify.announce import News, announce
from watcher.notify.flapping import comes_and_goes, settled
from watcher.notify.mass import growth, over, returns
from watcher.probe import Reachability
from watcher.sight import Sight
from watcher.store.base import Body, Commit
from watcher.store.worker import StoreWorker

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


Observer = Callable[[Account, Examined, Decision], None]


class Pipeline:
    """Looks at accounts and keeps their states. `observe` is called with each decision once it is made."""

    def __init__(
        self,
        *,
        book: Book,
        fetch: Fetch,
        controls: Controls,
        reachability: Reachability,
        worker: StoreWorker,
        clock: Clock,
        metrics: Metrics,
        committed: Callable[[], None],
    ) -> None:
        self.book = book
        self.controls = controls
        self.sight = Sight(book, controls, reachability, clock.now())
        self.observe: Observer = lambda _account, _examined, _decision: None
        self._fetch = fetch
        self._reachability = reachability
        self._worker = worker
        self._clock = clock
        self._metrics = metrics
        self._committed = committed
        self._log = structlog.get_logger("watcher")
        self._baselines = Baselines()

    # One look.

    async def look(self, account_id: str, *, suspected: bool = False) -> timedelta | None:
        """Look at one account by itself and judge what is seen; how long to wait before the next look.

        `suspected`: a batch did not name it, so that it is looked at as one to be confirmed. None when the account is
        no longer watched.
        """
        account = self.book.watchlist.accounts.get(account_id)
        if account is None:
            return None
        settled = self.book.states[account_id].phase in (Phase.UP, Phase.NEVER_SEEN) and not suspected
        examined = await self._examine_account(account, Purpose.ROUTINE if settled else Purpose.CONFIRM)
        now_listed = self.book.watchlist.accounts.get(account_id)
        if now_listed is None:
            return None
        if not is_same_page(account, now_listed):
            return ZERO  # what was seen is of the page that was listed before
        self.settle(now_listed, examined)
        return wait(self.book.states[account_id], now_listed.policy)

    async def _examine_account(self, account: Account, purpose: Purpose) -> Examined:
        """Ask source after source, best first, until one is not a mere shell; then check a last confirmation twice."""
        examined: Examined | None = None
        # Their controls go on being asked, every five minutes: so it is noticed when they see again.
        for source in self.book.passed_over(account, self.controls.health):
            self.controls.keep(self.book.key(account, source), self.book.platform_of(account), source)
        for source in self.book.single_sources(account, self.controls.health):
            if account.id not in self.book.states:
                break  # taken off the list meanwhile
            task = self.book.task(account, source, purpose, self._clock.now())
            examined = await self.examine(task, wary=self.book.states[account.id].is_down)
            if examined.finding.reason not in MOVE_ON:
                break
        if examined is None or account.id not in self.book.states:
            return examined or self.nothing_to_ask(account)
        finding = examined.finding
        if not finding.is_absent:
            return examined
        if self._may_open(account, finding) or self._may_have_moved(account, finding.at):
            return await self._second_look(account, examined)
        return await self._by_id(account, examined) if self._is_half_sure(account) else examined

    def is_last_confirmation(self, account: Account) -> bool:
        """True when one more absence opens an outage, or would but for a mass event."""
        state = self.book.states[account.id]
        return state.phase in (Phase.UP, Phase.SUSPECT) and state.n + 1 >= account.policy.confirm.threshold

    def _may_open(self, account: Account, finding: Finding) -> bool:
        """True for the look that may open an outage; of those that a mass event makes wait, the first and the last."""
        state, policy = self.book.states[account.id], account.policy
        if not self.is_last_confirmation(account):
            return False
        held = is_held(self.book.cohort(account, finding), began_at(state) or finding.at, finding.at, policy)
        return state.n + 1 == policy.confirm.threshold or not held

    def _may_have_moved(self, account: Account, now: datetime) -> bool:
        """Once an interval while it is down: it may be back under another handle, where only its id finds it."""
        state = self.book.states[account.id]
        if state.phase is not Phase.DOWN or state.outage is None or state.last_verdict_at is None:
            return False
        second = self.book.second_task(account, state.source or "", now)
        if second is None or not second.target.by_id:
            return False
        since, interval = state.outage.confirmed_at, account.policy.interval
        return (now - since) // interval > (state.last_verdict_at - since) // interval

    def _is_half_sure(self, account: Account) -> bool:
        """True of the absence before the last: by then whoever was renamed is to be found, not only in the end."""
        state = self.book.states[account.id]
        return state.phase is Phase.SUSPECT and state.n + 2 == account.policy.confirm.threshold

    async def _by_id(self, account: Account, examined: Examined) -> Examined:
        """What its stable id says, if it says that the account is there under another handle."""
        task = self.book.second_task(account, examined.finding.source, self._clock.now(), self.controls.health)
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
        first, now, health = examined.finding, self._clock.now(), self.controls.health
        tasks = [self.book.second_task(account, first.source, now, health)]
        if self.book.cohort(account, first) is not None and (tasks[0] is None or tasks[0].target.by_id):
            tasks.append(self.book.elsewhere_task(account, first.source, now, health))
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
        if not repeated and not self.book.states[account.id].is_down and examined.exchange is not None:
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
        answered = await ask(task, self._fetch, self.controls)
        self._reachability.note_exchange(answered.whole)
        return answered

    async def prove(self, exchange: Exchange, *, wary: bool, beside: tuple[ControlFinding, ...] = ()) -> Examined:
        """Classify + admit: waits for controls where those `beside` the answer are not enough."""
        task = exchange.task
        key = key_of(task)
        report = self.controls.report(key)
        known = report.references
        classified = classify(exchange, self._baselines.beside(known, task), vantage=VANTAGE)
        need = need_of(classified, task, report, wary=wary, vouched=vouched_for(beside))
        if need is not None:
            report = await self.controls.satisfy(key, need)
            if report.references != known:  # beside the same pages it would say the same
                classified = classify(exchange, self._baselines.beside(report.references, task), vantage=VANTAGE)
            late = need_of(classified, task, report, wary=wary, vouched=vouched_for(beside))
            report = await self.controls.satisfy(key, late) if late is not None else report
        finding = admit(
            classified.finding,
            report,
            self._clock.now(),
            pinned=task.target.stable_id,
            wary=wary,
            beside=beside,
            handle=task.target.handle,
        )
        if self.sight.is_our_fault(finding, self._clock.now()):
            finding = refuse(finding, Reason.LOCAL_NETWORK, "nothing is reached from here")
        self._baselines.note(task, classified, finding)
        return Examined(finding=finding, exchange=exchange, classified=classified, report=report)

    def nothing_to_ask(self, account: Account) -> Examined:
        """The finding on an account whose platform has no usable source."""
        return Examined(finding=no_source(self.book.platform_of(account), self._clock.now()))

    # What comes of it.

    def settle(self, account: Account, examined: Examined) -> None:
        """Judge a finding and hand over what it changes."""
        finding = examined.finding
        before = self.book.states[account.id]
        cohort = self.book.cohort(account, finding)
        if cohort is not None and examined.seconded:
            cohort = replace(cohort, seconded=True)
        decision, bodies = _witnessed(step(before, finding, account, cohort), account, examined)
        samples = _samples(before, decision.state, examined)
        self._apply(account, decision, bodies, samples)
        self._metrics.findings.labels(account.platform).inc()
        if not finding.is_conclusive:
            self._metrics.probe_inconclusive.labels(account.platform, finding.reason).inc()
        self._log.debug(
            "probed",
            account=account.id,
            verdict=str(finding.verdict),
            reason=str(finding.reason),
            source=finding.source,
            rule=finding.evidence.rule,
            phase=str(decision.state.phase),
        )
        self.observe(account, examined, decision)

    def adopt(
        self,
        watchlist: Watchlist,
        platforms: Mapping[str, Platform],
        routes: tuple[Route, ...],
        handover: Handover,
    ) -> None:
        """Go by a changed configuration, and hand over what that changes of the accounts."""
        known = {**self.book.watchlist.accounts, **watchlist.accounts}
        self.book.replace(watchlist, platforms, routes, handover.states)
        self.controls.replace(platforms)
        self._baselines.keep(watchlist.accounts)
        self.controls.let_go(self.book.only_known)
        self._commit(handover.commit, News(closed=handover.commit.closed))
        for transition in handover.commit.transitions:
            self._tell_log(known[transition.account_id], transition)

    def tell(self, news: News) -> None:
        """Hand over news that no account's state goes with."""
        self._commit(Commit(), news)

    def notice_silence(self) -> None:
        """Note the accounts of which nothing was heard for three intervals, and tell of what we cannot see."""
        now = self._clock.now()
        for account in self.book.watchlist.accounts.values():
            decision = fall_silent(self.book.states[account.id], now, account)
            if decision.transitions:
                self._apply(account, decision)
        news = self.sight.news(now) + over(self.book.incidents.values(), self.book.absences, self.book.groups, now)
        self.tell(news + settled(self.book.incidents.values(), self.book.flapping_since, now))

    def _apply(
        self,
        account: Account,
        decision: Decision,
        bodies: tuple[Body, ...] = (),
        samples: tuple[Sample, ...] = (),
    ) -> None:
        """Make the decision true: in memory and in the queue at once, with nothing that may fail in between."""
        self.book.stand(account, decision.state)
        news = announce(
            decision.transitions,
            account,
            self.book.routes,
            self.book.platform_of(account).title,
            self.book.groups,
            now=self._clock.now(),
        )
        for transition in decision.transitions:
            news += returns(transition, account, self.book.routes, self.book.absences, self.book.incidents)
            news += growth(transition, account, self.book.routes, self.book.incidents, self._clock.now())
            news += comes_and_goes(transition, account, self.book.routes, self.book.incidents.values())
        commit = Commit(
            states=(decision.state,),
            transitions=decision.transitions,
            unobserved=decision.unobserved,
            bodies=bodies,
            samples=samples,
        )
        if decision.transitions or decision.unobserved or samples:
            self._commit(commit, news)
        else:
            self._worker.touch(decision.state)
        for transition in decision.transitions:
            self._tell_log(account, transition)

    def _commit(self, commit: Commit, news: News) -> None:
        """Queue one transaction: the change and the news of it together. Nothing is queued for nothing."""
        whole = replace(
            commit,
            opened=news.opened,
            closed=news.closed,
            notifications=news.notifications,
            joined=news.joined,
        )
        if whole == Commit():
            return
        self.book.note(news.opened, news.joined, [incident_id for incident_id, _ in news.closed])
        self._worker.commit(whole).add_done_callback(lambda _done: self._committed())

    def _tell_log(self, account: Account, transition: Transition) -> None:
        finding, outage = transition.finding, transition.outage
        # The hash of the bundle is of use only beside the message that shows the transition's.
        facts = {name: text for name, text in transition.detail.items() if name != BUNDLE}
        if finding is not None:
            facts |= {"reason": str(finding.reason), "rule": finding.evidence.rule, "source": finding.source}
            facts |= {"quote": finding.evidence.quote} if finding.evidence.quote else {}
        if outage is not None:
            facts["outage"] = outage.id
            if not outage.is_open:
                platform = account.platform
                self._metrics.outage_duration.labels(platform).observe(outage.duration.best.total_seconds())
                facts["duration_seconds"] = str(round(outage.duration.best.total_seconds(), 1))
        self._log.info(transition.kind, account=account.id, at=f"{transition.at:%Y-%m-%dT%H:%M:%SZ}", **facts)


def _is_doubted(examined: Examined, task: Task) -> bool:
    """True where an absence is refused only since a control is gone too, while another one is there."""
    raw = examined.classified.finding if examined.classified is not None else None
    if raw is None or examined.report is None or not raw.is_absent or not examined.finding.refused:
        return False
    is_there = examined.report.positive_after(raw.at) is not None
    return is_there and missing_too(raw, examined.report, task.target.handle) is not None


def _witnessed(decision: Decision, account: Account, examined: Examined) -> tuple[Decision, tuple[Body, ...]]:
    """The decision with its transitions naming the bundle of the look, and what is kept of it."""
    if examined.exchange is None:
        return decision, ()
    transitions, bodies = witnessed(
        decision.transitions,
        Sighting(
            account=account,
            finding=examined.finding,
            exchange=examined.exchange,
            classified=examined.classified,
            report=examined.report,
        ),
    )
    return replace(decision, transitions=transitions), bodies


def _samples(before: AccountState, after: AccountState, examined: Examined) -> tuple[Sample, ...]:
    """The look as a sample, if it is to be one, with what is needed to judge it again."""
    samples = samples_of(before, after, examined.finding, examined.exchange)
    if not samples or examined.exchange is None:
        return samples
    imprint = condense(examined.exchange, examined.finding)
    if imprint is not None:
        imprint = replace(imprint, controls=kept_controls(examined.report))
    return tuple(replace(sample, imprint=imprint) for sample in samples)
