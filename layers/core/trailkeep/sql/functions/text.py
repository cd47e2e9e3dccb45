"""Functions of text. Characters are Unicode's code points, counted from 1."""

from trailkeep.sql.functions.function import aliases, function

_BLANKS = r"E' \t\n\r\f\x0b'"
"""What Trino takes for blank; DuckDB's own trim knows the space alone."""

_SUBSTR = (
    function(
        "substr(varchar, bigint) → varchar",
        "The text from this character on; from the end where it is negative; empty where there is none.",
        "substr('DescribeInstances', 9) = \"Instances\"",
        duckdb="CASE WHEN {1} = 0 OR {1} < -length({0}) THEN substr({0}, 1, 0) ELSE substr({0}, {1}) END",
    ),
    function(
        "substr(varchar, bigint, bigint) → varchar",
        "The same, of at most so many characters.",
        "substr('DescribeInstances', 1, 8) = \"Describe\"",
        duckdb="CASE WHEN {1} = 0 OR {1} < -length({0}) OR {2} <= 0 THEN substr({0}, 1, 0) "
        "ELSE substr({0}, {1}, {2}) END",
    ),
)

TEXT = (
    function("length(varchar) → bigint", "How many characters it has.", "length('añb') = 3"),
    function("lower(varchar) → varchar", "In lower case.", "lower('RunInstances') = \"runinstances\""),
    function("upper(varchar) → varchar", "In upper case.", "upper('ecs') = \"ECS\""),
    function(
        "trim(varchar) → varchar",
        "Without the blanks at both ends.",
        "trim('  a b ') = \"a b\"",
        duckdb=f"trim({{0}}, {_BLANKS})",
    ),
    function(
        "ltrim(varchar) → varchar",
        "Without the blanks at its start.",
        "ltrim('  a ') = \"a \"",
        duckdb=f"ltrim({{0}}, {_BLANKS})",
    ),
    function(
        "rtrim(varchar) → varchar",
        "Without the blanks at its end.",
        "rtrim(' a  ') = \" a\"",
        duckdb=f"rtrim({{0}}, {_BLANKS})",
    ),
    *_SUBSTR,
    *aliases("substring", *_SUBSTR),
    function(
        "strpos(varchar, varchar) → bigint",
        "Where the second text first stands in the first; 0 where it does not.",
        "strpos('a.b', '.') = 2",
    ),
    function(
        "starts_with(varchar, varchar) → boolean",
        "Whether the first text starts with the second.",
        "starts_with('oss.aliyuncs.com', 'oss.') = true",
    ),
    function(
        "replace(varchar, varchar, varchar) → varchar",
        "The first text with each second one in it replaced by the third; NULL where the second is empty.",
        "replace('a-b-c', '-', '.') = \"a.b.c\"",
        trino="replace({0}, nullif({1}, ''), {2})",
        duckdb="replace({0}, nullif({1}, ''), {2})",
    ),
    function("reverse(varchar) → varchar", "Its characters from the last to the first.", "reverse('abc') = \"cba\""),
    function(
        "concat(varchar, varchar…) → varchar",
        "The texts behind each other, as with ||; NULL where one of them is.",
        "concat('a', 'b', 'c') = \"abc\"",
        trino="({* || })",
        duckdb="({* || })",
    ),
    function(
        "lpad(varchar, width, varchar) → varchar",
        "As long as this, filled up at its start or cut at its end.",
        "lpad('7', 2, '0') = \"07\"",
    ),
    function(
        "rpad(varchar, width, varchar) → varchar",
        "As long as this, filled up or cut at its end.",
        "rpad('a', 3, '.') = \"a..\"",
    ),
    function(
        "split(varchar, varchar) → array(varchar)",
        "The parts of the first text between the second ones; NULL where the second is empty.",
        "split('i-1;sg-2', ';') = [\"i-1\", \"sg-2\"]",
        trino="split({0}, nullif({1}, ''))",
        duckdb="CASE WHEN {1} <> '' THEN string_split({0}, {1}) END",
    ),
    function(
        "split_part(varchar, varchar, bigint) → varchar",
        "One of these parts, counted from 1; NULL where there is none.",
        "split_part('acs:ram::1:user/bob', '/', 2) = \"bob\"",
        trino="element_at(split({0}, nullif({1}, '')), nullif(greatest({2}, 0), 0))",
        duckdb="CASE WHEN {1} <> '' AND {2} > 0 THEN list_extract(string_split({0}, {1}), {2}) END",
    ),
    function(
        "regexp_like(varchar, pattern) → boolean",
        "Whether a part of the text matches.",
        "regexp_like('NoPermission.Ram', '^NoPermission') = true",
        duckdb="regexp_matches({*})",
    ),
    function(
        "regexp_extract(varchar, pattern) → varchar",
        "The first part that matches; NULL where none does.",
        "regexp_extract('i-2ze and i-9ab', 'i-[0-9a-z]+') = \"i-2ze\"",
        duckdb="list_extract(regexp_extract_all({0}, {1}), 1)",
    ),
    function(
        "regexp_extract(varchar, pattern, group) → varchar",
        "Of that the group with this number; NULL also where the group took no part.",
        "regexp_extract('user/bob', '([a-z]+)/([a-z]+)', 2) = \"bob\"",
        duckdb="list_extract(regexp_extract_all({*}), 1)",
    ),
    function(
        "regexp_replace(varchar, pattern, replacement) → varchar",
        "The text with each part that matches replaced; $1 stands for the first group.",
        "regexp_replace('i-2ze:i-9ab', 'i-([0-9a-z]+)', '$1') = \"2ze:9ab\"",
        duckdb="regexp_replace({0}, {1}, {2}, 'g')",
    ),
)
