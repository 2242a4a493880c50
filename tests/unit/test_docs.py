"""The Markdown files say what is there: links resolve, targets of make exist, examples are accepted.

tests/docs holds the commands, paths and files of all pages against the program.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from watcher.settings.load import load_all

ROOT = Path(__file__).parents[2]
DOCS = sorted((*ROOT.glob("*.md"), ROOT / "bench/README.md", *ROOT.glob("docs/**/*.md")))
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")
ENVIRONMENT = {"SLACK_WEBHOOK_URL": "https://hooks.example/services/T/B/x", "SMTP_PASSWORD": "p"}
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
TARGET = re.compile(r"^([a-z]+):.*## ", re.MULTILINE)
MAKE = re.compile(r"^(?:\S+=\S+ )*make(?: (?P<target>[a-z]+))?\b")
PATH = re.compile(r"`((?:watcher|tests|docs|config|bench|\.ci)/[^`\s]*)`")


def name_of(path: Path) -> str:
    """A file as people call it."""
    return str(path.relative_to(ROOT))


def prose(text: str) -> str:
    """The text without its code blocks."""
    return FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    words = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(prose(text)))
    return {word.strip().replace(" ", "-") for word in words}


def said(text: str) -> Iterator[str]:
    """Every command line in the text: code spans, and lines of shell blocks without their comments."""
    yield from SPAN.findall(prose(text))
    for fence in FENCE.finditer(text):
        if fence["kind"].split()[:1] in (["sh"], ["console"]):
            yield from (line.split("#")[0].strip() for line in fence["body"].splitlines())


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_internal_links_resolve(path: Path) -> None:
    """A link leads to a file of the repository, and to one of its headings."""
    for link in LINK.finditer(prose(path.read_text("utf-8"))):
        if link["target"].startswith("https://"):
            continue
        file, _, anchor = link["target"].partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link["target"]
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link["target"]


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_make_targets_exist(path: Path) -> None:
    """Whatever `make` is told to do, the Makefile can."""
    known = {*TARGET.findall((ROOT / "Makefile").read_text("utf-8")), None}
    named = {found["target"] for line in said(path.read_text("utf-8")) if (found := MAKE.match(line))}
    assert named <= known


def test_make_help_shows_every_target() -> None:
    """`make help` shows every target that a person may call."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    assert set(TARGET.findall(makefile)) == set(phony[1].split())


def test_every_path_in_the_architecture_exists() -> None:
    """Files and folders are where docs/architecture.md says."""
    named = PATH.findall(ARCHITECTURE)
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_room_is_in_the_architecture() -> None:
    """Each package and module of the top level has its place in docs/architecture.md."""
    rooms = {path.name + "/" for path in (ROOT / "watcher").iterdir() if (path / "__init__.py").exists()}
    rooms |= {path.name for path in (ROOT / "watcher").glob("[a-z]*.py")}
    named = {path.removeprefix("watcher/") for path in PATH.findall(ARCHITECTURE)}
    assert rooms - named == set()


def readme_block(first: str) -> str:
    """The README's only code block that begins with `first`."""
    found = FENCE.finditer((ROOT / "README.md").read_text("utf-8"))
    [body] = [block["body"] for block in found if block["body"].startswith(first)]
    return body


def test_the_readme_is_a_configuration(tmp_path: Path) -> None:
    """The README's watchlist of ten lines and its channels are accepted as they stand."""
    (tmp_path / "watchlist.yaml").write_text(readme_block("defaults:"))
    (tmp_path / "watcher.yaml").write_text(readme_block("channels:"))
    loaded = load_all(tmp_path / "watcher.yaml", ENVIRONMENT)
    assert len(loaded.watchlist.accounts) == 5
    assert len(readme_block("defaults:").splitlines()) == 10
    assert [route.channels for route in loaded.settings.routes] == [("newsroom", "desk")]


def test_prometheus_is_pointed_at_the_default_address() -> None:
    """The scrape configuration of the how-to names the address at which watcher listens by default."""
    page = (ROOT / "docs/how-to/alertmanager.md").read_text("utf-8")
    [body] = [block["body"] for block in FENCE.finditer(page) if block["kind"] == "yaml prometheus.yml"]
    web = load_all(ROOT / "config/watcher.yaml", {}).settings.web
    assert yaml.safe_load(body)["scrape_configs"][0]["static_configs"][0]["targets"] == [f"{web.host}:{web.port}"]
