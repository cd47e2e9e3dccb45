"""Networks: addresses that belong together, since a home, an office or a provider hands them out in turn."""

import ipaddress
from functools import lru_cache

_PREFIX_LENGTHS = {4: 24, 6: 48}
"""The smallest blocks that are routed on the internet: one of them is one site or one provider's pool."""


@lru_cache(maxsize=65536)
def network_of(address: str) -> str:
    """The network of an address, ``203.0.113.0/24``; an address that is none is a network of its own."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, _PREFIX_LENGTHS[parsed.version]), strict=False))
