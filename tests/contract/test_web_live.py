"""The stream behind an open board, as a browser reads it: what is sent, to how many, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.browser.scene import NOW, Scene, a_scene, account_of, outage_of, up
from watcher.model.errors import StoreError
from watcher.model.outage import Phase
from watcher.web.pages import live

PATIENCE = 10.0


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """The desk of that evening; boards are looked after often, so that tests wait little."""
    monkeypatch.setattr(live, "_TICK", timedelta(milliseconds=20))
    async with a_scene() as scene:
        scene.server._pages._live._tick = timedelta(milliseconds=20)
        yield scene


class Events:
    """One stream, read event by event."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.last_id = ""

    async def next(self) -> dict[str, Any]:
        """What is said next. Raises EOFError when nothing more comes."""
        async with asyncio.timeout(PATIENCE):
            while line := (await self.response.content.readline()).decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "data":
                    said: dict[str, Any] = json.loads(value)
                    return said
        raise EOFError

    async def until(self, part: str) -> dict[str, Any]:
        """The next event in which something is said of that."""
        while part not in (said := await self.next()):
            pass
        return said


@asynccontextmanager
async def open_board(scene: Scene, query: str = "", **headers: str) -> AsyncIterator[Events]:
    """A board that is open."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(scene.server.url, timeout=timeout, read_bufsize=2**20) as session,
        session.get(
            f"/events{query}", headers={name.replace("_", "-"): value for name, value in headers.items()}
        ) as got,
    ):
        assert got.status == 200
        yield Events(got)


async def have(scene: Scene) -> str:
    """What a page says it has."""
    async with aiohttp.ClientSession(scene.server.url) as session, session.get("/") as page:
        return (await page.text()).partition('data-have="')[2].partition('"')[0]


def let_go(scene: Scene, account_id: str) -> None:
    """The account is gone."""
    scene.goes(account_id, Phase.DOWN, outage=outage_of(scene.accounts[account_id], 7, NOW, None))


async def test_only_what_has_changed_is_sent(scene: Scene) -> None:
    """Who has just loaded the page is sent its order and no row; then just the row that becomes another."""
    async with open_board(scene, f"?have={await have(scene)}") as events:
        first = await events.until("order")
        assert "rows" not in first
        assert len(first["order"]) == len(scene.accounts)
        let_go(scene, "x:potus")
        change = await events.until("rows")
        assert list(change["rows"]) == ["a:x:potus"]
        assert "gone for about" in change["rows"]["a:x:potus"]
        assert change["title"] == "(2) watcher"
        assert change["order"][:2] == ["a:x:realdonaldtrump", "a:x:potus"]
        assert change["say"] == "@POTUS on X: unavailable"


async def test_a_look_that_changes_nothing_sends_its_time_alone(scene: Scene) -> None:
    """Everybody is looked at every minute: nobody's row is written anew for it."""
    async with open_board(scene, f"?have={await have(scene)}") as events:
        await events.until("order")
        state = scene.states["x:potus"]
        scene.states["x:potus"] = replace(state, last_probe_at=NOW, observed_until=NOW, last_verdict_at=NOW)
        change = await events.until("probes")
        assert change["probes"] == {"a:x:potus": "2017-11-02T23:07:30Z"}
        assert set(change) == {"at", "probes"}


async def test_who_comes_back_is_sent_what_was_missed(scene: Scene) -> None:
    """By the id of the last event; and by that of another run, everything."""
    async with open_board(scene, f"?have={await have(scene)}") as events:
        await events.until("order")
    let_go(scene, "x:potus")
    async with open_board(scene, "?have=zz.1", Last_Event_ID=events.last_id) as events:
        assert list((await events.until("rows"))["rows"]) == ["a:x:potus"]
    async with open_board(scene, "", Last_Event_ID="00000000.5") as events:
        assert len((await events.until("rows"))["rows"]) == len(scene.accounts)


async def test_a_filtered_board_hears_of_its_own(scene: Scene) -> None:
    """Another owner's account goes: its counts change, its rows do not, and nothing is said."""
    async with open_board(scene, "?owner=nasa") as events:
        assert len((await events.until("order"))["order"]) == 2
        let_go(scene, "x:potus")
        change = await events.until("title")
        assert "rows" not in change
        assert "say" not in change


async def test_an_edit_of_the_watchlist_is_followed(scene: Scene) -> None:
    """Who is new is shown, who is gone is not; the stream goes on."""
    async with open_board(scene, f"?have={await have(scene)}") as events:
        await events.until("order")
        newcomer = account_of("fresh.example", "bluesky", "desk")
        scene.add(newcomer, up(newcomer, NOW), 1)
        scene.accounts = {each: account for each, account in scene.accounts.items() if each != "x:potus"}
        while "a:x:potus" in (order := (await events.until("order"))["order"]):
            pass
        assert "a:bluesky:fresh.example" in order


async def test_boards_are_bounded(scene: Scene) -> None:
    """One more than may be open is refused, and told when to come again; a place that is left is free."""
    scene.server._pages._live._most = 2
    async with open_board(scene) as first, open_board(scene) as second:
        await first.next()
        await second.next()
        async with aiohttp.ClientSession(scene.server.url) as session, session.get("/events") as refused:
            assert refused.status == 503
            assert refused.headers["Retry-After"] == "60"
            assert "2 boards are open" in await refused.text()
    async with asyncio.timeout(PATIENCE):
        while scene.server._pages._live.open:  # noqa: ASYNC110 - the server finds out when it writes
            await asyncio.sleep(0.02)
    async with open_board(scene) as third:
        await third.next()


async def test_a_reader_that_does_not_read_is_let_go_of(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds a few hundred kilobytes at most, and for so long only."""
    monkeypatch.setattr(live, "_PATIENCE", timedelta(milliseconds=200))
    port = int(scene.server.url.rsplit(":", 1)[1].strip("/"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(PATIENCE * 2):
        while not scene.server._pages._live.open:  # noqa: ASYNC110 - until it is taken
            await asyncio.sleep(0.02)
        while scene.server._pages._live.open:
            for account_id, account in tuple(scene.accounts.items()):
                quote = "x" * 20_000 + str(asyncio.get_running_loop().time())
                scene.goes(account_id, Phase.DOWN, outage=replace(outage_of(account, 7, NOW, None), quote=quote))
            await asyncio.sleep(0.02)
    writer.close()
    assert not reader.at_eof()


async def test_streams_end_with_the_server(scene: Scene) -> None:
    """At once, however many are open; no page waits for them."""
    async with open_board(scene) as events:
        await events.next()
        async with asyncio.timeout(3):
            await scene.server.stop()
        with pytest.raises((EOFError, aiohttp.ClientError)):
            await events.until("nothing that is ever said")


async def test_a_fault_ends_no_board(scene: Scene) -> None:
    """It is logged once, and what changes after it is shown."""
    with capture_logs() as log:
        await fault(scene)
    assert [entry["event"] for entry in log if entry["log_level"] == "error"] == ["boards_not_kept_up"]


async def test_what_changes_in_a_fault_is_shown_after_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who goes in the turn that fails is gone on the board as soon as one succeeds."""

    async def fail(*_args: object) -> None:
        raise RuntimeError("a fault of ours")

    async with open_board(scene, f"?have={await have(scene)}") as events:
        await events.until("order")
        with monkeypatch.context() as patched, capture_logs():
            patched.setattr(scene.server._pages._live._wall, "board", fail)
            let_go(scene, "x:potus")
            await asyncio.sleep(0.2)
        assert "a:x:potus" in (await events.until("rows"))["rows"]


async def test_a_record_that_can_be_read_again_is_shown(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anything else that changes: the notice is taken back, and the rows have their bars."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise StoreError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(scene.store, "history", fail)
        async with open_board(scene) as events:
            first = await events.until("notice")
            assert "cannot be read" in first["notice"]
            assert not any("<svg" in row for row in first["rows"].values())
            patched.undo()
            again = await events.until("notice")
            assert "Ready." in again["notice"]
            assert "cannot be read" not in again["notice"]
            assert sum("<svg" in row for row in again["rows"].values()) == len(scene.accounts)


async def fault(scene: Scene) -> None:
    """The board cannot be made for a while."""
    async with open_board(scene, f"?have={await have(scene)}") as events:
        await events.until("order")
        owners, scene.owners = scene.owners, None  # type: ignore[assignment]  # what no snapshot has
        await asyncio.sleep(0.2)
        scene.owners = owners
        let_go(scene, "x:potus")
        assert "rows" in await events.until("rows")


async def test_bad_queries_are_refused(scene: Scene) -> None:
    """With what is wrong, as of the board itself."""
    async with aiohttp.ClientSession(scene.server.url) as session:
        for path in (
            "/events?state=dead",
            "/?state=dead",
            "/?page=0",
            "/?colour=red",
            "/?group=size",
            "/?q=" + "a" * 300,
        ):
            async with session.get(path) as refused:
                assert refused.status == 400
        async with session.head("/events") as head:
            assert head.status == 405
