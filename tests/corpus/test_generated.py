"""The generated cases: how many there are, that each is its own, and that the detector reaches its figures on them."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.corpus.cases import read_cases
from tests.corpus.figures import NAMES, Figure, figures, look, portion_of
from tests.corpus.generate import Kind, Made, base_cases, every_case, load_barriers, load_sites, mutated_cases
from tests.corpus.generate.__main__ import main, raw_case
from tests.corpus.score import examine
from tests.corpus.whom import platform_of
from watcher.settings.load import load_platforms

PLATFORMS = load_platforms(None)
PORTION = 6
"""The suite examines every sixth case; `python -m tests.corpus.figures` all of them."""


# Made when they are wanted, not when tests are collected: each worker collects all of them.
@cache
def cases() -> tuple[Made, ...]:
    return every_case()


@cache
def measured() -> dict[str, Figure]:
    return {figure.name: figure for figure in figures(look(portion_of(cases(), PORTION), PLATFORMS), PLATFORMS)}


def test_there_are_enough_of_them() -> None:
    """At least 150 independent templates, 600 base cases and 3,000 mutations, for at least twenty platforms."""
    layouts = [(site.ask, page.name) for site in load_sites() for page in site.pages]
    assert len(set(layouts)) == len(layouts)
    assert len(layouts) + len(load_barriers()) >= 150
    assert len({site.platform for site in load_sites()}) >= 20
    assert sum(1 for made in cases() if not made.mutation) >= 600
    assert sum(1 for made in cases() if made.mutation) >= 3_000


def test_each_is_its_own() -> None:
    """No two cases of a platform have the same name, and no two templates the same page."""
    names = Counter((made.site.ask, made.case.name) for made in cases())
    assert [name for name, count in names.items() if count > 1] == []
    pages = Counter((site.ask, page.status, page.texts, page.body) for site in load_sites() for page in site.pages)
    assert max(pages.values()) == 1


def test_the_same_cases_each_time() -> None:
    """They are made from a fixed seed."""
    base = base_cases()[:100]
    assert mutated_cases(base) == mutated_cases(base)
    assert base == cases()[:100]


def test_every_platform_shows_what_it_must() -> None:
    """Each has pages of existing accounts, of missing ones or of walls."""
    for platform in {site.platform for site in load_sites()}:
        kinds = {page.kind for site in load_sites() if site.platform == platform for page in site.pages}
        assert Kind.PRESENT in kinds
        assert kinds & {Kind.MISSING, Kind.BARRIER}


@pytest.mark.parametrize("name", NAMES)
def test_the_goal_is_reached(name: str) -> None:
    """Each figure of the issue, on a portion of the cases."""
    figure = measured()[name]
    assert figure.is_ok, [f"{one.made.case.name}: {one.result.told}" for one in figure.misses[:10]]


def test_they_can_be_written_out(tmp_path: Path) -> None:
    """As case files, which the scorer reads as the same cases and judges the same."""
    assert main([str(tmp_path), "--portion", "400"]) == 0
    chosen = cases()[::400]
    read = read_cases(tmp_path)
    assert len(read) == len(chosen)
    by_name = {(case.platform, case.url, case.name): case for case in read}
    for made in chosen:
        again = by_name[made.case.platform, made.case.url, made.case.name]
        assert again.answer.body == made.case.answer.body
        if made.site.platform in PLATFORMS:
            ours = examine(made.case, platform_of(made.case, PLATFORMS)).finding
            theirs = examine(again, platform_of(again, PLATFORMS)).finding
            assert (ours.verdict, ours.reason) == (theirs.verdict, theirs.reason)


def test_a_written_case_has_the_keys_of_the_format() -> None:
    """Those of the issue, and no others."""
    raw, _ = raw_case(cases()[0], "x.body")
    assert set(raw) == {"name", "group", "platform", "account", "url", "response", "controls", "expect"}
    assert set(raw["expect"]) == {"verdict", "reason", "not_verdict"}
    assert json.loads(json.dumps(raw)) == raw
