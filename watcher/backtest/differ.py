"""The alerts that were, beside those that would have been; and how much of it could be judged. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from watcher.backtest.again import Look, judged
from watcher.backtest.replay import ends, replayed
from watcher.model.account import Account
from watcher.model.finding import Verdict
from watcher.model.outage import ZERO, Outage, Unobserved
from watcher.model.platform import Platform
from watcher.model.sample import Sample

# Of these spans the looks are known: they gave no verdict.
_NO_ANSWER: Final = "no verdict"
_MOMENT: Final = timedelta(milliseconds=1)
_LOOKING: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is stored of one account: samples (the oldest first), outages, unobserved spans, its first sight."""

    samples: tuple[Sample, ...]
    outages: tuple[Outage, ...] = ()
    unobserved: tuple[Unobserved, ...] = ()
    seen_since: datetime | None = None


class Kind(StrEnum):
    """How an alert would have differed."""

    OPENED = "opened"
    NOT_OPENED = "not_opened"
    REASON = "other_reason"
    BEGINNING = "other_time"
    END = "other_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One alert that would have been another. `was` is the outage that was told, `now` what comes of it today."""

    kind: Kind
    account_id: str
    was: Outage | None
    now: Outage | None


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What came of it. `looks` are those that the samples stand for, `judged` those of them judged again."""

    since: datetime
    until: datetime
    accounts: int = 0
    samples: int = 0
    looks: int = 0
    judged: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)
    same: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def share(self) -> float | None:
        """The part of the looks that could be judged again; None where there was none."""
        return self.judged / self.looks if self.looks else None


def backtest(
    accounts: Mapping[str, Account],
    platforms: Mapping[str, Platform],
    pasts: Mapping[str, Past],
    since: datetime,
    until: datetime,
) -> Comparison:
    """Judge again what is stored of these accounts; the alerts of [since, until) are compared."""
    tested = Comparison(since=since, until=until)
    for account_id, past in pasts.items():
        account = accounts.get(account_id)
        if account is None or account.platform not in platforms:
            tested.left_out.append(f"{account_id}: is not on the watchlist any more")
        elif past.samples:
            _test(tested, account, platforms[account.platform], past)
    return tested


def _test(tested: Comparison, account: Account, platform: Platform, past: Past) -> None:
    since, until = tested.since, tested.until
    told = [outage for outage in past.outages if _reaches(outage, since, until)]
    samples = _from_last_presence(past.samples, min((outage.last_present for outage in told), default=since))
    looks = [judged(sample, account, platform, told) for sample in samples]
    tested.accounts += 1
    hidden = tuple(span for span in past.unobserved if span.cause != _NO_ANSWER)
    for look, end in zip(looks, ends(looks, until), strict=True):
        if end > since:
            _count(tested, look, _weight(max(look.finding.at, since), end, hidden, account))
    first = samples[0].at
    early = [outage for outage in told if outage.began.latest < first - _MOMENT]
    tested.left_out += [f"{outage.id}: began before the first look that is kept" for outage in early]
    made = replayed(account, looks, hidden, past.seen_since, until)
    _compare(
        tested,
        account,
        [outage for outage in told if outage not in early],
        [
            outage
            for outage in made
            if _reaches(outage, since, until) and not any(_overlap(outage, each) for each in early)
        ],
    )


def _reaches(outage: Outage, since: datetime, until: datetime) -> bool:
    return outage.confirmed_at < until and (outage.closed_at is None or outage.closed_at >= since)


def _from_last_presence(samples: Sequence[Sample], before: datetime) -> Sequence[Sample]:
    """From the last look before that at which the account was there: what stood before it does not matter."""
    for place in range(len(samples) - 1, -1, -1):
        if samples[place].at <= before and samples[place].verdict is Verdict.PRESENT:
            return samples[place:]
    return samples


def _count(tested: Comparison, look: Look, looks: int) -> None:
    tested.samples += 1
    tested.looks += looks
    if look.why is None:
        tested.judged += looks
    else:
        tested.unjudged[look.why] += looks


def _weight(start: datetime, end: datetime, hidden: Sequence[Unobserved], account: Account) -> int:
    """For how many looks a sample stands, at the account's interval."""
    away = sum((max(ZERO, min(end, span.to_at) - max(start, span.from_at)) for span in hidden), ZERO)
    return max(1, (end - start - away) // account.policy.interval)


def _compare(tested: Comparison, account: Account, told: Sequence[Outage], made: Sequence[Outage]) -> None:
    left = list(made)
    for was in told:
        now = next((outage for outage in left if _overlap(was, outage)), None)
        if now is None:
            tested.differences.append(Difference(kind=Kind.NOT_OPENED, account_id=account.id, was=was, now=None))
            continue
        left.remove(now)
        kinds = list(_kinds(was, now, account))
        tested.differences += [Difference(kind=kind, account_id=account.id, was=was, now=now) for kind in kinds]
        tested.same += not kinds
    tested.differences += [Difference(kind=Kind.OPENED, account_id=account.id, was=None, now=outage) for outage in left]


def _overlap(one: Outage, other: Outage) -> bool:
    def ends_before(first: Outage, second: Outage) -> bool:
        return first.closed_at is not None and first.closed_at < second.began.earliest

    return not ends_before(one, other) and not ends_before(other, one)


def _kinds(was: Outage, now: Outage, account: Account) -> Iterator[Kind]:
    """In what they differ by more than the time that real looks take, which nobody knows of those not kept."""
    tolerance = max(_LOOKING, account.policy.confirm.interval, account.policy.recover.interval)
    if was.reason is not now.reason:
        yield Kind.REASON
    if abs(was.confirmed_at - now.confirmed_at) > tolerance:
        yield Kind.BEGINNING
    if (was.closed_at is None) != (now.closed_at is None) or (
        was.closed_at is not None and now.closed_at is not None and abs(was.closed_at - now.closed_at) > tolerance
    ):
        yield Kind.END
