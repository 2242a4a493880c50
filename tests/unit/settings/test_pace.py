"""What hosts allow, and the intervals that follow from it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.settings.samples import CHIRP, GENERIC, PLATFORMS
from watcher.model.account import Account, Policy, Watchlist
from watcher.model.platform import Batch, Pace, SourceKind
from watcher.settings.pace import asked_first, loads, within_pace

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


ALONE = replace(next(iter(crowd(1).accounts.values())), platform="generic")


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


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (2, 2), (20, 2), (46, 2), (230, 10), (70, 4), (1000, 44)])
def test_a_batch_is_one_request(count: int, requests: float) -> None:
    """What counts is the requests: as many accounts as fit in go out in one, but two leave in each interval."""
    source = replace(CHIRP.sources[0], kind=SourceKind.BATCH, url="https://chirp.example/?{members}", batch=MANY)
    platforms = {**PLATFORMS, "chirp": replace(CHIRP, sources=(source, *CHIRP.sources))}
    [load] = loads(crowd(count), platforms)
    assert load.wanted * 60 == pytest.approx(requests)
    assert load.requests == pytest.approx(requests)
    assert load.is_too_much == (requests + 0.4 > 10)
    assert load.controls == 0, "they ride along"


def test_who_is_asked_alone_beside_a_batch() -> None:
    """A handle that would spoil the request counts as a look of its own."""
    source = replace(CHIRP.sources[0], name="many", kind=SourceKind.BATCH, batch=replace(MANY, handles="user[1-9]"))
    [load] = loads(crowd(10), {**PLATFORMS, "chirp": replace(CHIRP, sources=(source, *CHIRP.sources))})
    assert load.wanted * 60 == pytest.approx(2 + 1)


SLOW = Pace(requests=1, per=timedelta(minutes=5))


def test_controls_keep_to_their_share() -> None:
    """At a request in five minutes the controls take two fifths at most, suspicions included: 500 s are kept."""
    platforms = {**PLATFORMS, "chirp": replace(CHIRP, sources=(replace(CHIRP.sources[0], pace=SLOW),))}
    [load] = loads(crowd(1), platforms)
    assert (load.controls / SLOW.per_second, load.left / SLOW.per_second) == pytest.approx((0.2, 0.6))
    [account] = within_pace(crowd(1), platforms).accounts.values()
    assert account.policy.interval == timedelta(seconds=500)


def test_controls_of_many_pages_share_a_fifth() -> None:
    """Five pages of one host, each with controls of its own, leave as much to the looks as one page does."""
    platforms = {**PLATFORMS, "generic": replace(GENERIC, sources=(replace(GENERIC.sources[0], pace=SLOW),))}
    accounts = {f"{n}": replace(ALONE, id=f"{n}", instance=f"https://a.example/{n}/{{handle}}") for n in range(5)}
    [load] = loads(Watchlist(accounts=accounts, owners={}), platforms)
    assert (load.controls / SLOW.per_second, load.left / SLOW.per_second) == pytest.approx((0.2, 0.6))
    assert load.period == 5 * timedelta(seconds=3000)
    assert load.fitting == timedelta(seconds=2500)
    kept = within_pace(Watchlist(accounts=accounts, owners={}), platforms)
    assert {account.policy.interval for account in kept.accounts.values()} == {load.fitting}


def test_a_host_may_bear_the_handle() -> None:
    """Where each account has a host of its own, each has a load of its own; elsewhere the instance says which."""
    own = replace(ALONE, instance="https://{handle}.blog.example/")
    others = [replace(own, id=name, handle=name) for name in ("alice", "bob")]
    alone = [replace(ALONE, id=name, instance=f"https://{name}.example/u/{{handle}}") for name in ("a", "b")]
    accounts = {account.id: account for account in (*others, *alone)}
    found = loads(Watchlist(accounts=accounts, owners={}), PLATFORMS)
    assert [load.host for load in found] == ["alice.blog.example", "bob.blog.example", "a.example", "b.example"]


@pytest.mark.parametrize(
    ("handles", "asked"),
    [("user.*", ("many", True)), ("other.*", ("page", False))],
)
def test_who_fits_into_no_batch_is_asked_alone(handles: str, asked: tuple[str, bool]) -> None:
    """As the program does it: by the first source for single look-ups."""
    many = replace(CHIRP.sources[0], name="many", kind=SourceKind.BATCH, batch=replace(MANY, handles=handles))
    more = replace(many, name="more", batch=MANY)
    found = asked_first(next(iter(crowd(1).accounts.values())), (many, more, *CHIRP.sources))
    assert found is not None
    assert (found[0].name, found[1]) == asked


def test_accounts_that_cannot_be_asked_are_no_load() -> None:
    """A platform without a usable source is asked nothing."""
    mute = {**PLATFORMS, "chirp": replace(CHIRP, sources=(replace(CHIRP.sources[0], enabled=False),))}
    assert loads(crowd(3), mute) == ()
