"""Addresses: one spelling for each, whichever it came in."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.events.addresses import canonical, parse_address, parse_network


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1%eth0", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::192.0.2.1", "::c000:201"),
        ("::ffff:0:192.0.2.1", "::ffff:0:c000:201"),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str) -> None:
    assert canonical(text) == str(parse_address(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "Internal", "192.0.2", "192.0.2.01", "999.1.1.1", "192.0.2.1:443", "192.0.2.1%eth0", "::g", "１92.0.2.1", "1"],
)
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    assert parse_address(text) is None
    assert canonical(text) == text


@given(st.ip_addresses())
def test_a_spelling_is_its_own(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    spelled = canonical(address.exploded)

    assert canonical(spelled) == spelled == canonical(str(address).upper())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
        ("::/0", "::/0"),
    ],
)
def test_a_range_of_ipv4_is_one_of_ipv4_however_it_is_written(text: str, expected: str) -> None:
    assert str(parse_network(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.0.0/33", "10.0.0/8", "::/129", "::ffff:1.2.3.4/a", "/8", "10.0.0.0/-1"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_network(text)
