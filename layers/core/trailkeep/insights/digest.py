"""Digests: the facts of a day, as baselines keep them. For who called, and what they did it with, calls by the hour."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from trailkeep.events.addresses import parse_address, parse_network
from trailkeep.insights.facts import Fact

Dimension = Literal["network", "agent", "event", "failure", "key"]
"""What a value of a digest is: the network of an address; the family of a user agent; ``service:event``, all calls or,
as ``service:event:code``, the failed ones; a long-term AccessKey."""

Hours = Mapping[int, int]
"""Calls by hour of the day, 0 to 23, those without calls left out."""

Digest = Mapping[tuple[str, str], Mapping[str, Hours]]
"""Of one account and one UTC date: by dimension and caller the values, and when they were met."""

_PREFIX_LENGTHS = {4: 24, 6: 48}
"""The smallest blocks that are routed on the internet: one of them is one site or one provider's pool."""

_BLOCK_LENGTHS = {4: 16, 6: 32}

_LONGEST_NAME = 64
_MADE_UP = re.compile(r"[0-9]{4}|(?i:(?=[a-f]*[0-9])[0-9a-f]{6})|^i-|^$")
"""What names of sessions hold that programs make up: times, numbers of machines, random letters."""


_PRODUCT = re.compile(r"[\[(\s]*([A-Za-z][A-Za-z0-9.-]{0,39})")
_SYSTEMS = [
    (name, re.compile(pattern))
    for name, pattern in (
        ("windows", "windows"),
        ("mac", r"macos|mac os|macintosh|darwin"),
        ("android", "android"),
        ("ios", r"iphone|ipad|\bios\b"),
        ("linux", "linux"),
    )
]
_LANGUAGES = [
    (name, re.compile(pattern))
    for name, pattern in (
        ("terraform", "terraform"),
        ("python", r"python|boto"),
        ("java", r"\bjava\b|openjdk"),
        ("go", r"golang|\bgo\b|go[0-9]"),
        ("js", r"node|\bjs\b"),
        ("dotnet", r"\.net|dotnet"),
        ("php", r"\bphp\b"),
        ("ruby", r"\bruby\b"),
        ("rust", r"\brust\b"),
    )
]


@lru_cache(maxsize=65536)
def network_of(address: str) -> str:
    """The network of an address, ``203.0.113.0/24``; an address that is none is a network of its own."""
    parsed = parse_address(address)
    return address if parsed is None else str(parse_network(f"{parsed}/{_PREFIX_LENGTHS[parsed.version]}"))


@lru_cache(maxsize=65536)
def block_of(network: str) -> str:
    """The block that a network is part of: /16 or /32, about what one provider has in one country."""
    try:
        parsed = parse_network(network)
        return str(parsed.supernet(new_prefix=_BLOCK_LENGTHS[parsed.version]))
    except ValueError:
        return network  # no network, or one that is larger than a block


@lru_cache(maxsize=65536)
def agent_family(agent: str) -> str:
    """What kind of client a user agent tells of, without what changes from version to version and call to call.

    Its first product, its system and its language, as far as they are said: ``aws-cli mac``, ``Mozilla windows``.
    """
    product = _PRODUCT.match(agent)
    lowered = agent.lower()
    named = [name for kind in (_SYSTEMS, _LANGUAGES) for name, pattern in kind if pattern.search(lowered)]
    return " ".join([product[1] if product else "", *named])


@lru_cache(maxsize=65536)
def _named_session(principal: str) -> str:
    """The session of an assumed role where its name tells who is behind it, and not when or where it was made."""
    session = principal.partition(":")[2]
    return "" if len(session) > _LONGEST_NAME or _MADE_UP.search(session) else session


def caller_of(fact: Fact) -> str:
    """Who called, as habits know them: the identity, and of a role that many share, the one who took it on."""
    if not fact.identity.startswith("role/") or not fact.principal:
        return fact.identity
    session = _named_session(fact.principal)
    return f"{fact.identity}/{session}" if session else fact.identity


def event_of(fact: Fact) -> str:
    """Service and event of a fact, as digests name them."""
    return f"{fact.service or ''}:{fact.event or ''}"


def digest_of(facts: Iterable[Fact]) -> Digest:
    """The digest of the facts of one day, of all regions."""
    found: dict[tuple[str, str], dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for fact in facts:
        hour, calls, caller = fact.minute // 60 % 24, fact.calls, caller_of(fact)
        name = event_of(fact)
        found["event", caller][name][hour] += calls
        if fact.address is not None:
            found["network", caller][network_of(fact.address)][hour] += calls
        if fact.agent is not None:
            found["agent", caller][agent_family(fact.agent)][hour] += calls
        if fact.error is not None:
            found["failure", caller][f"{name}:{fact.error}"][hour] += calls
        if fact.key is not None:
            found["key", caller][fact.key][hour] += calls
    return {place: {value: dict(hours) for value, hours in values.items()} for place, values in found.items()}
