"""When to look at whom. `plan` decides (pure); `ticker` makes time pass (the only importer of apscheduler)."""

from watcher.schedule.plan import Due, Plan, Slot, places
from watcher.schedule.ticker import ApsTicker, LoopTicker, Ticker

__all__ = ["ApsTicker", "Due", "LoopTicker", "Plan", "Slot", "Ticker", "places"]
