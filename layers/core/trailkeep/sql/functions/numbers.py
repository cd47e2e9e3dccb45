"""Functions of numbers, and those that choose among values."""

from trailkeep.sql.functions.function import Function, aliases, function


def _same_kind(signature: str, of_doubles: str, example: str, duckdb: str = "") -> tuple[Function, ...]:
    """A function of doubles that leaves whole numbers as they are."""
    name = signature.partition("(")[0]
    whole = function(
        f"{name}(bigint) → bigint", "A whole number is left as it is.", f"{name}(5) = 5", trino="{0}", duckdb="{0}"
    )
    return whole, function(signature, of_doubles, example, duckdb=duckdb)


_CEIL = _same_kind("ceil(double) → double", "The next whole number that is not less.", "ceil(1.2) = 2.0")
_POWER = function(
    "power(double, double) → double", "The first number to the power of the second.", "power(2, 10) = 1024.0"
)
_NULL_IF_ONE_IS = "CASE WHEN {* IS NULL OR } IS NULL THEN NULL ELSE %s({*}) END"

NUMBERS = (
    function("abs(bigint) → bigint", "The number without its sign.", "abs(-5) = 5"),
    function("abs(double) → double", "The number without its sign.", "abs(-2.5) = 2.5"),
    *_CEIL,
    *aliases("ceiling", *_CEIL),
    *_same_kind("floor(double) → double", "The next whole number that is not more.", "floor(1.8) = 1.0"),
    *_same_kind(
        "round(double) → double", "The nearest whole number; of two the one farther from 0.", "round(2.5) = 3.0"
    ),
    function(
        "round(double, bigint) → double",
        "The number with so many digits behind the point.",
        "round(2.347, 1) = 2.3",
        trino="round({0}, CAST({1} AS INTEGER))",
        duckdb="round({0}, CAST({1} AS INTEGER))",
    ),
    *_same_kind(
        "truncate(double) → double",
        "The number without what is behind the point.",
        "truncate(-1.8) = -1.0",
        "trunc({0})",
    ),
    function("sign(bigint) → bigint", "-1, 0 or 1.", "sign(-7) = -1", duckdb="CAST(sign({0}) AS BIGINT)"),
    function("mod(bigint, bigint) → bigint", "What a division leaves over, as with %.", "mod(-7, 3) = -1"),
    function("sqrt(double) → double", "The square root.", "sqrt(9) = 3.0"),
    function("exp(double) → double", "e to the power of the number.", "exp(0) = 1.0"),
    function("ln(double) → double", "The natural logarithm.", "ln(1) = 0.0"),
    function("log2(double) → double", "The logarithm to base 2.", "log2(8) = 3.0"),
    function("log10(double) → double", "The logarithm to base 10.", "log10(1000) = 3.0"),
    _POWER,
    *aliases("pow", _POWER),
    function(
        "is_nan(double) → boolean",
        "Whether it is no number, such as 0/0 of doubles.",
        "is_nan(0e0 / 0e0) = true",
        duckdb="isnan({0})",
    ),
    function(
        "is_infinite(double) → boolean", "Whether it is infinite.", "is_infinite(1e0 / 0e0) = true", duckdb="isinf({0})"
    ),
    function(
        "is_finite(double) → boolean",
        "Whether it is neither of these.",
        "is_finite(1.5) = true",
        duckdb="isfinite({0})",
    ),
    function(
        "greatest(O, O…) → O",
        "The largest of the values; NULL where one of them is.",
        "greatest('a', 'c', 'b') = \"c\"",
        duckdb=_NULL_IF_ONE_IS % "greatest",
    ),
    function(
        "least(O, O…) → O",
        "The smallest of the values; NULL where one of them is.",
        "least(3, 1, 2) = 1",
        duckdb=_NULL_IF_ONE_IS % "least",
    ),
    function("coalesce(T, T…) → T", "The first of the values that is not NULL.", "coalesce(null, 'b', 'c') = \"b\""),
    function(
        "nullif(C, C) → C", "The first value; NULL where the second is the same.", "nullif('null', 'null') = null"
    ),
    function(
        "if(boolean, T) → T",
        "The value where the condition holds, else NULL.",
        "if(1 = 2, 'a') = null",
        duckdb="CASE WHEN {0} THEN {1} END",
    ),
    function(
        "if(boolean, T, T) → T",
        "The one where the condition holds, else the other.",
        "if(1 = 2, 'a', 'b') = \"b\"",
        duckdb="CASE WHEN {0} THEN {1} ELSE {2} END",
    ),
    function("try(T) → T", "The value; NULL where it cannot be computed.", "try(1 / 0) = null"),
)
