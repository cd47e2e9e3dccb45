"""Calls of functions: which of those with a name is meant, by what it is given."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from sqlglot import exp

from trailkeep.sql.dialects import Call
from trailkeep.sql.functions.function import Function, Role
from trailkeep.sql.functions.groups import AGGREGATES, WINDOWS
from trailkeep.sql.functions.lists import LISTS
from trailkeep.sql.functions.literals import LITERALS, NUMERIC_LITERALS
from trailkeep.sql.functions.numbers import NUMBERS
from trailkeep.sql.functions.text import TEXT
from trailkeep.sql.functions.times import TIMES
from trailkeep.sql.kinds import (
    BIGINT,
    ORDERED,
    SCALARS,
    UNKNOWN,
    VARCHAR,
    Kind,
    array_of,
    can_be,
    common,
    is_comparable,
)
from trailkeep.sql.source import Source
from trailkeep.sql.typed import Typed, as_kind

GROUPS: Mapping[str, Sequence[Function]] = MappingProxyType(
    {
        "Text": TEXT,
        "Numbers and choices": NUMBERS,
        "Times": TIMES,
        "Arrays and JSON": LISTS,
        "Over the rows of a group": AGGREGATES,
        "Over the rows of a window": WINDOWS,
    }
)
"""All functions, as their documentation groups them."""

_ALL = [each for group in GROUPS.values() for each in group]
FUNCTIONS: Mapping[str, Sequence[Function]] = MappingProxyType(
    {name: [each for each in _ALL if each.name == name] for name in {each.name for each in _ALL}}
)

_BY_THE_WINDOW = "the question's startTime and endTime bound the events; compare event_time with a time written out"
_FROM_NOTHING = "it can make much out of nothing"
_NOT_OFFERED = {
    **dict.fromkeys(("now", "current_timestamp", "current_date", "current_time", "localtimestamp"), _BY_THE_WINDOW),
    **dict.fromkeys(("repeat", "sequence", "range", "generate_series"), _FROM_NOTHING),
    **dict.fromkeys(("random", "rand", "uuid", "shuffle"), "it gives something else each time"),
    "approx_percentile": "the engines' estimates differ; use ntile(100) over (order by …)",
    "listagg": "use array_join(array_agg(…), ',')",
    "to_iso8601": "use date_format(…, '%Y-%m-%dT%H:%i:%sZ')",
    "ifnull": "use coalesce",
    "isnull": "use … is null",
    "len": "use length",
    "char_length": "use length",
}
_GENERIC = frozenset("TCO")
_LONGEST_CALL = 100
"""Arguments."""


def named(name: str, place: exp.Expr, source: Source) -> Sequence[Function]:
    """The functions of a name, in whatever case; raises :class:`trailkeep.errors.InvalidQuery` where there are none."""
    found = FUNCTIONS.get(name.lower())
    if found:
        return found
    if reason := _NOT_OFFERED.get(name.lower()):
        raise source.error(f"{name} is not offered: {reason}", place)
    near = get_close_matches(name.lower(), FUNCTIONS, 1)
    raise source.error(f"there is no function {name}{f'; is it {near[0]}?' if near else ''}", place)


def fitted(
    functions: Sequence[Function], given: Sequence[Typed], place: exp.Expr, source: Source, *, name: str = ""
) -> tuple[Function, Kind, list[exp.Expr]]:
    """Of several functions the one that takes what is given, with the kind that it gives and its arguments."""
    name = name or functions[0].name
    if len(given) > _LONGEST_CALL:
        raise source.error(f"{name} is given more than {_LONGEST_CALL} values", place)
    for is_exact in (True, False):
        for each in functions:
            if (kind := _result(each, given, is_exact=is_exact)) is not None:
                return (
                    each,
                    kind,
                    [_argument(*pair, place, source) for pair in zip(_takes(each, given), given, strict=True)],
                )
    takes = " or ".join(dict.fromkeys(f"({', '.join(each.takes)})" for each in functions))
    kinds = ", ".join(str(each.kind) for each in given)
    raise source.error(f"{name} takes {takes}, not ({kinds})", place, hint="cast(… as …) makes one kind of another.")


def _takes(function: Function, given: Sequence[Typed]) -> list[str]:
    """The parameters, the last one as often as it is given."""
    last = function.takes[-1] if function.takes else ""
    if not last.endswith("…"):
        return list(function.takes)
    return [*function.takes[:-1], *[last.removesuffix("…")] * max(len(given) - len(function.takes) + 1, 0)]


def _result(function: Function, given: Sequence[Typed], *, is_exact: bool) -> Kind | None:
    """What a function gives for such values; None where it does not take them."""
    takes = _takes(function, given)
    bound: dict[str, Kind] = {}
    if len(takes) != len(given):
        return None
    for parameter, value in zip(takes, given, strict=True):
        if not _fits(parameter, value, bound, is_exact=is_exact):
            return None
    return _kind(function.gives, bound)


def _fits(parameter: str, value: Typed, bound: dict[str, Kind], *, is_exact: bool) -> bool:
    if parameter in LITERALS:
        kind = BIGINT if parameter in NUMERIC_LITERALS else VARCHAR
        return isinstance(value.node, exp.Literal) and value.kind == kind
    letter = parameter.removeprefix("array(").removesuffix(")")
    if letter not in _GENERIC:
        wanted = _kind(parameter, bound)
        return value.kind in (wanted, UNKNOWN) if is_exact else can_be(value.kind, wanted)
    if letter != parameter and value.kind.element is None and value.kind != UNKNOWN:
        return False
    kind = value.kind if letter == parameter else value.kind.element or UNKNOWN
    together = common(bound.get(letter, UNKNOWN), kind)
    if (
        together is None
        or (letter == "C" and not is_comparable(together))
        or (letter == "O" and together not in ORDERED)
    ):
        return False
    bound[letter] = together
    return True


def _kind(name: str, bound: Mapping[str, Kind]) -> Kind:
    if name.startswith("array("):
        return array_of(_kind(name[len("array(") : -1], bound))
    return bound[name] if name in _GENERIC else SCALARS[name]


def _argument(parameter: str, value: Typed, place: exp.Expr, source: Source) -> exp.Expr:
    if parameter not in LITERALS:
        return as_kind(value, SCALARS.get(parameter, UNKNOWN))
    try:
        return Call(form=LITERALS[parameter](value.node.name))
    except ValueError as error:
        raise source.error(str(error), place) from None


def is_scalar(functions: Sequence[Function]) -> bool:
    """Whether these functions may stand anywhere."""
    return functions[0].role is Role.SCALAR
