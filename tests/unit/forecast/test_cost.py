"""What a watchlist takes of the machine."""

from datetime import timedelta

import pytest

from tests.unit.settings.samples import PLATFORMS
from tests.unit.settings.test_pace import crowd
from watcher.forecast import cost_of
from watcher.settings.pace import loads


def test_what_thirty_accounts_take() -> None:
    """Thirty looks a minute over an open connection, and 0.4 controls a minute, each over a new one."""
    found = cost_of(loads(crowd(30), PLATFORMS), 30)
    per_minute = [found.looks * 60, found.requests * 60, found.connections * 60]
    assert per_minute == pytest.approx([30.4, 30.4, 0.4])
    assert found.cores == pytest.approx((30.4 * 1.2e-3 + 0.4 * 2e-3) / 60)
    assert found.memory == 100_000_000 + 30 * 2_100


def test_who_is_asked_seldom_is_connected_to_each_time() -> None:
    """No server keeps a connection for an hour."""
    found = cost_of(loads(crowd(1, timedelta(hours=1)), PLATFORMS), 1)
    assert found.connections == pytest.approx(found.requests)
