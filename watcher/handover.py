"""How states go on when the list of whom we watch changes: over a restart, and by an edit while running. Pure.

What changed is stored in one commit with the list itself: who dies on the way finds the same edit at the next start,
and makes it then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from watcher.judge.watching import resume, rewatch, unwatch
from watcher.model.account import Account, Watchlist
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.outage import AccountState, Decision, TransitionKind, Unobserved
from watcher.model.reload import Edit
from watcher.store.base import Commit, Stored, Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The state of every account watched now, by id, and what is to be stored of the way there."""

    states: dict[str, AccountState]
    commit: Commit


def reopen(stored: Stored, watchlist: Watchlist, now: datetime) -> Handover:
    """The states to go on from after a start: who came or went meanwhile, and the time in which nobody watched."""
    decisions = tuple(_decisions(stored, watchlist, now))
    return _handover(decisions, {}, watchlist, now, downtime=_downtime(stored, now))


def compare(old: Watchlist, new: Watchlist) -> Edit:
    """Who comes, who goes, and whose entry says something else."""
    return Edit(
        added=tuple(account_id for account_id in new.accounts if account_id not in old.accounts),
        removed=tuple(account_id for account_id in old.accounts if account_id not in new.accounts),
        changed=tuple(
            account_id
            for account_id, account in new.accounts.items()
            if account_id in old.accounts and old.accounts[account_id] != account
        ),
    )


def removed_at_start(stored: Stored, watchlist: Watchlist) -> str | None:
    """What a start takes away, if that is so much that it is rather a mistake: nobody was asked."""
    before = {name: account for name, account in stored.accounts.items() if name not in stored.unwatched}
    old = Watchlist(accounts=before, owners={})
    return too_much(compare(old, watchlist), old, stored.states)


def too_much(edit: Edit, old: Watchlist, states: Mapping[str, AccountState]) -> str | None:
    """Why an edit removes so much that it is rather a mistake; None when it may be made unasked."""
    if 2 * len(edit.removed) > len(old.accounts):
        return f"removes {len(edit.removed)} of {len(old.accounts)} accounts"
    gone = [account_id for account_id in edit.removed if account_id in states and states[account_id].is_down]
    if len(gone) > 1:
        return f"removes {len(gone)} accounts that are gone right now ({', '.join(gone)})"
    return None


def edited(
    old: Watchlist,
    new: Watchlist,
    states: Mapping[str, AccountState],
    known: Stored,
    now: datetime,
) -> Handover:
    """The states to go on from after an edit. `known` has those of accounts that were watched once before.

    Who stays keeps everything, but for the new handle of a rename once the entry itself has another one.
    """
    edit = compare(old, new)
    decisions = [unwatch(states[account_id], now) for account_id in edit.removed]
    decisions += [
        rewatch(_as_listed(known.states[account_id], known.accounts.get(account_id), new.accounts[account_id]), now)
        for account_id in edit.added
        if account_id in known.states
    ]
    for account_id in edit.changed:
        listed = _as_listed(states[account_id], old.accounts[account_id], new.accounts[account_id])
        if listed is not states[account_id]:
            decisions.append(Decision(state=listed))
    stays = {account_id: states[account_id] for account_id in new.accounts if account_id in old.accounts}
    return _handover(decisions, stays, new, now)


def not_after(reports: Iterable[ControlReport], now: datetime) -> tuple[ControlReport, ...]:
    """The reports without what seems to have been said after `now`: the clock was set back since.

    A control of the future would count as given after any answer of the present.
    """
    return tuple(
        replace(report, positives=_past(report.positives, now), negatives=_past(report.negatives, now))
        for report in reports
    )


def _as_listed(state: AccountState, before: Account | None, now_listed: Account) -> AccountState:
    """Where the entry names another page than `before`, that one is asked, whatever a rename had found."""
    if state.handle is None or before is None or is_same_page(before, now_listed):
        return state
    return replace(state, handle=None)


def is_same_page(one: Account, other: Account) -> bool:
    """True when both entries ask the same page, whatever else they say."""
    return (one.platform, one.instance, one.handle) == (other.platform, other.instance, other.handle)


def _handover(
    decisions: Iterable[Decision],
    stays: Mapping[str, AccountState],
    watchlist: Watchlist,
    now: datetime,
    downtime: tuple[Unobserved, ...] = (),
) -> Handover:
    decisions = tuple(decisions)
    states = {account_id: AccountState(account_id=account_id, since=now) for account_id in watchlist.accounts}
    states |= stays
    states.update((d.state.account_id, d.state) for d in decisions if d.state.account_id in states)
    transitions = tuple(transition for decision in decisions for transition in decision.transitions)
    return Handover(
        states=states,
        commit=Commit(
            watched=(Watched(accounts=tuple(watchlist.accounts.values()), at=now),),
            states=tuple(decision.state for decision in decisions),
            transitions=transitions,
            unobserved=(*downtime, *(span for decision in decisions for span in decision.unobserved)),
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
            continue
        listed = _as_listed(state, stored.accounts.get(account_id), watchlist.accounts[account_id])
        if account_id in stored.unwatched:
            yield rewatch(listed, now)
        else:
            yield Decision(state=resume(listed, now, stored.heartbeat_at))


def _downtime(stored: Stored, now: datetime) -> tuple[Unobserved, ...]:
    since = stored.heartbeat_at
    if since is None or since >= now:
        return ()
    return (Unobserved(account_id=None, from_at=since, to_at=now, cause="not running"),)


def _past(controls: tuple[ControlFinding, ...], now: datetime) -> tuple[ControlFinding, ...]:
    return tuple(control for control in controls if control.finding.at <= now)
