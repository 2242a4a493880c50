"""Silences, acknowledgements, reminders and quiet hours, as the people meet them who are told, or are not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.slack import SERVER_ERROR, rate_limited
from tests.fakes.smtp import FakeMail, vouched
from tests.fakes.virtual_time import run_virtual
from tests.scenario.test_mail_down_then_up import headlines, text_of
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.matchers import parse_matchers
from watcher.model.notification import NotificationKind, NotificationState
from watcher.model.outage import Phase
from watcher.model.silence import Silence
from watcher.store.values import Amended

ALICE, BOB = "x:alice", "x:bob"
WATCHLIST = watching("https://x.com/alice", "https://x.com/bob")
REMINDED = ", repeat_interval: 5m"


async def settled(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in ("alice", "bob"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=2)


async def silenced(world: World, matcher: str, **lasting: float) -> str:
    """Somebody silences that, from now on."""
    ends = world.now + timedelta(**lasting)
    made = Silence(id="s", matchers=parse_matchers([matcher]), starts_at=world.now, ends_at=ends)
    assert await world.app._worker.call(world.app._worker.store.add_silence, made) is Amended.DONE
    return made.id


async def gone(world: World, handle: str = "alice") -> str:
    """The account is gone, and that is confirmed; the outage's id."""
    world.x.set(handle, Page.MISSING_FR)
    await world.until(lambda: world.state(f"x:{handle}").phase is Phase.DOWN, minutes=8)
    outage = world.state(f"x:{handle}").outage
    assert outage is not None
    return outage.id


async def back(world: World, handle: str = "alice") -> None:
    """It is back, and that is confirmed."""
    world.x.set(handle, Page.PRESENT)
    await world.until(lambda: world.state(f"x:{handle}").phase is Phase.UP, minutes=8)


def test_nobody_hears_of_what_ends_in_a_silence(tmp_path: Path) -> None:
    """Neither that it began nor that it ended; measured it is all the same, and who is not silenced is told of."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settled(world)
            await silenced(world, "account=x:alice", minutes=10)
            incident_id = await gone(world)
            await gone(world, "bob")
            await world.wait(minutes=3)
            await back(world)
            await world.wait(minutes=8)
            assert [text.split(" — ")[0] for text in world.texts()] == ["🟠 @bob is not available on X"]
            rows = await world.told(incident_id)
            assert [(str(row.kind), row.state) for row in rows] == [
                ("alert", NotificationState.SUPPRESSED),
                ("resolved", NotificationState.SUPPRESSED),
            ]
            assert [outage.is_open for outage in await world.outages()] == [False, True]
            assert await world.sample("watcher_account_outages_total", account=ALICE) == 1

    run_virtual(story())


def test_what_outlasts_a_silence_is_told_when_it_ends(tmp_path: Path) -> None:
    """Once, within two seconds, as things are then; and its end as ever. Meanwhile nothing is late."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settled(world)
            ends = world.now + timedelta(minutes=8)
            await silenced(world, "platform=x", minutes=8)
            await gone(world)
            await world.until(lambda: world.now >= ends - timedelta(seconds=2), minutes=20)
            assert world.texts() == []
            assert await world.sample("watcher_silences", state="active") == 1
            assert await world.sample("watcher_notification_queue_length") == 0
            await world.until(lambda: len(world.texts()) == 1, seconds=4)
            await world.wait(minutes=2)
            await back(world)
            await world.wait(minutes=1)
            alert, end = world.texts()
            assert alert.startswith("🟠 @alice is not available on X")
            assert end.startswith("🟢 @alice is back on X after ")
            assert await world.sample("watcher_silences", state="active") == 0

    run_virtual(story())


def test_a_silence_that_is_ended_early(tmp_path: Path) -> None:
    """What waited is told within a minute; also by a program that was started again meanwhile."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, durable=True, threaded=False) as world:
            await settled(world)
            silence_id = await silenced(world, "platform=x", hours=5)
            await gone(world)
            await world.wait(minutes=1)
            await world.restart(kill=True, minutes=1)
            await world.wait(minutes=2)
            assert world.texts() == []
            assert world.app._worker.store.expire_silence(silence_id, world.now) is Amended.DONE
            await world.until(lambda: len(world.texts()) == 1, seconds=63)
            await world.wait(minutes=2)
            assert len(world.texts()) == 1

    run_virtual(story())


def test_who_was_told_before_the_silence_hears_of_the_end_after_it(tmp_path: Path) -> None:
    """The recovery waits for the end of the silence, and says how long it really lasted."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await settled(world)
            await gone(world)
            await world.until(lambda: len(world.texts()) == 1, minutes=1)
            ends = world.now + timedelta(minutes=10)
            await silenced(world, "account=x:alice", minutes=10)
            await world.wait(minutes=5)
            await back(world)
            await world.until(lambda: world.now >= ends - timedelta(seconds=2), minutes=30)
            assert len(world.texts()) == 1
            await world.until(lambda: len(world.texts()) == 2, seconds=4)
            assert world.texts()[1].startswith("🟢 @alice is back on X after 5 min")

    run_virtual(story())


def test_nobody_is_reminded_of_what_is_acknowledged(tmp_path: Path) -> None:
    """Reminded every five minutes until somebody acknowledges; the end says who it was."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST, routes=REMINDED) as world:
            await settled(world)
            incident_id = await gone(world)
            await world.wait(minutes=13)
            store = world.app._worker.store
            assert store.ack(incident_id, "mia", world.now, "I call them") is Amended.DONE
            await world.wait(minutes=11)
            assert [text.split(" — ")[0] for text in world.texts()] == [
                "🟠 @alice is not available on X",
                "🟠 @alice is still not available on X after 5 min",
                "🟠 @alice is still not available on X after 10 min",
            ]
            assert store.unack(incident_id, world.now) is Amended.DONE
            await world.until(lambda: len(world.texts()) == 4, seconds=15)
            store.ack(incident_id, "mia", world.now, "I call them")
            await back(world)
            await world.until(lambda: len(world.texts()) == 5, minutes=1)
            end = world.slack.accepted[-1]
            assert "🟢 @alice is back on X after 2" in end["text"]
            assert "mia, 2 Nov 2017" in str(end["blocks"])
            assert "I call them" in str(end["blocks"])
            rows = await world.told(incident_id)
            assert {row.state for row in rows if row.kind is NotificationKind.ACKNOWLEDGED} == {
                NotificationState.SUPPRESSED
            }

    run_virtual(story())


def test_each_channel_has_a_clock_of_its_own(tmp_path: Path) -> None:
    """Slack fails for some minutes and is reminded later by that much; the mail is not. A restart reminds nobody."""

    async def story() -> None:
        mail = FakeMail(tls=vouched(), users=True)
        async with World(tmp_path, WATCHLIST, routes=REMINDED, mail=mail) as world:
            await settled(world)
            world.slack.script(*[SERVER_ERROR] * 6)
            incident_id = await gone(world)
            await world.until(lambda: len(world.texts()) == 1, minutes=4)
            heard, confirmed = world.now, (await world.outages())[0].confirmed_at
            assert heard - confirmed > timedelta(seconds=95)
            assert len(mail.taken) == 1
            await world.until(lambda: len(mail.taken) == 2, minutes=10)
            assert timedelta(minutes=5) <= world.now - confirmed < timedelta(minutes=5, seconds=20)
            assert len(world.texts()) == 1
            await world.restart(minutes=1)
            await world.until(lambda: len(world.texts()) == 2, minutes=10)
            assert timedelta(minutes=5) <= world.now - heard < timedelta(minutes=5, seconds=20)
            assert len(mail.taken) == 2
            assert headlines(mail)[1][1] == "@alice is still not available on X after 5 min"
            keys = sorted(row.dedup_key for row in await world.told(incident_id) if row.kind == "reminder")
            assert keys == [f"{incident_id}/desk/reminder/1", f"{incident_id}/newsroom/reminder/1"]
            await back(world)

    run_virtual(story())


def test_a_full_mailbox_keeps_nobody_else_from_being_reminded(tmp_path: Path) -> None:
    """The other is reminded every five minutes; who was full gets the alert and one reminder, the last."""

    async def story() -> None:
        mail = FakeMail(tls=vouched(), users=True)
        async with World(tmp_path, WATCHLIST, routes=REMINDED, mail=mail, threaded=False) as world:
            await settled(world)
            mail.say("RCPT b@newsroom.example", *["452 4.2.2 Mailbox full"] * 1000)
            await gone(world)
            await world.wait(minutes=23)
            assert [who for who, _ in headlines(mail)] == [("a@newsroom.example",)] * 5
            still = "@alice is still not available on X after"
            assert [text for _, text in headlines(mail)][1:] == [
                f"{still} {minutes} min" for minutes in (5, 10, 15, 20)
            ]
            mail.say_no_more()
            await world.wait(minutes=6)
            told = [text for who, text in headlines(mail)[5:] if who == ("b@newsroom.example",)]
            assert len(told) == 2
            assert "@alice is not available on X" in told
            await back(world)

    run_virtual(story())


def test_quiet_at_night(tmp_path: Path) -> None:
    """What comes and goes at night nobody hears of; what lasts is told in the morning, on the readers' clocks."""

    async def story() -> None:
        routes = ', timezone: Europe/Berlin, mute: [{days: thu, hours: "23:30-00:05"}]'
        async with World(tmp_path, WATCHLIST, routes=routes) as world:
            await settled(world)  # at 23:50 in Berlin
            await gone(world, "bob")
            await back(world, "bob")
            await gone(world)
            morning = datetime(2017, 11, 2, 23, 5, tzinfo=UTC)
            await world.until(lambda: world.now >= morning - timedelta(seconds=2), hours=1)
            assert world.texts() == []
            await world.until(lambda: len(world.texts()) == 1, seconds=4)
            assert world.texts()[0].startswith("🟠 @alice is not available on X")
            await world.wait(minutes=2)
            assert len(world.texts()) == 1
            assert len(await world.outages()) == 2

    run_virtual(story())


def test_a_route_renamed_at_night_is_as_quiet(tmp_path: Path) -> None:
    """What waits for the morning goes on waiting, though the route that it was to be told by has another name now."""

    async def story() -> None:
        hours = ', timezone: Europe/Berlin, mute: [{hours: "00:00-06:00"}]'
        async with World(tmp_path, WATCHLIST, routes=hours) as world:
            await settled(world)
            await world.wait(minutes=30)
            incident_id = await gone(world)
            world.configure("name: default", "name: newsroom")
            assert (await world.post("/-/reload"))[0] == 200
            await world.wait(minutes=10)
            assert [row.route for row in await world.told(incident_id)] == ["default"]
            assert world.texts() == []
            await world.wait(hours=6)
            assert len(world.texts()) == 1

    run_virtual(story())


def test_what_a_channel_put_off_until_the_quiet_hours_is_told_after_them(tmp_path: Path) -> None:
    """Slack asks for an hour, and the night begins: both are told in the morning, though over; what began in it not."""

    async def story() -> None:
        routes = ', timezone: Europe/Berlin, mute: [{hours: "00:10-02:00"}]'
        async with World(tmp_path, WATCHLIST, routes=routes, threaded=False) as world:
            await settled(world)  # at 23:52 in Berlin
            world.slack.script(rate_limited(3600))
            await gone(world)
            await world.wait(minutes=2)
            await gone(world, "bob")
            await world.wait(minutes=20)
            await back(world)
            await back(world, "bob")
            await gone(world)
            await back(world)
            await world.wait(minutes=110)
            assert sorted(text.split(" for ")[0] for text in world.texts()) == [
                "🟢 @alice was not available on X",
                "🟢 @bob was not available on X",
            ]

    run_virtual(story())


def test_the_digest_of_a_day_on_which_nothing_ran_for_a_while(tmp_path: Path) -> None:
    """Due while the program was away it is told at the start, by mail alone, once, whatever restarts follow."""

    async def story() -> None:
        mail = FakeMail(tls=vouched(), users=True)
        settings = 'digest: {at: "00:05", timezone: Europe/Berlin, channels: desk}\n'
        async with World(tmp_path, WATCHLIST, mail=mail, settings=settings, durable=True, threaded=False) as world:
            await settled(world)  # at 23:52 in Berlin
            await gone(world, "bob")
            await back(world, "bob")
            await gone(world)
            await world.wait(minutes=1)
            assert len(mail.taken) == len(world.texts()) == 3
            await world.restart(kill=True, minutes=20)
            await world.until(lambda: len(mail.taken) == 4, seconds=10)
            for kill in (True, False):
                await world.restart(kill=kill, minutes=1)
                await world.wait(minutes=1)
            assert len(mail.taken) == 4
            assert len(world.texts()) == 3
            digest = mail.mails[-1]
            assert digest["subject"] == "[watcher] Digest of 2017-11-03"
            assert digest["in-reply-to"] is None
            lines = text_of(digest).splitlines()
            assert lines[0] == "1 account gone now, 1 gone and back"
            assert lines[2].startswith(
                "Watched: 2 accounts, 1 gone; this is about the time since 1 Nov 2017 23:05:00 UTC"
            )
            assert lines[3] == "GONE NOW (1)"
            assert lines[4].startswith("• @alice (X): since 2 Nov 2017 22:5")
            assert lines[5] == "GONE AND BACK (1)"
            assert lines[6].startswith("• @bob (X): for ")
            assert lines[7] == "LONGEST UNOBSERVED (1)"
            assert lines[8].startswith("• all accounts, while watcher did not run or saw nothing: 20 min")
            record = await world.app.reader.incident("digest-2017-11-03")
            assert record is not None
            assert [row.channel for row in record.notifications] == ["desk"]

    run_virtual(story())


def test_no_digest_of_the_time_before_anything_was_watched(tmp_path: Path) -> None:
    """The first start is no missed digest."""

    async def story() -> None:
        settings = 'digest: {at: "23:45", timezone: Europe/Berlin, channels: newsroom}\n'
        async with World(tmp_path, WATCHLIST, settings=settings) as world:  # at 23:50 in Berlin
            await settled(world)
            assert world.texts() == []
            await world.restart()
            await world.wait(minutes=1)
            assert world.texts() == []

    run_virtual(story())
