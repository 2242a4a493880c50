"""Whether an account comes and goes: Nagios' rule over the last 21 samples, the recent ones weighing more.

A sample is an interval of the account's, and shows whether an outage was opened or closed within it. An account flaps
from 30 % of changes on, and no more once they are 20 % or less, so that the two are told once each. A rule for what is
told, never for phases: https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/flapping.html. Suspicions
that come to nothing are not told, and so make nobody's account flap (ADR 11).
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from watcher.model.outage import AccountState

SAMPLES: Final = 21
STARTS: Final = 0.30
STOPS: Final = 0.20

_CHANGES: Final = SAMPLES - 1
_MASK: Final = (1 << _CHANGES) - 1
_LEAST, _MOST = 0.8, 1.2


def sampled(before: AccountState, after: AccountState, at: datetime, interval: timedelta) -> AccountState:
    """`after` with the sample of a conclusive finding made `at`; `before` is how the account stood until then."""
    is_change = before.is_down is not after.is_down
    if not before.flaps and not is_change:
        return after
    since = before.flaps_since if before.flaps and before.flaps_since is not None else at
    passed = max(0, (at - since) // interval)
    history = (before.flaps << min(passed, _CHANGES)) & _MASK | is_change
    began, share = before.flapping_since, share_of(history)
    flaps = share > STOPS if began is not None else share >= STARTS
    return replace(
        after, flaps=history, flaps_since=since + passed * interval, flapping_since=(began or at) if flaps else None
    )


def share_of(history: int) -> float:
    """The weighted share of changes, 0 to 1.2: bit 0 of `history` is the newest sample, and weighs most."""
    step = (_MOST - _LEAST) / (_CHANGES - 1)
    return sum(_MOST - step * age for age in range(_CHANGES) if history >> age & 1) / _CHANGES
