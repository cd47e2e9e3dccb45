"""Networks: addresses that belong together, since a home, an office or a provider hands them out in turn."""

import ipaddress
from functools import lru_cache

_PREFIX_LENGTHS = {4: 24, 6: 48}
"""The smallest blocks that are routed on the internet: one of them is one site or one provider's pool."""


@lru_cache(maxsize=65536)
def network_of(address: str) -> str:
    """The network of an address, ``203.0.113.0/24``; an address that is none is a network of its own."""
    try:
        parsed = _parse(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, _PREFIX_LENGTHS[parsed.version]), strict=False))


@lru_cache(maxsize=65536)
def canonical(address: str) -> str:
    """The one spelling of an address: IPv6 has many. What is no address stays as it is."""
    try:
        return str(_parse(address))
    except ValueError:
        return address


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; IPv4 in IPv6's clothes (``::ffff:192.0.2.1``), as servers of both log it, is IPv4."""
    parsed = ipaddress.ip_address(address)
    return (parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None) or parsed
