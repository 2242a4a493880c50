"""What any finding means for what is known, whatever the phase: is it news, does it count, what was not observed.

Nothing here knows the transition table; `machine` asks here first.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from watcher.judge.policy import is_gap
from watcher.model.account import Policy
from watcher.model.finding import Finding, Stamp, Verdict
from watcher.model.outage import ZERO, AccountState, Phase, Unobserved, changed


def is_old(state: AccountState, finding: Finding) -> bool:
    """True when the finding is not newer than what was already seen: it is dropped.

    Also when it contradicts the last verdict and their windows overlap, as with a cached copy: which of the two was
    true first cannot be told, so no bound could rest on it.
    """
    if state.last_verdict_at is not None and finding.at < state.last_verdict_at:
        return True
    if state.last_seen is None or not finding.is_conclusive:
        return False
    if finding.seen.earliest < state.last_seen and finding.verdict is not _last_verdict(state):
        return True
    return finding.seen.latest <= state.last_seen


def _last_verdict(state: AccountState) -> Verdict | None:
    """The last conclusive verdict, which `state.verdict` may no longer show; None where the phase does not tell."""
    match state.phase:
        case Phase.UP | Phase.RECOVERING:
            return Verdict.PRESENT
        case Phase.SUSPECT if state.began is None:
            return None
        case _:
            return Verdict.ABSENT


def counts(state: AccountState, finding: Finding, policy: Policy) -> bool:
    """True when the finding is far enough from the last one counted, and no copy of what was seen before."""
    if state.last_counted is None or state.last_seen is None:
        return True
    repeat = policy.confirm if finding.is_absent else policy.recover
    return finding.at - state.last_counted >= repeat.interval and finding.seen.earliest >= state.last_seen


def gap_before(state: AccountState, finding: Finding, policy: Policy) -> tuple[Unobserved, ...]:
    """The span before this finding, if it is longer than two intervals: nothing was observed in it."""
    if state.observed_until is None or not is_gap(state.silent_since, finding.at, policy):
        return ()
    since = state.unseen_since
    return (Unobserved(account_id=state.account_id, from_at=since, to_at=finding.at, cause="no verdict"),)


def observe(state: AccountState, finding: Finding, gap: tuple[Unobserved, ...]) -> AccountState:
    """The state with what any conclusive finding changes. An identity is pinned from a PRESENT answer only."""
    still_up = state.phase is Phase.UP and finding.is_present
    if gap:
        state = unobserve(state, finding.at - state.silent_since)
    return changed(
        state,
        observed=state.observed + _observed(state, finding, gap),
        unplaced=ZERO if still_up else state.unplaced,
        last_seen=finding.seen.latest,
        observed_until=finding.at,
        last_probe_at=probed(state, finding),
        last_verdict_at=finding.at,
        verdict=finding.verdict,
        reason=finding.reason,
        source=finding.source,
        inconclusive=0,
        unseen=ZERO,
        blind_since=None,
        stable_id=state.stable_id or (finding.stable_id if finding.is_present else None),
        last_present=last_present(state, finding) if still_up else state.last_present,
    )


def last_present(state: AccountState, finding: Finding) -> datetime:
    """The latest instant since which the last presence is certain to have been true."""
    return max(finding.seen.earliest, state.last_present or finding.seen.earliest)


def unobserve(state: AccountState, span: timedelta) -> AccountState:
    """The state with `span` more of unobserved time, in the open outage too."""
    if span <= ZERO:
        return state
    outage = state.outage and replace(state.outage, unobserved=state.outage.unobserved + span)
    return replace(state, unobserved=state.unobserved + span, unplaced=state.unplaced + span, outage=outage)


def unplaced_before(state: AccountState, began: Stamp) -> timedelta:
    """So much of what is unplaced belongs to the outage that begins: half, as of the time since the last presence.

    Of an absence that was counted up to some instant (see `counted_until`) all that its best estimate has after that.
    """
    if state.counted_until is None:
        return state.unplaced / 2
    first = state.last_present or began.earliest
    about = first + (began.latest - first) / 2
    return min(state.unplaced, began.latest - max(about, state.counted_until))


def _observed(state: AccountState, finding: Finding, gap: tuple[Unobserved, ...]) -> timedelta:
    """How long the account was watched up to this finding with nothing missing; none before its first sight."""
    if gap or state.observed_until is None or state.phase in (Phase.NEW, Phase.NEVER_SEEN):
        return ZERO
    return max(ZERO, finding.at - state.silent_since)


def probed(state: AccountState, finding: Finding) -> datetime:
    """When the account was last probed, this finding included, in whatever order they come."""
    return finding.at if state.last_probe_at is None else max(state.last_probe_at, finding.at)


def later(one: Stamp, other: Stamp) -> Stamp:
    """The window of the later of two sights; one from a cache may be newer and yet begin earlier."""
    return Stamp(earliest=max(one.earliest, other.earliest), latest=max(one.latest, other.latest))
