"""One JSON text → Python values, strictly: what two parsers could read differently is refused."""

import json
import re
import sys
from typing import Any

import msgspec

from trailkeep.events.reasons import Reason, Unreadable

MAX_DEPTH = 100
"""Real events nest up to 15 deep. The limit lies below the recursion limit of every JSON parser that reads answers."""

_LARGEST = int(sys.float_info.max)
_decoder = msgspec.json.Decoder()
_SPACED_COLON = re.compile(rb'"\s+:')


def parse_object(text: bytes) -> dict[str, Any]:
    """Parse one JSON object; raises :class:`Unreadable` with the reason.

    Stricter than RFC 8259 asks: no NaN, no lone surrogates, no numbers beyond a double's range, no key twice in one
    object (parsers disagree about which one counts, so a mask or a filter could look at the wrong one).
    """
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise Unreadable(Reason.TOO_DEEP, f"nested deeper than {MAX_DEPTH} levels") from None
    except UnicodeDecodeError:
        raise Unreadable(Reason.NOT_UTF8, "the text is not UTF-8") from None
    except msgspec.ValidationError:
        raise Unreadable(Reason.NUMBER_OUT_OF_RANGE, "a number is out of range") from None
    except msgspec.DecodeError:
        raise Unreadable(Reason.INVALID_JSON, "the text is not valid JSON") from None
    if type(value) is not dict:
        raise Unreadable(Reason.NOT_AN_OBJECT, "a record must be a JSON object")
    keys = _check(value, MAX_DEPTH)
    if keys != text.count(b'":') or _SPACED_COLON.search(text):
        _refuse_duplicate_keys(text)
    return value


def _check(value: Any, depth: int) -> int:
    """How many keys there are, in an object or a list that is neither too deep nor holds an integer out of range."""
    if depth == 0:
        raise Unreadable(Reason.TOO_DEEP, f"nested deeper than {MAX_DEPTH} levels")
    total = 0
    if type(value) is dict:
        total = len(value)
        value = value.values()
    for item in value:
        kind = type(item)
        if kind is dict or kind is list:
            total += _check(item, depth - 1)
        elif kind is int and not -_LARGEST <= item <= _LARGEST:
            raise Unreadable(Reason.NUMBER_OUT_OF_RANGE, "a number is out of range")
    return total


def _refuse_duplicate_keys(text: bytes) -> None:
    """The exact check, for the few texts where counting ``":`` does not settle it (JSON inside strings, blanks)."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = dict(pairs)
        if len(names) != len(pairs):
            raise Unreadable(Reason.DUPLICATE_KEY, "a key stands twice in one object")
        return names

    json.loads(text, object_pairs_hook=unique, parse_int=float)
