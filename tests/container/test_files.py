"""The files that an operator deploys with are right: image, unit, compose, and what they mount."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from watcher import __version__
from watcher.ending import BROKE_OFF
from watcher.settings.load import load_all

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "config/compose"
UNIT = ROOT / "config/systemd/watcher.service"
INSTALLED = "/opt/watcher/bin/watcher"
BIN = Path(sys.executable).parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command's end and all that it said."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=50)


def tool(name: str) -> str:
    """A part of the system; without it the test is skipped."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def compose() -> dict[str, Any]:
    """compose.yaml, with its merges."""
    loaded: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    return loaded


def pins(name: str) -> dict[str, set[str]]:
    """A lock: each `name==version ; marker` with its hashes."""
    found: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text()):
        if re.match(r"\w", block):
            found[block.split(" \\\n")[0].strip()] = set(re.findall(r"sha256:\w+", block))
    return found


def names(lock: dict[str, set[str]]) -> set[str]:
    """The packages that a lock has."""
    return {re.split(r"[\[=]", pin)[0] for pin in lock}


def test_containers_come_back_with_the_machine() -> None:
    """Engines start `on-failure` again only after a failure of its own, not after one of the machine."""
    page = (ROOT / "docs/how-to/docker.md").read_text("utf-8")
    assert re.findall(r"--restart (\S+)", page) == ["unless-stopped"]
    assert {service["restart"] for service in compose()["services"].values()} == {"unless-stopped"}


def test_the_dockerfile_is_clean() -> None:
    """Hadolint has nothing to say."""
    ended = run(BIN / "hadolint", ROOT / "Dockerfile")
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_the_image_says_its_version() -> None:
    """The label is that of the package."""
    assert f'org.opencontainers.image.version="{__version__}"' in (ROOT / "Dockerfile").read_text()


def test_the_image_gets_the_versions_that_were_tested() -> None:
    """What a run needs and what makes the wheel is all of it locked, with the hashes of requirements.txt."""
    whole, for_run, for_build = (pins(f"requirements{part}.txt") for part in ("", "-run", "-build"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {Requirement(text).name for text in project["project"]["dependencies"]}
    assert len(wanted) > 10
    assert wanted <= names(for_run)
    assert names(for_build) & wanted == set()
    assert "hatchling" in names(for_build)
    assert {pin: hashes for pin, hashes in (for_run | for_build).items() if whole.get(pin) != hashes} == {}
    assert names(whole) - names(for_run) >= {"pytest", "mypy", "ruff", "hatchling", "trustme"}


def test_the_settings_in_the_image(tmp_path: Path) -> None:
    """With the sample watchlist beside them they are right: state in /data, open to the container's network."""
    shutil.copy(ROOT / "config/container/watcher.yaml", tmp_path)
    shutil.copy(ROOT / "config/watchlist.yaml", tmp_path)
    loaded = load_all(tmp_path / "watcher.yaml", {})
    assert str(loaded.settings.state_dir) == "/data"
    assert (loaded.settings.web.host, loaded.settings.web.port) == ("0.0.0.0", 11102)
    assert len(loaded.watchlist.accounts) > 5


def test_the_unit_is_right(tmp_path: Path) -> None:
    """Systemd knows every line of it, once the program is where it says."""
    unit = tmp_path / UNIT.name
    text = UNIT.read_text()
    assert text.count(INSTALLED) == 1
    unit.write_text(text.replace(INSTALLED, str(BIN / "watcher")))
    ended = run(tool("systemd-analyze"), "verify", "--man=no", unit)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_unit_is_hardened() -> None:
    """Systemd's own measure of exposure (0 to 10) is below 2."""
    ended = run(tool("systemd-analyze"), "security", "--offline=true", "--threshold=20", "--no-pager", UNIT)
    assert ended.returncode == 0, ended.stdout


def test_the_unit_starts_it_again_where_that_may_help() -> None:
    """After every end but that of a faulty configuration or a taken port."""
    text = UNIT.read_text()
    assert re.findall(r"^Restart=(.*)$", text, re.MULTILINE) == ["on-failure"]
    [but] = re.findall(r"^RestartPreventExitStatus=(.*)$", text, re.MULTILINE)
    assert str(BROKE_OFF) not in but.split()


def test_the_unit_lets_the_reader_of_large_watchlists_step_back() -> None:
    """Its filter of system calls gives back the one of @resources that the program makes, after it takes all."""
    words = [
        word for line in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.MULTILINE) for word in line.split()
    ]
    assert "setpriority" in run(tool("systemd-analyze"), "syscall-filter", "@resources").stdout.split()
    assert words.index("setpriority") > words.index("@resources")


def test_the_compose_file_keeps_its_schema() -> None:
    """That of the Compose specification."""
    ended = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE / "compose.yaml")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_service_is_held_tight() -> None:
    """Read-only, without capabilities, with a health check, reachable from this machine only."""
    services = compose()["services"]
    assert set(services) == {"watcher", "prometheus", "alertmanager", "grafana", "mailpit"}
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "healthcheck" in service or "build" in service, name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name


def test_prometheus_starts_beside_a_watcher_that_is_unwell() -> None:
    """That it is down, or converts its database for minutes, is for the alerts to say; Grafana's wait brings both."""
    services = compose()["services"]
    assert services["prometheus"]["depends_on"] == {"watcher": {"condition": "service_started"}}
    assert set(services["grafana"]["depends_on"]) == {"prometheus"}


def test_what_the_compose_file_mounts_is_there() -> None:
    """Files and folders of this repository, and every volume and secret is declared."""
    file = compose()
    for service in file["services"].values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if source.startswith("."):
                assert (COMPOSE / source).exists() or not (ROOT / "config/prometheus").exists(), source
            else:
                assert source in file["volumes"]
        assert set(service.get("secrets", ())) <= set(file["secrets"])
    defaults = re.findall(r":-([^}]+)\}", file["secrets"]["slack_webhook_url"]["file"])
    assert [(COMPOSE / default).is_file() for default in defaults] == [True]


def test_the_watcher_of_the_compose_file(tmp_path: Path) -> None:
    """Its files are right, it can be scraped by its name, and it watches what can alert."""
    loaded = load_all(COMPOSE / "watcher/watcher.yaml", {})
    assert "watcher" in loaded.settings.web.allow_hosts
    assert str(loaded.settings.state_dir) == "/data"
    text = (COMPOSE / "watcher/watcher.yaml").read_text()
    # The line for Slack, once it is wanted, is right as well; and as the page says, the route names it.
    assert text.count("/run/secrets/slack_webhook_url") == 1
    page = (ROOT / "docs/how-to/docker.md").read_text("utf-8")
    [named] = re.findall(r"`channels: (\[[^`]+\])`", page)
    (tmp_path / "watchlist.yaml").write_bytes((COMPOSE / "watcher/watchlist.yaml").read_bytes())
    (tmp_path / "slack_webhook_url").write_text("https://hooks.slack.com/services/T/B/X")
    text = text.replace("# - {name: newsroom", "- {name: newsroom").replace("/run/secrets", str(tmp_path))
    (tmp_path / "watcher.yaml").write_text(text.replace("channels: [log]", f"channels: {named}"))
    settings = load_all(tmp_path / "watcher.yaml", {}).settings
    assert {name for route in settings.routes for name in route.channels} == {each.name for each in settings.channels}


def test_the_prometheus_of_the_compose_file(tmp_path: Path) -> None:
    """Promtool takes it, with the rules; it scrapes watcher under the name that the rules ask for."""
    shutil.copy(COMPOSE / "prometheus.yml", tmp_path)
    if (ROOT / "config/prometheus/rules").exists():
        shutil.copytree(ROOT / "config/prometheus/rules", tmp_path / "rules")
    ended = run(tool("promtool"), "check", "config", tmp_path / "prometheus.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [job] = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]
    assert (job["job_name"], job["static_configs"]) == ("watcher", [{"targets": ["watcher:11102"]}])


def test_the_alertmanager_of_the_compose_file() -> None:
    """Amtool takes it; it mails to the mail catcher."""
    ended = run(tool("amtool"), "check-config", COMPOSE / "alertmanager.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "mailpit:1025" in (COMPOSE / "alertmanager.yml").read_text()
