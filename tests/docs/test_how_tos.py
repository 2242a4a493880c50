"""docs/how-to: every command is run, or named here with the reason why not and with what is checked in its place.

A page is followed by a reader who did the tutorial: `watcher` is on the path, a watchlist is there. What is installed
into the machine's own folders is installed into folders like them, below a temporary one.
"""

import os
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.corpus.score import score_folder
from tests.docs.page import blocks, commands, faults
from tests.docs.reader import LEFT_BEHIND, ROOT, WEBHOOK, Reader, install, need, run, surroundings
from tests.docs.said import fault
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import PASSWORD, FakeMail, trust, vouched
from watcher.settings.load import load_all

pytestmark = pytest.mark.timeout(120)

PAGES = ROOT / "docs/how-to"
_SERVICE = "needs a running systemd; tests/container/test_files.py has the unit verified by systemd-analyze"
_ENGINE = "needs a container engine and a registry; tests/container/check.sh builds the image and runs it so"
_COMPOSE = "needs them too; tests/container/test_files.py checks the file and all that it mounts"
_DOWNLOAD = "downloads; the Dockerfile installs the same files, and tests/container/check.sh runs what comes of it"
_SERVERS = "needs a running Prometheus or Alertmanager; the files that they would take are checked beside it"
_CLUSTER = (
    "needs a cluster and a registry; tests/container/test_kubernetes.py has kubectl read the files and make the Secret"
)
_X = "asks X; tests/scenario/platforms plays its API, with a token and without"
_GRAFANA = "needs a running Grafana; tests/process/test_grafana.py asks a Prometheus what its dashboards ask"
_OUTAGE = "needs an outage of the reader's; tests/process/test_evidence.py runs all of them beside a run"
_RECORD = "needs one too; tests/process/test_record.py runs all of them beside a run"
# The beginning of a command that no test can run here, and what stands in for it.
NOT_RUN: Mapping[str, Mapping[str, str]] = {
    "slack.md": {},
    "smtp.md": {},
    "systemd.md": {
        "python3 -m venv /opt/watcher": _DOWNLOAD,
        "/opt/watcher/bin/pip install ": _DOWNLOAD,
        "systemctl ": _SERVICE,
        "journalctl ": _SERVICE,
        "/opt/watcher/bin/watcher outages ": "the service has not run; tests/process/test_record.py runs the command",
        "/opt/watcher/bin/watcher backup ": "it has no state; tests/process makes backups beside a run",
    },
    "docker.md": {
        "make image": _ENGINE,
        "docker run ": _ENGINE,
        "docker exec ": _ENGINE,
        "docker logs ": _ENGINE,
        "docker cp ": _ENGINE,
        "docker stop ": _ENGINE,
        "docker rm ": _ENGINE,
        "docker compose ": _COMPOSE,
        'echo "SLACK_WEBHOOK_URL_FILE=': _COMPOSE,
    },
    "evidence.md": {"watcher evidence ": _OUTAGE},
    "publish-a-record.md": {"watcher outages ": _RECORD, "watcher evidence ": _OUTAGE},
    "browser.md": {
        "/opt/watcher/bin/pip install ": _DOWNLOAD,
        "apt-get install ": "needs root and a mirror; .ci/run installs the same packages for tests/browser",
        "docker build ": _ENGINE,
    },
    "kubernetes.md": {"make image": _ENGINE, "docker tag ": _ENGINE, "docker push ": _ENGINE, "kubectl ": _CLUSTER},
    "x-token.md": {"watcher probe https://x.com/": _X, "watcher check --calibrate": _X},
    "add-a-platform.md": {},
    "read-durations.md": {},
    "alertmanager.md": {"curl -X POST ": _SERVERS, "amtool alert query ": _SERVERS},
    "editor.md": {},
    "grafana.md": {"docker compose ": _COMPOSE, "systemctl ": _GRAFANA},
}
# Which parts of the system a page needs.
TOOLS: Mapping[str, tuple[str, ...]] = {"alertmanager.md": ("promtool", "amtool"), "systemd.md": ("install", "sed")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder with a fresh clone, `watcher`, that has its `.venv`; and the folder of a reader beside it."""

    home: Path

    @property
    def clone(self) -> Path:
        """The clone."""
        return self.home / "watcher"


@pytest.fixture(scope="module")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One for all pages; none of them changes what is in it."""
    home = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT, home / "watcher", ignore=LEFT_BEHIND)
    install(home / "watcher")
    return Place(home=home)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """Takes what is sent."""
    async with FakeSlack() as fake:
        yield fake


def reader_of(page: str, place: Place, slack: FakeSlack, directory: Path, **instead: str) -> Reader:
    """A reader with a watchlist, for whom some words of the page stand for others."""
    need(*TOOLS.get(page, ()))
    (directory / "config").mkdir()
    (directory / "config/watchlist.yaml").write_text("accounts: [https://bsky.app/profile/nytimes.com]\n")
    env = surroundings(directory)
    env["PATH"] = f"{place.clone}/.venv/bin:{env['PATH']}"
    return Reader(directory=directory, env=env, slack=slack, instead=instead, not_run=tuple(NOT_RUN[page]))


def test_every_page_is_followed() -> None:
    """No how-to is forgotten here."""
    assert {page.name for page in PAGES.glob("*.md")} == set(NOT_RUN)


@pytest.mark.parametrize("page", [*PAGES.glob("*.md"), ROOT / "docs/tutorial.md"], ids=lambda page: page.name)
def test_no_block_is_passed_over(page: Path) -> None:
    """Each block is typed, saved or compared."""
    assert list(faults(page.read_text("utf-8"))) == []


def test_a_block_that_would_be_passed_over() -> None:
    """Commands in another dialect, output of no command, words that are unknown: each is named."""
    bad = "```bash\nls\n```\n```text\nx\n```\n```sh agian\nls\n```\n```yaml\na: b\n```\n"
    assert [fault.split(":")[0].strip() for fault in faults(bad)] == ["bash", "text", "sh agian", "yaml"]


@pytest.mark.parametrize("page", ["slack.md", "smtp.md", "docker.md", "browser.md"])
def test_every_configuration_is_taken(page: str, tmp_path: Path) -> None:
    """Each watcher.yaml of the page, also one that is not run, with the secret files that it names."""
    found = [block.body for block in blocks((PAGES / page).read_text("utf-8")) if "watcher.yaml" in (block.file or "")]
    (tmp_path / "watchlist.yaml").write_text("accounts: [https://bsky.app/profile/nytimes.com]\n")
    for name in ("slack_webhook_url", "slack_webhook_url_night", "smtp_password"):
        (tmp_path / name).write_text(f"{WEBHOOK}\n")
    (tmp_path / "slack_bot_token").write_text("xoxb-0000000000-0000000000000-XXXXXXXXXXXXXXXXXXXXXXXX\n")
    for text in found:
        (tmp_path / "watcher.yaml").write_text(text.replace("/run/secrets/", ""))
        assert load_all(tmp_path / "watcher.yaml", {}).settings.routes
    assert found


@pytest.mark.parametrize("page", NOT_RUN)
def test_what_is_not_run_is_in_the_page(page: str) -> None:
    """The list of what is not run names nothing that is not there, and for a reason each."""
    steps = blocks((PAGES / page).read_text("utf-8"))
    typed = [command for block in steps if block.kind == "sh" for command in commands(block)]
    assert [start for start in NOT_RUN[page] if not any(command.startswith(start) for command in typed)] == []
    assert all(NOT_RUN[page].values())


async def test_slack(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """The channel takes a test message; the errors are those that Slack and the program say."""
    await reader_of("slack.md", cloned, slack, tmp_path).follow((PAGES / "slack.md").read_text("utf-8"))
    assert [message["text"].split(" — ")[0] for message in slack.accepted] == [
        "🔵 Test message from watcher: nothing has happened"
    ]


async def test_smtp(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """A server with STARTTLS and a log-in takes the test message for both; every other block is a configuration."""
    ca = trust(tmp_path)
    async with FakeMail(tls=vouched(), users=True) as mail:
        reader = reader_of("smtp.md", cloned, slack, tmp_path)
        reader.env = {**reader.env, "SMTP_PORT": str(mail.port), "SMTP_CA": str(ca)}
        reader.instead = {
            "host: smtp.newsroom.example": f"host: {mail.host}",
            "port: 587": f"port: {mail.port}\n    ca_file: {ca}",
            "the-password-of-that-user": PASSWORD,
        }
        await reader.follow((PAGES / "smtp.md").read_text("utf-8"))
        assert mail.log_ins == [True, False]
    [taken] = mail.taken
    assert taken.recipients == ("desk@newsroom.example", "night@newsroom.example")
    assert taken.mail["Subject"] == "[watcher] Test message from watcher: nothing has happened"


async def test_systemd(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """What is put under /etc is a configuration that the program takes, its unit beside it; a backup comes back."""
    reader = reader_of("systemd.md", cloned, slack, tmp_path)
    root = tmp_path / "root"
    (root / "etc/systemd/system").mkdir(parents=True)
    reader.start = cloned.clone
    reader.instead = {
        "/opt/watcher/bin/watcher ": f"{cloned.clone}/.venv/bin/watcher ",
        **{folder: str(root) + folder for folder in ("/etc/watcher", "/etc/systemd", "/var/lib/watcher")},
        **{folder: str(root) + folder for folder in ("/var/lib/private", "/var/backups")},
    }
    state, backup = root / "var/lib/private/watcher", root / "var/backups/watcher-2026-12-01"
    for folder, files in ((state, ("watcher.db", "watcher.db-wal")), (backup, ("watcher.db", "evidence/page"))):
        (folder / "evidence").mkdir(parents=True)
        for name in files:
            (folder / name).write_text(folder.name)
    owner = 61184 if os.getuid() == 0 else os.getuid()  # the first that systemd gives out
    os.chown(state, owner, -1)
    await reader.follow((PAGES / "systemd.md").read_text("utf-8"))
    assert f"\nstate_dir: {root}/var/lib/watcher\n" in (root / "etc/watcher/watcher.yaml").read_text()
    assert (root / "etc/watcher/secrets/slack_webhook_url").stat().st_mode & 0o777 == 0o600
    assert not (state / "watcher.db-wal").exists()
    assert (state / "watcher.db").read_text() == backup.name
    assert {path.stat().st_uid for path in state.rglob("*")} == {owner}
    credential = "LoadCredential=slack_webhook_url:"
    unit = (root / "etc/systemd/system/watcher.service").read_text()
    assert credential in unit
    assert credential in (root / "etc/systemd/system/watcher.service.d/override.conf").read_text()


async def test_docker(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """Inside the container these files are taken, and Slack takes the test message."""
    reader = reader_of("docker.md", cloned, slack, tmp_path)
    await reader.follow((PAGES / "docker.md").read_text("utf-8"))
    assert reader.typed == []
    inside = tmp_path / "etc/watcher.yaml"
    inside.write_text(inside.read_text().replace("/run/secrets/", f"{tmp_path}/"))
    watcher = cloned.clone / ".venv/bin/watcher"
    run(watcher, "check", "--strict", "--config", inside, cwd=tmp_path)
    run_there = [command.removeprefix("docker exec watcher watcher ") for command in reader.left_out]
    assert "check --config /etc/watcher/watcher.yaml" in run_there
    assert any(command.startswith("test-channel newsroom ") for command in run_there)


async def test_browser(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """The platform and the configuration are taken; the override of the unit changes lines that are in it."""
    reader = reader_of("browser.md", cloned, slack, tmp_path)
    root = tmp_path / "root"
    reader.instead = {"/etc/systemd": f"{root}/etc/systemd"}
    await reader.follow((PAGES / "browser.md").read_text("utf-8"))
    loaded = load_all(tmp_path / "config/watcher.yaml", {})
    assert [source.kind for source in loaded.platforms["chirp"].sources] == ["http", "browser"]
    override = (root / "etc/systemd/system/watcher.service.d/browser.conf").read_text()
    unit = (ROOT / "config/systemd/watcher.service").read_text()
    changed = [line.partition("=")[0] for line in override.splitlines() if "=" in line]
    assert changed
    assert all(f"\n{key}=" in unit for key in changed)


async def test_kubernetes(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """The checks that are run in the pod are those of the page; what it saves is a configuration of Prometheus."""
    need("promtool")
    reader = reader_of("kubernetes.md", cloned, slack, tmp_path)
    await reader.follow((PAGES / "kubernetes.md").read_text("utf-8"))
    assert reader.typed == []
    run_there = [command.split(" -- ")[1] for command in reader.left_out if " exec " in command]
    assert [fault(command.split(), whole=True) for command in run_there] == [None] * len(run_there)
    assert len(run_there) > 3
    run(shutil.which("promtool") or "promtool", "check", "config", tmp_path / "prometheus.yml", cwd=tmp_path)


async def test_x_token(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """With the token the accounts can alert, and cost what is shown."""
    reader = reader_of("x-token.md", cloned, slack, tmp_path)
    await reader.follow((PAGES / "x-token.md").read_text("utf-8"))
    assert "watcher plan" in reader.typed


async def test_add_a_platform(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """The made-up platform is served, watched and understood; its page for the corpus gets its finding."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    reader = reader_of("add-a-platform.md", cloned, slack, tmp_path, **{"8766": str(port)})
    await reader.follow((PAGES / "add-a-platform.md").read_text("utf-8"))
    platforms = load_all(tmp_path / "config/watcher.yaml", {}).platforms
    made = score_folder(tmp_path / "tests/corpus/parley", platforms)
    assert made.is_clean, made
    sketched = (tmp_path / "sketch.yaml").read_text()
    assert [rule.id for rule in platforms["parley"].sources[0].rules if f"rule: {rule.id}\n" not in sketched] == []


async def test_alertmanager(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """Prometheus takes its file with our rules, whose tests pass; Alertmanager sends each alert where the page says."""
    reader = reader_of("alertmanager.md", cloned, slack, tmp_path)
    shutil.copytree(ROOT / "config/prometheus", tmp_path / "config/prometheus")
    await reader.follow((PAGES / "alertmanager.md").read_text("utf-8"))
    assert sum(command.startswith("amtool config routes test") for command in reader.typed) == 2


async def test_editor(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """The schemas are written where the file says, a validator takes the file, and marks a slip."""
    reader = reader_of("editor.md", cloned, slack, tmp_path)
    reader.env = {**reader.env, "PATH": f"{reader.env['PATH']}:{Path(sys.executable).parent}"}
    await reader.follow((PAGES / "editor.md").read_text("utf-8"))
    named = re.match(r"# yaml-language-server: \$schema=(.+)\n", (tmp_path / "config/watchlist.yaml").read_text())
    assert named is not None
    assert (tmp_path / "config" / named[1]).read_text() == (ROOT / "config" / named[1]).read_text()


async def test_grafana(cloned: Place, slack: FakeSlack, tmp_path: Path) -> None:
    """What is copied is where the provisioning says that it is."""
    reader = reader_of("grafana.md", cloned, slack, tmp_path)
    reader.start = cloned.clone
    reader.instead = {"/etc/grafana": f"{tmp_path}/etc/grafana"}
    await reader.follow((PAGES / "grafana.md").read_text("utf-8"))
    provisioned = (tmp_path / "etc/grafana/provisioning/dashboards/watcher.yaml").read_text()
    path = re.search(r"path: (\S+)", provisioned)
    assert path is not None
    shipped = {file.name for file in (ROOT / "config/grafana/dashboards").iterdir()}
    assert {file.name for file in (tmp_path / path[1].lstrip("/")).iterdir()} == shipped
