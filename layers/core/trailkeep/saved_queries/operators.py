"""The operators of simple mode, as data: what each one wants as its value, and the condition that it makes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from trailkeep.errors import InvalidParameter
from trailkeep.events.timestamps import format_micros, parse_micros
from trailkeep.saved_queries.arguments import literal, normalised

Wanted = Literal["text", "part", "texts", "amount", "network", "nothing"]

MAX_VALUES = 100
"""Values of one condition."""


@dataclass(frozen=True, slots=True)
class Operator:
    """How people call it, the kind of its value, and the text of a condition with ``{field}`` and ``{value}``."""

    label: str
    wants: Wanted
    text: str


OPERATORS: dict[str, Operator] = {
    "is": Operator("is", "text", "{field}: {value}"),
    "isNot": Operator("is not", "text", "not {field}: {value}"),
    "isOneOf": Operator("is one of", "texts", "{field}: ({value})"),
    "isNoneOf": Operator("is none of", "texts", "not {field}: ({value})"),
    "contains": Operator("contains", "part", "{field}: *{value}*"),
    "doesNotContain": Operator("does not contain", "part", "not {field}: *{value}*"),
    "beginsWith": Operator("begins with", "part", "{field}: {value}*"),
    "endsWith": Operator("ends with", "part", "{field}: *{value}"),
    "isGreaterThan": Operator("is greater than", "amount", "{field} > {value}"),
    "isAtLeast": Operator("is at least", "amount", "{field} >= {value}"),
    "isLessThan": Operator("is less than", "amount", "{field} < {value}"),
    "isAtMost": Operator("is at most", "amount", "{field} <= {value}"),
    "isInNetwork": Operator("is in the network", "network", "{field}: {value}"),
    "isNotInNetwork": Operator("is not in the network", "network", "not {field}: {value}"),
    "exists": Operator("exists", "nothing", "{field}: *"),
    "isMissing": Operator("is missing", "nothing", "not {field}: *"),
}

_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_PLAIN = re.compile(r"[\w.]", re.ASCII)


def value_text(operator: Operator, value: str | tuple[str, ...] | None) -> str:
    """A value as it stands in the text of a condition. Raises :class:`InvalidParameter` for what it cannot be."""
    if operator.wants == "nothing":
        if value is not None:
            raise InvalidParameter("value must be left out: the operator wants none")
        return ""
    if operator.wants == "texts":
        values = (value,) if isinstance(value, str) else value
        if not values or len(values) > MAX_VALUES:
            raise InvalidParameter(f"value must be a list of 1 to {MAX_VALUES} texts")
        return " or ".join(_or_placeholder(each, _quoted) for each in values)
    if not isinstance(value, str):
        raise InvalidParameter("value must be a text or a number")
    match operator.wants:
        case "part":
            return _escaped(value)
        case "amount":
            return _or_placeholder(value, _amount)
        case "network":
            return _or_placeholder(value, lambda text: normalised("value", "network", text))
        case _:
            return _or_placeholder(value, _quoted)


def _or_placeholder(value: str, text: Callable[[str], str]) -> str:
    """A value that is ``{{name}}`` is the place of a parameter."""
    return value if _PLACEHOLDER.fullmatch(value) else text(value)


def _quoted(value: str) -> str:
    return literal("text", normalised("value", "text", value), in_sql=False)


def _escaped(value: str) -> str:
    """A text between wildcards, which could not be told from it in quotes."""
    if _PLACEHOLDER.search(value) or not value:
        raise InvalidParameter("value must be a text of its own: a parameter cannot be a part of one")
    text = normalised("value", "text", value)
    return "".join(each if _PLAIN.match(each) else f"\\{each}" for each in text)


def _amount(value: str) -> str:
    try:
        return format_micros(parse_micros(value))
    except (ValueError, OverflowError):
        return normalised("value", "number", value)
