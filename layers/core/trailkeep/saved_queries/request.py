"""What requests to ``/v1/saved-queries`` ask for, checked field by field."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from trailkeep.errors import InvalidParameter
from trailkeep.named import nearest, refuse_unknown
from trailkeep.saved_queries.arguments import normalised
from trailkeep.saved_queries.operators import MAX_VALUES, OPERATORS
from trailkeep.saved_queries.placeholders import NAME
from trailkeep.saved_queries.saved_query import CUSTOM, SIMPLE, Condition, Definition, Parameter
from trailkeep.saved_queries.simple import text_of_conditions
from trailkeep.saved_queries.validity import check_query
from trailkeep.saved_queries.window import check_window

MAX_NAME, MAX_DESCRIPTION, MAX_QUERY, MAX_FIELD = 64, 2_000, 10_000, 512
MAX_CONDITIONS, MAX_PARAMETERS = 50, 20

_DEFINITION = (
    "name", "description", "mode", "query", "conditions", "parameters", "startTime", "endTime", "shared",
)  # fmt: skip
_CONDITION = ("field", "operator", "value", "connective")
_PARAMETER = ("name", "kind", "default", "description")
_KINDS = ("text", "number", "network")

Item = TypeVar("Item")


def parse_definition(fields: Mapping[str, Any], now: datetime) -> Definition:
    """The definition in a request's body, its query checked as it would be when it is run.

    Raises :class:`InvalidParameter`, which names the field; :class:`InvalidTimeRange`; or :class:`InvalidQuery` for a
    query that cannot be read, which names the place in its text.
    """
    refuse_unknown(fields, _DEFINITION)
    conditions = _listed(fields, "conditions", MAX_CONDITIONS, _condition)
    parameters = _listed(fields, "parameters", MAX_PARAMETERS, _parameter)
    mode = _one_of(fields, "mode", (SIMPLE, CUSTOM), SIMPLE if conditions else CUSTOM)
    definition = Definition(
        name=_name(fields),
        description=_text(fields, "description", MAX_DESCRIPTION, ""),
        mode=mode,
        query=_query(fields, mode, conditions),
        conditions=conditions,
        parameters=parameters,
        start_time=_optional_text(fields, "startTime"),
        end_time=_optional_text(fields, "endTime"),
        shared=_flag(fields, "shared"),
    )
    check_window(definition.start_time, definition.end_time, now)
    check_query(definition)
    return definition


def _name(fields: Mapping[str, Any]) -> str:
    name = _text(fields, "name", MAX_NAME).strip()
    if not name.isprintable():
        raise InvalidParameter("name must be one line, without control characters")
    return name


def _query(fields: Mapping[str, Any], mode: str, conditions: tuple[Condition, ...]) -> str:
    given = _text(fields, "query", MAX_QUERY, "")
    if mode == CUSTOM:
        if conditions:
            raise InvalidParameter("conditions are for simple mode: leave them out, or query")
        if "query" not in fields:
            raise InvalidParameter("query must be given, or conditions")
        return given
    if not conditions:
        raise InvalidParameter("conditions must be given in simple mode")
    text = text_of_conditions(conditions)
    if len(text) > MAX_QUERY:
        raise InvalidParameter(f"conditions make a query of more than {MAX_QUERY} characters")
    if given and given != text:
        raise InvalidParameter("query is what the conditions make in simple mode: leave it out")
    return text


def _condition(fields: Mapping[str, Any], where: str) -> Condition:
    refuse_unknown(fields, _CONDITION, where=where)
    operator = _one_of(fields, "operator", tuple(OPERATORS), None, where)
    return Condition(
        field=_text(fields, "field", MAX_FIELD, where=where),
        operator=operator,
        value=_value(fields.get("value"), where),
        connective=_one_of(fields, "connective", ("and", "or"), "and", where),
    )


def _value(value: Any, where: str) -> str | tuple[str, ...] | None:
    """A condition's value as text: JSON writes numbers and flags its own way, events hold them as text often enough."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        if len(value) <= MAX_VALUES and not any(each is None or isinstance(each, list | dict) for each in value):
            return tuple(str(_value(each, where)) for each in value)
    elif not isinstance(value, dict):
        return normalised(f"{where}value", "text", value)
    raise InvalidParameter(f"{where}value must be a text, a number, or a list of at most {MAX_VALUES} of them")


def _parameter(fields: Mapping[str, Any], where: str) -> Parameter:
    refuse_unknown(fields, _PARAMETER, where=where)
    name = fields.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidParameter(f"{where}name must be a letter and at most 31 letters, digits and underscores behind it")
    kind = _one_of(fields, "kind", _KINDS, "text", where)
    default = fields.get("default")
    return Parameter(
        name=name,
        kind=kind,
        default=None if default is None else normalised(f"{where}default", kind, default),
        description=_text(fields, "description", MAX_DESCRIPTION, "", where),
    )


def _listed(
    fields: Mapping[str, Any], name: str, most: int, item: Callable[[Mapping[str, Any], str], Item]
) -> tuple[Item, ...]:
    values = fields.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or len(values) > most or not all(isinstance(each, dict) for each in values):
        raise InvalidParameter(f"{name} must be a list of at most {most} objects")
    return tuple(item(each, f"{name}[{place}].") for place, each in enumerate(values))


def _text(fields: Mapping[str, Any], name: str, most: int, default: str | None = None, where: str = "") -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or len(value) > most or (default is None and not value.strip()):
        raise InvalidParameter(f"{where}{name} must be a text of {0 if default == '' else 1} to {most} characters")
    return value


def _optional_text(fields: Mapping[str, Any], name: str) -> str | None:
    return None if fields.get(name) is None else _text(fields, name, MAX_NAME)


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise InvalidParameter(f"{name} must be true or false")
    return value


def _one_of(fields: Mapping[str, Any], name: str, known: Sequence[str], default: str | None, where: str = "") -> Any:
    value = fields.get(name, default)
    if value not in known:
        raise InvalidParameter(f"{where}{name} must be one of {', '.join(known)}", hint=nearest(str(value), known))
    return value
