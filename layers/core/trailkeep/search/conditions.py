"""What a search asks for, as a tree: plain values, made by the parser and read by everything that finds events.

docs/query-language.md says what each condition means; :mod:`trailkeep.search.evaluation` is the meaning as code, the
one that every faster way and every other engine is held equal to.
"""

import ipaddress
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class Wildcard(Enum):
    """A place in a pattern that is not a text of its own."""

    ANY = "*"
    """Any number of characters, also none."""
    ONE = "?"
    """One character."""


Pattern = tuple[str | Wildcard, ...]
"""Texts, in lower case, and wildcards, in order. Two texts never follow each other; the empty text is ``()``."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition looks at: a path into the original event, or columns of the lake of which one must do.

    Of ``path`` and ``columns`` one is empty. ``name`` is how it was written, for messages.
    """

    name: str
    path: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment to compare with, in microseconds since 1970 in UTC."""

    micros: int


Bound = Decimal | Instant


@dataclass(frozen=True, slots=True)
class Everything:
    """Every event: ``*``."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words that follow each other in one text of the event, whichever: a name in it or a value."""

    words: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Equals:
    """A value is, as a whole and whatever its case, this; with wildcards, of this form."""

    field: Field
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class IsNull:
    """A value is null, or the text ``null`` in any case."""

    field: Field


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value, and it is neither null nor an empty text."""

    field: Field


@dataclass(frozen=True, slots=True)
class InRange:
    """A value lies between two bounds of one kind, of which one may be missing."""

    field: Field
    low: Bound | None
    high: Bound | None
    includes_low: bool = True
    includes_high: bool = True


@dataclass(frozen=True, slots=True)
class InNetwork:
    """A value is an address in this network."""

    field: Field
    network: ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Not:
    """What does not meet the condition."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """What meets all of two or more conditions."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What meets one of two or more conditions."""

    conditions: tuple["Condition", ...]


Condition = Everything | Words | Equals | IsNull | Exists | InRange | InNetwork | Not | And | Or
