"""Which files a configuration is read from, and whether any of them has changed. Judges no content.

Content is compared, not times: it survives an editor that writes a new file in the old one's place, ConfigMaps that
turn a symbolic link, and network file systems with clocks of their own.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from watcher.model.errors import ConfigError
from watcher.settings.environment import fill_in
from watcher.settings.values import WATCHLISTS
from watcher.settings.yamlfile import read

_WILDCARDS: Final = frozenset("*?[")
_PLATFORM_DIR: Final = "platforms"


def is_pattern(name: str) -> bool:
    """True when the name holds wildcards."""
    return not _WILDCARDS.isdisjoint(name)


def expand(path: Path) -> list[Path]:
    """The file itself, there or not; for a pattern the files that match it, by name, hidden ones left out."""
    if not is_pattern(path.name):
        return [path]
    return sorted(found for found in path.parent.glob(path.name) if not found.name.startswith(".") and found.is_file())


class ConfigFiles:
    """The files that the configuration at `path` is read from, as far as watcher.yaml can be read.

    Itself, the watchlists, the platform files and the secret files that it names.
    """

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self._path = path
        self._env = env
        self._read = b""
        self._names: tuple[Path, ...] = ()

    def fingerprint(self) -> str:
        """A hash over the names and contents of them all. What cannot be read counts as such. Raises nothing."""
        digest = sha256()
        digest.update(self._look())
        for file in self._files():
            digest.update(f"\0{file}\0".encode(errors="surrogateescape"))
            digest.update(_content(file))
        return digest.hexdigest()

    def size(self) -> int:
        """How many bytes there are to read, as far as they can be read. Raises nothing."""
        self._look()
        return sum(map(_size, self._files()))

    def _look(self) -> bytes:
        main = _content(self._path)
        if main != self._read:
            self._read, self._names = main, tuple(_named(self._path, self._env))
        return main

    def _files(self) -> dict[Path, None]:
        return dict.fromkeys(file for name in self._names for file in expand(name))


def _content(file: Path) -> bytes:
    """The hash of what is in it; why it cannot be read, where it cannot."""
    try:
        # A pipe would be empty the next time, or never end.
        return sha256(file.read_bytes()).digest() if file.is_file() else b"no file"
    except (OSError, ValueError) as error:
        return repr(error).encode(errors="backslashreplace")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except (OSError, ValueError):
        return 0


def _named(path: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """The paths, some with wildcards, that watcher.yaml names."""
    try:
        data, _problems = fill_in(read(path, path.name).data, env)
    except ConfigError:
        return
    if not isinstance(data, dict):
        return
    base = path.absolute().parent
    written = data.get("watchlist", WATCHLISTS)
    yield from (base / str(name) for name in (written if isinstance(written, list | tuple) else [written]))
    own = base / str(data.get("platform_dir", _PLATFORM_DIR))
    yield from (folder / "*.y*ml" for folder in (own, own / "phrases"))
    yield from (base / name for name in _secret_files(data))
    yield from (base / name / "*.j2" for name in _templates(data.get("channels")))


def _templates(channels: object) -> Iterator[str]:
    """The folders of templates that channels name."""
    for channel in channels if isinstance(channels, list) else ():
        if isinstance(channel, dict) and isinstance(channel.get("templates"), str):
            yield channel["templates"]


def _secret_files(node: object) -> Iterator[str]:
    """What stands under any key that ends in `_file`, however deep."""
    match node:
        case dict():
            for key, value in node.items():
                if key.endswith("_file") and isinstance(value, str):
                    yield value
                else:
                    yield from _secret_files(value)
        case list():
            for item in node:
                yield from _secret_files(item)
        case _:
            pass
