"""What happens to an account's state when watching stops and goes on: a restart, an edit of the watchlist."""

from dataclasses import replace
from datetime import datetime

from watcher.judge.machine import close_outage, unobserve
from watcher.model.outage import AccountState, Decision, EndCause, Phase, Transition, TransitionKind


def unwatch(state: AccountState, now: datetime) -> Decision:
    """The account is taken off the watchlist (row 21): an open outage is closed with its end unknown."""
    detail = {"phase": str(state.phase)}
    happened = Transition(kind=TransitionKind.ACCOUNT_UNWATCHED, at=now, account_id=state.account_id, detail=detail)
    if state.outage is None:
        return Decision(state=state, transitions=(happened,))
    closed, ended = close_outage(state, now, EndCause.UNWATCHED, None)
    left = replace(
        closed,
        phase=Phase.SUSPECT,
        since=now,
        n=0,
        r=0,
        last_counted=None,
        returned=None,
        next_reason=None,
        previous_outage_id=state.outage.id,
    )
    return Decision(state=left, transitions=(ended, happened))


def rewatch(state: AccountState, now: datetime) -> Decision:
    """The account is put on the watchlist again (row 22): counters and last_present are kept, counting starts anew."""
    back = replace(
        resume(state, now, since=state.observed_until),
        n=0,
        last_counted=None,
        began=None,
        last_absent=None,
        inconclusive=0,
        blind_since=None,
    )
    if back.phase is Phase.SUSPECT and state.began is not None:
        back = replace(back, phase=Phase.UP, since=now)
    happened = Transition(kind=TransitionKind.ACCOUNT_REWATCHED, at=now, account_id=state.account_id)
    return Decision(state=back, transitions=(happened,))


def resume(state: AccountState, now: datetime, since: datetime | None) -> AccountState:
    """The state after a restart (row 20): the time from `since` (the last heartbeat) to `now` is unobserved.

    Nothing happens by it. Stamps that lie in the future, because the clock was set back, are brought to `now`.
    """
    clamped = _not_after(state, now)
    start = min(now, max(filter(None, (since, clamped.observed_until)), default=now))
    return unobserve(replace(clamped, observed_until=now), now - start)


def _not_after(state: AccountState, now: datetime) -> AccountState:
    def past(at: datetime | None) -> datetime | None:
        return None if at is None else min(at, now)

    return replace(
        state,
        since=min(state.since, now),
        last_counted=past(state.last_counted),
        last_seen=past(state.last_seen),
        observed_until=past(state.observed_until),
        last_probe_at=past(state.last_probe_at),
        last_verdict_at=past(state.last_verdict_at),
        last_present=past(state.last_present),
    )
