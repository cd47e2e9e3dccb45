"""Kinds of values in SQL, fewer than the engines have: those that mean the same in each of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values by its name in SQL; ``element`` is that of an array's elements."""

    name: str
    element: "Kind | None" = None

    def __str__(self) -> str:
        return self.name


BOOLEAN = Kind("boolean")
BIGINT = Kind("bigint")
"""Whole numbers, of 32 bits too."""
DOUBLE = Kind("double")
"""All other numbers: decimal arithmetic differs from engine to engine."""
VARCHAR = Kind("varchar")
TIMESTAMP = Kind("timestamp")
"""A moment in UTC, without a zone of its own."""
DATE = Kind("date")
INTERVAL = Kind("interval")
DAYS = Kind("days")
"""An interval of days, months or years: the only ones that can be added to a date."""
JSON = Kind("json")
UNKNOWN = Kind("unknown")
"""Of NULL, which goes with everything."""

_SCALARS = (BOOLEAN, BIGINT, DOUBLE, VARCHAR, TIMESTAMP, DATE, INTERVAL, DAYS, JSON, UNKNOWN)
SCALARS = {kind.name: kind for kind in _SCALARS}

NUMBERS = frozenset({BIGINT, DOUBLE})
TIMES = frozenset({DATE, TIMESTAMP})
ORDERED = frozenset({BOOLEAN, BIGINT, DOUBLE, VARCHAR, TIMESTAMP, DATE, UNKNOWN})
"""What can be less or more, a smallest and a largest."""

_WIDER = frozenset({(BIGINT, DOUBLE), (DATE, TIMESTAMP), (DAYS, INTERVAL)})


def array_of(element: Kind) -> Kind:
    """Arrays of a kind."""
    return Kind(f"array({element.name})", element)


def can_be(given: Kind, wanted: Kind) -> bool:
    """Whether a value may stand where another kind is wanted, by a conversion that loses and invents nothing."""
    if given.element and wanted.element:
        return given == wanted or given.element == UNKNOWN
    return given in (wanted, UNKNOWN) or (given, wanted) in _WIDER


def common(one: Kind, other: Kind) -> Kind | None:
    """The kind that values of both can be, or None."""
    return other if can_be(one, other) else one if can_be(other, one) else None


def is_comparable(kind: Kind) -> bool:
    """Whether two values of a kind can be equal: JSON is not, which can be written in many ways."""
    return is_comparable(kind.element) if kind.element else kind in ORDERED
