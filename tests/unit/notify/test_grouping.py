"""What is told together, and when."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.judge.story import at
from watcher.model.account import Severity
from watcher.model.finding import Reason
from watcher.model.notification import Incident, IncidentKind
from watcher.model.route import Route, Subject, taken
from watcher.notify.grouping import Groups, update_rows
from watcher.notify.route import group_key

SUBJECT = Subject(
    platform="x", owner="mayor", severity=Severity.WARNING, reason=Reason.SUSPENDED, account="x:a", labels={"desk": "a"}
)
ROUTE = Route(name="desk", channels=("slack",), group_by=("owner",), group_interval=timedelta(minutes=5))
OWN = Incident(id="o1", kind=IncidentKind.ACCOUNT, key="x:a", severity=Severity.WARNING, opened_at=at(0))


@pytest.mark.parametrize(
    ("group_by", "key"),
    [
        ((), None),
        (("owner",), 'desk{owner="mayor"}'),
        (("platform", "desk"), 'desk{platform="x", desk="a"}'),
        (("reason",), 'desk{reason="suspended"}'),
        (("owner", "beat"), None),
    ],
)
def test_who_is_in_a_group(group_by: tuple[str, ...], key: str | None) -> None:
    """All that is named must be known of it: what lacks an owner is not one with all others that lack one."""
    assert group_key(replace(ROUTE, group_by=group_by), SUBJECT) == key


def test_what_is_critical_does_not_wait_for_what_is_not() -> None:
    """It is in a group of its own."""
    critical = replace(SUBJECT, severity=Severity.CRITICAL)
    assert group_key(ROUTE, critical) == 'desk{owner="mayor", severity="critical"}'


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_change_is_told_after_it_and_within_an_interval(first: int, second: int) -> None:
    """Two changes of one interval are one row, of two intervals are two; none is due before it happened."""
    group = Groups().of("desk{}", OWN)
    rows = [update_rows(group, ROUTE, "slack", at(seconds), at(seconds)) for seconds in (first, second)]
    for seconds, found in zip((first, second), rows, strict=True):
        told = found[0].due_at if found else group.opened_at + ROUTE.group_wait
        assert at(seconds) < told <= at(seconds) + ROUTE.group_interval
    if all(rows):
        assert (rows[0][0].dedup_key == rows[1][0].dedup_key) == (rows[0][0].due_at == rows[1][0].due_at)
        assert (rows[0][0].seq < rows[1][0].seq) == (rows[0][0].due_at < rows[1][0].due_at)


def test_what_becomes_known_late_is_not_left_out() -> None:
    """A second look takes its time, and the first message may have gone out meanwhile: what counts is when it ends."""
    group = Groups().of("desk{}", OWN)
    told = group.opened_at + ROUTE.group_wait
    assert update_rows(group, ROUTE, "slack", at(10), told - timedelta(seconds=1)) == ()
    [row] = update_rows(group, ROUTE, "slack", at(10), told)
    assert (row.event_at, row.due_at) == (at(10), told + ROUTE.group_interval)
    critical = replace(OWN, severity=Severity.CRITICAL)
    [row] = update_rows(critical, ROUTE, "slack", at(-1), at(2))
    assert at(2) < row.due_at <= at(62)


@given(st.integers(1, 3600), st.integers(1, 3600), st.integers(60, 100_000))
def test_no_news_is_taken_for_one_of_before_the_route_was_edited(first: int, then: int, edited: int) -> None:
    """The key of an update of the new interval is that of an old one only where both are still to be sent."""
    group = Groups().of("desk{}", OWN)
    old, new = (replace(ROUTE, group_interval=timedelta(seconds=pace)) for pace in (first, then))
    before = {
        row.dedup_key: row.seq
        for when in range(30, edited, max(1, edited // 50))
        for row in update_rows(group, old, "slack", at(when), at(when))
        if row.due_at <= at(edited)
    }
    [row] = update_rows(group, new, "slack", at(edited), at(edited))
    assert row.dedup_key not in before
    assert all(row.seq >= seq for seq in before.values())


def test_groups_go_on_after_a_restart() -> None:
    """Those of an earlier run are known with the outages that are still open."""
    groups = Groups()
    group = groups.of("desk{}", OWN)
    groups.note([group], [(group.id, "o1"), (group.id, "o2")], ["o1"])
    again = Groups([group], {group.id: frozenset({"o1", "o2"})}, ["o2", "other"])
    assert groups.missing(group.id) == again.missing(group.id) == {"o2"}
    assert again.of("desk{}", replace(OWN, id="o3")) == group
    assert again.holding("o2") == (group,)
    again.note([], [], [group.id])
    assert (again.holding("o2"), again.over()) == ((), ())
    new = again.of("desk{}", replace(OWN, id="o3"))
    assert new.id not in (group.id, groups.of("desk{}", replace(OWN, id="o4")).id)
    assert new.id.startswith("desk-")
    assert "o3" not in new.id  # by the account's id, which is in it, nobody would be forgotten


def test_a_route_inside_of_another_is_taken_instead_of_it() -> None:
    """The first that matches; the outer one where none does; `proceed` goes on beside either."""
    inner = (
        Route(name="suspended", channels=("legal",), reason=frozenset({Reason.SUSPENDED})),
        Route(name="rest", channels=("desk",), account=frozenset({"x:b"})),
    )
    routes = (Route(name="outer", channels=("all",), routes=inner, proceed=True), Route(name="last", channels=("log",)))
    for reason, names in ((Reason.SUSPENDED, ["suspended", "last"]), (Reason.GONE, ["outer", "last"])):
        assert [route.name for route in taken(routes, replace(SUBJECT, reason=reason))] == names
