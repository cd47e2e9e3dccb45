"""Functions of times. All are in UTC; weeks begin on Monday, and the first of a year holds its first Thursday."""

from trailkeep.sql.functions.function import Function, aliases, function

_AT = "timestamp '2026-03-04 05:06:07'"


def _part(
    name: str, meaning: str, gives: int, *others: str, kind: str = "timestamp", duckdb: str = ""
) -> list[Function]:
    """A part of a time, by one name or several."""
    at = _AT if kind == "timestamp" else "date '2026-03-04'"
    part = function(f"{name}({kind}) → bigint", meaning, f"{name}({at}) = {gives}", duckdb=duckdb or f"{name}({{0}})")
    return [part, *(each for other in others for each in aliases(other, part))]


def _day_part(name: str, meaning: str, gives: int, *others: str, duckdb: str = "") -> list[Function]:
    """A part that both dates and times have: a date is a time too."""
    return _part(name, meaning, gives, *others, duckdb=duckdb)


TIMES = (
    function(
        "date_trunc(unit, timestamp) → timestamp",
        "The start of the second, minute, hour, day, week, month, quarter or year that it is in.",
        f"date_trunc('hour', {_AT}) = \"2026-03-04T05:00:00Z\"",
    ),
    function(
        "date_trunc(day_unit, date) → date",
        "Of a date: the day, week, month, quarter or year.",
        "date_trunc('month', date '2026-03-04') = \"2026-03-01\"",
        duckdb="CAST(date_trunc({0}, {1}) AS DATE)",
    ),
    function(
        "date_add(step, bigint, timestamp) → timestamp",
        "So many units later; earlier where it is negative.",
        f"date_add('hour', -8, {_AT}) = \"2026-03-03T21:06:07Z\"",
        duckdb="({2} + {1} * {0})",
    ),
    function(
        "date_add(day_step, bigint, date) → date",
        "The same for a date.",
        "date_add('day', 1, date '2026-02-28') = \"2026-03-01\"",
        duckdb="CAST({2} + {1} * {0} AS DATE)",
    ),
    function(
        "date_diff(unit, timestamp, timestamp) → bigint",
        "How many whole units lie between the first and the second.",
        f"date_diff('hour', {_AT}, timestamp '2026-03-04 07:00:00') = 1",
        duckdb="date_sub({*})",
    ),
    function(
        "date_format(timestamp, format) → varchar",
        "The time as a text, by MySQL's specifiers: %Y-%m-%d %H:%i:%s.",
        f"date_format({_AT}, '%Y-%m-%d %H:%i') = \"2026-03-04 05:06\"",
        duckdb="strftime({*})",
    ),
    function(
        "date_parse(varchar, read_format) → timestamp",
        "The time that is written so.",
        "date_parse('04/03/2026 05:06', '%d/%m/%Y %H:%i') = \"2026-03-04T05:06:00Z\"",
        duckdb="strptime({*})",
    ),
    function(
        "from_iso8601_timestamp(varchar) → timestamp",
        "The time that is written as in events; with an offset, what that is in UTC.",
        "from_iso8601_timestamp('2026-03-04T05:06:07+08:00') = \"2026-03-03T21:06:07Z\"",
        trino="CAST(from_iso8601_timestamp({0}) AT TIME ZONE 'UTC' AS TIMESTAMP(3))",
        duckdb="make_timestamp(epoch_us(CAST({0} AS TIMESTAMPTZ)))",
    ),
    function(
        "from_unixtime(double) → timestamp",
        "The time so many seconds after 1970.",
        'from_unixtime(1772600767) = "2026-03-04T05:06:07Z"',
        trino="CAST(from_unixtime({0}) AT TIME ZONE 'UTC' AS TIMESTAMP(3))",
        duckdb="make_timestamp(CAST(round(CAST({0} AS DOUBLE) * 1000) AS BIGINT) * 1000)",
    ),
    function(
        "to_unixtime(timestamp) → double",
        "Seconds since 1970.",
        f"to_unixtime({_AT}) = 1772600767.0",
        duckdb="epoch({0})",
    ),
    function(
        "date(timestamp) → date",
        "The day that it is in.",
        f'date({_AT}) = "2026-03-04"',
        trino="CAST({0} AS DATE)",
        duckdb="CAST({0} AS DATE)",
    ),
    function(
        "last_day_of_month(timestamp) → date",
        "The last day of its month.",
        f'last_day_of_month({_AT}) = "2026-03-31"',
        duckdb="last_day({0})",
    ),
    *_day_part("year", "The year.", 2026),
    *_day_part("quarter", "The quarter of the year.", 1),
    *_day_part("month", "The month of the year.", 3),
    *_day_part("week", "The week of the year.", 10, "week_of_year", duckdb="weekofyear({0})"),
    *_day_part("day", "The day of the month.", 4, "day_of_month"),
    *_day_part("day_of_week", "The day of the week: 1 is Monday.", 3, "dow", duckdb="isodow({0})"),
    *_day_part("day_of_year", "The day of the year.", 63, "doy", duckdb="dayofyear({0})"),
    *_day_part("hour", "The hour of the day.", 5),
    *_day_part("minute", "The minute of the hour.", 6),
    *_day_part("second", "The second of the minute.", 7),
    *_day_part("millisecond", "The millisecond of the second.", 0, duckdb="(millisecond({0}) % 1000)"),
)
