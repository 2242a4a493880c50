"""The pages as a browser meets them: what may be kept, what is packed, what is not sent twice."""

import gzip
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.contract.test_web import Shown, assert_strict, serving
from tests.unit.web import story


@pytest.fixture
def shown() -> Shown:
    """The evening of 2017."""
    return Shown()


@pytest.fixture
async def browser(shown: Shown) -> AsyncIterator[aiohttp.ClientSession]:
    """Someone who looks at the pages, and unpacks nothing unasked."""
    async with serving(shown) as server, aiohttp.ClientSession(server.url, auto_decompress=False) as session:
        yield session


async def test_a_page_that_is_known_is_not_sent_again(browser: aiohttp.ClientSession, shown: Shown) -> None:
    """The same page has the same tag: who has it gets 304 and no body; what has changed is sent whole."""
    async with browser.get("/") as first:
        tag, body = first.headers["ETag"], await first.read()
    async with browser.get("/", headers={"If-None-Match": tag}) as again:
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["ETag"] == tag
        assert_strict(again)
    shown.snapshot = story.snapshot(not_ready=("something is wrong",))
    async with browser.get("/", headers={"If-None-Match": f'"other", {tag}'}) as changed:
        assert changed.status == 200
        assert await changed.read() != body


async def test_pages_are_packed_for_who_takes_it(browser: aiohttp.ClientSession) -> None:
    """A tenth of the size for browsers, and plain for who does not know gzip; both are the same page."""
    async with browser.get("/", headers={"Accept-Encoding": "identity"}) as plain:
        assert "Content-Encoding" not in plain.headers
        body = await plain.read()
    async with browser.get("/", headers={"Accept-Encoding": "gzip, br"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert packed.headers["ETag"] == plain.headers["ETag"]
        assert gzip.decompress(await packed.read()) == body
    async with browser.get("/", headers={"Accept-Encoding": "gzip;q=0"}) as refused:
        assert "Content-Encoding" not in refused.headers


async def test_what_a_page_loads_is_there_and_kept_for_ever(browser: aiohttp.ClientSession) -> None:
    """Style, scripts and icon have names that change with what is in them; under other names there is nothing."""
    async with browser.get("/", headers={"Accept-Encoding": "identity"}) as page:
        found = re.findall(r'(?:href|src)="(/static/[^"]+)"', await page.text())
    assert found
    for url in found:
        assert re.fullmatch(r"/static/[a-z]+\.[0-9a-f]{12}\.(css|js|svg)", url)
        async with browser.get(url, headers={"Accept-Encoding": "identity"}) as got:
            assert got.status == 200
            assert got.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert got.headers["X-Content-Type-Options"] == "nosniff"
            assert got.content_type in ("text/css", "text/javascript", "image/svg+xml")
            plain = await got.read()
        async with browser.get(url, headers={"Accept-Encoding": "gzip"}) as packed:
            assert gzip.decompress(await packed.read()) == plain
    for other in (
        "/static/style.css",
        "/static/style.000000000000.css",
        "/static/../base.html.j2",
        "/static/%2e%2e%2fx",
    ):
        async with browser.get(other) as missing:
            assert missing.status == 404
