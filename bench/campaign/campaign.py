"""Which stories are played, and by whom: every set of one or two faults at every step, again and again by seed."""

import asyncio
import gc
import logging
import multiprocessing
import random
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import combinations
from types import ModuleType
from typing import Any, Final

import structlog

from bench.campaign.faults import FAULTS
from bench.campaign.loop import TimeLoop
from bench.campaign.memo import Memo
from bench.campaign.scenes import scenes
from bench.campaign.story import STEPS, Plot, Told, play
from watcher.judge.gate import admit
from watcher.look import controls, examining, pipeline, reports
from watcher.metrics import Metrics
from watcher.model.control import ControlReport
from watcher.model.finding import Finding

SETS: Final[tuple[tuple[int, ...], ...]] = (
    *((number,) for number in FAULTS),
    *combinations(FAULTS, 2),
)
_A_BATCH: Final = 50
_SAY_EVERY: Final = 60.0


def plots(seed: int) -> Iterator[Plot]:
    """All stories, without end: each set at each step first, in an order that mixes them, then all of that anew."""
    chance = random.Random(seed)
    count = len(scenes())
    while True:
        whole = [(faults, step) for faults in SETS for step in range(STEPS)]
        chance.shuffle(whole)
        for faults, step in whole:
            order = faults if chance.random() < 0.5 else faults[::-1]
            yield Plot(seed=chance.randrange(2**40), scene=chance.randrange(count), faults=order, step=step)


class Players:
    """Plays stories one after the other."""

    def __init__(self, memo: Memo, loop: TimeLoop) -> None:
        self.memo = memo
        self._loop = loop
        self._scenes = scenes()
        self._metrics = Metrics("campaign")

    def play(self, some: Iterable[Plot]) -> Told:
        """What came of them."""
        told = Told()
        for plot in some:
            told.add(play(self._loop, plot, self._scenes, self._metrics))
        return told


@contextmanager
def stage(*, weak: bool = False) -> Iterator[Players]:
    """Everything that a story needs, with `classify` memoised, and nothing kept for the record.

    `weak`: with a hole in the gate, which then takes the last positive control that it knows, however old.
    """
    memo, loop = Memo(), TimeLoop()
    # What a story leaves behind is let go with it; to look for circles all the time takes a fifth of the time.
    collecting = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    put: dict[tuple[ModuleType, str], Any] = {(module, "classify"): memo for module in (controls, examining, reports)}
    # What is kept for the record decides nothing: imprints of answers, bundles of evidence.
    put |= {(module, "condense"): lambda *_args: None for module in (pipeline, reports)}
    put |= {(pipeline, "witnessed"): lambda transitions, _sighting: (transitions, ())}
    if weak:
        put |= {(examining, "admit"): _takes_earlier, (examining, "need_of"): lambda *_args, **_rest: None}
    true = {(module, name): getattr(module, name) for module, name in put}
    for (module, name), stand_in in put.items():
        setattr(module, name, stand_in)
    asyncio.set_event_loop(loop)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        processors=[_fault],
        cache_logger_on_first_use=True,
    )
    try:
        yield Players(memo, loop)
    finally:
        gc.set_threshold(*collecting)
        structlog.reset_defaults()
        asyncio.set_event_loop(None)
        loop.close()
        for (module, name), original in true.items():
            setattr(module, name, original)


def campaign(probes: int, seed: int, workers: int) -> tuple[Told, dict[str, int]]:
    """Play until that many answers were looked for, in so many processes; what came of it, and what was memoised."""
    jobs = [(worker, workers, probes // workers + 1, seed) for worker in range(workers)]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        shares = pool.map(_share, jobs, chunksize=1)
    told, memo = Told(), dict.fromkeys(("calls", "worked_out", "checked"), 0)
    for share, counts in shares:
        told.add(share)
        memo = {name: memo[name] + counts[name] for name in memo}
    return told, memo


def _share(job: tuple[int, int, int, int]) -> tuple[Told, dict[str, int]]:
    """One worker's part: every `of`-th story, until so many probes were made."""
    worker, of, probes, seed = job
    told, said = Told(), time.monotonic()
    with stage() as players:
        mine = (plot for number, plot in enumerate(plots(seed)) if number % of == worker)
        while told.probes < probes:
            told.add(players.play([next(mine) for _ in range(_A_BATCH)]))
            if worker == 0 and time.monotonic() - said > _SAY_EVERY:
                said = time.monotonic()
                print(f"… {told.probes * of:,} of {probes * of:,} probes, {len(told.false)} false", file=sys.stderr)
        memo = players.memo
        return told, {"calls": memo.calls, "worked_out": memo.worked_out, "checked": memo.checked}


def _takes_earlier(finding: Finding, report: ControlReport, now: datetime, **rest: Any) -> Finding:
    if finding.is_absent and any(control.finding.is_present for control in report.positives):
        return finding
    return admit(finding, report, now, **rest)


def _fault(_logger: object, _method: str, event: Any) -> Any:
    raise AssertionError(f"the program logged an error: {event}")
