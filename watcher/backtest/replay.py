"""The looks that samples stand for, put where today's policy would have put them, through the judge. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from watcher.backtest.again import Look
from watcher.judge.machine import step
from watcher.judge.policy import expected, wait
from watcher.model.account import Account
from watcher.model.finding import Finding, Stamp, Verdict
from watcher.model.outage import AccountState, Outage, Phase, TransitionKind, Unobserved

_MOMENT: Final = timedelta(milliseconds=1)


def ends(looks: Sequence[Look], until: datetime) -> Iterator[datetime]:
    """Up to when each look stands for others."""
    yield from (later.finding.at for _, later in pairwise(looks))
    yield max(until, looks[-1].finding.at)


class _Judge:
    """Takes findings one by one; `outages` are those that came of them, each as it last stands."""

    def __init__(self, account: Account, state: AccountState, hidden: Sequence[Unobserved]) -> None:
        self.state = state
        self.outages: dict[str, Outage] = {}
        self._account = account
        self._hidden = hidden

    def take(self, finding: Finding) -> None:
        """What the next finding makes of the state."""
        decision = step(_bridged(self.state, finding, self._hidden, self._account), finding, self._account)
        self.state = decision.state
        for happened in decision.transitions:
            if happened.outage is not None and happened.kind is not TransitionKind.ACCOUNT_BLIND:
                self.outages[happened.outage.id] = happened.outage
        if self.state.outage is not None:
            self.outages[self.state.outage.id] = self.state.outage

    def take_all(self, finding: Finding, end: datetime) -> None:
        """The looks that a sample stands for: one by one up to where they change nothing; then the last.

        The look at `end`, which said something else, came a pause after the last of them: none is put closer to it
        than half a pause.
        """
        at, took = finding.at, max(finding.at - finding.seen.earliest, _MOMENT)
        while True:
            self.take(_at(finding, at))
            pause = wait(self.state, self._account.policy) + took
            if _is_settled(self.state, finding):
                last = end - pause
                if last > at + pause and _hiding(last, self._hidden) is None:
                    self.take(_at(finding, last))
                return
            at += pause
            while (span := _hiding(at, self._hidden)) is not None:
                at = span.to_at
            if at + pause / 2 > end:
                return


def replayed(
    account: Account,
    looks: Sequence[Look],
    hidden: Sequence[Unobserved],
    seen_since: datetime | None,
    until: datetime,
) -> list[Outage]:
    """The outages that come of the looks, each as it last stands."""
    first = looks[0].finding.at
    known = seen_since is not None and seen_since < first
    judge = _Judge(
        account,
        AccountState(account_id=account.id, since=first, phase=Phase.UP if known else Phase.NEW),
        hidden,
    )
    for look, end in zip(looks, ends(looks, until), strict=True):
        judge.take_all(look.finding, end)
    return list(judge.outages.values())


def _at(finding: Finding, at: datetime) -> Finding:
    later = at - finding.at
    seen = Stamp(earliest=finding.seen.earliest + later, latest=finding.seen.latest + later)
    return replace(finding, at=at, seen=seen)


def _is_settled(state: AccountState, finding: Finding) -> bool:
    """True when more looks that say the same change no phase."""
    match finding.verdict:
        case Verdict.PRESENT:
            return state.phase is Phase.UP
        case Verdict.ABSENT:
            return state.phase is Phase.NEVER_SEEN or (state.phase is Phase.DOWN and state.next_reason is None)
        case Verdict.INCONCLUSIVE:
            return True


def _bridged(state: AccountState, finding: Finding, hidden: Sequence[Unobserved], account: Account) -> AccountState:
    """The state as looks that were left out would have left it: they were made, so that no gap is seen."""
    since = state.observed_until
    if since is None or not finding.is_conclusive or any(span.to_at > since for span in hidden):
        return state
    if state.verdict is not finding.verdict:
        return state
    return replace(state, observed_until=max(since, finding.at - expected(state, account.policy)))


def _hiding(at: datetime, hidden: Sequence[Unobserved]) -> Unobserved | None:
    return next((span for span in hidden if span.from_at <= at < span.to_at), None)
