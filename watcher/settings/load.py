"""Read the configuration files: watcher.yaml, the platform files, watchlist.yaml. The only module that opens them.

Whatever is wrong in any of them is raised at once, as one ConfigError with every fault in the order of the files.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, TypeVar

from watcher.model.account import Watchlist
from watcher.model.errors import ConfigError, Fault
from watcher.model.platform import Phrase, Platform
from watcher.settings.browser import note_missing
from watcher.settings.files import ConfigFiles, expand
from watcher.settings.layout import Layout, layout_of
from watcher.settings.loaded import Loaded
from watcher.settings.overridden import apply_overrides
from watcher.settings.overrides import check_overrides
from watcher.settings.platformfile import read_phrases, read_platform
from watcher.settings.schema import WatchlistFile
from watcher.settings.settingsfile import read_settings
from watcher.settings.settingsschema import SettingsFile
from watcher.settings.validate import Reading
from watcher.settings.values import Settings
from watcher.settings.watchlistfile import build_watchlist, read_watchlist
from watcher.settings.yamlfile import Document, parse, read, show, text_of

T = TypeVar("T")

_SUFFIX: Final = ".yaml"
_STATE: Final = "state_dir"
_DEFAULT: Final = Settings(watchlist=(), state_dir=Path())


@dataclass(slots=True, kw_only=True)
class _Platforms:
    """Platforms and phrases read so far, with the faults of their files. `hashes` are those of the phrases' files."""

    platforms: dict[str, Platform] = field(default_factory=dict)
    phrases: dict[str, tuple[Phrase, ...]] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def load_settings(path: Path, env: Mapping[str, str]) -> Settings:
    """The settings in `path`, with variables from `env`; raises ConfigError.

    The platform files are read too, to check the names of platforms, sources and credentials.
    """
    reading, settings = _settings(path, env)
    found = _all_platforms(None if settings is None else settings.platform_dir)
    if not found.faults:
        check_overrides(reading, found.platforms)
    return _proven(settings, reading.faults)


def load_state_dir(path: Path, env: Mapping[str, str]) -> Path:
    """Where `path` says that the state is; raises ConfigError.

    Nothing else in it is looked at: what is kept can be read by who has none of the secrets, and beside a faulty edit.
    """
    document = read(path, show(path))
    if isinstance(document.data, dict):
        alone = {key: value for key, value in document.data.items() if key == _STATE}
        document = replace(document, data=alone, flaws=tuple(flaw for flaw in document.flaws if flaw.path == _STATE))
    reading, settings = read_settings(document, path.absolute().parent, env)
    return _proven(settings, reading.faults).state_dir


def load_platforms(directory: Path | None) -> dict[str, Platform]:
    """The platforms that ship with the program and those in `directory`, which win; raises ConfigError."""
    found = _all_platforms(directory)
    return _proven(found.platforms, found.faults)


def load_watchlist(paths: Sequence[Path], platforms: Mapping[str, Platform]) -> Watchlist:
    """The one watchlist that is written in the files of `paths`, which may hold wildcards; raises ConfigError."""
    return _proven(*_watchlist(paths, platforms))


def load_all(path: Path, env: Mapping[str, str]) -> Loaded:
    """Settings, platforms (with the operator's changes) and watchlist; raises ConfigError with all faults of all."""
    with _uncollected():
        return load_with(path, env, _watchlist)


def load_parted(path: Path, env: Mapping[str, str]) -> Loaded:
    """The same with the layouts of the watchlists, by which an edit is found in them."""
    layouts: dict[Path, Layout] = {}
    loaded = load_with(path, env, partial(_watchlist, layouts=layouts))
    return replace(loaded, layouts=layouts)


def load_with(
    path: Path,
    env: Mapping[str, str],
    watchlist_of: Callable[[Sequence[Path], Mapping[str, Platform] | None], tuple[Watchlist | None, list[Fault]]],
) -> Loaded:
    """The same, where the watchlist is read in another way; `watchlist_of(paths, platforms)` gives its faults too."""
    fingerprint = ConfigFiles(path, env).fingerprint()
    reading, settings = _settings(path, env)
    if settings is None:
        raise ConfigError(sorted(reading.faults))
    found = _all_platforms(settings.platform_dir)
    # Without all platforms it cannot be told whose page a URL is: then only the shape of the others is checked.
    platforms = None if found.faults else found.platforms
    if platforms is not None:
        check_overrides(reading, platforms)
    if not any(expand(pattern) for pattern in settings.watchlist):
        reading.refuse(("watchlist",), "matches no file; name one that lists accounts")
    watchlist, faults = watchlist_of(settings.watchlist, platforms)
    faults = [*sorted(reading.faults), *sorted(found.faults), *faults]
    if faults or watchlist is None or platforms is None:
        raise ConfigError(faults)
    return Loaded(
        settings=settings,
        platforms=note_missing(apply_overrides(platforms, settings), settings.probe.browser),
        watchlist=watchlist,
        path=path,
        env=dict(env),
        fingerprint=fingerprint,
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage meanwhile: nothing of what is read is any, and it would take longer than to read."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def load_for_test(path: Path | None, env: Mapping[str, str], directory: Path | None, *, listed: bool) -> Loaded:
    """What platform files are tested by. The watchlist is read only if `listed`, and only where there is one.

    Without `path` the defaults hold. Platforms in `directory` take the place of those that the settings name. Raises
    ConfigError.
    """
    settings = _DEFAULT if path is None else load_settings(path, env)
    if path is not None and listed and any(file.is_file() for each in settings.watchlist for file in expand(each)):
        watchlist = load_all(path, env).watchlist
    else:
        watchlist = Watchlist(accounts={}, owners={})
    platforms = apply_overrides(load_platforms(directory or settings.platform_dir), settings)
    return Loaded(
        settings=settings if directory is None else replace(settings, platform_dir=directory),
        platforms=note_missing(platforms, settings.probe.browser),
        watchlist=watchlist,
        path=path or Path(),
        env=dict(env),
        fingerprint="",
    )


def _proven(value: T | None, faults: Iterable[Fault]) -> T:
    found = sorted(faults)
    if found or value is None:
        raise ConfigError(found)
    return value


def _settings(path: Path, env: Mapping[str, str]) -> tuple[Reading[SettingsFile], Settings | None]:
    return read_settings(read(path, show(path)), path.absolute().parent, env)


def _watchlist(
    paths: Sequence[Path], platforms: Mapping[str, Platform] | None, layouts: dict[Path, Layout] | None = None
) -> tuple[Watchlist | None, list[Fault]]:
    """The watchlist of all files together, as far as they can be read, and the faults of each in their order.

    `layouts`, where they are asked for, are filled in for files without faults.
    """
    read_so_far: list[Reading[WatchlistFile] | ConfigError] = []
    for file in dict.fromkeys(file for path in paths for file in expand(path)):
        try:
            text, _ = text_of(file, show(file))
            reading = read_watchlist(parse(text, show(file)))
            read_so_far.append(reading)
            if layouts is not None and not reading.faults:
                layout = layout_of(text, reading.document.data)
                layouts |= {file: layout} if layout is not None else {}
        except ConfigError as error:
            read_so_far.append(error)
    readings = [each for each in read_so_far if isinstance(each, Reading)]
    watchlist = None if platforms is None else build_watchlist(readings, platforms)
    return watchlist, [fault for each in read_so_far for fault in sorted(each.faults)]


def _all_platforms(directory: Path | None) -> _Platforms:
    """First the shipped files, then those of `directory`; within each, phrases before the platforms that name them."""
    found = _Platforms()
    shipped = files("watcher").joinpath("platforms")
    _add(found, shipped, show(shipped) if isinstance(shipped, Path) else str(shipped))
    if directory is not None:
        _add(found, directory, show(directory))
    return found


def _add(found: _Platforms, directory: Traversable, name: str) -> None:
    for file in _files(directory.joinpath("phrases"), _SUFFIX):
        try:
            document = read(file, f"{name}/phrases/{file.name}")
            found.hashes[file.name.removesuffix(_SUFFIX)] = document.sha256
            reading, phrases = read_phrases(document)
        except ConfigError as error:
            found.faults += error.faults
            phrases = ()
        else:
            found.faults += sorted(reading.faults)
        # A faulty file is known all the same: the platforms that name it are not to blame.
        found.phrases[file.name.removesuffix(_SUFFIX)] = phrases
    _add_platforms(found, directory, name)


def _add_platforms(found: _Platforms, directory: Traversable, name: str) -> None:
    first: dict[str, str] = {}
    for file in _files(directory, ".yml"):
        # Passed over in silence, it would be missed for long.
        message = f"is not read; rename it to {file.name.removesuffix('.yml')}{_SUFFIX}"
        found.faults.append(Fault(file=f"{name}/{file.name}", line=1, column=1, path="", message=message))
    for file in _files(directory, _SUFFIX):
        shown = f"{name}/{file.name}"
        try:
            document = read(file, shown)
            reading, platform = read_platform(document, found.phrases)
        except ConfigError as error:
            found.faults += error.faults
            continue
        if platform is not None:
            other = first.setdefault(platform.id, shown)
            if other != shown:
                reading.refuse(("platform",), f"'{platform.id}' is described already, in {other}; remove one of them")
            named = reading.value.phrases if reading.value is not None else ()
            found.platforms[platform.id] = replace(platform, file_sha256=_hash_of(document, named, found.hashes))
        found.faults += sorted(reading.faults)


def _hash_of(document: Document, phrases: Iterable[str], hashes: Mapping[str, str]) -> str:
    """Over a platform file and the phrases that it names, so that evidence can name what a rule came of."""
    return sha256(" ".join((document.sha256, *(hashes.get(name, "") for name in phrases))).encode()).hexdigest()


def _files(directory: Traversable, suffix: str) -> list[Traversable]:
    if not directory.is_dir():
        return []
    named = [file for file in directory.iterdir() if file.name.endswith(suffix) and not file.name.startswith(".")]
    return sorted(named, key=lambda file: file.name)
