"""What happens to an account's state when watching stops and goes on: a restart, an edit of the watchlist."""

from dataclasses import replace
from datetime import datetime, timedelta

from watcher.judge.machine import close_outage
from watcher.judge.observation import unobserve
from watcher.model.finding import Stamp
from watcher.model.outage import ZERO, AccountState, Decision, EndCause, Phase, Transition, TransitionKind, Unobserved


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
        counted_until=state.outage.last_absent.earliest,
    )
    return Decision(state=left, transitions=(ended, happened))


def rewatch(state: AccountState, now: datetime) -> Decision:
    """The account is put on the watchlist again (row 22): counters and last_present are kept, counting starts anew.

    What was down when it was taken off stays SUSPECT until it is seen again; a mere suspicion is forgotten.
    """
    anew = replace(
        state,
        n=0,
        last_counted=None,
        began=None,
        last_absent=None,
        inconclusive=0,
        unseen=ZERO,
        blind_since=None,
        next_reason=None,
        flaps=0,
        flaps_since=None,
        flapping_since=None,  # that was over when it was taken off
    )
    back = resume(anew, now, since=state.observed_until)
    if back.phase is Phase.SUSPECT and back.previous_outage_id is None:
        back = replace(back, phase=Phase.UP, since=now)
    happened = Transition(kind=TransitionKind.ACCOUNT_REWATCHED, at=now, account_id=state.account_id)
    away = back.unobserved - state.unobserved
    span = Unobserved(account_id=state.account_id, from_at=now - away, to_at=now, cause="not watched")
    return Decision(state=back, transitions=(happened,), unobserved=(span,) if away else ())


def move(state: AccountState, now: datetime) -> Decision:
    """The account's entry names another page: an open outage is closed with its end unknown, and watching begins anew.

    What was seen of the page before says nothing of this one, neither that it was there nor whose it is. Sums are kept.
    """
    closed, ended = (state, None) if state.outage is None else close_outage(state, now, EndCause.UNWATCHED, None)
    moved = AccountState(
        account_id=state.account_id,
        since=now,
        observed_until=state.observed_until,
        blind_since=state.blind_since,
        last_outage=closed.last_outage,
        last_outage_id=closed.last_outage_id,
        outages_total=closed.outages_total,
        outage_closed=closed.outage_closed,
        unobserved=closed.unobserved,
        observed=closed.observed,
        outage_unobserved=closed.outage_unobserved,
    )
    return Decision(state=moved, transitions=() if ended is None else (ended,))


def resume(state: AccountState, now: datetime, since: datetime | None) -> AccountState:
    """The state after a restart (row 20): the time from `since` (the last heartbeat) to `now` is unobserved.

    Nothing happens by it. A blind account's unobserved time runs on instead, up to its next verdict, which measures it
    whole. For how long it ran without a verdict is kept, so that restarts do not hide an account's silence. Where
    stamps lie in the future, the clock was set back: all of the account's are moved by the same span, as if the restart
    had taken no time. So spans between them stay what they were, and no outage is bent.
    """
    ahead = max(_latest(state), since or _latest(state)) - now
    if ahead > ZERO:
        state = _earlier(state, ahead)
        since = since and since - ahead
    if state.blind_since is not None:
        return state
    start = max(filter(None, (since, state.observed_until)), default=now)
    unseen = ZERO if since is None else max(ZERO, start - (state.observed_until or state.since))
    return unobserve(replace(state, observed_until=now, unseen=state.unseen + unseen), now - start)


def _latest(state: AccountState) -> datetime:
    stamps = (state.since, state.last_probe_at, state.observed_until, state.blind_since)
    return max(at for at in stamps if at is not None)


def _earlier(state: AccountState, span: timedelta) -> AccountState:
    """The state with every stamp so much earlier, those of the open outage too."""

    def at(stamp: datetime | None) -> datetime | None:
        return None if stamp is None else stamp - span

    def window(stamp: Stamp | None) -> Stamp | None:
        return None if stamp is None else _window(stamp, span)

    outage = state.outage and replace(
        state.outage,
        last_present=state.outage.last_present - span,
        began=_window(state.outage.began, span),
        confirmed_at=state.outage.confirmed_at - span,
        last_absent=_window(state.outage.last_absent, span),
    )
    return replace(
        state,
        since=state.since - span,
        last_counted=at(state.last_counted),
        last_seen=at(state.last_seen),
        observed_until=at(state.observed_until),
        last_probe_at=at(state.last_probe_at),
        last_verdict_at=at(state.last_verdict_at),
        last_present=at(state.last_present),
        began=window(state.began),
        last_absent=window(state.last_absent),
        returned=window(state.returned),
        counted_until=at(state.counted_until),
        blind_since=at(state.blind_since),
        flaps_since=at(state.flaps_since),
        flapping_since=at(state.flapping_since),
        outage=outage,
    )


def _window(stamp: Stamp, span: timedelta) -> Stamp:
    return Stamp(earliest=stamp.earliest - span, latest=stamp.latest - span)
