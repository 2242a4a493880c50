"""Every shipped platform file keeps the contract: it loads, knows its own URLs, and each of its rules has been met."""

import random
import re
import string
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.corpus
from tests.corpus.score import Result, score
from watcher.classify.phrases import normalise
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import DEFAULT_PACE, Answers, Platform, Source, expand
from watcher.settings import load_platforms
from watcher.settings.handles import fold_handle
from watcher.settings.weburl import GENERIC, Recogniser, parse_url

PLATFORMS = load_platforms(None)
RECOGNISER = Recogniser(PLATFORMS.values())
RESULTS = score(Path(tests.corpus.__path__[0]), PLATFORMS)
NAMED = [platform for platform in PLATFORMS.values() if platform.id != GENERIC]
SOURCES = [(platform, source) for platform in PLATFORMS.values() for source in platform.sources]
WALLS = {
    Reason.LOGIN_WALL,
    Reason.CHALLENGE,
    Reason.RATE_LIMITED,
    Reason.PLATFORM_ERROR,
    Reason.FORBIDDEN,
    Reason.GEO_BLOCK,
}
BARRIERS = {Answers.JSON: {*WALLS, Reason.NOT_PARSABLE}, Answers.HTML: {*WALLS, Reason.CONSENT, Reason.BAD_RESPONSE}}


def name_of(value: object) -> str:
    """A platform or source by name."""
    return value.id if isinstance(value, Platform) else value.name if isinstance(value, Source) else str(value)


def results_of(platform: Platform, source: Source) -> list[Result]:
    """What the corpus shows of one source."""
    return [r for r in RESULTS if r.case.platform == platform.id and r.finding.source == source.name]


def controls_of(platform: Platform) -> Iterator[tuple[str, str]]:
    """(instance, handle) of the accounts that always exist; the instance is empty where there is one only."""
    for instance, handles in platform.controls.present.items():
        yield from (("" if instance == "*" else instance, handle) for handle in handles)


def impossible(platform: Platform) -> list[str]:
    """Handles as the program makes them, from a few seeds, and those of letters or digits alone."""
    controls = platform.controls
    chance = random.Random(20171102)
    alphabets = (*[string.ascii_lowercase + string.digits] * 50, string.ascii_lowercase, string.digits)
    return [
        controls.absent.replace("{random}", "".join(chance.choices(letters, k=controls.length)))
        for letters in alphabets
    ]


def test_the_platforms_of_the_issue_ship() -> None:
    """Bluesky, Mastodon, GitHub, YouTube, X and any other page can be watched without writing a platform file."""
    assert {"bluesky", "mastodon", "github", "youtube", "x", "generic"} <= PLATFORMS.keys()


@pytest.mark.parametrize("platform", NAMED, ids=name_of)
def test_its_own_profile_urls_are_recognised(platform: Platform) -> None:
    """The profile URL of each control is recognised as that platform's, with the same handle and instance."""
    for instance, handle in controls_of(platform):
        url = parse_url(expand(platform.profile, handle=handle, instance=instance))
        found = RECOGNISER.profile(url)
        assert found is not None
        assert (found.platform.id, found.instance) == (platform.id, instance)
        assert fold_handle(found.handle, platform) == fold_handle(handle, platform)


@pytest.mark.parametrize(
    ("url", "platform", "handle"),
    [
        ("https://twitter.com/NASA", "x", "nasa"),
        ("https://mobile.twitter.com/NASA?lang=fr", "x", "nasa"),
        ("http://www.twitter.com/NASA/", "x", "nasa"),
        ("https://m.youtube.com/@NASA", "youtube", "nasa"),
        ("https://www.youtube.com/@%E6%99%B4%E3%82%8C", "youtube", "晴れ"),
        ("https://www.youtube.com/@harbour.post-news_1", "youtube", "harbour.post-news_1"),
        ("https://youtube.com/channel/UCBR8-60-B28hp2BmDPdntcQ", "youtube_channel", "UCBR8-60-B28hp2BmDPdntcQ"),
        ("https://www.github.com/K8s-ci-robot", "github", "k8s-ci-robot"),
        ("https://bsky.app/profile/NYTimes.com", "bluesky", "nytimes.com"),
        ("https://Mastodon.Social/@EFF", "mastodon", "eff"),
    ],
)
def test_pasted_urls_are_recognised(url: str, platform: str, handle: str) -> None:
    """Old hosts, mobile hosts, capitals, queries and percent-encoded handles name the same account."""
    found = RECOGNISER.profile(parse_url(url))
    assert found is not None
    assert (found.platform.id, fold_handle(found.handle, found.platform)) == (platform, handle)


@pytest.mark.parametrize("platform", NAMED, ids=name_of)
def test_its_positive_controls_are_several_handles(platform: Platform) -> None:
    """At least two accounts that always exist, each a handle that the platform can have, in its polled form."""
    assert platform.controls.present
    for handles in platform.controls.present.values():
        assert len(set(handles)) >= 2
        assert [fold_handle(handle, platform) for handle in handles] == list(handles)


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=name_of)
def test_its_impossible_handles_are_syntactically_valid(platform: Platform) -> None:
    """What is asked for as a negative control is a handle like any other, and too long to be guessed."""
    assert platform.controls.length >= 12
    for handle in impossible(platform):
        assert fold_handle(handle, platform) == handle


@pytest.mark.parametrize("platform", NAMED, ids=name_of)
def test_foreign_handles_are_refused(platform: Platform) -> None:
    """Nothing that would change the address asked is a handle."""
    for handle in ("", "a/b", "a?b", "a#b", "a b", "@", "a@b", "a\u202eb", "%2e%2e", "..", "a&b=c"):
        with pytest.raises(ValueError, match=r".+"):
            fold_handle(handle, platform)


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=name_of)
def test_its_notes_say_where_the_facts_are_from(platform: Platform) -> None:
    """An operator can read what the rules rest on and what they cannot see."""
    assert len(platform.notes) > 100


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_it_tells_presence_and_absence(platform: Platform, source: Source) -> None:
    """Each source is shown to say PRESENT and, past the gate, ABSENT."""
    seen = {result.finding.verdict for result in results_of(platform, source) if result.case.present is not None}
    assert {Verdict.PRESENT, Verdict.ABSENT} <= seen


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_every_barrier_is_shown_to_be_inconclusive(platform: Platform, source: Source) -> None:
    """Each kind of wall, limit and failure has a page at the source that says nothing of the account."""
    assert BARRIERS[source.answers] <= {result.finding.reason for result in results_of(platform, source)}


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_absence_is_refused_where_the_positive_control_is_gone_too(platform: Platform, source: Source) -> None:
    """What looks like an absence is not told while an account that always exists looks the same."""
    refused = [r.finding.refused for r in results_of(platform, source) if r.case.group == "gate"]
    assert any(raw is not None and raw.verdict is Verdict.ABSENT for raw in refused)


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_every_rule_is_exercised(platform: Platform, source: Source) -> None:
    """No rule ships that no page of the corpus ever met."""
    met = {
        finding.evidence.rule
        for result in RESULTS
        if result.case.platform == platform.id
        for finding in result.findings
        if finding.source == source.name
    }
    assert {rule.id for rule in source.rules} - met == set()


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_it_keeps_the_default_pace_unless_its_notes_give_a_limit(platform: Platform, source: Source) -> None:
    """More than 10 requests a minute are asked only where the platform documents a limit above it."""
    limit = re.search(r"\d+ requests (?:an|in)|with one \d+|of 10,000 a day|As youtube\.yaml", platform.notes)
    assert source.pace.per_second <= DEFAULT_PACE.per_second or limit is not None


@pytest.mark.parametrize("platform", [p for p in NAMED if p.phrases], ids=name_of)
def test_no_text_means_two_things(platform: Platform) -> None:
    """A text stands for one class over all languages, and once in each language."""
    classes = defaultdict(set)
    for phrase in platform.phrases:
        classes[normalise(phrase.text)].add(phrase.phrase_class)
    assert [text for text, meant in classes.items() if len(meant) > 1] == []
    spelt = [(phrase.language, normalise(phrase.text)) for phrase in platform.phrases]
    assert len(spelt) == len(set(spelt))


def test_x_speaks_fifty_languages() -> None:
    """The texts of all locales of X's web client are there, none of them so short that it means nothing."""
    phrases = PLATFORMS["x"].phrases
    assert len({phrase.language for phrase in phrases}) == 50
    assert min(len(normalise(phrase.text)) for phrase in phrases) >= 4
