"""URL templates of platform files against the URLs of cases: what a placeholder stands for, and how close two are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_PLACEHOLDER: Final = re.compile(r"\\\{(handle|instance|stable_id|members)\\\}")
_ASKED: Final = {
    "handle": r"(?P<handle>[^/?#&]+)",
    "instance": r"(?P<instance>[^/?#@]+)",
    "stable_id": r"(?P<stable_id>[^/?#&]+)",
    "members": r"(?P<members>[^/?#]+)",
}
_SCREEN: Final = re.compile(r"^(?:www|m|mobile|old|new)\.(?=[^.]+\.)")
_EVERY: Final = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Fit:
    """A URL that a template can give. `strange`: how many of their query parameters differ."""

    asked: Mapping[str, str]
    strange: int = 0


def exactly(template: str, url: str) -> Fit | None:
    """What the placeholders of a template stand for in `url`; None where it is not one that the template gives."""
    pattern = _PLACEHOLDER.sub(lambda mark: _ASKED[mark[1]], re.escape(template))
    try:
        found = re.fullmatch(pattern, url)
    except re.error:  # a placeholder twice
        return None
    return None if found is None else Fit({name: unquote(value) for name, value in found.groupdict().items()})


def loosely(template: str, url: str) -> Fit | None:
    """As `exactly`, but for the scheme, www. or m., case, a slash at the end, and parameters that name nobody."""
    wanted, given = _split(template), _split(url)
    asked: dict[str, str] = {}
    pieces = [(bare_host(wanted), bare_host(given))]
    ours, theirs = _segments(wanted), _segments(given)
    if len(ours) != len(theirs):
        return None
    pieces += zip(ours, theirs, strict=True)
    parameters, present = dict(_pairs(wanted)), dict(_pairs(given))
    for key, value in parameters.items():
        if "{" in value:
            if key not in present:
                return None
            pieces.append((value, present[key]))
    for mine, other in pieces:
        found = _piece(mine, other)
        if found is None:
            return None
        asked |= found
    plain = {(key, value.lower()) for key, value in parameters.items() if "{" not in value}
    others = {(key, value.lower()) for key, value in present.items() if "{" not in parameters.get(key, "")}
    return Fit(asked, len(plain ^ others))


def _piece(template: str, text: str) -> dict[str, str] | None:
    pattern = _PLACEHOLDER.sub(lambda mark: rf"(?P<{mark[1]}>.+)", re.escape(template))
    found = re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL)
    return None if found is None else found.groupdict()


def likeness(template: str, url: str) -> tuple[int, float]:
    """How close they are where neither fits: 2 for the same host and 1 for a relative of it, then that of the paths."""
    wanted, given = _split(template), _split(url)
    mine, other = bare_host(wanted), bare_host(given)
    is_relative = _domain(mine) == _domain(other) and mine != ""
    host = 2 if mine == other or "{instance}" in mine else int(is_relative)
    return host, SequenceMatcher(None, _EVERY.sub("", wanted.path).lower(), given.path.lower()).ratio()


def bare_host(url: SplitResult) -> str:
    """The host without what names the screen, in lower case; placeholders stay."""
    return _SCREEN.sub("", url.netloc.lower().rpartition("@")[2])


def host_of(url: str) -> str:
    """The host and port of a URL as written, in lower case."""
    return _split(url).netloc.lower()


def _domain(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _segments(url: SplitResult) -> list[str]:
    return [unquote(part) for part in url.path.strip("/").split("/")]


def _pairs(url: SplitResult) -> list[tuple[str, str]]:
    return parse_qsl(url.query, keep_blank_values=True)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
