"""What a text means beside being a text: a number, a moment, an address, a network."""

import re
from decimal import Decimal, InvalidOperation

from trailkeep.events.addresses import Address, Network, parse_address, parse_network
from trailkeep.events.timestamps import parse_micros

_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+/[0-9]{1,3}")
_LONGEST = 64
"""Characters of the longest address or time worth looking at: the readers of both remember what they have read."""


def plain_number(text: str) -> Decimal | None:
    """The value of a plain decimal number such as ``-12.50``; None for any other text, ``1e3`` and ``.5`` included."""
    return Decimal(text) if _PLAIN_NUMBER.fullmatch(text) else None


def json_number(text: str) -> Decimal | None:
    """The value of a number of JSON; None for one beyond all sense, such as ``1e-99999999999999999999``."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def moment(text: str) -> int | None:
    """Microseconds since 1970 of an RFC 3339 time; None for any other text, and for times without an offset."""
    if len(text) > _LONGEST:
        return None
    try:
        return parse_micros(text)
    except ValueError:
        return None


def midnight(text: str) -> int | None:
    """Microseconds since 1970 of the start of a date, ``YYYY-MM-DD``, in UTC; None for any other text."""
    return moment(f"{text}T00:00:00Z") if _DATE.fullmatch(text) else None


def address(text: str) -> Address | None:
    """An IP address in whichever of its spellings; None for any other text."""
    return parse_address(text) if len(text) <= _LONGEST else None


def network(text: str) -> Network | None:
    """A CIDR range such as ``10.0.0.0/8``; None for any other text, an address without a prefix included."""
    if not _NETWORK.fullmatch(text):
        return None
    try:
        return parse_network(text)
    except ValueError:
        return None
