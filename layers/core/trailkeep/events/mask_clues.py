r"""The fast way past masking: most events hold nothing that looks like a secret, which an automaton tells at once.

It reads the bytes of any number of JSON texts in one pass. Patterns are written for such bytes, in which a text may
stand inside a text: a quote is then ``\"``, a new line ``\n`` or ``\\n``, a slash maybe ``\/``. What they find is only
a suspicion; what they do not find is innocent for certain.
"""

import re
from bisect import bisect_right
from functools import cache

import hyperscan

from trailkeep.events.mask_keys import KeyKind, kind_of
from trailkeep.events.mask_names import is_secret_name
from trailkeep.events.mask_rules import SECRET_NAMES, SECRET_SUFFIXES

_GAP = rb"(?:[^A-Za-z0-9]|\\[bfnrt])*"
"""What names are compared without: anything but letters and digits, the letters of escapes included."""

_WORD_END = rb"[^A-Za-z]"
"""Behind a name comes a quote or a mark; with another letter, it is part of some other word."""

_SHAPES = (
    rb"(?i)(?:bearer|basic)(?:[ +]|%20|\\+[nrtf])",  # the credentials of a header
    rb"eyJ[A-Za-z0-9_-]{8}",  # a JSON web token
    rb'"e(?:yJ|wo)',  # JSON in base64
    rb"PRIVATE KEY",
    rb"gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|[rs]k_live_",
    rb":\\*/\\*/[^\"\s/<>']*:[^\"\s/<>']*@",  # a URL with credentials
    rb"\\u",  # any letter
    rb"[0-9]{300}",  # a number that JSON parsers read differently
    rb"[\xC2-\xE2\xEA-\xEE\xF0-\xF4]",
    rb"\xE3[^\x80]|\xE3\x80[^\x81\x82\x88-\x91]|\xEF[^\xBC]|\xEF\xBC[^\x81-\x8F\x9A-\xA0]",
)
"""The last two are all characters beyond ASCII, which may be forms of its letters (``ｐ``, ``é``, ``ﬁ``) or blanks.

All but those that never are, and that Chinese is written in: U+4000 to U+9FFF, ``、。「」`` and the like, and wide
marks such as ``，：（）``.
"""

_KEY = re.compile(rb'("[^"\\]*+")\s*+:')
_NAME_BEFORE_EQUALS = re.compile(rb"(?<![A-Za-z0-9_.\[\]-])([A-Za-z0-9_.\[\]-]++) {0,4}=")
_OTHER_MARKS = (b"\\", b"%", b"'", b": ", b"--")
"""What else may stand between a name and its value inside a string, or hide what does."""


def names_in(text: bytes) -> list[int]:
    """Places behind what may be the name of a secret; ``text`` holds any number of JSON texts."""
    return _places(_names(), text)


def shapes_in(text: bytes) -> list[int]:
    """Places behind what may be a secret by its shape, or be written so that only a full search can read it."""
    return _places(_shapes(), text)


def is_innocent(text: bytes) -> bool:
    """Whether a JSON text holds no secret for certain."""
    return not shapes_in(text) and (not names_in(text) or names_no_secret(text))


def names_no_secret(text: bytes) -> bool:
    """Whether no key of a JSON text names a secret, and no string can: what looked so is part of another word.

    Only for a text in which :func:`shapes_in` finds nothing.
    """
    if any(mark in text for mark in _OTHER_MARKS):
        return False
    if b"=" in text and any(is_secret_name(name.decode()) for name in _NAME_BEFORE_EQUALS.findall(text)):
        return False
    kinds = set(map(kind_of, _KEY.findall(text)))
    return kinds <= {KeyKind.PLAIN, KeyKind.BEFORE_NAME} or kinds <= {KeyKind.PLAIN, KeyKind.BEFORE_VALUE}


def suspicions_in(text: bytes) -> list[int]:
    """All places of names and shapes, in order."""
    return sorted(names_in(text) + shapes_in(text))


def may_hold_a_secret(start: int, end: int, suspicions: list[int]) -> bool:
    """Whether a string from ``start`` to ``end``, its quotes included, is worth a search."""
    following = bisect_right(suspicions, start)
    return following < len(suspicions) and suspicions[following] <= end


def _places(automaton: hyperscan.Database, text: bytes) -> list[int]:
    found: list[int] = []
    automaton.scan(text, match_event_handler=lambda _id, _start, end, _flags, _context: found.append(end))
    return found


@cache
def _names() -> hyperscan.Database:
    names = SECRET_NAMES | set(SECRET_SUFFIXES)
    shortest = sorted(name for name in names if not any(name != other and name.endswith(other) for other in names))
    patterns = [_spelled(name) + _WORD_END for name in shortest]
    return _compiled(patterns, hyperscan.HS_FLAG_CASELESS)


def _spelled(name: str) -> bytes:
    return _GAP.join(bytes([letter]) for letter in name.encode())


@cache
def _shapes() -> hyperscan.Database:
    return _compiled(list(_SHAPES), 0)


def _compiled(patterns: list[bytes], flags: int) -> hyperscan.Database:
    database = hyperscan.Database()
    database.compile(expressions=patterns, elements=len(patterns), flags=flags | hyperscan.HS_FLAG_DOTALL)
    return database
