"""What one look at one account said: the verdict, why, how sure, and the proof."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """Three answers, never two: only ABSENT opens an outage, only PRESENT closes one."""

    PRESENT = "present"
    ABSENT = "absent"
    INCONCLUSIVE = "inconclusive"


class Reason(StrEnum):
    """Why a verdict was given. A closed set; each reason belongs to exactly one verdict (REASONS)."""

    PROFILE = "profile"
    PROTECTED = "protected"
    RENAMED = "renamed"

    NOT_FOUND = "not_found"
    GONE = "gone"
    DEACTIVATED = "deactivated"
    SUSPENDED = "suspended"
    WITHHELD = "withheld"
    UNAVAILABLE = "unavailable"

    LOGIN_WALL = "login_wall"
    CONSENT = "consent"
    CHALLENGE = "challenge"
    RATE_LIMITED = "rate_limited"
    PLATFORM_ERROR = "platform_error"
    FORBIDDEN = "forbidden"
    GEO_BLOCK = "geo_block"
    TIMEOUT = "timeout"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    BAD_RESPONSE = "bad_response"
    REDIRECT = "redirect"
    NOT_PARSABLE = "not_parsable"
    STALE = "stale"
    EMPTY_SHELL = "empty_shell"
    CONFLICT = "conflict"
    CONTROL_FAILED = "control_failed"
    LOCAL_NETWORK = "local_network"
    NO_SOURCE = "no_source"
    QUOTA = "quota"
    UNRECOGNISED = "unrecognised"


_PRESENT = frozenset({Reason.PROFILE, Reason.PROTECTED, Reason.RENAMED})
_ABSENT = frozenset(
    {
        Reason.NOT_FOUND,
        Reason.GONE,
        Reason.DEACTIVATED,
        Reason.SUSPENDED,
        Reason.WITHHELD,
        Reason.UNAVAILABLE,
    }
)
REASONS: Final[dict[Verdict, frozenset[Reason]]] = {
    Verdict.PRESENT: _PRESENT,
    Verdict.ABSENT: _ABSENT,
    Verdict.INCONCLUSIVE: frozenset(Reason) - _PRESENT - _ABSENT,
}


_VERDICTS: Final = {reason: verdict for verdict, reasons in REASONS.items() for reason in reasons}


def verdict_of(reason: Reason) -> Verdict:
    """The one verdict that `reason` belongs to."""
    return _VERDICTS[reason]


class Certainty(StrEnum):
    """How the platform said it: a documented code or field, text on the page, or mere likeness to a control."""

    STATED = "stated"
    SHOWN = "shown"
    RESEMBLES = "resembles"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Stamp:
    """When something was seen: a window of UTC instants, since an answer takes time and may come from a cache.

    `earliest` = sent − Age, `latest` = received − Age. What was seen was true at some instant in between.
    """

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a finding rests on. `quote` is the page's own text (hostile: escape it per medium)."""

    step: str
    rule: str
    detail: str = ""
    quote: str | None = None
    language: str | None = None
    status: int | None = None
    final_url: str | None = None
    body_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The raw verdict that the gate did not admit, kept for the reader of the evidence."""

    verdict: Verdict
    reason: Reason
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one look at one account through one source.

    `at` is the instant (UTC) at which the answer was complete and orders findings of one account;
    `seen` is the window in which what it says was true. `stable_id` and `handle` are those that the
    answer itself showed, if any.
    """

    verdict: Verdict
    reason: Reason
    certainty: Certainty
    source: str
    vantage: str
    at: datetime
    seen: Stamp
    evidence: Evidence
    stable_id: str | None = None
    handle: str | None = None
    refused: Refused | None = None

    @property
    def is_present(self) -> bool:
        """True for PRESENT."""
        return self.verdict is Verdict.PRESENT

    @property
    def is_absent(self) -> bool:
        """True for ABSENT."""
        return self.verdict is Verdict.ABSENT

    @property
    def is_conclusive(self) -> bool:
        """True for PRESENT and ABSENT."""
        return self.verdict is not Verdict.INCONCLUSIVE
