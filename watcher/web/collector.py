"""The metrics that are read from state: a Prometheus collector that builds every series anew from a snapshot.

Nothing is kept from one scrape to the next, so the series of a removed account are gone. No instruments here
(those are in watcher/metrics.py), no I/O, no label that changes while an account is watched but in the info metric,
and none that Prometheus gives to targets (`instance`, `job`).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from watcher.model.control import ControlFinding, ControlKey, Health, VantageState
from watcher.model.outage import AccountState, Phase
from watcher.model.snapshot import Snapshot
from watcher.text import clean

_ACCOUNT = ("account", "platform")
_SOURCE = ("platform", "platform_instance", "source")
_OWN_SCHEDULE = "watcher probes on its own schedule; this is from memory."
# A counter that falls counts as begun anew: what a kill takes away must not have been shown.
_AS_STORED = "watcher probes on its own schedule; this is as stored."


@dataclass(frozen=True, slots=True)
class _Reading:
    """One metric per account: how it is called and how it is read from the state; None: no series."""

    name: str
    help: str
    read: Callable[[AccountState], float | None]


def _up(state: AccountState) -> float | None:
    if state.blind_since is not None or state.phase in (Phase.NEW, Phase.NEVER_SEEN):
        return None
    return float(not state.is_down)


def _timestamp(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


_GAUGES = (
    _Reading(
        "watcher_account_up",
        "1 while the profile is seen or its absence is not yet confirmed, 0 while an outage is open; absent before the "
        f"profile was ever seen, and while it cannot be seen. {_OWN_SCHEDULE}",
        _up,
    ),
    _Reading(
        "watcher_account_last_probe_timestamp_seconds",
        f"When the account was last probed, whatever came of it. {_OWN_SCHEDULE}",
        lambda state: _timestamp(state.last_probe_at),
    ),
    _Reading(
        "watcher_account_last_verdict_timestamp_seconds",
        f"When a probe last said present or absent. {_OWN_SCHEDULE}",
        lambda state: _timestamp(state.last_verdict_at),
    ),
    _Reading(
        "watcher_account_outage_start_timestamp_seconds",
        "When the open outage was first seen: the time of the first absent answer, the latest instant at which it can "
        f"have begun. Absent while no outage is open. {_OWN_SCHEDULE}",
        lambda state: _timestamp(state.outage.began.latest) if state.outage else None,
    ),
    _Reading(
        "watcher_account_last_outage_duration_seconds",
        "Best estimate of the duration of the last outage that ended, kept across restarts; absent until there was "
        f"one. {_OWN_SCHEDULE}",
        lambda state: None if state.last_outage is None else state.last_outage.total_seconds(),
    ),
)

_COUNTERS = (
    _Reading(
        "watcher_account_outages_total",
        f"Outages that were opened, kept across restarts. {_AS_STORED}",
        lambda state: float(state.outages_total),
    ),
    _Reading(
        "watcher_account_outage_seconds_total",
        "Time in outages, kept across restarts: those that ended at their best estimate, the open one at its lower "
        f"bound. {_AS_STORED}",
        lambda state: state.outage_total.total_seconds(),
    ),
    _Reading(
        "watcher_account_unobserved_seconds_total",
        "Time in which neither presence nor absence was seen, kept across restarts; it counts as neither. "
        f"{_AS_STORED}",
        lambda state: state.unobserved.total_seconds(),
    ),
    _Reading(
        "watcher_account_observed_seconds_total",
        "Time in which presence or absence was seen, from the first sight of the profile on, kept across restarts. "
        f"{_AS_STORED}",
        lambda state: state.observed.total_seconds(),
    ),
    _Reading(
        "watcher_account_outage_unobserved_seconds_total",
        "The part of the time in outages in which neither presence nor absence was seen, kept across restarts; it "
        f"counts in watcher_account_outage_seconds_total too. {_AS_STORED}",
        lambda state: state.outage_unobserved.total_seconds(),
    ),
)


_TAKEN: Final[ContextVar[Snapshot | None]] = ContextVar("snapshot_taken", default=None)


@contextmanager
def as_of(snapshot: Snapshot | None) -> Iterator[None]:
    """Within this context an AccountCollector shows `snapshot`: a registry hands its collectors nothing itself."""
    token = _TAKEN.set(snapshot)
    try:
        yield
    finally:
        _TAKEN.reset(token)


class AccountCollector(Collector):
    """Every account, platform and control of the snapshot as fresh metric families, one set per scrape.

    What `as_of` gives is shown; without it `snapshot` is called, in the thread that collects.
    """

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        """The families with their samples."""
        snapshot = _TAKEN.get() or self._snapshot()
        yield from _accounts(snapshot)
        yield _info(snapshot)
        yield _states(snapshot)
        yield _platforms(snapshot)
        yield _controls(snapshot)
        yield _vantage(snapshot)

    def describe(self) -> Iterable[Metric]:
        """The families without samples, so that registering asks for no snapshot."""
        yield from (family for family, _ in _families())
        yield from (_info_family(), _states_family(), _platforms_family(), _controls_family(), _vantage_family())


def label_value(text: str) -> str:
    r"""`text` fit for a label: what could break a line, turn the reading direction or not be UTF-8 as `\u202e`."""
    if text.isprintable():
        return text
    return "".join(char if clean(char) == char else f"\\u{ord(char):04x}" for char in text)


def _accounts(snapshot: Snapshot) -> Iterator[Metric]:
    # One and the same for all samples of an account: they are then written once (see `lines`).
    rows = [
        ({"account": label_value(a.id), "platform": label_value(a.platform)}, state, snapshot.stored.get(a.id, state))
        for a, state in snapshot.accounts
    ]
    for family, reading in _families():
        is_counter = reading in _COUNTERS
        for labels, state, stored in rows:
            if (value := reading.read(stored if is_counter else state)) is not None:
                family.samples.append(Sample(reading.name, labels, value))
        yield family


def _families() -> Iterator[tuple[GaugeMetricFamily | CounterMetricFamily, _Reading]]:
    for reading in _GAUGES:
        yield GaugeMetricFamily(reading.name, reading.help, labels=_ACCOUNT), reading
    for reading in _COUNTERS:
        yield CounterMetricFamily(reading.name, reading.help, labels=_ACCOUNT), reading


def _info_family() -> InfoMetricFamily:
    return InfoMetricFamily(
        "watcher_account",
        "The handle, address, instance and owner of an account as now known; always 1.",
        labels=_ACCOUNT,
    )


def _info(snapshot: Snapshot) -> Metric:
    family = _info_family()
    for account, state in snapshot.accounts:
        owner = snapshot.owners.get(account.owner or "")
        facts = {
            "handle": state.handle or account.display_handle,
            "url": account.url,
            "platform_instance": account.instance,
            "account_owner": owner.name if owner else account.owner or "",
        }
        labels = (label_value(account.id), label_value(account.platform))
        family.add_metric(labels, {key: label_value(value) for key, value in facts.items()})
    return family


def _states_family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "watcher_accounts",
        "Watched accounts by state. An account that cannot be seen counts as blind and in no other state, so that the "
        f"sum is the number of accounts. {_OWN_SCHEDULE}",
        labels=("platform", "state"),
    )


def _states(snapshot: Snapshot) -> Metric:
    counts = Counter((account.platform, state_name(state)) for account, state in snapshot.accounts)
    family = _states_family()
    for platform in dict.fromkeys(account.platform for account, _ in snapshot.accounts):
        for name in (*Phase, BLIND):
            family.add_metric((label_value(platform), name), counts[platform, name])
    return family


BLIND = "blind"


def state_name(state: AccountState) -> str:
    """The phase, or `blind` while the account cannot be seen."""
    return BLIND if state.blind_since is not None else str(state.phase)


def _platforms_family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "watcher_platform_state",
        "1 for the state in which the controls find a platform as seen through one source, 0 for the others. "
        f"{_OWN_SCHEDULE}",
        labels=(*_SOURCE, "state"),
    )


# The labels name no vantage: where several look, the worst that any of them saw is shown.
_WORST_FIRST = (Health.SICK, Health.BLIND, Health.UNPROVEN, Health.OK)


def _platforms(snapshot: Snapshot) -> Metric:
    worst: dict[tuple[str, ...], int] = {}
    for key, health in snapshot.health.items():
        labels, rank = _source_labels(key), _WORST_FIRST.index(health)
        worst[labels] = min(rank, worst.get(labels, rank))
    family = _platforms_family()
    for labels, rank in worst.items():
        for health in Health:
            family.add_metric((*labels, health), float(health is _WORST_FIRST[rank]))
    return family


def _controls_family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "watcher_control_success",
        "1 if the newest look at an account that always exists (kind positive) found it, or at a handle that never "
        f"does (kind negative) found nothing, else 0; absent until asked. {_OWN_SCHEDULE}",
        labels=(*_SOURCE, "kind"),
    )


def _controls(snapshot: Snapshot) -> Metric:
    least: dict[tuple[str, ...], float] = {}
    for key, report in snapshot.reports.items():
        looks: tuple[tuple[str, tuple[ControlFinding, ...]], ...]
        looks = (("positive", report.positives), ("negative", report.negatives))
        for kind, found in looks:
            if found:
                finding = found[0].finding
                good = float(finding.is_present if kind == "positive" else finding.is_absent)
                labels = (*_source_labels(key), kind)
                least[labels] = min(good, least.get(labels, good))
    family = _controls_family()
    for labels, good in least.items():
        family.add_metric(labels, good)
    return family


def _source_labels(key: ControlKey) -> tuple[str, ...]:
    return (label_value(key.platform), label_value(key.instance), label_value(key.source))


def _vantage_family() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "watcher_vantage_online", f"1 while this machine reaches anything at all, 0 while it does not. {_OWN_SCHEDULE}"
    )


def _vantage(snapshot: Snapshot) -> Metric:
    family = _vantage_family()
    family.add_metric((), float(snapshot.vantage is VantageState.ONLINE))
    return family
