"""Functions over several rows: of a group (GROUP BY), or of a window (OVER).

Without rows, or where all values are NULL, they give NULL; counts give 0.
"""

from functools import partial

from trailkeep.sql.functions.function import Role, aliases, function

_aggregate = partial(function, role=Role.AGGREGATE)
_window = partial(function, role=Role.WINDOW)

_ANY = _aggregate(
    "arbitrary(O) → O",
    "One of the values that are not NULL: the smallest, so that it is always the same.",
    'arbitrary(event_rw) = "Read"',
    trino="min({0})",
    duckdb="min({0})",
)
_ALL = _aggregate("bool_and(boolean) → boolean", "Whether it holds for all.", "bool_and(event_rw = 'Read') = false")

AGGREGATES = (
    _aggregate("count(T) → bigint", "How many values are not NULL; count(*) counts rows.", "count(error_code) = 1"),
    _aggregate(
        "count_if(boolean) → bigint",
        "For how many it holds.",
        "count_if(event_rw = 'Write') = 2",
        is_wider=True,
    ),
    _aggregate(
        "approx_distinct(C) → bigint",
        "How many different values there are: counted exactly, as count(DISTINCT …).",
        "approx_distinct(event_name) = 3",
        trino="count(DISTINCT {0})",
        duckdb="count(DISTINCT {0})",
    ),
    _aggregate("sum(bigint) → bigint", "The sum.", "sum(mask_version) = 3", is_wider=True),
    _aggregate("sum(double) → double", "The sum.", "sum(1.5) = 4.5"),
    _aggregate("avg(double) → double", "The mean.", "avg(mask_version) = 1.0"),
    _aggregate("min(O) → O", "The smallest.", 'min(event_name) = "DescribeInstances"'),
    _aggregate("max(O) → O", "The largest.", 'max(event_name) = "SetPasswordPolicy"'),
    _aggregate(
        "min_by(T, O) → T",
        "The first value of the row whose second is the smallest; of several rows any.",
        'min_by(event_id, event_time) = "e-1"',
        duckdb="arg_min_null({*})",
    ),
    _aggregate(
        "max_by(T, O) → T",
        "The first value of the row whose second is the largest; of several rows any.",
        'max_by(event_id, event_time) = "e-3"',
        duckdb="arg_max_null({*})",
    ),
    _ANY,
    *aliases("any_value", _ANY),
    _aggregate(
        "array_agg(T) → array(T)",
        "All values, NULLs too: as ORDER BY inside says, else in their own order.",
        'array_agg(event_name order by event_time) = ["RunInstances", "DescribeInstances", "SetPasswordPolicy"]',
    ),
    _ALL,
    *aliases("every", _ALL),
    _aggregate("bool_or(boolean) → boolean", "Whether it holds for one.", "bool_or(event_rw = 'Read') = true"),
    _aggregate("stddev(double) → double", "The standard deviation of a sample.", "stddev(mask_version) = 0.0"),
    _aggregate("variance(double) → double", "The variance of a sample.", "variance(mask_version) = 0.0"),
)

WINDOWS = (
    _window("row_number() → bigint", "The number of the row.", "row_number() over (order by event_time) = 1"),
    _window(
        "rank() → bigint",
        "Its rank, equal rows sharing one, with gaps behind them.",
        "rank() over (order by event_time) = 1",
    ),
    _window("dense_rank() → bigint", "The same without gaps.", "dense_rank() over (order by event_time) = 1"),
    _window("percent_rank() → double", "The rank from 0 to 1.", "percent_rank() over (order by event_time) = 0.0"),
    _window(
        "cume_dist() → double",
        "Which part of the rows comes no later.",
        "round(cume_dist() over (order by event_time), 2) = 0.33",
    ),
    _window(
        "ntile(bigint) → bigint",
        "Which of so many equal parts the row is in.",
        "ntile(3) over (order by event_time) = 1",
    ),
    _window("lag(T) → T", "The value of the row before.", "lag(event_id) over (order by event_time) = null"),
    _window(
        "lag(T, bigint) → T", "The value so many rows before.", "lag(event_id, 2) over (order by event_time) = null"
    ),
    _window(
        "lag(T, bigint, T) → T",
        "The same, or a value where there is no such row.",
        "lag(event_id, 1, '-') over (order by event_time) = \"-\"",
    ),
    _window("lead(T) → T", "The value of the row behind.", 'lead(event_id) over (order by event_time) = "e-2"'),
    _window(
        "lead(T, bigint) → T", "The value so many rows behind.", 'lead(event_id, 2) over (order by event_time) = "e-3"'
    ),
    _window(
        "lead(T, bigint, T) → T",
        "The same, or a value where there is no such row.",
        "lead(event_id, 3, '-') over (order by event_time) = \"-\"",
    ),
    _window(
        "first_value(T) → T",
        "The value of the window's first row.",
        'first_value(event_id) over (order by event_time) = "e-1"',
    ),
    _window(
        "last_value(T) → T",
        "The value of the window's last row.",
        'last_value(event_id) over (order by event_time rows between current row and unbounded following) = "e-3"',
    ),
    _window(
        "nth_value(T, bigint) → T",
        "The value of the window's row with this number.",
        'nth_value(event_id, 1) over (order by event_time) = "e-1"',
    ),
)
