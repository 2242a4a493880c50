"""What watcher.yaml says of the heartbeat that goes out."""

from datetime import timedelta
from pathlib import Path

import pytest

from watcher.model.errors import ConfigError
from watcher.settings.load import load_settings
from watcher.settings.values import Heartbeat, Secret

URL = "https://hc.example/ping/secret-part"


def read(directory: Path, heartbeat: str) -> Heartbeat | None:
    """What is made of it."""
    (directory / "url").write_text(f"{URL}\n")
    (directory / "watcher.yaml").write_text(f"state_dir: state\n{heartbeat}")
    return load_settings(directory / "watcher.yaml", {}).heartbeat


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("", None),
        (f"heartbeat: {{url: {URL}}}\n", Heartbeat(url=Secret(URL), interval=timedelta(minutes=1), fail=False)),
        (
            "heartbeat: {url_file: url, interval: 30s, fail: true}\n",
            Heartbeat(url=Secret(URL), interval=timedelta(seconds=30), fail=True),
        ),
    ],
)
def test_it_is_read(tmp_path: Path, written: str, made: Heartbeat | None) -> None:
    """From the file, or from a file of its own, with what is usual."""
    assert read(tmp_path, written) == made
    assert "secret-part" not in repr(made)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("heartbeat: {interval: 1m}\n", "heartbeat: give exactly one of url and url_file"),
        (f"heartbeat: {{url: {URL}, url_file: url}}\n", "heartbeat: give exactly one of url and url_file"),
        (f"heartbeat: {{url: {URL}, interval: 1s}}\n", "10s is the least"),
        ("heartbeat: {url: secret-part}\n", "is not a URL; it must begin with https:// (its value is not shown)"),
        ("heartbeat: {url_file: none}\n", "heartbeat.url_file"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, written: str, said: str) -> None:
    """With its place, without the secret."""
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, written)
    assert said in str(refused.value)
    assert "secret-part" not in str(refused.value)
