"""The shape of what watcher.yaml says of alerting: channels by which people are told, and routes to them.

The kinds of values are those of all files, see `schema`.
"""

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainValidator
from pydantic import Field as Key

from watcher.model.finding import Reason
from watcher.settings import mailbox, programwords, routewords, scalars, slackwords, week
from watcher.settings.schema import (
    Days,
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
    Span,
    WebAddress,
    Zone,
    several,
)
from watcher.settings.values import Language, Mailbox, Secret, Tls

ReasonWord = Annotated[Reason, PlainValidator(routewords.reason)]
HeaderName = Annotated[str, PlainValidator(programwords.header_name)]
LanguageWord = Annotated[Language, PlainValidator(scalars.choice(Language))]
AccountId = Annotated[str, PlainValidator(scalars.account_id)]
Wait = Annotated[timedelta, PlainValidator(routewords.wait)]
Pace = Annotated[timedelta, PlainValidator(routewords.pace)]
RepeatSpan = Annotated[timedelta, PlainValidator(routewords.repeat)]


class LogChannelEntry(Entry):
    """Notifications as lines in the log."""

    kind: Literal["log"]
    name: Slug
    language: LanguageWord = Language.ENGLISH
    templates: FileName | None = None


class SlackChannelEntry(Entry):
    """A Slack incoming webhook; its URL is a secret."""

    kind: Literal["slack"]
    name: Slug
    webhook_url: Annotated[Secret, PlainValidator(scalars.webhook)] | None = None
    webhook_url_file: FileName | None = None
    language: LanguageWord = Language.ENGLISH
    templates: FileName | None = None


class SlackBotChannelEntry(Entry):
    """A channel of Slack, by a bot of yours; its token is a secret."""

    kind: Literal["slack_bot"]
    name: Slug
    channel: Annotated[str, PlainValidator(slackwords.channel)]
    token: Annotated[Secret, PlainValidator(slackwords.token)] | None = None
    token_file: FileName | None = None
    api_url: WebAddress = "https://slack.com/api"
    language: LanguageWord = Language.ENGLISH
    templates: FileName | None = None


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
    language: LanguageWord = Language.ENGLISH
    templates: FileName | None = None


class WebhookChannelEntry(Entry):
    """A webhook that is told as Alertmanager tells its receivers; its URL, headers and key are secrets."""

    kind: Literal["webhook"]
    name: Slug
    url: Annotated[Secret, PlainValidator(scalars.webhook)] | None = None
    url_file: FileName | None = None
    headers: dict[HeaderName, SecretLine] = {}
    hmac_secret: Annotated[Secret, PlainValidator(programwords.hmac_secret)] | None = None
    hmac_secret_file: FileName | None = None
    max_alerts: Annotated[int, PlainValidator(programwords.most)] = 0


class AlertmanagerChannelEntry(Entry):
    """An Alertmanager with all its peers; password and token are secrets."""

    kind: Literal["alertmanager"]
    name: Slug
    peers: Annotated[tuple[WebAddress, ...], BeforeValidator(several)]
    renew: Annotated[timedelta, PlainValidator(programwords.renew)] = timedelta(minutes=1)
    username: Line | None = None
    password: SecretLine | None = None
    password_file: FileName | None = None
    token: SecretLine | None = None
    token_file: FileName | None = None


class AppriseChannelEntry(Entry):
    """What the library apprise knows; its URLs are secrets."""

    kind: Literal["apprise"]
    name: Slug
    urls: Annotated[tuple[SecretLine, ...], BeforeValidator(several)] | None = None
    urls_file: FileName | None = None
    language: LanguageWord = Language.ENGLISH
    templates: FileName | None = None


TextChannelEntry = LogChannelEntry | SlackChannelEntry | SlackBotChannelEntry | EmailChannelEntry | AppriseChannelEntry
"""Channels whose readers are people."""

ChannelEntry = Annotated[
    LogChannelEntry
    | SlackChannelEntry
    | SlackBotChannelEntry
    | EmailChannelEntry
    | WebhookChannelEntry
    | AlertmanagerChannelEntry
    | AppriseChannelEntry,
    Key(discriminator="kind"),
]


class MatchEntry(Entry):
    """What an outage must be about; every key that is given must match."""

    severity: Annotated[tuple[SeverityWord, ...], BeforeValidator(several)] = ()
    platform: Slugs = ()
    owner: Slugs = ()
    reason: Annotated[tuple[ReasonWord, ...], BeforeValidator(several)] = ()
    account: Annotated[tuple[AccountId, ...], BeforeValidator(several)] = ()
    labels: dict[Slug, Label] = {}


class HoursEntry(Entry):
    """A time of the week."""

    days: Days | None = None
    hours: Annotated[tuple[time, time], PlainValidator(week.hours)] | None = None


class RouteEntry(Entry):
    """Who is told of what. What a route inside of another does not say is as in that one."""

    name: Slug
    channels: Slugs | None = None
    match: MatchEntry = MatchEntry()
    timezone: Zone | None = None
    group_by: Slugs | None = None
    group_wait: Wait | None = None
    group_interval: Pace | None = None
    repeat_interval: RepeatSpan | None = None
    mute: list[HoursEntry] | None = None
    active: list[HoursEntry] | None = None
    proceed: Flag = Key(default=False, alias="continue")
    routes: list["RouteEntry"] | None = None


class HeartbeatEntry(Entry):
    """Whom to ping while watcher works; the URL is a secret."""

    url: Annotated[Secret, PlainValidator(scalars.webhook)] | None = None
    url_file: FileName | None = None
    interval: Span = timedelta(minutes=1)
    fail: Flag = False


class DigestEntry(Entry):
    """What is told once a day."""

    at: Annotated[time, PlainValidator(week.clock)]
    channels: Slugs
    timezone: Zone | None = None
    days: Days | None = None
