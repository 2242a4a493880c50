"""The demo's platform: what it shows, what it logs, how long it takes."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.fakes.clock import STORY as START
from tests.fakes.clock import FakeClock, settle
from watcher.demo.answers import Page
from watcher.demo.platform import Change, Request, ScriptedPlatform

SECOND = timedelta(seconds=1)


class Visitor:
    """A browser of sorts, for one platform."""

    def __init__(self, platform: ScriptedPlatform, clock: FakeClock) -> None:
        self.platform = platform
        self.clock = clock
        context = ssl.create_default_context(cafile=str(platform.ca_file))
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))

    async def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        url = f"https://localhost:{self.platform.port}{path}"
        sent = {"Host": "x.com", **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.session.get(url, headers=sent) as response:
            return response.status, await response.text(), dict(response.headers)

    async def json(self, path: str) -> tuple[int, Any]:
        async with self.session.get(f"https://localhost:{self.platform.port}{path}") as response:
            return response.status, await response.json()

    async def html(self, path: str) -> LexborHTMLParser:
        return LexborHTMLParser((await self.get(path))[1])


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    clock = FakeClock()
    async with ScriptedPlatform(clock, tmp_path) as platform:
        visitor = Visitor(platform, clock)
        yield visitor
        await visitor.session.close()
    await settle()


async def test_a_profile_names_its_account(visitor: Visitor) -> None:
    """Title, canonical, og tags and stable id are the account's own; markup in names is text."""
    visitor.platform.set("SomeOne", Page.PRESENT, name="<b>Some</b> One", bio="gone fishing")
    page = await visitor.html("/someone")
    assert find(page, "title").text() == "<b>Some</b> One (@SomeOne) | Twitter"
    assert find(page, "link[rel=canonical]").attributes["href"] == "https://twitter.com/SomeOne"
    assert find(page, "meta[property='al:ios:url']").attributes["content"] == "twitter://user?screen_name=SomeOne"
    assert find(page, "meta[name='profile:user_id']").attributes["content"] == "25000001"
    assert find(page, ".ProfileHeaderCard-bio").text() == "gone fishing"
    assert page.css_first("div.ProtectedTimeline") is None


@pytest.mark.parametrize(
    ("shown", "status", "selector", "text"),
    [
        (Page.PROTECTED, 200, "div.ProtectedTimeline", "This account's Tweets are protected."),
        (Page.MISSING_FR, 200, "html[lang=fr] div.errorpage-body-content", "Désolé, cette page n'existe pas"),
        (Page.DEACTIVATED, 200, "html[lang=fr] div.errorpage-body-content", "Désolé, cette page n'existe pas"),
        (Page.MISSING_EN, 200, "html[lang=en] div.errorpage-body-content", "Sorry, that page doesn’t exist!"),
        (Page.NOT_FOUND, 404, "div.errorpage-body-content", "Sorry, that page doesn’t exist!"),
        (Page.SUSPENDED, 200, "div.flex-module.error-page", "This account has been suspended."),
        (Page.LOGIN_WALL, 200, "div.signin-wrapper", "Log in to Twitter"),
        (Page.CHALLENGE, 403, "#challenge-form", "Checking your browser"),
        (Page.SERVER_ERROR, 500, "h1", "Something is technically wrong."),
    ],
)
async def test_each_page(visitor: Visitor, shown: Page, status: int, selector: str, text: str) -> None:
    """Each state has the status, structure and text that it had in 2017."""
    visitor.platform.set("someone", shown)
    answered, body, _ = await visitor.get("/someone")
    assert answered == status
    assert text in find(LexborHTMLParser(body), selector).text()


async def test_answers_without_a_page(visitor: Visitor) -> None:
    """The empty 404, and the 429 with its Retry-After."""
    visitor.platform.set("a", Page.EMPTY_404)
    visitor.platform.set("b", Page.RATE_LIMITED, span=90 * SECOND)
    assert (await visitor.get("/a"))[:2] == (404, "")
    status, _, headers = await visitor.get("/b")
    assert (status, headers["Retry-After"]) == (429, "90")


async def test_unknown_handles_are_missing(visitor: Visitor) -> None:
    """Nobody need be told about who never was."""
    assert (await visitor.html("/nobody")).css_first("div.errorpage-body-content") is not None


async def test_bluesky_answers_for_many(visitor: Visitor) -> None:
    """Those who are there, by handle or DID; the others are left out, and what bars one bars all; 25 are the most."""
    platform = visitor.platform
    for handle, page in (("a.example", Page.PRESENT), ("b.example", Page.SUSPENDED), ("c.example", Page.PRESENT)):
        platform.set(handle, page)
    path = "/xrpc/app.bsky.actor.getProfiles?"
    did = platform.members.get("c.example").did
    status, body, _ = await visitor.get(f"{path}actors=a.example&actors=b.example&actors=d.example&actors={did}")
    assert status == 200
    assert [profile["handle"] for profile in json.loads(body)["profiles"]] == ["a.example", "c.example"]
    assert [request.handle for request in platform.requests] == ["a.example", "b.example", "d.example", "c.example"]
    assert len(platform.arrivals) == 1
    assert (await visitor.get(path))[0] == 400
    assert (await visitor.get(path + "&".join(f"actors=m{n}.example" for n in range(26))))[0] == 400
    platform.set("a.example", Page.RATE_LIMITED)
    assert (await visitor.get(f"{path}actors=c.example&actors=a.example"))[0] == 429


async def test_the_whole_platform_may_fail_or_welcome_everybody(visitor: Visitor) -> None:
    """A disturbance hits known and unknown handles alike, and ends without a trace."""
    visitor.platform.set("someone", Page.PRESENT)
    visitor.platform.set_all(Page.LOGIN_WALL)
    for path in ("/someone", "/nobody"):
        assert (await visitor.html(path)).css_first("div.signin-wrapper") is not None
    visitor.platform.set_all(Page.PRESENT)
    assert "(@nobody)" in find(await visitor.html("/nobody"), "title").text()
    visitor.platform.set_all(None)
    assert "(@someone)" in find(await visitor.html("/someone"), "title").text()
    assert "(@nobody)" not in (await visitor.get("/nobody"))[1]


async def test_the_log_is_the_truth(visitor: Visitor) -> None:
    """Every change and every request is kept with its instant."""
    visitor.platform.set("someone", Page.PRESENT)
    await visitor.clock.run_for(60 * SECOND)
    await visitor.get("/someone?lang=en")
    visitor.platform.set_all(Page.SERVER_ERROR)
    later = START + 60 * SECOND
    assert visitor.platform.log == [
        Change(at=START, handle="someone", page=Page.PRESENT),
        Change(at=later, handle="*", page=Page.SERVER_ERROR),
    ]
    assert visitor.platform.requests == [Request(at=later, handle="someone", path="/someone?lang=en")]


async def test_robots(visitor: Visitor) -> None:
    """robots.txt is what it was made to be."""
    assert "Disallow: /search" in (await visitor.get("/robots.txt"))[1]
    visitor.platform.robots = "User-agent: *\nDisallow: /\n"
    assert (await visitor.get("/robots.txt"))[1] == visitor.platform.robots


async def test_it_is_found_by_its_address_too(visitor: Visitor) -> None:
    """A client that names no host in its TLS greeting is shown a certificate for the address."""
    url = f"https://127.0.0.1:{visitor.platform.port}/robots.txt"
    async with visitor.session.get(url) as response:
        assert response.status == 200


BLUESKY = "/xrpc/app.bsky.actor.getProfile?actor="
LOOKUP = "/api/v1/accounts/lookup?acct="


@pytest.mark.parametrize(
    ("shown", "status", "error", "message"),
    [
        (Page.MISSING_FR, 400, "InvalidRequest", "Profile not found"),
        (Page.SUSPENDED, 400, "AccountTakedown", "Account has been suspended"),
        (Page.DEACTIVATED, 400, "AccountDeactivated", "Account is deactivated"),
    ],
)
async def test_bluesky_says_why(visitor: Visitor, shown: Page, status: int, error: str, message: str) -> None:
    """The codes of getProfile."""
    visitor.platform.set("a.test", shown)
    assert await visitor.json(BLUESKY + "a.test") == (status, {"error": error, "message": message})


async def test_bluesky_shows_profiles_by_handle_and_by_did(visitor: Visitor) -> None:
    """A profile is found either way; one that hides from strangers says so in a label."""
    visitor.platform.set("a.test", Page.PRESENT, name="A")
    status, by_handle = await visitor.json(BLUESKY + "A.test")
    assert (status, by_handle["handle"], by_handle["displayName"], by_handle["labels"]) == (200, "a.test", "A", [])
    assert await visitor.json(BLUESKY + by_handle["did"]) == (200, by_handle)
    visitor.platform.set("a.test", Page.PROTECTED)
    hidden = (await visitor.json(BLUESKY + "a.test"))[1]
    assert hidden["labels"][0]["val"] == "!no-unauthenticated"


async def test_mastodon(visitor: Visitor) -> None:
    """Look-up by name and by id; a missing record, and a suspended account that is still shown."""
    visitor.platform.set("alice", Page.PRESENT, name="Alice")
    status, account = await visitor.json(LOOKUP + "alice")
    assert (status, account["acct"], account["locked"], account.get("suspended")) == (200, "alice", False, None)
    assert await visitor.json(f"/api/v1/accounts/{account['id']}") == (200, account)
    assert await visitor.json(LOOKUP + "nobody") == (404, {"error": "Record not found"})
    visitor.platform.set("alice", Page.SUSPENDED)
    suspended = (await visitor.json(LOOKUP + "alice"))[1]
    assert (suspended["suspended"], suspended["display_name"], suspended["id"]) == (True, "", account["id"])


async def test_a_barrier_stands_before_every_flavour(visitor: Visitor) -> None:
    """A wall is a wall for the APIs, too."""
    visitor.platform.set_all(Page.EMPTY_404)
    for path in ("/a", BLUESKY + "a", LOOKUP + "a"):
        assert (await visitor.get(path))[:2] == (404, "")


async def test_a_renamed_account_keeps_its_id(visitor: Visitor) -> None:
    """The new handle has the old id, the old handle is nobody's."""
    visitor.platform.set("old", Page.PRESENT)
    before = (await visitor.json(LOOKUP + "old"))[1]["id"]
    visitor.platform.rename("old", "new")
    after = (await visitor.json(LOOKUP + "new"))[1]
    assert (after["id"], after["acct"]) == (before, "new")
    assert (await visitor.json(LOOKUP + "old"))[0] == 404
    assert [(change.handle, change.page) for change in visitor.platform.log[1:]] == [
        ("old", Page.MISSING_FR),
        ("new", Page.PRESENT),
    ]


async def test_a_handle_that_is_taken_again_has_another_id(visitor: Visitor) -> None:
    """Same handle, somebody else."""
    visitor.platform.set("someone", Page.PRESENT)
    before = (await visitor.json(BLUESKY + "someone"))[1]["did"]
    visitor.platform.reregister("someone")
    assert (await visitor.json(BLUESKY + "someone"))[1]["did"] != before


async def test_delays_are_in_the_clocks_time(visitor: Visitor) -> None:
    """The page is made after `delay` and arrives `transfer` later; both may differ by handle."""
    visitor.platform.set("someone", Page.PRESENT)
    visitor.platform.delay = 2 * SECOND
    visitor.platform.transfer = lambda handle: 3 * SECOND if handle == "someone" else 0 * SECOND
    question = asyncio.create_task(visitor.get("/someone"))
    await _until(lambda: len(visitor.platform.requests) == 1)
    await visitor.clock.run_for(2 * SECOND)
    visitor.platform.set("someone", Page.SUSPENDED)
    assert not question.done()
    await visitor.clock.run_for(3 * SECOND)
    assert "(@someone)" in (await question)[1]


async def test_a_hanging_request_holds_up_no_stop(visitor: Visitor) -> None:
    """Whoever waits is cut off when the platform stops; a started one listens on its port again."""
    visitor.platform.set("someone", Page.HANG, span=3600 * SECOND)
    question = asyncio.create_task(visitor.get("/someone"))
    await _until(lambda: len(visitor.platform.requests) == 1)
    port = visitor.platform.port
    await visitor.platform.stop()
    with pytest.raises(aiohttp.ClientError):
        await question
    await visitor.platform.stop()
    await visitor.platform.start()
    assert visitor.platform.port == port


async def test_a_hanging_page_arrives_in_the_end(visitor: Visitor) -> None:
    """HANG is a slow profile."""
    visitor.platform.set("someone", Page.HANG, span=9 * SECOND)
    question = asyncio.create_task(visitor.get("/someone"))
    await _until(lambda: len(visitor.platform.requests) == 1)
    await visitor.clock.run_for(9 * SECOND)
    assert "(@someone)" in (await question)[1]


async def test_a_cache_answers_from_copies_and_says_so(visitor: Visitor) -> None:
    """A copy is served up to its age, with Age in whole seconds; no-cache gets a new one, if it is heeded."""
    visitor.platform.cache = 30 * SECOND
    visitor.platform.set("someone", Page.PRESENT)
    assert (await visitor.get("/someone"))[2]["Age"] == "0"
    visitor.platform.set("someone", Page.MISSING_FR)
    await visitor.clock.run_for(29.9 * SECOND)
    _, body, headers = await visitor.get("/someone")
    assert "(@someone)" in body
    assert headers["Age"] == "29"
    visitor.platform.cache_yields = False
    assert "(@someone)" in (await visitor.get("/someone", Cache_Control="no-cache"))[1]
    visitor.platform.cache_yields = True
    _, body, headers = await visitor.get("/someone", Cache_Control="no-cache")
    assert "Désolé" in body
    assert headers["Age"] == "0"
    visitor.platform.set("someone", Page.PRESENT)
    await visitor.clock.run_for(30.1 * SECOND)
    assert "(@someone)" in (await visitor.get("/someone"))[1]


def find(page: LexborHTMLParser, selector: str) -> LexborNode:
    """The first match; there must be one."""
    node = page.css_first(selector)
    assert node is not None, selector
    return node


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - what is waited for comes over a real socket
            await asyncio.sleep(0)
