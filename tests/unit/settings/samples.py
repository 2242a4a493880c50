"""Small platforms of our own, and short ways to load what a test has written."""

from pathlib import Path

import pytest

from watcher.model.account import Account, Watchlist
from watcher.model.errors import ConfigError
from watcher.model.platform import Answers, ControlHandles, Field, FieldKind, HandleSyntax, Platform, Source
from watcher.settings.load import load_all, load_watchlist

TITLED = (Field(FieldKind.TITLE),)
_PAGE = Source(name="page", url="https://chirp.example/{handle}", answers=Answers.HTML, identity=TITLED)

CHIRP = Platform(
    id="chirp",
    title="Chirp",
    profile="https://chirp.example/{handle}",
    recognise=("https://www.chirp.example/{handle}", "https://old.example/u/@{handle}/"),
    handle=HandleSyntax(pattern="[a-z0-9_]{1,15}"),
    sources=(_PAGE,),
    controls=ControlHandles(present={"*": ("chirp", "news")}),
)
FEDI = Platform(
    id="fedi",
    title="Fedi",
    profile="https://{instance}/@{handle}",
    recognise=("https://{instance}/@{handle}",),
    handle=HandleSyntax(pattern="[a-z_]+", meaning="it has letters and _"),
    sources=(
        Source(
            name="api",
            url="https://{instance}/api?acct={handle}",
            answers=Answers.JSON,
            identity=(Field(FieldKind.JSON, "acct"),),
        ),
    ),
    controls=ControlHandles(present={"big.example": ("admin",)}),
)
CASED = Platform(
    id="cased",
    title="Cased",
    profile="https://cased.example/c/{handle}",
    recognise=("https://cased.example/c/{handle}", "https://cased.example/@{handle}"),
    handle=HandleSyntax(pattern=r"(?:UC)?[A-Za-z\u00e9]+", fold=False),
    sources=(_PAGE,),
    controls=ControlHandles(),
)
GENERIC = Platform(
    id="generic",
    title="Web page",
    profile="{instance}",
    recognise=(),
    handle=HandleSyntax(pattern=r"[^\s/?#]{1,200}", fold=False),
    sources=(Source(name="page", url="{instance}", answers=Answers.HTML, identity=TITLED),),
    controls=ControlHandles(),
)
PLATFORMS = {platform.id: platform for platform in (FEDI, CHIRP, CASED, GENERIC)}


def watch(tmp_path: Path, text: str, platforms: dict[str, Platform] = PLATFORMS) -> Watchlist:
    """The watchlist that `text` makes."""
    path = tmp_path / "w.yaml"
    path.write_text(text, "utf-8")
    return load_watchlist([path], platforms)


def watch_one(tmp_path: Path, entry: str, platforms: dict[str, Platform] = PLATFORMS) -> Account:
    """The account that one entry (in flow style) makes."""
    (account,) = watch(tmp_path, f"accounts:\n  - {entry}\n", platforms).accounts.values()
    return account


def refused(tmp_path: Path, text: str) -> list[str]:
    """The faults of a watchlist, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        watch(tmp_path, text)
    return [str(fault).removeprefix(f"{tmp_path}/w.yaml:") for fault in caught.value.faults]


def refused_one(tmp_path: Path, entry: str) -> str:
    """The only fault of an entry (in flow style, from column 5), without its place."""
    (fault,) = refused(tmp_path, f"accounts:\n  - {entry}\n")
    return fault.split(": ", 1)[1]


def configure(tmp_path: Path, **files: str) -> Path:
    """Write watcher.yaml (`watcher`), watchlist.yaml (`watchlist`) and platforms/NAME.yaml (`NAME`)."""
    (tmp_path / "platforms").mkdir(exist_ok=True)
    files = {"watcher": "web: {allow_hosts: []}", "watchlist": "accounts: [https://github.com/python]", **files}
    for name, text in files.items():
        folder = tmp_path if name in ("watcher", "watchlist") else tmp_path / "platforms"
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path / "watcher.yaml"


def faults(path: Path, env: dict[str, str] | None = None) -> list[str]:
    """The faults of a whole configuration, without the name of its folder."""
    with pytest.raises(ConfigError) as caught:
        load_all(path, env or {})
    return [str(fault).removeprefix(f"{path.parent}/") for fault in caught.value.faults]
