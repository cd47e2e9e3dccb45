"""What conditions mean, as code: whether one event meets one condition, by its original and its columns.

Every faster way to find events, and every other engine, must find what this finds.
"""

import re
from collections.abc import Callable
from decimal import Decimal

from trailkeep.events.addresses import Address
from trailkeep.search.conditions import (
    And,
    Condition,
    Equals,
    Everything,
    Exists,
    Field,
    InNetwork,
    InRange,
    Instant,
    IsNull,
    Not,
    Or,
    Pattern,
    Words,
)
from trailkeep.search.document import Document, Number, Scalar, text_of
from trailkeep.search.meanings import address, json_number, moment, plain_number
from trailkeep.search.patterns import folded, literal_of, phrase, whole
from trailkeep.search.words import BETWEEN_TEXTS, BETWEEN_WORDS

Matcher = Callable[[Document], bool]
_ScalarTest = Callable[[Scalar], bool]

SEVERAL_IN_ONE = frozenset({("resourceName",), ("resourceType",)})
"""Paths of texts that hold several values: of one resource type between ``,``, of different ones between ``;``."""

_SEPARATOR = re.compile("[;,]")


def meets(condition: Condition, document: Document) -> bool:
    """Whether an event meets a condition. For many events, make a :func:`matcher` once."""
    return matcher(condition)(document)


def matcher(condition: Condition) -> Matcher:
    """A condition as a function of documents, with all that can be prepared for it.

    The documents' ``columns`` must hold every column that the condition names; KeyError otherwise.
    """
    match condition:
        case Everything():
            return lambda _: True
        case Words(words):
            stands_in = phrase(words, BETWEEN_WORDS, BETWEEN_TEXTS)
            return lambda document: stands_in(document.words)
        case Equals(field, pattern):
            return _any_value(field, _equals(pattern, in_parts=field.path in SEVERAL_IN_ONE))
        case IsNull(field):
            return _any_value(field, _is_null)
        case Exists(field):
            return _exists(field)
        case InRange(field):
            return _any_value(field, _in_range(condition))
        case InNetwork(field, network):
            return _any_value(field, lambda value: (found := _address_in(value)) is not None and found in network)
        case Not(inner):
            refused = matcher(inner)
            return lambda document: not refused(document)
        case And(conditions):
            every = tuple(map(matcher, conditions))
            return lambda document: all(meets_it(document) for meets_it in every)
        case Or(conditions):
            some = tuple(map(matcher, conditions))
            return lambda document: any(meets_it(document) for meets_it in some)


def _any_value(field: Field, holds: _ScalarTest) -> Matcher:
    if field.path:
        path = field.path
        return lambda document: any(map(holds, document.values_at(path)))
    columns = field.columns
    return lambda document: any(holds(value) for name in columns for value in _in_column(document, name))


def _in_column(document: Document, name: str) -> list[str]:
    """The values of a column. A null there says that the event has no such value, not that it has null."""
    value = document.columns[name]
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _equals(pattern: Pattern, *, in_parts: bool) -> _ScalarTest:
    is_it = whole(pattern)
    literal = literal_of(pattern)
    number = None if literal is None else plain_number(literal)
    wanted = None if literal is None else address(literal)

    def holds(value: Scalar) -> bool:
        text = folded(text_of(value))
        if is_it(text):
            return True
        if number is not None and type(value) is not str:
            return _number(value) == number
        if wanted is not None and address(text) == wanted:
            return True
        return in_parts and any(is_it(part.strip(" ")) for part in _SEPARATOR.split(text))

    return holds


def _is_null(value: Scalar) -> bool:
    return value is None or (type(value) is str and value.lower() == "null")


def _exists(field: Field) -> Matcher:
    if field.path:
        path = field.path
        return lambda document: any(_says_something(value) for value in document.standing_at(path))
    columns = field.columns
    return lambda document: any(_says_something(document.columns[name]) for name in columns)


def _says_something(value: object) -> bool:
    return value is not None and value != "" and value != []


def _in_range(asked: InRange) -> _ScalarTest:
    """The bounds are of one kind, which says what a value must be to be compared at all."""
    low, high = asked.low, asked.high
    read: Callable[[Scalar], Decimal | int | None]
    read = _moment if isinstance(low, Instant) or isinstance(high, Instant) else _number
    least = low.micros if isinstance(low, Instant) else low
    most = high.micros if isinstance(high, Instant) else high

    def holds(value: Scalar) -> bool:
        found = read(value)
        if found is None:
            return False
        if least is not None and not (found > least or (asked.includes_low and found == least)):
            return False
        return most is None or found < most or (asked.includes_high and found == most)

    return holds


def _number(value: Scalar) -> Decimal | None:
    """A number of JSON, or a text that is a plain one."""
    if isinstance(value, Number):
        return json_number(value)
    if isinstance(value, str):
        return plain_number(value)
    return None if value is None or isinstance(value, bool) else Decimal(value)


def _moment(value: Scalar) -> int | None:
    return moment(value) if type(value) is str else None


def _address_in(value: Scalar) -> Address | None:
    return address(value) if type(value) is str else None
