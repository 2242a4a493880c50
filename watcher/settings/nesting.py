"""Values inside values, as a YAML file has them: the way to one, and where among them something is."""

from collections.abc import Callable, Iterator
from typing import Final

Steps = tuple[str | int, ...]
DEEPEST: Final = 20


def paths(node: object, wanted: Callable[[object], bool]) -> Iterator[Steps]:
    """The paths of all texts and nothings in `node` of which `wanted` is true, in their order."""
    # Nearly always there is none, and a path for each of a million values takes its time.
    return _paths((), node, wanted) if _holds(node, wanted) else iter(())


def _holds(node: object, wanted: Callable[[object], bool]) -> bool:
    waiting = [node]
    while waiting:
        match waiting.pop():
            case dict() as mapping:
                waiting.extend(mapping.values())
            case list() as items:
                waiting.extend(items)
            case value if wanted(value):
                return True
    return False


def _paths(path: Steps, node: object, wanted: Callable[[object], bool]) -> Iterator[Steps]:
    match node:
        case dict():
            for key, value in node.items():
                yield from _paths((*path, key), value, wanted)
        case list():
            for place, value in enumerate(node):
                yield from _paths((*path, place), value, wanted)
        case value if wanted(value):
            yield path
        case _:
            pass
