"""The text for Athena gives what was searched for. It runs on DuckDB: tests/unit/trino.py says how."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify

from tests.unit.athena_tables import DATABASE, Tables
from tests.unit.memory_bucket import NOW
from tests.unit.sample_queries import SAMPLES
from tests.unit.strategies import DAY, MIDNIGHT, events, make_event, store
from trailkeep.athena.sources import NOWHERE, Source, sources_of
from trailkeep.athena.text import LONGEST_BYTES, Asked, text_for
from trailkeep.errors import InvalidQuery
from trailkeep.events.event import Event
from trailkeep.events.timestamps import from_micros
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lake.parts import Lake
from trailkeep.lookup.filters import FILTERS, make_filter
from trailkeep.schema import EVENTS as LAKE
from trailkeep.search.conditions import Everything
from trailkeep.search.language import parse_query
from trailkeep.search.matching import Matching
from trailkeep.sql.statement import parse_statement

ANY = Matching(0, 4_000_000_000_000_000, (EVENTS, INSIGHTS), (), (), Everything())
SOURCES = (Source(EVENTS, ("cn-hangzhou",), "2026-03-01", "2026-03-02"),)


@pytest.fixture
def tables() -> Tables:
    return Tables()


def stored(tables: Tables, *found: Event, dataset: str = EVENTS, name: str = "part") -> None:
    store(tables.bucket, list(found), name, dataset)


def told(number: int, original: dict[str, Any] | None = None, **fields: Any) -> Event:
    return make_event(number, event=json.dumps({"eventId": f"id-{number}", **(original or {})}), **fields)


def ids(rows: list[tuple[Any, ...]]) -> list[int]:
    """The numbers of events, in the order in which they are."""
    return [int(json.loads(row[-1])["eventId"].removeprefix("id-")) for row in rows]


def text(query: str, **changes: Any) -> str:
    parsed = parse_query(query)
    statement = parse_statement(query, parsed.sql_at) if parsed.sql else None
    asked = Asked(replace(ANY, condition=parsed.condition), SOURCES, NOW, 100)
    return text_for(replace(asked, **changes), DATABASE, statement)


@pytest.mark.parametrize("number", SAMPLES)
def test_every_sample_is_one_select_of_trino(number: int) -> None:
    written = text(SAMPLES[number])
    assert parse_one(written, read="trino").sql(dialect="trino")
    assert len(written) < 10_000


COLUMNS = dict.fromkeys((*LAKE.names, "region", "date"), "VARCHAR")


@pytest.mark.parametrize("number", SAMPLES)
def test_every_name_in_a_text_means_one_column(number: int) -> None:
    """DuckDB takes the first of several columns of one name, Trino none."""
    schema = {DATABASE: {EVENTS: COLUMNS, INSIGHTS: COLUMNS}}
    tree = qualify(parse_one(text(SAMPLES[number]), read="trino"), schema=schema, dialect="trino")
    for select in tree.find_all(exp.Select):
        names = [name.lower() for name in select.named_selects]
        assert len(set(names)) == len(names)


def test_events_are_told_with_their_times_and_places(tables: Tables) -> None:
    event = told(1, event_time=MIDNIGHT + 5_000, region="us-east-1")
    stored(tables, event)
    assert tables.ask() == [(MIDNIGHT + 5_000, event.uid.hex().upper(), "us-east-1", EVENTS, event.event)]


def test_the_newest_events_come_first(tables: Tables) -> None:
    stored(tables, *(told(number, event_time=MIDNIGHT + number * 1000) for number in (2, 3, 1)))
    assert ids(tables.ask()) == [3, 2, 1]
    assert ids(tables.ask(newest_first=False)) == [1, 2, 3]


def test_events_of_one_moment_are_in_the_order_of_their_identities(tables: Tables) -> None:
    found = [told(number) for number in range(5)]
    stored(tables, *found)
    expected = sorted(range(5), key=lambda number: found[number].uid)
    assert ids(tables.ask(newest_first=False)) == expected
    assert ids(tables.ask()) == expected[::-1]


def test_there_are_no_more_rows_than_wanted(tables: Tables) -> None:
    stored(tables, *(told(number, event_time=MIDNIGHT + number * 1000) for number in range(5)))
    assert ids(tables.ask(limit=2)) == [4, 3]


def test_an_event_that_was_delivered_twice_is_found_once(tables: Tables) -> None:
    stored(tables, told(1), told(2))
    stored(tables, told(2), told(3), name="again")
    assert sorted(ids(tables.ask())) == [1, 2, 3]
    assert tables.ask("event.eventId: id-2 | select count(*)") == [(1,)]


def test_the_window_is_half_open(tables: Tables) -> None:
    stored(tables, *(told(number, event_time=MIDNIGHT + number * 1000) for number in range(4)))
    assert ids(tables.ask(start=MIDNIGHT + 1000, end=MIDNIGHT + 3000)) == [2, 1]


def test_what_is_delivered_later_is_not_found(tables: Tables) -> None:
    stored(tables, told(1))  # delivered at midnight
    assert tables.ask(as_of=from_micros(MIDNIGHT)) == []
    assert ids(tables.ask(as_of=from_micros(MIDNIGHT) + timedelta(seconds=1))) == [1]


def test_only_the_regions_and_datasets_that_are_asked_for_are_read(tables: Tables) -> None:
    stored(tables, told(1, region="cn-hangzhou"), told(2, region="us-east-1"))
    stored(tables, told(3, region="us-east-1"), dataset=INSIGHTS)
    assert sorted(ids(tables.ask(regions=("us-east-1",)))) == [2, 3]
    assert sorted(ids(tables.ask(datasets=(EVENTS,)))) == [1, 2]
    assert ids(tables.ask(datasets=(INSIGHTS,), regions=("us-east-1", "eu-west-1"))) == [3]
    assert tables.ask(datasets=(INSIGHTS,), regions=("cn-hangzhou",)) == []


def test_a_region_that_has_no_data_yet_gives_no_rows_and_a_count_of_none(tables: Tables) -> None:
    assert tables.ask(regions=("cn-hangzhou",)) == []
    assert tables.ask("* | select count(*)", regions=("cn-hangzhou",)) == [(0,)]


def test_filters_hold_as_in_a_lookup(tables: Tables) -> None:
    stored(tables, told(1, account_id="1"), told(2, account_id="2"), told(3, account_id=None))
    one = make_filter("accountId", ("1",), FILTERS)
    assert ids(tables.ask(filters=(one,))) == [1]
    others = make_filter("accountId!", ("1",), FILTERS)
    assert sorted(ids(tables.ask(filters=(others,)))) == [2, 3]


def test_conditions_are_asked_of_events_and_insights_alike(tables: Tables) -> None:
    stored(tables, told(1, {"insightDetails": {"insightType": "IpInsight"}}), told(2))
    stored(tables, told(3, {"insightDetails": {"insightType": "ipInsight"}}), dataset=INSIGHTS)
    assert sorted(ids(tables.ask("event.insightDetails.insightType: IpInsight"))) == [1, 3]


def test_the_partitions_that_are_read_are_those_that_there_are(tables: Tables) -> None:
    stored(tables, told(1, event_time=MIDNIGHT), told(2, event_time=MIDNIGHT + 2 * DAY, region="us-east-1"))
    events_, insights = sources_of(Lake(tables.bucket), ANY)
    assert events_ == Source(EVENTS, ("cn-hangzhou", "us-east-1"), "2026-03-09", "2026-03-11")
    assert insights.regions == (NOWHERE,)
    narrower = replace(ANY, start=MIDNIGHT + DAY, regions=("us-east-1", "nowhere"), datasets=(EVENTS,))
    assert sources_of(Lake(tables.bucket), narrower) == (Source(EVENTS, ("us-east-1",), "2026-03-11", "2026-03-11"),)


def test_sql_reads_the_tables_that_it_names(tables: Tables) -> None:
    stored(tables, told(1), told(2))
    stored(tables, told(3), dataset=INSIGHTS)
    assert tables.ask("* | select count(*) as n") == [(3,)]
    assert tables.ask("* | select count(*) as n from log") == [(3,)]
    assert tables.ask("* | select count(*) as n from events") == [(2,)]
    assert tables.ask("* | select count(*) as n from insights") == [(1,)]
    both = "* | select e.event_id, i.event_id from events e join insights i on e.event_id < i.event_id order by 1"
    assert tables.ask(both) == [("id-1", "id-3"), ("id-2", "id-3")]


def test_sql_reads_what_the_search_found_and_nothing_else(tables: Tables) -> None:
    stored(tables, *(told(number, {"a": number}) for number in range(5)))
    assert tables.ask('event.a >= 3 | select "event.a" as a from log order by a') == [("3",), ("4",)]


ORIGINAL = r"""{"text": "a\"b\u0041\\", "number": 1.50, "big": 1E+2, "true": true, "null": null, "a.b": "dot",
"0": "zero", "list" : [1, {"x": "\/"}], "object": { "k" : [ 1.0 , "é\t" ] , "l": {}}, "empty": "",
"held": "{\"Max\": 9.0, \"in\": {\"x\": \"y\"}, \"t\": \"{\\\"z\\\": 1}\"}", "\u0071\"\\": {"a b": 7},
"heldList": "[{\"a\": 1}]", "twice": "{\"a\": 1, \"a\": 2}", "broken": "{\"a\": 1"}"""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event.text", 'a"bA\\'),
        ("event.number", "1.50"),
        ("event.big", "1E+2"),
        ("event.true", "true"),
        ("event.null", None),
        ("event.absent", None),
        ("event.empty", ""),
        ("event.list", '[1,{"x":"/"}]'),
        ("event.list.x", None),
        ("event.list.0", None),
        ("event.0", "zero"),
        ("event.object", r'{"k":[1.0,"é\t"],"l":{}}'),
        ("event.object.l", "{}"),
        ("event.object.k", r'[1.0,"é\t"]'),
        ("event.held.Max", "9.0"),
        ("event.held.in", '{"x":"y"}'),
        ("event.held.in.x", "y"),
        ("event.held.t", '{"z": 1}'),
        ("event.held.t.z", None),
        ("event.heldList.a", None),
        ("event.twice.a", None),
        ("event.twice", '{"a": 1, "a": 2}'),
        ("event.broken.a", None),
        (r"event.a\.b", "dot"),
        (r'event.q""\\.a b', "7"),
    ],
)
def test_columns_that_are_paths_hold_what_stands_there_as_the_original_writes_it(
    tables: Tables, path: str, value: str | None
) -> None:
    stored(tables, make_event(1, event=ORIGINAL))
    assert tables.ask(f'* | select "{path}" as found') == [(value,)]


def test_paths_that_differ_in_case_alone_are_columns_of_their_own(tables: Tables) -> None:
    stored(tables, told(1, {"a": "small", "A": "large"}))
    assert tables.ask('* | select "event.a" as a, "event.A" as b') == [("small", "large")]


def test_arrays_and_json_come_as_texts_that_can_be_read_back(tables: Tables) -> None:
    stored(tables, told(1, {"a": 'x"'}), told(2, {"a": "y, z"}))
    ((found,),) = tables.ask('* | select array_agg("event.a") as found')
    assert json.loads(found) == ['x"', "y, z"]
    asked = """event.a: x* | select json_extract("event", '$.a') as one from log"""
    assert tables.ask(asked) == [('"x\\""',)]


def test_a_union_of_selects_keeps_its_order(tables: Tables) -> None:
    stored(tables, told(1))
    asked = "* | select 1 as a, event_id from log union all select 2, event_id from log order by 1 desc"
    assert tables.ask(asked) == [(2, "id-1"), (1, "id-1")]


def test_a_statement_has_its_own_limit_within_that_of_all(tables: Tables) -> None:
    stored(tables, *(told(number) for number in range(5)))
    assert len(tables.ask("* | select event_id from log limit 3")) == 3
    assert len(tables.ask("* | select event_id from log limit 4", limit=2)) == 2
    assert len(tables.ask("* | select event_id from log", limit=2)) == 2
    assert tables.ask("* | select event_id from log limit 0") == []


def test_a_statement_without_tables_reads_none() -> None:
    assert "WITH" not in text("* | select 1 as one from (select 2 as two) t")


def test_what_athena_would_not_take_is_refused_with_a_reason() -> None:
    many = " or ".join(f"event.a{number}.b.c: x" for number in range(160))
    with pytest.raises(InvalidQuery, match=f"longer than the {LONGEST_BYTES} bytes"):
        text(many)


def test_values_are_literals_whatever_they_hold(tables: Tables) -> None:
    stored(tables, told(1, {"a": "' OR 1=1 --"}), told(2, {"a": "b"}))
    assert ids(tables.ask("""event.a: "' OR 1=1 --" """)) == [1]
    assert tables.ask("""event."a' OR 1=1 --": b""") == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(events(st.integers(0, 9)), min_size=1, max_size=6), min_size=1, max_size=3),
    st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(sorted),
    st.booleans(),
)
def test_whatever_was_delivered_how_often_each_event_of_the_window_is_found_once(
    deliveries: list[list[Event]], window: list[int], newest_first: bool
) -> None:
    tables = Tables()
    for number, delivered in enumerate(deliveries):
        stored(tables, *delivered, name=f"part-{number}")
    start, end = (MIDNIGHT + each * 1000 for each in window)
    # Athena's times are whole milliseconds.
    expected = {event.uid: event for delivered in deliveries for event in delivered if start <= event.event_time < end}
    found = tables.ask(start=start, end=end, newest_first=newest_first)
    order = sorted(expected.values(), key=lambda event: (event.event_time // 1000, event.uid), reverse=newest_first)
    assert [row[1] for row in found] == [event.uid.hex().upper() for event in order]
