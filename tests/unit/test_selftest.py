"""Platform files held against examples: the shipped ones are understood, and a broken file is noticed."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.newsroom import CONTROLS, configure
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.manual import ask_controls
from watcher.model.control import Health
from watcher.model.errors import ConfigError
from watcher.model.finding import Reason, Verdict
from watcher.selftest import Live, Selftest, record, said, selftest
from watcher.settings import load_all, load_examples, load_platforms
from watcher.sketch import sketches

PLATFORMS = load_platforms(None)
EXAMPLES = load_examples(None)
OWN = """\
platform: bluesky
examples:
  - {source: api, handle: alice.example, status: 400, body: '{"error": "AccountTakedown"}', absent: suspended}
"""


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_every_rule_of_a_shipped_file_has_an_example_and_understands_it(platform: str) -> None:
    """One answer each at least: `watcher selftest PLATFORM --sketch` begins one for a new rule."""
    found = selftest({platform: PLATFORMS[platform]}, EXAMPLES)
    assert [(each.example.at, each.miss) for each in found.missed] == []
    assert found.untried == ()


def test_examples_are_of_platforms_and_rules_that_there_are() -> None:
    """None is left over from a rule that was renamed."""
    assert {example.platform for example in EXAMPLES} <= set(PLATFORMS)
    rules = {(p.id, s.name, r.id) for p in PLATFORMS.values() for s in p.sources for r in s.rules}
    named = {(each.platform, each.source, each.rule) for each in EXAMPLES if each.rule is not None}
    assert named <= rules


def bluesky(**changes: object) -> Selftest:
    """The test of Bluesky, with the first rule changed so."""
    whole = PLATFORMS["bluesky"]
    first, source, *others = whole.sources
    rules = (replace(source.rules[0], **changes), *source.rules[1:])  # type: ignore[arg-type]  # real fields
    return selftest({"bluesky": replace(whole, sources=(first, replace(source, rules=rules), *others))}, EXAMPLES)


def test_a_rule_that_says_something_else_is_missed() -> None:
    """The example is named, with its place, what it must be, and what it is."""
    found = bluesky(reason=Reason.NOT_FOUND)
    [missed] = found.missed
    assert missed.miss == "must be absent, suspended; it is absent, not_found, by structured/takedown"
    assert missed.example.at.endswith("bluesky.yaml:4")
    assert next(said(found)).startswith("missed    ")


def test_a_renamed_rule_misses_its_example_and_a_rule_without_one_is_named() -> None:
    """Each is told."""
    found = bluesky(id="banned")
    assert "must be decided by rule 'takedown'" in (found.missed[0].miss or "")
    assert found.untried == ()  # it was hit all the same
    assert selftest({"x": PLATFORMS["x"]}, ()).untried[0] == "x/batch: batch-credits-depleted"


def test_an_example_of_a_source_that_is_gone_is_missed() -> None:
    """It says so."""
    gone = replace(PLATFORMS["bluesky"], sources=())
    found = selftest({"bluesky": gone}, EXAMPLES)
    assert "bluesky has no source 'api'" in {each.miss for each in found.missed}
    assert len(found.missed) == len(found.tried)
    assert json.dumps(record(found))


def test_the_operator_s_examples_take_the_place_of_shipped_ones(tmp_path: Path) -> None:
    """Those of the same platform; the others stay."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/bluesky.yaml").write_text(OWN)
    found = load_examples(tmp_path)
    [own] = [each for each in found if each.platform == "bluesky"]
    assert (own.verdict, own.reason, own.rule) == (Verdict.ABSENT, Reason.SUSPENDED, None)
    assert len([each for each in found if each.platform == "x"]) == len([e for e in EXAMPLES if e.platform == "x"])


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ("absent: suspended", "absent: fine"),
        ("absent: suspended", "absent: suspended, present: profile"),
        (", absent: suspended", ""),
        ("status: 400", "status: 4000"),
        ("source: api, ", ""),
        ("handle:", "handel:"),
    ],
)
def test_a_faulty_example_is_told_with_its_place(tmp_path: Path, broken: str, fault: str) -> None:
    """File, line and what to write instead, as in every file."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/bluesky.yaml").write_text(OWN.replace(broken, fault))
    with pytest.raises(ConfigError) as caught:
        load_examples(tmp_path)
    assert all(f.file.endswith("examples/bluesky.yaml") and f.line == 3 for f in caught.value.faults)


def test_a_sketch_of_every_rule_is_an_example_that_it_understands(tmp_path: Path) -> None:
    """Of every shipped file: so no rule is in the way of another one."""
    (tmp_path / "examples").mkdir()
    untried = selftest(PLATFORMS, ()).untried
    for name, platform in PLATFORMS.items():
        (tmp_path / f"examples/{name}.yaml").write_text("\n".join(sketches(platform, untried)) + "\n")
    found = selftest(PLATFORMS, load_examples(tmp_path))
    assert [(each.example.at, each.miss) for each in found.missed] == []
    assert found.untried == ()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[ScriptedPlatform]:
    """x.com, with its controls."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in CONTROLS:
            platform.set(handle, Page.PRESENT)
        yield platform


async def test_live_controls_are_told_apart_or_not(site: ScriptedPlatform, tmp_path: Path) -> None:
    """Over real sockets: an account that exists and a handle that cannot differ, until a wall stands before both."""
    loaded = load_all(configure(tmp_path / "config", site), {})
    only = {"x": loaded.platforms["x"]}

    async def live(*sources: str) -> list[Live]:
        asked = {each.source: each for each in await ask_controls(loaded, only, SystemClock())}
        return [asked[source] for source in sources]

    api, page = await live("api", "page")
    assert (api.source, api.health, api.why) == ("api", None, "it needs the credential 'token'")
    assert (page.source, page.health) == ("page", Health.OK)
    for handle in CONTROLS:
        site.set(handle, Page.LOGIN_WALL)
    (walled,) = await live("page")
    assert walled.health is Health.BLIND
    lines = list(said(selftest(only, EXAMPLES), (api, page, walled)))
    assert "live      x/api: not asked, it needs the credential 'token'" in lines
    assert any(line.startswith("live      x/page: told apart (positive: ") for line in lines)
    assert any(line.startswith("live      x/page: NOT told apart, blind") for line in lines)
