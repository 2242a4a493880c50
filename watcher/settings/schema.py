"""The shape of every configuration file: which keys there are, what each may say, and its default.

One model a mapping. What needs more than the mapping itself (another key, another file, the environment) is
checked where the values are made of it: watchlistfile, settingsfile, platformfile.
"""

from datetime import time, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainValidator, RootModel, model_validator
from pydantic import Field as Key

from watcher.model.account import Policy, Severity
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import (
    DEFAULT_PACE,
    NAMES,
    Answers,
    Confidence,
    ControlHandles,
    Field,
    HandleSyntax,
    Method,
    PhraseClass,
    SourceKind,
)
from watcher.settings import mailbox, scalars, week
from watcher.settings.values import BrowserSettings, Mailbox, ProbeSettings, Retention, Secret, Tls, WebSettings

_POLICY, _PROBE, _WEB, _CONTROLS = Policy(), ProbeSettings(), WebSettings(), ControlHandles()
_RETENTION, _BROWSER = Retention(), BrowserSettings()


class RobotsAnswer(StrEnum):
    """What the operator makes of a host's robots.txt."""

    OVERRIDE = "override"


Line = Annotated[str, PlainValidator(scalars.line)]
Text = Annotated[str, PlainValidator(scalars.text)]
Paragraph = Annotated[str, PlainValidator(scalars.paragraph)]
Pattern = Annotated[str, PlainValidator(scalars.pattern)]
Slug = Annotated[str, PlainValidator(scalars.slug)]
Label = Annotated[str, PlainValidator(scalars.label)]
Span = Annotated[timedelta, PlainValidator(scalars.span)]
Keep = Annotated[timedelta | None, PlainValidator(scalars.keep)]
KeepLong = Annotated[timedelta | None, PlainValidator(scalars.keep_long)]
Count = Annotated[int, PlainValidator(scalars.count)]
Size = Annotated[int, PlainValidator(scalars.size)]
Flag = Annotated[bool, PlainValidator(scalars.flag)]
SecretLine = Annotated[Secret, PlainValidator(scalars.secret)]
FileName = Annotated[str, PlainValidator(scalars.file_name)]
Host = Annotated[str, PlainValidator(scalars.host)]
Address = Annotated[tuple[str, int], PlainValidator(scalars.address)]
WebAddress = Annotated[str, PlainValidator(scalars.web_address)]
MailAddress = Annotated[Mailbox, PlainValidator(mailbox.address)]
SeverityWord = Annotated[Severity, PlainValidator(scalars.choice(Severity))]
Zone = Annotated[ZoneInfo, PlainValidator(scalars.timezone), BeforeValidator(scalars.line)]
AnswerField = Annotated[Field, PlainValidator(scalars.answer_field)]
AnswerList = Annotated[str, PlainValidator(scalars.answer_list)]


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_instance(value: object) -> object:
    return {"*": value} if isinstance(value, str | list) else value


def _under(key: str) -> BeforeValidator:
    """A mapping may be written as the text of its main key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


Lines = Annotated[tuple[Line, ...], BeforeValidator(_several)]
FileNames = Annotated[tuple[FileName, ...], BeforeValidator(_several)]
Slugs = Annotated[tuple[Slug, ...], BeforeValidator(_several)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_several)]
Days = Annotated[
    tuple[Annotated[frozenset[int], PlainValidator(week.days)], ...],
    BeforeValidator(_several),
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

    accounts: list[Annotated[AccountEntry, _under("url")]]
    defaults: DefaultsEntry = DefaultsEntry()
    owners: dict[Slug, Annotated[OwnerEntry, _under("name")]] = {}


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


class RetentionEntry(Entry):
    """How long what is stored is kept."""

    samples: Keep = _RETENTION.samples
    deliveries: Keep = _RETENTION.deliveries
    evidence: Keep = _RETENTION.evidence
    outages: KeepLong = _RETENTION.outages


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
    to: Annotated[tuple[MailAddress, ...], BeforeValidator(_several)]
    ca_file: FileName | None = None


ChannelEntry = Annotated[LogChannelEntry | SlackChannelEntry | EmailChannelEntry, Key(discriminator="kind")]


class MatchEntry(Entry):
    """What an outage must be about; every key that is given must match."""

    severity: Annotated[tuple[SeverityWord, ...], BeforeValidator(_several)] = ()
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


class SettingsFile(Entry):
    """watcher.yaml."""

    watchlist: FileNames = ("watchlist.yaml",)
    state_dir: FileName = "var"
    platform_dir: FileName | None = None
    public_url: WebAddress | None = None
    contact: Annotated[str, PlainValidator(scalars.contact)] | None = None
    probe: ProbeEntry = ProbeEntry()
    web: WebEntry = WebEntry()
    retention: RetentionEntry = RetentionEntry()
    channels: list[ChannelEntry] | None = None
    routes: list[RouteEntry] | None = None
    fallback: Slug | None = None
    platforms: dict[Slug, PlatformOverrideEntry] = {}


# --- platform files


class HandleEntry(Entry):
    """Which handles exist."""

    pattern: Text
    fold: Flag = HandleSyntax(pattern="").fold
    meaning: Line | None = None


class ControlsEntry(Entry):
    """Handles to compare with."""

    present: ByInstance = {}
    absent: Line = _CONTROLS.absent
    length: Count = _CONTROLS.length


class RuleEntry(Entry):
    """What an answer means when all of `when` match and none of `unless` does."""

    id: Slug
    when: Matches
    unless: Matches = {}
    present: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.PRESENT))] | None = None
    absent: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.ABSENT))] | None = None
    inconclusive: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.INCONCLUSIVE))] | None = None

    @property
    def reasons(self) -> dict[Verdict, Reason]:
        """The reasons that were given, by verdict."""
        return _reasons(self.present, self.absent, self.inconclusive)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if not self.when:
            raise scalars.UnshownError("'when' is empty; name at least one field and its pattern")
        if len(self.reasons) != 1:
            raise scalars.UnshownError("give exactly one of present, absent and inconclusive, with its reason")
        return self


class BatchEntry(Entry):
    """How one request asks about many accounts, and where its answer has each of them."""

    size: Count
    member: Line
    join: Pattern
    items: dict[AnswerList, Lines]
    names: Lines = NAMES
    handles: Text | None = None


class SourceEntry(Entry):
    """One place to ask about an account."""

    name: Slug
    answers: Annotated[Answers, PlainValidator(scalars.choice(Answers))]
    url: Line
    kind: Annotated[SourceKind, PlainValidator(scalars.choice(SourceKind))] = SourceKind.HTTP
    batch: BatchEntry | None = None
    method: Annotated[Method, PlainValidator(scalars.choice(Method))] = Method.GET
    body: dict[Line, Line] = {}
    url_by_id: Line | None = None
    pace: PaceEntry = PaceEntry.model_construct(
        requests=DEFAULT_PACE.requests, per=DEFAULT_PACE.per, concurrency=DEFAULT_PACE.concurrency
    )
    headers: dict[Annotated[str, PlainValidator(scalars.header_name)], Line] = {}
    credential: Slug | None = None
    stable_id: Matches | None = None
    handle: Matches | None = None
    identity: tuple[AnswerField, ...] = ()
    errors: Lines = ()
    wait_for: Lines = ()
    confirms: Flag = True
    enabled: Flag | None = None
    unofficial: Flag = False
    robots: Annotated[str, PlainValidator(scalars.only("disallow"))] | None = None
    similarity: Flag = False
    blind: Flag = False
    rules: list[RuleEntry] = []


class FactEntry(Entry):
    """Something that the platform is said to do, with what was read, when, and how sure it is."""

    fact: Paragraph
    source: Line
    date: Annotated[str, PlainValidator(scalars.month)]
    confidence: Annotated[Confidence, PlainValidator(scalars.choice(Confidence))]


class PlatformFile(Entry):
    """One platform: how its profiles are addressed, where to ask, what the answers mean."""

    platform: Slug
    title: Line
    profile: Line
    handle: HandleEntry
    sources: list[SourceEntry]
    recognise: Lines = ()
    controls: ControlsEntry = ControlsEntry()
    not_instances: Annotated[tuple[Host, ...], BeforeValidator(_several)] = ()
    phrases: Slugs = ()
    decidable: Flag | None = None
    official_api: Paragraph | None = None
    facts: list[FactEntry] = []
    limits: Annotated[tuple[Paragraph, ...], BeforeValidator(_several)] = ()
    notes: Text | None = None


class PhrasesFile(
    RootModel[
        dict[
            Annotated[str, PlainValidator(scalars.language)],
            dict[Annotated[PhraseClass, PlainValidator(scalars.choice(PhraseClass))], Lines],
        ]
    ]
):
    """phrases/NAME.yaml: language → class → texts. It has no keys of its own."""


# --- examples beside platform files


class ExampleEntry(Entry):
    """An answer, and what must be made of it."""

    source: Slug
    rule: Slug | None = None
    handle: Line
    instance: Line = ""
    stable_id: Line | None = None
    by_id: Flag = False
    status: Annotated[int, PlainValidator(scalars.status)] = 200
    headers: dict[Annotated[str, PlainValidator(scalars.header_name)], Line] = {}
    final_url: Line | None = None
    body: Annotated[str, PlainValidator(scalars.text)] = ""
    present: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.PRESENT))] | None = None
    absent: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.ABSENT))] | None = None
    inconclusive: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.INCONCLUSIVE))] | None = None

    @property
    def expected(self) -> tuple[Verdict, Reason]:
        """The verdict and the reason that must come of it."""
        return next(iter(_reasons(self.present, self.absent, self.inconclusive).items()))

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if len(_reasons(self.present, self.absent, self.inconclusive)) != 1:
            raise scalars.UnshownError("give exactly one of present, absent and inconclusive, with its reason")
        return self


class ExamplesFile(Entry):
    """examples/PLATFORM.yaml: answers that the platform's rules must understand."""

    platform: Slug
    examples: list[ExampleEntry]


def _reasons(present: Reason | None, absent: Reason | None, inconclusive: Reason | None) -> dict[Verdict, Reason]:
    given = {Verdict.PRESENT: present, Verdict.ABSENT: absent, Verdict.INCONCLUSIVE: inconclusive}
    return {verdict: reason for verdict, reason in given.items() if reason is not None}


def keys_of(model: type[BaseModel]) -> dict[str, Any]:
    """The keys of a mapping as written in YAML, each with pydantic's FieldInfo."""
    return {info.alias or name: info for name, info in model.model_fields.items()}
