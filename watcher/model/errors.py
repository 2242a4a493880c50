"""The exceptions: broken configuration, broken delivery, lost store. Everything expected is a value instead."""

from dataclasses import dataclass


class WatcherError(Exception):
    """The root of all errors that this program raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One thing wrong in a configuration file, placed. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {where}{self.message}"


class ConfigError(WatcherError):
    """A configuration was refused; `faults` holds every fault found, in the order of the files."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class StoreError(WatcherError):
    """The store could not be opened, read or written."""


class ContradictionError(StoreError):
    """What was to be stored contradicts what is there, or itself: trying again cannot help. A bug, not a bad day."""
