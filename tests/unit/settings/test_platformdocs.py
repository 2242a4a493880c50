"""docs/platforms.md is what the platform files say."""

from dataclasses import replace
from pathlib import Path

import pytest

from watcher.model.platform import Platform
from watcher.settings.load import load_platforms
from watcher.settings.platformdocs import document

PAGE = Path(__file__).parents[3] / "docs/platforms.md"
PLATFORMS = load_platforms(None)


def test_the_page_is_made_from_the_files() -> None:
    """`make docs` would change nothing."""
    assert PAGE.read_text("utf-8") == document(PLATFORMS.values()), "run make docs"


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=lambda platform: platform.id)
def test_every_claim_is_on_the_page(platform: Platform) -> None:
    """Each platform has its row and its section, with every fact, limit, source and control."""
    page = document([platform])
    for text in (
        *(fact.text for fact in platform.facts),
        *(fact.source for fact in platform.facts),
        platform.official_api,
    ):
        assert text in page
    for limit in platform.limits:
        assert limit[1:] in page
    for source in platform.sources:
        assert f"`{source.url}`" in page
        assert source.credential is None or f"credential `{source.credential}`" in page


def test_a_change_of_a_file_changes_the_page() -> None:
    """A fact that is added to a file is missed on the page."""
    changed = replace(PLATFORMS["keybase"], limits=("It is closed on Sundays",))
    assert "- It is closed on Sundays.\n" in document([changed])
    assert document([changed]) != document([PLATFORMS["keybase"]])
