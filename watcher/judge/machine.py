"""The transition table: what one admitted finding does to one account.

Two rules stand above it. INCONCLUSIVE changes no phase. A finding that is not newer than what was already seen is
dropped. Each row is a function of the state, in which it is already noted that something was observed, and of what
was seen; it returns the new state and what happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from watcher.judge.cohort import Cohort, is_held
from watcher.judge.flapping import sampled
from watcher.judge.observation import counts, gap_before, is_old, last_present, later, observe, probed, unplaced_before
from watcher.judge.policy import is_overdue, severity_of
from watcher.model.account import Account, Policy
from watcher.model.finding import Certainty, Finding, Reason, Stamp, Verdict
from watcher.model.outage import (
    ZERO,
    AccountState,
    Decision,
    EndCause,
    Outage,
    Phase,
    Transition,
    TransitionKind,
)

_Outcome = tuple[AccountState, tuple[Transition, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A conclusive finding about an account; `counts` if it is far enough from the last one counted.

    `cohort` is the mass event that an absence belongs to.
    """

    finding: Finding
    account: Account
    counts: bool
    cohort: Cohort | None = None


_Row = Callable[[AccountState, Seen], _Outcome]


def step(state: AccountState, finding: Finding, account: Account, cohort: Cohort | None = None) -> Decision:
    """What `finding` makes of `state`, as part of a mass event or alone. Total: every phase takes every verdict."""
    if is_old(state, finding):
        return fall_silent(replace(state, last_probe_at=probed(state, finding)), finding.at, account)
    if not finding.is_conclusive:
        return _inconclusive(state, finding, account)
    gap = gap_before(state, finding, account.policy)
    observed = observe(state, finding, gap)
    seen = Seen(finding=finding, account=account, counts=counts(state, finding, account.policy), cohort=cohort)
    sighted = (_happened(TransitionKind.ACCOUNT_SIGHTED, observed, finding),) if state.blind_since else ()
    changed, happened = TABLE[state.phase, finding.verdict](observed, seen)
    changed = sampled(state, changed, finding.at, account.policy.interval)
    return Decision(
        state=changed, transitions=(*sighted, *happened, *_flapping(state, changed, finding)), unobserved=gap
    )


def _flapping(before: AccountState, after: AccountState, finding: Finding) -> tuple[Transition, ...]:
    if (before.flapping_since is None) is (after.flapping_since is None):
        return ()
    kind = TransitionKind.FLAPPING_STARTED if after.flapping_since is not None else TransitionKind.FLAPPING_STOPPED
    return (_happened(kind, after, finding, {"changes": str(after.flaps.bit_count())}),)


def is_silent(state: AccountState, now: datetime, policy: Policy) -> bool:
    """True when no verdict has come for three intervals, and nobody has said so yet."""
    return state.blind_since is None and is_overdue(state.silent_since, now, policy)


def fall_silent(state: AccountState, now: datetime, account: Account) -> Decision:
    """Notice that no verdict has come for three intervals: the account is blind. Says so once."""
    if not is_silent(state, now, account.policy):
        return Decision(state=state)
    blind = replace(state, blind_since=now)
    happened = Transition(
        kind=TransitionKind.ACCOUNT_BLIND,
        at=now,
        account_id=state.account_id,
        outage=state.outage,
        detail={"reason": str(state.reason)} if state.reason is not None and state.inconclusive else {},
    )
    return Decision(state=blind, transitions=(happened,))


def _inconclusive(state: AccountState, finding: Finding, account: Account) -> Decision:
    noted = replace(
        state,
        last_probe_at=probed(state, finding),
        inconclusive=state.inconclusive + 1,
        verdict=finding.verdict,
        reason=finding.reason,
        source=finding.source,
    )
    return fall_silent(noted, finding.at, account)


# The rows of the table.


def _first_seen(state: AccountState, seen: Seen) -> _Outcome:
    appeared = state.phase is Phase.NEVER_SEEN
    kind = TransitionKind.ACCOUNT_APPEARED if appeared else TransitionKind.ACCOUNT_FIRST_SEEN
    up, more = _identified(state, _up(state, seen.finding), seen.finding)
    return up, (_happened(kind, up, seen.finding), *more)


def _not_seen(state: AccountState, seen: Seen) -> _Outcome:
    if not seen.counts:
        return state, ()
    counted = replace(state, n=state.n + 1, last_counted=seen.finding.at)
    if counted.n < seen.account.policy.confirm.threshold:
        return counted, ()
    never = replace(counted, phase=Phase.NEVER_SEEN, since=seen.finding.at, n=0, last_counted=None)
    return never, (_happened(TransitionKind.ACCOUNT_NEVER_SEEN, never, seen.finding),)


def _still_not_seen(state: AccountState, _seen: Seen) -> _Outcome:
    return state, ()


def _still_up(state: AccountState, seen: Seen) -> _Outcome:
    return _identified(state, state, seen.finding)


def _suspect(state: AccountState, seen: Seen) -> _Outcome:
    finding = seen.finding
    suspect = replace(
        state,
        phase=Phase.SUSPECT,
        since=finding.at,
        n=1,
        last_counted=finding.at,
        began=finding.seen,
        last_absent=finding.seen,
        unplaced=ZERO,
        outage_unplaced=unplaced_before(state, finding.seen),
    )
    return _confirmed(suspect, seen, (_happened(TransitionKind.ACCOUNT_SUSPECTED, suspect, finding),))


def _still_suspect(state: AccountState, seen: Seen) -> _Outcome:
    if state.began is None:  # watched again after it was down (row 22): this is the first absence of now
        return _suspect(state, seen)
    suspect = replace(
        state,
        last_absent=later(state.last_absent or state.began, seen.finding.seen),
        unplaced=ZERO,
        outage_unplaced=state.outage_unplaced + state.unplaced,
    )
    if not seen.counts:
        return suspect, ()
    return _confirmed(replace(suspect, n=state.n + 1, last_counted=seen.finding.at), seen, ())


def _confirmed(state: AccountState, seen: Seen, happened: tuple[Transition, ...]) -> _Outcome:
    """DOWN, if enough absences were counted, and if it need not wait as part of a mass event."""
    policy = seen.account.policy
    if state.n < policy.confirm.threshold or state.began is None:
        return state, happened
    if is_held(seen.cohort, state.began.latest, seen.finding.at, policy):
        return state, happened
    down = replace(
        state,
        phase=Phase.DOWN,
        since=seen.finding.at,
        n=0,
        last_counted=None,
        began=None,
        last_absent=None,
        outage=_outage(state, state.began, seen),
        outages_total=state.outages_total + 1,
        previous_outage_id=None,
    )
    return down, (*happened, _happened(TransitionKind.OUTAGE_OPENED, down, seen.finding))


def _outage(state: AccountState, began: Stamp, seen: Seen) -> Outage:
    finding, account = seen.finding, seen.account
    return Outage(
        id=outage_id(account.id, began),
        account_id=account.id,
        handle_then=state.handle or account.display_handle,
        severity_then=severity_of(account.severity, finding.reason, finding.certainty),
        reason=finding.reason,
        certainty=finding.certainty,
        last_present=state.last_present or began.earliest,
        began=began,
        confirmed_at=finding.at,
        last_absent=state.last_absent or began,
        quote=finding.evidence.quote,
        language=finding.evidence.language,
        previous_id=state.previous_outage_id or state.last_outage_id,
        cohort_id=seen.cohort.id if seen.cohort is not None else None,
    )


def _cleared(state: AccountState, seen: Seen) -> _Outcome:
    up = _up(state, seen.finding)
    happened = (_happened(TransitionKind.SUSPICION_CLEARED, up, seen.finding),) if state.began else ()
    up, more = _identified(state, up, seen.finding)
    return up, (*happened, *more)


def _still_down(state: AccountState, seen: Seen) -> _Outcome:
    finding, down = seen.finding, _absent_again(state, seen)
    outage = _open(down)
    if finding.reason is outage.reason or finding.certainty is Certainty.RESEMBLES:
        return replace(down, next_reason=None, last_counted=None), ()
    if state.next_reason is not finding.reason:
        return replace(down, next_reason=finding.reason, last_counted=finding.at), ()
    if not seen.counts:
        return down, ()
    changed = replace(
        outage,
        reason=finding.reason,
        certainty=finding.certainty,
        quote=finding.evidence.quote,
        language=finding.evidence.language,
    )
    down = replace(down, outage=changed, next_reason=None, last_counted=None)
    return down, (_happened(TransitionKind.OUTAGE_REASON_CHANGED, down, finding, {"from": str(outage.reason)}),)


def _returned(state: AccountState, seen: Seen) -> _Outcome:
    finding, half = seen.finding, state.unplaced / 2
    recovering = replace(
        state,
        phase=Phase.RECOVERING,
        since=finding.at,
        r=1,
        last_counted=finding.at,
        returned=finding.seen,
        next_reason=None,
        unplaced=state.unplaced - half,  # this half belongs to the outage too if the account is gone again
        outage_unplaced=state.outage_unplaced + half,
    )
    return _recovered(recovering, seen, (_happened(TransitionKind.RECOVERY_BEGAN, recovering, finding),))


def _still_returned(state: AccountState, seen: Seen) -> _Outcome:
    if seen.counts:
        state = replace(state, r=state.r + 1, last_counted=seen.finding.at)
    return _recovered(state, seen, ())


def _recovered(state: AccountState, seen: Seen, happened: tuple[Transition, ...]) -> _Outcome:
    """UP, if another account holds the handle, if it has merely moved, or if enough presences were counted."""
    finding = seen.finding
    if _is_other(state, finding):
        cause = EndCause.REREGISTERED
    elif finding.reason is Reason.RENAMED:
        cause = EndCause.RENAMED
    elif state.r >= seen.account.policy.recover.threshold:
        cause = EndCause.RECOVERED
    else:
        return state, happened
    closed, transition = close_outage(state, finding.at, cause, state.returned, finding)
    up, more = _identified(closed, _up(closed, finding), finding)
    return up, (*happened, transition, *more)


def _retracted(state: AccountState, seen: Seen) -> _Outcome:
    down = replace(
        _absent_again(state, seen), phase=Phase.DOWN, since=seen.finding.at, r=0, last_counted=None, returned=None
    )
    return down, (_happened(TransitionKind.RECOVERY_RETRACTED, down, seen.finding),)


TABLE: Final[dict[tuple[Phase, Verdict], _Row]] = {
    (Phase.NEW, Verdict.PRESENT): _first_seen,
    (Phase.NEW, Verdict.ABSENT): _not_seen,
    (Phase.NEVER_SEEN, Verdict.PRESENT): _first_seen,
    (Phase.NEVER_SEEN, Verdict.ABSENT): _still_not_seen,
    (Phase.UP, Verdict.PRESENT): _still_up,
    (Phase.UP, Verdict.ABSENT): _suspect,
    (Phase.SUSPECT, Verdict.PRESENT): _cleared,
    (Phase.SUSPECT, Verdict.ABSENT): _still_suspect,
    (Phase.DOWN, Verdict.ABSENT): _still_down,
    (Phase.DOWN, Verdict.PRESENT): _returned,
    (Phase.RECOVERING, Verdict.ABSENT): _retracted,
    (Phase.RECOVERING, Verdict.PRESENT): _still_returned,
}


# What the rows share.


def _up(state: AccountState, finding: Finding) -> AccountState:
    return replace(
        state,
        phase=Phase.UP,
        since=finding.at,
        n=0,
        r=0,
        last_counted=None,
        last_present=last_present(state, finding),
        began=None,
        last_absent=None,
        returned=None,
        next_reason=None,
        previous_outage_id=None,
        unplaced=ZERO,
        outage_unplaced=ZERO,
        counted_until=None,
    )


def _absent_again(state: AccountState, seen: Seen) -> AccountState:
    """The state whose outage reaches up to this absence, with what was not observed on the way."""
    outage = _open(state)
    longer = replace(state, outage=replace(outage, last_absent=later(outage.last_absent, seen.finding.seen)))
    return replace(_placed(longer, state.unplaced), unplaced=ZERO)


def _placed(state: AccountState, unobserved: timedelta) -> AccountState:
    """The state with so much more of its time in outages unobserved; no more than there is, as with cached answers."""
    room = max(ZERO, state.outage_total - state.outage_unobserved)
    return replace(state, outage_unobserved=state.outage_unobserved + min(room, unobserved))


def _is_other(state: AccountState, finding: Finding) -> bool:
    """True when the answer shows another account than the pinned one. Both ids must be known."""
    return None not in (state.stable_id, finding.stable_id) and state.stable_id != finding.stable_id


def _identified(before: AccountState, up: AccountState, finding: Finding) -> _Outcome:
    """Row 15, a new account under the handle: pin it. Row 16, the account under a new handle: poll that."""
    if _is_other(before, finding):
        detail = {"from": before.stable_id or "", "to": finding.stable_id or ""}
        pinned = replace(up, stable_id=finding.stable_id)
        return pinned, (_happened(TransitionKind.ACCOUNT_REREGISTERED, pinned, finding, detail),)
    if finding.reason is Reason.RENAMED and finding.handle not in (None, before.handle):
        renamed = replace(up, handle=finding.handle)
        detail = {"handle": finding.handle or ""}
        return renamed, (_happened(TransitionKind.ACCOUNT_RENAMED, renamed, finding, detail),)
    return up, ()


def _open(state: AccountState) -> Outage:
    assert state.outage is not None  # noqa: S101 - DOWN and RECOVERING have one
    return state.outage


def close_outage(
    state: AccountState, at: datetime, cause: EndCause, ended: Stamp | None, finding: Finding | None = None
) -> tuple[AccountState, Transition]:
    """The state without its open outage, and the transition that says how it ended."""
    outage = replace(_open(state), ended=ended, closed_at=at, end_cause=cause)
    best = outage.duration.best
    closed = replace(
        state,
        outage=None,
        last_outage=best,
        last_outage_id=outage.id,
        outage_closed=state.outage_closed + best - _counted_before(outage, state.counted_until),
        unplaced=ZERO,
        outage_unplaced=ZERO,
    )
    if ended is not None:
        closed = _placed(closed, state.outage_unplaced)
    happened = Transition(
        kind=TransitionKind.OUTAGE_CLOSED,
        at=at,
        account_id=state.account_id,
        finding=finding,
        outage=outage,
        detail={"cause": str(cause)},
    )
    return closed, happened


def _counted_before(outage: Outage, until: datetime | None) -> timedelta:
    """So much of the best estimate lies before `until`, up to which another outage is counted."""
    return max(ZERO, until - outage.began_about) if until is not None and outage.ended is not None else ZERO


def outage_id(account_id: str, began: Stamp) -> str:
    """The same absence has the same id however often it is told: account and first ABSENT to the millisecond."""
    return f"{account_id}-{began.latest:%Y%m%dT%H%M%S}{began.latest.microsecond // 1000:03d}"


def _happened(
    kind: TransitionKind, state: AccountState, finding: Finding, detail: dict[str, str] | None = None
) -> Transition:
    return Transition(
        kind=kind,
        at=finding.at,
        account_id=state.account_id,
        finding=finding,
        outage=state.outage,
        detail=detail or {},
    )
