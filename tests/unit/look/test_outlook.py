"""What can be seen of a platform from here, as a line of the log."""

from dataclasses import replace
from datetime import datetime, timedelta

from structlog.testing import capture_logs

from tests.unit.town import TOWN, book, key
from tests.unit.web.story import MISSED, NOW, SEEN
from watcher.look.outlook import Outlooks, line, outlook
from watcher.model.control import Calibration, ControlFinding, ControlReport

GONE = "; control carol is gone: name another"


def report(asked_at: datetime) -> ControlReport:
    """One control answers, and @carol was missing when it was asked last."""
    carol = ControlFinding(handle="carol", finding=replace(MISSED.finding, at=asked_at))
    return ControlReport(
        key=key(), positives=(SEEN, carol), negatives=(MISSED,), calibration=Calibration(dead=("carol",))
    )


def test_a_control_that_only_the_last_run_found_gone_is_not_named() -> None:
    """It may be there again: it is named once this run has asked for it."""
    stored, fresh = outlook(report(NOW - timedelta(hours=1)), TOWN), outlook(report(NOW), TOWN)
    start = NOW - timedelta(minutes=1)
    assert not line(stored, start).endswith(GONE)
    assert line(fresh, start).endswith(GONE)
    assert line(stored).endswith(GONE)


def test_a_start_tells_of_each_source_once() -> None:
    """With what was asked since."""
    with capture_logs() as logged:
        outlooks = Outlooks(book(), NOW - timedelta(minutes=1))
        outlooks.note(report(NOW - timedelta(hours=1)))
        outlooks.note(report(NOW))
    [entry] = logged
    assert entry["event"] == "calibrated"
    assert not entry["says"].endswith(GONE)
