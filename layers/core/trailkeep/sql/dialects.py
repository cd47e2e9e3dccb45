"""SQL as users write it, and as each engine reads it.

The engines spell many things differently and mean some of them differently. A :class:`Call` is such a thing, with one
:class:`Form` for each engine; everything else in a checked tree is written alike by all.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.trino import Trino
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.generators.trino import TrinoGenerator
from sqlglot.parsers.trino import TrinoParser

_HOLE = re.compile(r"\{(?:(\d)|\*([^{}]*))\}")
_LONGEST = 200_000
"""Characters. Forms may hold an argument twice, which doubles the text with each level of calls in calls."""


@dataclass(frozen=True, slots=True)
class Form:
    """How something is written for each engine.

    ``{0}``, ``{1}`` are its arguments, ``{*}`` is all of them, ``{* || }`` all of them with this in between. Without
    arguments a form is written as it stands. What is written is a call, or stands in brackets: nothing around it can
    tear it apart.
    """

    trino: str
    duckdb: str

    @classmethod
    def same(cls, text: str) -> "Form":
        """What is written alike."""
        return cls(text, text)


class Call(exp.Expression):
    """A function, cast or operator with its arguments."""

    arg_types: ClassVar = {"form": True, "expressions": False}


class Aggregate(Call):
    """A call that makes one value of the rows of a group."""


_WHOLE = (exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Cast, exp.Subquery, Call, exp.Distinct, exp.Order)
"""What nothing around it can tear apart, or what is no value of its own."""


class FormTooLong(Exception):
    """What would be written is far longer than what was asked."""


class AsWritten(Trino):
    """What users write: Presto's SQL, in which no function is more than its name."""

    INDEX_OFFSET = 0

    class Parser(TrinoParser):
        """Leaves the meaning of names to :mod:`trailkeep.sql.functions`."""

        FUNCTIONS: ClassVar = {}
        NO_PAREN_FUNCTIONS: ClassVar = {}
        FUNCTION_PARSERS: ClassVar = {
            name: TrinoParser.FUNCTION_PARSERS[name]
            for name in ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
        }


def quoted(text: str) -> str:
    """A text between quotes."""
    return "'" + text.replace("'", "''") + "'"


def _call(engine: Callable[[Form], str]) -> Callable[[Any, Call], str]:
    """Writes calls in the form for one engine."""

    def write(generator: Any, call: Call) -> str:
        sql = [generator.sql(node) for node in call.expressions]
        sql = [
            text if isinstance(node, _WHOLE) else f"({text})" for node, text in zip(call.expressions, sql, strict=True)
        ]
        form = engine(call.args["form"])
        text = (
            _HOLE.sub(lambda hole: sql[int(hole[1])] if hole[1] else (hole[2] or ", ").join(sql), form) if sql else form
        )
        if len(text) > _LONGEST:
            raise FormTooLong
        return text

    return write


def _literal(_generator: Any, literal: exp.Literal) -> str:
    """A number as it stands, a text between quotes: neither engine knows escapes."""
    return quoted(literal.this) if literal.is_string else str(literal.this)


class ForTrino(Trino):
    """Writes a checked tree for Trino, and so for Athena."""

    class Generator(TrinoGenerator):
        """With the forms of Trino."""

        TRANSFORMS: ClassVar = {
            **TrinoGenerator.TRANSFORMS,
            **dict.fromkeys((Call, Aggregate), _call(lambda form: form.trino)),
            exp.Literal: _literal,
        }


class ForDuckDB(DuckDB):
    """Writes a checked tree for DuckDB."""

    class Generator(DuckDBGenerator):
        """With the forms of DuckDB."""

        TRANSFORMS: ClassVar = {
            **DuckDBGenerator.TRANSFORMS,
            **dict.fromkeys((Call, Aggregate), _call(lambda form: form.duckdb)),
            exp.Literal: _literal,
        }
