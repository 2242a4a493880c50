"""Who may ask, and what every answer carries. Pure decisions over header values; no handlers, no state.

The list of whom a desk watches is sensitive, and a browser on this machine runs other people's scripts: the Host
allow list keeps out DNS rebinding, the origin rule keeps out forms and scripts of other sites.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from watcher.settings.values import Secret

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\s:/@\\\[\]?#]+)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_ALWAYS = ("localhost", "127.0.0.1", "[::1]")
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OWN_SITE = frozenset({"same-origin", "none"})
_SHOWN = 80
RELOAD_HEADER: Final = "X-Watcher-Reload"
TOKEN_SETTING: Final = "set web.token_file (or web.token) in watcher.yaml and start watcher anew"  # noqa: S105 - the way to one
"""What lets people change what is stored."""
_NO_TOKEN: Final = (
    HTTPStatus.FORBIDDEN,
    f"nothing can be changed here, since no token is configured: {TOKEN_SETTING}",
)


STRICT_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # No other site learns where a reader comes from. With no-referrer, the forms of these pages would come without
    # their origin, and be refused as another site's.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "watcher",
}
"""The headers of every answer. Pages and static files say themselves how long they may be kept."""


class HostAllowList:
    """The names by which the server may be called: this machine's own, the listen address, and those allowed.

    A name without a port holds for any port (a tunnel ends on another one); one with a port for that only.
    """

    def __init__(self, listen_host: str, allow_hosts: Iterable[str]) -> None:
        names = (*_ALWAYS, listen_host, *allow_hosts)
        self._names = frozenset(part for name in names for part in (_normal(_bracketed(name)),) if part)

    def refusal(self, hosts: tuple[str, ...]) -> str | None:
        """Why a request with these Host headers is refused, with what would change it; None when it is let in."""
        if len(hosts) != 1:
            return "a request needs exactly one Host header"
        name = _normal(hosts[0])
        if name is not None and (name in self._names or _without_port(name) in self._names):
            return None
        shown = ascii(hosts[0][:_SHOWN])
        return f"not answering to the host {shown}: to allow it, add its name to web.allow_hosts in watcher.yaml"


def origin_refusal(method: str, headers: Mapping[str, str]) -> str | None:
    """Why a request that could change something is refused as another site's; None when it is let in.

    Every method but GET and HEAD could. Browsers send Origin or Sec-Fetch-Site with those; other clients neither.
    """
    return None if method in _SAFE_METHODS else site_refusal(headers)


def site_refusal(headers: Mapping[str, str]) -> str | None:
    """Why a request, whatever its method, is refused as another site's; None when it is let in."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site.strip().lower() not in _OWN_SITE:
        return "refused: the request comes from another site (Sec-Fetch-Site)"
    origin = headers.get("Origin")
    if origin is not None and not _is_own(origin, headers.get("Host", "")):
        return "refused: the request comes from another site (Origin)"
    return None


def reload_refusal(headers: Mapping[str, str]) -> str | None:
    """Why a request to reload is refused; None when it is let in.

    A header of one's own is something that no form and no foreign script can send unasked.
    """
    if headers.get(RELOAD_HEADER, "").strip():
        return None
    return f"a reload needs the header {RELOAD_HEADER}, with any value: curl -X POST -H '{RELOAD_HEADER}: yes' URL"


def token_refusal(headers: Mapping[str, str], token: Secret | None) -> tuple[HTTPStatus, str] | None:
    """Why a request that changes what is stored is refused; None when it has the bearer token (RFC 6750)."""
    if token is None:
        return _NO_TOKEN
    scheme, _, given = headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        return HTTPStatus.UNAUTHORIZED, "a change needs the header Authorization: Bearer TOKEN, that of web.token"
    return given_refusal(given, token)


def given_refusal(given: str, token: Secret | None) -> tuple[HTTPStatus, str] | None:
    """The same for a token that came another way: in the field of a form."""
    if token is None:
        return _NO_TOKEN
    # Of the hashes, so that the time tells nothing of the length either.
    if not hmac.compare_digest(_digest(given.strip()), _digest(token.reveal())):
        return HTTPStatus.UNAUTHORIZED, "that is not the token of web.token"
    return None


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogatepass")).digest()


def _is_own(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin.strip().lower())
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc != "" and parts.netloc == host.strip().lower()


def _normal(host: str) -> str | None:
    match = _HOST.fullmatch(host.strip().lower())
    if match is None:
        return None
    name = match["name"].removesuffix(".")
    return f"{name}:{match['port']}" if match["port"] else name


def _without_port(name: str) -> str:
    return name if name.endswith("]") else re.sub(r":[0-9]+\Z", "", name)


def _bracketed(name: str) -> str:
    return f"[{name}]" if name.count(":") > 1 and not name.startswith("[") else name
