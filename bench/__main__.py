"""Print the table of speed: `python -m bench [--all] [--minutes 3] [--json FILE]`.

First the stages of a look, each by itself, and the scrape, in some minutes; with `--all` the whole program at large
scale too (`bench.scale`, `bench.large`), for an hour. Machines are noisy: compare the column `ratio`, the figure
divided by that of a reference loop of the same round. Nothing here passes or fails a test: see `bench.guard`.
"""

import argparse
import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import large, stages
from bench.scale.__main__ import MEASURES, measured
from bench.scale.figures import Asked

_LARGE = 100_000


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--all", action="store_true", help="the whole program at large scale, too")
    parser.add_argument("--minutes", type=float, default=3, help="how long a hundred thousand accounts are held")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as well")
    asked = parser.parse_args()
    print(f"{'figure':44} {'value':>11} {'unit':12} {'ratio':>9}  goal")
    with TemporaryDirectory() as folder:
        rows = stages.figures(Path(folder))
    for row in rows:
        print(row.line(), flush=True)
    if asked.all:
        rows += asyncio.run(measured(list(MEASURES), Asked(minutes=asked.minutes)))
        with TemporaryDirectory() as folder:
            found = large.figures(Path(folder), _LARGE)
        for row in found:
            print(row.line(), flush=True)
        rows += found
    if asked.json is not None:
        asked.json.write_text(json.dumps([row.record() for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
