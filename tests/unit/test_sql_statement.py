"""What SQL may say, and what it means."""

import pytest
import sqlglot

from tests.unit.sample_queries import SAMPLES
from tests.unit.sql_world import EVENTS, ask, found
from trailkeep.sql.columns import COLUMNS, COMPUTED, MEANINGS, STAR, TABLES
from trailkeep.sql.dialects import ForDuckDB, ForTrino
from trailkeep.sql.kinds import BIGINT, VARCHAR
from trailkeep.sql.statement import parse_statement


class TestWhatAStatementIs:
    def test_it_tells_what_it_reads_and_gives(self) -> None:
        statement = parse_statement(
            'select user_name as who, "event.requestParameters.Amount" n from log order by n limit 5'
        )

        assert statement.tables == {"log"}
        assert statement.columns == {"user_name"}
        assert dict(statement.paths) == {"event.requestParameters.Amount": ("requestParameters", "Amount")}
        assert statement.outputs == (("who", VARCHAR), ("n", VARCHAR))
        assert (statement.has_order, statement.limit, statement.reads) == (True, 5, 1)

    def test_without_from_it_is_about_what_was_found(self) -> None:
        assert ask("select count(1) as n") == [{"n": 3}]
        assert ask("select event_name where event_rw = 'Read'") == [{"event_name": "DescribeInstances"}]

    def test_within_another_one_it_is_about_nothing(self) -> None:
        assert ask("select x from (select 1 as x) as t") == [{"x": 1}]

    def test_tables_tell_events_from_insights(self) -> None:
        assert ask("select (select count(1) from events) as e, (select count(1) from insights) as i limit 1") == [
            {"e": 2, "i": 1}
        ]

    @pytest.mark.parametrize(
        ("text", "reads"),
        [
            ("select 1 from log", 1),
            ("select 1 from (select 1 as x) as t", 0),
            ("select * from events e join insights i on e.user_name = i.user_name", 2),
            ("with a as (select user_name from log) select * from a", 1),
            ("with a as (select user_name from log) select * from a x cross join a y", 2),
            ("with a as (select 1 as x) select count(1) from log", 1),
            ("select user_name from log where user_name in (select user_name from log)", 2),
            ("select user_name from log union all select event_name from log", 2),
        ],
    )
    def test_it_tells_how_often_its_rows_are_read(self, text: str, reads: int) -> None:
        assert parse_statement(text).reads == reads


class TestColumns:
    def test_there_are_those_of_the_lake(self) -> None:
        row = ask(f"select {', '.join(COLUMNS)} from log where event_id = 'e-1'")[0]

        assert list(row) == list(COLUMNS)
        assert row["event_time"] == "2026-03-04T01:02:03Z"
        assert row["resource_names"] == ["i-1", "sg-1"]
        assert "uid" not in row

    def test_each_has_a_meaning(self) -> None:
        assert set(MEANINGS) == {*COLUMNS, *COMPUTED}

    def test_a_star_gives_what_people_look_at_first(self) -> None:
        assert list(ask("select * limit 1")[0]) == list(STAR)
        assert list(ask("select l.*, event from log l limit 1")[0]) == [*STAR, "event"]

    def test_some_are_computed(self) -> None:
        sql = "select i.date, count(1) as n from events e join insights i on e.__time__ < i.__time__ group by i.date"
        assert ask(sql) == [{"date": "2026-03-05", "n": 2}]
        assert parse_statement(sql).columns == {"event_time"}

    def test_time_can_be_rounded_as_log_service_has_it(self) -> None:
        sql = "select date_format(from_unixtime(__time__ - __time__ % 3600), '%H:%i') as t, count(1) as n"
        assert ask(f"{sql} group by t order by t") == [{"t": f"0{hour}:00", "n": 1} for hour in (1, 2, 3)]

    def test_paths_go_into_the_original(self) -> None:
        sql = """
            select "event.userIdentity.userName" as who, "event.requestParameters.Price" as price,
                   "event.requestParameterJson.MaxPasswordAge" as age, event.eventName, log."event.absent"
            from log order by event_time
        """
        assert [list(row.values()) for row in ask(sql)] == [
            ["alice", "1.5", None, "RunInstances", None],
            ["alice", None, None, "DescribeInstances", None],
            ["root", None, "365", "SetPasswordPolicy", None],
        ]

    def test_a_dot_in_a_name_stands_behind_a_backslash(self) -> None:
        assert dict(parse_statement(r'select "event.tags.cost\.centre"').paths) == {
            r"event.tags.cost\.centre": ("tags", "cost.centre")
        }

    def test_events_know_upper_and_lower_case_and_engines_do_not(self) -> None:
        event = {**EVENTS[0], "a": "lower", "A": "upper"}
        assert ask('select "event.a", "event.A" order by "event.a"', found([event])) == [
            {"event.a": "lower", "event.A_2": "upper"}
        ]

    def test_names_in_results_are_there_once(self) -> None:
        sql = "select event_name as a, user_name as A, 1, count(1), event_rw as a_2 group by 1, 2, 5 order by 1 limit 1"
        assert list(ask(sql)[0]) == ["a", "A_3", "_col2", "_col3", "a_2"]


class TestMeaning:
    def test_groups_can_be_named_by_what_is_selected(self) -> None:
        assert ask('select "event.userIdentity.userName" as who, count(1) as n group by who order by who') == [
            {"who": "alice", "n": 2},
            {"who": "root", "n": 1},
        ]

    def test_such_a_name_comes_before_a_column(self) -> None:
        sql = """
            select coalesce(other, user_name) as user_name, arbitrary(event_name) as event_name
            from (select user_name, error_code as other, event_name from log) group by user_name order by 1
        """
        assert ask(sql) == [
            {"user_name": "NoPermission", "event_name": "DescribeInstances"},
            {"user_name": "alice", "event_name": "RunInstances"},
            {"user_name": "root", "event_name": "SetPasswordPolicy"},
        ]

    def test_a_name_of_an_aggregate_is_no_group_but_can_be_asked_for(self) -> None:
        sql = "select max(user_name) as user_name, count(1) as n from log group by event_rw, user_name having n > 0"
        assert len(ask(sql)) == 3

    def test_within_an_aggregate_a_name_is_a_column(self) -> None:
        sql = "select max(event_time) as event_time, user_name group by user_name"
        assert len(ask(f"{sql} having max(event_time) < '2026-03-05' order by max(event_time)")) == 1

    def test_a_condition_on_groups_can_name_them(self) -> None:
        assert ask("select user_name, count(1) as n group by user_name having n > 1") == [
            {"user_name": "alice", "n": 2}
        ]

    def test_a_resource_is_found_by_its_type(self) -> None:
        sql = """
            select names[place] as instance, count(1) as n
            from (select split("event.resourceName", ';') as names,
                         array_position(split("event.resourceType", ';'), 'ACS::ECS::SecurityGroup') as place from log)
            where place > 0 group by instance limit 10000
        """
        assert ask(sql) == [{"instance": "sg-1", "n": 1}]

    def test_resources_can_be_rows(self) -> None:
        sql = """
            select t.name, n, event_id
            from log cross join unnest(resource_names) with ordinality as t(name, n) order by n
        """
        assert ask(sql) == [{"name": "i-1", "n": 1, "event_id": "e-1"}, {"name": "sg-1", "n": 2, "event_id": "e-1"}]

    def test_values_of_a_group_come_in_order(self) -> None:
        assert ask("select array_agg(distinct event_rw) as a, array_agg(event_name order by event_time desc) as b") == [
            {"a": ["Read", "Write"], "b": ["SetPasswordPolicy", "DescribeInstances", "RunInstances"]}
        ]

    def test_aggregates_can_be_of_some_rows(self) -> None:
        assert ask(
            "select count(*) filter (where event_rw = 'Write') as n, sum(mask_version) as s, count_if(true) as i"
        ) == [{"n": 2, "s": 3, "i": 3}]

    def test_windows_see_other_rows(self) -> None:
        sql = """
            select event_id, lag(event_id) over (partition by user_name order by event_time) as before,
                   rank() over (order by user_name desc) as rank,
                   sum(mask_version) over (order by event_time rows between 1 preceding and current row) as s,
                   count(*) filter (where event_rw = 'Write') over (order by event_time) as w
            from log order by event_id
        """
        assert [list(row.values()) for row in ask(sql)] == [
            ["e-1", None, 2, 1, 1],
            ["e-2", "e-1", 2, 2, 1],
            ["e-3", None, 1, 2, 2],
        ]

    def test_windows_stand_over_groups(self) -> None:
        sql = "select user_name, row_number() over (order by count(1) desc) as place group by user_name order by 2"
        assert ask(sql) == [{"user_name": "alice", "place": 1}, {"user_name": "root", "place": 2}]

    def test_queries_stand_in_queries(self) -> None:
        sql = """
            with failed as (select user_name, count(1) as n from log where error_code is not null group by 1),
                 names(who) as (select user_name from failed)
            select event_id from log l
            where user_name in (select who from names)
              and exists (select 1 from failed f where f.user_name = l.user_name)
              and event_time = (select max(event_time) from log where user_name = 'alice')
        """
        assert ask(sql) == [{"event_id": "e-2"}]

    def test_queries_stand_beside_each_other(self) -> None:
        sql = """
            (select event_id from log order by event_time limit 1)
            union all select event_name from log where event_rw = 'Read'
            except select 'x' order by event_id desc limit 2 offset 0
        """
        assert [row["event_id"] for row in ask(sql)] == ["e-1", "DescribeInstances"]

    def test_joins_keep_what_they_say(self) -> None:
        sql = "select e.event_id, i.event_id as other from events e left join insights i on e.event_rw = i.event_rw"
        assert ask(f"{sql} order by 1") == [{"event_id": "e-1", "other": "e-3"}, {"event_id": "e-2", "other": None}]

    def test_a_time_that_is_written_out_is_a_time(self) -> None:
        sql = "select event_id where event_time between '2026-03-04T10:00:00+08:00' and date '2026-03-05' order by 1"
        assert ask(sql) == [{"event_id": "e-2"}]
        assert ask("select count(1) as n where event_time > '2026-03-05'") == [{"n": 1}]

    def test_nulls_come_last(self) -> None:
        assert [row["error_code"] for row in ask("select error_code order by error_code desc, event_id")] == [
            "NoPermission", None, None,
        ]  # fmt: skip
        assert ask("select error_code order by 1 nulls first limit 1") == [{"error_code": None}]


class TestSamples:
    @pytest.mark.parametrize("number", [number for number, text in SAMPLES.items() if "| select" in text])
    def test_every_sample_of_actiontrail_with_sql_runs(self, number: int) -> None:
        text = SAMPLES[number]
        statement = parse_statement(text, text.index("|") + 1)

        assert statement.tables == {"log"}
        ask(text[text.index("|") + 1 :])

    def test_a_policy_is_found_by_its_number(self) -> None:
        assert ask(SAMPLES[18].partition("|")[2]) == [{"account_id": "1", "age": 365}]

    def test_a_rule_with_all_that_rules_have(self) -> None:
        sql = """
            select account_id, who, arbitrary(kind) as kind, count(1) as cnt from (
              select "event.userIdentity.accountId" as account_id, "event.userIdentity.principalId" as who,
                case when "event.userIdentity.type" = 'root-account' then '主账号'
                     else "event.userIdentity.type" end as kind,
                cast(json_extract("event.requestParameterJson", '$.HardExpiry') as boolean) as expiry,
                json_extract("event.requestParameterJson", '$.MaxPasswordAge') as age
              from log
            ) where expiry = false and cast(age as bigint) > 90 group by account_id, who limit 10000
        """
        assert ask(sql) == [{"account_id": "1", "who": "1", "kind": "主账号", "cnt": 1}]


class TestInjection:
    @pytest.mark.parametrize(
        "text", ["' OR 1=1 --", '"; DROP TABLE log; --', "%_*\\", "\\' or ''='", "{0}", "$1", "\n\t", "é漢"]
    )
    def test_a_text_is_a_text(self, text: str) -> None:
        literal = "'" + text.replace("'", "''") + "'"
        assert ask(f"select {literal} as x, {literal} = {literal} as same from (select 1 as one) as t") == [
            {"x": text, "same": True}
        ]

    @pytest.mark.parametrize("name", ['a"b', "a'b", "a;b", "--", "/*", "{0}", "a.b", "select", "ü"])
    def test_a_name_is_a_name(self, name: str) -> None:
        quoted = '"' + name.replace('"', '""') + '"'
        sql = f"select t.{quoted} as {quoted} from (select 1 as {quoted}) as t order by {quoted}"
        assert ask(sql) == [{name: 1}]

    def test_a_path_is_a_name_too(self) -> None:
        assert ask("""select "event.x'; drop table log; --" as x limit 1""") == [{"x": None}]

    def test_comments_hide_nothing(self) -> None:
        assert ask("select /* ; drop table log */ 1 as x -- '\n from (select 1 as one) as t") == [{"x": 1}]


def test_both_engines_are_given_texts_that_they_can_read() -> None:
    statement = parse_statement(
        "with a as (select user_name, array_agg(event_name) as names from log group by 1)"
        " select a.user_name, t.n from a cross join unnest(names) as t(n)"
        " order by 1, 2 desc nulls first limit 3 offset 1"
    )
    for dialect, name in ((ForTrino, "trino"), (ForDuckDB, "duckdb")):
        sqlglot.parse_one(statement.tree.sql(dialect=dialect), read=name, error_level=sqlglot.ErrorLevel.RAISE)


def test_a_bigint_is_counted_in_64_bits() -> None:
    assert parse_statement("select sum(mask_version), count_if(true), 1").outputs == (
        ("_col0", BIGINT), ("_col1", BIGINT), ("_col2", BIGINT),
    )  # fmt: skip


def test_every_table_has_a_meaning() -> None:
    assert list(TABLES) == ["log", "events", "insights"]
