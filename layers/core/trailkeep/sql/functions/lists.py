"""Functions of arrays and of JSON. Places in an array are counted from 1, and from its end where they are negative."""

from trailkeep.sql.functions.function import function

_CARDINALITY = function(
    "cardinality(array(T)) → bigint", "How many elements it has.", "cardinality(array['a', 'b']) = 2", duckdb="len({0})"
)

LISTS = (
    _CARDINALITY,
    function(
        "element_at(array(T), bigint) → T",
        "One element, as with […]; NULL where there is none.",
        "element_at(split('a;b', ';'), 2) = \"b\"",
        trino="element_at({0}, nullif({1}, 0))",
        duckdb="list_extract({0}, {1})",
    ),
    function(
        "contains(array(C), C) → boolean",
        "Whether a value is among the elements; NULL where it is not and NULL is.",
        "contains(resource_types, 'ACS::ECS::Instance') = true",
        duckdb="CASE WHEN list_contains({0}, {1}) THEN true "
        "WHEN list_count({0}) = len({0}) THEN list_contains({0}, {1}) END",
    ),
    function(
        "array_position(array(C), C) → bigint",
        "Where a value first is; 0 where it is not.",
        "array_position(split('a;b', ';'), 'b') = 2",
        duckdb="CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN coalesce(list_position({0}, {1}), 0) END",
    ),
    function(
        "array_join(array(varchar), separator) → varchar",
        "The elements with a text between them, NULLs left out.",
        "array_join(array['a', null, 'b'], ', ') = \"a, b\"",
        duckdb="array_to_string({0}, {1})",
    ),
    function(
        "array_sort(array(O)) → array(O)",
        "The elements in order, NULLs last.",
        "array_sort(array['b', 'a']) = [\"a\", \"b\"]",
        duckdb="list_sort({0}, 'ASC', 'NULLS LAST')",
    ),
    function(
        "array_distinct(array(O)) → array(O)",
        "The different elements in order, without NULL.",
        "array_distinct(array['b', 'a', 'b', null]) = [\"a\", \"b\"]",
        trino="array_sort(array_distinct(filter({0}, e -> e IS NOT NULL)))",
        duckdb="list_sort(list_distinct({0}))",
    ),
    function(
        "json_extract(varchar, path) → json",
        "What is at a path of a JSON text; NULL where there is nothing, or no JSON.",
        'json_extract(\'{"Rules": [{"Port": 22}]}\', \'$.Rules[0]\') = "{\\"Port\\":22}"',
        duckdb="TRY(json_extract({*}))",
    ),
    function(
        "json_extract(json, path) → json",
        "The same of JSON.",
        "json_extract(json_parse('[1, [2, 3]]'), '$[1]') = \"[2,3]\"",
    ),
    function(
        "json_extract_scalar(varchar, path) → varchar",
        "The text, number, true or false at a path of a JSON text, as a text; NULL for anything else.",
        "json_extract_scalar('{\"MaxPasswordAge\": 90}', '$.MaxPasswordAge') = \"90\"",
        duckdb="(TRY(json_value({*})) ->> '$')",
    ),
    function(
        "json_extract_scalar(json, path) → varchar",
        "The same of JSON.",
        'json_extract_scalar(json_parse(\'{"a": "b"}\'), \'$.a\') = "b"',
        duckdb="(json_value({*}) ->> '$')",
    ),
    function(
        "json_array_length(varchar) → bigint",
        "How many elements a JSON list has; NULL for anything else.",
        "json_array_length('[1, 2]') = 2",
        duckdb="TRY(CASE WHEN json_type({0}) = 'ARRAY' THEN CAST(json_array_length({0}) AS BIGINT) END)",
    ),
    function(
        "json_array_length(json) → bigint",
        "The same of JSON.",
        "json_array_length(json_parse('{}')) = null",
        duckdb="CASE WHEN json_type({0}) = 'ARRAY' THEN CAST(json_array_length({0}) AS BIGINT) END",
    ),
    function(
        "json_parse(varchar) → json",
        "The JSON that a text is; an error where it is none.",
        'json_format(json_parse(\'{"a": [1, 2]}\')) = "{\\"a\\":[1,2]}"',
        duckdb="json({0})",
    ),
    function(
        "json_format(json) → varchar",
        "JSON as a text, without blanks between its parts.",
        "json_format(json_extract('{\"a\": [1, 2]}', '$.a')) = \"[1,2]\"",
        duckdb="CAST({0} AS VARCHAR)",
    ),
)
