"""Conditions → the text of a query that asks for them."""

import re

from trailkeep.events.timestamps import format_micros
from trailkeep.search.conditions import (
    And,
    Bound,
    Condition,
    Equals,
    Everything,
    Exists,
    InNetwork,
    InRange,
    Instant,
    IsNull,
    Not,
    Or,
    Pattern,
    Wildcard,
    Words,
)
from trailkeep.search.fields import ORIGINAL, quoted
from trailkeep.search.patterns import literal_of

_PLAIN = re.compile(r"[\w.-]+")
_KEYWORDS = frozenset({"and", "or", "not"})
_TO_ESCAPE = re.compile(r'[\s\x00-\x20()\[\]"|\\<>*?]')


def write(condition: Condition) -> str:
    """A condition as text: :func:`trailkeep.search.language.parse_query` reads the same condition from it.

    For conditions as the parser makes them, of fields as :func:`trailkeep.search.fields.field_of` gives them.
    """
    match condition:
        case Everything():
            return "*"
        case Words(words):
            return _words(words)
        case Equals(field, pattern):
            return f"{field.name}: {_value(pattern)}"
        case IsNull(field):
            return f"{field.name}: null"
        case Exists(field):
            return f"{field.name}: *"
        case InRange():
            return _range(condition)
        case InNetwork(field, network):
            return f"{field.name}: {network}"
        case Not(inner):
            return f"not {_inner(inner)}"
        case And(conditions):
            return " and ".join(map(_inner, conditions))
        case Or(conditions):
            return " or ".join(map(_inner, conditions))


def _inner(condition: Condition) -> str:
    return f"({write(condition)})" if isinstance(condition, And | Or) else write(condition)


def _value(pattern: Pattern) -> str:
    literal = literal_of(pattern)
    if literal is None:
        return _unquoted(pattern)
    return literal if _PLAIN.fullmatch(literal) and literal not in _KEYWORDS else quoted(literal)


def _words(words: tuple[Pattern, ...]) -> str:
    literals = [literal_of(word) for word in words]
    if None in literals:
        text = "\\ ".join(map(_unquoted, words))
        return text.replace(".", "\\.", 1) if text.startswith(f"{ORIGINAL}.") else text
    text = " ".join(map(str, literals))
    is_plain = len(words) == 1 and text not in _KEYWORDS and not text.startswith(f"{ORIGINAL}.")
    return text if is_plain and _PLAIN.fullmatch(text) else quoted(text)


def _unquoted(pattern: Pattern) -> str:
    return "".join(part.value if isinstance(part, Wildcard) else _TO_ESCAPE.sub(r"\\\g<0>", part) for part in pattern)


def _range(asked: InRange) -> str:
    name, low, high = asked.field.name, asked.low, asked.high
    if low is not None and high is not None:
        opening, closing = "[" if asked.includes_low else "(", "]" if asked.includes_high else ")"
        return f"{name} in {opening}{_bound(low)} {_bound(high)}{closing}"
    if low is not None:
        return f"{name} {'>=' if asked.includes_low else '>'} {_bound(low)}"
    if high is not None:
        return f"{name} {'<=' if asked.includes_high else '<'} {_bound(high)}"
    raise ValueError("a range without bounds asks for nothing that can be written")


def _bound(bound: Bound) -> str:
    return format_micros(bound.micros) if isinstance(bound, Instant) else f"{bound:f}"
