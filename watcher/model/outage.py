"""An account's state, the outages that come of it, and the transitions between phases."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from watcher.model.account import Severity
from watcher.model.finding import Certainty, Finding, Reason, Stamp, Verdict

ZERO = timedelta(0)
BUNDLE = "bundle"
"""Under this name a transition's detail has the hash of its evidence bundle."""


class Phase(StrEnum):
    """Where an account stands. DOWN and RECOVERING are the phases with an open outage."""

    NEW = "new"
    NEVER_SEEN = "never_seen"
    UP = "up"
    SUSPECT = "suspect"
    DOWN = "down"
    RECOVERING = "recovering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long something lasted: the truth lies in [min, max]. `max` is None when the end is not known."""

    min: timedelta
    max: timedelta | None

    @property
    def best(self) -> timedelta:
        """The middle of the bounds; the lower one where there is no upper."""
        return self.min if self.max is None else (self.min + self.max) / 2

    @property
    def margin(self) -> timedelta | None:
        """Half the distance of the bounds: best ± margin covers them."""
        return None if self.max is None else (self.max - self.min) / 2


class EndCause(StrEnum):
    """Why an outage was closed."""

    RECOVERED = "recovered"
    REREGISTERED = "reregistered"
    RENAMED = "renamed"
    UNWATCHED = "unwatched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One absence of one account.

    `last_present` is the earliest instant at which the last PRESENT answer was true; `began` the window of the
    first ABSENT, `last_absent` that of the last, `ended` that of the first PRESENT after it (None while open,
    and for ever when the account was unwatched). `quote` and `language` are the page's own words. `retracted_at` is
    when people took it back as a false alarm, `retraction` why: it is kept, but counts for nothing. `cohort_id` is the
    incident under which it is told together with others of a mass event; None where it is told by itself. `previous_id`
    is the outage of the account before this one.
    """

    id: str
    account_id: str
    handle_then: str
    severity_then: Severity
    reason: Reason
    certainty: Certainty
    last_present: datetime
    began: Stamp
    confirmed_at: datetime
    last_absent: Stamp
    ended: Stamp | None = None
    closed_at: datetime | None = None
    end_cause: EndCause | None = None
    unobserved: timedelta = ZERO
    quote: str | None = None
    language: str | None = None
    previous_id: str | None = None
    retracted_at: datetime | None = None
    retraction: str | None = None
    cohort_id: str | None = None

    @property
    def is_open(self) -> bool:
        """True until the outage is closed, whatever the cause."""
        return self.closed_at is None

    @property
    def is_retracted(self) -> bool:
        """True once people took it back as a false alarm."""
        return self.retracted_at is not None

    @property
    def began_about(self) -> datetime:
        """When it began, best estimated: the middle of the time in which it did."""
        return self.last_present + (self.began.latest - self.last_present) / 2

    @property
    def duration(self) -> Duration:
        """The bounds: last_absent_e − began_l … ended_l − last_present_e, never below zero."""
        least = max(ZERO, self.last_absent.earliest - self.began.latest)
        most = None if self.ended is None else max(least, self.ended.latest - self.last_present)
        return Duration(min=least, max=most)


class TransitionKind(StrEnum):
    """What can happen to an account. Past tense: it has happened and is stored before anybody is told."""

    ACCOUNT_FIRST_SEEN = "AccountFirstSeen"
    ACCOUNT_NEVER_SEEN = "AccountNeverSeen"
    ACCOUNT_APPEARED = "AccountAppeared"
    ACCOUNT_SUSPECTED = "AccountSuspected"
    SUSPICION_CLEARED = "SuspicionCleared"
    OUTAGE_OPENED = "OutageOpened"
    OUTAGE_REASON_CHANGED = "OutageReasonChanged"
    RECOVERY_BEGAN = "RecoveryBegan"
    RECOVERY_RETRACTED = "RecoveryRetracted"
    OUTAGE_CLOSED = "OutageClosed"
    OUTAGE_RETRACTED = "OutageRetracted"
    ACCOUNT_REREGISTERED = "AccountReregistered"
    ACCOUNT_RENAMED = "AccountRenamed"
    ACCOUNT_BLIND = "AccountBlind"
    ACCOUNT_SIGHTED = "AccountSighted"
    FLAPPING_STARTED = "FlappingStarted"
    FLAPPING_STOPPED = "FlappingStopped"
    ACCOUNT_UNWATCHED = "AccountUnwatched"
    ACCOUNT_REWATCHED = "AccountRewatched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One thing that happened to one account, with the finding that made it and the outage as it then stood."""

    kind: TransitionKind
    at: datetime
    account_id: str
    finding: Finding | None = None
    outage: Outage | None = None
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def bundle(self) -> str | None:
        """The hash of the evidence bundle of the look that made it; None where no look did."""
        return self.detail.get(BUNDLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unobserved:
    """A span in which nothing was seen: neither present nor absent time. `account_id` None means all accounts."""

    account_id: str | None
    from_at: datetime
    to_at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """All that the judge knows of one account.

    `n` and `r` count towards confirming and recovering; `last_counted` is the `at` of the last finding counted.
    `last_seen` is the latest instant that any conclusive finding spoke of; `observed_until` the `at` of the last
    one, or the restart if later: what lies between it and the next is unobserved. `unseen` is how long the program
    ran without a verdict before that restart, and those before it. `observed` is the time from the first sight on
    in which there were verdicts, `outage_unobserved` the part of `unobserved` that is in `outage_total`, so that
    uptime is 1 − (outage_total − outage_unobserved) ÷ observed. `unplaced` is what was unobserved since the last
    sight of what the phase says: the next one tells whether the account was gone then. `outage_unplaced` is what of
    this outage is added to `outage_unobserved` when it ends, as its best estimate is. Up to `counted_until` the
    absence is in `outage_closed` already: then it was taken off while it was gone, and was not seen since.
    `inconclusive` counts the inconclusive findings in a row. `handle` is set once the account was renamed. `flaps`
    are the samples by which `flapping_since` is found, a bit each, the newest, which began at `flaps_since`, in bit
    0: see judge.flapping.
    """

    account_id: str
    phase: Phase = Phase.NEW
    since: datetime
    n: int = 0
    r: int = 0
    last_counted: datetime | None = None
    last_seen: datetime | None = None
    observed_until: datetime | None = None
    last_probe_at: datetime | None = None
    last_verdict_at: datetime | None = None
    verdict: Verdict | None = None
    reason: Reason | None = None
    source: str | None = None
    inconclusive: int = 0
    stable_id: str | None = None
    handle: str | None = None
    last_present: datetime | None = None
    began: Stamp | None = None
    last_absent: Stamp | None = None
    returned: Stamp | None = None
    next_reason: Reason | None = None
    blind_since: datetime | None = None
    outage: Outage | None = None
    previous_outage_id: str | None = None
    last_outage: timedelta | None = None
    last_outage_id: str | None = None
    outages_total: int = 0
    outage_closed: timedelta = ZERO
    unseen: timedelta = ZERO
    unobserved: timedelta = ZERO
    observed: timedelta = ZERO
    outage_unobserved: timedelta = ZERO
    unplaced: timedelta = ZERO
    outage_unplaced: timedelta = ZERO
    counted_until: datetime | None = None
    flaps: int = 0
    flaps_since: datetime | None = None
    flapping_since: datetime | None = None

    @property
    def is_down(self) -> bool:
        """True while an outage is open."""
        return self.phase in (Phase.DOWN, Phase.RECOVERING)

    @property
    def silent_since(self) -> datetime:
        """Since when there was no verdict, later by as long as the program did not run since."""
        return (self.observed_until or self.since) - self.unseen

    @property
    def unseen_since(self) -> datetime:
        """Since when nothing was seen of it, that is not noted as unobserved for another cause."""
        return (self.last_verdict_at if self.unseen else self.observed_until) or self.since

    @property
    def outage_total(self) -> timedelta:
        """Time in outages: the closed ones at their best estimate, the open one at its lower bound. Never falls."""
        return self.outage_closed + (self.outage.duration.min if self.outage else ZERO)


_NAMES: Final = tuple(each.name for each in fields(AccountState))
_values: Final = attrgetter(*_NAMES)


def changed(state: AccountState, **changes: Any) -> AccountState:
    """What `dataclasses.replace` makes, in half of its time: this is done at every look."""
    return AccountState(**{**dict(zip(_NAMES, _values(state), strict=True)), **changes})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the judge makes of a finding: the new state, what happened, and what was not observed before it."""

    state: AccountState
    transitions: tuple[Transition, ...] = ()
    unobserved: tuple[Unobserved, ...] = ()
