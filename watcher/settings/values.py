"""The settings of a run, as values: what `watcher.yaml` says, checked and with every default filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final

from watcher.model.digest import DigestPlan
from watcher.model.platform import Pace
from watcher.model.route import Route

WATCHLISTS: Final = ("watchlist.yaml",)  # where watcher.yaml names none


class Secret:
    """A value that must not be shown: its repr and str are `***`. `reveal()` at the one place that sends it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSettings:
    """The browser that renders pages: its `executable` (None: looked for), how many pages at once, how long for each.

    `sandbox` confines the processes that run the pages' scripts; there is none for root.
    """

    executable: Path | None = None
    renders: int = 2
    timeout: timedelta = timedelta(seconds=20)
    sandbox: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """How pages are asked for. `connect_to` sends a host's connections elsewhere (host → host, port).

    `max_body` in bytes; `connections` bounds what is in flight over all hosts. `contact` goes into the User-Agent.
    """

    timeout: timedelta = timedelta(seconds=10)
    max_body: int = 2_000_000
    connections: int = 200
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    connect_to: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    ca_file: Path | None = None
    contact: str | None = None
    browser: BrowserSettings = BrowserSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Where to listen, and by which Host names the server may be called beside that address.

    `token` is what a request must show that changes what is stored; None: none may.
    """

    host: str = "127.0.0.1"
    port: int = 11102
    allow_hosts: tuple[str, ...] = ()
    token: Secret | None = None


class Language(StrEnum):
    """The languages that there are texts in, by their ISO 639 codes."""

    ENGLISH = "en"
    FRENCH = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSettings:
    """What people read: in which language, and the folder of the operator's own templates, if there is one."""

    language: Language = Language.ENGLISH
    templates: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChannel:
    """Notifications as lines in the log."""

    name: str
    texts: TextSettings = TextSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackChannel:
    """A Slack incoming webhook."""

    name: str
    webhook_url: Secret
    texts: TextSettings = TextSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackBotChannel:
    """A channel of Slack, by the token of a bot: `channel` is its id or its name, `api_url` has no slash at its end."""

    name: str
    token: Secret
    channel: str
    api_url: str = "https://slack.com/api"
    texts: TextSettings = TextSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Whom to ping while watcher works, and whether to say at once that it does not (`fail`)."""

    url: Secret
    interval: timedelta = timedelta(minutes=1)
    fail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is stored is kept; None: for ever.

    Pages (`evidence`) and outages count from the end of the outage. With an outage go its transitions and annotations.
    """

    samples: timedelta | None = timedelta(days=30)
    deliveries: timedelta | None = timedelta(days=90)
    evidence: timedelta | None = timedelta(days=30)
    outages: timedelta | None = None


class Tls(StrEnum):
    """How the way to a mail server is encrypted: after the greeting, from the first byte on, or not at all."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An e-mail address, its domain in lower-case ASCII, and the name that is shown before it ("" for none)."""

    local: str
    domain: str
    name: str = ""

    @property
    def address(self) -> str:
        """The address alone."""
        return f"{self.local}@{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChannel:
    """Mail through one server. `username` and `password` are both given or both None."""

    name: str
    host: str
    port: int
    tls: Tls
    sender: Mailbox
    to: tuple[Mailbox, ...]
    username: str | None = None
    password: Secret | None = None
    ca_file: Path | None = None
    texts: TextSettings = TextSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChannel:
    """A webhook of the operator's. At most `max_alerts` go into one body (0: all). `headers` are by lower-case name.

    `external_url` is where people reach this program ("" for nowhere).
    """

    name: str
    url: Secret
    headers: Mapping[str, Secret] = field(default_factory=dict)
    hmac_secret: Secret | None = None
    max_alerts: int = 0
    external_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerChannel:
    """The peers of one Alertmanager, without a slash at the end. What lasts is repeated every `renew`.

    Either `token`, or `username` and `password`, or none of them.
    """

    name: str
    peers: tuple[str, ...]
    renew: timedelta = timedelta(minutes=1)
    username: str | None = None
    password: Secret | None = None
    token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseChannel:
    """Whatever the library apprise knows: each URL names a service, and holds its secrets."""

    name: str
    urls: tuple[Secret, ...]
    texts: TextSettings = TextSettings()


ChannelSettings = (
    LogChannel | SlackChannel | SlackBotChannel | EmailChannel | WebhookChannel | AlertmanagerChannel | AppriseChannel
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOverride:
    """What the operator changes of one source of a platform file. None leaves it."""

    enabled: bool | None = None
    robots_override: bool | None = None
    pace: Pace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOverride:
    """What the operator changes of one platform: its sources by name, and the credentials by name."""

    sources: Mapping[str, SourceOverride] = field(default_factory=dict)
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    pace: Pace | None = None
    robots_override: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run: what to watch, where state is kept, how to ask, whom to tell. Paths are absolute.

    Each of `watchlist` may hold wildcards in its last part. `fallback` is the channel by which people are told that the
    store fails: one of `channels`.
    """

    watchlist: tuple[Path, ...]
    state_dir: Path
    platform_dir: Path | None = None
    public_url: str | None = None
    probe: ProbeSettings = ProbeSettings()
    web: WebSettings = WebSettings()
    retention: Retention = Retention()
    channels: tuple[ChannelSettings, ...] = (LogChannel(name="log"),)
    routes: tuple[Route, ...] = (Route(name="default", channels=("log",)),)
    fallback: str = "log"
    digest: DigestPlan | None = None
    heartbeat: Heartbeat | None = None
    platforms: Mapping[str, PlatformOverride] = field(default_factory=dict)


def secrets_of(value: object) -> Iterator[str]:
    """Every secret in `value`, however deep, revealed: to be taken out of what others write."""
    if isinstance(value, Secret):
        yield value.reveal()
    elif is_dataclass(value):
        for each in fields(value):
            yield from secrets_of(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from secrets_of(held)
    elif isinstance(value, tuple):
        for held in value:
            yield from secrets_of(held)
