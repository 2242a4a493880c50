"""What people ask in the query of a URL or in a JSON body: values, or ValueError with what to tell them."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from multidict import MultiMapping

from watcher.text import clean

MOST: Final = 1000
DEFAULT: Final = 100
_LONGEST: Final = 4000


def only_known(parameters: MultiMapping[str], known: Collection[str]) -> None:
    """Refuse what is not known, and what is given twice."""
    for name in parameters:
        if name not in known:
            raise ValueError(f"unknown parameter {name[:40]!a}: {_listed(known)} are known")
        if len(parameters.getall(name)) > 1:
            raise ValueError(f"{name}: given more than once")


def flag(parameters: MultiMapping[str], name: str) -> bool | None:
    """`true`, `false`, or None where it is not there."""
    match parameters.get(name):
        case None:
            return None
        case "true":
            return True
        case "false":
            return False
        case other:
            raise ValueError(f"{name}: {other[:40]!a} is neither true nor false")


def limit(parameters: MultiMapping[str]) -> int:
    """How many are wanted at most."""
    text = parameters.get("limit", str(DEFAULT))
    if text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and 1 <= int(text) <= MOST:
        return int(text)
    raise ValueError(f"limit: {text[:40]!a} is not a number from 1 to {MOST}")


def body_of(content: bytes, known: Collection[str]) -> Mapping[str, Any]:
    """The JSON object of a request, with no other keys than these; {} for an empty body."""
    if not content.strip():
        return {}
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("the body is no JSON") from None
    if not isinstance(body, dict):
        raise ValueError(f"the body is no JSON object; {_listed(known)} are its keys")  # noqa: TRY004 - it is for the asker
    for key in body:
        if key not in known:
            raise ValueError(f"unknown key {key[:40]!a}: {_listed(known)} are known")
    return body


def words(body: Mapping[str, Any], key: str) -> str | None:
    """The text under a key, on one line; None where there is none."""
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not (said := clean(value).strip()):
        raise ValueError(f"{key}: is no text that says something")
    if len(said) > _LONGEST:
        raise ValueError(f"{key}: is {len(said)} characters long; {_LONGEST} are the most")
    return said


def _listed(known: Collection[str]) -> str:
    *some, last = known or ("none",)
    return f"{', '.join(some)} and {last}" if some else last
