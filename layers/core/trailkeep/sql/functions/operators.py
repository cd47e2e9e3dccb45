"""Operators, by their names in a parsed tree, and what they take and give."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlglot import exp

from trailkeep.sql.dialects import Form
from trailkeep.sql.functions.function import Function, function


def _operator(sign: str, takes: str, gives: str, form: Form | None = None) -> Function:
    each = form or Form.same(f"({{0}} {sign} {{1}})")
    return function(f"operator({takes}) → {gives}", "", "", trino=each.trino, duckdb=each.duckdb)


_WHOLE = "bigint, bigint"
_REAL = "double, double"
_AS_DATE = "CAST({0} %s {1} AS DATE)"

OPERATORS: Mapping[type[exp.Expr], Sequence[Function]] = MappingProxyType(
    {
        exp.Add: (
            _operator("+", _WHOLE, "bigint"),
            _operator("+", _REAL, "double"),
            _operator("+", "date, days", "date", Form("({0} + {1})", _AS_DATE % "+")),
            _operator("+", "timestamp, interval", "timestamp"),
        ),
        exp.Sub: (
            _operator("-", _WHOLE, "bigint"),
            _operator("-", _REAL, "double"),
            _operator("-", "date, days", "date", Form("({0} - {1})", _AS_DATE % "-")),
            _operator("-", "timestamp, interval", "timestamp"),
        ),
        exp.Mul: (_operator("*", _WHOLE, "bigint"), _operator("*", _REAL, "double")),
        exp.Div: (
            _operator("/", _WHOLE, "bigint", Form("({0} / {1})", "({0} // {1})")),
            _operator("/", _REAL, "double"),
        ),
        exp.Mod: (_operator("%", _WHOLE, "bigint"), _operator("%", _REAL, "double")),
        exp.DPipe: (
            _operator("||", "varchar, varchar", "varchar"),
            _operator("||", "array(T), array(T)", "array(T)"),
        ),
        exp.Neg: (
            _operator("-", "bigint", "bigint", Form.same("(- {0})")),
            _operator("-", "double", "double", Form.same("(- {0})")),
        ),
    }
)
"""Whole numbers stay whole: 7 / 2 is 3, as in Presto; 7 / 2.0 is 3.5."""

SIGNS: Mapping[type[exp.Expr], str] = MappingProxyType(
    {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.DPipe: "||", exp.Neg: "-"}
)
