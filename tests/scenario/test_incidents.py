"""What really happened, replayed over real sockets in virtual time: every true absence is told, no wall is.

Sources of the dates: the platforms' own statements and the issue trackers of programs that broke on those days.
Instagram, Reddit, TikTok and YouTube's feed are played by small platform files of this test.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from tests.fakes.virtual_time import run_virtual
from tests.scenario.stage import Front
from tests.scenario.world import BLUESKY, CONTROLS, World, X, watching
from watcher.demo.answers import Page
from watcher.model.finding import Reason
from watcher.model.notification import IncidentKind
from watcher.model.outage import Outage, Phase, TransitionKind

PLATFORMS = Path(__file__).parent / "platforms"
ELSEWHERE = "https://bsky.app/profile/olga.example"
HTML = "text/html"


def settings() -> str:
    """The test's own platform files."""
    return f"platform_dir: {PLATFORMS}\n"


def html(text: str, status: int = 200, title: str = "Page") -> web.Response:
    """A page."""
    body = f"<html><head><title>{title}</title></head><body>{text}</body></html>"
    return web.Response(status=status, text=body, content_type=HTML)


def json_answer(value: object, status: int = 200) -> web.Response:
    """An answer of an API."""
    return web.json_response(value, status=status)


async def settle_in(world: World) -> None:
    """Everybody was seen."""
    await world.wait(minutes=2.5)
    phases = {name: state.phase for name, state in world.app.book.states.items()}
    assert set(phases.values()) == {Phase.UP}, phases


def told_of_accounts(world: World) -> list[str]:
    """The messages that say that somebody is gone."""
    return [text for text in world.texts() if "not available" in text]


# What was true.


@pytest.mark.parametrize(
    ("page", "reason", "lasted", "away"),
    [
        pytest.param(
            Page.SUSPENDED,
            Reason.SUSPENDED,
            timedelta(minutes=15),
            timedelta(0),
            id="2016-11-22, @jack suspended by mistake for a quarter of an hour",
        ),
        pytest.param(
            Page.MISSING_EN,
            Reason.NOT_FOUND,
            timedelta(days=7),
            timedelta(days=7) - timedelta(minutes=20),
            id="2023-04, @sbnation gone for a week for a birthday below the age limit",
        ),
    ],
)
def test_one_account_is_gone(tmp_path: Path, page: Page, reason: Reason, lasted: timedelta, away: timedelta) -> None:
    """It is told within an interval and 30 s, with the reason; the truth lies within the bounds; the return is told.

    Of the week the program is stopped for all but its first and last ten minutes: that is said to be unobserved.
    """

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/gone"), durable=True, threaded=False) as world:
            world.x.set("gone", Page.PRESENT)
            await settle_in(world)
            world.x.set("gone", page)
            gone_at = world.now
            await world.wait(minutes=10)
            if away:
                await world.restart(minutes=away.total_seconds() / 60)
            await world.wait(seconds=(lasted - (world.now - gone_at)).total_seconds())
            world.x.set("gone", Page.PRESENT)
            await world.wait(minutes=2)

            [outage] = await world.outages()
            alert, resolved = await world.told(outage.id)
            assert alert.delivered_at is not None
            assert alert.delivered_at - gone_at <= timedelta(seconds=90)
            assert resolved.delivered_at is not None
            assert outage.reason is reason
            assert outage.duration.max is not None
            assert outage.duration.min <= lasted <= outage.duration.max
            assert abs(outage.unobserved - away) <= timedelta(seconds=20)

    run_virtual(story())


def test_suspended_for_a_while_and_again(tmp_path: Path) -> None:
    """A temporary suspension, twice: two outages, each told and measured, the second linked to the first."""

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/club"), durable=True, threaded=False) as world:
            world.x.set("club", Page.PRESENT)
            await settle_in(world)
            for _ in range(2):
                world.x.set("club", Page.SUSPENDED)
                await world.wait(minutes=12)
                world.x.set("club", Page.PRESENT)
                await world.wait(minutes=5)
                await world.restart()
            first, second = await world.outages()
            assert (first.previous_id, second.previous_id) == (None, first.id)
            for outage in (first, second):
                assert [row.kind for row in await world.told(outage.id)] == ["alert", "resolved"]
                assert abs(outage.duration.best - timedelta(minutes=12)) <= timedelta(seconds=40)

    run_virtual(story())


# What was the platform's.

MEMBERS = [f"member{number:02}" for number in range(6)]
MASS = [f"member{number:02}" for number in range(12)]


def many(home: str, members: list[str] = MEMBERS) -> str:
    """So many accounts there, and one elsewhere."""
    return watching(*(f"{home}{handle}" for handle in members), ELSEWHERE)


def nobody_is_called_gone(
    tmp_path: Path,
    host: str,
    home: str,
    during: Callable[[World], Awaitable[None]],
    front: Front | None = None,
    **others: object,
) -> None:
    """Play a day on which a platform says of everybody what it says of the missing, or nothing; then it is well again.

    One message says that the platform cannot be seen and one that it can; no outage is opened. Who really vanishes
    after that is told.
    """

    async def story() -> None:
        world = World(tmp_path, many(home), hosts=(host, BLUESKY), settings=settings(), **others)  # type: ignore[arg-type]
        async with world:
            stage = world.at[host]
            stage.front = front
            for handle in (*MEMBERS, "instagram", "natgeo", "reddit", "nasa", "youtube", "tiktok"):
                stage.set(handle, Page.PRESENT)
            world.bluesky.set("olga.example", Page.PRESENT)
            await settle_in(world)
            await during(world)
            stage.set_all(None)
            stage.front = front
            await world.wait(minutes=4)
            assert await world.happened(TransitionKind.OUTAGE_OPENED) == []
            assert told_of_accounts(world) == []
            first, *rest = world.texts()
            assert "cannot be observed" in first
            assert [("can be observed again" in text) for text in rest] == [True]
            kinds = {incident.kind for incident in world.app.book.incidents.values()}
            assert kinds == set()

    run_virtual(story())


def test_2021_error_63(tmp_path: Path) -> None:
    """September 2021: healthy accounts were called suspended for days, the platform's own among them."""

    async def during(world: World) -> None:
        world.x.set_all(Page.SUSPENDED)
        await world.wait(minutes=6)

    nobody_is_called_gone(tmp_path, X, "https://x.com/", during)


def test_2023_login_wall_then_404(tmp_path: Path) -> None:
    """30 June 2023: a login wall for everybody, for hours, and 404 for everybody after that."""

    async def during(world: World) -> None:
        for page in (Page.LOGIN_WALL, Page.NOT_FOUND, Page.MISSING_EN, Page.EMPTY_404):
            world.x.set_all(page)
            await world.wait(minutes=4)

    nobody_is_called_gone(tmp_path, X, "https://x.com/", during)


INSTAGRAM = "www.instagram.com"


def instagram(handle: str, gone: frozenset[str] = frozenset()) -> web.Response:
    """web_profile_info, as it was answered without a login."""
    known = handle in (*MASS, "instagram", "natgeo") and handle not in gone
    return json_answer({"data": {"user": {"id": f"1{len(handle)}", "username": handle} if known else None}})


def test_2026_instagram_401_for_all(tmp_path: Path) -> None:
    """24 April 2026: the profile look-up wanted a login of everybody."""

    async def during(world: World) -> None:
        error = {"message": "Please wait a few minutes before you try again.", "require_login": True, "status": "fail"}
        world.at[INSTAGRAM].front = lambda _handle: json_answer(error, 401)
        await world.wait(minutes=6)

    nobody_is_called_gone(tmp_path, INSTAGRAM, "https://www.instagram.com/", during, instagram)


def test_2022_instagram_suspends_many_by_mistake(tmp_path: Path) -> None:
    """31 October 2022, "we suspended your account" to many at once: one message, updated; each measured; one end."""
    hit = frozenset(MASS[:9])

    async def story() -> None:
        world = World(
            tmp_path,
            many("https://www.instagram.com/", MASS),
            hosts=(INSTAGRAM, BLUESKY),
            settings=settings(),
            durable=True,
            threaded=False,
        )
        async with world:
            stage = world.at[INSTAGRAM]
            stage.front = instagram
            world.bluesky.set("olga.example", Page.PRESENT)
            await settle_in(world)
            stage.front = lambda handle: instagram(handle, hit)
            gone_at = world.now
            await world.wait(minutes=2)
            assert world.texts() == []
            await world.restart(kill=True)  # the wait goes on from what is stored
            await world.wait(minutes=3)
            first, grown = world.texts()
            assert " of 12 accounts on Instagram are not available" in first
            assert "9 of 12 accounts on Instagram are not available" in grown
            outages = await world.outages()
            assert {outage.account_id for outage in outages} == {f"instagram:{handle}" for handle in hit}
            assert len({outage.cohort_id for outage in outages} - {None}) == 1

            await world.wait(minutes=2)
            stage.front = lambda handle: instagram(handle, frozenset(MASS[:2]))
            await world.wait(minutes=5)
            assert "7 of 9 accounts on Instagram are back" in world.texts()[2]
            stage.front = instagram
            truth = world.now - gone_at
            await world.wait(minutes=3)
            assert "9 of 12 accounts on Instagram are back" in world.texts()[3]
            assert len(world.texts()) == 4
            check_each(await world.outages(), MASS[:2], truth)
            assert world.app.book.incidents == {}

    run_virtual(story())


def test_most_are_back_across_a_restart(tmp_path: Path) -> None:
    """Who was back before the restart counts among those who are back after it."""
    everybody = [f"user{number}" for number in range(12)]

    async def story() -> None:
        async with World(tmp_path, many("https://x.com/", everybody), durable=True, threaded=False) as world:

            async def turn(handles: list[str], page: Page, minutes: float) -> None:
                for handle in handles:
                    world.x.set(handle, page)
                await world.wait(minutes=minutes)

            await turn(everybody, Page.PRESENT, 3)
            await turn(everybody, Page.MISSING_FR, 8)
            await turn(everybody[:5], Page.PRESENT, 4)
            told = len(world.texts())
            await world.restart(kill=True)
            await turn(everybody[5:8], Page.PRESENT, 5)
            [update] = world.texts()[told:]
            assert "8 of 12 accounts on X are back" in update

    run_virtual(story())


def test_one_is_gone_where_all_declared_controls_died_before(tmp_path: Path) -> None:
    """One after another, hours apart: then those who are watched and there prove that it is the account."""
    everybody = [f"user{number}" for number in range(6)]

    async def story() -> None:
        async with World(tmp_path, watching(*(f"https://x.com/{handle}" for handle in everybody))) as world:
            for handle in everybody:
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=11)
            for handle in CONTROLS[X]:
                world.x.set(handle, Page.NOT_FOUND)
                await world.wait(hours=1)
            world.x.set("user0", Page.SUSPENDED)
            await world.until(lambda: world.state("x:user0").phase is Phase.DOWN, minutes=5)
            [text] = world.texts()
            assert "@user0 is not available" in text
            gone = [event["control"] for event in world.log if event["event"] == "control_is_gone"]
            assert sorted(gone) == sorted(CONTROLS[X])

    run_virtual(story())


def check_each(outages: list[Outage], late: list[str], truth: timedelta) -> None:
    """The bounds of those who were gone to the end hold the truth: the wait took nothing from them."""
    for outage in outages:
        assert outage.duration.max is not None
        if outage.account_id.partition(":")[2] in late:
            assert outage.duration.min <= truth <= outage.duration.max


def test_a_lone_critical_account_does_not_wait(tmp_path: Path) -> None:
    """One that vanishes on its own is told as soon as ever, on a platform with many watched accounts.

    And what can be seen of each platform was said once at the start.
    """

    async def story() -> None:
        async with World(
            tmp_path, many("https://www.instagram.com/"), hosts=(INSTAGRAM, BLUESKY), settings=settings()
        ) as world:
            world.at[INSTAGRAM].front = instagram
            world.bluesky.set("olga.example", Page.PRESENT)
            await settle_in(world)
            world.at[INSTAGRAM].front = lambda handle: instagram(handle, frozenset(MEMBERS[:1]))
            await world.wait(seconds=90)
            [text] = world.texts()
            assert "@member00 is not available" in text
            kinds = [incident.kind for incident in world.app.book.incidents.values()]
            assert kinds == [IncidentKind.ACCOUNT]
            said = [entry["says"] for entry in world.log if entry["event"] == "calibrated"]
            assert len(said) == len(set(said))
            assert "Instagram: sees profile, unavailable (source lookup, told apart by rule)" in said

    run_virtual(story())


REDDIT = "www.reddit.com"


def reddit(handle: str) -> web.Response:
    """about.json."""
    if handle in (*MEMBERS, "reddit", "nasa"):
        return json_answer({"kind": "t2", "data": {"name": handle, "id": handle}})
    return json_answer({"message": "Not Found", "error": 404}, 404)


def test_2026_reddit_blocks_and_sheds_load(tmp_path: Path) -> None:
    """2026: 403 with a block page, and 404 without a body under load."""
    blocked = "<h1>whoa there, pardner!</h1><p>Your request has been blocked due to a network policy.</p>"

    async def during(world: World) -> None:
        asked = 0

        def front(_handle: str) -> web.Response:
            nonlocal asked
            asked += 1
            return web.Response(status=404, body=b"") if asked % 3 else html(blocked, 403, "Blocked")

        world.at[REDDIT].front = front
        await world.wait(minutes=6)

    nobody_is_called_gone(tmp_path, REDDIT, "https://www.reddit.com/user/", during, reddit)


TIKTOK = "www.tiktok.com"


def tiktok(handle: str) -> web.Response:
    """The page with its data in JSON-LD."""
    if handle in (*MEMBERS, "tiktok", "nasa"):
        return html(f"<h1>{handle}</h1><h2>Following, Followers, Likes</h2>", title=f"{handle} (@{handle}) | TikTok")
    return html("<h1>Couldn't find this account</h1><p>Looking for videos? Try browsing.</p>", title="TikTok")


def test_2026_tiktok_shell(tmp_path: Path) -> None:
    """August 2026: the same 1462 bytes of script shell for everybody."""
    shell = f'<script>var a="Couldn\'t find this account";{"x" * 1200}</script><div id="app"></div>'

    async def during(world: World) -> None:
        world.at[TIKTOK].front = lambda _handle: html(shell, title="")
        await world.wait(minutes=6)

    nobody_is_called_gone(tmp_path, TIKTOK, "https://www.tiktok.com/", during, tiktok)


FEED = "feeds.example"


def test_youtube_feed_false_404(tmp_path: Path) -> None:
    """On nine dates and more from 2021 to 2026 the feed said 404 of every channel, while the channels were there."""

    async def during(world: World) -> None:
        world.at[FEED].front = feed_fails
        await world.wait(minutes=6)

    nobody_is_called_gone(tmp_path, FEED, "https://feeds.example/", during, feed)


def feed(handle: str) -> web.Response | None:
    """The feed of a channel; the channels' pages are the stage's."""
    if handle in (*MEMBERS, "youtube", "nasa"):
        return html(f"<h1>feed of {handle}</h1>", title=f"feed of {handle}")
    return html("<h1>Error 404</h1><p>The requested feed was not found on this server.</p>", 404)


def feed_fails(_handle: str) -> web.Response:
    """What it said on those days."""
    return html("<h1>Error 404</h1><p>The requested feed was not found on this server.</p>", 404)


def test_a_feed_that_fails_for_one_channel_is_contradicted(tmp_path: Path) -> None:
    """Where the feed alone says that a channel is gone and its page shows it, nobody is told that it is gone."""

    async def story() -> None:
        world = World(
            tmp_path, many("https://feeds.example/"), hosts=(FEED, BLUESKY, "channels.example"), settings=settings()
        )
        async with world:
            world.bluesky.set("olga.example", Page.PRESENT)
            pages = world.at["channels.example"]
            for handle in (*MEMBERS, "youtube", "nasa"):
                pages.set(handle, Page.PRESENT)
            world.at[FEED].front = feed
            await settle_in(world)
            world.at[FEED].front = lambda handle: feed_fails(handle) if handle == MEMBERS[0] else feed(handle)
            await world.wait(minutes=2)
            assert world.state(f"feeds:{MEMBERS[0]}").reason is Reason.CONFLICT
            await world.wait(minutes=4)
            assert await world.happened(TransitionKind.OUTAGE_OPENED) == []
            assert told_of_accounts(world) == []
            pages.set(MEMBERS[0], Page.NOT_FOUND)
            await world.wait(seconds=90)
            assert [item.account_id for item in await world.happened(TransitionKind.OUTAGE_OPENED)] == [
                f"feeds:{MEMBERS[0]}"
            ]

    run_virtual(story())


def test_no_internet_is_no_suspension(tmp_path: Path) -> None:
    """A machine without a network told its users that they were suspended: here it says that its network is down."""

    async def story() -> None:
        async with World(tmp_path, many("https://x.com/"), hosts=(X, BLUESKY)) as world:
            for handle in MEMBERS:
                world.x.set(handle, Page.PRESENT)
            world.bluesky.set("olga.example", Page.PRESENT)
            await settle_in(world)
            await asyncio.gather(*(stage.stop() for stage in world.at.values()))
            await world.wait(minutes=5)
            await asyncio.gather(*(stage.start() for stage in world.at.values()))
            await world.wait(minutes=3)
            assert await world.happened(TransitionKind.OUTAGE_OPENED) == []
            assert ["network" in text for text in world.texts()] == [True, True]

    run_virtual(story())
