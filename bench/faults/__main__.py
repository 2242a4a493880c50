"""Print the table; end with 1 when anything was lost, or told twice where it need not be."""

import argparse
import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from bench.faults.kills import kills
from bench.faults.kinds import KINDS
from bench.faults.matrix import Row, play


def main() -> None:
    """All cells, or those of one kind."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.faults")
    parser.add_argument("--kind", choices=[kind.name for kind in KINDS], help="only this kind of channel")
    parser.add_argument("--no-kills", action="store_true", help="without kill -9, which takes a process a step")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    logging.disable()  # the servers' own complaints of what they are made to do
    kinds = [kind for kind in KINDS if asked.kind in (None, kind.name)]
    rows: list[Row] = []
    print(f"{'channel':<14}{'fault':<34}{'tries':>6}{'arrived':>9}{'keys':>6}{'others':>8}{'instead':>9}  verdict")
    with TemporaryDirectory() as directory:
        for kind in kinds:
            for fault in kind.faults:
                place = Path(directory) / f"{kind.name}-{fault.name}"
                place.mkdir()
                rows.append(_shown(play(kind, fault, place)))
            rows.extend(_shown(row) for row in (() if asked.no_kills else kills(kind, Path(directory))))
    bad = sum(not row.ok for row in rows)
    print(f"{len(rows)} cells, {bad or 'none'} wrong")
    sys.exit(1 if bad else 0)


def _shown(row: Row) -> Row:
    said = "ok" if row.ok else ", ".join(row.faults)
    print(
        f"{row.kind:<14}{row.fault:<34}{row.tries:>6}{row.arrived:>9}{row.keys:>6}{row.others:>8}"
        f"{row.told_instead:>9}  {said}",
        flush=True,
    )
    return row


if __name__ == "__main__":
    main()
