"""What every channel must keep: it says how it went, never raises what is expected, never shows its secret."""

import io
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import structlog
import trustme
from structlog.testing import capture_logs

from tests.fakes.clock import FakeClock
from tests.fakes.receiver import Receiver
from tests.fakes.slack import (
    DROP,
    ENDLESS,
    HANG,
    INVALID_BLOCKS,
    INVALID_TOKEN,
    NO_SERVICE,
    NOT_OK,
    OK,
    RATE_LIMITED,
    SERVER_ERROR,
    Answer,
    FakeSlack,
    rate_limited,
)
from tests.fakes.smtp import PASSWORD, USER, FakeMail, trust, vouched
from watcher.metrics import FAILURE_REASONS
from watcher.model.account import Severity
from watcher.model.notification import Delivered, GaveUp, Message, NotificationKind, Outcome, Quote, RetryAfter
from watcher.notify.channels.base import Channel
from watcher.notify.channels.build import build
from watcher.notify.channels.log import LogChannel as Lines
from watcher.notify.channels.slack import SlackWebhook
from watcher.settings.values import (
    AlertmanagerChannel,
    AppriseChannel,
    ChannelSettings,
    EmailChannel,
    LogChannel,
    Mailbox,
    Secret,
    SlackChannel,
    Tls,
    WebhookChannel,
)

MESSAGE = Message(
    headline="@realDonaldTrump is not available on X",
    sentences=("A logged-out visitor no longer sees the profile.",),
    severity=Severity.CRITICAL,
    kind=NotificationKind.ALERT,
    dedup_key="01ABC/slack/alert",
    facts=(("How sure", "the page says so"),),
    quote=Quote(text="Désolé, cette page n'existe pas", language="French", intro="Visitors see (French)"),
    links=(("Profile", "https://x.com/realDonaldTrump"),),
)
HOSTILE = Message(
    headline="<!channel> @everyone " + "🦆" * 5000,
    sentences=("*_~`<@U123>&" * 1000, ""),
    severity=Severity.INFO,
    kind=NotificationKind.RESOLVED,
    dedup_key="k" * 1000,
    facts=tuple((f"*{n}* <!here>", "`<!channel>`" * 500) for n in range(25)),
    quote=Quote(text="<!subteam^S1>" * 1000, language=None),
    links=tuple((f"|>{n}", f"https://example.com/<!channel>|{n}") for n in range(20)),
)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session as the app makes one."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A Slack that takes everything until it is scripted."""
    async with FakeSlack() as slack:
        yield slack


@pytest.fixture
async def mail() -> AsyncIterator[FakeMail]:
    """A mail server that wants TLS and a log-in."""
    async with FakeMail(tls=vouched(), users=True) as mail:
        yield mail


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A program that takes everything."""
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture(params=["log", "slack", "email", "webhook", "alertmanager", "apprise"])
def channel(
    request: pytest.FixtureRequest,
    slack: FakeSlack,
    mail: FakeMail,
    receiver: Receiver,
    session: aiohttp.ClientSession,
    tmp_path: Path,
) -> Channel:
    """Each channel, built from its settings."""
    settings: dict[str, ChannelSettings] = {
        "log": LogChannel(name="desk"),
        "slack": SlackChannel(name="desk", webhook_url=Secret(slack.url)),
        "webhook": WebhookChannel(name="desk", url=Secret(receiver.url)),
        "alertmanager": AlertmanagerChannel(name="desk", peers=(receiver.url,)),
        "apprise": AppriseChannel(name="desk", urls=(Secret(f"json://{receiver.address}/"),)),
        "email": EmailChannel(
            name="desk",
            host=mail.host,
            port=mail.port,
            tls=Tls.STARTTLS,
            sender=Mailbox(local="watcher", domain="newsroom.example", name="watcher"),
            to=(Mailbox(local="desk", domain="newsroom.example"),),
            username=USER,
            password=Secret(PASSWORD),
            ca_file=trust(tmp_path),
        ),
    }
    return build([settings[request.param]], session, FakeClock())["desk"]


@pytest.mark.parametrize("message", [MESSAGE, HOSTILE], ids=["plain", "hostile"])
async def test_takes_a_message(channel: Channel, message: Message) -> None:
    """A working channel delivers every message, whatever text is in it."""
    assert isinstance(await channel.send(message), Delivered)


async def test_knows_its_name_and_closes(channel: Channel) -> None:
    """A channel has the name from the settings, spans that make sense, and can be closed."""
    await channel.close()
    assert channel.name == "desk"
    assert channel.spacing >= timedelta(0)
    assert timedelta(0) < channel.timeout < timedelta(minutes=1)


def post_to(slack: FakeSlack, session: aiohttp.ClientSession) -> SlackWebhook:
    """The Slack channel, which soon loses patience."""
    return SlackWebhook("desk", Secret(slack.url), session, timeout=timedelta(seconds=1))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (OK, Delivered(answer="ok")),
        (NOT_OK, RetryAfter(reason="bad_answer: 200 an answer that is not Slack's")),
        (Answer(status=302, body="", headers={"Location": "/elsewhere"}), RetryAfter(reason="bad_answer: 302")),
        (RATE_LIMITED, RetryAfter(reason="rate_limited: 429 rate_limited")),
        (rate_limited(30), RetryAfter(reason="rate_limited: 429 rate_limited", wait=timedelta(seconds=30))),
        (rate_limited(999_999), RetryAfter(reason="rate_limited: 429 rate_limited", wait=timedelta(hours=1))),
        (rate_limited("Thu, 02 Nov 2017 23:00:00 GMT"), RetryAfter(reason="rate_limited: 429 rate_limited")),
        (SERVER_ERROR, RetryAfter(reason="server_error: 500 server_error")),
        (HANG, RetryAfter(reason="timeout")),
        (DROP, RetryAfter(reason="connect")),
        (ENDLESS, RetryAfter(reason="bad_answer: 200 an answer that is not Slack's")),
        (NO_SERVICE, GaveUp(reason="gone: 404 no_service")),
        (Answer(status=410, body="channel_is_archived"), GaveUp(reason="gone: 410 channel_is_archived")),
        (Answer(status=403, body="action_prohibited"), GaveUp(reason="gone: 403 action_prohibited")),
        (INVALID_TOKEN, GaveUp(reason="gone: 400 invalid_token")),
        (Answer(status=404, body="no_team\n"), GaveUp(reason="gone: 404 no_team")),
        (INVALID_BLOCKS, GaveUp(reason="client_error: 400 invalid_blocks")),
        *(
            (Answer(status=status, body=body), RetryAfter(reason=f"bad_answer: {status}"))
            for status in (400, 401, 403, 404, 407, 410)
            for body in ("<html><title>Blocked by policy</title></html>", "Not Found", "", "not_found")
        ),
    ],
    ids=lambda value: f"{value.status}-{value.body[:12]}" if isinstance(value, Answer) else "",
)
async def test_slack_says_whether_to_try_again(
    slack: FakeSlack, session: aiohttp.ClientSession, answer: Answer, outcome: Outcome
) -> None:
    """Each answer of Slack is taken, later (after the time it names) or never; a proxy's is never the last word."""
    slack.script(answer)
    got = await post_to(slack, session).send(MESSAGE)
    assert type(got) is type(outcome)
    if isinstance(outcome, Delivered):
        assert got == outcome
        return
    assert isinstance(got, RetryAfter | GaveUp)
    assert got.reason.startswith(outcome.reason)
    assert got.reason.partition(":")[0] in FAILURE_REASONS
    if isinstance(outcome, RetryAfter):
        assert isinstance(got, RetryAfter)
        assert got.wait == outcome.wait


async def test_a_dead_slack_is_tried_again(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """Nobody listening is a fault of the moment."""
    channel = post_to(slack, session)
    await slack.stop()
    outcome = await channel.send(MESSAGE)
    assert isinstance(outcome, RetryAfter)
    assert outcome.reason == "connect: ClientConnectorError"


async def test_a_certificate_that_is_not_trusted_is_tried_again(session: aiohttp.ClientSession) -> None:
    """A TLS fault may be a captive portal's: it ends no notification (though Python counts it as a ValueError)."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with FakeSlack(tls=tls) as slack:
        outcome = await post_to(slack, session).send(MESSAGE)
        assert outcome == RetryAfter(reason="connect: ClientConnectorCertificateError")
        assert slack.received == []


async def test_a_redirect_is_not_followed(slack: FakeSlack, session: aiohttp.ClientSession) -> None:
    """The message, and the secret in the URL, go to the address that was named and no further."""
    async with FakeSlack() as elsewhere:
        slack.script(Answer(status=307, body="", headers={"Location": elsewhere.url}))
        assert isinstance(await post_to(slack, session).send(MESSAGE), RetryAfter)
        assert elsewhere.received == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500, body="no route for /services/T0000/B0000/secret-part"),
        Answer(status=404, body="x" * 100_000 + "secret-part"),
        Answer(status=302, body="", headers={"Location": "/services/T0000/B0000/secret-part"}),
        DROP,
        HANG,
    ],
)
async def test_the_webhook_url_is_never_told(slack: FakeSlack, session: aiohttp.ClientSession, answer: Answer) -> None:
    """Neither the outcome, nor the channel's repr, nor a log line holds the secret, even if the answer quotes it."""
    slack.script(answer)
    channel = post_to(slack, session)
    with capture_logs() as logs:
        outcome = await channel.send(MESSAGE)
    assert not isinstance(outcome, Delivered)
    assert "secret-part" not in repr((outcome, channel, logs))
    assert len(repr(outcome)) < 200


@pytest.mark.parametrize("url", ["", "secret-part", "http://", "ftp://secret-part.example/", "http://[secret-part/"])
async def test_a_url_that_is_none_is_given_up(session: aiohttp.ClientSession, url: str) -> None:
    """A webhook URL that nothing can be posted to ends the notification, without showing it."""
    outcome = await SlackWebhook("desk", Secret(url), session).send(MESSAGE)
    assert isinstance(outcome, GaveUp)
    assert outcome.reason.startswith("client_error: ")
    assert "secret-part" not in outcome.reason


async def test_the_log_line_tells_it_all() -> None:
    """One line holds headline, sentence, quote, facts and links, and is as loud as the severity."""
    out = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[structlog.processors.add_log_level, structlog.processors.LogfmtRenderer()],
    )
    await Lines("log", logger).send(MESSAGE)
    [line] = out.getvalue().splitlines()
    facts = ("How sure: the page says so", "Désolé", "language=French", "x.com/")
    for part in (MESSAGE.headline, *MESSAGE.sentences, *facts):
        assert part in line
    assert "level=error" in line


@pytest.mark.parametrize(
    ("severity", "kind", "level"),
    [
        (Severity.CRITICAL, NotificationKind.ALERT, "error"),
        (Severity.WARNING, NotificationKind.UPDATE, "warning"),
        (Severity.INFO, NotificationKind.ALERT, "info"),
        (Severity.CRITICAL, NotificationKind.RESOLVED, "info"),
    ],
)
async def test_the_log_is_as_loud_as_the_news(severity: Severity, kind: NotificationKind, level: str) -> None:
    """Alerts are as loud as their severity; a recovery is information."""
    message = Message(headline="news", sentences=(), severity=severity, kind=kind, dedup_key="k")
    with capture_logs() as logs:
        await Lines("log", structlog.get_logger()).send(message)
    assert [(line["event"], line["log_level"]) for line in logs] == [("news", level)]
