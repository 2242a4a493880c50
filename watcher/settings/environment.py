"""What watcher.yaml takes from outside: `${NAME}` from the environment, and secrets from files of their own.

`$$` is a dollar sign; keys are left alone. No value from outside goes into a message.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from watcher.settings.nesting import Steps
from watcher.settings.scalars import UnshownError

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>[^{}$]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST_SECRET: Final = 64_000


def fill_in(data: object, env: Mapping[str, str]) -> tuple[object, dict[Steps, str]]:
    """`data` with variables filled in, and for each value in which that failed, why."""
    problems: dict[Steps, str] = {}
    return _filled((), data, env, problems), problems


def _filled(path: Steps, node: object, env: Mapping[str, str], problems: dict[Steps, str]) -> object:
    match node:
        case dict():
            return {key: _filled((*path, key), value, env, problems) for key, value in node.items()}
        case list():
            return [_filled((*path, place), value, env, problems) for place, value in enumerate(node)]
        case str() if "$" in node:
            try:
                return _VARIABLE.sub(lambda found: _value(found, env), node)
            except ValueError as error:
                problems[path] = str(error)
        case _:
            pass
    return node


def _value(found: re.Match[str], env: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    name = found["name"]
    if not found[0].endswith("}") or not _NAME.fullmatch(name):
        raise ValueError("holds a malformed variable; write it as ${NAME}, and a plain dollar sign as $$")
    if name not in env:
        raise ValueError(f"needs the environment variable {name}, which is not set; set it or remove the key")
    value = env[name].strip()
    if not value:
        raise ValueError(f"needs the environment variable {name}, which is empty; set it or remove the key")
    if not value.isprintable():
        raise ValueError(f"needs the environment variable {name}, whose value holds control characters")
    return value


def read_secret_file(path: Path) -> str:
    """The text of a secret file without the space around it; ValueError says why there is none.

    The name of the file is not shown either: people do write the secret itself there.
    """
    text, fits = _read(path)
    if not text or not fits or not text.isprintable():
        raise UnshownError("names a file that does not hold one line of text; put the secret alone into it")
    return text


def read_secret_lines(path: Path) -> tuple[str, ...]:
    """The lines of a file of secrets, without empty ones and those that begin with #; ValueError as above."""
    text, fits = _read(path)
    lines = tuple(line.strip() for line in text.splitlines())
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found or not fits or not all(line.isprintable() for line in found):
        raise UnshownError("names a file that does not hold lines of text; put one secret on each line")
    return found


def _read(path: Path) -> tuple[str, bool]:
    """What the file holds, without the space around it, and whether that is all of it."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST_SECRET + 1)
    except FileNotFoundError:
        raise UnshownError(
            "names a file that does not exist; create it (paths begin beside watcher.yaml) or remove the key"
        ) from None
    except OSError as error:
        raise UnshownError(f"names a file that cannot be read: {(error.strerror or 'unreadable').lower()}") from None
    try:
        return raw.decode("utf-8").strip(), len(raw) <= _LARGEST_SECRET
    except UnicodeDecodeError:
        raise UnshownError("names a file that is not text") from None
