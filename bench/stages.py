"""The stages of a look, each by itself. Figures are medians of five rounds of CPU time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from bench.figure import Figure, reference
from bench.scrape import scrapes
from bench.subjects import Subjects
from watcher.classify import classify
from watcher.judge.machine import step
from watcher.schedule import Plan, Slot
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

_ROUNDS = 5
_NOW = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)


def measure(work: Callable[[], object], times: int) -> tuple[float, float]:
    """CPU seconds a call, and the same divided by the reference loop: medians of interleaved rounds."""
    seconds, ratios = [], []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(20):
            reference()
        one = (time.process_time() - began) / 20
        began = time.process_time()
        for _ in range(times):
            work()
        each = (time.process_time() - began) / times
        seconds.append(each)
        ratios.append(each / one)
    return median(seconds), median(ratios)


def figures(directory: Path) -> list[Figure]:
    """All rows of the table."""
    s = Subjects()
    rows: list[Figure] = []

    def row(name: str, work: Callable[[], object], *, times: int, unit: str, scale: float, goal: float | None) -> None:
        value, ratio = measure(work, times)
        shown = value * scale
        rows.append(
            Figure(
                name=name,
                value=round(shown, 2),
                unit=unit,
                ratio=round(ratio * (scale / 1e6 if unit.endswith("/account") else 1), 4),
                goal=goal,
            )
        )

    known = s.references
    row("classify_json_1kb", lambda: classify(s.json_present), times=300, unit="us", scale=1e6, goal=None)
    for name, asked, times, goal in (
        ("classify_present_30kb", s.page_head, 300, 50),
        ("classify_present_30kb_error", s.page_present, 100, 500),
        ("classify_present_400_tags", s.page_present_tags, 100, 500),
        ("classify_missing_30kb", s.page_missing, 100, 500),
        ("classify_missing_400_tags", s.page_missing_tags, 100, 500),
        ("classify_present_1mb", s.page_present_large, 10, 5000),
        ("classify_missing_1mb", s.page_missing_large, 10, 5000),
    ):
        row(name, partial(classify, asked, known), times=times, unit="us", scale=1e6, goal=goal)
    row("classify_hostile_1mb", lambda: classify(s.page_hostile), times=2, unit="ms", scale=1e3, goal=None)
    row(
        "judge_step",
        lambda: step(s.state_up, s.finding_present, s.account),
        times=2000,
        unit="us",
        scale=1e6,
        goal=None,
    )
    row("plan_tick_10000_due", plan_round, times=2, unit="us/account", scale=1e6 / 10_000, goal=None)
    store = SqlStore(directory)
    store.open()
    store.watch(s.accounts, _NOW)
    states = s.states
    row(
        "store_commit_500_states",
        lambda: store.commit(Commit(states=states[:500])),
        times=5,
        unit="ms",
        scale=1e3,
        goal=50,
    )
    store.close()
    return rows + scrapes()


def plan_round() -> None:
    """Ten thousand accounts handed out and put back."""
    plan = Plan()
    plan.amend((Slot(account_id=f"x:{n}", host="x.com", interval=timedelta(seconds=60)) for n in range(10_000)), _NOW)
    later = _NOW + timedelta(seconds=60)
    for due in plan.due(later, lambda _host: 10_000):
        plan.again(due.account_id, later, timedelta(seconds=60))
