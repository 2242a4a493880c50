"""The connections: one place that opens them, with our name, our addresses and our certificates. No redirects here."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final

from aiohttp import ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import ResolveResult
from yarl import URL

from watcher.probe.resolver import AddressRefusedError, AddressRules, PublicResolver
from watcher.settings.values import ProbeSettings

# Long Content-Security-Policy headers are common; aiohttp's 8190 bytes would turn them into errors.
_MAX_HEADER: Final = 65_536
_DNS_TTL_SECONDS: Final = 60
# The caller's timeout is the only one.
_NO_TIMEOUT: Final = ClientTimeout(total=None, sock_connect=None)
_NO_CACHE: Final = {"Cache-Control": "no-cache", "Pragma": "no-cache"}


class ProbeSession:
    """Asks for pages over kept connections, or (`fresh`) over a new one each, without any cached copy.

    Keeps no cookie, reads no proxy or netrc from the environment, follows no redirect.
    """

    def __init__(
        self, warm: ClientSession, fresh: ClientSession, rules: AddressRules, resolver: PublicResolver
    ) -> None:
        self._warm = warm
        self._fresh = fresh
        self._rules = rules
        self._resolver = resolver

    def ask(
        self, url: URL, headers: Mapping[str, str], *, fresh: bool = False, data: bytes | None = None
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """Ask for `url`, or post `data` to it; the body is still to be read.

        Raises what aiohttp raises, and AddressRefusedError.
        """
        return self.send("GET" if data is None else "POST", url, headers, data, fresh=fresh)

    def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None = None, *, fresh: bool = False
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """Send any request as it is; `fresh` over a new connection, and not to be answered from a cache."""
        self._rules.check_literal(url.raw_host or "")
        session = self._fresh if fresh else self._warm
        sent = {**headers, **_NO_CACHE} if fresh else headers
        return session.request(method, url, headers=sent, data=body, allow_redirects=False)

    async def reaches(self, url: str, within: timedelta = timedelta(seconds=5)) -> bool:
        """True when the host of `url` resolves and takes a connection at one of its addresses. Nothing is sent."""
        to = URL(url)
        try:
            host, port = to.raw_host or "", to.port or 0
            async with asyncio.timeout(within.total_seconds()):
                self._rules.check_literal(host)
                addresses = await self._resolver.resolve(host, port)
                return await _any_connects(addresses)
        except (OSError, UnicodeError, AddressRefusedError):  # TimeoutError is an OSError
            return False

    async def close(self) -> None:
        """Close every connection."""
        await self._warm.close()
        await self._fresh.close()
        await self._resolver.close()


def open_session(settings: ProbeSettings, version: str) -> ProbeSession:
    """The session of a run; needs a running loop. How many connections there may be at once is the Pacer's to say.

    Raises OSError when `settings.ca_file` cannot be read, ssl.SSLError when it holds no certificate.
    """
    rules = AddressRules(settings.allow_private)
    resolver = PublicResolver(rules, settings.connect_to)
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        context.load_verify_locations(cafile=settings.ca_file)
    context.set_alpn_protocols(["http/1.1"])

    def connector(*, fresh: bool) -> TCPConnector:
        return TCPConnector(
            limit=0,  # who may connect is settled before: a wait for a connection here would count as the host's
            limit_per_host=0,
            ttl_dns_cache=_DNS_TTL_SECONDS,
            resolver=resolver,
            ssl=context,
            force_close=fresh,
        )

    user_agent = user_agent_of(settings, version)
    return ProbeSession(
        _client(connector(fresh=False), user_agent),
        _client(connector(fresh=True), user_agent),
        rules,
        resolver,
    )


def user_agent_of(settings: ProbeSettings, version: str) -> str:
    """What we call ourselves, and where the operator can be reached."""
    return f"watcher/{version} (+{settings.contact})" if settings.contact else f"watcher/{version}"


async def _any_connects(addresses: Sequence[ResolveResult]) -> bool:
    """True as soon as one of them takes a connection: one that swallows it holds up none of the others."""
    tries = [asyncio.create_task(_connects(address)) for address in addresses]
    try:
        for ended in asyncio.as_completed(tries):
            if await ended:
                return True
        return False
    finally:
        for each in tries:
            each.cancel()
        await asyncio.gather(*tries, return_exceptions=True)


async def _connects(address: ResolveResult) -> bool:
    try:
        _, writer = await asyncio.open_connection(address["host"], address["port"])
    except OSError:
        return False
    writer.close()
    return True


def _client(connector: TCPConnector, user_agent: str) -> ClientSession:
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        headers={"User-Agent": user_agent, "Accept-Language": "en"},
        timeout=_NO_TIMEOUT,
        trust_env=False,
        max_line_size=_MAX_HEADER,
        max_field_size=_MAX_HEADER,
    )
