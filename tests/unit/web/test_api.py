"""What the API is asked for."""

import pytest
from multidict import MultiDict

from watcher.web.api import OutageQuery, parse_outage_query


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ([], OutageQuery()),
        ([("account", "x:potus")], OutageQuery(account_id="x:potus")),
        ([("open", "true"), ("limit", "1")], OutageQuery(open=True, limit=1)),
        ([("open", "false"), ("limit", "1000")], OutageQuery(open=False, limit=1000)),
    ],
)
def test_good_queries(parameters: list[tuple[str, str]], expected: OutageQuery) -> None:
    """Each parameter narrows the answer down; without any there are the latest hundred."""
    assert parse_outage_query(MultiDict(parameters)) == expected


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ([("limit", "0")], "limit"),
        ([("limit", "1001")], "limit"),
        ([("limit", "-1")], "limit"),
        ([("limit", "1e3")], "limit"),
        ([("limit", "")], "limit"),
        ([("limit", "٣")], "limit"),
        ([("limit", "9" * 5000)], "limit"),
        ([("limit", "1"), ("limit", "2")], "limit"),
        ([("open", "yes")], "open"),
        ([("open", "")], "open"),
        ([("account", "")], "account"),
        ([("acount", "x:potus")], "acount"),
    ],
)
def test_bad_queries_are_refused_by_name(parameters: list[tuple[str, str]], named: str) -> None:
    """A value out of bounds or a misspelt parameter is told, short and in ASCII, rather than ignored."""
    with pytest.raises(ValueError, match=named) as caught:
        parse_outage_query(MultiDict(parameters))
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 400
