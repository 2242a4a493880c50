"""What a board shows as its address says, and who is then on it."""

import re
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from multidict import MultiDict

from tests.unit.web import story
from watcher.model.outage import Phase
from watcher.web.pages.board import Arranged, arranged, index_of
from watcher.web.pages.query import BoardQuery, Group, Sort, parse_board_query


def shown(query: str = "") -> Arranged:
    """What that evening's board shows."""
    asked = parse_board_query(MultiDict(parse_qsl(query)))
    snapshot = story.snapshot()
    return arranged(index_of(snapshot), snapshot.states, asked)


def ids(found: Arranged) -> list[str]:
    """Who, in order."""
    return [listed.account.id for listed, _ in found.entries]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=trump", ["x:realdonaldtrump", "x:potus"]),
        ("q=donald potus", ["x:potus"]),
        ("q=DONALD J.", ["x:realdonaldtrump", "x:potus"]),
        ("owner=trump&state=up", ["x:potus"]),
        ("platform=github", ["github:back", "github:typo"]),
        ("state=blind", ["bluesky:walled"]),
        ("q=nobody here", []),
    ],
)
def test_filters(query: str, found: list[str]) -> None:
    """Every word must be found, in handle, owner, platform, id or address; an owner and a platform are ids."""
    assert ids(shown(query)) == found


def test_trouble_is_whatever_is_not_available() -> None:
    """And the counts are of all accounts, whatever is shown."""
    found = shown("state=trouble")
    assert set(ids(found)) == {account.id for account, state in story.ROWS if state.phase is not Phase.UP} | {
        story.BLIND.id
    }
    assert (found.total, found.down, found.found) == (8, 2, 6)
    assert {look.name: count for look, count in found.counts}["up"] == 2


def test_orders() -> None:
    """By name regardless of case and of the @; the latest change first."""
    names = [listed.account.display_handle for listed, _ in shown("sort=name").entries]
    assert names == sorted(names, key=lambda name: name.lstrip("@").casefold())
    assert ids(shown("sort=since"))[:2] == ["bluesky:fresh", "youtube:wobbly"]


def test_groups() -> None:
    """Each begins with its heading, those without an owner last; trouble is first in each."""
    headings = [heading for _, heading in shown("group=owner").entries]
    assert headings == ["Donald J. Trump", "", "nobody", "", "", "", "", ""]
    assert ids(shown("group=owner"))[0] == "x:realdonaldtrump"
    platforms = [heading for _, heading in shown("group=platform").entries if heading]
    assert platforms == ["bluesky", "github", "mastodon", "x", "youtube"]


def test_pages() -> None:
    """A page beyond the last is the last."""
    found = shown("size=3&page=2")
    assert (len(found.entries), found.pages, found.page) == (3, 3, 2)
    assert shown("size=3&page=99").page == 3
    assert shown("q=nobody-at-all").page == 1


def test_a_renamed_account_is_found_under_both_names() -> None:
    """The watchlist has the old one, people know the new one."""
    snapshot = story.snapshot()
    states = {**snapshot.states, "x:potus": replace(snapshot.states["x:potus"], handle="potus45")}
    for name in ("potus45", "@potus"):
        assert ids(arranged(index_of(snapshot), states, BoardQuery(q=name))) == ["x:potus"]


def test_addresses_have_what_is_not_as_usual() -> None:
    """And lead to the first page, unless they name one."""
    query = BoardQuery(q="a&b", group=Group.OWNER, page=4, size=50)
    assert query.text == "q=a%26b&group=owner&page=4&size=50"
    assert query.path(sort=Sort.NAME) == "/?q=a%26b&group=owner&sort=name&size=50"
    assert BoardQuery(page=3).path() == "/"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"page": "0"}, "page: '0' is not a number from 1 to 100000"),
        ({"size": "1000"}, "size: '1000' is not a number from 1 to 200"),
        ({"page": "١"}, "page: '\\u0661' is not a number"),
        ({"state": "dead"}, "state: 'dead' is none of trouble, down"),
        ({"group": "size"}, "group: 'size' is not owner or platform"),
        ({"sort": "x"}, "sort: 'x' is not attention or name or since"),
        ({"q": "a" * 201}, "q: longer than 200 characters"),
        ({"colour": "red"}, "unknown parameter 'colour'"),
    ],
)
def test_what_makes_no_sense_is_refused(query: dict[str, str], said: str) -> None:
    """With the value, and what can be asked for."""
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_board_query(MultiDict(query))
