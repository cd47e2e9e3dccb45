"""Addresses belong to networks; what is none stands for itself."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.insights.networks import canonical, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("10.1.2.3", "10.1.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("2001:0DB8:0001:ffff::", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("::FFFF:cb00:7109", "203.0.113.0/24"),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:0DB8:0:0::1", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::ffff:cb00:7109", "203.0.113.9"),
    ],
)
def test_an_address_has_one_spelling(spelling: str, expected: str) -> None:
    assert canonical(spelling) == expected


@pytest.mark.parametrize(
    "text", ["999.1.1.1", "203.0.113", "203.0.113.09", "", "203.0.113.0/24", "ecs.aliyuncs.com", "1::2::3"]
)
def test_what_is_no_address_stands_for_itself(text: str) -> None:
    assert network_of(text) == canonical(text) == text


@given(st.text(max_size=40))
def test_any_text_has_a_network_and_a_spelling(text: str) -> None:
    assert network_of(canonical(text)) == network_of(text)
    assert canonical(canonical(text)) == canonical(text)


@given(st.ip_addresses(v=4))
def test_a_network_holds_its_address(address: ipaddress.IPv4Address) -> None:
    network = ipaddress.ip_network(network_of(str(address)))

    assert address in network
    assert network.prefixlen == 24


@given(st.ip_addresses(v=6))
def test_all_spellings_of_an_address_are_one(address: ipaddress.IPv6Address) -> None:
    spellings = {str(address), address.exploded, address.exploded.upper()}

    assert len({canonical(spelling) for spelling in spellings}) == 1
    assert len({network_of(spelling) for spelling in spellings}) == 1
