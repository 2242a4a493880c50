"""A real SMTP server (aiosmtpd) with TLS and a log-in, that answers as it is told and keeps what it took."""

import asyncio
import email.policy
import ssl
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "watcher", "s3cret-passw0rd"
HANG, DROP = "hang", "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One mail that was accepted: the envelope, and the bytes as they came."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        """The mail, parsed strictly."""
        return parsed(self.content)


def parsed(content: bytes) -> EmailMessage:
    """A mail as a program of today reads it."""
    mail = BytesParser(policy=email.policy.default).parsebytes(content)
    assert isinstance(mail, EmailMessage)
    return mail


@cache
def authority() -> trustme.CA:
    """Who vouches for the servers of the tests."""
    return trustme.CA()


def trust(directory: Path, ca: trustme.CA | None = None) -> Path:
    """A PEM file of that authority."""
    directory.mkdir(exist_ok=True)
    path = directory / "ca.pem"
    (ca or authority()).cert_pem.write_to_path(path)
    return path


@cache
def vouched(name: str = "127.0.0.1") -> ssl.SSLContext:
    """The server side of TLS, with a certificate for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(name).configure_cert(context)
    return context


class FakeMail:
    """Use as an async context manager; takes every mail until it is told otherwise.

    `say` answers the next uses of a step (`MAIL`, `RCPT`, `RCPT someone@there`, `DATA`, or one of these after the step
    is done, with HANG or DROP): a reply such as "451 later", HANG or DROP. With `users` a log-in is wanted.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        users: bool = False,
        utf8: bool = True,
        mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN"),
    ) -> None:
        self.taken: list[Taken] = []
        self.log_ins: list[bool] = []
        self.greeted: list[str] = []
        self.mails_begun = asyncio.Event()
        self.port = 0
        self._tls, self._implicit, self._users, self._utf8 = tls, implicit, users, utf8
        self._unwanted = {"PLAIN", "LOGIN"} - set(mechanisms)
        self._script: dict[str, deque[str]] = defaultdict(deque)
        self._released = asyncio.Event()
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._talks: list[SMTP] = []

    def say(self, step: str, *answers: str) -> None:
        """Answer the next uses of `step` like this."""
        self._script[step].extend(answers)

    def say_no_more(self) -> None:
        """Take everything from now on."""
        self._script.clear()

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails that were accepted, in order."""
        return [taken.mail for taken in self.taken]

    async def until_taken(self, count: int) -> None:
        """Return once so many mails were accepted."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.taken) >= count)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._released.clear()
        tls = self._tls if self._implicit else None
        self._server = await loop.create_server(self._talk, self.host, self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Die: connections are refused from now on. Entering it again brings it back at the same port."""
        self._released.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        for talk in self._talks:
            if isinstance(talk.transport, asyncio.WriteTransport):
                with suppress(AttributeError):  # in Python 3.11.2 one over TLS that was closed twice is gone
                    talk.transport.abort()
        tasks = [talk._handler_coroutine for talk in self._talks if talk._handler_coroutine is not None]
        self._talks.clear()
        for task in tasks:
            task.cancel()  # one whose handshake failed would wait for ever
        await asyncio.gather(*tasks, return_exceptions=True)

    def _talk(self) -> SMTP:
        talk = SMTP(
            self,
            hostname="mail.newsroom.example",
            ident="fake",
            tls_context=None if self._implicit else self._tls,
            auth_require_tls=not self._implicit and self._tls is not None,
            auth_exclude_mechanism=self._unwanted,
            authenticator=self._authenticate,
            enable_SMTPUTF8=self._utf8,
            loop=asyncio.get_running_loop(),
        )
        self._talks.append(talk)
        return talk

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        self.log_ins.append(is_right)
        return AuthResult(success=is_right, handled=is_right)

    # What aiosmtpd calls, by the names that it wants.

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return [line for line in responses if self._users or not line.startswith("250-AUTH")]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._users and not session.authenticated:
            return "530 5.7.0 Authentication required"
        self.mails_begun.set()
        envelope.mail_from, envelope.mail_options = address, options
        return await self._answer(server, "MAIL") or "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        refusal = await self._answer(server, f"RCPT {address}") or await self._answer(server, "RCPT")
        if not refusal:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        refusal = await self._answer(server, "DATA")
        if refusal:
            return refusal
        assert isinstance(envelope.content, bytes)
        taken = Taken(sender=envelope.mail_from or "", recipients=tuple(envelope.rcpt_tos), content=envelope.content)
        async with self._news:
            self.taken.append(taken)
            self._news.notify_all()
        return await self._answer(server, "after DATA") or "250 2.0.0 Ok: queued as 4F2A"

    async def handle_QUIT(self, server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        return await self._answer(server, "QUIT") or "221 2.0.0 Bye"

    async def _answer(self, server: SMTP, step: str) -> str:
        script = self._script.get(step)
        answer = script.popleft() if script else ""
        if answer == HANG:
            await self._released.wait()
        if answer in (HANG, DROP):
            transport = server.transport
            assert isinstance(transport, asyncio.WriteTransport)
            transport.abort()
            raise ConnectionResetError
        if answer.startswith("421"):
            await server.push(answer)
            assert server.transport is not None
            server.transport.close()
            raise ConnectionResetError
        return answer
