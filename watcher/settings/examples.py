"""Read the examples that stand beside platform files: `examples/PLATFORM.yaml`, shipped ones and the operator's."""

from collections.abc import Collection
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from watcher.model.errors import ConfigError, Fault
from watcher.model.example import Example
from watcher.settings.platformschema import ExampleEntry, ExamplesFile
from watcher.settings.validate import validate
from watcher.settings.wording import near
from watcher.settings.yamlfile import read, show

_SUFFIX: Final = ".yaml"
_OTHER_SUFFIX: Final = ".yml"


def load_examples(directory: Path | None, platforms: Collection[str]) -> tuple[Example, ...]:
    """All examples; those in `directory` take the place of shipped ones of the same platform.

    Raises ConfigError, also for a platform that is none of `platforms`: its examples would prove nothing to anybody.
    """
    shipped = files("watcher").joinpath("platforms")
    found: dict[str, tuple[Example, ...]] = {}
    faults: list[Fault] = []
    for folder in (shipped, *((directory,) if directory is not None else ())):
        examples, wrong = _read_all(folder.joinpath("examples"), platforms)
        found |= examples
        faults += wrong
    if faults:
        raise ConfigError(faults)
    return tuple(example for examples in found.values() for example in examples)


def _read_all(folder: Traversable, platforms: Collection[str]) -> tuple[dict[str, tuple[Example, ...]], list[Fault]]:
    found: dict[str, tuple[Example, ...]] = {}
    faults: list[Fault] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else ():
        shown = show(file) if isinstance(file, Path) else str(file)
        if file.name.startswith("."):
            continue
        if file.name.endswith(_OTHER_SUFFIX):
            # Passed over in silence, it would be missed for long.
            message = f"is not read; rename it to {file.name.removesuffix(_OTHER_SUFFIX)}{_SUFFIX}"
            faults.append(Fault(file=shown, line=1, column=1, path="", message=message))
        if not file.name.endswith(_SUFFIX):
            continue
        try:
            reading = validate(ExamplesFile, read(file, shown))
        except ConfigError as error:
            faults += error.faults
            continue
        if reading.value is not None:
            platform = reading.value.platform
            if platform not in platforms:
                reading.refuse_value(("platform",), ValueError(f"is no platform; {near(platform, platforms)}"))
            found[platform] = found.get(platform, ()) + tuple(
                _example(entry, platform, f"{shown}:{reading.document.line(path)}")
                for path, entry in reading.items(("examples",), reading.value.examples)
            )
        faults += sorted(reading.faults)
    return found, faults


def _example(entry: ExampleEntry, platform: str, at: str) -> Example:
    verdict, reason = entry.expected
    return Example(
        platform=platform,
        source=entry.source,
        at=at,
        handle=entry.handle,
        instance=entry.instance,
        stable_id=entry.stable_id,
        by_id=entry.by_id,
        status=entry.status,
        headers={name.lower(): value for name, value in entry.headers.items()},
        final_url=entry.final_url,
        body=entry.body,
        verdict=verdict,
        reason=reason,
        rule=entry.rule,
    )
