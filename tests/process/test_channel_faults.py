"""A portion of the fault matrix of the channels; the whole is `python -m bench.faults`."""

from pathlib import Path

import pytest

from bench.faults.kills import kills
from bench.faults.kinds import SLACK, SLACK_BOT, Kind, Mailing
from bench.faults.matrix import play
from bench.faults.server import Fault


@pytest.mark.parametrize("kind", [SLACK, SLACK_BOT, Mailing()], ids=lambda kind: kind.name)
@pytest.mark.parametrize("fault", [Fault.REFUSED_FOR_GOOD, Fault.CUT])
def test_nothing_is_lost(kind: Kind, fault: Fault, tmp_path: Path) -> None:
    """Both alerts arrive in the end, twice only where it may be and under the same key; nobody else waits."""
    row = play(kind, fault, tmp_path)
    assert row.faults == ()


def test_a_kill_between_send_and_mark(tmp_path: Path) -> None:
    """What was sent and not marked is sent again, under the same key; the other once."""
    [row] = kills(SLACK, tmp_path, ("send: after",))
    assert row.faults == ()
    assert (row.arrived, row.keys) == (3, 2)
