"""The arithmetic that values do on themselves."""

from datetime import timedelta

from tests.unit.judge.story import TRUMP
from watcher.model.account import Watchlist
from watcher.model.outage import Duration

MINUTE = timedelta(minutes=1)


def test_margin_and_best() -> None:
    """Best ± margin covers the bounds; without an upper bound there is no margin, and the best is the lower one."""
    known = Duration(min=10 * MINUTE, max=12 * MINUTE)
    assert (known.best, known.margin) == (11 * MINUTE, MINUTE)
    unknown = Duration(min=10 * MINUTE, max=None)
    assert (unknown.best, unknown.margin) == (10 * MINUTE, None)


def test_an_account_without_an_owner_has_no_others() -> None:
    """Accounts that nobody is said to own are not each other's."""
    assert TRUMP.owner is None
    assert Watchlist(accounts={TRUMP.id: TRUMP}, owners={}).others_of(TRUMP) == ()
