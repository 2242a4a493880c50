"""The whole program at large scale: `python -m bench.scale [NAME …] [--minutes 3] [--exact] [--json FILE]`.

A site over TLS in one process, watcher in another; what is measured is watcher's processor time and memory, how late
it asks, how long its loop was blocked. Needs two cores to itself. The peers are measured where they are installed.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figure import Figure
from bench.scale import figures

Measure = Callable[[Path, figures.Asked], Awaitable[list[Figure]]]
MEASURES: dict[str, Measure] = {
    "check": figures.of_a_check,
    "large": figures.of_large_pages,
    "paced": figures.paced,
    "ten_thousand": figures.ten_thousand,
    "hundred_thousand": figures.hundred_thousand,
    "growth": figures.growth,
    "handshakes": figures.handshakes,
    "overload": figures.overload,
    "black_hole": figures.black_hole,
    "detection": figures.detection,
    **{f"detection_of_{each}": partial(figures.detection, accounts=each) for each in (30_000, 100_000)},
}


async def measured(names: list[str], asked: figures.Asked) -> list[Figure]:
    """The figures of these measures, each told as soon as it is known."""
    rows: list[Figure] = []
    for name in names:
        with TemporaryDirectory() as folder:
            found = await MEASURES[name](Path(folder), asked)
        for row in found:
            print(row.line(), flush=True)
        rows += found
    return rows


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--minutes", type=float, default=3, help="how long a hundred thousand accounts are held")
    parser.add_argument("--exact", action="store_true", help="ask a slower machine as often as the goals do")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    if unknown := set(asked.names) - MEASURES.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    how = figures.Asked(minutes=asked.minutes, exact=asked.exact)
    rows = asyncio.run(measured(asked.names or list(MEASURES), how))
    if asked.json is not None:
        asked.json.write_text(json.dumps([row.record() for row in rows], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
