"""The chain of hashes in memory: its links, and those that somebody asks for. Pure."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from watcher.model.notification import Incident, IncidentKind
from watcher.model.outage import Outage, Transition
from watcher.store.codec import transition_document
from watcher.store.commits import VOUCHING, rests_on
from watcher.store.values import Body, Trace

_LEAST_PREFIX: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A transition and its hash over the one before. Of a forgotten one only number and hash are left."""

    seq: int
    hash: str
    transition: Transition | None

    @property
    def outage_id(self) -> str | None:
        """The outage that it belongs to, if any."""
        return self.transition.outage.id if self.transition is not None and self.transition.outage else None

    @property
    def tells(self) -> bool:
        """True when messages tell of it."""
        return self.transition is not None and self.transition.kind in VOUCHING

    def vouches_for(self, incident: Incident, outage_ids: AbstractSet[str]) -> bool:
        """True when that incident's messages, which are about these outages, tell of it."""
        told = self.transition
        if told is None:
            return False
        if incident.kind is IncidentKind.NOTICE:
            return (told.account_id, told.at) == (incident.key, incident.opened_at) and told.kind in incident.id
        return self.outage_id in outage_ids and told.kind in VOUCHING

    def rests_on(self, body: Body) -> bool:
        """True when that is evidence of it."""
        return self.transition is not None and rests_on(self.transition, body)

    def is_of(self, outage: Outage) -> bool:
        """True for all of that outage, also for the suspicion before it."""
        told = self.transition
        within = (
            told is not None
            and told.account_id == outage.account_id
            and outage.began.earliest <= told.at
            and (outage.closed_at is None or told.at <= outage.closed_at)
        )
        return within or self.outage_id == outage.id

    def begins(self, digits: str) -> bool:
        """True when its hash, or that of its bundle, begins so."""
        bundle = (self.transition.bundle if self.transition is not None else None) or ""
        return self.hash.startswith(digits) or bundle.startswith(digits)


def links_named(chain: Sequence[Link], reference: str, outage: Outage | None) -> list[Link]:
    """The links of that outage (if it is one's id), of that number, or of that beginning of a hash; none forgotten."""
    folded = reference.lower()
    readings: tuple[Callable[[Link], bool], ...] = (
        lambda link: outage is not None and link.is_of(outage),
        lambda link: str(link.seq) == reference,
        lambda link: len(folded) >= _LEAST_PREFIX and link.begins(folded),
    )
    found = ([link for link in chain if link.transition is not None and reading(link)] for reading in readings)
    return next((some for some in found if some), [])


def trace_of(chain: Sequence[Link], link: Link, kept: Sequence[tuple[str, str, int]]) -> Trace:
    """The link as evidence. It is not a forgotten one."""
    assert link.transition is not None  # noqa: S101 - said above
    place = chain.index(link)
    return Trace(
        seq=link.seq,
        hash=link.hash,
        previous=chain[place - 1].hash if place else "",
        document=transition_document(link.transition),
        evidence=tuple(kept),
    )
