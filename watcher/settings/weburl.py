"""Profile URLs: take one apart, refuse what is no plain web address, and find whose profile it is.

A platform's `recognise` patterns are URLs in which `{handle}` stands for one path segment (or part of one) and
`{instance}` for the host. Nothing is fetched here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from watcher.model.platform import Platform
from watcher.settings.homoglyphs import named, plain
from watcher.settings.scalars import UnshownError
from watcher.settings.wording import near, quoted

GENERIC: Final = "generic"

_SCHEMES = {"http": 80, "https": 443}
_LOOKS_LIKE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?|\[[0-9a-f:.]+\]")
# What most URLs are: nothing in them to be taken apart.
_PLAIN_URL = re.compile(
    r"(https?)://([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)(/[A-Za-z0-9._~@/-]*)"
)
_PREFIX = re.compile(r"^(?:www|m|mobile)\.(?=[^.]+\.)")
_NEVER: Final = frozenset(' \\{}<>"^`|')
_MARK = "{handle}"
# Stands for a slash that is written %2F; URLs that are not printable are refused, and this is not.
_SLASH: Final = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebUrl:
    """An http(s) URL without user info and fragment. `host` is lower-case, with a port that is not the usual one."""

    scheme: str
    host: str
    path: str
    query: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}" + (f"?{self.query}" if self.query else "")

    @property
    def bare_host(self) -> str:
        """The host without `www.`, `m.` or `mobile.` before it."""
        return _PREFIX.sub("", self.host)

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, still percent-encoded, without a slash at the end."""
        path = self.path.removesuffix("/")
        return tuple(path.split("/")[1:])

    @property
    def last_segment(self) -> str:
        """The end of the path, decoded, without an `@` before it; "" when the path is empty."""
        return unquote(self.segments[-1]).removeprefix("@") if self.segments else ""

    @property
    def name(self) -> str:
        """Host, path and query: what tells this page from others, whatever the scheme."""
        return f"{self.host}{self.path.removesuffix('/')}" + (f"?{self.query}" if self.query else "")


def parse_url(text: str) -> WebUrl:
    """Take a profile URL apart; ValueError says what is wrong with it."""
    if not _LOOKS_LIKE_URL.match(text) or "://" not in text:
        raise ValueError("is not a profile URL; write https://… or {platform: …, handle: …}")
    if (plain_url := _PLAIN_URL.fullmatch(text)) is not None:
        return WebUrl(scheme=plain_url[1], host=plain_url[2], path=plain_url[3], query="")
    odd = next((character for character in text if not character.isprintable() or character in _NEVER), None)
    if odd is not None:
        which = "spaces" if odd == " " else f"a character that no URL has: {named(odd)}"
        raise ValueError(f"contains {which}; copy it from the address bar")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a valid URL; copy it from the address bar") from None
    scheme = parts.scheme.lower()
    if scheme not in _SCHEMES:
        raise ValueError(f"has the scheme {quoted(scheme)}; only http and https pages can be watched")
    if "@" in parts.netloc:
        raise UnshownError("has a user name before the host; remove it (its value is not shown)")
    host = parts.netloc.lower().removesuffix(f":{port}").removesuffix(":")
    if not host.isascii():
        foreign = next(c for c in host if not c.isascii())
        letter = plain(foreign)
        meant = f", write '{letter}'?" if letter is not None else ""
        raise ValueError(f"has a host that is not ASCII: {named(foreign)}{meant} If it is meant, write its xn-- form")
    if not _HOST.fullmatch(host):
        raise ValueError("has no valid host; copy it from the address bar")
    suffix = f":{port}" if port is not None and port != _SCHEMES[scheme] else ""
    return WebUrl(scheme=scheme, host=host.removesuffix(".") + suffix, path=parts.path or "/", query=parts.query)


def is_loopback(host: str) -> bool:
    """True of this machine, to which a secret may go in the clear."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Whose page a URL is: the handle as written in it, and the host where that matters."""

    platform: Platform
    handle: str
    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlPattern:
    """One `recognise` pattern. `host` is None where `{instance}` stands for it; `*.` before it stands for any part.

    `key` names the part of the query whose value is the handle; None where it stands in the path.
    """

    platform: Platform
    host: str | None
    path: re.Pattern[str]
    key: str | None = None

    def match(self, url: WebUrl) -> Profile | None:
        """Whose profile `url` is by this pattern, which must be one for its host."""
        path = url.path.removesuffix("/")
        # Decoded in parts, so that a slash in one stays what it is.
        found = self.path.fullmatch(path if "%" not in path else "/".join(map(_decoded, path.split("/"))))
        if found is None:
            return None
        handle = found.groupdict().get("handle", "").replace(_SLASH, "/")
        if self.key is not None:
            handle = next((value for key, value in parse_qsl(url.query) if key == self.key), "")
            if not handle:
                return None
        if handle.lower() in self.platform.not_handles:
            return None
        return Profile(platform=self.platform, handle=handle, instance=url.host if self.host is None else "")

    def is_for(self, host: str) -> bool:
        """True where it is a pattern for pages of that bare host."""
        if self.host is None:
            return True
        return host.endswith(self.host.removeprefix("*")) if self.host.startswith("*.") else host == self.host


def parse_pattern(platform: Platform, text: str) -> UrlPattern:
    """Read one `recognise` pattern; ValueError says what is wrong with it."""
    if text.count(_MARK) != 1:
        raise ValueError("must contain {handle} once")
    any_host = "://{instance}/" in text
    parts = urlsplit(text.replace("://{instance}/", "://instance/", 1))
    key, _, value = parts.query.partition("=")
    in_query = bool(key) and value == _MARK
    if parts.scheme not in _SCHEMES or not (_MARK in parts.path or in_query) or "{" in parts.netloc:
        raise ValueError("must be a web address with {handle} in its path, like https://x.com/{handle}")
    host = _PREFIX.sub("", parts.netloc.lower())
    path = re.compile("/".join(map(_segment, parts.path.removesuffix("/").split("/"))), re.DOTALL)
    return UrlPattern(platform=platform, host=None if any_host else host, path=path, key=key if in_query else None)


def _segment(text: str) -> str:
    before, mark, after = text.partition(_MARK)
    return re.escape(_decoded(before)) + ("(?P<handle>[^/]+)" if mark else "") + re.escape(_decoded(after))


def _decoded(segment: str) -> str:
    return unquote(segment).replace("/", _SLASH)


def near_platform(word: str, platforms: Mapping[str, Platform]) -> str:
    """What to write instead of `word`: the platform with a host of that name (twitter.com), else as `near`."""
    folded = word.lower()
    bare = _PREFIX.sub("", folded)
    for platform in platforms.values():
        for text in platform.recognise:
            host = urlsplit(text.replace("{instance}", "")).netloc.lower()
            if host and (bare == _PREFIX.sub("", host) or folded in host.split(".")[-2:-1]):
                return f"did you mean '{platform.id}'?"
    return near(word, platforms)


class Recogniser:
    """Knows the profile URLs of all platforms. Patterns with a host of their own go before those with any host."""

    def __init__(self, platforms: Iterable[Platform]) -> None:
        patterns = [parse_pattern(platform, text) for platform in platforms for text in platform.recognise]
        self._patterns = sorted(patterns, key=lambda pattern: pattern.host is None)
        self._owners = {p.host: p.platform for p in reversed(self._patterns) if p.host is not None}
        self._known: dict[str, tuple[UrlPattern, ...]] = {}

    def profile(self, url: WebUrl, platform: str | None = None) -> Profile | None:
        """Whose profile `url` is; `platform` (an id) leaves only that one's patterns."""
        for pattern in self._patterns_for(url):
            if platform in (None, pattern.platform.id) and (found := pattern.match(url)) is not None:
                return found
        return None

    def _patterns_for(self, url: WebUrl) -> tuple[UrlPattern, ...]:
        """Those for the host: of a hundred thousand URLs most share a few."""
        known = self._known.get(url.host)
        if known is not None:
            return known
        found = tuple(
            pattern
            for pattern in self._patterns
            # A site with patterns of its own is nobody's instance.
            if pattern.is_for(url.bare_host) and (pattern.host or self.is_instance(url.host, pattern.platform))
        )
        self._known[url.host] = found
        return found

    def owner_of(self, url: WebUrl) -> Platform | None:
        """The platform whose own host this is, whether or not the page is a profile."""
        return self._owners.get(url.bare_host)

    def is_instance(self, host: str, platform: Platform) -> bool:
        """False for a host that `{instance}` of the platform cannot mean: another's own, or one that it names."""
        names = [host, *(host[at + 1 :] for at, letter in enumerate(host) if letter == ".")]
        return not any(name in self._owners or name in platform.not_instances for name in names)


def template_of(url: WebUrl, handle: str) -> str | None:
    """`url` with `{handle}` where it names the account: a path segment, else a query value, else a part of either."""
    segments = url.path.split("/")
    for place in reversed(range(len(segments))):
        at, bare = ("@", segments[place][1:]) if segments[place].startswith("@") else ("", segments[place])
        if unquote(bare) == handle:
            path = "/".join((*segments[:place], f"{at}{_MARK}", *segments[place + 1 :]))
            return _joined(url, path, url.query)
    pairs = url.query.split("&")
    for place in reversed(range(len(pairs))):
        key, equals, value = pairs[place].partition("=")
        if equals and unquote_plus(value) == handle:
            return _joined(url, url.path, "&".join((*pairs[:place], f"{key}={_MARK}", *pairs[place + 1 :])))
    if handle in url.path:
        before, _, after = url.path.rpartition(handle)
        return _joined(url, f"{before}{_MARK}{after}", url.query)
    if handle in url.query:
        before, _, after = url.query.rpartition(handle)
        return _joined(url, url.path, f"{before}{_MARK}{after}")
    return None


def _joined(url: WebUrl, path: str, query: str) -> str:
    return f"{url.scheme}://{url.host}{path}" + (f"?{query}" if query else "")
