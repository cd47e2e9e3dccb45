"""The emulator's Athena finds what our own engine finds, in the same lake.

Its SQL is DuckDB's. So each text is taken there in a translation: what is put to the test are the tables, the way of a
query and of its result, and that the text asks for the same. tests/unit/trino.py says what is translated how.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlglot import exp, parse_one

from tests.contract.stores import connected
from tests.e2e.trail import log_object, wait_for
from tests.local.stack import LocalStack
from tests.local.up import STACK_NAME
from tests.unit.sample_queries import SAMPLES
from tests.unit.sql_world import run
from tests.unit.strategies import make_event, store
from tests.unit.test_search_evaluation import MEETING, NOT_MEETING
from tests.unit.trino import OnEmulator
from trailkeep.athena.engine import Athena, State
from trailkeep.athena.sources import sources_of
from trailkeep.athena.text import EVENT_OUTPUTS, Asked, text_for, tree_for
from trailkeep.errors import EngineUnavailable, QueryFailed
from trailkeep.lake.partitions import EVENTS, INSIGHTS
from trailkeep.lake.parts import Lake, Reading
from trailkeep.lake.storage import Bucket
from trailkeep.search.language import parse_query
from trailkeep.search.matching import Matching
from trailkeep.search.stream import Stream
from trailkeep.sql.rows import lake_columns
from trailkeep.sql.sandbox import Limits
from trailkeep.sql.statement import Statement, parse_statement

LIMITS = Limits(memory=512 << 20, seconds=60)
REGION = "athena-1"
"""Where nothing else happens."""

FURTHER = (
    "*",
    "* | select count(*) as n",
    "* | select event_name, count(*) as n from events group by event_name order by n desc, event_name limit 3",
    "* | select count(*) as n from insights",
    '* | select "event.userIdentity" as who, "event.additionalEventData.mfaChecked" as mfa from log order by event_id',
    "event.requestParameterJson.MaxPasswordAge > 90",
    'eventName: C* and not "event.eventSource": *',
    "RunInstances or Create* | select array_agg(event_name order by event_name) as names",
)


def original(number: int, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventId": f"athena-{number}",
        "eventName": "Nothing",
        "eventTime": f"2026-03-{number % 3 + 1:02}T12:{number % 60:02}:00Z",
        "acsRegion": REGION,
        "userIdentity": {"accountId": "1", "userName": f"user-{number}"},
        "requestParameterJson": json.dumps({"MaxPasswordAge": 30 * number, "DeletionProtection": "false"}),
        **given,
    }


LANDED = [original(number, given) for number, (_, given) in enumerate(MEETING + NOT_MEETING) if isinstance(given, dict)]


class EmulatedAthena(Athena):
    """Knows that the emulator puts a result below the place that it tells."""

    def _execution(self, described: Any) -> Any:
        execution = super()._execution(described)
        return replace(execution, result=f"{execution.result}/{execution.id}.csv") if execution.result else execution


INSIGHT = make_event(
    1,
    region=REGION,
    event_category="Insight",
    event='{"eventId":"insight-1","insightDetails":{"insightType":"IpInsight","insightObject":"192.0.2.1"}}',
)


@pytest.fixture(scope="module")
def lake(stack: LocalStack) -> Iterator[Lake]:
    """The stack's lake, where every event was delivered twice, and an Insight found."""
    with connected(stack.environment):
        found = Lake(Bucket(stack.lake_bucket))
        store(found.bucket, [INSIGHT], dataset=INSIGHTS)
        for number in (1, 2):
            stack.put_landing(f"athena/{number}.json.gz", log_object(LANDED))
        partitions = {event["eventTime"][:10] for event in LANDED}
        prefix = f"{EVENTS}/region={REGION}/"
        assert wait_for(lambda: len(found.bucket.list(prefix).objects) == 2 * len(partitions))
        yield found


@pytest.fixture(scope="module")
def athena(stack: LocalStack, lake: Lake) -> Athena:
    (described,) = stack.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    return EmulatedAthena(outputs["AthenaWorkGroupName"], outputs["GlueDatabaseName"], lake.bucket)


def asked(lake: Lake, query: str) -> tuple[Asked, Statement | None]:
    parsed = parse_query(query)
    statement = parse_statement(query, parsed.sql_at) if parsed.sql else None
    matching = Matching(0, 2 * 10**15, (EVENTS, INSIGHTS), (REGION,), (), parsed.condition)
    return Asked(matching, sources_of(lake, matching), datetime(2100, 1, 1, tzinfo=UTC), 1000), statement


def by_athena(athena: Athena, wanted: Asked, statement: Statement | None, token: str) -> list[tuple[Any, ...]]:
    """The rows that Athena gives."""
    assert parse_one(text_for(wanted, athena.database, statement), read="trino")
    text = _untimed(tree_for(wanted, athena.database, statement)).sql(dialect=OnEmulator)
    execution = athena.wait_for(athena.start(text, token), lambda: False)
    table = athena.rows(execution, statement.outputs if statement else EVENT_OUTPUTS)
    return _rows(table if statement else table.select(["event"]))


def by_us(lake: Lake, wanted: Asked, statement: Statement | None) -> list[tuple[Any, ...]]:
    """The rows that our own engine gives."""
    columns = lake_columns(statement) if statement else ["event"]
    with Stream(lake, wanted.matching, wanted.as_of, None, columns, Reading()) as found:
        if statement:
            return _rows(run(statement, found, LIMITS).rows)
        return [row for table in found for row in _rows(table.select(["event"]))]


def _untimed(tree: exp.Query) -> exp.Query:
    """The tables' times without their zone, which Athena's do not have."""
    tree = tree.copy()
    for table in list(tree.find_all(exp.Table)):
        select = table.find_ancestor(exp.Select)
        if table.db and select:
            for column in [each for each in select.find_all(exp.Column) if each.name in ("event_time", "delivered_at")]:
                local = exp.AtTimeZone(this=exp.cast(column.copy(), "TIMESTAMPTZ"), zone=exp.Literal.string("UTC"))
                is_selected = column.parent is select
                column.replace(exp.alias_(local, column.name) if is_selected else local)
    return tree


def _rows(table: Any) -> list[tuple[Any, ...]]:
    """Rows in which nothing and an empty text are the same: the emulator writes both alike."""
    return list(zip(*([each or None for each in column.to_pylist()] for column in table.columns), strict=True))


@pytest.mark.parametrize("query", [*SAMPLES.values(), *FURTHER])
def test_athena_finds_what_our_own_engine_finds(lake: Lake, athena: Athena, query: str) -> None:
    wanted, statement = asked(lake, query)
    theirs, own = by_athena(athena, wanted, statement, query), by_us(lake, wanted, statement)
    if statement and not statement.has_order:
        theirs, own = sorted(theirs, key=repr), sorted(own, key=repr)
    assert theirs == own
    assert own


def test_a_query_that_fails_says_why(athena: Athena) -> None:
    execution = athena.wait_for(athena.start("SELECT nothing FROM nowhere", "failing"), lambda: False)
    assert execution.state is State.FAILED
    with pytest.raises(QueryFailed, match="nowhere"):
        athena.rows(execution, EVENT_OUTPUTS)


def test_a_workgroup_that_there_is_not_is_no_athena(athena: Athena, lake: Lake) -> None:
    with pytest.raises(EngineUnavailable):
        Athena("no-such-workgroup", athena.database, lake.bucket).start("SELECT 1", "token")
