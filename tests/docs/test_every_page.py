"""All pages, README and the others outside of docs/ too: what is typed would be taken, what is named is there.

Pages of which a reader follows every step are done in test_tutorial and test_how_tos. Of all others each command is
held against the command line itself; what no test can hold is in EXCEPTIONS, with the reason.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.page import Block, blocks
from tests.docs.said import (
    PAGES,
    PATH,
    ROOT,
    alternatives,
    fault,
    is_ours,
    name_of,
    simple,
    spans,
    text_of,
    typed,
    words_of,
)
from tests.docs.test_how_tos import NOT_RUN
from watcher.settings.examples import load_examples
from watcher.settings.load import load_all

FOLLOWED = {"docs/tutorial.md", *(f"docs/how-to/{page}" for page in NOT_RUN)}
_PROMETHEUS = "a file of Prometheus or Alertmanager; test_how_tos.py has promtool and amtool read those of the how-to"
_LOOK = "looks at the operator's own machine, and changes nothing"
# (pages, what they say): why it is not held against anything. `*` in the name of a page is any.
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("*", "watcher COMMAND --help"): "COMMAND stands for any",
    **{("docs/runbooks/*", tool): _LOOK for tool in ("df", "getent", "ip", "journalctl", "timedatectl")},
    ("docs/runbooks/*", "curl"): "asks a running watcher or Prometheus; tests/unit/web has these addresses asked",
    ("docs/runbooks/*", "systemctl"): "needs a running systemd; the unit is verified by tests/container/test_files.py",
    ("docs/runbooks/*", "docker"): "needs a container engine; tests/container/test_files.py checks the compose file",
    ("docs/runbooks/*", "promtool"): "reads the operator's own prometheus.yml; test_how_tos.py has it read ours",
    ("docs/configuration.md", "watcher <watcher@newsroom.example>"): "an address of mail",
    ("docs/tutorial.md", "watcher/.venv"): "the clone's, beside the reader's folder",
    ("docs/how-to/docker.md", "config/compose/.env"): "made by the line that names it; .gitignore has it",
    ("docs/how-to/alertmanager.md", "watcher/job_nme"): "a mistype that is explained",
    ("docs/alerting.md", "openssl"): "makes a token, of any bytes",
    ("docs/alerting.md", "curl"): "asks a running watcher; tests/unit/web and tests/process have these addresses asked",
    ("docs/alerting.md", "chmod"): "a command of the system, on a file that the line before makes",
    ("docs/how-to/alertmanager.md", "prometheus.yml"): _PROMETHEUS,
    ("docs/how-to/kubernetes.md", "prometheus.yml"): _PROMETHEUS,
    ("docs/how-to/alertmanager.md", "alertmanager.yml"): _PROMETHEUS,
}
ENVIRONMENT = {
    "SLACK_WEBHOOK_URL": "https://hooks.slack.example/services/T/B/x",
    **dict.fromkeys(
        ("SMTP_PASSWORD", "X_TOKEN", "BUS_TOKEN", "DISCORD_ID", "DISCORD_TOKEN"), "abcdefghijklmnopqrstuvwxyz"
    ),
    "TELEGRAM_TOKEN": "123456789:abcdefghijklmnopqrstuvwxyz012345678",
    "TELEGRAM_CHAT": "123456789",
}
BOT = "xoxb-0000000000-0000000000000-XXXXXXXXXXXXXXXXXXXXXXXX"


def excepted(page: Path, what: str) -> bool:
    """True for what is named above."""
    return any(what == named and fnmatch(name_of(page), pages) for pages, named in EXCEPTIONS)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_call_of_watcher_would_be_taken(page: Path) -> None:
    """Commands, options, choices and the number of arguments are those that the command line has."""
    calls = [(words, True) for line in typed(page) for words in simple(line) if is_ours(words)]
    for span in spans(page):
        words = words_of(span)
        if is_ours(words[:1] or [""]) and len(words) > 1:
            calls += [(each, False) for each in alternatives(words)]
    assert [
        (" ".join(words), found)
        for words, whole in calls
        if not excepted(page, " ".join(words)) and (found := fault(words, whole=whole)) is not None
    ] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("watcher forgets x:jack", "there is no command forgets"),
        ("watcher check --strickt", "No such option"),
        ("watcher run --log-level loud", "is not one of"),
        ("watcher forget", "there is no ID"),
        ("watcher version now", "too many arguments"),
        ("watcher silence", "it wants a command"),
        ("watcher outages annotate ID", "there is no"),
    ],
)
def test_a_call_that_would_not_be_taken(words: str, said: str) -> None:
    """A wrong command, option, choice, or number of arguments is noticed."""
    assert said in (fault(words.split(), whole=True) or "")


@pytest.mark.parametrize("page", [page for page in PAGES if name_of(page) not in FOLLOWED], ids=name_of)
def test_nothing_else_is_typed_unchecked(page: Path) -> None:
    """What a page wants typed that nobody follows is a call of watcher, a target of make, or an exception."""
    called = [words for line in typed(page) for words in simple(line)]
    assert [w for w in called if not (is_ours(w) or w[0] == "make" or excepted(page, w[0]))] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_exists(page: Path) -> None:
    """A file that is named is in the repository, or is one that the page has the reader make."""
    made = [block.file for block in blocks(text_of(page)) if block.file]
    named = [path for text in (*spans(page), *typed(page)) for path in PATH.findall(text)]
    unknown = [path for path in named if not (exists(path) or excepted(page, path))]
    assert [path for path in unknown if not any(file.startswith(path) for file in made)] == []


def exists(path: str) -> bool:
    """True for what is in the repository; a word in capitals stands for any name, `*` for several."""
    pattern = "/".join(
        "*" if part.split(".")[0].isupper() and "README" not in part else part for part in path.split("/")
    )
    return any(ROOT.glob(pattern.rstrip("/"))) or ("NAME" in path and exists(str(Path(path).parent)))


def yaml_blocks() -> Iterator[Any]:
    """Every block of YAML of every page."""
    for page in PAGES:
        for number, block in enumerate(found for found in blocks(text_of(page)) if found.kind == "yaml"):
            yield pytest.param(page, block, id=f"{name_of(page)}-{number}")


@pytest.mark.parametrize(("page", "block"), list(yaml_blocks()))
def test_every_yaml_block_is_taken(page: Path, block: Block, tmp_path: Path) -> None:
    """As what it is: settings, a watchlist, a platform; of settings what it leaves out is put beside it."""
    keys = yaml.load(block.body, yaml.BaseLoader)
    what = (block.about or (next(iter(keys)),))[0]
    if excepted(page, what):
        return
    files = {"watchlist.yaml": "accounts: [https://bsky.app/profile/alice.example]\n", "watcher.yaml": "probe: {}\n"}
    files |= {
        f"platforms/{Path(other.file or '').name}": other.body for other in blocks(text_of(page)) if is_platform(other)
    }
    if "examples" in keys:
        files[f"platforms/examples/{keys['platform']}.yaml"] = block.body
    elif "platform" in what:
        files[f"platforms/{keys['platform']}.yaml"] = block.body
    elif "watchlist" in what or "accounts" in keys:
        files["watchlist.yaml"] = block.body
    else:
        files["watcher.yaml"] = completed(block.body, keys, tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text, "utf-8")
    loaded = load_all(tmp_path / "watcher.yaml", ENVIRONMENT)
    assert loaded.watchlist.accounts
    assert load_examples(loaded.settings.platform_dir, loaded.platforms)


def is_platform(block: Block) -> bool:
    """True for a platform file that the page has the reader make: its other files may name that platform."""
    return block.file is not None and re.search(r"platforms/\w+\.yaml$", block.file) is not None


def completed(body: str, keys: Mapping[str, Any], folder: Path) -> str:
    """Settings with the channels and the route that a part of them needs, and files for its secrets."""
    for line in body.split("\n"):
        for word in line.replace(",", " ").replace("}", " ").split("_file: ")[1:]:
            secret(folder / word.split()[0].removeprefix("/run/secrets/"))
    have = {channel["name"] for channel in keys.get("channels", ())}
    wanted = sorted(set(channels_of(keys.get("routes", ())) | set(keys.get("digest", {}).get("channels", ()))) - have)
    body = body.replace("/run/secrets/", "")
    if wanted:
        lines = "".join(f"\n  - {{name: {name}, kind: log}}" for name in wanted)
        body = (
            body.replace("channels:\n", f"channels:{lines}\n", 1) if "channels" in keys else f"channels:{lines}\n{body}"
        )
    if "routes" not in keys and (have or wanted):
        body += f"routes: [{{name: default, channels: [{', '.join(sorted(have) or wanted)}]}}]\n"
    return body


def channels_of(routes: Any) -> set[str]:
    """Of routes, and of the routes within them."""
    found: set[str] = set()
    for route in routes:
        named = route.get("channels", [])
        found |= {named} if isinstance(named, str) else set(named)
        found |= channels_of(route.get("routes", ()))
    return found


def secret(path: Path) -> None:
    """A secret of the kind that the name says."""
    path.write_text(f"{BOT}\n" if "token" in path.name else "https://hooks.example/services/T/B/X\n")


def test_every_exception_is_there() -> None:
    """Nothing is excepted that no page says, and nothing without a reason."""
    said = {page: text_of(page) for page in PAGES}
    for (name, what), reason in EXCEPTIONS.items():
        assert reason
        assert any(what in text for page, text in said.items() if fnmatch(name_of(page), name)), what


def test_figures_are_those_that_were_measured() -> None:
    """What the explanations say was measured is in bench/README.md, in the same digits."""
    measured = text_of(ROOT / "bench/README.md")
    for name in ("why", "comparison"):
        page = text_of(ROOT / f"docs/explanation/{name}.md")
        said = set(re.findall(r"\d+\.\d+(?: to \d+\.\d+| %)?|\d+,\d{3}|\d+ to \d+", page)) - {"0.1"}
        assert said
        assert [figure for figure in said if figure not in measured] == []
