"""Strategies for SQL that may be said: expressions of a kind, put together from all functions that there are."""

from collections.abc import Sequence

from hypothesis import strategies as st

from trailkeep.sql.calls import GROUPS
from trailkeep.sql.columns import COLUMNS
from trailkeep.sql.functions.casts import CASTS
from trailkeep.sql.functions.function import Function, Role
from trailkeep.sql.kinds import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    JSON,
    SCALARS,
    TIMESTAMP,
    UNKNOWN,
    VARCHAR,
    Kind,
    array_of,
)

KINDS = (BIGINT, BOOLEAN, DATE, DOUBLE, JSON, TIMESTAMP, VARCHAR, array_of(VARCHAR))
_ORDERED = (BIGINT, DOUBLE, VARCHAR, TIMESTAMP, DATE)

_LITERALS = {
    "unit": ["'second'", "'hour'", "'week'", "'quarter'"],
    "day_unit": ["'day'", "'month'"],
    "step": ["'minute'", "'day'", "'quarter'"],
    "day_step": ["'week'", "'year'"],
    "format": ["'%Y-%m-%d %H:%i:%s'", "'%e %M %%'"],
    "read_format": ["'%Y-%m-%d'", "'%H:%i'"],
    "path": ["'$.a'", "'$[\"b c\"][0]'", "'$'"],
    "pattern": ["'^a.*[0-9]{2}$'", r"'(\w+)\.(\d)'", "''"],
    "replacement": ["'$1'", "''", r"'\$'"],
    "separator": ["', '", "''"],
    "group": ["0", "1"],
    "width": ["0", "7"],
}
_CONSTANTS = {
    BIGINT: ["0", "1", "-3", "2", "100", "9223372036854775807"],
    DOUBLE: ["0.5", "-1.25", "1e3"],
    VARCHAR: ["''", "'a'", "'i-1;sg-1'", "'{\"a\": [1]}'", "'2026-03-04'", "'it''s'", "'漢'"],
    BOOLEAN: ["true", "false"],
    TIMESTAMP: ["timestamp '2026-03-04 01:02:03'"],
    DATE: ["date '2026-02-28'"],
    JSON: ['json_parse(\'{"a": {"b c": [1, null]}}\')'],
    array_of(VARCHAR): ["array['a', null, 'b']"],
}
_COLUMNS = {kind: [name for name, own in COLUMNS.items() if own == kind] for kind in KINDS}
_COLUMNS[VARCHAR] += ['"event.eventName"', '"event.requestParameters"', "date"]
_COLUMNS[BIGINT] += ["__time__"]
_FUNCTIONS = [each for group in GROUPS.values() for each in group]


def _kinds(letter: str) -> Sequence[Kind]:
    return _ORDERED if letter == "O" else (*_ORDERED, BOOLEAN) if letter == "C" else (BIGINT, VARCHAR, TIMESTAMP)


def _bound(name: str, kind: Kind) -> Kind:
    """The kind that a parameter means, where its letter is this kind."""
    if name.startswith("array("):
        return array_of(_bound(name[len("array(") : -1], kind))
    return kind if name in "TCO" else SCALARS[name]


def _calls(wanted: Kind, role: Role) -> list[tuple[Function, Kind]]:
    """The functions that can give a kind, each with what its letter then is."""
    found = []
    for each in _FUNCTIONS:
        letters = {
            letter for name in (*each.takes, each.gives) for letter in "TCO" if letter in name.replace("OUBLE", "")
        }
        for kind in _kinds(min(letters)) if letters else (UNKNOWN,):
            if each.role is role and _bound(each.gives, kind) == wanted:
                found.append((each, kind))
    return found


@st.composite
def expressions(draw: st.DrawFn, kind: Kind, depth: int = 3) -> str:
    """An expression of a kind, over the columns of a table."""
    leaves = _CONSTANTS.get(kind, ["null"]) + _COLUMNS.get(kind, [])
    calls = _calls(kind, Role.SCALAR)
    choice = draw(st.sampled_from(["leaf", "call", "call", "case", "cast", "more"])) if depth else "leaf"
    inner = {each: expressions(each, depth - 1) for each in KINDS} if depth else {}
    if choice == "call" and calls:
        return _call(draw, *draw(st.sampled_from(calls)), inner)
    if choice == "case":
        when, then, other = (
            (draw(inner[each]) for each in (BOOLEAN, kind, kind)) if kind in inner else ("true", "1", "2")
        )
        return f"case when {when} then {then} else {other} end"
    sources = [given for given, wanted in CASTS if wanted == kind and given in inner]
    if choice == "cast" and sources:
        return f"try_cast({draw(inner[draw(st.sampled_from(sources))])} as {kind})"
    if choice == "more" and kind == BOOLEAN:
        of = draw(st.sampled_from(_ORDERED))
        one, other, third = (draw(inner[of]) for _ in range(3))
        forms = ["({0} = {1})", "({0} < {1})", "({0} is null)", "({0} between {1} and {2})", "({0} in ({1}, {2}))"]
        forms += ["({0} is distinct from {1})", "not ({0} >= {1}) or ({1} <> {2})"]
        return draw(st.sampled_from(forms)).format(one, other, third)
    if choice == "more" and kind in (BIGINT, DOUBLE):
        sign = draw(st.sampled_from("+-*/%"))
        return f"({draw(inner[kind])} {sign} {draw(inner[kind])})"
    if choice == "more" and kind == VARCHAR:
        return f"({draw(inner[kind])} || {draw(inner[kind])})"
    return draw(st.sampled_from(leaves))


def _call(draw: st.DrawFn, function: Function, kind: Kind, inner: dict[Kind, st.SearchStrategy[str]]) -> str:
    arguments = []
    for name in function.takes:
        for _ in range(draw(st.integers(1, 3)) if name.endswith("…") else 1):
            plain = name.removesuffix("…")
            if plain in _LITERALS:
                arguments.append(draw(st.sampled_from(_LITERALS[plain])))
                continue
            wanted = _bound(plain, kind)
            arguments.append(draw(inner[wanted]) if wanted in inner else "null")
    return f"{function.name}({', '.join(arguments)})"


@st.composite
def statements(draw: st.DrawFn) -> str:
    """A SELECT: of rows, of groups, or with windows."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    values = [draw(expressions(kind)) for kind in kinds]
    where = draw(expressions(BOOLEAN, 2))
    shape = draw(st.sampled_from(["rows", "groups", "windows", "distinct"]))
    if shape == "rows":
        return f"select {', '.join(values)} from log where {where} order by event_id limit 5"
    if shape == "distinct":
        return f"select distinct {draw(expressions(VARCHAR))} as x from log where {where} order by x"
    wanted = draw(st.sampled_from((BIGINT, DOUBLE, VARCHAR, BOOLEAN)))
    role = Role.AGGREGATE if shape == "groups" else draw(st.sampled_from([Role.AGGREGATE, Role.WINDOW]))
    calls = [each for each in _calls(wanted, role) if shape == "groups" or each[0].name != "approx_distinct"]
    if not calls:
        return f"select count(1) from log where {where}"
    made = _call(draw, *draw(st.sampled_from(calls)), {kind: expressions(kind, 2) for kind in KINDS})
    by = draw(expressions(VARCHAR, 2))
    if shape == "groups":
        having = draw(st.sampled_from(["", " having count(1) > 0"]))
        return f"select {by} as k, {made} as v, count(*) from log where {where} group by k{having} order by k"
    return f"select {made} over (partition by {by} order by event_time) from log where {where}"
