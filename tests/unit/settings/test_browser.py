"""Whether this machine can render pages, and what is said of sources where it cannot."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.settings.samples import CHIRP, FEDI
from watcher.model.platform import SourceKind
from watcher.settings.browser import find_program, note_missing, what_is_missing
from watcher.settings.values import BrowserSettings

PAGE = replace(CHIRP.sources[0], name="browser", kind=SourceKind.BROWSER)


def program(directory: Path, name: str) -> Path:
    """Something that can be started."""
    directory.mkdir(exist_ok=True)
    (directory / name).write_text("x", "utf-8")
    (directory / name).chmod(0o755)
    return directory / name


def test_the_program_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is named, else the least of those in PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_program(BrowserSettings()) is None
    chrome = program(tmp_path / "bin", "google-chrome")
    assert find_program(BrowserSettings()) == chrome
    shell = program(tmp_path / "bin", "chromium-headless-shell")
    assert find_program(BrowserSettings()) == shell
    assert find_program(BrowserSettings(executable=chrome)) == chrome
    chrome.chmod(0o644)
    assert find_program(BrowserSettings(executable=chrome)) is None


def test_what_is_missing_is_named_with_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the extra, then the program; browser sources are marked with it, all others are left as they are."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("watcher.settings.browser.find_spec", lambda _name: None)
    assert what_is_missing(BrowserSettings()) == "needs the extra 'browser': pip install 'watcher[browser]'"
    monkeypatch.setattr("watcher.settings.browser.find_spec", lambda _name: object())
    missing = what_is_missing(BrowserSettings())
    assert missing is not None
    assert missing.startswith("needs Chromium: install ")
    platforms = {"chirp": replace(CHIRP, sources=(*CHIRP.sources, PAGE)), "fedi": FEDI}
    marked = note_missing(platforms, BrowserSettings())
    assert [source.why_unusable for source in marked["chirp"].sources][-1] == missing
    assert marked["chirp"].sources[0].missing is None
    assert marked["fedi"] is FEDI
    program(tmp_path / "bin", "chromium")
    assert note_missing(platforms, BrowserSettings()) == platforms
