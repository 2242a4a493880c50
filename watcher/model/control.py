"""What the controls said: accounts that always exist and handles that never do, asked by the same way as the target."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from watcher.model.finding import Finding
from watcher.model.imprint import Imprint


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ControlKey:
    """Controls share an error only with targets of the same platform (instance), source and vantage."""

    platform: str
    instance: str
    source: str
    vantage: str


@lru_cache(maxsize=4096)
def control_key(platform: str, instance: str, source: str, vantage: str) -> ControlKey:
    """The key of these; the same object each time, for every look at an account asks for it."""
    return ControlKey(platform=platform, instance=instance, source=source, vantage=vantage)


class Health(StrEnum):
    """What the controls say of a platform as seen through one source."""

    OK = "ok"
    SICK = "sick"
    BLIND = "blind"
    UNPROVEN = "unproven"


class VantageState(StrEnum):
    """Whether this machine reaches anything at all."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What is left of a page once everything that changes from one account to the next is masked.

    `tokens` are the distinct visible words; `fields` the identity fields with the handle masked.
    """

    status: int
    tokens: frozenset[str]
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What the pages of known answers look like: of accounts that exist, and of handles that do not."""

    positives: tuple[Features, ...] = ()
    negatives: tuple[Features, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFinding:
    """One look at one control handle. `imprint` is what is left of the answer; it is not kept over a restart."""

    handle: str
    finding: Finding
    features: Features | None = None
    imprint: Imprint | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the page of a control looked like last: its status and a sketch of its words, which outlive a restart."""

    handle: str
    at: datetime
    words: tuple[int, ...]
    status: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What is known of the controls themselves: which positive ones are gone, and what the pages looked like last.

    `missing` is the last page of a handle that cannot exist; at `unsettled_at` it was unlike the one before.
    """

    dead: tuple[str, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    missing: Baseline | None = None
    unsettled_at: datetime | None = None

    def of(self, is_kept: Callable[[str], bool]) -> "Calibration":
        """What of it is about handles that are kept."""
        return replace(
            self,
            dead=tuple(handle for handle in self.dead if is_kept(handle)),
            baselines=tuple(baseline for baseline in self.baselines if is_kept(baseline.handle)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReport:
    """The last look at each control of one key, newest first. Empty tuples mean: never asked, or none known."""

    key: ControlKey
    positives: tuple[ControlFinding, ...] = ()
    negatives: tuple[ControlFinding, ...] = ()
    calibration: Calibration = Calibration()

    def positive_after(self, at: datetime) -> ControlFinding | None:
        """A positive control that was PRESENT in an answer given wholly after `at`."""
        return next((c for c in self.positives if c.finding.is_present and c.finding.seen.earliest >= at), None)

    def of(self, is_kept: Callable[[str], bool]) -> "ControlReport":
        """The report without those positive controls whose handle is not kept."""
        return replace(
            self,
            positives=tuple(each for each in self.positives if is_kept(each.handle)),
            calibration=self.calibration.of(is_kept),
        )

    @property
    def references(self) -> References:
        """The features of the controls that answered as they should."""
        return References(
            positives=tuple(c.features for c in self.positives if c.features and c.finding.is_present),
            negatives=tuple(c.features for c in self.negatives if c.features and not c.finding.is_present),
        )
