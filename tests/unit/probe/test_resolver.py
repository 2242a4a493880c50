"""Which addresses may be connected to."""

from ipaddress import ip_address, ip_network

import pytest

from watcher.probe.resolver import AddressRefusedError, AddressRules, PublicResolver, is_public, literal

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:4700::6810:84e5", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"],
)
def test_public_addresses(address: str) -> None:
    """Global unicast is public, and so is public IPv4 inside IPv6."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.10",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    """Local, reserved, documentation and multicast addresses are not, nor what wraps one of them."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1.", "2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_every_spelling_of_an_address_is_seen_through(host: str) -> None:
    """Decimal, hexadecimal, octal and shortened forms are the address that a socket takes them for."""
    assert literal(host) == ip_address("127.0.0.1")
    with pytest.raises(AddressRefusedError, match=r"is not a public address; allow it with probe\.allow_private"):
        AddressRules().check_literal(host)


@pytest.mark.parametrize("host", ["x.com", "", "1.2.3.4.example", "a\0b", "münchen.example"])
def test_names_are_no_literals(host: str) -> None:
    """A name is left to the resolver."""
    assert literal(host) is None
    AddressRules().check_literal(host)


def test_the_operator_may_allow_a_network() -> None:
    """What is inside allow_private may be connected to, also in its IPv6 form; what is outside may not."""
    rules = AddressRules(LOOPBACK)
    assert rules.admits(ip_address("127.0.0.1"))
    assert rules.admits(ip_address("::ffff:127.0.0.1"))
    assert not rules.admits(ip_address("::1"))
    assert not rules.admits(ip_address("10.0.0.1"))
    assert AddressRules((ip_network("::1/128"),)).admits(ip_address("::1"))


async def test_a_host_is_sent_where_connect_to_says() -> None:
    """The name is not looked up; address and port are the given ones."""
    resolver = PublicResolver(AddressRules(LOOPBACK), {"X.com": ("127.0.0.1", 4433)})
    [found] = await resolver.resolve("x.com.", 443)
    assert (found["host"], found["port"]) == ("127.0.0.1", 4433)
    await resolver.close()


async def test_private_addresses_of_a_name_are_refused() -> None:
    """A name that leads to our own machine is refused with the way out."""
    resolver = PublicResolver(AddressRules(), {})
    with pytest.raises(AddressRefusedError, match=r"localhost \(.*(127\.0\.0\.1|::1).*\) is not a public address"):
        await resolver.resolve("localhost", 443)


async def test_connect_to_is_no_way_round_the_rules() -> None:
    """Where connect_to leads must be admissible, too."""
    resolver = PublicResolver(AddressRules(), {"x.com": ("127.0.0.1", 4433)})
    with pytest.raises(AddressRefusedError):
        await resolver.resolve("x.com", 443)
