"""At each of many phases of polling: gone for eleven minutes, told in time, measured within the bounds.

They are shared by this file and test_phases_between, so that two processors can take one each; see crowd.PHASES.
Accounts vanish in waves, so that Slack's one message a second keeps up: the times are those of the deliveries.
"""

from pathlib import Path

import pytest

from tests.scenario.crowd import BLUESKY, MINUTE, at_phases, check_limits, quarter, watch


@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", [0, 2])
def test_at_every_even_phase(tmp_path: Path, which: int) -> None:
    """Alert within 90 s and recovery within 30 s; the truth within bounds 90 s apart, the best within 35 s of it."""
    members = at_phases(BLUESKY, quarter(which), MINUTE, 1000)
    check_limits(watch(tmp_path, BLUESKY, members, MINUTE))
