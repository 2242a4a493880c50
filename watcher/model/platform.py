"""A platform as data: how a profile is addressed, where to ask, and what each answer means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from json import dumps
from typing import Final
from urllib.parse import quote, urlsplit

from propcache import cached_property

from watcher.model.finding import Reason, Verdict

# The same site for other screens.
_SCREEN: Final = re.compile(r"^(?:www|m|mobile)\.(?=[^.]+\.)")


class FieldKind(StrEnum):
    """The parts of an answer that a rule may look at."""

    STATUS = "status"
    FINAL_URL = "final_url"
    REDIRECT = "redirect"
    HEADER = "header"
    TITLE = "title"
    META = "meta"
    CANONICAL = "canonical"
    JSON_LD = "json_ld"
    JSON = "json"
    SCRIPT_JSON = "script_json"
    TEXT = "text"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Field:
    """One addressable part of an answer: `status`, `header:retry-after`, `meta:og:title`, `json:data.user.id`.

    `key` is the header name, the meta property or the dotted path; empty for the others. That of `script_json` is
    `NAME:PATH`, the name being the id of a JSON script, the variable that a script assigns, or `*` for any of them.
    """

    kind: FieldKind
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else str(self.kind)


@dataclass(frozen=True, slots=True)
class Match:
    """A field and the patterns of which one must match one of its values.

    A pattern is literal text in which `*` stands for anything and `{handle}`, `{instance}`,
    `{stable_id}` for the target's; case does not matter. Matching is linear in the value.
    """

    field: Field
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When all of `when` match and none of `unless` does, the answer means `reason`."""

    id: str
    when: tuple[Match, ...]
    unless: tuple[Match, ...] = ()
    verdict: Verdict
    reason: Reason


class PhraseClass(StrEnum):
    """What a text on a page says, whatever its language."""

    MISSING = "missing"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    WITHHELD = "withheld"
    UNAVAILABLE = "unavailable"
    PROTECTED = "protected"
    RESTRICTED = "restricted"
    RATE_LIMITED = "rate_limited"
    OVER_CAPACITY = "over_capacity"
    LOG_IN = "log_in"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text as the platform writes it, with its BCP 47 language."""

    text: str
    language: str
    phrase_class: PhraseClass


class SourceKind(StrEnum):
    """How a source is asked: about one account, about many in one request, or as a browser shows its page."""

    HTTP = "http"
    BATCH = "batch"
    BROWSER = "browser"


class Method(StrEnum):
    """How a question is sent. What POST asks is never asked again of where a redirect leads."""

    GET = "get"
    POST = "post"


class Answers(StrEnum):
    """What a source answers with."""

    JSON = "json"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """At most `requests` in any `per`, at most `concurrency` at once, per host."""

    requests: int
    per: timedelta
    concurrency: int = 1

    @property
    def per_second(self) -> float:
        """The sustained rate in requests per second."""
        return self.requests / self.per.total_seconds()


DEFAULT_PACE = Pace(requests=10, per=timedelta(minutes=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list in the answer to a batch (or a mapping): `list_` is where, `names` where each item says whose it is.

    Dotted paths; `$key` among `names` is the item's own key in a mapping, and a path in braces may stand within a text.
    """

    list_: str
    names: tuple[str, ...]


KEY: Final = "$key"
NAMES: Final = ("{handle}",)
ANY_HANDLE: Final = ".*"
CONTROL_PLACES: Final = 2
"""So many places of a batch are a control's: one account that exists and one handle that cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How one request asks about `size` accounts, its controls among them, and where in the answer each is found.

    `member` is what stands for one of them, over `{handle}`, `{stable_id}`, `{instance}` and `{n}`, its number from 0;
    joined by `join` they take the place of `{members}` in URL or body. An item is a member's when it bears one of
    `names`, templates over the same. Only handles that `handles` matches are asked this way: the others would spoil it.
    """

    size: int
    member: str
    join: str
    items: tuple[Items, ...]
    names: tuple[str, ...] = NAMES
    handles: str = ANY_HANDLE

    @property
    def room(self) -> int:
        """How many accounts fit in beside the controls."""
        return self.size - CONTROL_PLACES

    def takes(self, handle: str) -> bool:
        """True when that handle may be asked about together with others."""
        return re.fullmatch(self.handles, handle, re.DOTALL) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place to ask about an account.

    `url` and `url_by_id` are templates over `{handle}`, `{instance}`, `{stable_id}` (see `expand`).
    `credential` names the credential without which the source is not usable; header values may hold
    `{credential}`. `identity` lists fields that name the account on its own page only. `errors` are
    CSS selectors of the page's error container. `confirms` is false where answers are cached for minutes.
    `blind` says that what logged-out visitors get here does not tell a missing account from others.
    `wait_for` are selectors of which one must match before a browser's page counts as rendered. `missing` says what
    this machine lacks to ask the source; None when it lacks nothing.
    A `batch` makes it one of kind BATCH, whose URL or `body` has `{members}`, and whose rules are about one item.
    `body` is sent as a JSON object; its values may hold `{credential}`.
    """

    name: str
    url: str
    answers: Answers
    kind: SourceKind = SourceKind.HTTP
    batch: Batch | None = None
    method: Method = Method.GET
    body: Mapping[str, str] = field(default_factory=dict)
    url_by_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    identity: tuple[Field, ...] = ()
    errors: tuple[str, ...] = ()
    wait_for: tuple[str, ...] = ()
    stable_id: Match | None = None
    handle: Match | None = None
    pace: Pace = DEFAULT_PACE
    credential: str | None = None
    confirms: bool = True
    enabled: bool = True
    unofficial: bool = False
    robots_disallow: bool = False
    robots_override: bool = False
    similarity: bool = False
    blind: bool = False
    missing: str | None = None
    secret: str = field(default="", repr=False)

    @property
    def why_unusable(self) -> str | None:
        """What keeps this source from being asked, with what would change it; None when it is usable."""
        if self.credential is not None and not self.secret:
            return f"needs the credential '{self.credential}'"
        if not self.enabled:
            return "is turned off" + (" (unofficial: set enabled: true to use it)" if self.unofficial else "")
        if self.robots_disallow and not self.robots_override:
            return "is disallowed by the host's robots.txt (set robots: override to ask it all the same)"
        return self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class HandleSyntax:
    """Which handles exist: a regular expression over the whole handle, and whether case matters.

    `meaning` says in words what the expression wants ("it has 1 to 15 letters, digits or _"); "" when nobody has.
    """

    pattern: str
    fold: bool = True
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlHandles:
    """Handles to compare with: some that always exist, by instance (`*` for all), and impossible ones.

    `absent` is a template in which `{random}` becomes `length` fresh characters of [a-z0-9].
    """

    present: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: str = "{random}"
    length: int = 15


class Confidence(StrEnum):
    """How sure a fact is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that a platform is said to do: what was read, when (`2026` or `2026-11`), and how sure it is."""

    text: str
    source: str
    date: str
    confidence: Confidence


@dataclass(frozen=True, kw_only=True, eq=False)
class Platform:
    """All that is known of one platform. Without slots: its usable sources are found once.

    `profile` and `recognise` are URLs with `{handle}` and `{instance}`.
    `decidable` claims that a logged-out visitor without credentials can tell missing accounts from existing ones;
    where it is false, `official_api` says what would. `not_instances` are hosts that `{instance}` never stands for,
    `not_handles` names that no account can have, in lower case: those of the platform's own pages.
    `file_sha256` is a hash over the platform file and the phrases that it names; "" for one that came of no file.
    """

    id: str
    title: str
    profile: str
    recognise: tuple[str, ...]
    handle: HandleSyntax
    sources: tuple[Source, ...]
    controls: ControlHandles
    phrases: tuple[Phrase, ...] = ()
    notes: str = ""
    facts: tuple[Fact, ...] = ()
    limits: tuple[str, ...] = ()
    decidable: bool = True
    official_api: str = ""
    not_instances: frozenset[str] = frozenset()
    not_handles: frozenset[str] = frozenset()
    file_sha256: str = ""

    @cached_property
    def usable_sources(self) -> tuple[Source, ...]:
        """The sources that may be asked, in order of preference."""
        return tuple(source for source in self.sources if source.why_unusable is None)


def are_alike(some: Mapping[str, Platform], others: Mapping[str, Platform]) -> bool:
    """True when both say the same of the same platforms, though they were read at different times."""
    return some.keys() == others.keys() and all(_says(some[name]) == _says(others[name]) for name in some)


def _says(platform: Platform) -> tuple[object, ...]:
    return tuple(getattr(platform, each.name) for each in fields(platform))


def expand(template: str, *, handle: str, instance: str = "", stable_id: str = "", credential: str = "") -> str:
    """Fill in a URL or header template; handle and stable id are percent-encoded.

    The instance goes in first and may itself hold `{handle}`: that of the generic platform is a URL template.
    """
    if "{" not in template:
        return template
    filled = template.replace("{instance}", instance).replace("{handle}", quote(handle, safe=""))
    if "{" not in filled:
        return filled
    return filled.replace("{stable_id}", quote(stable_id, safe=":")).replace("{credential}", credential)


def in_quotes(text: str) -> str:
    """`text` as it may stand within double quotes, in JSON and in languages that write texts as JSON does."""
    return dumps(text, ensure_ascii=False)[1:-1]


def is_at_home(url: str, asked: str, platform: Platform) -> bool:
    """True when the host of `url` is that of `asked`, a relative of it, or one of the platform's own. Never raises."""
    urls = (asked, platform.profile, *platform.recognise, *(source.url for source in platform.sources))
    homes = {_bare_host(home) for home in urls} - {""}
    bare = _bare_host(url)
    return any(
        bare == home or bare.endswith(f".{home}") or ("." in bare and home.endswith(f".{bare}")) for home in homes
    )


def _bare_host(url: str) -> str:
    try:
        return _SCREEN.sub("", urlsplit(url).hostname or "")
    except ValueError:
        return ""
