"""What would have been told, had today's rules and policy been those of then: stored looks, judged again. Pure.

Samples keep each change of what the looks said, and one look a day. Between two of them every look said the same, so
that a sample stands for all looks up to the next one; they are put where today's policy would have put them. What
cannot be judged again (no imprint, not enough of it, no control at the time) counts as it was then, and is counted.
"""

from watcher.backtest.differ import Comparison, Past, backtest
from watcher.backtest.told import record, said

__all__ = ["Comparison", "Past", "backtest", "record", "said"]
