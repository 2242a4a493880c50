"""How many requests a minute many Bluesky accounts take: `python -m bench.batches [--accounts 1000] [--interval 60]`.

The whole program in virtual time against the scripted platform, which counts what comes in, controls included. The
exit status is 1 when a minute had more than the goal.
"""

import argparse
import json
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import BLUESKY, World, watching
from watcher.demo.answers import Page
from watcher.model.outage import Phase

_MINUTE = timedelta(minutes=1)
_GOAL = 50


async def play(directory: Path, accounts: int, interval: int, minutes: int) -> tuple[list[int], int]:
    """The requests of each minute from the start on, and how many of the accounts were seen in the last interval."""
    who = [f"member{number:05}.example" for number in range(accounts)]
    watchlist = watching(*(f"https://bsky.app/profile/{handle}" for handle in who), interval=f"{interval}s")
    async with World(directory, watchlist, hosts=(BLUESKY,)) as world:
        for handle in ("nytimes.com", *who):
            world.bluesky.set(handle, Page.PRESENT)
        began = world.now
        await world.wait(minutes=minutes)
        since = world.now - timedelta(seconds=interval + 1)
        states = world.app.book.states.values()
        seen = sum(s.phase is Phase.UP and (s.last_probe_at or began) >= since for s in states)
        counted = Counter((at - began) // _MINUTE for at in world.bluesky.arrivals)
        return [counted[minute] for minute in range(minutes)], seen


def main() -> int:
    """Print the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=60, help="seconds")
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    began = time.process_time()
    with TemporaryDirectory() as directory:
        counts, seen = run_virtual(play(Path(directory), asked.accounts, asked.interval, asked.minutes))
    figure = {
        "accounts": asked.accounts,
        "interval_s": asked.interval,
        "requests_per_minute": counts,
        "most": max(counts),
        "goal": _GOAL,
        "seen_within_the_interval": seen,
        "cpu_s": round(time.process_time() - began, 1),
    }
    ok = max(counts) <= _GOAL
    if asked.json:
        print(json.dumps(figure))
    else:
        print(f"{asked.accounts} Bluesky accounts every {asked.interval} s, controls included")
        print(f"requests in each minute   {' '.join(map(str, counts))}")
        print(f"most in a minute          {max(counts)}   goal <= {_GOAL} {'ok' if ok else 'MISSED'}")
        print(f"seen within the interval  {seen} of {asked.accounts}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
