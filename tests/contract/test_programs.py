"""Channels to programs, against real servers: a webhook, the peers of an Alertmanager, and what apprise knows."""

import asyncio
import hashlib
import hmac
import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.contract.test_channels import HOSTILE, MESSAGE
from tests.fakes.clock import FakeClock
from tests.fakes.receiver import Receiver
from tests.fakes.slack import DROP, HANG, Answer
from watcher.manual import send_test
from watcher.metrics import FAILURE_REASONS
from watcher.model.notification import Alert, Delivered, GaveUp, Message, NotificationKind, Outcome, Quote, RetryAfter
from watcher.notify.channels.alertmanager import AlertmanagerChannel
from watcher.notify.channels.apprise import AppriseChannel
from watcher.notify.channels.webhook import WebhookChannel, fingerprint, header_of
from watcher.settings import values
from watcher.settings.values import Secret

KEY = "a-key-of-some-length"
BEGAN = datetime(2017, 11, 2, 23, 0, 40, tzinfo=UTC)
NOW = BEGAN + timedelta(minutes=20)
GONE = Alert(
    labels={"alertname": "AccountUnavailable", "account": "x:realdonaldtrump", "severity": "critical"},
    annotations={"summary": "@realDonaldTrump is not available on X", "quote": "Désolé"},
    starts_at=BEGAN,
    url="https://watcher.example/api/v1/outages?account=x%3Arealdonaldtrump",
)
BACK = replace(GONE, ends_at=BEGAN + timedelta(minutes=11))
OTHER = replace(GONE, labels={**GONE.labels, "account": "x:potus", "severity": "warning"})
NEWS = replace(MESSAGE, alerts=(GONE,), incident_id="01ABC", route="desk")
OVER = replace(NEWS, alerts=(BACK,), kind=NotificationKind.RESOLVED)
SECOND = timedelta(seconds=1)
PATIENCE = SECOND


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def peers() -> AsyncIterator[tuple[Receiver, Receiver]]:
    async with Receiver() as one, Receiver() as two:
        yield one, two


def webhook(receiver: Receiver, session: aiohttp.ClientSession, **changes: Any) -> WebhookChannel:
    settings = values.WebhookChannel(
        name="desk",
        url=Secret(f"{receiver.url}/hook/secret-part"),
        headers={"authorization": Secret("Bearer secret-part")},
        hmac_secret=Secret(KEY),
        external_url="https://watcher.example",
    )
    return WebhookChannel(replace(settings, **changes), session, FakeClock(NOW), PATIENCE)


def alertmanager(
    peers: tuple[Receiver, ...], session: aiohttp.ClientSession, clock: FakeClock | None = None, **changes: Any
) -> AlertmanagerChannel:
    settings = values.AlertmanagerChannel(name="am", peers=tuple(peer.url for peer in peers))
    return AlertmanagerChannel(replace(settings, **changes), session, clock or FakeClock(NOW), PATIENCE)


# The webhook.


async def test_the_webhook_speaks_as_alertmanager(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """Version 4, with the fields that its receivers know; two alerts share what is common to both."""
    message = replace(NEWS, alerts=(BACK, OTHER), kind=NotificationKind.UPDATE)
    assert await webhook(receiver, session).send(message) == Delivered(answer="200")
    [call] = receiver.calls
    assert call.said == {
        "version": "4",
        "groupKey": '{}/{route="desk"}:{incident="01ABC"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "desk",
        "groupLabels": {"alertname": "AccountUnavailable"},
        "commonLabels": {"alertname": "AccountUnavailable"},
        "commonAnnotations": dict(GONE.annotations),
        "externalURL": "https://watcher.example",
        "alerts": [
            {
                "status": "firing",
                "labels": dict(OTHER.labels),
                "annotations": dict(OTHER.annotations),
                "startsAt": "2017-11-02T23:00:40.000000Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": GONE.url,
                "fingerprint": fingerprint(OTHER.labels),
            },
            {
                "status": "resolved",
                "labels": dict(BACK.labels),
                "annotations": dict(BACK.annotations),
                "startsAt": "2017-11-02T23:00:40.000000Z",
                "endsAt": "2017-11-02T23:11:40.000000Z",
                "generatorURL": GONE.url,
                "fingerprint": fingerprint(BACK.labels),
            },
        ],
    }


async def test_the_end_is_resolved(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """Once nothing lasts, the whole is; under the key of the same group."""
    channel = webhook(receiver, session)
    for message in (NEWS, OVER):
        await channel.send(message)
    first, second = (call.said for call in receiver.calls)
    assert (first["status"], second["status"]) == ("firing", "resolved")
    assert first["groupKey"] == second["groupKey"]
    assert first["alerts"][0]["fingerprint"] == second["alerts"][0]["fingerprint"]


async def test_the_webhook_is_signed_and_names_what_it_says(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """The receiver can tell who speaks and when, and what it has already; the operator's headers go along."""
    key = "x:jörg/50%/desk/alert"
    await webhook(receiver, session).send(replace(NEWS, dedup_key=key))
    [call] = receiver.calls
    at, signed = (part.partition("=")[2] for part in call.headers["x-watcher-signature"].split(","))
    assert signed == hmac.new(KEY.encode(), f"{at}.".encode() + call.body, hashlib.sha256).hexdigest()
    assert int(at) == int(NOW.timestamp())
    assert call.headers["idempotency-key"] == "x:j%C3%B6rg/50%25/desk/alert" == header_of(key)
    assert call.headers["content-type"] == "application/json"
    assert call.headers["authorization"] == "Bearer secret-part"


async def test_a_bare_webhook_is_unsigned(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """No key, no signature."""
    await webhook(receiver, session, hmac_secret=None, headers={}).send(NEWS)
    assert "x-watcher-signature" not in receiver.calls[0].headers


async def test_too_many_alerts_are_counted(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """What lasts is not left out for what is over."""
    await webhook(receiver, session, max_alerts=1).send(replace(NEWS, alerts=(BACK, OTHER)))
    said = receiver.calls[0].said
    assert said["truncatedAlerts"] == 1
    assert [alert["status"] for alert in said["alerts"]] == ["firing"]


FAILURES: list[tuple[Answer, Outcome]] = [
    (Answer(status=204, body=""), Delivered(answer="204")),
    (Answer(status=302, headers={"Location": "/elsewhere"}), RetryAfter(reason="bad_answer: 302")),
    (Answer(status=408), RetryAfter(reason="timeout: 408")),
    (
        Answer(status=429, headers={"Retry-After": "30"}),
        RetryAfter(reason="rate_limited: 429", wait=30 * SECOND),
    ),
    (Answer(status=429), RetryAfter(reason="rate_limited: 429")),
    (Answer(status=500), RetryAfter(reason="server_error: 500")),
    (Answer(status=503, headers={"Retry-After": "5"}), RetryAfter(reason="server_error: 503", wait=5 * SECOND)),
    (HANG, RetryAfter(reason="timeout")),
    (DROP, RetryAfter(reason="connect: ServerDisconnectedError")),
]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        *FAILURES,
        (Answer(status=410), GaveUp(reason="gone: 410")),
        *((Answer(status=status), RetryAfter(reason=f"client_error: {status}")) for status in (401, 403, 404, 407)),
        *((Answer(status=status), GaveUp(reason=f"client_error: {status}")) for status in (400, 405, 413, 422)),
    ],
)
async def test_the_webhook_says_whether_to_try_again(
    receiver: Receiver, session: aiohttp.ClientSession, answer: Answer, outcome: Outcome
) -> None:
    """Taken, later (after the time that was named), or never; nothing of the answer or the URL is quoted."""
    receiver.script(replace(answer, body=answer.body and "echo secret-part"))
    channel = webhook(receiver, session)
    with capture_logs() as logs:
        got = await channel.send(NEWS)
    receiver.release()
    reason = getattr(got, "reason", FAILURE_REASONS[0])
    assert got == outcome
    assert reason.partition(":")[0] in FAILURE_REASONS
    assert "secret-part" not in repr((got, channel, logs))


async def test_a_dead_webhook_and_a_url_that_is_none(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """Nobody listening is a fault of the moment; what nothing can be posted to is given up, without showing it."""
    assert await webhook(receiver, session, url=Secret("http://")).send(NEWS) == GaveUp(
        reason="client_error: the URL is not one that can be posted to"
    )
    await receiver.stop()
    assert await webhook(receiver, session).send(NEWS) == RetryAfter(reason="connect: ClientConnectorError")


async def test_a_redirect_is_not_followed(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """The message, its signature and the headers go to the address that was named and no further."""
    async with Receiver() as elsewhere:
        receiver.script(Answer(status=307, headers={"Location": f"{elsewhere.url}/"}))
        assert isinstance(await webhook(receiver, session).send(NEWS), RetryAfter)
        assert elsewhere.received == []


def test_the_fingerprint_is_alertmanagers() -> None:
    """FNV-1a of nothing is its offset; the order of the labels does not matter."""
    assert fingerprint({}) == "cbf29ce484222325"
    assert fingerprint({"b": "1", "a": "2"}) == fingerprint({"a": "2", "b": "1"}) != fingerprint({"a": "21", "b": ""})


# Alertmanager.


async def test_every_peer_is_told(peers: tuple[Receiver, Receiver], session: aiohttp.ClientSession) -> None:
    """What lasts ends in four repetitions, should nobody repeat it; what is over ended when it did."""
    channel = alertmanager(peers, session)
    assert channel.renew_every == timedelta(minutes=1)
    assert await channel.send(replace(NEWS, alerts=(GONE, replace(BACK, labels=OTHER.labels)))) == Delivered(
        answer="2 peers"
    )
    for peer in peers:
        [call] = peer.calls
        assert call.path == "/api/v2/alerts"
        firing, resolved = call.said
        ends_at = datetime.fromisoformat(firing.pop("endsAt"))
        assert ends_at == NOW + timedelta(minutes=4)
        assert firing == {
            "labels": dict(GONE.labels),
            "annotations": dict(GONE.annotations),
            "startsAt": "2017-11-02T23:00:40.000000Z",
            "generatorURL": GONE.url,
        }
        assert resolved["endsAt"] == "2017-11-02T23:11:40.000000Z"


async def test_a_peer_that_failed_is_told_alone(
    peers: tuple[Receiver, Receiver], session: aiohttp.ClientSession
) -> None:
    """When it wants to be; the other one has it. One that left the configuration meanwhile is asked no more."""
    clock = FakeClock(NOW)
    channel = alertmanager(peers, session, clock)
    peers[1].script(Answer(status=503, headers={"Retry-After": "7"}))
    outcome = await channel.send(NEWS)
    assert outcome == RetryAfter(reason=f"server_error: {peers[1].url} server_error: 503", recipients=(peers[1].url,))
    left = replace(NEWS, recipients=(peers[1].url,))
    assert isinstance(await channel.send(left), RetryAfter)
    clock.advance(timedelta(seconds=7))
    assert isinstance(await channel.send(left), Delivered)
    assert [len(peer.received) for peer in peers] == [1, 2]
    assert isinstance(await alertmanager(peers[:1], session).send(left), Delivered)
    assert [len(peer.received) for peer in peers] == [1, 2]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        *FAILURES[1:],
        (Answer(status=401), RetryAfter(reason="client_error: 401")),
        (Answer(status=404), RetryAfter(reason="client_error: 404")),
        (Answer(status=400, body='"bad\nlabel"'), GaveUp(reason='client_error: 400 "bad label"')),
    ],
)
async def test_an_alertmanager_that_fails(
    receiver: Receiver, session: aiohttp.ClientSession, answer: Answer, outcome: RetryAfter | GaveUp
) -> None:
    """What it says of the alert itself is for good, and told; what a proxy refuses somebody can mend."""
    receiver.script(answer)
    got = await alertmanager((receiver,), session).send(NEWS)
    receiver.release()
    assert isinstance(got, RetryAfter | GaveUp)
    assert isinstance(got, GaveUp) is isinstance(outcome, GaveUp)
    assert got.reason.partition(":")[0] == outcome.reason.partition(":")[0]
    assert got.reason.endswith(outcome.reason)
    if isinstance(got, RetryAfter) and isinstance(outcome, RetryAfter):
        assert (got.wait, got.recipients) == (outcome.wait, ())


async def test_one_that_refuses_is_named(peers: tuple[Receiver, Receiver], session: aiohttp.ClientSession) -> None:
    """The cluster has it once one of them does."""
    peers[0].script(Answer(status=400, body="no"))
    outcome = await alertmanager(peers, session).send(NEWS)
    assert outcome == Delivered(answer=f"refused for good: {peers[0].url} client_error: 400 no")


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({}, None),
        ({"token": Secret("secret-part")}, "Bearer secret-part"),
        ({"username": "ana", "password": Secret("pässword")}, "Basic YW5hOnDDpHNzd29yZA=="),
    ],
)
async def test_how_it_is_asked_to_let_us_in(
    receiver: Receiver, session: aiohttp.ClientSession, changes: dict[str, Any], header: str | None
) -> None:
    """By a token, by name and password, or not at all."""
    await alertmanager((receiver,), session, **changes).send(NEWS)
    assert receiver.calls[0].headers.get("authorization") == header


async def test_a_repetition_does_not_revive_what_is_over(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """It was read before the end, and hangs on its way while the end is told: the end comes last, and stays."""
    channel = alertmanager((receiver,), session)
    receiver.script(HANG)
    under_way = asyncio.create_task(channel.renew((GONE, OTHER)))
    await receiver.until_received(1)
    over = asyncio.create_task(channel.send(OVER))
    late = asyncio.create_task(channel.renew((GONE, OTHER)))
    await asyncio.gather(under_way, over, late)
    receiver.release()
    told = [[(alert["labels"]["account"], alert["endsAt"]) for alert in call.said] for call in receiver.received]
    assert [account for account, _ in told[0]] == ["x:realdonaldtrump", "x:potus"]
    assert told[1] == [("x:realdonaldtrump", "2017-11-02T23:11:40.000000Z")]
    assert [account for account, _ in told[2]] == ["x:potus"]


async def test_the_end_of_the_first_outage_is_not_that_of_the_second(
    receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    """They have the same labels: what comes late of the first says nothing of the second."""
    channel = alertmanager((receiver,), session)
    again = replace(GONE, starts_at=BEGAN + timedelta(hours=1))
    await channel.send(replace(NEWS, alerts=(again,)))
    assert await channel.send(OVER) == Delivered(answer="1 peers")
    assert len(receiver.calls) == 1
    assert await channel.renew((BACK, again)) == {}
    assert [alert["startsAt"] for alert in receiver.calls[1].said] == ["2017-11-03T00:00:40.000000Z"]


async def test_an_outage_that_seems_to_begin_before_one_that_is_over_is_told(
    receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    """The clock was set back in between; it is told, repeated, and ended."""
    channel = alertmanager((receiver,), session)
    await channel.send(NEWS)
    await channel.send(OVER)
    began = BEGAN - timedelta(hours=1)
    again = replace(GONE, starts_at=began)
    await channel.send(replace(NEWS, alerts=(again,)))
    assert await channel.renew((again,)) == {}
    await channel.send(replace(OVER, alerts=(replace(again, ends_at=began + timedelta(minutes=5)),)))
    assert [[alert["startsAt"] for alert in call.said] for call in receiver.calls[2:]] == [
        ["2017-11-02T22:00:40.000000Z"]
    ] * 3


async def test_a_peer_that_hangs_delays_no_other(
    peers: tuple[Receiver, Receiver], session: aiohttp.ClientSession
) -> None:
    """Each has a line of its own."""
    channel = alertmanager(peers, session)
    peers[0].script(HANG)
    under_way = asyncio.create_task(channel.renew((GONE,)))
    await peers[0].until_received(1)
    await channel.send(replace(NEWS, alerts=(OTHER,), recipients=(peers[1].url,)))
    assert not under_way.done()
    assert [len(peer.received) for peer in peers] == [1, 2]
    peers[0].release()
    assert set(await under_way) <= {peers[0].url}


async def test_one_that_hung_holds_up_nothing_that_comes_next(
    peers: tuple[Receiver, Receiver], session: aiohttp.ClientSession
) -> None:
    """It is left alone for half a minute, as in a storm each message would wait for it; then it is asked again."""
    clock = FakeClock(NOW)
    channel = alertmanager(peers, session, clock)
    peers[0].script(HANG)
    first = await channel.send(NEWS)
    peers[0].release()
    next_ones = [await channel.send(replace(NEWS, alerts=(OTHER,))) for _ in range(3)]
    for outcome in (first, *next_ones):
        assert isinstance(outcome, RetryAfter)
        assert (outcome.reason.partition(":")[0], outcome.recipients) == ("timeout", (peers[0].url,))
    assert [len(peer.received) for peer in peers] == [1, 4]
    assert set(await channel.renew((GONE,))) == {peers[0].url}
    clock.advance(timedelta(seconds=30))
    assert isinstance(await channel.send(NEWS), Delivered)
    assert await channel.renew((GONE,)) == {}


async def test_it_is_told_what_begins_and_ends(receiver: Receiver, session: aiohttp.ClientSession) -> None:
    """It reminds by itself, and has no way to say the rest; a webhook is told all but who takes care."""
    channel = alertmanager((receiver,), session)
    kinds = NotificationKind
    assert [kind for kind in kinds if channel.tells(kind)] == [kinds.ALERT, kinds.UPDATE, kinds.RESOLVED]
    assert [kind for kind in kinds if not webhook(receiver, session).tells(kind)] == [kinds.ACKNOWLEDGED]


@pytest.mark.parametrize("kind", ["webhook", "alertmanager", "apprise"])
async def test_a_test_message_arrives(receiver: Receiver, kind: str) -> None:
    """`watcher test-channel` tells programs too that nothing has happened, by an alert that ends by itself."""
    settings: dict[str, values.ChannelSettings] = {
        "webhook": values.WebhookChannel(name="desk", url=Secret(receiver.url)),
        "alertmanager": values.AlertmanagerChannel(name="desk", peers=(receiver.url,)),
        "apprise": values.AppriseChannel(name="desk", urls=(Secret(f"json://{receiver.address}/"),)),
    }
    assert isinstance(await send_test(settings[kind], FakeClock(NOW)), Delivered)
    said = receiver.calls[0].said
    if kind == "apprise":
        assert said["title"] == "Test message from watcher: nothing has happened"
        return
    [alert] = said["alerts"] if kind == "webhook" else said
    assert alert["labels"] == {"alertname": "WatcherTest", "channel": "desk", "severity": "info"}
    assert datetime.fromisoformat(alert["endsAt"]) == NOW + timedelta(minutes=5)


# What apprise knows.


def apprise(*receivers: Receiver, timeout: float = 5, url: str = "json://{}/secret-part") -> AppriseChannel:
    urls = tuple(Secret(url.format(each.address)) for each in receivers)
    return AppriseChannel(values.AppriseChannel(name="many", urls=urls), timedelta(seconds=timeout))


async def test_apprise_tells_it_in_plain_text(receiver: Receiver) -> None:
    """Title and text as people read them, as bad as it is."""
    channel = apprise(receiver)
    assert await channel.send(MESSAGE) == Delivered()
    assert await channel.send(replace(MESSAGE, kind=NotificationKind.RESOLVED)) == Delivered()
    first, second = (call.said for call in receiver.calls)
    assert first["title"] == "@\u2060realDonaldTrump is not available on X"
    assert first["message"].splitlines() == [
        "A logged-out visitor no longer sees the profile.",
        "Visitors see (French): “Désolé, cette page n'existe pas”",
        "How sure: the page says so",
        "Profile: https://x.com/realDonaldTrump",
    ]
    assert (first["type"], second["type"]) == ("failure", "success")
    await channel.close()


EVIL = replace(
    MESSAGE,
    headline="@here is back",
    sentences=("@channel <!channel> was seen at 2 Nov 2017 23:00:41 UTC",),
    quote=Quote(
        text="**bold** [text](https://evil.example) <a href='//evil.example'>nasa.gov</a>",
        language=None,
        intro="Visitors see",
    ),
    facts=(("Handle", "<@U0123> _b_"),),
    links=(("Profile", "https://x.example/a_b"), ("Source", "https://x.example/](https://evil.example)")),
    timezone=ZoneInfo("Europe/Berlin"),
)


async def test_mattermost_is_told_nothing_that_acts(receiver: Receiver) -> None:
    """No name or quote pings, links or formats; our own links do. Sentences have the readers' time too."""
    channel = apprise(receiver, url="mmost://{}/3ccdd113474722377935511fc85d3dd4")
    assert await channel.send(EVIL) == Delivered()
    text = receiver.calls[0].said["text"]
    assert "23:00:41 UTC (3 Nov 00:00:41 CET)" in text
    assert re.findall(r"https?://\S+", text) == [
        "https://x.example/a_b",
        "https://x.example/]%28https://evil.example%29",
    ]
    assert not re.search(r"[@<][\w!@]|\]\(|[*~`]|\b_|_\b", text)
    await channel.close()


async def test_what_reads_html_is_given_it(receiver: Receiver) -> None:
    """No tag of a page's making, and the lines are lines."""
    channel = apprise(receiver, url="json://{}/?format=html")
    assert await channel.send(EVIL) == Delivered()
    text = receiver.calls[0].said["message"]
    assert set(re.findall(r"<[^>]*>", text)) == {"<br/>"}
    assert "&lt;" in text
    await channel.close()


async def test_one_way_that_failed_is_tried_alone(peers: tuple[Receiver, Receiver]) -> None:
    """With the status in the reason, and neither URL nor answer; also in no log."""
    channel = apprise(*peers)
    peers[1].script(Answer(status=403, body="secret-part"))
    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = heard.append  # type: ignore[assignment, method-assign]
    logging.getLogger().addHandler(handler)
    with capture_logs() as logs:
        outcome = await channel.send(MESSAGE)
    logging.getLogger().removeHandler(handler)
    assert outcome == RetryAfter(reason="client_error: 2-json 403", recipients=("2-json",))
    assert "secret-part" not in repr((outcome, channel, logs, heard))
    assert isinstance(await channel.send(replace(MESSAGE, recipients=("2-json",))), Delivered)
    assert [len(peer.received) for peer in peers] == [1, 2]
    assert isinstance(await channel.send(replace(MESSAGE, recipients=("9-gone",))), Delivered)
    await channel.close()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=429), "rate_limited: 1-json 429"),
        (Answer(status=500), "server_error: 1-json 500"),
        (DROP, "connect: 1-json was not told"),
    ],
)
async def test_apprise_is_tried_again(receiver: Receiver, answer: Answer, reason: str) -> None:
    """Whatever it is: who has a wrong URL can mend it."""
    channel = apprise(receiver)
    receiver.script(answer)
    assert await channel.send(MESSAGE) == RetryAfter(reason=reason)
    await channel.close()


async def test_what_hangs_has_one_thread(receiver: Receiver) -> None:
    """It keeps the loop from nothing, and no second one is begun before it has come back."""
    channel = apprise(receiver, timeout=0.2)
    receiver.script(HANG)
    assert await channel.send(MESSAGE) == RetryAfter(reason="timeout: 1-json")
    assert await channel.send(MESSAGE) == RetryAfter(reason="timeout: 1-json has not come back from an earlier message")
    assert len(receiver.received) == 1
    receiver.release()
    async with asyncio.timeout(5):
        while not isinstance(await channel.send(MESSAGE), Delivered):  # noqa: ASYNC110 - a thread
            await asyncio.sleep(0.01)
    await channel.close()


async def test_apprise_takes_anything(receiver: Receiver) -> None:
    """Whatever a page wrote, also much of it."""
    channel = apprise(receiver)
    assert await channel.send(HOSTILE) == Delivered()
    assert len(json.dumps(receiver.calls[0].said)) < 200_000
    empty = Message(
        headline="news", sentences=(), severity=MESSAGE.severity, kind=NotificationKind.CORRECTION, dedup_key="k"
    )
    assert await channel.send(empty) == Delivered()
    assert receiver.calls[1].said["type"] == "info"
    await channel.close()


async def test_a_url_that_apprise_does_not_know_is_given_up() -> None:
    """`watcher check` says so before; here nothing is shown of it."""
    channel = AppriseChannel(values.AppriseChannel(name="many", urls=(Secret("secret-part"),)))
    assert await channel.send(MESSAGE) == GaveUp(reason="client_error: 1-url is nothing that apprise knows")
    await channel.close()
