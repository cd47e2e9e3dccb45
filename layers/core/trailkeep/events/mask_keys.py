"""What a key of a JSON object says of the value behind it. Keys repeat, so each is looked at once."""

from enum import Enum, auto
from functools import lru_cache

import msgspec

from trailkeep.events.mask_names import is_secret, normal_form
from trailkeep.events.mask_rules import NAME_KEYS, VALUE_KEYS
from trailkeep.events.mask_text import hide_in_text

_LONGEST = 128
"""Longer keys are not cached, since they could fill the memory; no cloud writes one."""

string_of = msgspec.json.Decoder(str).decode
"""The text behind a JSON string; ValueError where it is none."""


class KeyKind(Enum):
    """What a key says. One that holds a secret itself, as a token or a form, says something only without it."""

    PLAIN = auto()
    NAMES_A_SECRET = auto()
    BEFORE_NAME = auto()
    BEFORE_VALUE = auto()
    HOLDS_A_SECRET = auto()


def kind_of(key: bytes) -> KeyKind:
    """The kind of a key, given as JSON string."""
    return _cached_kind(key) if len(key) <= _LONGEST else _find_kind(key)


def _find_kind(key: bytes) -> KeyKind:
    name = string_of(key)
    if hide_in_text(name) != name:
        return KeyKind.HOLDS_A_SECRET
    normal = normal_form(name)
    if is_secret(normal):
        return KeyKind.NAMES_A_SECRET
    if normal in NAME_KEYS:
        return KeyKind.BEFORE_NAME
    return KeyKind.BEFORE_VALUE if normal in VALUE_KEYS else KeyKind.PLAIN


_cached_kind = lru_cache(maxsize=8192)(_find_kind)
