"""What hosts allow, and the intervals that follow from it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.settings.samples import CHIRP, PLATFORMS
from watcher.model.account import Account, Policy, Watchlist
from watcher.model.platform import Batch, SourceKind
from watcher.settings.pace import loads, within_pace

MINUTE = timedelta(minutes=1)


def crowd(count: int, interval: timedelta = MINUTE) -> Watchlist:
    """So many accounts on one host."""
    accounts = (
        Account(
            id=f"chirp:user{n}",
            platform="chirp",
            instance="",
            handle=f"user{n}",
            display_handle=f"user{n}",
            url=f"https://chirp.example/user{n}",
            policy=Policy(interval=interval),
        )
        for n in range(count)
    )
    return Watchlist(accounts={account.id: account for account in accounts}, owners={})


def test_what_can_be_kept_is_left_alone() -> None:
    """Five accounts a minute are within ten requests a minute, controls included."""
    few = crowd(5)
    [load] = loads(few, PLATFORMS)
    assert (load.is_too_much, load.stretch) == (False, 1.0)
    assert within_pace(few, PLATFORMS) == few


def test_intervals_grow_by_one_factor() -> None:
    """Forty accounts want four times what the host allows: each is asked so much more seldom, and the sum fits."""
    many = crowd(40)
    [load] = loads(many, PLATFORMS)
    assert load.is_too_much
    kept = within_pace(many, PLATFORMS)
    intervals = {account.policy.interval for account in kept.accounts.values()}
    assert len(intervals) == 1
    assert min(intervals) > 4 * MINUTE
    [after] = loads(kept, PLATFORMS)
    assert not after.is_too_much


MANY = Batch(size=25, member="u={handle}", join="&", items=(), handles="user[0-9]+")


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (2, 2), (20, 2), (46, 2), (230, 10), (1000, 1000 / 23)])
def test_a_batch_is_one_request(count: int, requests: float) -> None:
    """What counts is the requests: as many accounts as fit in go out in one, but two leave in each interval."""
    source = replace(CHIRP.sources[0], kind=SourceKind.BATCH, url="https://chirp.example/?{members}", batch=MANY)
    platforms = {**PLATFORMS, "chirp": replace(CHIRP, sources=(source, *CHIRP.sources))}
    [load] = loads(crowd(count), platforms)
    assert load.wanted * 60 == pytest.approx(requests)
    assert load.requests == pytest.approx(requests)
    assert load.is_too_much == (requests + 0.8 > 10)


def test_who_is_asked_alone_beside_a_batch() -> None:
    """A handle that would spoil the request counts as a look of its own."""
    source = replace(CHIRP.sources[0], name="many", kind=SourceKind.BATCH, batch=replace(MANY, handles="user[1-9]"))
    [load] = loads(crowd(10), {**PLATFORMS, "chirp": replace(CHIRP, sources=(source, *CHIRP.sources))})
    assert load.wanted * 60 == pytest.approx(2 + 1)


def test_controls_that_need_all_of_the_pace() -> None:
    """A tenth is left to the accounts all the same: seldom is better than never."""
    slow = replace(CHIRP.sources[0], pace=replace(CHIRP.sources[0].pace, requests=1, per=timedelta(minutes=5)))
    platforms = {**PLATFORMS, "chirp": replace(CHIRP, sources=(slow,))}
    [load] = loads(crowd(1), platforms)
    assert load.left < 0
    [account] = within_pace(crowd(1), platforms).accounts.values()
    assert account.policy.interval == timedelta(minutes=50)


def test_accounts_that_cannot_be_asked_are_no_load() -> None:
    """A platform without a usable source is asked nothing."""
    mute = {**PLATFORMS, "chirp": replace(CHIRP, sources=(replace(CHIRP.sources[0], enabled=False),))}
    assert loads(crowd(3), mute) == ()
