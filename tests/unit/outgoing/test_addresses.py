"""No address is asked that is not everybody's, however it is wrapped or written."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcforecast.outgoing import addresses_of, is_public, system_resolver

PRIVATE_V4 = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24"),
    *("192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
]
PRIVATE_V6 = [
    *("::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:2::/48", "2001:db8::/32", "2002::/16"),
    *("3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
]


def inside(network: str) -> st.SearchStrategy[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    return st.ip_addresses(network=network)


@given(st.sampled_from(PRIVATE_V4 + PRIVATE_V6).flatmap(inside))
def test_no_address_of_a_special_network_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address):
    assert not is_public(address)


@given(st.sampled_from(PRIVATE_V4).flatmap(inside))
def test_a_private_address_stays_private_in_every_wrapping(address: ipaddress.IPv4Address):
    bits = int(address)
    for wrapped in (
        bits,
        0xFFFF << 32 | bits,
        0x64_FF9B << 96 | bits,
        0x2002 << 112 | bits << 80,
        0x2001 << 112 | (bits ^ 0xFFFF_FFFF),
    ):
        assert not is_public(ipaddress.IPv6Address(wrapped))


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1",
        "8.8.8.8",
        "172.15.255.255",
        "172.32.0.0",
        "100.128.0.0",
        "2606:4700::1",
        "2a00:1450:4001::5e",
        "64:ff9b::808:808",
    ],
)
def test_what_everybody_reaches_is_public(text: str):
    assert is_public(ipaddress.ip_address(text))


def test_an_address_of_one_link_is_not_public():
    assert not is_public(ipaddress.ip_address("2606:4700::1%eth0"))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "0",
        "169.254.169.254",
    ],
)
async def test_every_way_to_write_our_own_address_leads_nowhere(host: str):
    assert await addresses_of(host, 80, resolve=system_resolver) == []


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "nowhere.invalid", "a..b", ""])
async def test_a_name_that_cannot_be_is_at_no_address(host: str):
    assert not [address for address in await system_resolver(host, 80) if is_public(address)]
    assert await addresses_of(host, 80, resolve=system_resolver) == []


async def test_one_private_address_among_public_ones_spoils_the_name():
    async def resolve(_host: str, _port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        return [ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address("10.0.0.1")]

    assert await addresses_of("two.example", 443, resolve=resolve) == []
    allowed = [ipaddress.ip_network("10.0.0.0/24")]
    assert [str(found) for found in await addresses_of("two.example", 443, resolve=resolve, allowed=allowed)] == [
        "1.1.1.1",
        "10.0.0.1",
    ]
