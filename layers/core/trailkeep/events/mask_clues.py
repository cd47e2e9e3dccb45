"""The fast way past masking: most events hold nothing that looks like a secret, which is told without a full search."""

import re

from trailkeep.events.mask_keys import KeyKind, kind_of
from trailkeep.events.mask_names import is_secret_name
from trailkeep.events.mask_rules import NAME_CLUES, SHAPE_CLUES

_LETTER_ESCAPE = re.compile(rb"\\[bfnrtu]")
_URL = re.compile(rb":\\*+/\\*+/")
_LOWER = bytes(range(256)).lower()
_SEPARATORS = bytes(byte for byte in range(128) if not chr(byte).isalpha())
_KEY = re.compile(rb'("[^"\\]*+")\s*+:')
_NAME_BEFORE_EQUALS = re.compile(rb"(?<![A-Za-z0-9_.\[\]-])([A-Za-z0-9_.\[\]-]++) {0,4}=")
_OTHER_MARKS = (b"\\", b"%", b"'", b": ", b"--")
"""What else may stand between a name and its value inside a string, or hide what does."""


def clues_in(text: bytes) -> frozenset[str] | None:
    """The clues that a JSON text holds; None where it is written so that only a full search can tell.

    That is where letters may stand for something else (escapes, accents), and where a URL may hold credentials.
    """
    if not text.isascii() or (b"\\" in text and _LETTER_ESCAPE.search(text)) or (b"@" in text and _URL.search(text)):
        return None
    squeezed = text.translate(_LOWER, _SEPARATORS).decode("ascii")
    return frozenset([clue for clue in (*NAME_CLUES, *SHAPE_CLUES) if clue in squeezed])


def is_innocent(text: bytes) -> bool:
    """Whether a JSON text holds no secret for certain."""
    clues = clues_in(text)
    if not clues:
        return clues is not None
    return clues.isdisjoint(SHAPE_CLUES) and _names_no_secret(text)


def _names_no_secret(text: bytes) -> bool:
    """Whether no key names a secret, and no string can: the clues are of other words, as in ``secretsmanager``."""
    if any(mark in text for mark in _OTHER_MARKS):
        return False
    if b"=" in text and any(is_secret_name(name.decode()) for name in _NAME_BEFORE_EQUALS.findall(text)):
        return False
    kinds = set(map(kind_of, _KEY.findall(text)))
    return kinds <= {KeyKind.PLAIN, KeyKind.BEFORE_NAME} or kinds <= {KeyKind.PLAIN, KeyKind.BEFORE_VALUE}


def may_hold_a_secret(string: bytes, clues: frozenset[str] | None) -> bool:
    """Whether one string of a text is worth a search; ``clues`` are those that the text holds."""
    if clues is None:
        return clues_in(string) != frozenset()
    squeezed = string.translate(_LOWER, _SEPARATORS).decode("ascii")
    return any(clue in squeezed for clue in clues)
