"""The metrics that are read from state, of all accounts together, of platforms and controls: made anew every time.

Nothing is kept from one scrape to the next, so the series of what is gone are gone. For those of each account see
series.py; the same holds for these: no instruments, no I/O, no label that Prometheus gives to targets.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from watcher.model.account import Account
from watcher.model.control import ControlFinding, ControlKey, Health, VantageState
from watcher.model.outage import AccountState, Phase
from watcher.model.snapshot import Snapshot
from watcher.web.lines import label_value
from watcher.web.series import OWN_SCHEDULE

_SOURCE = ("platform", "platform_instance", "source")
_BLIND = "blind"

Tally = Counter[tuple[str, str]]
"""How many accounts there are, by platform and state."""


def tally(accounts: Iterable[Account], states: Iterable[AccountState]) -> Tally:
    """The accounts by platform and phase; `blind` while an account cannot be seen."""
    rows = zip(accounts, states, strict=True)
    return Counter(
        (account.platform, _BLIND if state.blind_since is not None else str(state.phase)) for account, state in rows
    )


def families(snapshot: Snapshot, counts: Tally) -> Iterator[Metric]:
    """The families with their samples; `counts` is the tally of the snapshot's accounts."""
    yield _accounts(counts)
    yield _platforms(snapshot)
    yield _controls(snapshot)
    yield _vantage(snapshot)


def _accounts(counts: Tally) -> Metric:
    family = GaugeMetricFamily(
        "watcher_accounts",
        "Watched accounts by state. An account that cannot be seen counts as blind and in no other state, so that the "
        f"sum is the number of accounts. {OWN_SCHEDULE}",
        labels=("platform", "state"),
    )
    for platform in dict.fromkeys(platform for platform, _ in counts):
        for name in (*Phase, _BLIND):
            family.add_metric((label_value(platform), name), counts[platform, name])
    return family


# The labels name no vantage: where several look, the worst that any of them saw is shown.
_WORST_FIRST = (Health.SICK, Health.BLIND, Health.UNPROVEN, Health.OK)


def _platforms(snapshot: Snapshot) -> Metric:
    worst: dict[tuple[str, ...], int] = {}
    for key, health in snapshot.health.items():
        labels, rank = _source_labels(key), _WORST_FIRST.index(health)
        worst[labels] = min(rank, worst.get(labels, rank))
    family = GaugeMetricFamily(
        "watcher_platform_state",
        "1 for the state in which the controls find a platform as seen through one source, 0 for the others. "
        f"{OWN_SCHEDULE}",
        labels=(*_SOURCE, "state"),
    )
    for labels, rank in worst.items():
        for health in Health:
            family.add_metric((*labels, health), float(health is _WORST_FIRST[rank]))
    return family


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
    family = GaugeMetricFamily(
        "watcher_control_success",
        "1 if the newest look at an account that always exists (kind positive) found it, or at a handle that never "
        f"does (kind negative) found nothing, else 0; absent until asked. {OWN_SCHEDULE}",
        labels=(*_SOURCE, "kind"),
    )
    for labels, good in least.items():
        family.add_metric(labels, good)
    return family


def _source_labels(key: ControlKey) -> tuple[str, ...]:
    return (label_value(key.platform), label_value(key.instance), label_value(key.source))


def _vantage(snapshot: Snapshot) -> Metric:
    family = GaugeMetricFamily(
        "watcher_vantage_online", f"1 while this machine reaches anything at all, 0 while it does not. {OWN_SCHEDULE}"
    )
    family.add_metric((), float(snapshot.vantage is VantageState.ONLINE))
    return family
