"""Arguments of a saved query: what is given for its parameters, as the one value each that may stand in its text."""

import ipaddress
import re
from collections.abc import Mapping

from trailkeep.errors import InvalidParameter
from trailkeep.named import refuse_unknown
from trailkeep.saved_queries.saved_query import Kind, Parameter

MAX_LENGTH = 1_000
"""Characters of an argument."""

_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?", re.ASCII)


def arguments_of(parameters: tuple[Parameter, ...], given: Mapping[str, object]) -> dict[str, str]:
    """A text for each parameter: as given, or its default. Raises :class:`InvalidParameter`, which names it."""
    known = {parameter.name: parameter for parameter in parameters}
    refuse_unknown(given, known, kind="argument")
    return {name: _argument(parameter, given.get(name)) for name, parameter in known.items()}


def normalised(name: str, kind: Kind, value: object) -> str:
    """An argument's text in the form of its kind. Raises :class:`InvalidParameter`, which names it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > MAX_LENGTH or "\0" in value:
        raise InvalidParameter(f"{name} must be a text of at most {MAX_LENGTH} characters")
    match kind:
        case "number":
            if not _NUMBER.fullmatch(value):
                raise InvalidParameter(f"{name} must be a plain number such as 5 or 0.25")
        case "network":
            value = _network(name, value)
    return value


def literal(kind: Kind, text: str, *, in_sql: bool) -> str:
    """A normalised argument as one value in a query's text: quoted, or of a form that needs no quotes."""
    if kind == "number" or (kind == "network" and not in_sql):
        return text
    if in_sql:
        return "'" + text.replace("'", "''") + "'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _argument(parameter: Parameter, value: object) -> str:
    if value is None:
        value = parameter.default
    if value is None:
        hint = parameter.description or "The query has no default for it."
        raise InvalidParameter(f"the argument {parameter.name} is missing", hint=hint)
    return normalised(f"the argument {parameter.name}", parameter.kind, value)


def _network(name: str, text: str) -> str:
    """A network in its usual spelling; an address is a network of one."""
    try:
        # Behind a percent sign, a zone may be any text at all.
        if "%" not in text:
            return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        pass
    raise InvalidParameter(f"{name} must be an address, or a CIDR range such as 192.0.2.0/24")
