"""What watching takes of the machine: measured constants, and the sums that are made of them. Pure.

The constants are those of `bench/README.md` (`python -m bench`, the machine described there); other machines differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from watcher.settings.pace import Lane, Load

CPU_SECONDS_PER_CHECK: Final = 1.2e-3
"""Processor time of one look at one account, from the request to the record, over an open connection."""
CPU_SECONDS_PER_CONNECTION: Final = 2.0e-3
"""What a new TLS connection takes on top."""
MEMORY_BYTES_AT_LEAST: Final = 100_000_000
MEMORY_BYTES_PER_ACCOUNT: Final = 2_100
KEPT_ALIVE_SECONDS: Final = 15.0
"""For so long an idle connection is kept: whoever is asked more seldom is connected to anew each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Looks at accounts, requests and new connections, per second; what share of a core, and bytes of memory."""

    looks: float
    requests: float
    connections: float
    cores: float
    memory: int


def cost_of(loads: Iterable[Load], accounts: int) -> Cost:
    """What it takes to watch so many accounts, by these loads."""
    looks = requests = connections = 0.0
    for load in loads:
        looks += load.controls + sum(map(_looks, load.lanes))
        requests += load.wanted + load.controls
        is_kept_open = load.wanted * KEPT_ALIVE_SECONDS > 1
        connections += load.controls + (0.0 if is_kept_open else load.wanted)
    return Cost(
        looks=looks,
        requests=requests,
        connections=connections,
        cores=looks * CPU_SECONDS_PER_CHECK + connections * CPU_SECONDS_PER_CONNECTION,
        memory=MEMORY_BYTES_AT_LEAST + accounts * MEMORY_BYTES_PER_ACCOUNT,
    )


def _looks(lane: Lane) -> float:
    return sum(1 / account.policy.interval.total_seconds() for account in lane.accounts)
