"""The kinds of channels: how each is set up against a receiver, and how it is read off what arrived.

A further kind that posts over HTTPS is one more `Posting`: its settings, its answers, and where its key is.
"""

import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bench.faults.server import NAME, Answer, Fault, Receiver, Request
from tests.fakes.smtp import DROP, FakeMail
from watcher.settings.values import (
    AlertmanagerChannel,
    ChannelSettings,
    EmailChannel,
    Mailbox,
    Secret,
    SlackBotChannel,
    SlackChannel,
    Tls,
    WebhookChannel,
)

CHANNEL = "tried"
FAULTS = tuple(fault for fault in Fault if fault is not Fault.NONE)


class Target(Protocol):
    """A receiver of any kind."""

    @property
    def port(self) -> int:
        """Where it is."""
        ...

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of what it took, in order, also of what it took without saying so."""
        ...

    async def fail(self, fault: Fault) -> None:
        """From now on fail like this."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The server's side of TLS, once vouched for and once by nobody known."""

    good: ssl.SSLContext
    bad: ssl.SSLContext


class Kind(Protocol):
    """One kind of channel."""

    @property
    def name(self) -> str:
        """As `kind:` has it."""
        ...

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Those that there are of it."""
        ...

    @property
    def gives_up(self) -> bool:
        """Whether it gives up what is refused for good; else that is tried again, as what speaks of the way."""
        ...

    def settings(self, host: str, port: int, ca_file: Path) -> ChannelSettings:
        """The channel CHANNEL that tells the receiver there."""
        ...

    def target(self, certificates: Certificates) -> AbstractAsyncContextManager[Target]:
        """A receiver."""
        ...


class _Posted(Receiver):
    def __init__(self, kind: "Posting", certificates: Certificates) -> None:
        super().__init__(kind.says, certificates.good, certificates.bad)
        self._kind = kind

    @property
    def keys(self) -> list[str]:
        """What it took."""
        found = (self._kind.key(request) for request in self.taken)
        return [key for key in found if key is not None]

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A kind that posts over HTTPS. `made` makes its settings of host and port, `key` is None of a mere question."""

    name: str
    made: Callable[[str, int], ChannelSettings]
    says: Mapping[Fault, Answer]
    key: Callable[[Request], str | None]
    gives_up: bool = True

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All, but for an error in a body where none is read."""
        return tuple(fault for fault in FAULTS if fault is not Fault.ERROR_BODY or fault in self.says)

    def settings(self, host: str, port: int, ca_file: Path) -> ChannelSettings:  # noqa: ARG002 - the session knows it
        """See Kind."""
        return self.made(host, port)

    def target(self, certificates: Certificates) -> AbstractAsyncContextManager[Target]:
        """See Kind."""
        return _Posted(self, certificates)


class _Mailed:
    """A mail server. A status is the reply of its kind."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._mail = FakeMail(tls=certificates.good)
        self._down = False

    @property
    def port(self) -> int:
        """Where it is."""
        return self._mail.port

    @property
    def keys(self) -> list[str]:
        """The Message-IDs."""
        return [str(mail["message-id"]) for mail in self._mail.mails]

    async def fail(self, fault: Fault) -> None:
        """One step fails, from now on."""
        self._mail._script.clear()  # noqa: SLF001 - what was said before is over
        tls = self._certificates.bad if fault is Fault.TLS else self._certificates.good
        self._mail._tls = tls  # noqa: SLF001 - as above
        if self._down:
            await self._mail.__aenter__()
            self._down = False
        replies = {
            Fault.RATE_LIMITED: ("MAIL", "450 4.7.1 too many"),
            Fault.RATE_LIMITED_FOR: ("MAIL", "450 4.7.1 too many, try again in 30 seconds"),
            Fault.SERVER_ERROR: ("DATA", "451 4.3.0 error in processing"),
            Fault.UNAVAILABLE: ("MAIL", "421 4.3.2 shutting down"),
            Fault.ERROR_BODY: ("DATA", "452 4.3.1 no space"),
            Fault.REFUSED_FOR_GOOD: ("RCPT", "550 5.1.1 no such user"),
            Fault.TIMEOUT: ("after DATA", "hang"),
            Fault.CUT: ("after DATA", DROP),
        }
        if fault is Fault.REFUSED:
            await self._mail.stop()
            self._down = True
        elif fault in replies:
            step, reply = replies[fault]
            self._mail.say(step, *[reply] * 100)

    async def __aenter__(self) -> Self:
        await self._mail.__aenter__()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._mail.stop()


class Mailing:
    """Mail over STARTTLS."""

    name = "email"
    faults = FAULTS
    gives_up = False

    def settings(self, host: str, port: int, ca_file: Path) -> ChannelSettings:
        """See Kind."""
        box = Mailbox(local="desk", domain="newsroom.example")
        return EmailChannel(
            name=CHANNEL, host=host, port=port, tls=Tls.STARTTLS, sender=box, to=(box,), ca_file=ca_file
        )

    def target(self, certificates: Certificates) -> AbstractAsyncContextManager[Target]:
        """See Kind."""
        return _Mailed(certificates)


SLACK = Posting(
    name="slack",
    made=lambda host, port: SlackChannel(name=CHANNEL, webhook_url=Secret(f"https://{host}:{port}/services/T/B/x")),
    says={
        Fault.NONE: Answer(body="ok"),
        Fault.ERROR_BODY: Answer(body="fatal_error"),
        Fault.REFUSED_FOR_GOOD: Answer(status=404, body="no_service"),
    },
    key=lambda request: str(json.loads(request.body)["blocks"][0]["block_id"]),
)
SLACK_BOT = Posting(
    name="slack_bot",
    made=lambda host, port: SlackBotChannel(
        name=CHANNEL, token=Secret("xoxb-1"), channel="C1", api_url=f"https://{host}:{port}/api"
    ),
    says={
        Fault.NONE: Answer(body='{"ok": true, "channel": "C1", "ts": "1.2"}'),
        Fault.ERROR_BODY: Answer(body='{"ok": false, "error": "internal_error"}'),
        Fault.REFUSED_FOR_GOOD: Answer(body='{"ok": false, "error": "token_revoked"}'),
    },
    key=lambda request: (
        str(json.loads(request.body)["metadata"]["event_payload"]["dedup_key"])
        if request.path.endswith("/chat.postMessage")
        else None
    ),
)
# Where any 2xx means that it was taken, there is no body that says otherwise.
WEBHOOK = Posting(
    name="webhook",
    made=lambda host, port: WebhookChannel(name=CHANNEL, url=Secret(f"https://{host}:{port}/hook")),
    says={Fault.NONE: Answer(), Fault.REFUSED_FOR_GOOD: Answer(status=410)},
    key=lambda request: request.headers["idempotency-key"],
)
# What Alertmanager knows an alert by is its labels.
ALERTMANAGER = Posting(
    name="alertmanager",
    made=lambda host, port: AlertmanagerChannel(name=CHANNEL, peers=(f"https://{host}:{port}",)),
    says={Fault.NONE: Answer(), Fault.REFUSED_FOR_GOOD: Answer(status=400, body="bad alert")},
    key=lambda request: json.dumps([alert["labels"] for alert in json.loads(request.body)], sort_keys=True),
)
KINDS: tuple[Kind, ...] = (SLACK, SLACK_BOT, WEBHOOK, ALERTMANAGER, Mailing())
__all__ = ["CHANNEL", "KINDS", "NAME", "Certificates", "Kind", "Mailing", "Posting", "Target"]
