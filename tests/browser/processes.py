"""Which processes run: by their group, and below another one."""

import os
from pathlib import Path


def group_of(group: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for pid in _all():
        try:
            if os.getpgid(pid) == group and _stat(pid)[0] != "Z":
                found.append(pid)
        except (ProcessLookupError, OSError):
            continue
    return found


def below(pid: int) -> list[int]:
    """All processes that `pid` started, with those that they started."""
    children: dict[int, list[int]] = {}
    for each in _all():
        try:
            children.setdefault(int(_stat(each)[1]), []).append(each)
        except OSError:
            continue
    found, left = [], [pid]
    while left:
        left += (started := children.get(left.pop(), []))
        found += started
    return found


def running(pids: list[int]) -> list[int]:
    """Those of them that still run."""
    found = []
    for pid in pids:
        try:
            if _stat(pid)[0] != "Z":
                found.append(pid)
        except OSError:
            continue
    return found


def _all() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _stat(pid: int) -> list[str]:
    """The state and the parent of a process come first."""
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
