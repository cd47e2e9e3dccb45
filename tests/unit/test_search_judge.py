"""What is decided by a part of an original is what is decided by the whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.search_conditions import questions
from tests.unit.search_objects import respelled
from trailkeep.search.conditions import Condition
from trailkeep.search.document import Columns, Document
from trailkeep.search.evaluation import meets
from trailkeep.search.judge import Judge
from trailkeep.search.language import parse_query


@settings(max_examples=500, deadline=None)
@given(questions(), st.data())
def test_any_condition_on_any_event(question: tuple[Condition, str, Columns], data: st.DataObject) -> None:
    condition, original, columns = question
    original = data.draw(respelled(original))
    judge = Judge(condition)

    expected = meets(condition, Document(original, columns))
    assert judge.verdicts([original.encode()] * 2, [columns] * 2) == [expected] * 2


@pytest.mark.parametrize(
    ("query", "verdicts"),
    [
        ("event.a: 1", [True, False, True, True, False, False, False]),
        ("event.a.b: 1", [False, False, False, False, True, True, True]),
        ("event.a: 1 or event.a.b: 1", [True, False, True, True, True, True, True]),
        ("event.a: * and not event.a.b: *", [True, False, True, True, False, False, False]),
        ('event.""."q\\"": 1', [False] * 7),
    ],
)
def test_events_of_many_forms_one_after_another(query: str, verdicts: list[bool]) -> None:
    judge = Judge(parse_query(query).condition)
    events = [
        '{"a":1}',
        '{"b":1}',
        '{"a":1.0,"b":"é"}',
        '{"a":[2,1]}',
        '{"a":{"b":1}}',
        '{"a":[{"b":1}]}',
        '{"a":"{\\"b\\": 1}"}',
    ]

    for _ in range(2):
        assert judge.verdicts([event.encode() for event in events]) == verdicts


@pytest.mark.parametrize("query", ["event.a: 1", "event.a.b: 1", "one", "event.a: 1 and not one"])
@pytest.mark.parametrize("original", [b"", b"[1]", b'{"a":1', b'{"a":{"b":1}'])
def test_what_is_no_event_is_told_apart(query: str, original: bytes) -> None:
    judge = Judge(parse_query(query).condition)

    assert judge.verdicts([b"{}", original, b"{}"]) == [False, None, False]


def test_columns_are_named() -> None:
    condition = parse_query("user: alice and not (serviceName: Ecs or event.a: 1)").condition
    judge = Judge(condition)

    assert judge.columns == ["event_source", "service_name", "user_name"]
    columns: Columns = {"user_name": "alice", "service_name": None, "event_source": "oss"}
    assert judge.verdicts([b'{"a":2}'] * 2, [columns, {**columns, "user_name": "bob"}]) == [True, False]


def test_more_is_decided_than_is_remembered() -> None:
    judge = Judge(parse_query("event.a > 69000").condition)

    assert judge.verdicts([b'{"a":%d}' % number for number in range(70_000)]).count(True) == 999
    assert judge.verdicts([b'{"a":1}', b'{"a":69001}']) == [False, True]
