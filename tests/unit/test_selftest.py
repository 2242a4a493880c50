"""Platform files held against examples: the shipped ones are understood, and a broken file is noticed."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from tests.fakes.chirp import PHRASES
from tests.fakes.chirp import PLATFORM as CHIRP
from tests.fakes.newsroom import CONTROLS, configure
from watcher.cli import main
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.manual import ask_controls
from watcher.model.control import Health
from watcher.model.errors import ConfigError
from watcher.model.finding import Reason, Verdict
from watcher.selftest import Selftest, record, said, selftest
from watcher.settings.examples import load_examples
from watcher.settings.load import load_all, load_for_test, load_platforms
from watcher.sketch import sketches

PLATFORMS = load_platforms(None)
EXAMPLES = load_examples(None, PLATFORMS)
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
    found = load_examples(tmp_path, PLATFORMS)
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
        load_examples(tmp_path, PLATFORMS)
    assert all(f.file.endswith("examples/bluesky.yaml") and f.line == 3 for f in caught.value.faults)


def faults_of(directory: Path, name: str, text: str) -> list[str]:
    """What is said of that file beside platform files."""
    (directory / "examples").mkdir()
    (directory / "examples" / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_examples(directory, PLATFORMS)
    return [f"{Path(f.file).name}:{f.line}: {f.path}: {f.message}" for f in caught.value.faults]


def test_examples_of_a_platform_that_there_is_not_are_a_fault(tmp_path: Path) -> None:
    """They would be tried on nothing, and nobody would notice: the nearest name is said, or what there is."""
    [near] = faults_of(tmp_path, "own.yaml", OWN.replace("bluesky", "bluesly"))
    assert near == "own.yaml:1: platform: 'bluesly' is no platform; did you mean 'bluesky'?"
    (tmp_path / "other").mkdir()
    [far] = faults_of(tmp_path / "other", "own.yaml", OWN.replace("bluesky", "qqq"))
    assert far.startswith("own.yaml:1: platform: 'qqq' is no platform; write one of bluesky, facebook, ")


def test_examples_in_a_file_of_another_name_are_a_fault(tmp_path: Path) -> None:
    """As platform files are, which are not read either."""
    assert faults_of(tmp_path, "own.yml", OWN) == ["own.yml:1: : is not read; rename it to own.yaml"]


def test_a_sketch_of_every_rule_is_an_example_that_it_understands(tmp_path: Path) -> None:
    """Of every shipped file: so no rule is in the way of another one."""
    (tmp_path / "examples").mkdir()
    untried = selftest(PLATFORMS, ()).untried
    for name, platform in PLATFORMS.items():
        (tmp_path / f"examples/{name}.yaml").write_text("\n".join(sketches(platform, untried)) + "\n")
    found = selftest(PLATFORMS, load_examples(tmp_path, PLATFORMS))
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
    live = await ask_controls(loaded, only, SystemClock())
    api, page = (next(each for each in live if each.source == name) for name in ("api", "page"))
    assert (api.source, api.health, api.why) == ("api", None, "it needs the credential 'token'")
    assert (page.source, page.health) == ("page", Health.OK)
    for handle in CONTROLS:
        site.set(handle, Page.LOGIN_WALL)
    walled = next(each for each in await ask_controls(loaded, only, SystemClock()) if each.source == "page")
    assert walled.health is Health.BLIND
    lines = list(said(selftest(only, EXAMPLES), (api, page, walled)))
    assert "live      x/api: not asked, it needs the credential 'token'" in lines
    assert any(line.startswith("live      x/page: told apart (positive: ") for line in lines)
    assert any(line.startswith("live      x/page: NOT told apart, blind") for line in lines)


CHIRP_EXAMPLES = """\
platform: chirp
examples:
  - {source: page, handle: alice, body: "<title>Chirp</title><p>Enough text that it is none of a short answer.</p>",
     inconclusive: empty_shell}
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a platform file and its examples, beside nothing else; a command says how it logs."""
    (tmp_path / "own/phrases").mkdir(parents=True)
    (tmp_path / "own/examples").mkdir()
    (tmp_path / "own/chirp.yaml").write_text(CHIRP)
    (tmp_path / "own/phrases/chirp.yaml").write_text(PHRASES)
    (tmp_path / "own/examples/chirp.yaml").write_text(CHIRP_EXAMPLES)
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "own"
    structlog.reset_defaults()


def call(*arguments: str | Path) -> Result:
    """What `watcher selftest ARGUMENTS` does."""
    return CliRunner().invoke(main, ["selftest", *map(str, arguments)])


def test_a_platform_file_is_all_that_is_needed(own: Path) -> None:
    """Neither a watchlist nor settings; what the file lacks is said all the same."""
    result = call("chirp", "--platform-dir", own)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "untried   chirp/browser: rendered has no example" in result.stdout.splitlines()
    assert "1 of 1 examples of 1 platforms are understood" in result.stdout.splitlines()
    assert call("chirp", "--platform-dir", own, "--strict").exit_code == 1
    assert "platform: chirp" in call("chirp", "--platform-dir", own, "--sketch").stdout.splitlines()


def test_settings_that_are_there_or_named_are_read(own: Path) -> None:
    """Faults of theirs are told; a file that is named must be there."""
    missing = call("chirp", "--platform-dir", own, "--config", "elsewhere.yaml")
    assert missing.exit_code == 1
    assert "elsewhere.yaml" in missing.stderr
    assert call("chirp").exit_code == 1  # whose folder of platforms would be tested?
    Path("config").mkdir()
    Path("config/watcher.yaml").write_text("state_dir: state\n")
    assert call("chirp", "--platform-dir", own).exit_code == 0
    assert call("bluesky").exit_code == 0
    Path("config/watcher.yaml").write_text("state_dri: state\n")
    faulty = call("chirp", "--platform-dir", own)
    assert faulty.exit_code == 1
    assert "did you mean 'state_dir'?" in faulty.stderr


def test_a_watchlist_is_read_only_for_its_controls(own: Path) -> None:
    """Where there is one, and the sources are asked; a faulty one is then told."""
    Path("config").mkdir()
    config = Path("config/watcher.yaml")
    config.write_text(f"platform_dir: {own}\n")
    Path("config/watchlist.yaml").write_text("accounts: [https://chirp.example/alice]\n")
    assert list(load_for_test(config, {}, None, listed=True).watchlist.accounts) == ["chirp:alice"]
    assert load_for_test(config, {}, None, listed=False).watchlist.accounts == {}
    Path("config/watchlist.yaml").write_text("accounts: [https://elsewhere.example]\nowner: x\n")
    assert call("chirp", "--platform-dir", own).exit_code == 0
    assert "watchlist.yaml:2" in call("chirp", "--platform-dir", own, "--live").stderr


async def test_live_without_a_watchlist(site: ScriptedPlatform, tmp_path: Path) -> None:
    """The controls that the platform file names are asked, by the settings that there are."""
    config = configure(tmp_path / "config", site)
    (tmp_path / "config/watchlist.yaml").unlink()
    loaded = load_for_test(config, {}, None, listed=True)
    live = await ask_controls(loaded, {"x": loaded.platforms["x"]}, SystemClock())
    assert {each.source: each.health for each in live}["page"] is Health.OK
