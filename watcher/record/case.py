"""All that is kept of one outage, and what is built of it: the values of this room. Pure."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watcher.dossier import Check, Dossier
from watcher.model.account import Account
from watcher.model.annotation import Annotation
from watcher.model.notification import Delivery, Incident, Notification
from watcher.model.outage import Outage, Unobserved
from watcher.model.sample import Sample
from watcher.model.silence import Silence
from watcher.text import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One row of the outbox with its tries; `together`: under an incident that tells of other outages too."""

    row: Notification
    tries: tuple[Delivery, ...] = ()
    together: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the store has of one outage. `dossier` is its part of the log, with the pieces of evidence.

    `account` is as last watched; `samples` and `unobserved` are those from the last sight on. `silences` are those that
    held meanwhile. `cut` names what there is more of than was read.
    """

    outage: Outage
    dossier: Dossier
    account: Account | None = None
    incident: Incident | None = None
    annotations: tuple[Annotation, ...] = ()
    told: tuple[Told, ...] = ()
    samples: tuple[Sample, ...] = ()
    unobserved: tuple[Unobserved, ...] = ()
    silences: tuple[Silence, ...] = ()
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What only the configuration knows: platforms' titles by id, owners' names by slug."""

    titles: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


class Kind(StrEnum):
    """What an entry of the timeline is about."""

    SEEN = "seen"
    MISSING = "missing"
    UNCLEAR = "unclear"
    UNOBSERVED = "unobserved"
    TOLD = "told"
    NOTED = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A page's own words; `tag` is the BCP 47 tag of their language, `language` its name, both None where unknown."""

    text: str
    tag: str | None
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of what happened. `until` is set where it lasted. `seq` and `hash` are those of the log, if it is there.

    `page` and `screenshot` are the hashes of what is kept of that look.
    """

    at: datetime
    kind: Kind
    text: str
    until: datetime | None = None
    details: tuple[str, ...] = ()
    quote: Quoted | None = None
    seq: int | None = None
    hash: str | None = None
    page: str | None = None
    screenshot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One of the instants that bound the outage: it lies within [earliest, latest]."""

    name: str
    label: str
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A page or a picture that is kept, as `role` says, and whether its content still has its hash."""

    sha256: str
    role: str
    size: int
    sound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRecord:
    """The record of an outage as it is published: every text is whole, on one line, and without controls.

    `summary` says what happened, `bounds` how the length is known, `method` how it was looked at, `unknown` what this
    record cannot say. `began` and `ended` are the best estimates. `updated` is when something of it changed last.
    """

    case: Case
    name: str
    place: str
    owner: str | None
    url: str | None
    headline: str
    summary: tuple[str, ...]
    bounds: str
    quote: Quoted | None
    moments: tuple[Moment, ...]
    entries: tuple[Entry, ...]
    method: tuple[str, ...]
    unknown: tuple[str, ...]
    checks: tuple[Check, ...]
    conclusion: str
    pieces: tuple[Piece, ...]
    began: datetime
    ended: datetime | None
    updated: datetime

    @property
    def outage(self) -> Outage:
        """The outage itself."""
        return self.case.outage

    @property
    def check_command(self) -> str:
        """What to type in a shell to have the evidence checked: an id may hold what means something there."""
        return f"watcher evidence verify {shlex.quote(clean(self.outage.id))}"
