"""`python -m bench.campaign [--probes N] [--seed S] [--workers W] [--json FILE]`: play, and print what came of it.

The exit status is 0 only when no outage was opened falsely and every vanishing was found in time.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.campaign.campaign import SETS, campaign
from bench.campaign.faults import FAULTS
from bench.campaign.story import PROMISED, STEPS, Told

_SHOWN = 20


def record(told: Told, memo: dict[str, int], seconds: float) -> dict[str, Any]:
    """The figures."""
    return {
        "looks": told.looks,
        "probes": told.probes,
        "stories": told.stories,
        "sets": len(SETS),
        "steps": STEPS,
        "outages_opened": told.opened,
        "outages_opened_falsely": len(told.false),
        "outages_begun_too_early": told.early,
        "outages_told_after_their_end": told.late,
        "moved_and_unseen": told.moved_unseen,
        "outages_closed": told.closed,
        "outages_closed_falsely": len(told.closed_false),
        "vanishings_promised": told.promised,
        "vanishings_missed": len(told.missed),
        "told_together": told.grouped,
        "told_before_so_many_were_missing": told.ungrouped,
        "memo": memo,
        "cpu_seconds": round(seconds, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.campaign", description=__doc__)
    parser.add_argument(
        "--probes", type=int, default=10_000_000, help="answers to look for, controls included (10,000,000)"
    )
    parser.add_argument("--seed", type=int, default=2017)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    began = time.monotonic()
    told, memo = campaign(arguments.probes, arguments.seed, arguments.workers)
    figures = record(told, memo, time.monotonic() - began)
    print(f"{len(FAULTS)} sources, alone and in pairs: {len(SETS)} sets, each beginning at each of {STEPS} questions")
    print(f"{told.stories:,} stories, {told.probes:,} probes, of them {told.looks:,} looks judged")
    print(f"opened        {told.opened:,} outages, {len(told.false)} of them falsely")
    print(
        f"              {told.early} true ones with a first absence that was none (an end between answer and control)"
    )
    print(f"              {told.late} true ones that had just ended (the last look met an error of a moment)")
    print(f"              {told.moved_unseen} of a renamed account while what finds it by id was hidden (not false)")
    print(f"closed        {told.closed:,} outages, {len(told.closed_false)} of them falsely")
    print(
        f"vanishings    {told.promised:,} that could be seen for {PROMISED.seconds} s, "
        f"{len(told.missed)} not told in time"
    )
    print("              seconds to the news: " + ", ".join(f"{at}+ {n}" for at, n in sorted(told.delays.items())))
    print(f"mass events   {told.grouped:,} outages told together, {told.ungrouped:,} before so many were missing")
    print(f"memo          {memo['worked_out']:,} of {memo['calls']:,} worked out, {memo['checked']:,} others checked")
    print("faults began  " + "; ".join(f"{step} ({count})" for step, count in told.steps.most_common(60)))
    for said in (*told.false[:_SHOWN], *told.missed[:_SHOWN], *told.closed_false[:_SHOWN]):
        print(f"  {said}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if told.false or told.missed else 0


if __name__ == "__main__":
    sys.exit(main())
