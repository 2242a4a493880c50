"""What the tests of the plan have in common."""

from collections.abc import Iterable
from datetime import datetime

from watcher.schedule.plan import Plan, Slot


def make_it(plan: Plan, slots: Iterable[Slot], now: datetime) -> None:
    """Make these the accounts of the plan, as an edit of the whole watchlist does."""
    wanted = {slot.account_id: slot for slot in slots}
    plan.remove([account_id for account_id in plan if account_id not in wanted])
    plan.amend(wanted.values(), now)
