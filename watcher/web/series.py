"""The series that every account has: how each is called, what of the account decides it, and how it is written.

Read from state: none depends on the time at which it is asked for, so that lines once written hold as long as what
decided them. No instruments here (those are in watcher/metrics.py), no I/O, no label that changes while an account is
watched but in the info metric, and none that Prometheus gives to targets (`instance`, `job`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

from watcher.model.account import Account, Owner
from watcher.model.outage import ZERO, AccountState, Outage, Phase
from watcher.web.lines import escaped, label_value, sample_name

OWN_SCHEDULE: Final = "watcher probes on its own schedule; this is from memory."
# A counter that falls counts as begun anew: what a kill takes away must not have been shown.
_AS_STORED: Final = "watcher probes on its own schedule; this is as stored."
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LABELS: Final = ("account", "platform")

Column = list[Any]
"""One thing of each of some accounts."""


class Rows(NamedTuple):
    """Some accounts and how they stand: in memory, as stored, and whose they are."""

    accounts: list[Account]
    states: list[AccountState]
    stored: list[AccountState]
    owners: list[Owner | None]


class Series(Protocol):
    """A metric of accounts."""

    @property
    def family(self) -> Metric:
        """Its name, type and help."""
        ...

    def columns(self, rows: Rows) -> list[Column]:
        """All that decides its lines. As long as these are equal, so are the lines."""
        ...

    def lines(self, labels: Sequence[str], columns: list[Column]) -> str:
        """One line for each account that has a value; `labels` as `labels_of` gives them."""
        ...


def labels_of(account: Account) -> str:
    """The labels that all lines of an account have, with all around them."""
    pairs = zip(_LABELS, (account.id, account.platform), strict=True)
    return "{" + ",".join(_label(name, value) for name, value in pairs) + "} "


def _label(name: str, value: str) -> str:
    return f'{name}="{escaped(label_value(value))}"'


@dataclass(frozen=True, slots=True)
class _Valued:
    """A value for each account, made of these fields of its state; the text of None is no line."""

    family: Metric
    fields: tuple[str, ...]
    texts: Callable[..., Iterable[str | None]]

    def columns(self, rows: Rows) -> list[Column]:
        states = rows.stored if self.family.type == "counter" else rows.states
        return [list(map(attrgetter(name), states)) for name in self.fields]

    def lines(self, labels: Sequence[str], columns: list[Column]) -> str:
        name = sample_name(self.family)
        texts = zip(labels, self.texts(*columns), strict=True)
        return "".join([f"{name}{label}{text}\n" for label, text in texts if text is not None])


@dataclass(frozen=True, slots=True)
class _Info:
    """What is known of each account, as labels."""

    family: Metric

    def columns(self, rows: Rows) -> list[Column]:
        return [rows.accounts, [state.handle for state in rows.states], rows.owners]

    def lines(self, labels: Sequence[str], columns: list[Column]) -> str:
        name = sample_name(self.family)
        facts = map(_facts, *columns)
        written = (",".join(_label(*fact) for fact in of.items()) for of in facts)
        return "".join(f"{name}{label[:-2]},{more}}} 1.0\n" for label, more in zip(labels, written, strict=True))


def _facts(account: Account, handle: str | None, owner: Owner | None) -> Mapping[str, str]:
    return {
        "account_owner": owner.name if owner else account.owner or "",
        "handle": handle or account.display_handle,
        "platform_instance": account.instance,
        "url": account.url,
    }


_DIGITS: Final = [f"{number:03d}" for number in range(1000)]


def _seconds(span: timedelta) -> str:
    """As `str(span.total_seconds())`, in half of its time: all that changes with every look is written by it."""
    if span.days < 0:
        return str(span.total_seconds())
    micro = span.microseconds
    return f"{span.days * 86400 + span.seconds}.{_DIGITS[micro // 1000]}{_DIGITS[micro % 1000]}"


def _spans(spans: Iterable[timedelta | None]) -> list[str | None]:
    return [None if span is None else _seconds(span) for span in spans]


def _instants(ats: Iterable[datetime | None]) -> list[str | None]:
    return [None if at is None else _seconds(at - _EPOCH) for at in ats]


_UP: Final = {Phase.UP: "1.0", Phase.SUSPECT: "1.0", Phase.DOWN: "0.0", Phase.RECOVERING: "0.0"}


def _ups(phases: Iterable[Phase], blind: Iterable[datetime | None]) -> list[str | None]:
    return [_UP.get(phase) if since is None else None for phase, since in zip(phases, blind, strict=True)]


def _starts(outages: Iterable[Outage | None]) -> list[str | None]:
    return _instants(None if outage is None else outage.began.latest for outage in outages)


def _in_outages(closed: Iterable[timedelta], outages: Iterable[Outage | None]) -> list[str | None]:
    """See AccountState.outage_total."""
    both = zip(closed, outages, strict=True)
    return _spans(total + (outage.duration.min if outage else ZERO) for total, outage in both)


def _counts(numbers: Iterable[int]) -> list[str | None]:
    return [f"{number}.0" for number in numbers]


def _gauge(name: str, text: str, fields: tuple[str, ...], texts: Callable[..., Iterable[str | None]]) -> _Valued:
    return _Valued(GaugeMetricFamily(name, f"{text} {OWN_SCHEDULE}", labels=_LABELS), fields, texts)


def _counter(name: str, text: str, fields: tuple[str, ...], texts: Callable[..., Iterable[str | None]]) -> _Valued:
    return _Valued(CounterMetricFamily(name, f"{text} {_AS_STORED}", labels=_LABELS), fields, texts)


UP: Final = _gauge(
    "watcher_account_up",
    "1 while the profile is seen or its absence is not yet confirmed, 0 while an outage is open; absent before the "
    "profile was ever seen, and while it cannot be seen.",
    ("phase", "blind_since"),
    _ups,
)

SERIES: Final[tuple[Series, ...]] = (
    UP,
    _gauge(
        "watcher_account_last_probe_timestamp_seconds",
        "When the account was last probed, whatever came of it.",
        ("last_probe_at",),
        _instants,
    ),
    _gauge(
        "watcher_account_last_verdict_timestamp_seconds",
        "When a probe last said present or absent.",
        ("last_verdict_at",),
        _instants,
    ),
    _gauge(
        "watcher_account_outage_start_timestamp_seconds",
        "When the open outage was first seen: the time of the first absent answer, the latest instant at which it can "
        "have begun. Absent while no outage is open.",
        ("outage",),
        _starts,
    ),
    _gauge(
        "watcher_account_last_outage_duration_seconds",
        "Best estimate of the duration of the last outage that ended, kept across restarts; absent until there was "
        "one.",
        ("last_outage",),
        _spans,
    ),
    _counter(
        "watcher_account_outages_total",
        "Outages that were opened, kept across restarts.",
        ("outages_total",),
        _counts,
    ),
    _counter(
        "watcher_account_outage_seconds_total",
        "Time in outages, kept across restarts: those that ended at their best estimate, the open one at its lower "
        "bound.",
        ("outage_closed", "outage"),
        _in_outages,
    ),
    _counter(
        "watcher_account_unobserved_seconds_total",
        "Time in which neither presence nor absence was seen, kept across restarts; it counts as neither.",
        ("unobserved",),
        _spans,
    ),
    _counter(
        "watcher_account_observed_seconds_total",
        "Time in which presence or absence was seen, from the first sight of the profile on, kept across restarts.",
        ("observed",),
        _spans,
    ),
    _counter(
        "watcher_account_outage_unobserved_seconds_total",
        "The part of the time in outages in which neither presence nor absence was seen, kept across restarts; it "
        "counts in watcher_account_outage_seconds_total too.",
        ("outage_unobserved",),
        _spans,
    ),
    _Info(
        InfoMetricFamily(
            "watcher_account",
            "The handle, address, instance and owner of an account as now known; always 1.",
            labels=_LABELS,
        )
    ),
)
