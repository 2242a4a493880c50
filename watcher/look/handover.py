"""How states go on when the list of whom we watch changes: over a restart, and by an edit while running. Pure.

What changed is stored in one commit with the list itself: who dies on the way finds the same edit at the next start,
and makes it then.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Final

from watcher.judge.watching import move, resume, rewatch, unwatch
from watcher.model.account import Account, Watchlist
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.outage import AccountState, Decision, TransitionKind, Unobserved
from watcher.model.reload import Edit
from watcher.store.values import ONLY_LISTED, Commit, Stored, Watched

_KEPT: Final = attrgetter(*(field.name for field in fields(Account) if field.name not in ONLY_LISTED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """How accounts stand from now on, by id, who is `gone`, and what is to be stored of the way there.

    After a start `states` has every account that is watched; after an edit those that are new, stand otherwise or are
    now somewhere else.
    """

    states: dict[str, AccountState]
    commit: Commit
    gone: tuple[str, ...] = ()


def reopen(stored: Stored, watchlist: Watchlist, now: datetime) -> Handover:
    """The states to go on from after a start: who came or went meanwhile, and the time in which nobody watched."""
    listed = watchlist.accounts
    decisions = tuple(_decisions(stored, watchlist, now))
    states = {name: AccountState(account_id=name, since=now) for name in listed if name not in stored.states}
    states |= {d.state.account_id: d.state for d in decisions if d.state.account_id in listed}
    was_watched = (stored.accounts.keys() | stored.states.keys()) - stored.unwatched
    edit = Watched(
        accounts=tuple(
            account
            for account_id, account in listed.items()
            if account_id in stored.unwatched or not _is_stored(account, stored.accounts.get(account_id))
        ),
        at=now,
        gone=tuple(sorted(was_watched - listed.keys())),
    )
    return Handover(states=states, commit=_commit(decisions, edit, _downtime(stored, now)))


def compare(old: Watchlist, new: Watchlist) -> Edit:
    """Who comes, who goes, and whose entry says something else. Quick where the lists share what stays."""
    before, after = old.accounts, new.accounts
    return Edit(
        added=tuple(account_id for account_id in after if account_id not in before),
        removed=tuple(account_id for account_id in before if account_id not in after),
        changed=tuple(
            account_id
            for account_id, account in after.items()
            if (known := before.get(account_id)) is not account and known is not None and known != account
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
    edit: Edit | None = None,
) -> Handover:
    """How those stand that an edit touches. `known` has the states of accounts that were watched once before.

    Who stays keeps everything, unless the entry names another page than the one that is asked. `edit` is what `compare`
    says of the two, where somebody knows already.
    """
    edit = edit or compare(old, new)
    decisions = [unwatch(states[account_id], now) for account_id in edit.removed]
    for account_id in edit.added:
        if account_id in known.states:
            before = known.accounts.get(account_id)
            listed = _as_listed(known.states[account_id], before, new.accounts[account_id], now)
            decisions.append(rewatch(listed.state, now))
    for account_id in edit.changed:
        listed = _as_listed(states[account_id], old.accounts[account_id], new.accounts[account_id], now)
        if listed.state is not states[account_id]:
            decisions.append(listed)
    begun = {name: states[name] for name in edit.changed if not is_same_page(old.accounts[name], new.accounts[name])}
    begun |= {name: AccountState(account_id=name, since=now) for name in edit.added if name not in known.states}
    begun |= {d.state.account_id: d.state for d in decisions if d.state.account_id in new.accounts}
    watched = Watched(
        accounts=tuple(
            new.accounts[name]
            for name in (*edit.added, *edit.changed)
            if not _is_stored(new.accounts[name], old.accounts.get(name))
        ),
        at=now,
        gone=edit.removed,
    )
    return Handover(states=begun, commit=_commit(decisions, watched), gone=edit.removed)


def not_after(reports: Iterable[ControlReport], now: datetime) -> tuple[ControlReport, ...]:
    """The reports without what seems to have been said after `now`: the clock was set back since.

    A control of the future would count as given after any answer of the present.
    """
    return tuple(
        replace(report, positives=_past(report.positives, now), negatives=_past(report.negatives, now))
        for report in reports
    )


def _as_listed(state: AccountState, before: Account | None, now_listed: Account, now: datetime) -> Decision:
    """Where the entry names another page than `before`, that one is asked, whatever a rename had found.

    All stays as it is where it only catches up with the rename.
    """
    if before is None or is_same_page(before, now_listed):
        return Decision(state=state)
    asked = before if state.handle is None else replace(before, handle=state.handle)
    return Decision(state=replace(state, handle=None)) if is_same_page(asked, now_listed) else move(state, now)


def is_same_page(one: Account, other: Account) -> bool:
    """True when both entries ask the same page, whatever else they say."""
    return (one.platform, one.instance, one.handle) == (other.platform, other.instance, other.handle)


def _commit(decisions: Sequence[Decision], edit: Watched, downtime: tuple[Unobserved, ...] = ()) -> Commit:
    transitions = tuple(transition for decision in decisions for transition in decision.transitions)
    return Commit(
        watched=(edit,) if edit.accounts or edit.gone else (),
        states=tuple(decision.state for decision in decisions),
        transitions=transitions,
        unobserved=(*downtime, *(span for decision in decisions for span in decision.unobserved)),
        closed=tuple((t.outage.id, t.at) for t in transitions if t.kind is TransitionKind.OUTAGE_CLOSED and t.outage),
    )


def _is_stored(account: Account, stored: Account | None) -> bool:
    """True where the store says of the account what the list does, as far as it keeps it."""
    return stored is not None and _kept(account) == _kept(stored)


def _kept(account: Account) -> tuple[object, ...]:
    found: tuple[object, ...] = _KEPT(account)
    return found


def _decisions(stored: Stored, watchlist: Watchlist, now: datetime) -> Iterable[Decision]:
    for account_id, state in stored.states.items():
        if account_id not in watchlist.accounts:
            if account_id not in stored.unwatched:
                yield unwatch(state, now)
            continue
        listed = _as_listed(state, stored.accounts.get(account_id), watchlist.accounts[account_id], now)
        if account_id in stored.unwatched:
            yield rewatch(listed.state, now)
        else:
            yield replace(listed, state=resume(listed.state, now, stored.heartbeat_at))


def _downtime(stored: Stored, now: datetime) -> tuple[Unobserved, ...]:
    since = stored.heartbeat_at
    if since is None or since >= now:
        return ()
    return (Unobserved(account_id=None, from_at=since, to_at=now, cause="not running"),)


def _past(controls: tuple[ControlFinding, ...], now: datetime) -> tuple[ControlFinding, ...]:
    return tuple(control for control in controls if control.finding.at <= now)
