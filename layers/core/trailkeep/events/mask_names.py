"""Whether a name is that of a secret, however it is written."""

import re
import unicodedata
from functools import lru_cache

from trailkeep.events.mask_rules import HARMLESS_SUFFIXES, SECRET_NAMES, SECRET_SUFFIXES

_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
_LONGEST = 128
"""Longer names are not cached, since they could fill the memory; no cloud writes one."""


def is_secret_name(name: str) -> bool:
    """Whether what stands under ``name`` is a secret."""
    return is_secret(normal_form(name))


def is_secret(normal_name: str) -> bool:
    """:func:`is_secret_name` of a name in normal form."""
    return normal_name in SECRET_NAMES or (
        normal_name.endswith(SECRET_SUFFIXES) and not normal_name.endswith(HARMLESS_SUFFIXES)
    )


def normal_form(name: str) -> str:
    """A name without what writers differ in: case, separators, accents, compatibility forms, digits at the end."""
    return _cached_form(name) if len(name) <= _LONGEST else _form(name)


def _form(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).lower()
    return _NOT_ALPHANUMERIC.sub("", plain).rstrip("0123456789")


_cached_form = lru_cache(maxsize=8192)(_form)
