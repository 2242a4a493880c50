"""Answers that take 0.2 to 9 s, fresh or from a cache, and a short interval: the bounds hold whatever comes between.

No limit of time is set where answers are slow or old: how soon an absence is told follows from them.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.crowd import BLUESKY, MINUTE, PHASES, TICK, at_phases, watch

QUICK = timedelta(seconds=20)
_MANY = min(PHASES // 2, 200)


def slowly(seed: int) -> Callable[[str], timedelta]:
    """A span of 0.1 to 4.5 s for each answer: it is made after one of them, and sent after another."""
    chance = random.Random(seed)
    return lambda _handle: timedelta(seconds=chance.uniform(0.1, 4.5))


def oddly(minutes: int) -> Callable[[int], timedelta]:
    """So many minutes and up to 10 s, of which each account has another part."""
    return lambda number: timedelta(minutes=minutes, seconds=number * 6.18 % 10)


@pytest.mark.timeout(300)
def test_at_a_short_interval(tmp_path: Path) -> None:
    """Polled every 20 s, at each of many phases: the best estimate is within 15 s of the truth."""
    members = at_phases(BLUESKY, range(_MANY), QUICK, _MANY, oddly(minutes=3), a_wave=_MANY)
    for absence in watch(tmp_path, BLUESKY, members, QUICK):
        assert absence.is_within, absence
        assert absence.error <= timedelta(seconds=15) + TICK, absence


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("cache", "minutes"),
    [
        pytest.param({}, 4, id="no cache"),
        pytest.param({"cache": timedelta(seconds=30)}, 4, id="a cache that can be passed by"),
        pytest.param({"cache": timedelta(seconds=20), "cache_yields": False}, 7, id="a cache that cannot"),
    ],
)
def test_slow_answers(tmp_path: Path, cache: dict[str, Any], minutes: int) -> None:
    """The truth lies within the bounds for each of many accounts, whatever the answers' times and ages."""
    members = at_phases(BLUESKY, range(_MANY), MINUTE, _MANY, oddly(minutes), a_wave=_MANY)
    told = watch(tmp_path, BLUESKY, members, MINUTE, delay=slowly(1), transfer=slowly(2), **cache)
    assert [absence for absence in told if not absence.is_within] == []
