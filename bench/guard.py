"""Whether what is done most often has become slower: `python -m bench.guard [--write]`; 1 if one takes 30 % more.

Each figure is the least of many repeats of processor time, divided by that of a fixed piece of work that is measured in
turn with it: so it hardly depends on the machine, nor on what else runs there. That piece is of the kind of what is
measured (texts, objects, tables): one that only counts would not suffer as much from others in the same cache.
`--write` makes today's the measure.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from pathlib import Path

from bench.look import looks
from bench.stages import plan_round
from bench.subjects import Subjects
from watcher.classify import classify
from watcher.judge.machine import step

MEASURE = Path(__file__).with_name("guard.json")
_REPEATS = 30
_TOLERATED = 1.3
_AGAIN = 2


_TEXT = json.dumps([{"id": n, "name": f"name {n}", "tags": [str(n), str(n + 1)], "at": n * 1.5} for n in range(60)])
_PAIR = re.compile(r'"(\w+)": "([^"]*)"')


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    name: str
    tags: tuple[str, ...]


def fixed_work() -> None:
    """Read a text, make objects of it, find them in a table."""
    made = []
    for _ in range(6):
        made += [_Item(each["id"], each["name"].upper(), tuple(each["tags"])) for each in json.loads(_TEXT)]
        assert dict(_PAIR.findall(_TEXT))
    table = {item.name: item for item in made}
    assert sum(table[item.name].number for item in made) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something that is done `times` a repeat."""

    name: str
    work: Callable[[], object | Awaitable[object]]
    times: int
    done: int = 1


async def ratio_of(subject: Subject) -> float:
    """The least processor time of one, divided by the least of the fixed work."""
    least = loop = float("inf")
    for _ in range(_REPEATS):
        loop = min(loop, await _took(fixed_work, 5))
        least = min(least, await _took(subject.work, subject.times))
    return least / subject.done / loop


async def _took(work: Callable[[], object], times: int) -> float:
    began = time.thread_time()
    for _ in range(times):
        made = work()
        if isawaitable(made):
            await made
    return (time.thread_time() - began) / times


async def measured() -> dict[str, float]:
    """All of them, by name."""
    s = Subjects()
    async with looks() as made:
        subjects = (
            Subject(name="look", work=made.round, times=1, done=made.count),
            Subject(name="classify_present_30kb", work=lambda: classify(s.page_head), times=50),
            Subject(name="classify_missing_30kb", work=lambda: classify(s.page_missing, s.references), times=20),
            Subject(name="classify_missing_1mb", work=lambda: classify(s.page_missing_large, s.references), times=3),
            Subject(name="judge_step", work=lambda: step(s.state_up, s.finding_present, s.account), times=300),
            Subject(name="plan_round", work=plan_round, times=1, done=10_000),
        )
        return {subject.name: round(await ratio_of(subject), 5) for subject in subjects}


def _slower(found: dict[str, float], known: dict[str, float]) -> set[str]:
    return {name for name, ratio in found.items() if ratio > _TOLERATED * known[name]}


def main() -> int:
    """Measure, compare, tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.guard", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make what is measured now the measure")
    asked = parser.parse_args()
    found = asyncio.run(measured())
    if asked.write:
        MEASURE.write_text(json.dumps(found, indent=2) + "\n")
    known = json.loads(MEASURE.read_text())
    slower = _slower(found, known)
    for _ in range(_AGAIN if slower else 0):  # a machine may be disturbed for seconds
        again = asyncio.run(measured())
        found = {name: min(ratio, again[name]) for name, ratio in found.items()}
        slower = _slower(found, known)
    for name, ratio in found.items():
        told = f"{ratio / known[name]:.2f} of {known[name]:.5f}{'  SLOWER' if name in slower else ''}"
        print(f"{name:24} {ratio:9.5f}  {told}")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
