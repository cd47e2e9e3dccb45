"""Single values of a record: what counts as present, and what services and addresses are called."""

import ipaddress
import re
from functools import lru_cache
from typing import Any

_NOTHING = frozenset({"", "null", "none", "nil", "-"})
_SUCCESS = frozenset({"success", "ok"})

READ_VERBS = (
    "Describe", "Get", "List", "Lookup", "Query", "Search", "Head", "Check", "Count", "Show", "View", "Read",
    "Download", "BatchGet", "Scan", "Select", "Preview", "Estimate", "Validate", "Verify", "Simulate", "Test", "Poll",
    "Receive",
)  # fmt: skip
"""Operations whose record does not say whether it read or wrote: these verbs read, every other is taken to write."""

_READS = re.compile(f"(?:{'|'.join(READ_VERBS)})(?![a-z])")
"""``ListUsers``, but not ``ListenerCreate``."""

_LONGEST_ADDRESS = 64
_HALF_HIDDEN = re.compile(r"(?=[^x]*x)(?:[0-9]+|x+)(?:\.(?:[0-9]+|x+)){3}")
_LIKE_AN_ADDRESS = re.compile(r"[0-9.]+(?::\d+)?|[0-9a-f.%]*:[0-9a-f:.%]*(?:/\d+)?")
"""Numbers that make no valid address, ports and zones behind one: written by a client, certainly no service's name."""


def says_something(value: Any) -> bool:
    """Whether a field says anything: not so null, and the texts that producers write for it."""
    return value is not None and not (type(value) is str and value.lower() in _NOTHING)


def text(value: Any) -> str | None:
    """A scalar as text; None for null, the empty text, lists and objects."""
    if type(value) is str:
        return value or None
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return None


def first_text(fields: dict[str, Any], *names: str) -> str | None:
    """The first of the named fields that holds a text."""
    for name in names:
        value = fields.get(name)
        if value is not None and (found := text(value)) is not None:
            return found
    return None


def present_text(value: Any) -> str | None:
    """A text that says something: None for what producers write for nothing (``"null"``, ``""``, ``"success"``)."""
    found = text(value)
    if found is None or found.lower() in _NOTHING or found.lower() in _SUCCESS:
        return None
    return found


def identifier(value: Any) -> str | None:
    """An identifier; None for what producers write where there is none (``"null"``, ``"NULL"``)."""
    found = text(value)
    return None if found is None or found.lower() in _NOTHING else found


def read_or_write(fields: dict[str, Any], event_name: str) -> str:
    """``Read`` or ``Write``: as ActionTrail (``eventRW``) or CloudTrail (``readOnly``) says, else by the verb."""
    said = text(fields.get("eventRW"))
    if said and said.lower() in ("read", "write"):
        return said.capitalize()
    read_only = text(fields.get("readOnly"))
    if read_only and read_only.lower() in ("true", "false"):
        return "Read" if read_only.lower() == "true" else "Write"
    return "Read" if _READS.match(event_name) else "Write"


def service_of(fields: dict[str, Any]) -> str | None:
    """ActionTrail's ``serviceName``; for CloudTrail the ``ec2`` of an ``eventSource`` such as ``ec2.amazonaws.com``."""
    named = first_text(fields, "serviceName")
    if named:
        return named
    source = first_text(fields, "eventSource")
    return source.partition(".")[0] if source and ".amazonaws.com" in source else source


def caller_class(address: str) -> str:
    """What a source address is.

    ``address`` is an IP address or was meant as one, ``internal`` and ``service`` are callers inside the cloud, and
    ``masked`` is an address that somebody hid in part: ``140.**.**.19``.
    """
    return _cached_class(address) if len(address) <= _LONGEST_ADDRESS else "service"


@lru_cache(maxsize=65536)
def _cached_class(address: str) -> str:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        lower = address.lower()
        if "internal" in lower and "." not in lower:
            return "internal"
        if "*" in lower or _HALF_HIDDEN.fullmatch(lower):
            return "masked"
        return "address" if _LIKE_AN_ADDRESS.fullmatch(lower) else "service"
    return "address"
