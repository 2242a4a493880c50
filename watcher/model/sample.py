"""What is kept of the looks that change no phase: each change of the answer, and one look a day.

Days begin for each account at an hour of its own: else those of all would fall due in the minute after midnight.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

from watcher.model.exchange import Exchange
from watcher.model.finding import Finding, Reason, Verdict
from watcher.model.imprint import Imprint
from watcher.model.outage import AccountState

_DAY: Final = timedelta(days=1)
_DAY_MICROSECONDS: Final = _DAY // timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look: what it said, and how the host answered. `status` and `latency` are None where nobody was asked.

    `imprint` is what is needed to judge the look again; None where there was no answer.
    """

    account_id: str
    at: datetime
    verdict: Verdict
    reason: Reason
    source: str
    vantage: str
    status: int | None = None
    latency: timedelta | None = None
    imprint: Imprint | None = None


def samples_of(
    before: AccountState, after: AccountState, finding: Finding, exchange: Exchange | None
) -> tuple[Sample, ...]:
    """The look as a sample, where it says something else than the one before it, or is the first of the account's day.

    Nothing of a finding that was dropped as too old: the state did not change by it.
    """
    changed = (before.verdict, before.reason, before.source) != (after.verdict, after.reason, after.source)
    if not changed and not _is_new_day(after.account_id, before.last_probe_at, after.last_probe_at):
        return ()
    return (
        Sample(
            account_id=after.account_id,
            at=finding.at,
            verdict=finding.verdict,
            reason=finding.reason,
            source=finding.source,
            vantage=finding.vantage,
            status=exchange.outcome.status if exchange is not None else None,
            latency=exchange.received_at - exchange.sent_at if exchange is not None else None,
        ),
    )


def _is_new_day(account_id: str, before: datetime | None, after: datetime | None) -> bool:
    if before is None or after is None:
        return after is not None
    return since_day_began(account_id, after) < after - before


def since_day_began(account_id: str, at: datetime) -> timedelta:
    """How much of the account's day has passed at `at`."""
    # In whole microseconds: a span times a fraction takes three times as long, and this is done at every look.
    begins = timedelta(0, 0, crc32(account_id.encode()) * _DAY_MICROSECONDS >> 32)
    return (at - _EPOCH - begins) % _DAY
