"""Who is told."""

import pytest

from watcher.model.account import Severity
from watcher.model.route import DIGEST, Route, Subject, teller
from watcher.notify.route import channels_for

TRUMP = Subject(platform="x", owner="trump", severity=Severity.CRITICAL, labels={"desk": "politics", "lang": "en"})


@pytest.mark.parametrize(
    ("route", "matches"),
    [
        (Route(name="r", channels=("c",)), True),
        (Route(name="r", channels=("c",), severity=frozenset({Severity.CRITICAL, Severity.INFO})), True),
        (Route(name="r", channels=("c",), severity=frozenset({Severity.INFO})), False),
        (Route(name="r", channels=("c",), platform=frozenset({"x"})), True),
        (Route(name="r", channels=("c",), platform=frozenset({"github"})), False),
        (Route(name="r", channels=("c",), owner=frozenset({"trump"})), True),
        (Route(name="r", channels=("c",), owner=frozenset({"obama"})), False),
        (Route(name="r", channels=("c",), labels={"desk": "politics"}), True),
        (Route(name="r", channels=("c",), labels={"desk": "politics", "lang": "fr"}), False),
        (Route(name="r", channels=("c",), labels={"beat": ""}), False),
        (Route(name="r", channels=("c",), platform=frozenset({"x"}), owner=frozenset({"obama"})), False),
    ],
)
def test_all_matchers_given_must_match(route: Route, *, matches: bool) -> None:
    """An empty matcher matches everything; all that are given must match."""
    assert channels_for([route], TRUMP) == ((("r", "c"),) if matches else ())


def test_whose_route_has_no_longer_its_name() -> None:
    """A route that was renamed is known by its channel; what no route told stays without one."""
    inner = Route(name="inner", channels=("phone",))
    outer = Route(name="outer", channels=("slack",), routes=(inner,))
    assert teller([outer], "inner", "mail") is inner
    assert teller([outer], "before", "phone") is inner
    assert teller([outer], "before", "mail") is None
    assert teller([outer], "", "slack") is None
    assert teller([outer], DIGEST, "slack") is None


def test_an_account_without_owner_matches_no_owner() -> None:
    """A route for owners leaves out accounts that have none."""
    nobody = Subject(platform="x", owner=None, severity=Severity.INFO)
    assert channels_for([Route(name="r", channels=("c",), owner=frozenset({"trump"}))], nobody) == ()


def test_the_first_match_is_taken() -> None:
    """Later routes are not looked at once one matched."""
    routes = [
        Route(name="other", channels=("a",), platform=frozenset({"github"})),
        Route(name="first", channels=("b", "c")),
        Route(name="second", channels=("d",)),
    ]
    assert channels_for(routes, TRUMP) == (("first", "b"), ("first", "c"))


def test_proceed_goes_on_and_no_channel_is_told_twice() -> None:
    """`proceed` goes on to the next match; a channel named by both is told once, for the first."""
    routes = [
        Route(name="first", channels=("a", "b", "a"), proceed=True),
        Route(name="unmatched", channels=("x",), severity=frozenset({Severity.INFO}), proceed=True),
        Route(name="second", channels=("b", "c")),
        Route(name="third", channels=("d",)),
    ]
    assert channels_for(routes, TRUMP) == (("first", "a"), ("first", "b"), ("second", "c"))
