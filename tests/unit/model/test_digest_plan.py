"""When a digest is due: on the readers' clocks, once a day, not too late."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from watcher.model.digest import DigestPlan, digest_id

MORNING = DigestPlan(at=time(8), timezone=ZoneInfo("Europe/Berlin"), channels=("desk",))
WEEKDAYS = DigestPlan(at=time(8), timezone=ZoneInfo("Europe/Berlin"), channels=("desk",), days=frozenset(range(5)))
NIGHT = DigestPlan(at=time(2, 30), timezone=ZoneInfo("Europe/Berlin"), channels=("desk",))
EVENING = DigestPlan(at=time(23), timezone=ZoneInfo("Europe/Berlin"), channels=("desk",))


@pytest.mark.parametrize(
    ("plan", "now", "day", "at"),
    [
        (MORNING, "2024-01-10 06:59:59", None, None),
        (MORNING, "2024-01-10 07:00", "2024-01-10", "2024-01-10 07:00"),
        (MORNING, "2024-01-10 12:59:59", "2024-01-10", "2024-01-10 07:00"),
        (MORNING, "2024-01-10 13:00", None, None),  # too late
        (WEEKDAYS, "2024-01-13 07:00", None, None),  # a Saturday
        (WEEKDAYS, "2024-01-12 07:00", "2024-01-12", "2024-01-12 07:00"),
        (EVENING, "2024-01-11 01:00", "2024-01-10", "2024-01-10 22:00"),  # of yesterday
        # 02:30 is skipped on 31 March 2024, and comes twice on 27 October.
        (NIGHT, "2024-03-31 01:29:59", None, None),
        (NIGHT, "2024-03-31 01:30", "2024-03-31", "2024-03-31 01:30"),
        (NIGHT, "2024-10-27 00:30", "2024-10-27", "2024-10-27 00:30"),
        (NIGHT, "2024-10-27 01:30", "2024-10-27", "2024-10-27 00:30"),
    ],
)
def test_due(plan: DigestPlan, now: str, day: str | None, at: str | None) -> None:
    """The day that it is of, and the instant at which it was to be told."""
    found = plan.due(datetime.fromisoformat(now).replace(tzinfo=UTC))
    if day is None or at is None:
        assert found is None
        return
    assert found is not None
    assert (digest_id(found[0]), found[1]) == (f"digest-{day}", datetime.fromisoformat(at).replace(tzinfo=UTC))
