"""What is told past the store: that it fails, once, and that it works again, once."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from tests.fakes.clock import FakeClock, settle
from tests.unit.notify.desk import CONFIRMED, ScriptedChannel
from tests.unit.notify.story import S
from watcher.metrics import Metrics
from watcher.model.account import Severity
from watcher.model.notification import Delivered, GaveUp, Message, NotificationKind, RetryAfter
from watcher.notify.channels.base import Channel
from watcher.notify.channels.log import LogChannel
from watcher.notify.fallback import Fallback

WRONG, AGAIN = "watcher cannot write to its store", "watcher writes to its store again"
DOWN = RetryAfter(reason="connect: ClientConnectorError")
MINUTE = timedelta(minutes=1)


@dataclass
class Disk:
    """A store that is written, or has not been since an instant."""

    failing_since: datetime | None = None
    failure: str | None = None


class Room:
    """A Fallback that is called every two seconds, as the program does, or every `step`."""

    def __init__(self, *script: Delivered | RetryAfter | GaveUp | Exception) -> None:
        self.clock = FakeClock(CONFIRMED)
        self.disk = Disk()
        self.metrics = Metrics("test")
        self.channel: ScriptedChannel = ScriptedChannel(self.clock, *script)
        self.channels: dict[str, Channel] = {"newsroom": self.channel}
        self.chosen = "newsroom"
        self.fallback = Fallback(self.disk, self.clock, self.choose, self.metrics)
        self._looks: list[asyncio.Task[None]] = []

    def choose(self, wanted: str | None, refused: frozenset[str]) -> Channel | None:
        """What the program would use."""
        if wanted is not None and wanted in self.channels:
            return self.channels[wanted]
        known = (self.channels.get(name) for name in (self.chosen, *self.channels))
        return next((each for each in known if each is not None and each.name not in refused), None)

    async def pass_by(self, span: timedelta, step: timedelta = 2 * S) -> None:
        """Let time pass."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            self._looks.append(asyncio.create_task(self.fallback.look()))
            await settle()
            self.clock.advance(min(step, end - self.clock.now()))
        await settle()

    def break_down(self, fault: str = "the disk is full; make room") -> None:
        """From now on nothing is written."""
        self.disk.failing_since, self.disk.failure = self.clock.now(), fault

    def mend(self) -> None:
        """It is written again."""
        self.disk.failing_since, self.disk.failure = None, None

    @property
    def messages(self) -> list[Message]:
        """All that was sent, in order."""
        return [message for _, message in self.channel.sent]

    @property
    def said(self) -> list[str]:
        """The headlines of that."""
        return self.channel.headlines

    def value(self, name: str, **labels: str) -> float | None:
        """A sample of the metrics."""
        return self.metrics.registry.get_sample_value(name, labels)


async def test_a_failure_is_told_once_and_its_end_once() -> None:
    """After 30 seconds, with what is wrong; and as soon as it is over, with how long it was."""
    room = Room()
    room.break_down()
    await room.pass_by(30 * S)
    assert room.said == []
    await room.pass_by(10 * MINUTE)
    [wrong] = room.messages
    assert wrong.headline == WRONG
    assert (wrong.severity, wrong.kind) == (Severity.CRITICAL, NotificationKind.ALERT)
    assert wrong.dedup_key.endswith("/scripted/alert")
    assert "the disk is full; make room." in wrong.sentences
    assert "tells of nothing new" in wrong.sentences[1]
    assert ("Since", "2 Nov 2017 23:01:00 UTC") in wrong.facts
    room.mend()
    await room.pass_by(10 * MINUTE)
    again = room.messages[-1]
    assert room.said == [WRONG, AGAIN]
    assert again.kind is NotificationKind.RESOLVED
    assert again.incident_id == wrong.incident_id
    assert again.dedup_key.endswith("/scripted/resolved")
    assert "for 10 min 30 s" in again.sentences[0]
    assert room.channel.times[0] == 30
    assert room.value("watcher_notifications_total", channel="scripted") == 2


async def test_a_short_failure_is_not_told() -> None:
    """Neither it nor its end, however often."""
    room = Room()
    for _ in range(5):
        room.break_down()
        await room.pass_by(28 * S)
        room.mend()
        await room.pass_by(10 * S)
    assert room.said == []


async def test_each_failure_has_its_own_pair() -> None:
    """The next one is told like the first, and is another incident."""
    room = Room()
    for _ in range(2):
        room.break_down()
        await room.pass_by(MINUTE)
        room.mend()
        await room.pass_by(MINUTE)
    assert room.said == [WRONG, AGAIN, WRONG, AGAIN]
    assert len({message.incident_id for message in room.messages}) == 2
    assert len({message.dedup_key for message in room.messages}) == 4


async def test_a_failure_right_after_another_is_another() -> None:
    """It worked for a moment between two looks: the end of the first is told, then the second in its turn."""
    room = Room()
    room.break_down()
    await room.pass_by(MINUTE)
    room.break_down()
    await room.pass_by(10 * S)
    assert room.said == [WRONG, AGAIN]
    await room.pass_by(MINUTE)
    assert room.said == [WRONG, AGAIN, WRONG]


async def test_backs_off_while_nobody_takes_it() -> None:
    """It is tried again at growing intervals for as long as the store fails; one warning says that nobody knows."""
    room = Room(*[DOWN] * 12)
    room.break_down()
    with capture_logs() as logs:
        await room.pass_by(timedelta(hours=1))
    waits = [later - earlier for earlier, later in zip(room.channel.times, room.channel.times[1:], strict=False)]
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert [line["log_level"] for line in logs] == ["warning"]
    assert logs[0]["reason"] == DOWN.reason
    assert room.value("watcher_notifications_failed_total", channel="scripted", reason="connect") == 12
    room.mend()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG] * 13 + [AGAIN]


async def test_what_nobody_heard_of_needs_no_end() -> None:
    """The store works again before anybody took the message: nothing more is sent."""
    room = Room(*[DOWN] * 100)
    room.break_down()
    await room.pass_by(5 * MINUTE)
    tries = len(room.said)
    room.mend()
    await room.pass_by(30 * MINUTE)
    assert len(room.said) == tries
    assert AGAIN not in room.said


async def test_who_may_have_heard_of_it_is_told_the_end() -> None:
    """No answer in time is no proof that it was not taken."""
    room = Room(*[RetryAfter(reason="timeout")] * 2)
    room.break_down()
    await room.pass_by(33 * S)
    room.mend()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG, WRONG, AGAIN]


async def test_the_end_is_tried_again_too() -> None:
    """A channel that fails when the store works again gets the message later."""
    room = Room(Delivered(), DOWN, RetryAfter(reason="rate_limited: 429", wait=30 * S))
    room.break_down()
    await room.pass_by(MINUTE)
    room.mend()
    await room.pass_by(5 * MINUTE)
    assert room.said == [WRONG, AGAIN, AGAIN, AGAIN]
    assert room.channel.times[3] - room.channel.times[2] == 30


async def test_the_end_is_not_tried_for_ever() -> None:
    """Days later nobody needs it, and a new failure is told."""
    room = Room(Delivered(), *[RetryAfter(reason="server_error: 503", wait=timedelta(hours=1))] * 200)
    room.break_down()
    await room.pass_by(MINUTE)
    room.mend()
    await room.pass_by(timedelta(days=3, hours=1), step=MINUTE)
    tries = len(room.said)
    await room.pass_by(timedelta(hours=3), step=MINUTE)
    assert len(room.said) == tries
    room.break_down()
    await room.pass_by(MINUTE)
    assert room.said[-1] == WRONG


async def test_where_the_fallback_is_gone_another_channel_has_it() -> None:
    """It is seldom used, so that nobody knows that its token is revoked: the next channel is told, and of the end."""
    room = Room(GaveUp(reason="gone: 404 no_service"))
    room.channels["mail"] = mail = ScriptedChannel(room.clock)
    mail.name = "mail"
    room.break_down()
    await room.pass_by(MINUTE)
    room.mend()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG]
    assert mail.headlines == [WRONG, AGAIN]


async def test_a_channel_that_refuses_for_good_is_left_alone() -> None:
    """One try and a warning; the next failure is tried anew."""
    room = Room(GaveUp(reason="gone: 404 no_service"))
    room.break_down()
    with capture_logs() as logs:
        await room.pass_by(10 * MINUTE)
    room.mend()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG]
    assert [line["reason"] for line in logs] == ["gone: 404 no_service"]
    room.break_down()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG, WRONG]


async def test_a_channel_that_hangs_is_asked_once_at_a_time() -> None:
    """While a message is on its way no second one is sent, and whoever calls goes on at once."""
    room = Room()
    room.channel.gate = asyncio.Event()
    room.break_down()
    await room.pass_by(5 * MINUTE)
    assert room.said == [WRONG]
    room.mend()
    room.channel.gate.set()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG, AGAIN]


async def test_a_channel_that_never_answers_is_given_up_in_time() -> None:
    """The time-out is real time; the message may have been taken."""
    room = Room()
    room.channel.gate = asyncio.Event()
    room.fallback._overtime = timedelta(milliseconds=10)
    room.break_down()
    room.clock.advance(31 * S)
    await room.fallback.look()
    assert room.value("watcher_notifications_failed_total", channel="scripted", reason="timeout") == 1
    assert not room.fallback.is_sending


async def test_only_those_left_are_asked_again() -> None:
    """One of two recipients was put off: the other is not told twice, and both hear of the end."""
    left = RetryAfter(reason="server_error: 450", recipients=("b@newsroom.example",))
    room = Room(left, DOWN, Delivered())
    room.break_down()
    await room.pass_by(MINUTE)
    room.mend()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG, WRONG, WRONG, AGAIN]
    assert [message.recipients for message in room.messages] == [(), left.recipients, left.recipients, ()]


async def test_who_alone_heard_of_it_is_told_the_end() -> None:
    """The store works again while one of two recipients is still put off: that it failed is known to the other."""
    left = RetryAfter(reason="server_error: 450", wait=timedelta(hours=1), recipients=("b@newsroom.example",))
    room = Room(left)
    room.break_down()
    await room.pass_by(MINUTE)
    room.mend()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG, AGAIN]
    assert room.messages[-1].recipients == ()


@pytest.mark.parametrize("kept", [True, False], ids=["still there", "removed"])
async def test_the_end_goes_where_the_beginning_was_heard(kept: bool) -> None:
    """Another fallback is chosen meanwhile; it serves only where the first is gone."""
    room = Room()
    room.channel.name = "newsroom"
    night = ScriptedChannel(room.clock)
    night.name = "night"
    room.channels["night"] = night
    room.break_down()
    await room.pass_by(MINUTE)
    room.chosen = "night"
    if not kept:
        del room.channels["newsroom"]
    room.mend()
    await room.pass_by(MINUTE)
    assert (room.said, night.headlines) == (([WRONG, AGAIN], []) if kept else ([WRONG], [AGAIN]))


async def test_another_fallback_reaches_all_of_its_own() -> None:
    """Recipients that one channel has left are nobody to another one that is chosen before it got through."""
    room = Room(*[RetryAfter(reason="server_error: 450", recipients=("b@newsroom.example",))] * 2)
    room.channel.name = "newsroom"
    night = ScriptedChannel(room.clock)
    night.name = "night"
    room.channels["night"] = night
    room.break_down()
    await room.pass_by(33 * S)
    room.chosen = "night"
    await room.pass_by(MINUTE)
    assert [message.recipients for _, message in night.sent] == [()]


@pytest.mark.parametrize("fault", [ValueError("a bug"), DOWN])
async def test_a_channel_that_was_taken_away_or_has_a_bug(fault: ValueError | RetryAfter) -> None:
    """Nothing ends by it; the channel of the moment is asked the next time."""
    room = Room(fault)
    taken = room.channels.pop("newsroom") if isinstance(fault, RetryAfter) else None
    room.break_down()
    with capture_logs() as logs:
        await room.pass_by(35 * S)
    assert logs
    if taken is not None:
        assert room.said == []
        room.channel = ScriptedChannel(room.clock)
        room.channels["newsroom"] = room.channel
    await room.pass_by(MINUTE)
    assert room.said[-1] == WRONG


async def test_the_log_is_a_channel_as_well() -> None:
    """Loud when it fails, quiet when it is over."""
    room = Room()
    with capture_logs() as logs:
        room.channels["newsroom"] = LogChannel("newsroom", structlog.get_logger())
        room.break_down()
        await room.pass_by(MINUTE)
        room.mend()
        await room.pass_by(MINUTE)
    assert [(line["log_level"], line["event"]) for line in logs] == [("error", WRONG), ("info", AGAIN)]


async def test_what_was_told_past_the_store_lasts_until_its_end() -> None:
    """So that it is repeated to a channel that forgets; to that channel, and only once it heard of it."""
    room = Room()
    room.break_down()
    await room.pass_by(20 * S)
    assert room.fallback.lasting(room.channel.name) == ()
    await room.pass_by(MINUTE)
    assert room.said == [WRONG]
    [alert] = room.fallback.lasting(room.channel.name)
    assert alert.labels == {"alertname": "WatcherFault", "part": "store", "severity": "critical"}
    assert (alert.starts_at, alert.ends_at) == (CONFIRMED, None)
    assert room.fallback.lasting("other") == ()
    assert room.messages[0].alerts[0].labels == alert.labels
    room.mend()
    await room.pass_by(MINUTE)
    assert room.fallback.lasting(room.channel.name) == ()
