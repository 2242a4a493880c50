"""E-mail against a real SMTP server with TLS and a log-in: who has it now, who later, who never, and what is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs

from tests.fakes.clock import FakeClock
from tests.fakes.smtp import DROP, HANG, PASSWORD, USER, FakeMail, authority, trust, vouched
from watcher.metrics import FAILURE_REASONS
from watcher.model.account import Severity
from watcher.model.notification import Delivered, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.channels.email import EmailChannel
from watcher.settings import values
from watcher.settings.values import Mailbox, Secret, Tls

A, B = "a@newsroom.example", "b@newsroom.example"
LATER = "451 4.7.1 Greylisted, try again"
NEVER = "550 5.1.1 User unknown"
REFUSED = timedelta(minutes=5)
MESSAGE = Message(
    headline="@realDonaldTrump is not available on X",
    sentences=("A logged-out visitor no longer sees the profile.",),
    severity=Severity.CRITICAL,
    kind=NotificationKind.ALERT,
    dedup_key="01ABC/desk/alert",
    incident_id="01ABC",
    subject="@realDonaldTrump (X) unavailable",
)
EVENING = datetime(2017, 11, 2, 23, 1, tzinfo=UTC)
Make = Callable[..., EmailChannel]


def boxes(*addresses: str) -> tuple[Mailbox, ...]:
    """The addresses as the settings have them."""
    return tuple(Mailbox(local=local, domain=domain) for local, _, domain in (a.partition("@") for a in addresses))


@pytest.fixture
async def server() -> AsyncIterator[FakeMail]:
    """A mail server of today: STARTTLS with a good certificate, and a log-in."""
    async with FakeMail(tls=vouched(), users=True) as server:
        yield server


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A channel to a server, quick to lose patience; other settings by name."""

    def made(server: FakeMail, *, timeout: float = 10, **changes: Any) -> EmailChannel:
        settings = values.EmailChannel(
            name="desk",
            host=server.host,
            port=server.port,
            tls=Tls.STARTTLS,
            sender=Mailbox(local="watcher", domain="newsroom.example", name="watcher"),
            to=boxes(A, B),
            username=USER,
            password=Secret(PASSWORD),
            ca_file=trust(tmp_path),
        )
        return EmailChannel(replace(settings, **changes), FakeClock(EVENING), timedelta(seconds=timeout))

    return made


def reason_of(outcome: Outcome) -> str:
    """Why it failed; it must have, and in words that the metrics know."""
    assert isinstance(outcome, RetryAfter)
    assert outcome.reason.partition(":")[0] in FAILURE_REASONS
    return outcome.reason


async def test_one_mail_reaches_everybody(server: FakeMail, make: Make) -> None:
    """One transaction, with TLS and a log-in, dated by the program's clock; the queue's answer is told."""
    outcome = await make(server).send(MESSAGE)
    assert outcome == Delivered(answer="2.0.0 Ok: queued as 4F2A")
    [taken] = server.taken
    assert (taken.sender, taken.recipients) == ("watcher@newsroom.example", (A, B))
    assert server.log_ins == [True]
    assert server.greeted == ["newsroom.example"] * 2
    assert taken.mail["to"] == f"{A}, {B}"
    assert taken.mail["date"].datetime == EVENING


async def test_implicit_tls(make: Make) -> None:
    """TLS from the first byte on."""
    async with FakeMail(tls=vouched(), implicit=True, users=True) as server:
        assert isinstance(await make(server, tls=Tls.IMPLICIT).send(MESSAGE), Delivered)
        assert server.log_ins == [True]
        assert len(server.taken) == 1


async def test_in_the_clear_without_a_log_in(make: Make) -> None:
    """A relay on the same machine, if that is what the settings say."""
    async with FakeMail() as server:
        channel = make(server, tls=Tls.NONE, username=None, password=None)
        assert isinstance(await channel.send(MESSAGE), Delivered)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_each_way_to_log_in(make: Make, mechanism: str) -> None:
    """Whichever the server offers."""
    async with FakeMail(tls=vouched(), users=True, mechanisms=(mechanism,)) as server:
        assert isinstance(await make(server).send(MESSAGE), Delivered)
        assert server.log_ins == [True]


async def test_a_server_that_knows_no_log_in(make: Make) -> None:
    """Told apart from a wrong password, and tried again."""
    async with FakeMail(tls=vouched()) as server:
        outcome = await make(server).send(MESSAGE)
        assert outcome == RetryAfter(reason="bad_answer: the server offers no log-in by PLAIN, LOGIN or CRAM-MD5")


async def test_without_starttls_nothing_is_sent(make: Make) -> None:
    """Neither the message nor the password leaves when the server offers no encryption."""
    async with FakeMail(users=True) as server:
        outcome = await make(server).send(MESSAGE)
        assert reason_of(outcome) == "bad_answer: the server offers no STARTTLS, and nothing is sent in the clear"
        assert isinstance(outcome, RetryAfter)
        assert (server.log_ins, server.taken) == ([], [])


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("fault", ["another name", "another authority", "the system's authorities"])
async def test_a_certificate_that_is_not_trusted(make: Make, tmp_path: Path, *, implicit: bool, fault: str) -> None:
    """The name and the authority are verified; what fails may be a captive portal's, so that it is tried again."""
    changes: dict[str, Any] = {"tls": Tls.IMPLICIT if implicit else Tls.STARTTLS}
    if fault == "another authority":
        (tmp_path / "other").mkdir()
        changes["ca_file"] = trust(tmp_path / "other", trustme.CA())
    if fault == "the system's authorities":
        changes["ca_file"] = None
    tls = vouched("mail.elsewhere.example" if fault == "another name" else "127.0.0.1")
    async with FakeMail(tls=tls, implicit=implicit, users=True) as server:
        outcome = await make(server, **changes).send(MESSAGE)
        assert reason_of(outcome).startswith("connect: the certificate is not to be trusted: ")
        assert isinstance(outcome, RetryAfter)
        assert (server.log_ins, server.taken) == ([], [])


async def test_authorities_are_read_anew(server: FakeMail, make: Make, tmp_path: Path) -> None:
    """A file that was spoilt since the settings were read is named, and once it is mended the mail goes out."""
    ca_file = tmp_path / "authorities.pem"
    channel = make(server, ca_file=ca_file)
    assert await channel.send(MESSAGE) == RetryAfter(
        reason="client_error: ca_file cannot be used: No such file or directory"
    )
    ca_file.write_text("x")
    assert reason_of(await channel.send(MESSAGE)).startswith("client_error: ca_file cannot be used: [X509: ")
    authority().cert_pem.write_to_path(ca_file)
    assert isinstance(await channel.send(MESSAGE), Delivered)


async def test_one_later_and_one_now(server: FakeMail, make: Make) -> None:
    """Who took it is not asked again; who was put off is, with the same Message-ID and both in the To header."""
    server.say(f"RCPT {B}", LATER)
    channel = make(server)
    outcome = await channel.send(MESSAGE)
    assert outcome == RetryAfter(reason=f"server_error: 1 reached; later: {B} ({LATER})", recipients=(B,))
    assert isinstance(await channel.send(replace(MESSAGE, recipients=(B,))), Delivered)
    assert [taken.recipients for taken in server.taken] == [(A,), (B,)]
    first, second = server.mails
    assert first["message-id"] == second["message-id"]
    assert first["to"] == second["to"]


async def test_one_never_and_one_now(server: FakeMail, make: Make) -> None:
    """Delivered, and the answer and one warning name who was refused for good; until the address is taken again."""
    server.say(f"RCPT {B}", NEVER, NEVER, "", NEVER)
    channel = make(server)
    with capture_logs() as logs:
        for _ in range(2):
            outcome = await channel.send(MESSAGE)
            assert isinstance(outcome, Delivered)
            assert outcome.answer == f"2.0.0 Ok: queued as 4F2A; refused for good: {B} ({NEVER})"
        await channel.send(MESSAGE)
        await channel.send(MESSAGE)
    refusals = [line for line in logs if "recipient" in line]
    assert [(line["log_level"], line["recipient"], line["answer"]) for line in refusals] == 2 * [("warning", B, NEVER)]


async def test_one_never_and_one_later(server: FakeMail, make: Make) -> None:
    """Nobody was reached: all are asked again, so that the row says truly whether somebody was."""
    server.say(f"RCPT {A}", LATER)
    server.say(f"RCPT {B}", NEVER)
    outcome = await make(server).send(MESSAGE)
    assert reason_of(outcome) == f"server_error: later: {A} ({LATER}); refused for good: {B} ({NEVER})"
    assert isinstance(outcome, RetryAfter)
    assert (outcome.recipients, server.taken) == ((), [])


async def test_all_later(server: FakeMail, make: Make) -> None:
    """Nobody was reached; nothing is sent."""
    server.say("RCPT", LATER, LATER)
    outcome = await make(server).send(MESSAGE)
    assert isinstance(outcome, RetryAfter)
    assert (outcome.recipients, server.taken) == ((), [])


async def test_all_never(server: FakeMail, make: Make) -> None:
    """It speaks of the way, which somebody can mend: tried again in a while."""
    server.say("RCPT", NEVER, NEVER)
    outcome = await make(server).send(MESSAGE)
    assert outcome == RetryAfter(reason=f"client_error: refused: {A} ({NEVER}), {B} ({NEVER})", wait=REFUSED)


async def test_the_last_ones_left_are_refused(server: FakeMail, make: Make) -> None:
    """Where others were reached before, it was delivered, and the answer says to whom not."""
    server.say(f"RCPT {B}", NEVER)
    outcome = await make(server).send(replace(MESSAGE, recipients=(B,)))
    assert outcome == Delivered(answer=f"refused for good: {B} ({NEVER})")


async def test_those_left_are_no_recipients_any_more(server: FakeMail, make: Make) -> None:
    """Whom the operator took out meanwhile is not mailed; the others have it already."""
    outcome = await make(server).send(replace(MESSAGE, recipients=("gone@newsroom.example",)))
    assert isinstance(outcome, Delivered)
    assert server.taken == []


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("MAIL", "451 4.3.0 no", RetryAfter(reason="server_error: the sender: 451 4.3.0 no")),
        ("MAIL", "421 4.3.2 closing", RetryAfter(reason="server_error: the sender: 421 4.3.2 closing")),
        ("MAIL", "550 5.4.5 quota", RetryAfter(reason="client_error: the sender: 550 5.4.5 quota", wait=REFUSED)),
        ("MAIL", "530 5.7.0 who?", RetryAfter(reason="client_error: the sender: 530 5.7.0 who?", wait=REFUSED)),
        ("MAIL", DROP, RetryAfter(reason="connect: ")),
        ("RCPT", "421 4.3.2 closing", RetryAfter(reason="connect: Server not connected")),
        ("RCPT", DROP, RetryAfter(reason="connect: ")),
        ("DATA", "452 4.3.1 full", RetryAfter(reason=f"server_error: later: {A} (452 4.3.1 full), {B} (452")),
        ("DATA", "554 5.7.1 spam", RetryAfter(reason=f"client_error: refused: {A} (554 5.7.1 spam), {B} (554")),
        ("DATA", DROP, RetryAfter(reason="connect: lost while the message was sent; it may have arrived")),
        ("MAIL", "what?", RetryAfter(reason="bad_answer: -1")),
    ],
)
async def test_each_failure_on_the_way(
    server: FakeMail, make: Make, step: str, answer: str, expected: RetryAfter
) -> None:
    """All is tried again; what may be said of one mail alone keeps no other waiting."""
    server.say(step, answer)
    outcome = await make(server).send(MESSAGE)
    assert reason_of(outcome).startswith(expected.reason)
    assert isinstance(outcome, RetryAfter)
    assert (outcome.wait, outcome.recipients, server.taken) == (expected.wait, (), [])


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
async def test_a_server_that_hangs(server: FakeMail, make: Make, step: str) -> None:
    """The whole send has a limit, and the connection is let go of at once."""
    server.say(step, HANG)
    outcome = await make(server, timeout=0.3).send(MESSAGE)
    assert outcome == RetryAfter(reason="timeout")
    assert server.taken == []


async def test_lost_after_the_message(server: FakeMail, make: Make) -> None:
    """Whether it arrived is not known: it goes out again under the same Message-ID, by which programs know it."""
    server.say("after DATA", DROP)
    channel = make(server)
    outcome = await channel.send(MESSAGE)
    assert outcome == RetryAfter(reason="connect: lost while the message was sent; it may have arrived")
    assert isinstance(await channel.send(MESSAGE), Delivered)
    first, second = server.mails
    assert first["message-id"] == second["message-id"]


@pytest.mark.parametrize("answer", [HANG, DROP, "500 what?"])
async def test_a_farewell_that_fails_changes_nothing(
    server: FakeMail, make: Make, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """What was accepted is delivered, however the server ends the talk."""
    monkeypatch.setattr("watcher.notify.channels.email._FAREWELL_SECONDS", 0.1)
    server.say("QUIT", answer)
    assert isinstance(await make(server).send(MESSAGE), Delivered)


async def test_a_wrong_password(server: FakeMail, make: Make) -> None:
    """Tried again in a while, since an operator can mend it; once a try, since servers lock accounts."""
    outcome = await make(server, password=Secret("wr0ng-s3cret")).send(MESSAGE)
    assert outcome == RetryAfter(reason="client_error: the log-in: 535 5.7.8", wait=REFUSED)
    assert (server.log_ins, server.taken) == ([False], [])


async def test_a_server_that_is_down(server: FakeMail, make: Make) -> None:
    """Nobody listening is a fault of the moment."""
    await server.stop()
    outcome = await make(server).send(MESSAGE)
    assert isinstance(outcome, RetryAfter)
    assert reason_of(outcome).startswith("connect: ")


@asynccontextmanager
async def answering(*lines: bytes) -> AsyncIterator[FakeMail]:
    """A server that says these lines, one for each that it is sent, and then nothing more."""
    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            for line in lines:
                writer.write(line)
                await writer.drain()
                await reader.readline()
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.create_task(talk(reader, writer)))

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        where = FakeMail()
        where.port = server.sockets[0].getsockname()[1]
        yield where
    await asyncio.gather(*talks)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([b"554 5.7.1 No service for you\r\n"], "client_error: the greeting: 554 5.7.1 No service for you"),
        ([b"421 too busy\r\n"], "server_error: the greeting: 421 too busy"),
        ([b"<html>Please log in</html>\r\n"], "bad_answer: -1"),
        ([b"220 hello\r\n", b"550 never heard of you\r\n"], "client_error: the greeting: 550 never heard of you"),
        ([b"220 hello\r\n", b"250-x\r\n250 STARTTLS\r\n", b"454 4.7.0 no TLS now\r\n"], "server_error: 454 4.7.0"),
        ([b"220 hello\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n"], "connect: "),
        ([b"220 hello\r\n"], "connect: "),
    ],
)
async def test_what_is_no_mail_server_of_today(make: Make, lines: list[bytes], reason: str) -> None:
    """Before a recipient is named, every failure is tried again: an operator can mend it."""
    async with answering(*lines) as server:
        outcome = await make(server).send(MESSAGE)
    assert isinstance(outcome, RetryAfter)
    assert reason_of(outcome).startswith(reason)


async def test_an_answer_that_quotes_the_password(make: Make) -> None:
    """Some servers repeat what they were sent: of the log-in only the codes are told."""
    echo = b"500 5.5.1 Unknown: AUTH PLAIN " + PASSWORD.encode() + b"\r\n"
    async with answering(b"220 hello\r\n", b"250-x\r\n250 AUTH PLAIN\r\n", echo) as server:
        channel = make(server, tls=Tls.NONE)
        with capture_logs() as logs:
            outcome = await channel.send(MESSAGE)
    assert reason_of(outcome) == "client_error: the log-in: 500 5.5.1"
    assert PASSWORD not in repr((outcome, channel, logs, channel._settings))


async def test_addresses_beyond_ascii(make: Make) -> None:
    """With a server that takes them they are mailed; one that does not is as one that refuses them, and them alone."""
    to = (*boxes(A), Mailbox(local="jürgen", domain="xn--bcher-kva.example"))
    async with FakeMail(tls=vouched(), users=True) as server:
        assert isinstance(await make(server, to=to).send(MESSAGE), Delivered)
        assert server.taken[0].recipients == (A, "jürgen@xn--bcher-kva.example")
        assert "jürgen@xn--bcher-kva.example" in server.taken[0].content.decode()
    async with FakeMail(tls=vouched(), users=True, utf8=False) as server:
        outcome = await make(server, to=to).send(MESSAGE)
        assert isinstance(outcome, Delivered)
        assert "refused for good: jürgen@xn--bcher-kva.example (553 5.6.7" in outcome.answer
        assert server.taken[0].recipients == (A,)
        assert server.mails[0]["to"] == A


async def test_cancelled_it_lets_go(server: FakeMail, make: Make) -> None:
    """A shutdown leaves no connection behind."""
    server.say("MAIL", HANG)
    sending = asyncio.create_task(make(server).send(MESSAGE))
    await server.mails_begun.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
