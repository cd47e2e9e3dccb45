"""What SQL may not say, and where an error says that it does."""

import pytest

from trailkeep.errors import InvalidQuery
from trailkeep.sql.statement import parse_statement


def refusal(text: str, at: int = 0) -> InvalidQuery:
    with pytest.raises(InvalidQuery) as error:
        parse_statement(text, at)
    return error.value


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "expected SELECT at line 1, column 1"),
            ("drop table log", "expected SELECT at line 1, column 1"),
            ("insert into log select 1", "expected SELECT at line 1, column 1"),
            ("copy (select 1) to 'x'", "expected SELECT at line 1, column 1"),
            ("attach 'x'", "expected SELECT at line 1, column 1"),
            ("pragma database_list", "expected SELECT at line 1, column 1"),
            ("set memory_limit = '1GB'", "expected SELECT at line 1, column 1"),
            ("explain select 1", "expected SELECT at line 1, column 1"),
            ("describe log", "expected SELECT at line 1, column 1"),
            ("values (1)", "expected SELECT at line 1, column 1"),
            ("table log", "expected SELECT at line 1, column 1"),
            ("from log", "expected SELECT at line 1, column 1"),
            ("select 1; select 2", "expected one statement, and here is a second at line 1, column 11"),
            ("select 1; drop table log", "expected one statement, and here is a second at line 1, column 11"),
            ("select 1 -- ; drop table log\n; select 2", "here is a second at line 2, column 3"),
            ("with r as (delete from log) select 1", "expected a SELECT, and this is DELETE"),
            ("select * from read_csv('/etc/passwd')", "expected a table or a SELECT in brackets at line 1, column 15"),
            ("select * from '/etc/passwd'", "there is no table /etc/passwd at line 1, column 15"),
            ('select * from "s3://bucket/key.parquet"', "there is no table s3://bucket/key.parquet"),
            ("select * from information_schema.tables", "TABLE with DB is not offered at line 1, column 15"),
            ("select * from duckdb_settings()", "expected a table or a SELECT in brackets"),
            ("select * from range(1000000000000)", "expected a table or a SELECT in brackets"),
            ("select repeat('a', 4000000000)", "repeat is not offered: it can make much out of nothing at line 1"),
            ("select sequence(1, 1000000000)", "sequence is not offered"),
            ("select getenv('AWS_SECRET_ACCESS_KEY')", "there is no function getenv"),
            ("select read_text('/etc/passwd')", "there is no function read_text"),
            ("select current_setting('s3_secret_access_key')", "there is no function current_setting"),
            ("select now()", "now is not offered: the question's startTime and endTime bound the events"),
            ("select random()", "random is not offered"),
            ("with recursive r as (select 1 as n union all select n + 1 from r) select * from r", "RECURSIVE"),
            ("with log as (select 1) select * from log", "log is the name of another table"),
            ("with _matched as (select 1) select * from _matched", "_matched is the name of another table"),
            ("select * from log tablesample bernoulli (5)", "TABLE with SAMPLE is not offered"),
            ("select * from log for update", "SELECT with LOCKS is not offered"),
            ("select * into x from log", "SELECT with INTO is not offered"),
            ("select $1", "there is no column $1"),
            ("select ?", "PLACEHOLDER is not offered here"),
            ("select :a", "PLACEHOLDER is not offered here"),
            ("select @a", "PARAMETER is not offered here"),
            ("select {'a': 1}", "STRUCT is not offered here"),
            ("select 'a' 'b'", "CONCAT is not offered here; texts are joined with ||"),
            ("select x -> x", "JSONEXTRACT is not offered here"),
            ("select event_time at time zone 'Asia/Shanghai'", "AT TIME ZONE is not offered here; add"),
            ("select user_name::bigint::json", "bigint cannot be cast to json"),
            ("select count(1) from log group by rollup(user_name)", "ROLLUP is not offered here"),
            ("select count(1) from log group by all", "GROUP with ALL is not offered"),
            ("select distinct on (user_name) user_name from log", "DISTINCT with ON is not offered"),
            ("select first_value(user_name) ignore nulls over (order by event_time)", "IGNORE NULLS is not offered"),
            ("select 1 where 1 = any (select 1)", "ANY is not offered here; use IN"),
            ("select * from log fetch first 3 rows only", "FETCH is not offered"),
            ("select a.user_name from log a natural join log b", "JOIN with METHOD is not offered"),
            ("select a.user_name from log a join log b using (user_name)", "JOIN with USING is not offered"),
            ("select user_name from log a, lateral (select 1) b", "expected a table or a SELECT in brackets"),
            ("select cast(1 as decimal(10, 2))", "nothing can be cast to decimal(10, 2) here at line 1, column 13"),
            ("select cast(user_name as varchar(3))", "nothing can be cast to varchar(3) here"),
            ("select cast(event_time as varchar)", "timestamp cannot be cast to varchar"),
            ("select interval '1' day", "an interval cannot be selected"),
        ],
    )  # fmt: skip
    def test_what_is_not_offered_is_refused(self, text: str, message: str) -> None:
        assert message in refusal(text).message

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("select evnt_name", "there is no column evnt_name; is it event_name? at line 1, column 8"),
            ("select sourceIpAddress", 'there is no column sourceIpAddress; is it "event.sourceIpAddress"?'),
            ("select lowr(user_name)", "there is no function lowr; is it lower? at line 1, column 8"),
            ("select * from logs", "there is no table logs at line 1, column 15"),
            ("select a.x from log as b", "there is no column a.x at line 1, column 8"),
            ("select user_name from log a, log b", "user_name can be several columns: write whose it is"),
            ("select x from (select 1 as x, 2 as y) t(y, x, z)", "3 names are given, and 2 columns selected"),
            ('select "event."', "there is no column event."),
            ('select "event.a..b"', "there is no column event.a..b"),
            ("select event_name, count(1)", "event_name must stand in GROUP BY, or inside an aggregate"),
            ("select count(1) from log having user_name = 'a'", "user_name must stand in GROUP BY"),
            ("select user_name from log group by user_name order by event_time", "event_time must stand in GROUP BY"),
            ("select user_name from log where count(1) > 1", "count makes one value of many rows"),
            ("select sum(count(1))", "count makes one value of many rows, and cannot stand in SELECT"),
            ("select 1 from log group by count(1)", "count makes one value of many rows, and cannot stand in GROUP BY"),
            ("select 1 group by 2", "2 is no column that is selected: there are 1 at line 1, column 19"),
            ("select rank()", "rank stands before OVER (…)"),
            ("select user_name where rank() over (order by event_time) = 1", "a window cannot stand in WHERE"),
            ("select lower(user_name) over ()", "lower is no function over several rows"),
            ("select count(distinct user_name) over ()", "DISTINCT cannot stand before OVER (…)"),
            ("select count(distinct user_name, event_name)", "DISTINCT takes one value"),
            ("select array_agg(distinct user_name order by event_time)", "can be ordered by themselves alone"),
            ("select max(user_name order by event_time)", "ORDER BY changes nothing here"),
            ("select lower(mask_version)", "lower takes (varchar), not (bigint) at line 1, column 8"),
            ("select user_name || 1", "|| takes (varchar, varchar) or (array(T), array(T)), not (varchar, bigint)"),
            ("select user_name + 1", "+ takes (bigint, bigint) or (double, double)"),
            ("select coalesce(user_name, 1)", "coalesce takes (T, T…), not (varchar, bigint)"),
            ("select case when true then 'a' else 1 end", "varchar and bigint cannot stand for each other"),
            ("select 1 where user_name", "WHERE needs a condition, and this is varchar at line 1, column 16"),
            ("select 1 where user_name > 90", "varchar and bigint cannot be compared at line 1, column 16"),
            ("select 1 where mask_version in (1, 'a')", "bigint and varchar cannot be compared at line 1, column 36"),
            ("select 1 where event_time > 'yesterday'", "'yesterday' is no timestamp"),
            ("select 1 where json_parse(event) = '{}'", "json and varchar cannot be compared"),
            ("select 1 where resource_names > resource_types", "array(varchar) cannot be compared"),
            ("select 1 where mask_version like 'a'", "LIKE compares texts"),
            ("select 1 where user_name like 'a' escape 'ab'", "what escapes is one character in quotes"),
            ("select 1 where user_name is true", "IS goes with NULL alone"),
            ("select json_parse(event) group by 1", "json makes no groups"),
            ("select distinct json_parse(event)", "json cannot be told apart by DISTINCT"),
            ("select 1 order by json_parse(event)", "json has no order"),
            ("select distinct user_name from log order by event_time", "can be ordered by what is selected alone"),
            ("select 1 union select 1, 2", "UNION of 1 columns with 2"),
            ("select 1 union select 'a'", "_col0 is bigint in one SELECT and varchar in the other"),
            ("select 1 union select 2 order by user_name", "what UNION gives can be ordered by its columns alone"),
            ("select 1 intersect select 2 union select 3 intersect select 4", "put brackets around what belongs"),
            ("select (select user_name, event_name from log)", "a SELECT for a value selects one column"),
            ("select 1 limit user_name", "LIMIT is a number at line 1, column 16"),
            ("select 1 limit -1", "LIMIT is a number"),
            ("select 1 limit 99999999999999999999", "LIMIT is a number"),
            ("select resource_names order by 1", "array(varchar) has no order"),
            ("select resource_names union all select resource_types order by 1", "array(varchar) has no order"),
            ("select 1 limit 1.5", "LIMIT is a number"),
            ("select 99999999999999999999", "99999999999999999999 is larger than a bigint can be"),
            ("select 1e999", "1e999 is larger than a double can be"),
            ("select 1 from log a left join log b", "a JOIN needs ON, but CROSS JOIN has none"),
            ("select 1 from log a cross join log b on true", "a JOIN needs ON, but CROSS JOIN has none"),
            ("select 1 from log cross join unnest(user_name) as t(x)", "UNNEST takes an array, and this is varchar"),
            ("select 1 from log cross join unnest(resource_names)", "it is written UNNEST(array) AS t(element)"),
            ("select 1 from log left join unnest(resource_names) as t(x) on true", "UNNEST goes with CROSS JOIN alone"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_says_what_and_where(self, text: str, message: str) -> None:
        assert message in refusal(text).message

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("select a from log where", 'something is missing behind "where" at line 1, column 19'),
            ("select (1", 'expected ")"'),
            (
                "select 1 from log\nwhere user_name = 'x",
                "never closed at line 2, column 19",
            ),
            ('select "event.a', "a quote or a comment is opened and never closed at line 1, column 8"),
            ("select 1 /* never", "a quote or a comment is opened and never closed at line 1, column 10"),
            ("select a b c from log", '"c" is not expected at line 1, column 12'),
            ("select 1 as select", '"select" is not expected at line 1, column 13'),
        ],
    )
    def test_what_is_no_sql_says_where_it_stops_being_some(self, text: str, message: str) -> None:
        assert message in refusal(text).message

    def test_places_are_those_of_the_whole_query(self) -> None:
        query = "event.eventName: x |\n  select evnt_name"
        assert "at line 2, column 10" in refusal(query, query.index("|") + 1).message

    def test_a_number_compared_with_a_text_says_what_to_write(self) -> None:
        hint = refusal('select 1 where "event.requestParameters.Amount" > 90').hint
        assert "cast(… as bigint)" in hint
        assert "try_cast" in hint
        assert "'90'" in hint

    @pytest.mark.parametrize(
        "text",
        [
            "select " + "(" * 10_000 + "1" + ")" * 10_000,
            "select " + "(" * 51 + "1" + ")" * 51,
            "select " + "[" * 3000,
            "select " + "not " * 2000 + "true",
            "select " + "- " * 2000 + "1",
            "select 1" + " + 1" * 2000,
            "select " + "case when true then " * 300 + "1" + " end" * 300,
            "select " + "lower(" * 2000,
            "select 1 from " + "(select 1 from " * 300 + "log" + ")" * 300,
            "select 1" + " union all select 1" * 600,
            "select '" + "a" * 10_000 + "'",
            "select event_name in (" + ", ".join(["'a'"] * 10_000) + ")",
            "select " + "substr(" * 40 + "event_name" + ", 1)" * 40,
        ],
    )  # fmt: skip
    def test_what_is_too_large_or_too_deep_is_refused_at_once(self, text: str) -> None:
        assert refusal(text).status == 400

    def test_long_conditions_are_not_deep(self) -> None:
        parse_statement("select 1 where " + " or ".join(["user_name = 'a'"] * 500))
        parse_statement("select " + " || ".join(["user_name"] * 500))
        parse_statement("select 1 where user_name in (" + ", ".join(["'a'"] * 1500) + ")")
