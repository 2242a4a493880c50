"""What can be seen of a platform with the sources that may be asked."""

from dataclasses import replace

from watcher.model.finding import Reason
from watcher.model.platform import Platform
from watcher.settings import visibility, why_blind
from watcher.settings.load import load_platforms

PLATFORMS = load_platforms(None)


def with_secret(platform: Platform) -> Platform:
    """The platform as it is once its credentials are given."""
    return replace(platform, sources=tuple(replace(source, secret="s") for source in platform.sources))


def test_the_claim_of_the_file_is_what_its_sources_give() -> None:
    """As it ships, a platform is decidable exactly where a source that may be asked decides."""
    for platform in PLATFORMS.values():
        assert visibility(platform).is_decidable == platform.decidable, platform.id


def test_a_credential_makes_a_platform_decidable() -> None:
    """Reddit and X are blind without a token, and tell suspended accounts apart with one."""
    for name in ("reddit", "x"):
        assert not visibility(PLATFORMS[name]).is_decidable
        seen = visibility(with_secret(PLATFORMS[name]))
        assert seen.deciding == (("batch", "api") if name == "x" else ("api",))
        assert {Reason.NOT_FOUND, Reason.SUSPENDED} <= set(seen.tells)


def test_what_only_a_text_tells_is_kept_apart() -> None:
    """Twitch's page says of missing and suspended channels the same, unless its scripts have run."""
    seen = visibility(PLATFORMS["twitch"])
    assert seen.tells == (Reason.UNAVAILABLE,)
    assert seen.by_text == (Reason.NOT_FOUND, Reason.SUSPENDED, Reason.WITHHELD)


def test_a_blind_platform_says_what_would_help() -> None:
    """What is in the way, and what an official interface would give, in one sentence."""
    said = why_blind(PLATFORMS["linkedin"])
    assert said.startswith("expect blind: logged-out visitors get status 999")
    assert "; an official API would give companies by name" in said


def test_sources_that_are_blind_are_named_as_such() -> None:
    """A source that is asked for nothing is not counted among those that decide."""
    seen = visibility(PLATFORMS["tiktok"])
    assert (seen.deciding, seen.blind, seen.tells) == ((), ("oembed", "page"), ())
