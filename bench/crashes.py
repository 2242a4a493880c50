"""Kill the program in every step of an incident's life: `python -m bench.crashes [--examples 200] [--story NAME]`.

Each story is told once without a death, and then again and again with one to four of them, each followed by a start on
the files that were left; in virtual time, with real sockets for platform and Slack, and the real store. Printed are the
steps at which it died, how often, and how often what people were told, or what is kept, was otherwise then. What may be
otherwise is said in tests/scenario/afterwards.py. The exit status is 1 when anything else was.
"""

import argparse
import logging
import random
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.scenario.afterwards import Ending, tell
from tests.scenario.deaths import Kill, plan_of
from tests.scenario.lives import STORIES, Story

_SAY_EVERY = 10
_AWAY = (0, 0, 5, 15)
_START = "commit of the start: "
_STARTS = tuple(f"{_START}{step}" for step in ("before", "before COMMIT", "after"))


@dataclass(slots=True)
class Tally:
    """Of each step: how often it died there, and how often something was otherwise then."""

    died: Counter[str] = field(default_factory=Counter)
    differed: Counter[str] = field(default_factory=Counter)
    told: int = 0
    bad: int = 0


def plans(points: tuple[str, ...], chance: random.Random) -> Iterator[tuple[Kill, ...]]:
    """Plans without end: every step first, each with up to two more; a start after a death may die too."""
    names = sorted(set(points))
    while True:
        chance.shuffle(names)
        for name in names:
            wanted = [name, *chance.choices(names, k=chance.choice((0, 0, 1, 2)))]
            places = [chance.choice([at for at, point in enumerate(points) if point == one]) for one in wanted]
            plan = list(plan_of(points, [(place, _away(chance)) for place in places]))
            if chance.random() < 0.2:
                after = chance.randint(1, len(plan))
                plan.insert(after, Kill(point=chance.choice(_STARTS), away=_away(chance)))
            yield tuple(plan)


def _away(chance: random.Random) -> timedelta:
    return timedelta(seconds=chance.choice(_AWAY))


def _told(story: Story, plan: tuple[Kill, ...] = ()) -> Ending:
    with TemporaryDirectory() as directory:
        return tell(story, Path(directory), plan)


def campaign(stories: tuple[Story, ...], examples: int, seed: int) -> Tally:
    """Tell each story so often, in turn; say what was otherwise as it comes."""
    tally = Tally()
    alive = {story.name: _told(story) for story in stories}
    planned = {story.name: plans(alive[story.name].passed, random.Random(f"{seed} {story.name}")) for story in stories}
    for name, ending in alive.items():
        for fault in ending.faults:
            print(f"{name}, with nobody killed: {fault}")
    for number in range(examples):
        story = stories[number % len(stories)]
        plan = next(planned[story.name])
        ending = _told(story, plan)
        differs = ending.differs(alive[story.name])
        tally.told += 1
        if tally.told % _SAY_EVERY == 0:
            print(f"… {tally.told} of {examples} told, {tally.bad} otherwise", file=sys.stderr)
        tally.bad += bool(differs)
        tally.died.update(ending.deaths)
        if differs:
            tally.differed.update(set(ending.deaths))
            print(f"{story.name}, killed as {plan}:", *differs, sep="\n  ", flush=True)
    return tally


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.crashes")
    parser.add_argument("--examples", type=int, default=200, help="how many times a story is told (200)")
    parser.add_argument("--seed", type=int, default=2017)
    parser.add_argument("--story", choices=[story.name for story in STORIES], action="append", help="only this one")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable()
    warnings.simplefilter("ignore", ResourceWarning)  # whoever is killed closes nothing
    stories = tuple(story for story in STORIES if not asked.story or story.name in asked.story)
    tally = campaign(stories, asked.examples, asked.seed)
    print(f"{'step':<64}{'died':>6}{'otherwise':>11}")
    for step in sorted(tally.died):
        print(f"{step:<64}{tally.died[step]:>6}{tally.differed[step]:>11}")
    died, bad = tally.died.total(), tally.bad or "none"
    print(f"{tally.told} tellings, {died} deaths at {len(tally.died)} steps, {bad} otherwise")
    sys.exit(1 if tally.bad else 0)


if __name__ == "__main__":
    main()
