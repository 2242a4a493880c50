"""Where the stages meet: examine → judge → commit. The order and the hand-over, nothing else.

Memory is the truth while running. A transition and the notifications it makes are stored in one commit; people are
told only of what is stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from watcher.classify.condense import condense, kept_controls
from watcher.clock import Clock
from watcher.judge.machine import fall_silent, is_silent, step
from watcher.judge.policy import wait
from watcher.logs import is_told
from watcher.look.book import Book, Whereabouts, is_calm, whereabouts
from watcher.look.bundle import Sighting, witnessed
from watcher.look.controls import Controls, Fetch
from watcher.look.examining import Examined, Examiner
from watcher.look.handover import Handover, is_same_page
from watcher.look.sight import Sight
from watcher.metrics import Metrics
from watcher.model.account import Account, Watchlist
from watcher.model.exchange import Purpose
from watcher.model.finding import Finding
from watcher.model.outage import BUNDLE, ZERO, Decision, Phase, Transition
from watcher.model.platform import Platform
from watcher.model.route import Route
from watcher.model.sample import Sample, samples_of
from watcher.notify.announce import News, announce
from watcher.notify.flapping import comes_and_goes, settled
from watcher.notify.mass import growth, over, returns
from watcher.probe import Reachability
from watcher.store.values import Body, Commit
from watcher.store.worker import StoreWorker

_SOME: Final = 500
_MEANWHILE: Final = timedelta(milliseconds=10)
# Of more accounts than these it is not kept what pages looked like that showed them: at the start that would take
# longer than an interval, and 5 GB a month for a hundred thousand.
MANY: Final = 5_000
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
        self.examiner = Examiner(book, fetch, controls, reachability, self.sight, clock)
        self.observe: Observer = lambda _account, _examined, _decision: None
        self._worker = worker
        self._clock = clock
        self._metrics = metrics
        self._committed = committed
        self._log = structlog.get_logger("watcher")

    # One look.

    async def look(self, account_id: str, *, suspected: bool = False) -> timedelta | None:
        """Look at one account by itself and judge what is seen; how long to wait before the next look.

        `suspected`: a batch did not name it, so that it is looked at as one to be confirmed. None when the account is
        no longer watched.
        """
        account = self.book.watchlist.accounts.get(account_id)
        if account is None:
            return None
        settled = is_calm(self.book.states[account_id]) and not suspected
        examined = await self.examiner.examine_account(account, Purpose.ROUTINE if settled else Purpose.CONFIRM)
        now_listed = self.book.watchlist.accounts.get(account_id)
        if now_listed is None:
            return None
        if not is_same_page(account, now_listed):
            return ZERO  # what was seen is of the page that was listed before
        self.settle(now_listed, examined)
        return wait(self.book.states[account_id], now_listed.policy)

    # What comes of it.

    def settle(self, account: Account, examined: Examined) -> None:
        """Judge a finding and hand over what it changes."""
        finding = examined.finding
        before = self.book.states[account.id]
        cohort = self.book.cohort(account, finding)
        if cohort is not None and examined.seconded:
            cohort = replace(cohort, seconded=True)
        decision = step(before, finding, account, cohort)
        is_one_of_many = finding.is_present and len(self.book.states) > MANY
        bodies: tuple[Body, ...] = ()
        if not (is_one_of_many and before.phase is Phase.NEW):
            decision, bodies = _witnessed(decision, account, examined)
        samples = samples_of(before, decision.state, finding, examined.exchange)
        samples = samples if is_one_of_many else _imprinted(samples, examined)
        self._apply(account, decision, bodies, samples)
        self._metrics.of_platform(account.platform).findings.inc()
        if not finding.is_conclusive:
            self._metrics.probe_inconclusive.labels(account.platform, finding.reason).inc()
        if is_told("debug"):
            self._log.debug("probed", account=account.id, phase=str(decision.state.phase), **_facts(finding))
        self.observe(account, examined, decision)

    def adopt(
        self,
        watchlist: Watchlist,
        platforms: Mapping[str, Platform],
        routes: tuple[Route, ...],
        handover: Handover,
        where: Whereabouts | None = None,
    ) -> None:
        """Go by a changed configuration, and hand over what that changes of the accounts.

        `where` are the whereabouts of the watchlist, if somebody found them out already.
        """
        before = self.book.watchlist.accounts
        self.book.amend(watchlist, where or whereabouts(watchlist), platforms, routes, handover.gone, handover.states)
        self.controls.replace(platforms)
        self.examiner.baselines.keep(watchlist.accounts)
        self.controls.let_go(self.book.only_known)
        self._commit(handover.commit, News(closed=handover.commit.closed))
        for transition in handover.commit.transitions:
            account = watchlist.accounts.get(transition.account_id) or before[transition.account_id]
            self._count(account, transition)
            self._tell_log(account, transition)

    def tell(self, news: News) -> None:
        """Hand over news that no account's state goes with."""
        self._commit(Commit(), news)

    async def notice_silence(self) -> None:
        """Note the accounts of which nothing was heard for three intervals, and tell of what we cannot see.

        Some at a time: there may be a hundred thousand, and the looks that are made in between are not to come late.
        """
        now = self._clock.now()
        for place, account_id in enumerate(tuple(self.book.watchlist.accounts)):
            if place % _SOME == _SOME - 1:
                await self._clock.sleep(_MEANWHILE)
                now = self._clock.now()
            account = self.book.watchlist.accounts.get(account_id)
            if account is not None and is_silent(self.book.states[account_id], now, account.policy):
                self._apply(account, fall_silent(self.book.states[account_id], now, account))
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
        if not (decision.transitions or decision.unobserved or samples):
            self._worker.touch(decision.state)
            return
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
        news += comes_and_goes(decision.transitions, account, self.book.routes, self.book.incidents.values())
        commit = Commit(
            states=(decision.state,),
            transitions=decision.transitions,
            unobserved=decision.unobserved,
            bodies=bodies,
            samples=samples,
        )
        self._commit(commit, news)
        for transition in decision.transitions:
            self._count(account, transition)
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

    def _count(self, account: Account, transition: Transition) -> None:
        outage = transition.outage
        if outage is not None and not outage.is_open:
            self._metrics.outage_duration.labels(account.platform).observe(outage.duration.best.total_seconds())

    def _tell_log(self, account: Account, transition: Transition) -> None:
        if not is_told("info"):
            return
        finding, outage = transition.finding, transition.outage
        # The hash of the bundle is of use only beside the message that shows the transition's.
        facts = {name: text for name, text in transition.detail.items() if name != BUNDLE}
        if finding is not None:
            facts |= {"reason": str(finding.reason), "rule": finding.evidence.rule, "source": finding.source}
            facts |= {"quote": finding.evidence.quote} if finding.evidence.quote else {}
        if outage is not None:
            facts["outage"] = outage.id
            if not outage.is_open:
                facts["duration_seconds"] = str(round(outage.duration.best.total_seconds(), 1))
        self._log.info(transition.kind, account=account.id, at=f"{transition.at:%Y-%m-%dT%H:%M:%SZ}", **facts)


def _facts(finding: Finding) -> dict[str, str]:
    """A finding as the log tells it."""
    return {
        "verdict": str(finding.verdict),
        "reason": str(finding.reason),
        "source": finding.source,
        "rule": finding.evidence.rule,
    }


def _witnessed(decision: Decision, account: Account, examined: Examined) -> tuple[Decision, tuple[Body, ...]]:
    """The decision with its transitions naming the bundle of the look, and what is kept of it."""
    if examined.exchange is None or not decision.transitions:
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


def _imprinted(samples: tuple[Sample, ...], examined: Examined) -> tuple[Sample, ...]:
    """The look as a sample, if it is to be one, with what is needed to judge it again."""
    if not samples or examined.exchange is None:
        return samples
    imprint = condense(examined.exchange, examined.finding)
    if imprint is not None:
        imprint = replace(imprint, controls=kept_controls(examined.report))
    return tuple(replace(sample, imprint=imprint) for sample in samples)
