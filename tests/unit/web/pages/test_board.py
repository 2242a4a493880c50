"""The board: what it says, and that nothing in it can act."""

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from typing import cast
from urllib.parse import parse_qsl

import pytest
from multidict import MultiDict

from tests.unit.web import story
from watcher.model.account import Account
from watcher.model.control import VantageState
from watcher.model.errors import WatcherError
from watcher.model.outage import AccountState, Phase
from watcher.model.platform import ControlHandles, HandleSyntax, Platform
from watcher.model.snapshot import Snapshot
from watcher.model.uptime import History
from watcher.web.api import Records
from watcher.web.pages.boardpage import choices_of
from watcher.web.pages.health import platforms_of
from watcher.web.pages.query import parse_board_query
from watcher.web.pages.shell import Shell
from watcher.web.pages.wall import Wall
from watcher.web.pages.words import account_path, span, web_address

STYLE = files("watcher.web.pages").joinpath("static/style.css").read_text("utf-8")
VOID = {"meta", "br", "link", "img", "input"}


class Page(HTMLParser):
    """The elements and the visible text of a page; `open` is empty at the end if all were closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


class Past:
    """The same record of everybody."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.asked: list[list[str]] = []
        self.failure: WatcherError | None = None

    async def histories(self, account_ids: Collection[str], _since: datetime) -> Mapping[str, History]:
        """What is asked is noted."""
        self.asked.append(list(account_ids))
        if self.failure is not None:
            raise self.failure
        return dict.fromkeys(account_ids, self.history)


SEEN = History(seen_since=story.ago(days=10))


def wall_of(past: Past) -> Wall:
    """A wall that asks for nothing else."""
    return Wall(cast("Records", past))


def landing(snapshot: Snapshot, version: str, query: str = "") -> str:
    """The board as it is served."""
    asked = parse_board_query(MultiDict(parse_qsl(query, strict_parsing=bool(query))))
    board = asyncio.run(wall_of(Past(SEEN)).board(snapshot, asked))
    return Shell(version).render(
        "board.html.j2",
        board=board,
        have="run.1",
        choices=choices_of(snapshot),
        platforms=platforms_of(snapshot),
    )


def row_of(html: str, handle: str) -> str:
    """The words of the table row of one account."""
    return Page(next(row for row in re.findall(r"<tr .*?</tr>", html, re.DOTALL) if handle in row)).words


def test_page_is_well_formed_and_has_no_script() -> None:
    """Every element is closed, nothing is scripted or styled in place, all that is loaded is of this server."""
    page = Page(landing(story.snapshot(), "1.2.3"))
    assert page.open == []
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"style", "img", "iframe", "object"})
    names = {name for _, attributes in page.elements for name in attributes}
    assert not any(name == "style" or name.startswith("on") for name in names)
    loaded = [
        attributes.get("src") or attributes["href"] for tag, attributes in page.elements if tag in ("link", "script")
    ]
    assert all((url or "").startswith("/static/") for url in loaded)


def test_page_says_how_each_account_stands() -> None:
    """States are words, not colours alone; the open outage has its bounds and the page's own words."""
    html = landing(story.snapshot(), "1.2.3")
    down = row_of(html, "@realDonaldTrump")
    for said in (
        "unavailable",
        "not found (shown), critical",
        "began between 22:59:40 and 23:00:42",
        "at least 9 min 54 s, at most 11 min",
        story.QUOTE,
        "Donald J. Trump",
        "23:10:30 10 s ago",
    ):
        assert said in down
    assert '<q lang="fr">' in html
    assert "available" in row_of(html, "@POTUS")
    assert "coming back" in row_of(html, "@back")
    assert "being confirmed" in row_of(html, "@wobbly")
    assert "never seen" in row_of(html, "@typo")
    assert "never" in row_of(html, "@fresh")
    blind = row_of(html, "@walled")
    assert "cannot be seen" in blind
    assert "nothing seen since 23:05:40" in blind
    assert "last answer inconclusive: login wall" in blind


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (timedelta(minutes=10, milliseconds=500), "so far at least 9 min 54 s, at most 11 min 1 s"),
        (timedelta(hours=23, minutes=59, seconds=1), "at least 23 h 58 min 55 s, at most 1 d 1 min"),
        (timedelta(days=1, hours=1, minutes=49, seconds=20), "at least 1 d 1 h 49 min, at most 1 d 1 h 51 min"),
    ],
)
def test_bounds_are_rounded_outwards(gone: timedelta, said: str) -> None:
    """However long it takes: the lower one down, the upper one up, and neither to a whole hour."""
    began = story.NOW - gone
    opened = story.outage(last_present=began - timedelta(minutes=1), began=story.stamp(began))
    down = story.state(story.TRUMP, Phase.DOWN, outage=opened)
    assert said in row_of(landing(story.snapshot(((story.TRUMP, down),)), "1"), "@realDonaldTrump")


def test_trouble_comes_first() -> None:
    """The order is by what matters to the reader, and within that by the watchlist."""
    html = landing(story.snapshot(), "1.2.3")
    handles = ["@realDonaldTrump", "@back", "@wobbly", "@typo", "@fresh", "@walled", "@POTUS", "@newsroom"]
    assert re.findall(r'<a class="name".*?<bdi>(.*?)</bdi>', html) == handles
    assert "<title>(2) watcher</title>" in html


def test_outage_that_cannot_be_seen_stays_an_outage() -> None:
    """Blindness is said beside the open outage, not instead of it."""
    blind = story.state(story.TRUMP, Phase.DOWN, outage=story.outage(), blind_since=story.ago(minutes=2))
    words = row_of(landing(story.snapshot(((story.TRUMP, blind),)), "1"), "@realDonaldTrump")
    assert "unavailable" in words
    assert "nothing seen since 23:08:40" in words


def test_readiness_is_told_with_its_reasons() -> None:
    """Ready, offline and not ready are told apart, and every reason is shown."""
    assert "Ready. The network can be reached." in Page(landing(story.snapshot(), "1")).words
    offline = story.snapshot(vantage=VantageState.OFFLINE)
    assert "Offline. This machine reaches no platform" in Page(landing(offline, "1")).words
    stuck = replace(offline, not_ready=("the store refuses commits", "no platform is known"))
    words = Page(landing(stuck, "1")).words
    assert "Not ready. This machine reaches no platform" in words
    assert "the store refuses commits" in words
    assert "no platform is known" in words


def test_links_lead_to_profiles_without_a_referrer() -> None:
    """A profile does not learn who watches it; the other links stay on this server."""
    page = Page(landing(story.snapshot(), "1"))
    links = [attributes for tag, attributes in page.elements if tag == "a"]
    outside = [attributes for attributes in links if not (attributes["href"] or "").startswith(("/", "#"))]
    assert len(outside) == len(story.ROWS)
    assert all(attributes["rel"] == "noreferrer nofollow" for attributes in outside)
    inside = [attributes["href"] for attributes in links if attributes not in outside]
    assert {"/metrics", "/api/v1/accounts", "/api/v1/outages", "/-/ready", "/-/healthy"} <= set(inside)


def test_hostile_texts_are_inert() -> None:
    """Names, handles, quotes, reasons and languages of others stay text, whatever they contain."""
    html = landing(story.hostile(), story.HOSTILE)
    page = Page(html)
    assert page.open == []
    assert [attributes["src"] for tag, attributes in page.elements if tag == "script"] == [
        Shell("").statics.url("board.js")
    ]
    assert "<script>alert(1)</script>" in page.words
    assert "<script>alert" not in html
    assert not any("javascript" in (attributes.get("href") or "") for _, attributes in page.elements)
    assert not set("\u202e\x1b\r") & set(html)
    assert html.encode("utf-8")


def test_long_lists_have_pages() -> None:
    """A page of ten thousand rows helps nobody: there are a hundred on one, and ways to the others."""
    rows: list[tuple[Account, AccountState]] = []
    for number in range(202):
        account = story.account(f"user{number:03}")
        rows.append((account, story.state(account)))
    snapshot = story.snapshot(tuple(rows))
    first = landing(snapshot, "1")
    assert first.count('<tr class="row') == 100
    assert "202 accounts, page 1 of 3" in first
    assert 'href="/?page=2" rel="next"' in first
    last = landing(snapshot, "1", "page=9&sort=name")
    assert re.findall(r'<a class="name".*?<bdi>(.*?)</bdi>', last) == ["@user200", "@user201"]
    assert 'href="/?sort=name&amp;page=2" rel="prev"' in last


def test_known_platforms_and_owners_go_by_their_names() -> None:
    """A platform is shown by its title; an owner without a name by the slug, no owner by nothing; dates when needed."""
    github = Platform(
        id="github",
        title="GitHub",
        profile="",
        recognise=(),
        handle=HandleSyntax(pattern=".*"),
        sources=(),
        controls=ControlHandles(),
    )
    account = story.account("solo", "github", owner="slug")
    old = story.state(account, since=story.ago(days=3))
    lone = story.account("lone")
    html = landing(story.snapshot(((account, old), (lone, story.state(lone))), platforms={"github": github}), "1")
    words = row_of(html, "@solo")
    assert "GitHub" in words
    assert "slug" in words
    assert "2017-10-30 23:10:40 3 d ago" in words
    assert "·" not in row_of(html, "@lone")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (40.4, "40 s"),
        (60, "1 min"),
        (665, "11 min 5 s"),
        (3 * 3600 + 1200, "3 h 20 min"),
        (86400 + 30, "1 d"),
        (2 * 86400 + 4 * 3600, "2 d 4 h"),
    ],
)
def test_span(seconds: float, shown: str) -> None:
    """Spans are told in their two largest units, and never as less than nothing."""
    assert span(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "java\nscript:alert(1)", "http://[broken", "data:text/html,a", ""]
)
def test_only_web_addresses_become_links(url: str) -> None:
    """Whatever else an account gives as its address is shown and leads nowhere."""
    assert web_address(url) is None
    assert web_address("https://a.example/x") == "https://a.example/x"


@pytest.mark.parametrize("account_id", ["x:potus", "generic:https://a.example/~odd?x=1", "a/../b", "é\ud800"])
def test_an_id_is_one_part_of_a_path(account_id: str) -> None:
    """Slashes and what cannot be encoded are no steps in it."""
    path = account_path(account_id)
    assert path.startswith("/accounts/")
    assert path.count("/") == 2
    assert path.isascii()


def test_style_knows_light_and_dark_and_phones() -> None:
    """The one style sheet follows the reader's preference and the width of the screen, and loads nothing."""
    assert "prefers-color-scheme: dark" in STYLE
    assert "@media (max-width" in STYLE
    assert "url(" not in STYLE
    assert "@import" not in STYLE
