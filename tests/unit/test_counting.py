"""Counting: what remains of events as facts, and that the same events always give the same."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.strategies import MIDNIGHT, events, make_event
from trailkeep.events.event import Event
from trailkeep.insights.counting.facts_of_events import count_facts
from trailkeep.insights.facts import FACTS, Fact, facts_of
from trailkeep.lake.parquet import encode_part
from trailkeep.schema import EVENTS

MINUTE = 60_000_000
START = MIDNIGHT // MINUTE


def rows(*stored: Event) -> pa.Table:
    """The rows of events as the lake gives them back; copies stay copies."""
    tables = [pq.read_table(io.BytesIO(encode_part([event], MIDNIGHT).body)) for event in stored]
    return pa.concat_tables([table.replace_schema_metadata(None).cast(EVENTS) for table in tables])


def facts(*stored: Event, account: str = "1") -> list[Fact]:
    return list(facts_of(count_facts(rows(*stored))[account], "cn-hangzhou"))


def fact(**fields: Any) -> Fact:
    (found,) = facts(make_event(1, **fields))
    return found


def test_a_fact_says_all_that_detectors_look_at() -> None:
    assert fact(event_time=MIDNIGHT + MINUTE + 1, error_code="Forbidden") == Fact(
        minute=START + 1,
        identity="user/alice",
        principal="28",
        kind="address",
        address="192.0.2.1",
        key="LTAI1",
        service="Ecs",
        event="RunInstances",
        error="Forbidden",
        agent="sdk",
        calls=1,
        event_id="id-1",
        region="cn-hangzhou",
    )


@pytest.mark.parametrize(
    ("identity", "fields"),
    [
        ("user/alice", {}),
        ("user/alice", {"user_type": None}),
        ("user/alice", {"caller_class": "service", "source_ip_address": "cloudformation.amazonaws.com"}),
        ("role/deploy", {"role_name": "deploy", "user_type": "AssumedRole", "user_name": "session-7"}),
        ("role/deploy", {"role_name": "deploy", "user_type": "assumed-role", "user_name": "deploy:session-7"}),
        ("role/deploy", {"role_name": "deploy", "caller_class": "service", "source_ip_address": "ecs.aliyuncs.com"}),
        ("role/deploy", {"role_name": "deploy", "caller_class": "internal", "source_ip_address": "Internal"}),
        ("root", {"user_type": "Root", "user_name": "root"}),
        ("root", {"user_type": "root-account", "user_name": "someone"}),
        (
            "service/ec2.amazonaws.com",
            {
                "user_type": "AWSService",
                "user_name": "autoscaling.amazonaws.com",
                "caller_class": "service",
                "source_ip_address": "ec2.amazonaws.com",
            },
        ),
        ("service/ec2.amazonaws.com", {"user_type": "AWSService", "user_name": "ec2.amazonaws.com"}),
        (
            "service/ecs.aliyuncs.com",
            {"user_type": None, "user_name": None, "caller_class": "service", "source_ip_address": "ecs.aliyuncs.com"},
        ),
        ("AWSAccount/AIDA:x", {"user_type": "AWSAccount", "user_name": None, "principal_id": "AIDA:x"}),
        ("unknown/AIDA", {"user_type": None, "user_name": None, "principal_id": "AIDA"}),
        ("unknown/", {"user_type": None, "user_name": None, "principal_id": None}),
        ("system/", {"user_type": "system", "user_name": None, "principal_id": None, "caller_class": "internal"}),
    ],
)
def test_who_called_has_one_name(identity: str, fields: dict[str, Any]) -> None:
    assert fact(**fields).identity == identity


@pytest.mark.parametrize(
    ("access_key_id", "key"),
    [
        ("LTAI5tExample", "LTAI5tExample"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("ASIAIOSFODNN7EXAMPLE", None),
        ("STS.NUexample", None),
        ("TMP.example", None),
        (None, None),
    ],
)
def test_short_lived_keys_belong_to_their_role(access_key_id: str | None, key: str | None) -> None:
    assert fact(access_key_id=access_key_id).key == key


@pytest.mark.parametrize(
    ("kind", "source", "address"),
    [
        ("address", "192.0.2.1", "192.0.2.1"),
        ("address", "::ffff:192.0.2.1", "192.0.2.1"),
        ("address", "2001:DB8:0:0::1", "2001:db8::1"),
        ("address", "999.1.1.1", "999.1.1.1"),
        ("service", "ecs.aliyuncs.com", None),
        ("internal", "Internal", None),
        ("masked", "140.**.**.19", None),
        (None, None, None),
    ],
)
def test_only_addresses_are_addresses_and_each_has_one_spelling(
    kind: str | None, source: str | None, address: str | None
) -> None:
    found = fact(caller_class=kind, source_ip_address=source)

    assert (found.kind, found.address) == (kind, address)


def test_calls_of_a_minute_that_are_alike_are_one_fact_with_the_first_of_their_ids() -> None:
    found = facts(
        make_event(3, event_time=MIDNIGHT + 3),
        make_event(1, event_time=MIDNIGHT + 1),
        make_event(2, event_time=MIDNIGHT + MINUTE - 1),
        make_event(4, event_time=MIDNIGHT + MINUTE),
        make_event(0, event_time=MIDNIGHT, event_id=None),
    )

    assert [(each.minute - START, each.calls, each.event_id) for each in found] == [(0, 4, "id-1"), (1, 1, "id-4")]


def test_an_event_counts_once_however_often_it_stands_there() -> None:
    assert facts(make_event(1), make_event(1), make_event(2), make_event(1))[0].calls == 2


def test_each_account_has_its_own_facts_and_who_has_none_is_left_out() -> None:
    counted = count_facts(
        rows(
            make_event(1, account_id="1"),
            make_event(2, account_id="2"),
            make_event(3, account_id="1"),
            make_event(4, account_id=None),
            make_event(5, account_id="9" * 300),
            make_event(6, account_id=""),
        )
    )

    assert {account: sum(table.column("calls").to_pylist()) for account, table in counted.items()} == {"1": 2, "2": 1}


def test_insights_are_no_calls() -> None:
    told = make_event(1, event_category="Insight", insight_type="IpInsight")

    assert count_facts(rows(told)) == {}
    assert facts(told, make_event(2, event_category="Data"))[0].event_id == "id-2"


def test_no_rows_are_no_facts() -> None:
    assert count_facts(EVENTS.empty_table()) == {}


def test_a_table_of_facts_is_in_the_order_of_its_columns() -> None:
    times = [MIDNIGHT + number * 7 % 5 * MINUTE for number in range(60)]
    stored = [
        make_event(number, event_time=time, user_name=f"u{number % 4}", error_code=("Denied", None)[number % 2])
        for number, time in enumerate(times)
    ]
    table = count_facts(rows(*stored))["1"]

    assert table.schema.equals(FACTS)
    assert table.sort_by([(name, "ascending") for name in FACTS.names]).equals(table)


@settings(max_examples=40, deadline=None)
@given(st.lists(events(st.integers(0, 8)), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_same_events_in_any_order_and_number_give_equal_tables(stored: list[Event], dice: random.Random) -> None:
    again: Sequence[Event] = dice.sample(stored, len(stored)) + dice.choices(stored, k=3)

    first, second = count_facts(rows(*stored)), count_facts(rows(*again))

    assert first.keys() == second.keys()
    assert all(first[account].equals(second[account]) for account in first)
    assert sum(sum(table.column("calls").to_pylist()) for table in first.values()) == len({e.uid for e in stored})


def test_of_two_readings_of_an_event_the_same_one_counts_in_any_order() -> None:
    one, other = make_event(1, user_agent=None), make_event(1, user_agent="sdk", service_name="Rds")

    assert facts(one, other) == facts(other, one)
    assert facts(one, other)[0].calls == 1
