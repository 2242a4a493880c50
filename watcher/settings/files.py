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
from watcher.settings.schema import SettingsFile
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


def fingerprint(path: Path, env: Mapping[str, str]) -> str:
    """A hash over the names and contents of all files that the configuration at `path` is read from.

    As far as watcher.yaml can be read: the watchlists, the platform files and the secret files that it names. What
    cannot be read counts as such. Raises nothing.
    """
    digest = sha256()
    for file in dict.fromkeys(_files(path, env)):
        digest.update(f"{file}\0".encode(errors="surrogateescape"))
        try:
            content = file.read_bytes()
        except OSError as error:
            digest.update(f"{error.errno}\0".encode())
        else:
            digest.update(sha256(content).digest())
    return digest.hexdigest()


def _files(path: Path, env: Mapping[str, str]) -> Iterator[Path]:
    yield path
    try:
        data, _problems = fill_in(read(path, path.name).data, env)
    except ConfigError:
        return
    if not isinstance(data, dict):
        return
    base = path.absolute().parent
    named = data.get("watchlist", SettingsFile.model_fields["watchlist"].default)
    for name in named if isinstance(named, list | tuple) else [named]:
        yield from expand(base / str(name))
    own = base / str(data.get("platform_dir", _PLATFORM_DIR))
    for folder in (own, own / "phrases"):
        yield from expand(folder / "*.y*ml")
    yield from (base / name for name in _secret_files(data))


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
