"""How a start goes on from what an earlier run stored: the states, and what the time between them changed. Pure.

What changed is stored before the list of whom we watch is: a start that fails half-way is simply made again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from watcher.judge.watching import resume, rewatch, unwatch
from watcher.model.account import Watchlist
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.outage import AccountState, Decision, TransitionKind, Unobserved
from watcher.store.base import Commit, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """The state of every account watched now, by id, and what is to be stored of the way there."""

    states: dict[str, AccountState]
    commit: Commit


def reopen(stored: Stored, watchlist: Watchlist, now: datetime) -> Reopened:
    """The states to go on from, and one commit: who came or went, and the time in which nobody watched."""
    decisions = tuple(_decisions(stored, watchlist, now))
    states = {account_id: AccountState(account_id=account_id, since=now) for account_id in watchlist.accounts}
    states.update((d.state.account_id, d.state) for d in decisions if d.state.account_id in states)
    transitions = tuple(transition for decision in decisions for transition in decision.transitions)
    return Reopened(
        states=states,
        commit=Commit(
            states=tuple(decision.state for decision in decisions),
            transitions=transitions,
            unobserved=(*_downtime(stored, now), *(span for decision in decisions for span in decision.unobserved)),
            closed=tuple(
                (t.outage.id, t.at) for t in transitions if t.kind is TransitionKind.OUTAGE_CLOSED and t.outage
            ),
        ),
    )


def _decisions(stored: Stored, watchlist: Watchlist, now: datetime) -> Iterable[Decision]:
    for account_id, state in stored.states.items():
        if account_id not in watchlist.accounts:
            if account_id not in stored.unwatched:
                yield unwatch(state, now)
        elif account_id in stored.unwatched:
            yield rewatch(state, now)
        else:
            yield Decision(state=resume(state, now, stored.heartbeat_at))


def _downtime(stored: Stored, now: datetime) -> tuple[Unobserved, ...]:
    since = stored.heartbeat_at
    if since is None or since >= now:
        return ()
    return (Unobserved(account_id=None, from_at=since, to_at=now, cause="not running"),)


def not_after(reports: Iterable[ControlReport], now: datetime) -> tuple[ControlReport, ...]:
    """The reports without what seems to have been said after `now`: the clock was set back since.

    A control of the future would count as given after any answer of the present.
    """
    return tuple(
        replace(report, positives=_past(report.positives, now), negatives=_past(report.negatives, now))
        for report in reports
    )


def _past(controls: tuple[ControlFinding, ...], now: datetime) -> tuple[ControlFinding, ...]:
    return tuple(control for control in controls if control.finding.at <= now)
