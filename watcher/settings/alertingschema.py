"""The shape of what watcher.yaml says of alerting: channels by which people are told, and routes to them.

The kinds of values are those of all files, see `schema`.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainValidator
from pydantic import Field as Key

from watcher.settings import mailbox, scalars
from watcher.settings.schema import (
    Entry,
    FileName,
    Flag,
    Label,
    Line,
    MailAddress,
    SecretLine,
    SeverityWord,
    Slug,
    Slugs,
    Zone,
    several,
)
from watcher.settings.values import Mailbox, Secret, Tls


class LogChannelEntry(Entry):
    """Notifications as lines in the log."""

    kind: Literal["log"]
    name: Slug


class SlackChannelEntry(Entry):
    """A Slack incoming webhook; its URL is a secret."""

    kind: Literal["slack"]
    name: Slug
    webhook_url: Annotated[Secret, PlainValidator(scalars.webhook)] | None = None
    webhook_url_file: FileName | None = None


class EmailChannelEntry(Entry):
    """Mail through one server; the password is a secret."""

    kind: Literal["email"]
    name: Slug
    host: Annotated[str, PlainValidator(scalars.server)]
    port: Annotated[int, PlainValidator(scalars.port)] | None = None
    tls: Annotated[Tls, PlainValidator(scalars.choice(Tls))] = Tls.STARTTLS
    username: Line | None = None
    password: SecretLine | None = None
    password_file: FileName | None = None
    sender: Annotated[Mailbox, PlainValidator(mailbox.sender)] = Key(alias="from")
    to: Annotated[tuple[MailAddress, ...], BeforeValidator(several)]
    ca_file: FileName | None = None


ChannelEntry = Annotated[LogChannelEntry | SlackChannelEntry | EmailChannelEntry, Key(discriminator="kind")]


class MatchEntry(Entry):
    """What an outage must be about; every key that is given must match."""

    severity: Annotated[tuple[SeverityWord, ...], BeforeValidator(several)] = ()
    platform: Slugs = ()
    owner: Slugs = ()
    labels: dict[Slug, Label] = {}


class RouteEntry(Entry):
    """Who is told of what."""

    name: Slug
    channels: Slugs
    match: MatchEntry = MatchEntry()
    timezone: Zone | None = None
    proceed: Flag = Key(default=False, alias="continue")
