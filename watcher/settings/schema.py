"""The shape of watcher.yaml and the watchlist: which keys there are, what each may say, and its default.

The kinds of values are those of all files; platform files are in `platformschema`. One model a mapping. What needs
more than the mapping itself (another key, another file, the environment) is checked where the values are made of it:
watchlistfile, settingsfile, platformfile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from functools import lru_cache, wraps
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainValidator

from watcher.model.account import Policy, Severity
from watcher.model.platform import (
    DEFAULT_PACE,
    ControlHandles,
    Field,
)
from watcher.settings import mailbox, scalars, week
from watcher.settings.values import BrowserSettings, Mailbox, ProbeSettings, Retention, Secret, WebSettings

_POLICY, _PROBE, _WEB, _CONTROLS = Policy(), ProbeSettings(), WebSettings(), ControlHandles()
_RETENTION, _BROWSER = Retention(), BrowserSettings()
_T = TypeVar("_T")
_REMEMBERED: Final = 4096


class RobotsAnswer(StrEnum):
    """What the operator makes of a host's robots.txt."""

    OVERRIDE = "override"


def _once(read: Callable[[object], _T]) -> PlainValidator:
    """A reader of what is written again and again: the same text is read once, and makes one value for all."""
    remembered = lru_cache(_REMEMBERED)(read)

    @wraps(read)
    def once(value: object) -> _T:
        return remembered(value) if isinstance(value, str) else read(value)

    return PlainValidator(once)


Line = Annotated[str, PlainValidator(scalars.line)]
Text = Annotated[str, PlainValidator(scalars.text)]
Paragraph = Annotated[str, PlainValidator(scalars.paragraph)]
Pattern = Annotated[str, PlainValidator(scalars.pattern)]
Slug = Annotated[str, _once(scalars.slug)]
Label = Annotated[str, _once(scalars.label)]
Span = Annotated[timedelta, _once(scalars.span)]
Keep = Annotated[timedelta | None, PlainValidator(scalars.keep)]
KeepLong = Annotated[timedelta | None, PlainValidator(scalars.keep_long)]
Count = Annotated[int, _once(scalars.count)]
Size = Annotated[int, PlainValidator(scalars.size)]
Flag = Annotated[bool, PlainValidator(scalars.flag)]
SecretLine = Annotated[Secret, PlainValidator(scalars.secret)]
FileName = Annotated[str, PlainValidator(scalars.file_name)]
Host = Annotated[str, PlainValidator(scalars.host)]
Address = Annotated[tuple[str, int], PlainValidator(scalars.address)]
WebAddress = Annotated[str, PlainValidator(scalars.web_address)]
MailAddress = Annotated[Mailbox, PlainValidator(mailbox.address)]
SeverityWord = Annotated[Severity, _once(scalars.choice(Severity))]
Zone = Annotated[ZoneInfo, PlainValidator(scalars.timezone), BeforeValidator(scalars.line)]
AnswerField = Annotated[Field, PlainValidator(scalars.answer_field)]
AnswerList = Annotated[str, PlainValidator(scalars.answer_list)]


def several(value: object) -> object:
    """A list; one text stands for a list of it."""
    return [value] if isinstance(value, str) else value


def _by_instance(value: object) -> object:
    return {"*": value} if isinstance(value, str | list) else value


@dataclass(frozen=True, slots=True)
class Under:
    """A mapping may be written as the text of its main key."""

    key: str

    def __call__(self, value: object) -> object:
        """The mapping."""
        return {self.key: value} if isinstance(value, str) else value


Lines = Annotated[tuple[Line, ...], BeforeValidator(several)]
FileNames = Annotated[tuple[FileName, ...], BeforeValidator(several)]
Slugs = Annotated[tuple[Slug, ...], BeforeValidator(several)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(several)]
Days = Annotated[
    tuple[Annotated[frozenset[int], PlainValidator(week.days)], ...],
    BeforeValidator(several),
    AfterValidator(week.some),
]
Matches = dict[AnswerField, Patterns]
ByInstance = Annotated[dict[Line, Lines], BeforeValidator(_by_instance)]


class Entry(BaseModel):
    """A mapping of a configuration file: no other keys than these, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


# --- watchlist.yaml


class RepeatEntry(Entry):
    """How many agreeing findings it takes, and how far apart they are counted."""

    threshold: Count | None = None
    interval: Span | None = None


class WindowEntry(Entry):
    """A time of the week with an interval of its own."""

    days: Days | None = None
    hours: Annotated[tuple[time, time], PlainValidator(week.hours)] | None = None
    interval: Span


class DefaultsEntry(Entry):
    """What holds for every account that does not say otherwise."""

    interval: Span = _POLICY.interval
    windows: list[WindowEntry] = []
    timezone: Zone = ZoneInfo("UTC")
    severity: SeverityWord = Severity.WARNING
    confirm: RepeatEntry = RepeatEntry.model_construct(
        threshold=_POLICY.confirm.threshold, interval=_POLICY.confirm.interval
    )
    recover: RepeatEntry = RepeatEntry.model_construct(
        threshold=_POLICY.recover.threshold, interval=_POLICY.recover.interval
    )
    labels: dict[Slug, Label] = {}


class OwnerEntry(Entry):
    """The person or body behind several accounts."""

    name: Line


class AccountControlsEntry(Entry):
    """Handles to compare this account with."""

    present: Lines


class AccountEntry(Entry):
    """One account to watch: by `url`, or by `platform` and `handle`."""

    url: Line | None = None
    platform: Slug | None = None
    handle: Line | None = None
    id: Annotated[str, PlainValidator(scalars.account_id)] | None = None
    owner: Slug | None = None
    severity: SeverityWord | None = None
    interval: Span | None = None
    windows: list[WindowEntry] | None = None
    timezone: Zone | None = None
    confirm: RepeatEntry = RepeatEntry()
    recover: RepeatEntry = RepeatEntry()
    labels: dict[Slug, Label] = {}
    controls: AccountControlsEntry | None = None


class WatchlistFile(Entry):
    """watchlist.yaml."""

    accounts: list[Annotated[AccountEntry, BeforeValidator(Under("url"))]]
    defaults: DefaultsEntry = DefaultsEntry()
    owners: dict[Slug, Annotated[OwnerEntry, BeforeValidator(Under("name"))]] = {}


# --- watcher.yaml


class PaceEntry(Entry):
    """At most `requests` in any `per`, at most `concurrency` at once."""

    requests: Count
    per: Span
    concurrency: Count = DEFAULT_PACE.concurrency


class BrowserEntry(Entry):
    """The browser that renders pages."""

    executable: FileName | None = None
    renders: Annotated[int, PlainValidator(scalars.renders)] = _BROWSER.renders
    timeout: Span = _BROWSER.timeout
    sandbox: Flag = _BROWSER.sandbox


class ProbeEntry(Entry):
    """How pages are asked for."""

    timeout: Span = _PROBE.timeout
    max_body: Size = _PROBE.max_body
    connections: Count = _PROBE.connections
    allow_private: list[Annotated[IPv4Network | IPv6Network, PlainValidator(scalars.network)]] = []
    connect_to: dict[Host, Address] = {}
    ca_file: FileName | None = None
    browser: BrowserEntry = BrowserEntry()


class WebEntry(Entry):
    """Where the program listens."""

    listen: Address = (_WEB.host, _WEB.port)
    allow_hosts: list[Host] = []
    token: SecretLine | None = None
    token_file: FileName | None = None


class RetentionEntry(Entry):
    """How long what is stored is kept."""

    samples: Keep = _RETENTION.samples
    deliveries: Keep = _RETENTION.deliveries
    evidence: Keep = _RETENTION.evidence
    outages: KeepLong = _RETENTION.outages


class SourceOverrideEntry(Entry):
    """What the operator changes of one source."""

    enabled: Flag | None = None
    robots: Annotated[RobotsAnswer, PlainValidator(scalars.choice(RobotsAnswer))] | None = None
    pace: PaceEntry | None = None


class PlatformOverrideEntry(Entry):
    """What the operator changes of one platform."""

    robots: Annotated[RobotsAnswer, PlainValidator(scalars.choice(RobotsAnswer))] | None = None
    pace: PaceEntry | None = None
    credentials: dict[Slug, SecretLine] = {}
    sources: dict[Slug, SourceOverrideEntry] = {}


def keys_of(model: type[BaseModel]) -> dict[str, Any]:
    """The keys of a mapping as written in YAML, each with pydantic's FieldInfo."""
    return {info.alias or name: info for name, info in model.model_fields.items()}
