"""The other half of the phases of test_phases, and fifty on the pages of 2017."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.scenario.crowd import BLUESKY, MINUTE, X, at_phases, check_limits, quarter, watch


@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", [1, 3])
def test_at_every_odd_phase(tmp_path: Path, which: int) -> None:
    """Alert within 90 s and recovery within 30 s; the truth within bounds 90 s apart, the best within 35 s of it."""
    members = at_phases(BLUESKY, quarter(which), MINUTE, 1000)
    check_limits(watch(tmp_path, BLUESKY, members, MINUTE))


@pytest.mark.timeout(300)
def test_on_the_pages_of_2017(tmp_path: Path) -> None:
    """The same limits hold where a French soft 404 must be told from a profile, and pages return at odd instants."""
    members = at_phases(X, range(50), MINUTE, 50, lambda number: timedelta(minutes=11, seconds=number * 6.18 % 10))
    check_limits(watch(tmp_path, X, members, MINUTE))
