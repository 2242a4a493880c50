"""E-mail through one server, by aiosmtplib: one connection a message, nothing kept open.

One transaction asks for all recipients, and the server answers for each (RFC 5321): 4xx is of the moment, 5xx for
good. Who took a message is never asked again for it. What reaches nobody (the connection, TLS or the log-in fails, the
sender, the message or every recipient is refused) is tried again whatever the code: it speaks of the way, an operator
can mend it, and a lost alert is worse than a try too many.
What the mail says is in `letter`. The password is a secret: what the server answers to it is not quoted.
"""

import asyncio
import re
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectResponseError,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from watcher.clock import Clock
from watcher.model.notification import Delivered, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.channels.letter import letter
from watcher.settings import values
from watcher.settings.values import Mailbox, Tls
from watcher.text import clean, cut

# Mail servers look names up, ask elsewhere and scan before they answer.
_TIMEOUT: Final = timedelta(seconds=30)
_FAREWELL_SECONDS: Final = 2
# Servers lock an account after some wrong passwords, and out whoever is refused again and again.
_REFUSED_WAIT: Final = timedelta(minutes=5)
_ANSWER_LENGTH: Final = 200
_FINAL: Final = range(500, 600)
_OF_THE_MOMENT: Final = range(400, 500)
# "Authentication required", "too weak", "invalid", "encryption required" (RFC 4954): said of the log-in, wherever.
_LOG_IN_CODES: Final = frozenset({530, 534, 535, 538})
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")
_STEPS: Final[dict[type[SMTPResponseException], str]] = {
    SMTPConnectResponseError: "the greeting",
    SMTPHeloError: "the greeting",
    SMTPAuthenticationError: "the log-in",
    SMTPSenderRefused: "the sender",
    SMTPDataError: "the message",
}
_NOT_TAKEN: Final = "553 5.6.7 the server takes no address beyond ASCII"


@dataclass(slots=True)
class _Replies:
    """What became of each address in one transaction; of the last two, with what the server said."""

    accepted: list[str] = field(default_factory=list)
    later: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class EmailChannel:
    """Mails each message to the addresses of its settings. `timeout` bounds a send, in real time."""

    def __init__(self, settings: values.EmailChannel, clock: Clock, timeout: timedelta = _TIMEOUT) -> None:
        self._settings = settings
        self._clock = clock
        self._timeout = timeout
        self._log = structlog.get_logger("watcher.notify")
        self._known_refused: set[str] = set()

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        return self._settings.name

    @property
    def spacing(self) -> timedelta:
        """None: a server that wants less says so."""
        return timedelta(0)

    @property
    def timeout(self) -> timedelta:
        """Half a minute, and a little for the farewell."""
        return self._timeout + timedelta(seconds=_FAREWELL_SECONDS)

    def tells(self, kind: NotificationKind) -> bool:
        """All but that somebody acknowledged: that is no new message's worth."""
        return kind is not NotificationKind.ACKNOWLEDGED

    async def send(self, message: Message) -> Outcome:
        """Mail `message` to those who do not have it; the outcome's reason begins with one of metrics.FAILURE_REASONS.

        What was sent when the connection broke may have arrived: it goes out again, under the same Message-ID.
        """
        boxes = self._asked(message)
        if not boxes:
            return Delivered(answer="those still to be reached are recipients no longer; the others have it")
        try:
            # Read anew for each message, so that authorities may be exchanged while running.
            context = await asyncio.to_thread(_tls_context, self._settings.ca_file)
        except OSError as error:
            return RetryAfter(reason=f"client_error: ca_file cannot be used: {_short(error.strerror or str(error))}")
        return await self._visit(self._client(context), message, boxes)

    async def _visit(self, client: SMTP, message: Message, boxes: tuple[Mailbox, ...]) -> Outcome:
        """One connection from its beginning to its end."""
        ended_well = False
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                await self._connect(client)
                outcome = await self._transact(client, message, boxes)
                ended_well = True
        except TimeoutError:
            outcome = RetryAfter(reason="timeout")
        except (SMTPException, OSError) as error:
            outcome = _failure(error)
        finally:
            await _leave(client, politely=ended_well)
        return outcome

    async def close(self) -> None:
        """Nothing to let go of: no connection outlives its message."""

    def _asked(self, message: Message) -> tuple[Mailbox, ...]:
        """Those of the settings who are to be reached: all, or who is left of an earlier try."""
        left = {address.lower() for address in message.recipients}
        return tuple(box for box in self._settings.to if not left or box.address.lower() in left)

    def _client(self, context: ssl.SSLContext) -> SMTP:
        return SMTP(
            hostname=self._settings.host,
            port=self._settings.port,
            use_tls=self._settings.tls is Tls.IMPLICIT,
            start_tls=False,  # done by hand, to tell a server that has none from one that fails
            tls_context=context,
            timeout=None,  # the whole is bounded
            # The sender's domain: this machine's own name may be a container's, which servers refuse.
            local_hostname=self._settings.sender.domain,
        )

    async def _connect(self, client: SMTP) -> None:
        await client.connect()
        await client.ehlo()
        if self._settings.tls is Tls.STARTTLS:
            if not client.supports_extension("starttls"):
                raise SMTPException("the server offers no STARTTLS, and nothing is sent in the clear")
            await client.starttls()
            await client.ehlo()
        if self._settings.username is not None and self._settings.password is not None:
            # One way only, not each in turn: three refusals a try would lock the account the sooner.
            ways = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}
            offered = next((way for name, way in ways.items() if name in client.server_auth_methods), None)
            if offered is None:
                raise SMTPException("the server offers no log-in by PLAIN, LOGIN or CRAM-MD5")
            await offered(self._settings.username, self._settings.password.reveal())

    async def _transact(self, client: SMTP, message: Message, boxes: Iterable[Mailbox]) -> Outcome:
        is_utf8 = client.supports_extension("smtputf8")
        shown = [box for box in self._settings.to if is_utf8 or box.local.isascii()]
        replies = _Replies(refused={box.address: _NOT_TAKEN for box in boxes if box not in shown})
        mail = letter(message, channel=self.name, sender=self._settings.sender, to=shown, at=self._clock.now())
        options = [f"SIZE={len(mail)}"] if client.supports_extension("size") else []
        if not all(box.local.isascii() for box in shown):
            options.append("SMTPUTF8")
        try:
            await client.mail(self._settings.sender.address, options=options)
        except SMTPSenderRefused as error:
            return _of_sender(error)
        for box in boxes:
            if box in shown:
                await _ask_for(client, box.address, replies)
        self._tell_refused(replies)
        answer = await _give(client, mail, replies) if replies.accepted else ""
        return _outcome(replies, answer, reached_before=bool(message.recipients))

    def _tell_refused(self, replies: _Replies) -> None:
        """Say once whom the server refuses for good, until it takes that address again."""
        for address, answer in replies.refused.items():
            if address not in self._known_refused:
                self._log.warning(
                    "a recipient was refused for good", channel=self.name, recipient=address, answer=answer
                )
        self._known_refused |= replies.refused.keys()
        self._known_refused -= set(replies.accepted)


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities and those of the file; names are verified. Raises OSError when it cannot be used."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


async def _ask_for(client: SMTP, address: str, replies: _Replies) -> None:
    try:
        await client.rcpt(address, encoding="ascii" if address.isascii() else "utf-8")
    except SMTPRecipientRefused as error:
        (replies.refused if _is_final(error) else replies.later)[address] = _said(error)
    else:
        replies.accepted.append(address)


async def _give(client: SMTP, mail: bytes, replies: _Replies) -> str:
    """Hand over the mail; what the server answered. If it does not take it, nobody has it."""
    try:
        return (await client.data(mail)).message
    except SMTPDataError as error:
        answer = _said(error)
        (replies.refused if _is_final(error) else replies.later).update(dict.fromkeys(replies.accepted, answer))
        replies.accepted.clear()
        return answer
    except (SMTPServerDisconnected, ConnectionError):
        raise SMTPServerDisconnected("lost while the message was sent; it may have arrived") from None


def _outcome(replies: _Replies, answer: str, *, reached_before: bool) -> Outcome:
    """What is to be done, by what became of each address. Somebody was reached now, or `reached_before`, or nobody."""
    some = bool(replies.accepted) or reached_before
    later, refused = _told("later", replies.later), _told("refused for good", replies.refused)
    if replies.later:
        reached = f"{len(replies.accepted)} reached" if replies.accepted else ""
        return RetryAfter(
            reason=f"server_error: {_joined(reached, later, refused)}", recipients=tuple(replies.later) if some else ()
        )
    if some:
        return Delivered(answer=_joined(_short(answer) if replies.accepted else "", refused))
    # An answer to the mail itself may be to this one alone: others are not kept waiting for it.
    wait = None if answer else _REFUSED_WAIT
    return RetryAfter(reason=f"client_error: {_told('refused', replies.refused)}", wait=wait)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _told(what: str, answers: Mapping[str, str]) -> str:
    return f"{what}: {', '.join(f'{address} ({answer})' for address, answer in answers.items())}" if answers else ""


def _of_sender(error: SMTPSenderRefused) -> RetryAfter:
    wait = _REFUSED_WAIT if error.code in _FINAL else None
    return RetryAfter(reason=f"{_label(error.code)}: the sender: {_said(error)}", wait=wait)


def _failure(error: Exception) -> RetryAfter:
    """Why there was no transaction, or none that came to an end."""
    cause = error.__cause__ if isinstance(error, SMTPException) and error.__cause__ is not None else error
    wait = None
    match cause:
        case ssl.SSLCertVerificationError():
            reason = f"connect: the certificate is not to be trusted: {cause.verify_message}"
        case ssl.SSLError():
            reason = f"connect: no TLS: {cause.reason or 'the handshake failed'}"
        case SMTPAuthenticationError():
            wait = _REFUSED_WAIT if cause.code in _FINAL else None
            reason = f"{_label(cause.code)}: the log-in: {_code(cause)}"
        case SMTPResponseException():
            step = _STEPS.get(type(cause))
            reason = f"{_label(cause.code)}: {f'{step}: {_said(cause)}' if step else _code(cause)}"
        case TimeoutError():
            reason = "timeout"
        case SMTPServerDisconnected():
            reason = f"connect: {cause.message}"
        case OSError():
            reason = f"connect: {cause.strerror or type(cause).__name__}"
        case _:
            reason = f"bad_answer: {cause}"
    return RetryAfter(reason=_short(reason), wait=wait)


def _is_final(error: SMTPResponseException) -> bool:
    return error.code in _FINAL and error.code not in _LOG_IN_CODES


def _label(code: int) -> str:
    return "server_error" if code in _OF_THE_MOMENT else "client_error" if code in _FINAL else "bad_answer"


def _said(error: SMTPResponseException) -> str:
    return _short(f"{error.code} {error.message}")


def _code(error: SMTPResponseException) -> str:
    """The codes alone: some servers quote in their answer what they were sent."""
    enhanced = _ENHANCED.match(error.message)
    return f"{error.code} {enhanced[0]}" if enhanced else str(error.code)


def _short(text: str) -> str:
    return cut(clean(text).strip(), _ANSWER_LENGTH)


async def _leave(client: SMTP, *, politely: bool) -> None:
    """Say goodbye if there is anybody to hear it, and let go of the connection whatever comes of that."""
    transport = client.transport
    try:
        if politely and client.is_connected:
            with suppress(SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    await client.quit()
    finally:
        client.close()
        if isinstance(transport, asyncio.WriteTransport):
            # A TLS connection that is merely closed waits for the other side.
            transport.abort()
