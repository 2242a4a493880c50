"""Makes the site of the files as a code host shows them: the same links, the same fences, the same anchors.

- A link leads to a file of the repository, or to a folder with a README, seen from the page that it stands in. Some
  files outside of docs/ are pages of the site too (PAGES); of any other that is linked to, the site has a copy, as
  text, under files/.
- The words after a fence's language say to the tests what a block is (tests/docs/page.py). A reader of the site sees
  the name of the file over it, and nothing of the others; nothing either of comments.
- A diagram is drawn by code hosts only: the site has no script for it, and leaves it out.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "bench/README.md": "bench.md",
}
_FENCE: Final = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT: Final = re.compile(r"^<!--.*?-->\n", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<=\]\()(?P<path>[^)\s#:]+)(?P<rest>(?:#[^)\s]*)?\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Anchors as code hosts make them; each FOLDER/* of the navigation becomes the pages that it stands for."""
    config.mdx_configs["toc"]["slugify"] = anchor
    docs = Path(config.docs_dir)
    placed = {leaf for leaf in _leaves(config.nav) if not leaf.endswith("/*")}

    def others(folder: str) -> list[str]:
        found = (path.relative_to(docs).as_posix() for path in sorted((docs / folder).glob("*.md")))
        return [path for path in found if path not in placed]

    config.nav = _filled(config.nav or [], others)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages outside of docs/, and a copy of each other file that a page links to."""
    for path, name in PAGES.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / path)))
    linked = {path: page.src_uri for page in files.documentation_pages() for path in _linked(page)}
    for path, page in sorted(linked.items()):
        if not (ROOT / path).is_file():
            raise PluginError(f"{page}: a link leads to {path}, which is no file of the repository")
        if (copy := _copy(path)) is not None:
            files.append(File.generated(config, copy, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """The page as the site has it."""
    here = _repository_path(page.file)

    def led(link: re.Match[str]) -> str:
        target = _target(here, link["path"])
        name = PAGES.get(target) or _copy(target) or target.removeprefix("docs/")
        return relpath(name, str(PurePosixPath(page.file.src_uri).parent)) + link["rest"]

    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [_COMMENT.sub("", _LINK.sub(led, markdown[end : fence.start()])), _fence(fence)]
        end = fence.end()
    return "".join((*parts, _COMMENT.sub("", _LINK.sub(led, markdown[end:]))))


def anchor(heading: str, _separator: str) -> str:
    """Of a heading, as code hosts make it."""
    return re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-")


def _fence(fence: re.Match[str]) -> str:
    language, *words = fence["info"].split() or [""]
    if language == "mermaid":
        return ""
    shown = f"*{words[0]}*\n\n" if words and re.search(r"[/.]|^[A-Z]|_", words[0]) else ""
    return f"{shown}```{language}\n{fence['body']}```"


def _linked(page: File) -> Iterator[str]:
    text = _FENCE.sub("", page.content_string)
    return (_target(_repository_path(page), link["path"]) for link in _LINK.finditer(text))


def _repository_path(page: File) -> str:
    names = {name: path for path, name in PAGES.items()}
    return names.get(page.src_uri, f"docs/{page.src_uri}")


def _target(here: str, path: str) -> str:
    """A file of the repository; of a folder, what a code host shows beneath its list."""
    found = normpath(PurePosixPath(here).parent / path)
    return f"{found}/README.md" if (ROOT / found).is_dir() else found


def _copy(path: str) -> str | None:
    """Where the site has the copy of a file; None of what is in the site by itself."""
    return None if path in PAGES or path.startswith("docs/") else f"files/{path}.txt"


def _leaves(entry: Any) -> Iterator[str]:
    match entry:
        case str():
            yield entry
        case list():
            for each in entry:
                yield from _leaves(each)
        case dict():
            for each in entry.values():
                yield from _leaves(each)


def _filled(nav: list[Any], others: Callable[[str], list[str]]) -> list[Any]:
    filled: list[Any] = []
    for entry in nav:
        match entry:
            case str() if entry.endswith("/*"):
                filled += others(entry.removesuffix("/*"))
            case dict():
                inner = {
                    title: _filled(what, others) if isinstance(what, list) else what for title, what in entry.items()
                }
                filled += [{title: what} for title, what in inner.items() if what]
            case _:
                filled.append(entry)
    return filled
