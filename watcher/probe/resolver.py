"""Which addresses may be connected to: public ones, and those that the operator named. No HTTP here.

A watchlist, a redirect or somebody's DNS may name a machine of our own network. So the decision falls on the
resolved address, at every connection; a literal in a URL is judged by the same rule, because aiohttp does not
ask the resolver about it.
"""

import socket
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from watcher.model.errors import WatcherError
from watcher.probe.names import Names

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What is routed at all in IPv6; all else is local, reserved, or a wrapping of something else (RFC 4291).
_UNICAST: Final = IPv6Network("2000::/3")
# Wrappings that ipaddress does not unwrap: NAT64 (RFC 6052) and IPv4-compatible (RFC 4291, 2.5.5.1).
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
# RFC 6890. Python before 3.13 takes most of it for global.
_PROTOCOL_ASSIGNMENTS: Final = IPv4Network("192.0.0.0/24")


class AddressRefusedError(WatcherError):
    """HOST is not a public address; allow it with probe.allow_private."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not a public address; allow it with probe.allow_private")


def is_public(address: Address) -> bool:
    """True for an address that anybody on the Internet may be reached at: global unicast, and wrapping none but such.

    IPv4 inside IPv6 (mapped, compatible, 6to4, NAT64) is as public as the IPv4 address inside; Teredo never is.
    """
    inner = _wrapped(address)
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in _PROTOCOL_ASSIGNMENTS
    if inner is not None:
        return is_public(inner)
    return address in _UNICAST and address.is_global and not address.is_multicast


@lru_cache(maxsize=1024)
def literal(host: str) -> Address | None:
    """The address that `host` spells, if it is no name: also `2130706433`, `0x7f.1` and other forms of old."""
    host = host.rstrip(".")
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


class AddressRules:
    """Public addresses, and those inside `allow_private`."""

    def __init__(self, allow_private: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allow_private)

    def admits(self, address: Address) -> bool:
        """True when a connection to `address` may be made."""
        return is_public(address) or any(
            form in network for form in _forms(address) for network in self._allowed if form.version == network.version
        )

    def check_literal(self, host: str) -> None:
        """Raise AddressRefusedError when `host` is an address, in whatever form, and none that may be connected to."""
        address = literal(host)
        if address is not None and not self.admits(address):
            raise AddressRefusedError(host)


class PublicResolver(AbstractResolver):
    """Looks names up as the machine does, sends `connect_to` hosts elsewhere, and lets admissible addresses through.

    `connect_to` maps a host to the (host, port) to connect to in its stead; the rules hold for that one too.
    """

    def __init__(
        self, rules: AddressRules, connect_to: Mapping[str, tuple[str, int]], names: Names | None = None
    ) -> None:
        self._rules = rules
        self._connect_to = {host.lower(): target for host, target in connect_to.items()}
        self._names = names or Names()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The admissible addresses of `host`. Raises OSError when it has none, AddressRefusedError when none is."""
        target, target_port = self._connect_to.get(host.lower().rstrip("."), (host, port))
        found = await self._names.look_up(target, target_port, family)
        admitted = [result for result in found if self._rules.admits(ip_address(result["host"]))]
        if not admitted:
            addresses = ", ".join(result["host"] for result in found) or "no address"
            raise AddressRefusedError(f"{host} ({addresses})")
        return admitted

    async def close(self) -> None:
        """Start no more look-ups."""
        self._names.close()


def _forms(address: Address) -> Iterator[Address]:
    yield address
    inner = _wrapped(address)
    if inner is not None:
        yield inner


def _wrapped(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
