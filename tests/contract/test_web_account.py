"""The account's page as a client meets it: what it shows, a look now, a silence, and who may."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from structlog.testing import capture_logs
from yarl import URL

from tests.browser.scene import NOW, TOKEN, Scene, a_scene, account_of, up
from watcher.model.errors import StoreError
from watcher.model.silence import Matcher, Silence

TRUMP = "/accounts/x%3Arealdonaldtrump"
FILLED = {"for": "2h", "comment": "known", "by": "desk", "token": TOKEN}


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """The desk of that evening."""
    async with a_scene() as scene:
        yield scene


async def got(scene: Scene, path: str, **form: str) -> tuple[int, str]:
    """The page there; posted to, where there is a form."""
    method = "POST" if form or path.endswith(("/look", "/silence")) else "GET"
    async with (
        aiohttp.ClientSession(scene.server.url) as session,
        session.request(method, path, data=form or None, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.text()


async def test_what_is_known_of_an_account(scene: Scene) -> None:
    """State, outage with bounds, next look, what happened and why, response times, sources with rules and controls."""
    status, page = await got(scene, TRUMP)
    assert status == 200
    for said in (
        "unavailable",
        'href="/outages/x-realdonaldtrump-1"',
        "so far at least",
        "in 30 s",
        "one look said that it is gone: being confirmed",
        "by source page, rule missing.fr",
        '<q lang="fr"><bdi>D',
        "the platform said that it was asked too often",
        "Response times, up to",
        "needs the credential",
        "which should be there: present, profile",
        "which cannot be there: absent, not found",
    ):
        assert said in page, said
    assert "Too few are kept" in (await got(scene, "/accounts/x%3Apotus"))[1]


async def test_what_is_taken_back_leaves_the_uptime_at_once(scene: Scene) -> None:
    """Its page agrees with itself, though nothing of how the account stands has changed; the board follows it."""
    path, absent = "/accounts/x%3Apotus", "available, 4 min 25 s not"
    assert absent in (await got(scene, path))[1]
    scene.now += timedelta(minutes=1)
    scene.store.retract("x-potus-1", "a test", by="desk", at=scene.now)
    _, page = await got(scene, path)
    assert "taken back as a false alarm" in page
    assert absent not in page
    assert absent not in (await got(scene, "/?q=potus"))[1]


async def test_what_is_taken_back_is_counted_no_more(scene: Scene) -> None:
    """Nor is it said how long it took; what was before it still counts."""
    counted = "<dt>Outages</dt><dd>{}</dd>"
    last = " <small>the last one took 5 h</small>"
    assert counted.format("2" + last) in (await got(scene, "/accounts/x%3Awho"))[1]
    scene.store.retract("x-who-2", "a test", by="desk", at=scene.now)
    assert counted.format("1" + last) in (await got(scene, "/accounts/x%3Awho"))[1]
    scene.store.retract("x-who-1", "a test", by="desk", at=scene.now)
    assert counted.format("0") in (await got(scene, "/accounts/x%3Awho"))[1]


async def test_an_account_that_nobody_watches(scene: Scene) -> None:
    """A page that says so, whatever is done there."""
    for path in ("/accounts/x%3Anobody", "/accounts/x%3Anobody/look", "/accounts/..%2F..%2Fetc"):
        status, page = await got(scene, path)
        assert (status, "No such account is watched" in page) == (404, True)
    assert (await got(scene, "/accounts/x%3Anobody/silence", **FILLED))[0] == 404
    assert scene.store.silences(None) == ()


async def test_any_id_is_one_part_of_the_address(scene: Scene) -> None:
    """Slashes, question marks and letters of all kinds; the board leads there."""
    odd = replace(account_of("ødd/../x?y=1#z", "generic", "desk"), id="generic:https://a.example/~ødd/../x?y=1#z")
    scene.add(odd, up(odd, NOW), 1)
    _, board = await got(scene, "/?q=~%C3%B8dd")
    path = board.partition('class="name" href="')[2].partition('"')[0]
    assert path.count("/") == 2
    async with (
        aiohttp.ClientSession(scene.server.url) as session,
        session.get(URL(scene.server.url.rstrip("/") + path, encoded=True)) as answer,
    ):
        assert answer.status == 200
        page = await answer.text()
    assert "ødd/../x?y=1#z" in page
    for lead in ("/outages?account=", "/badges/"):
        led = lead + page.partition(lead)[2].partition('"')[0]
        async with (
            aiohttp.ClientSession(scene.server.url) as session,
            session.get(URL(scene.server.url.rstrip("/") + led, encoded=True)) as answer,
        ):
            assert answer.status == 200, led


async def test_a_look_now_changes_nothing(scene: Scene) -> None:
    """What was seen and why is shown; nothing is stored."""
    before = dict(scene.states)
    status, page = await got(scene, f"{TRUMP}/look")
    assert status == 200
    assert "What was seen just now" in page
    assert "admits it: a positive control was present after the answer" in page
    assert scene.looked == ["x:realdonaldtrump"]
    assert scene.states == before


async def test_a_silence_holds_for_that_account(scene: Scene) -> None:
    """It is stored, and the page leads back to itself, where it is shown."""
    status, _ = await got(scene, f"{TRUMP}/silence", **FILLED)
    assert status == 303
    [silence] = scene.store.silences(None)
    assert (silence.comment, silence.by, silence.ends_at) == ("known", "desk", NOW + timedelta(hours=2))
    assert [str(matcher) for matcher in silence.matchers] == ['account="x:realdonaldtrump"']
    assert "Nobody is told until" in (await got(scene, TRUMP))[1]
    assert "Nobody is told until" not in (await got(scene, "/accounts/x%3Apotus"))[1]


async def test_a_double_click_makes_one_silence(scene: Scene) -> None:
    """Both lead back to the page, where there is one; who asks for longer has another."""
    answers = await asyncio.gather(*(got(scene, f"{TRUMP}/silence", **FILLED) for _ in range(2)))
    assert [status for status, _ in answers] == [303, 303]
    assert len(scene.store.silences(None)) == 1
    assert (await got(scene, f"{TRUMP}/silence", **FILLED | {"for": "3h"}))[0] == 303
    assert len(scene.store.silences(None)) == 2


async def test_what_cannot_be_shown_of_a_silence_is_left_out(scene: Scene) -> None:
    """Half a surrogate pair and what turns the direction break neither the page nor what is beside it."""
    matcher = Matcher(name="account", value="x:.*|\ud800|\u202egro", is_pattern=True)
    scene.store.add_silence(Silence(id="s", matchers=(matcher,), starts_at=NOW, ends_at=NOW + timedelta(hours=2)))
    status, page = await got(scene, TRUMP)
    assert (status, "<code>account=~&#34;x:.*||gro&#34;</code>" in page) == (200, True)


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"token": "a guess"}, 401, "that is not the token of web.token"),
        ({"token": ""}, 401, "that is not the token of web.token"),
        ({"for": "soon"}, 400, "write 2026-12-01"),
        ({"for": "-2h"}, 400, "how long"),
        ({"comment": "  "}, 400, "say it in a few words"),
        ({"comment": "x" * 501}, 400, "longer than 500 characters"),
    ],
)
async def test_what_is_refused_is_not_lost(scene: Scene, changes: dict[str, str], status: int, said: str) -> None:
    """The form comes back as it was filled in, but for the token, with what was wrong."""
    answered, page = await got(scene, f"{TRUMP}/silence", **{**FILLED, **changes})
    assert answered == status
    assert said in page
    assert f'name="by" value="{FILLED["by"]}"' in page
    assert TOKEN not in page
    assert scene.store.silences(None) == ()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense\r\n"),
        ("application/x-www-form-urlencoded; charset=nope", b"by=desk"),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"token=+2AA-"),
    ],
)
async def test_what_is_no_form_is_refused(scene: Scene, kind: str, body: bytes) -> None:
    """Whatever it is: as the asker's fault, and without a word in the log."""
    with capture_logs() as log:
        async with (
            aiohttp.ClientSession(scene.server.url) as session,
            session.post(f"{TRUMP}/silence", data=body, headers={"Content-Type": kind}) as answer,
        ):
            assert answer.status in {400, 401}
            assert answer.headers["Cache-Control"] == "no-store"
    assert [entry["event"] for entry in log] == []
    assert scene.store.silences(None) == ()


async def test_without_a_token_nothing_can_be_changed() -> None:
    """There is no form, but the setting that would bring one; and what is sent all the same is refused."""
    async with a_scene(token=None) as scene:
        _, page = await got(scene, TRUMP)
        assert 'type="password"' not in page
        assert "set web.token_file (or web.token) in watcher.yaml" in page
        status, page = await got(scene, f"{TRUMP}/silence", **FILLED)
        assert status == 403
        assert scene.store.silences(None) == ()


async def test_other_sites_change_nothing(scene: Scene) -> None:
    """Neither a look nor a silence is had by a form of another site, whatever it knows."""
    async with aiohttp.ClientSession(scene.server.url) as session:
        for path in (f"{TRUMP}/look", f"{TRUMP}/silence"):
            for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
                async with session.post(path, data=FILLED, headers=headers) as refused:
                    assert refused.status == 403
    assert (scene.looked, scene.store.silences(None)) == ([], ())


async def test_a_store_that_does_not_answer_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What memory knows is shown all the same; a silence that was not stored is not said to be."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise StoreError("database is locked")

    for name in ("outages", "transitions", "samples", "silences", "history", "add_silence"):
        monkeypatch.setattr(scene.store, name, fail)
    status, page = await got(scene, TRUMP)
    assert status == 200
    assert page.count("database is locked") == 4
    assert "gone for about" in page
    status, page = await got(scene, f"{TRUMP}/silence", **FILLED)
    assert status == 503
    assert "nothing was changed: database is locked" in page
