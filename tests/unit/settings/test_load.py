"""All files together."""

from pathlib import Path

import pytest

from tests.unit.settings.samples import PLATFORMS, configure, faults
from watcher.model.errors import ConfigError
from watcher.settings import Level, remarks
from watcher.settings.load import load_all, load_settings, load_watchlist

ROOT = Path(__file__).parents[3]


def test_the_samples_work_out_of_the_box() -> None:
    """A fresh clone watches something; only X cannot alert, and why is said."""
    loaded = load_all(ROOT / "config/watcher.yaml", {})
    assert {account.platform for account in loaded.watchlist.accounts.values()} == {
        "bluesky",
        "mastodon",
        "github",
        "youtube",
        "x",
    }
    assert loaded.settings.state_dir == ROOT / "var"
    found = remarks(loaded.watchlist, loaded.platforms, loaded.settings)
    assert {r.account_id for r in found if r.level is Level.CANNOT_ALERT} == {"x:nasa"}
    assert [r.message.split(":")[0] for r in found if r.level is Level.WARNING] == ["no contact"]


def test_what_is_commented_out_in_the_sample_works_too(tmp_path: Path) -> None:
    """Removing the marks of the comments gives a file that loads."""
    lines = (ROOT / "config/watcher.yaml").read_text("utf-8").splitlines()
    keep = ("# contact", "# public_url", "  # - {name: newsroom, kind: slack, webhook_url:", "  # - {name: urgent")
    mail = ("  # - name: desk", "  #   ")
    more = ("# platforms:", "#   x:", "#     credentials")
    text = "\n".join(line.replace("# ", "", 1) if line.startswith((*keep, *mail, *more)) else line for line in lines)
    env = {"SLACK_WEBHOOK_URL": "https://hooks.slack.example/x", "SMTP_PASSWORD": "p", "X_TOKEN": "t"}
    loaded = load_all(configure(tmp_path, watcher=text), env)
    assert loaded.settings.probe.contact == "monitoring@newsroom.example"
    assert [channel.name for channel in loaded.settings.channels] == ["log", "newsroom", "desk"]
    assert [route.name for route in loaded.settings.routes] == ["urgent", "default"]
    assert loaded.platforms["x"].usable_sources[0].secret == "t"


def test_the_faults_of_all_files_come_together_in_order(tmp_path: Path) -> None:
    """First watcher.yaml, then the platform files, then the watchlist."""
    path = configure(
        tmp_path,
        watcher="web: {listen: x}\nroutes: [{name: a, channels: log, match: {platform: zzz}}]",
        agora="platform: agora",
        watchlist="accounts: [{platform: nowhere, handle: a, x: y}, {platform: nowhere, handle: b}]",
    )
    found = faults(path)
    assert [fault.split(":")[0] for fault in found] == [
        "watcher.yaml",
        *["platforms/agora.yaml"] * 4,
        "watchlist.yaml",
    ]
    assert "accounts[0].x: unknown key" in found[-1]


def test_platforms_are_judged_only_when_all_of_them_are_known(tmp_path: Path) -> None:
    """A broken platform file does not make faults in the files that name its platform."""
    path = configure(tmp_path, agora="platform: agora", watchlist="accounts: [{platform: agora, handle: a}]")
    assert all(fault.startswith("platforms/agora.yaml:") for fault in faults(path))


def test_a_missing_watchlist_is_a_fault(tmp_path: Path) -> None:
    """Beside the faults of the other files."""
    path = configure(tmp_path, watcher="watchlist: other.yaml\nweb: {listen: x}")
    assert faults(path) == [
        "watcher.yaml:2:15: web.listen: 'x' is not an address; write it as HOST:PORT, like 127.0.0.1:11102",
        "other.yaml:1:1: cannot be read: no such file",
    ]


@pytest.mark.parametrize("text", ["", "- a", "[", "web: {listen: x}\nweb: y", "text"])
def test_a_hopeless_file_is_a_config_error(tmp_path: Path, text: str) -> None:
    """Whatever is in watcher.yaml, no traceback comes of it."""
    path = configure(tmp_path, watcher=text)
    assert all(fault.startswith("watcher.yaml:") for fault in faults(path))
    with pytest.raises(ConfigError):
        load_settings(path, {})


def test_a_missing_file_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the working directory names are relative."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^config/none\.yaml:1:1: cannot be read: no such file$"):
        load_settings(tmp_path / "config/none.yaml", {})


def test_a_watchlist_of_thousands_loads_and_keeps_its_order(tmp_path: Path) -> None:
    """Ten thousand entries are nothing unusual."""
    path = tmp_path / "w.yaml"
    path.write_text("accounts:\n" + "".join(f"  - https://chirp.example/user{n}\n" for n in range(10_000)), "utf-8")
    accounts = load_watchlist([path], PLATFORMS).accounts
    assert len(accounts) == 10_000
    assert next(iter(accounts)) == "chirp:user0"
