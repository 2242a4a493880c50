"""The site: builds with nothing broken, leads nowhere but to what is there, and has a browser ask no other host."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from selectolax.lexbor import LexborHTMLParser

from tests.docs.said import PAGES, ROOT, name_of
from watcher.cli import main
from watcher.cli.reference import document

CONFIG = ROOT / "docs/site/mkdocs.yml"
MKDOCS = Path(sys.executable).parent / "mkdocs"
# What a browser fetches by itself, as against what a reader may click on.
FETCHED = (
    "script[src], link[href], img[src], iframe[src], source[src], video[src], audio[src], embed[src], object[data]"
)


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """What mkdocs says; strictly, and not quietly: then it would pass over warnings."""
    command = [str(MKDOCS), "build", "--strict", "--config-file", str(config), "--site-dir", str(site)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=55)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it, built once."""
    folder = tmp_path_factory.mktemp("site")
    ended = build(CONFIG, folder)
    assert ended.returncode == 0, ended.stderr
    assert "WARNING" not in ended.stderr
    return folder


def pages(site: Path) -> Iterator[tuple[str, LexborHTMLParser]]:
    """Every page of it."""
    for path in sorted(site.rglob("*.html")):
        yield path.relative_to(site).as_posix(), LexborHTMLParser(path.read_text("utf-8"))


def test_nothing_is_fetched_from_another_host(site: Path) -> None:
    """Neither scripts, styles, fonts nor pictures: by the pages nor by the style sheets."""
    asked = [
        (name, value)
        for name, page in pages(site)
        for node in page.css(FETCHED)
        for key in ("src", "href", "data")
        if (value := node.attributes.get(key)) and urlsplit(value).netloc
    ]
    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    styles += [node.text() for _, page in pages(site) for node in page.css("style")]
    named = [
        found for text in styles for found in re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)", text)
    ]
    assert (asked, named) == ([], [])
    assert len(styles) > 2


def test_every_link_leads_somewhere(site: Path) -> None:
    """To a file of the site and, where it names one, to an element of that page."""
    anchors = {name: {node.attributes.get("id") for node in page.css("[id]")} for name, page in pages(site)}
    broken = []
    for name, page in pages(site):
        for node in page.css("a[href]"):
            link = urlsplit(node.attributes["href"] or "")
            if link.scheme or link.netloc or name == "404.html":
                continue
            target = (site / name).parent / unquote(link.path) if link.path else site / name
            inside = target.resolve().relative_to(site.resolve()).as_posix()
            if not target.is_file() or (link.fragment and inside in anchors and link.fragment not in anchors[inside]):
                broken.append((name, node.attributes["href"]))
    assert broken == []


def test_every_page_is_in_the_site_and_in_its_navigation(site: Path) -> None:
    """Each Markdown file that a code host shows has its page, and is led to from every other."""
    built = dict(pages(site))
    led = {
        (site / "index.html")
        .parent.joinpath(node.attributes["href"] or "")
        .resolve()
        .relative_to(site.resolve())
        .as_posix()
        for node in built["index.html"].css("nav a[href], .navbar a[href]")
        if not urlsplit(node.attributes["href"] or "").netloc and not (node.attributes["href"] or "").startswith("#")
    }
    outside = {"README": "index", "CONTRIBUTING": "contributing", "CHANGELOG": "changelog", "bench/README": "bench"}
    shown = (name_of(page).removesuffix(".md") for page in PAGES)
    wanted = {outside.get(each, re.sub(r"README$", "index", each).removeprefix("docs/")) + ".html" for each in shown}
    assert wanted == set(built) - {"404.html"}
    assert wanted - led - {"index.html"} == set()


def test_what_is_for_the_tests_only_is_not_shown(site: Path) -> None:
    """A reader sees the name of the file over a block, and no word that is for the tests; each block is one."""
    tutorial = (site / "tutorial.html").read_text("utf-8")
    assert "<em>config/watchlist.yaml</em>" in tutorial
    assert "second-terminal" not in tutorial
    assert "exits-1" not in tutorial
    fences = [name for name, page in pages(site) if "```" in (page.body.text() if page.body else "")]
    assert fences == []


def test_links_to_files_of_the_repository(site: Path) -> None:
    """One that leads out of docs/ leads to a copy in the site."""
    [link] = [
        n.attributes["href"]
        for n in LexborHTMLParser((site / "index.html").read_text("utf-8")).css('a[href*="LICENSE"]')
    ]
    assert (site / (link or "")).read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")


@pytest.mark.parametrize(
    ("page", "text", "said"),
    [
        ("page.md", "[a](gone.md)", "docs/gone.md, which is no file"),
        ("page.md", "[a](../Makefilo)", "leads to Makefilo, which is no file"),
        ("page.md", "[a](../docs)", "page.md: a link leads to docs/README.md, which is no file"),
        ("page.md", "[a](#nowhere)", "'#nowhere'"),
        ("page.md", "[a](other.md#nowhere)", "'other.md#nowhere'"),
        ("lost/page.md", "# Lost", 'not included in the "nav"'),
    ],
)
def test_what_is_broken_fails(page: str, text: str, said: str, tmp_path: Path) -> None:
    """A link to no file, to no heading; a page that nothing leads to."""
    here = tmp_path / "docs"
    (here / "site").mkdir(parents=True)
    (here / "site/hook.py").write_text((CONFIG.parent / "hook.py").read_text("utf-8"))
    config = yaml.safe_load(CONFIG.read_text("utf-8"))
    config["nav"] = ["index.md", "contributing.md", "changelog.md", "bench.md", "./*"]
    (here / "site/mkdocs.yml").write_text(yaml.safe_dump(config))
    files = dict.fromkeys(
        ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md", "docs/other.md"), "# Title\n"
    )
    for name, body in (files | {f"docs/{page}": text}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(body)
    ended = build(here / "site/mkdocs.yml", tmp_path / "built")
    assert ended.returncode != 0
    assert said in ended.stderr


def test_the_reference_of_the_command_line() -> None:
    """`make docs` would change nothing; every command is there."""
    page = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    assert page == document(main), "run make docs"
    assert [name for name in main.commands if f"\n## watcher {name}\n" not in page] == []
