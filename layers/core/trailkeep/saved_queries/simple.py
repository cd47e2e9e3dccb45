"""Simple mode: conditions, picked field by field, and the query text that they are. What there is to pick is data."""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from trailkeep.errors import InvalidParameter
from trailkeep.saved_queries.operators import OPERATORS, value_text
from trailkeep.saved_queries.saved_query import Condition

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)


def text_of_conditions(conditions: Sequence[Condition]) -> str:
    """The text of conditions. ``and`` binds tighter than ``or``, as in every query.

    Raises :class:`InvalidParameter`, which names the condition by its place.
    """
    pieces: list[str] = []
    for place, condition in enumerate(conditions):
        if place:
            pieces.append(condition.connective)
        try:
            pieces.append(text_of_condition(condition))
        except InvalidParameter as error:
            raise InvalidParameter(f"conditions[{place}].{error.message}", hint=error.hint) from error
    return " ".join(pieces)


def text_of_condition(condition: Condition) -> str:
    """The text of one condition."""
    operator = OPERATORS[condition.operator]
    field = condition.field
    if not _WORD.fullmatch(field):
        field = '"' + field.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return operator.text.format(field=field, value=value_text(operator, condition.value))


@cache
def pickers() -> dict[str, Any]:
    """What simple mode offers: ``fields`` to pick, each with its operators, and what each of the ``operators`` wants.

    Any other field of the query language may be used as well.
    """
    fields = tomllib.loads((files(__package__) / "fields.toml").read_text(encoding="utf-8"))["field"]
    operators = [
        {"name": name, "label": operator.label, "wants": operator.wants} for name, operator in OPERATORS.items()
    ]
    return {"fields": fields, "operators": operators}
