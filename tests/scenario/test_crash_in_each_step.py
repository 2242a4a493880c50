"""A death in any step of an incident's life, and a start after it: people are told the same in the end."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.scenario.afterwards import Ending, tell
from tests.scenario.deaths import Kill, plan_of
from tests.scenario.lives import STORIES

SHORT = next(story for story in STORIES if story.name == "short")
# At steps of all sorts alike: there are a hundred heartbeats for each alert.
RESTART = st.sampled_from([f"commit of the start: {step}" for step in ("before", "before COMMIT", "after")])
AWAY = st.sampled_from([0, 5, 15]).map(lambda seconds: timedelta(seconds=seconds))


def told(plan: Sequence[Kill] = ()) -> Ending:
    """What comes of the short story with these deaths."""
    with TemporaryDirectory() as directory:
        return tell(SHORT, Path(directory), plan)


@cache
def alive() -> Ending:
    """What comes of it where nobody dies."""
    return told()


@st.composite
def plans(draw: st.DrawFn) -> tuple[Kill, ...]:
    """Four to six deaths; sometimes a start after one dies too."""
    points = alive().passed
    steps = draw(st.lists(st.sampled_from(sorted(set(points))), min_size=4, max_size=6))
    wanted = []
    for step in steps:
        places = [place for place, point in enumerate(points) if point == step]
        wanted.append((draw(st.sampled_from(places)), draw(AWAY)))
    kills = plan_of(points, wanted)
    return (*kills[:1], Kill(point=draw(RESTART), away=draw(AWAY)), *kills[1:]) if draw(st.booleans()) else kills


@pytest.mark.timeout(300)
def test_nobody_dies() -> None:
    """What the others are compared with: an incident of each sort, all of it told, nothing wrong."""
    assert alive().faults == ()
    assert alive().deaths == ()
    assert {name for name, news in alive().fate.items() if news} == {
        "account x:alice 1",
        'group default{owner="mayor"} 1',
    }
    assert list(alive().fate["account x:alice 1"]) == ["alert", "resolved", "correction"]
    told_of = {point for point in alive().passed if point.startswith("send ")}
    kinds = ("alert", "update", "reminder", "resolved", "correction")
    assert told_of >= {f"send {kind}: taken, not answered" for kind in kinds}


@pytest.mark.timeout(300)  # on a machine that does much else
@settings(
    max_examples=2,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(plan=plans())
def test_whoever_dies_the_same_is_told(plan: tuple[Kill, ...]) -> None:
    """The same incidents, kinds and words; no more than once but for what was not marked; true bounds of outages."""
    ending = told(plan)
    assert ending.deaths
    assert ending.differs(alive()) == []


def test_a_difference_would_be_seen() -> None:
    """Of somebody who never hears the end it is said what became of what, after what else is wrong."""
    unheard = Ending(fate={"x": {"alert": "gone"}}, faults=("told twice",), passed=(), deaths=())
    heard = Ending(fate={"x": {"alert": "gone", "resolved": "back"}}, faults=(), passed=(), deaths=())
    assert heard.differs(heard) == []
    assert unheard.differs(heard) == [
        "told twice",
        "x: {'alert': 'gone', 'resolved': 'back'} became {'alert': 'gone'}",
    ]
