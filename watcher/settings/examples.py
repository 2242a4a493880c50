"""Read the examples that stand beside platform files: `examples/PLATFORM.yaml`, shipped ones and the operator's."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from watcher.model.errors import ConfigError, Fault
from watcher.model.example import Example
from watcher.settings.platformschema import ExampleEntry, ExamplesFile
from watcher.settings.validate import validate
from watcher.settings.yamlfile import read, show

_SUFFIX: Final = ".yaml"


def load_examples(directory: Path | None) -> tuple[Example, ...]:
    """All examples; those in `directory` take the place of shipped ones of the same platform. Raises ConfigError."""
    shipped = files("watcher").joinpath("platforms")
    found: dict[str, tuple[Example, ...]] = {}
    faults: list[Fault] = []
    for folder in (shipped, *((directory,) if directory is not None else ())):
        examples, wrong = _read_all(folder.joinpath("examples"))
        found |= examples
        faults += wrong
    if faults:
        raise ConfigError(faults)
    return tuple(example for examples in found.values() for example in examples)


def _read_all(folder: Traversable) -> tuple[dict[str, tuple[Example, ...]], list[Fault]]:
    if not folder.is_dir():
        return {}, []
    named = [file for file in folder.iterdir() if file.name.endswith(_SUFFIX) and not file.name.startswith(".")]
    found: dict[str, tuple[Example, ...]] = {}
    faults: list[Fault] = []
    for file in sorted(named, key=lambda file: file.name):
        shown = show(file) if isinstance(file, Path) else str(file)
        try:
            reading = validate(ExamplesFile, read(file, shown))
        except ConfigError as error:
            faults += error.faults
            continue
        faults += sorted(reading.faults)
        if reading.value is not None:
            platform = reading.value.platform
            found[platform] = found.get(platform, ()) + tuple(
                _example(entry, platform, f"{shown}:{reading.document.line(path)}")
                for path, entry in reading.items(("examples",), reading.value.examples)
            )
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
