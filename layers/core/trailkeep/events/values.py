"""Single values of a record: what counts as present, and what services and addresses are called."""

import ipaddress
import re
from functools import lru_cache
from typing import Any

_NOTHING = frozenset({"", "null", "none", "nil", "-"})
_SUCCESS = frozenset({"success", "ok"})

READ_VERBS = (
    "Describe", "Get", "List", "Lookup", "Query", "Search", "Head", "Check", "Count", "Show", "View", "Read", "Download",
    "BatchGet", "Scan", "Select", "Preview", "Estimate", "Validate", "Verify", "Simulate", "Test", "Poll", "Receive",
)  # fmt: skip
"""Operations whose record does not say whether it read or wrote: these verbs read, every other is taken to write."""


def text(value: Any) -> str | None:
    """A scalar as text; None for null, blank text, lists and objects."""
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
    return "Read" if event_name.startswith(READ_VERBS) else "Write"


def service_of(fields: dict[str, Any]) -> str | None:
    """ActionTrail's ``serviceName``; for CloudTrail the first label of ``eventSource`` (``ec2.amazonaws.com`` → ``ec2``)."""
    named = first_text(fields, "serviceName")
    if named:
        return named
    source = first_text(fields, "eventSource")
    return source.partition(".")[0] if source and ".amazonaws.com" in source else source


@lru_cache(maxsize=65536)
def caller_class(address: str) -> str:
    """What a source address is: ``address`` (an IP, or what was meant as one), ``internal``, ``masked`` (``140.**.**.19``) or ``service``."""
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


_HALF_HIDDEN = re.compile(r"(?:[0-9]+|x+)(?:\.(?:[0-9]+|x+)){3}")
_LIKE_AN_ADDRESS = re.compile(r"[0-9.]+(?::\d+)?|[0-9a-f:.%]*:[0-9a-f:.%]*(?:/\d+)?")
"""Numbers that make no valid address, ports and zones behind one: written by a client, certainly no service's name."""
