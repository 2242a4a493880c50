"""The record of an outage over HTTP: of the eleven minutes as a real run left them, and of one that is hostile."""

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import aiohttp
import pytest
from yarl import URL

from tests.fakes.eleven import ACCOUNT, TOKEN, Served, eleven_minutes, served
from tests.unit.store.samples import T0, account, after, closing, opening, outage
from tests.unit.web.story import HOSTILE
from watcher.model.errors import StoreError
from watcher.model.notification import NotificationKind
from watcher.store.memory import MemoryStore
from watcher.store.values import Body

ATOM = "{http://www.w3.org/2005/Atom}"
SCRIPT = b"<!doctype html><script>alert(1)</script><h1 onclick=alert(2)>gone</h1>\x1b[31m\xff</pre><script>alert(3)"
NOTE = {"cause": "a departing employee", "text": "<b>on their last day</b>", "link": "https://x.com/a", "by": "desk"}
pytestmark = pytest.mark.timeout(90)


class Markup(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def assert_inert(self) -> None:
        """No script but files of our own, no handler, no style, no address that runs."""
        for tag, attributes in self.elements:
            assert tag not in ("iframe", "object", "embed", "style", "base", "b"), tag
            assert tag != "script" or (attributes.get("src") or "").startswith("/static/")
            for name, value in attributes.items():
                assert not name.startswith("on")
                assert name != "style"
                assert "javascript:" not in (value or "").lower() or name not in ("href", "src", "action")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Served]:
    """The evening of 2017, a little later."""
    async with served(eleven_minutes(tmp_path)) as made:
        yield made


@pytest.fixture
async def web(desk: Served) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody who reads."""
    async with aiohttp.ClientSession(desk.url) as session:
        yield session


async def get(session: aiohttp.ClientSession, path: str, status: int = 200, **more: Any) -> str:
    """The text of an answer of that status."""
    async with session.get(path, **more) as answer:
        assert answer.status == status, path
        return await answer.text()


async def test_the_record_tells_the_story(desk: Served, web: aiohttp.ClientSession) -> None:
    """Who, where, how long and between what; the words that visitors saw, in their language; what is not known."""
    page = Markup(await get(web, f"/outages/{quote(desk.outage_id, safe='')}"))
    for words in (
        "@realDonaldTrump was not available on X for 11 min",
        "Visitors to X who were not logged in could not see the profile of @realDonaldTrump (Donald J. Trump)",
        "So the truth lies between 10 min",
        "Désolé, cette page n'existe pas",
        "Nobody has noted a cause so far.",
        "newsroom was told that it was missing",
        "The exact second at which it went",
        "every hash holds",
    ):
        assert words in page.words, words
    assert ("blockquote", {"lang": "fr"}) in page.elements
    page.assert_inert()
    assert ("link", "application/atom+xml") in {(tag, attrs.get("type")) for tag, attrs in page.elements}


async def test_every_form_says_the_same(desk: Served, web: aiohttp.ClientSession) -> None:
    """The page, the Markdown and the JSON are of one assembly; what is known already is not sent again."""
    path = f"/outages/{quote(desk.outage_id, safe='')}"
    record = json.loads(await get(web, f"{path}.json"))
    text = await get(web, f"{path}.md")
    page = Markup(await get(web, path))
    for sentence in (record["headline"], *record["summary"], record["bounds"]):
        assert sentence in page.words
        assert sentence in text
    assert record["schema"] == "watcher-record/1"
    assert [entry["kind"] for entry in record["timeline"]] == [
        "seen",
        "missing",
        "missing",
        "told",
        "missing",
        "seen",
        "seen",
        "told",
    ]
    assert record["evidence"]["sound"] is True
    lasted = record["outage"]["duration_seconds"]
    assert lasted["min"] <= 660 <= lasted["max"]
    for each in ("", ".md", ".json"):
        async with (
            web.get(path + each) as first,
            web.get(path + each, headers={"If-None-Match": first.headers["ETag"]}) as again,
        ):
            assert again.status == 304


async def test_a_note_by_the_form(desk: Served, web: aiohttp.ClientSession) -> None:
    """With the token it is kept, shown as plain text, and once only; with `tell` the channel is told of it."""
    path = f"/outages/{quote(desk.outage_id, safe='')}"
    for _ in range(2):
        sent = {**NOTE, "tell": "yes", "token": TOKEN}
        async with web.post(f"{path}/annotate", data=sent, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, f"{path}#notes")
    page = Markup(await get(web, path))
    assert page.words.count("<b>on their last day</b>") == 2  # in the notes, and in the timeline
    assert "As its cause, desk noted on" in page.words
    page.assert_inert()
    store = desk.worker.store
    assert [row.kind for row in store.notifications(incident_id=desk.outage_id)].count(NotificationKind.CORRECTION) == 1
    assert "\\<b\\>on their last day" in await get(web, f"{path}.md")


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"token": "another"}, 401, "That is not the token of web.token"),
        ({"token": ""}, 401, "Type the token."),
        ({"cause": " \u200b"}, 400, "says nothing"),
        ({"link": "javascript:alert(1)"}, 400, "is no web address"),
        ({"text": "x" * 4001}, 400, "4000 are the most"),
    ],
)
async def test_what_is_filled_in_wrongly_is_not_lost(
    desk: Served, web: aiohttp.ClientSession, changes: dict[str, str], status: int, said: str
) -> None:
    """The page comes again with the form as it was, but for the token, and says what is wrong; nothing is kept."""
    path = f"/outages/{quote(desk.outage_id, safe='')}"
    async with web.post(f"{path}/annotate", data={**NOTE, "token": TOKEN, **changes}) as answer:
        assert answer.status == status
        page = Markup(await answer.text())
    page.assert_inert()
    assert said in page.words
    filled = {attrs.get("name"): attrs.get("value") for tag, attrs in page.elements if tag == "input"}
    assert filled["by"] == "desk"
    assert filled["token"] is None
    assert desk.worker.store.annotations([desk.outage_id]) == {}


async def test_other_sites_and_the_unauthorised_change_nothing(tmp_path: Path) -> None:
    """A form of another site is refused; without a token in the settings there is no form, and no way to send one."""
    async with served(eleven_minutes(tmp_path), token=None) as desk, aiohttp.ClientSession(desk.url) as web:
        path = f"/outages/{quote(desk.outage_id, safe='')}"
        page = Markup(await get(web, path))
        assert "form" not in {tag for tag, _ in page.elements}
        assert "set web.token_file" in page.words
        async with web.post(f"{path}/annotate", data=NOTE) as answer:
            assert answer.status == 403
        async with web.post(f"{path}/annotate", data=NOTE, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
            assert answer.status == 403
        assert desk.worker.store.annotations([desk.outage_id]) == {}


async def test_evidence_is_text(desk: Served, web: aiohttp.ClientSession) -> None:
    """The page that was kept is shown escaped, under its hash and under its own outage only; never as a picture."""
    path = f"/outages/{quote(desk.outage_id, safe='')}"
    [piece] = json.loads(await get(web, f"{path}.json"))["evidence"]["pieces"]
    async with web.get(f"{path}/evidence/{piece['sha256']}") as answer:
        assert answer.content_type == "text/html"
        page = Markup(await answer.text())
    page.assert_inert()
    assert "<title>" in page.words
    await get(web, f"{path}/evidence/{piece['sha256']}.png", 404)
    for other in ("0" * 64, "..%2f..%2fetc%2fpasswd", piece["sha256"].upper()):
        await get(web, f"{path}/evidence/{other}", 404)
    await get(web, f"/outages/another/evidence/{piece['sha256']}", 404)


def hostile_store(role: str = "target", content: bytes = SCRIPT) -> MemoryStore:
    """An outage in which everything that others write tries to break out."""
    store = MemoryStore()
    who = replace(account(), display_handle=HOSTILE.replace("\ud800", ""), url="javascript:alert(1)")
    store.watch([who], T0)
    gone = replace(outage(), quote=HOSTILE, language='"><script>', handle_then=who.display_handle)
    body = Body(sha256=sha256(content).hexdigest(), content=content, role=role)
    commit = opening(gone)
    [opened] = commit.transitions
    assert opened.finding is not None
    seen = replace(opened.finding, evidence=replace(opened.finding.evidence, body_sha256=body.sha256, quote=HOSTILE))
    store.commit(replace(commit, transitions=(replace(opened, finding=seen),), bodies=(body,)))
    store.commit(closing(gone))
    return store


async def test_hostile_texts_do_nothing() -> None:
    """Names, quotes and pages with scripts in them are words, on every page, in the feed and in the badges."""
    async with served(hostile_store()) as desk, aiohttp.ClientSession(desk.url) as web:
        path = f"/outages/{desk.outage_id}"
        kept = f"{path}/evidence/{sha256(SCRIPT).hexdigest()}"
        for each in (path, "/outages", kept, "/api"):
            Markup(await get(web, each)).assert_inert()
        shown = await get(web, kept)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
        assert "\\x1b[31m" in shown
        assert "\x1b" not in await get(web, f"{path}.md")
        feed = ET.fromstring(await get(web, "/feeds/outages.atom"))
        assert {element.tag.removeprefix(ATOM) for element in feed.iter()} <= {
            "feed", "title", "id", "updated", "link", "author", "name", "generator", "entry", "published", "category",
            "summary",
        }  # fmt: skip
        badge = ET.fromstring(await get(web, "/badges/x:potus/state.svg"))
        assert "script" not in {element.tag.rpartition("}")[2] for element in badge.iter()}


@pytest.mark.parametrize(
    ("content", "status"), [(b"\x89PNG\r\n\x1a\nrest", 200), (b"<svg onload=alert(1)>", 404), (b"GIF89a", 404)]
)
async def test_a_picture_is_served_only_as_png(content: bytes, status: int) -> None:
    """Whatever else is kept as a screenshot is shown as text."""
    digest = sha256(content).hexdigest()
    async with served(hostile_store("screenshot", content)) as desk, aiohttp.ClientSession(desk.url) as web:
        async with web.get(f"/outages/{desk.outage_id}/evidence/{digest}.png") as answer:
            assert answer.status == status
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.content_type == ("image/png" if status == 200 else "text/html")
        page = Markup(await get(web, f"/outages/{desk.outage_id}/evidence/{digest}"))
        page.assert_inert()


async def test_the_list_is_asked_and_turned_over(web: aiohttp.ClientSession) -> None:
    """By state, owner, platform, account and time; a question that makes no sense is answered with what to write."""
    name = "@realDonaldTrump"
    for query in (
        "",
        "?state=over",
        "?owner=potus45",
        "?platform=x",
        f"?account={ACCOUNT}",
        "?since=2017-11-02&until=2017-11-02",
    ):
        assert name in await get(web, f"/outages{query}"), query
    for query in ("?state=open", "?owner=nobody", "?platform=bluesky", "?until=2017-11-01", "?before=nothing"):
        assert name not in await get(web, f"/outages{query}"), query
    for query, said in (
        ("?state=closed", "none of open and over"),
        ("?since=yesterday", "is no time"),
        ("?x=1", "unknown"),
    ):
        assert said in await get(web, f"/outages{query}", 400)


async def test_an_account_that_nobody_knows_is_no_account_without_outages(web: aiohttp.ClientSession) -> None:
    """It says so, with the id that was meant."""
    page = Markup(await get(web, "/outages?account=x:RealDonaldTrump"))
    assert "No such account is known; did you mean 'x:realdonaldtrump'?" in page.words
    assert "is known that fits" not in page.words
    assert "is known; write its id as in x:potus." in Markup(await get(web, "/outages?account=zzz")).words


async def test_pages_follow_one_another() -> None:
    """Fifty on each, the latest first, none twice and none left out; the CSV has them all, each a row."""
    store = MemoryStore()
    store.watch([account()], T0)
    for number in range(1, 121):
        one = outage(number=number, seconds=number * 1000)
        store.commit(opening(one, ()))
        store.commit(closing(one))
    async with served(store) as desk, aiohttp.ClientSession(desk.url) as web:
        seen: list[str] = []
        path: str | None = "/outages"
        while path is not None:
            page = Markup(await get(web, path))
            seen += [
                href
                for tag, attrs in page.elements
                if tag == "a"
                for href in [attrs["href"] or ""]
                if re.match("/outages/", href)
            ]
            path = next((attrs["href"] for tag, attrs in page.elements if attrs.get("rel") == "next"), None)
        assert seen == [f"/outages/potus-{number}" for number in range(120, 0, -1)]
        rows = list(csv.DictReader(io.StringIO(await get(web, "/outages.csv"), newline=""), strict=True))
        assert [row["id"] for row in rows] == [href.removeprefix("/outages/") for href in seen]


async def test_the_table_is_of_what_is_asked(web: aiohttp.ClientSession) -> None:
    """CSV by the same questions; with no rows there is a header."""
    async with web.get("/outages.csv", params={"owner": "potus45"}) as answer:
        assert answer.content_type == "text/csv"
        assert "attachment" in answer.headers["Content-Disposition"]
        [row] = csv.DictReader(io.StringIO(await answer.text(), newline=""), strict=True)
    assert row["quote"] == "Désolé, cette page n'existe pas"
    assert len((await get(web, "/outages.csv?state=open")).splitlines()) == 1
    assert "none of open" in await get(web, "/outages.csv?state=x", 400)
    assert "an end of the calendar" in await get(web, "/outages.csv?until=9999-12-31", 400)


async def test_a_head_of_the_table_has_no_body(desk: Served) -> None:
    """The head alone, so that the next answer on the connection is where the reader looks for it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(desk.url).port)
    writer.write(b"HEAD /outages.csv HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/csv; charset=utf-8\r\n" in head
    writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    await writer.wait_closed()


async def test_the_feed_is_atom(desk: Served, web: aiohttp.ClientSession) -> None:
    """What RFC 4287 wants of a feed and of each entry; ids stay, and a note makes the entry a newer one."""
    first = ET.fromstring(await get(web, "/feeds/outages.atom"))
    check_atom(first)
    [entry] = first.findall(f"{ATOM}entry")
    await desk.worker.call(desk.worker.store.retract, desk.outage_id, "a test", by="desk", at=after(7200))
    again = ET.fromstring(await get(web, "/feeds/outages.atom?owner=potus45&platform=x"))
    check_atom(again)
    [later] = again.findall(f"{ATOM}entry")
    assert later.findtext(f"{ATOM}id") == entry.findtext(f"{ATOM}id")
    assert str(later.findtext(f"{ATOM}updated")) > str(entry.findtext(f"{ATOM}updated"))
    assert str(later.findtext(f"{ATOM}title")).startswith("Taken back: ")
    assert again.findtext(f"{ATOM}id") != first.findtext(f"{ATOM}id")
    none = ET.fromstring(await get(web, "/feeds/outages.atom?owner=nobody"))
    check_atom(none)
    assert none.findall(f"{ATOM}entry") == []
    await get(web, "/feeds/outages.atom?x=1", 400)


def check_atom(feed: ET.Element) -> None:
    """The rules of RFC 4287 that a feed like ours can break (4.1.1, 4.1.2, 4.2.6, 4.2.7, 3.3)."""
    assert feed.tag == f"{ATOM}feed"
    assert [link.get("rel") for link in feed.findall(f"{ATOM}link")] == ["self", "alternate"]
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    entries = feed.findall(f"{ATOM}entry")
    ids = [str(each.findtext(f"{ATOM}id")) for each in (feed, *entries)]
    assert len(set(ids)) == len(ids)
    for each in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(each.findall(f"{ATOM}{name}")) == 1
        assert str(each.findtext(f"{ATOM}id")).startswith("urn:uuid:")
        assert datetime.fromisoformat(str(each.findtext(f"{ATOM}updated"))).tzinfo is not None
    for entry in entries:
        assert len(entry.findall(f"{ATOM}summary")) == 1
        assert [link.get("rel") for link in entry.findall(f"{ATOM}link")] == ["alternate"]


async def test_badges(web: aiohttp.ClientSession) -> None:
    """Named for who cannot see them, kept for half a minute, of whom we watch only; not for pages of other sites."""
    async with web.get("/badges/x%3Arealdonaldtrump/state.svg") as answer:
        assert answer.content_type == "image/svg+xml"
        assert answer.headers["Cache-Control"] == "private, max-age=30"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        badge = ET.fromstring(await answer.text())
    assert badge.get("aria-label") == "realDonaldTrump: available"
    assert badge.findtext("{http://www.w3.org/2000/svg}title") == "realDonaldTrump: available"
    uptime = ET.fromstring(await get(web, "/badges/x:realdonaldtrump/uptime.svg"))
    assert re.fullmatch(r"realDonaldTrump 30 d: \d\d\.\d\d %", str(uptime.get("aria-label")))
    assert "not watched" in await get(web, "/badges/x:nobody/state.svg", 404)


async def test_a_store_that_fails_is_told(desk: Served, web: aiohttp.ClientSession) -> None:
    """Every page says so with 503, and what was filled in comes back with it."""
    path = f"/outages/{quote(desk.outage_id, safe='')}"

    def fail(*_args: Any, **_more: Any) -> Any:
        raise StoreError("the disk is gone")

    store: Any = desk.worker.store
    store.annotate = fail
    async with web.post(f"{path}/annotate", data={**NOTE, "token": TOKEN}) as answer:
        assert answer.status == 503
        page = Markup(await answer.text())
    assert "the disk is gone" in page.words
    assert "<b>on their last day</b>" in page.words
    store.outage = store.outages = store.traces = fail
    for each in (
        path,
        f"{path}.md",
        f"{path}.json",
        "/outages",
        "/outages.csv",
        "/feeds/outages.atom",
        f"{path}/evidence/{'0' * 64}",
    ):
        assert "the disk is gone" in await get(web, each, 503), each


async def test_what_is_not_there(web: aiohttp.ClientSession) -> None:
    """404, in the form that was asked for."""
    assert "There is no such outage" in await get(web, "/outages/nothing", 404)
    assert "There is no such outage" in await get(web, "/outages/nothing.md", 404)
    assert "error" in json.loads(await get(web, "/outages/nothing.json", 404))
    async with web.post("/outages/nothing/annotate", data={**NOTE, "token": TOKEN}) as answer:
        assert answer.status == 404
