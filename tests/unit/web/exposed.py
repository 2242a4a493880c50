"""What a scrape shows: of the product, and of a collector that does the same in the plainest way."""

import asyncio
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from watcher.model.account import Account
from watcher.model.outage import AccountState, Phase
from watcher.model.snapshot import Snapshot
from watcher.web.families import families, tally
from watcher.web.lines import label_value
from watcher.web.scrape import Exporter
from watcher.web.series import SERIES

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
Read = Callable[[AccountState], float | None]


def text(snapshot: Snapshot, exporter: Exporter | None = None, *, openmetrics: bool = False) -> str:
    """What the product writes of the snapshot, and of nothing else unless the exporter has more."""
    made = exporter or Exporter(CollectorRegistry())
    return asyncio.run(made.expose(snapshot, OPENMETRICS if openmetrics else "", "")).body.decode()


def samples(snapshot: Snapshot) -> tuple[Sample, ...]:
    """What a scrape of the snapshot shows, read by the library's parser."""
    found = text_string_to_metric_families(text(snapshot))
    return tuple(sample for family in found for sample in family.samples)


def value(snapshot: Snapshot, name: str, **labels: str) -> float | None:
    """The value of one series; None when there is none."""
    found = [sample.value for sample in samples(snapshot) if (sample.name, sample.labels) == (name, labels)]
    assert len(found) <= 1, f"{name}{labels} more than once"
    return found[0] if found else None


class Plain(Collector):
    """All that is read from state, by way of the library's own objects, with nothing kept."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        """The families with their samples."""
        for series in SERIES:
            family = series.family
            family = Metric(family.name, family.documentation, family.type)
            for account, state in self._snapshot.rows:
                labels = {"account": label_value(account.id), "platform": label_value(account.platform)}
                if family.type == "info":
                    facts = {name: label_value(fact) for name, fact in self._facts(account, state).items()}
                    family.add_sample(f"{family.name}_info", labels | facts, 1.0)
                    continue
                is_counter = family.type == "counter"
                read = READ[family.name.removeprefix("watcher_account_")]
                value = read(self._snapshot.stored.get(account.id, state) if is_counter else state)
                if value is not None:
                    family.add_sample(family.name + ("_total" if is_counter else ""), labels, value)
            yield family
        yield from families(
            self._snapshot, tally(self._snapshot.accounts.values(), (state for _, state in self._snapshot.rows))
        )

    def _facts(self, account: Account, state: AccountState) -> dict[str, str]:
        owner = self._snapshot.owners.get(account.owner or "")
        return {
            "handle": state.handle or account.display_handle,
            "url": account.url,
            "platform_instance": account.instance,
            "account_owner": owner.name if owner else account.owner or "",
        }


def _up(state: AccountState) -> float | None:
    if state.blind_since is not None or state.phase in (Phase.NEW, Phase.NEVER_SEEN):
        return None
    return float(not state.is_down)


READ: dict[str, Read] = {
    "up": _up,
    "last_probe_timestamp_seconds": lambda s: s.last_probe_at.timestamp() if s.last_probe_at else None,
    "last_verdict_timestamp_seconds": lambda s: s.last_verdict_at.timestamp() if s.last_verdict_at else None,
    "outage_start_timestamp_seconds": lambda s: s.outage.began.latest.timestamp() if s.outage else None,
    "last_outage_duration_seconds": lambda s: None if s.last_outage is None else s.last_outage.total_seconds(),
    "outages": lambda s: float(s.outages_total),
    "outage_seconds": lambda s: s.outage_total.total_seconds(),
    "unobserved_seconds": lambda s: s.unobserved.total_seconds(),
    "observed_seconds": lambda s: s.observed.total_seconds(),
    "outage_unobserved_seconds": lambda s: s.outage_unobserved.total_seconds(),
}
