"""Whether this machine can render pages: the extra `browser` and a Chromium of the system's. Looks, starts nothing."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from watcher.model.platform import Platform, SourceKind
from watcher.settings.values import BrowserSettings

# The first one is the least of them: no window, no more than rendering needs.
PROGRAMS: Final = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
_NO_EXTRA: Final = "needs the extra 'browser': pip install 'watcher[browser]'"
_NO_PROGRAM: Final = (
    "needs Chromium: install the package chromium-headless-shell (Debian) or chromium, "
    "or name the program in probe.browser.executable"
)


def find_program(settings: BrowserSettings) -> Path | None:
    """The program that is named, else the first that is found in PATH."""
    if settings.executable is not None:
        return settings.executable if os.access(settings.executable, os.X_OK) else None
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    return None if found is None else Path(found)


def what_is_missing(settings: BrowserSettings) -> str | None:
    """What a browser source needs that is not there, and how to get it; None when there is everything."""
    if find_spec("playwright") is None:
        return _NO_EXTRA
    return _NO_PROGRAM if find_program(settings) is None else None


def note_missing(platforms: Mapping[str, Platform], settings: BrowserSettings) -> dict[str, Platform]:
    """The platforms, their browser sources marked with what this machine lacks for them."""
    missing = what_is_missing(settings)
    if missing is None:
        return dict(platforms)
    return {name: _marked(platform, missing) for name, platform in platforms.items()}


def _marked(platform: Platform, missing: str) -> Platform:
    if not any(source.kind is SourceKind.BROWSER for source in platform.sources):
        return platform
    sources = tuple(
        replace(source, missing=missing) if source.kind is SourceKind.BROWSER else source for source in platform.sources
    )
    return replace(platform, sources=sources)
