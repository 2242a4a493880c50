"""A portion of the incident campaign, with the program's own pipeline and controls; and a proof that it can fail.

The whole of it: `python -m bench.campaign`.
"""

from collections.abc import Iterator
from itertools import islice

import pytest

from bench.campaign.campaign import SETS, Players, plots, stage
from bench.campaign.faults import FAULTS
from bench.campaign.story import STEPS, Plot, Told

PORTIONS = 5
PROBES = 12_000


@pytest.fixture(scope="module")
def players() -> Iterator[Players]:
    """Those who play all portions, and remember what was classified before."""
    with stage() as players:
        yield players


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_no_false_outage_and_every_vanishing_found(players: Players, portion: int) -> None:
    """Sixty thousand probes of platforms that misbehave: no outage is opened falsely, none is told too late."""
    told, some = Told(), plots(portion)
    while told.probes < PROBES:
        told.add(players.play(islice(some, 20)))
    assert told.false == []
    assert told.missed == []
    assert told.opened > 60
    assert told.promised > 36
    assert players.memo.checked > 12


def test_a_gate_with_a_hole_is_found_out() -> None:
    """A gate that takes an earlier positive control calls accounts gone that are not: the campaign says so."""
    walls = (Plot(seed=seed, scene=seed % 6, faults=(8,), step=seed % STEPS) for seed in range(60))
    with stage(weak=True) as players:
        told = players.play(walls)
    assert len(told.false) > 10
    assert any("8 platform outage" in said for said in told.false)


def test_a_wall_that_ends_between_two_controls() -> None:
    """Found by a larger campaign: what said "not found" of everybody was over when the second control was asked."""
    with stage() as players:
        told = players.play([Plot(seed=792022371987, scene=1, faults=faults, step=6) for faults in ((3, 26), (26, 3))])
    assert told.false == []


@pytest.mark.parametrize(
    ("seed", "scene", "faults", "step"),
    [
        (33486775611, 4, (17, 24), 7),  # an error page that the controls got too closed an outage
        (948015356904, 4, (15, 11), 13),  # a control that died beside the account cost it a look
        (208702876693, 3, (9, 30), 0),  # the first source saw again, while only a sick one was asked
        (853968198395, 0, (13, 27), 12),  # renamed, and for ten seconds suspended when its id was asked for at last
        (589963424195, 4, (15, 17), 19),  # a registered handle passed for nobody beside the control that is there
    ],
)
def test_found_by_ten_million(players: Players, seed: int, scene: int, faults: tuple[int, ...], step: int) -> None:
    """No outage is closed falsely, and none told too late."""
    told = players.play([Plot(seed=seed, scene=scene, faults=faults, step=step)])
    assert (told.false, told.closed_false, told.missed) == ([], [], [])


def test_every_source_alone_and_in_pairs_at_every_step() -> None:
    """The 32 sources make 528 sets; each begins before each of the first questions, in the first round already."""
    assert sorted(FAULTS) == list(range(1, 33))
    assert len(SETS) == 32 + 32 * 31 // 2
    first = {(frozenset(plot.faults), plot.step) for plot in islice(plots(1), len(SETS) * STEPS)}
    assert first == {(frozenset(faults), step) for faults in SETS for step in range(STEPS)}


def test_the_same_seed_tells_the_same_stories() -> None:
    """What is found can be played again."""
    with stage() as players:
        one, other = (players.play(islice(plots(7), 6)) for _ in range(2))
    assert one == other
