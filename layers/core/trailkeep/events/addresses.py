"""Addresses: one spelling for each. IPv6 has many, and servers of both kinds log IPv4 in IPv6's clothes."""

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED_BITS = 96
"""IPv4 addresses are the last 32 bits of the IPv6 ones that begin with ``::ffff:``."""


@lru_cache(maxsize=65536)
def parse_address(text: str) -> Address | None:
    """The address in a text, ``::ffff:192.0.2.1`` as the IPv4 one that it is; None for anything else.

    A zone (``fe80::1%eth0``) is left out: it means something on one machine only.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return address.ipv4_mapped or ipaddress.IPv6Address(int(address))


def parse_network(text: str) -> Network:
    """The range in CIDR notation, an address as the range of itself alone; ``::ffff:192.0.2.0/120`` is IPv4's.

    Bits behind the prefix do not count. Raises ValueError for anything else.
    """
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv4Network) or network.prefixlen < _MAPPED_BITS:
        return network
    mapped = network.network_address.ipv4_mapped
    return network if mapped is None else ipaddress.IPv4Network((int(mapped), network.prefixlen - _MAPPED_BITS))


def canonical(text: str) -> str:
    """The one spelling of an address; what is none stays as it is."""
    if ":" not in text:
        return text  # IPv4 has no other spelling
    address = parse_address(text)
    return text if address is None else str(address)
