"""What reading the configuration gives. Nothing that reads is here, so that a run may hold it without the readers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from watcher.model.account import Watchlist
from watcher.model.platform import Platform
from watcher.settings.layout import Layout
from watcher.settings.values import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """All that a run is configured by, and where it was read. The operator's changes are applied to `platforms`.

    `env` holds secrets. `fingerprint` is that of the files when the reading began. `marks` are those of the accounts,
    in their order (see `marks`), `layouts` those of the watchlists' files; empty where nobody took them.
    """

    settings: Settings
    platforms: Mapping[str, Platform]
    watchlist: Watchlist
    path: Path
    env: Mapping[str, str] = field(repr=False)
    fingerprint: str
    marks: bytes = b""
    layouts: Mapping[Path, Layout] = field(default_factory=dict)
