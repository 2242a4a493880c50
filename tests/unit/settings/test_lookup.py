"""Whom a word on the command line means."""

import pytest

from tests.unit.settings.samples import configure
from watcher.model.errors import ConfigError
from watcher.settings import Loaded
from watcher.settings.load import load_all
from watcher.settings.lookup import account_for

WATCHLIST = """\
accounts:
  - {url: https://github.com/python, id: "press:snake", controls: {present: [torvalds]}}
  - https://blog.example/people/alice
  - {platform: mastodon, handle: "@Gargron@mastodon.social"}
  - {url: https://forum.example/carol.html, handle: carol, controls: {present: [admin]}}
"""
NOBODY = "names no account; give a profile URL, platform:handle, or the id of a watched account"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The shipped platforms and four accounts."""
    return load_all(configure(tmp_path_factory.mktemp("config"), watchlist=WATCHLIST), {})


@pytest.mark.parametrize(
    ("text", "account_id"),
    [
        ("press:snake", "press:snake"),
        ("github:Python", "press:snake"),
        ("https://www.github.com/PYTHON/", "press:snake"),
        ("generic:blog.example/people/alice", "generic:blog.example/people/alice"),
        ("https://blog.example/people/alice", "generic:blog.example/people/alice"),
        ("mastodon:gargron@mastodon.social", "mastodon:gargron@mastodon.social"),
        ("https://forum.example/carol.html", "generic:forum.example/carol.html"),
    ],
)
def test_a_watched_account_is_found_by_any_of_its_names(loaded: Loaded, text: str, account_id: str) -> None:
    """By id, by platform and handle, by any of its URLs: it comes with its own id and controls."""
    assert account_for(text, loaded) is loaded.watchlist.accounts[account_id]


@pytest.mark.parametrize(
    ("text", "account_id"),
    [
        ("https://bsky.app/profile/Alice.Example", "bluesky:alice.example"),
        ("bluesky:alice.example", "bluesky:alice.example"),
        ("mastodon:@Mastodon@mastodon.social", "mastodon:mastodon@mastodon.social"),
        ("https://blog.example/people/bob", "generic:blog.example/people/bob"),
    ],
)
def test_any_other_profile_is_recognised(loaded: Loaded, text: str, account_id: str) -> None:
    """What an entry of the watchlist could say can be asked about without being watched."""
    account = account_for(text, loaded)
    assert account.id == account_id
    assert account.id not in loaded.watchlist.accounts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"'' {NOBODY}"),
        ("alice", f"'alice' {NOBODY}"),
        ("x:", f"'x:' {NOBODY}"),
        ("blueski:alice.example", "'blueski' is no platform; did you mean 'bluesky'?"),
        ("twitter:alice", "'twitter' is no platform; did you mean 'x'?"),
        ("generic:else.where/bob", "'generic:else.where/bob' is not watched; give the URL of the page"),
        (
            "generic:blog.example/alice",
            "'generic:blog.example/alice' is not watched; did you mean 'generic:blog.example/people/alice'?",
        ),
        ("x:a b", "'a b' contains characters that no handle has: U+0020 is SPACE, which cannot be seen; remove them"),
        ("mastodon:gargron", "'gargron' does not say on which instance; write it like @gargron@mastodon.example"),
        (
            "https://x.com/i/flow",
            (
                "'https://x.com/i/flow' is a page of X but no profile; write https://x.com/HANDLE, "
                "or add platform: generic"
            ),
        ),
        ("\x1b[31mred", rf"'\x1b[31mred' {NOBODY}"),
    ],
)
def test_what_names_nobody_is_refused(loaded: Loaded, text: str, message: str) -> None:
    """In the words of the watchlist's own faults, without what a terminal would obey."""
    with pytest.raises(ConfigError) as caught:
        account_for(text, loaded)
    assert str(caught.value) == f"argument:1:1: {message}"


def test_variables_are_not_filled_in(loaded: Loaded) -> None:
    """What looks like one is refused, as in the watchlist."""
    with pytest.raises(ConfigError, match="holds a variable"):
        account_for("https://blog.example/${HOME}", loaded)
