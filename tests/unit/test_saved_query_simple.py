"""Simple mode: picked conditions are the query that somebody would have written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.errors import InvalidParameter
from trailkeep.saved_queries.operators import OPERATORS
from trailkeep.saved_queries.saved_query import Condition
from trailkeep.saved_queries.simple import pickers, text_of_condition, text_of_conditions
from trailkeep.search.conditions import And, Equals, Exists, InNetwork, InRange, Not, Or, Wildcard
from trailkeep.search.language import parse_query


def text(field: str, operator: str, value: Any = None) -> str:
    return text_of_condition(Condition(field, operator, value))


@pytest.mark.parametrize(
    ("field", "operator", "value", "expected"),
    [
        ("user", "is", "alice", 'user: "alice"'),
        ("user", "isNot", "a*", 'not user: "a*"'),
        ("user", "isOneOf", ("a", "b"), 'user: ("a" or "b")'),
        ("user", "isOneOf", "a", 'user: ("a")'),
        ("user", "isNoneOf", ("a", "b"), 'not user: ("a" or "b")'),
        ("eventName", "contains", "Del", "eventName: *Del*"),
        ("eventName", "doesNotContain", "Del", "not eventName: *Del*"),
        ("eventName", "beginsWith", "Delete a", r"eventName: Delete\ a*"),
        ("eventName", "endsWith", "s", "eventName: *s"),
        ("event.requestParameters.Size", "isGreaterThan", "80", "event.requestParameters.Size > 80"),
        ("event.requestParameters.Size", "isAtLeast", "-0.5", "event.requestParameters.Size >= -0.5"),
        ("event.at", "isLessThan", "2026-01-02T04:04:05+01:00", "event.at < 2026-01-02T03:04:05Z"),
        ("event.at", "isAtMost", "7", "event.at <= 7"),
        ("sourceIpAddress", "isInNetwork", "10.1.2.3/8", "sourceIpAddress: 10.0.0.0/8"),
        ("sourceIpAddress", "isNotInNetwork", "192.0.2.7", "not sourceIpAddress: 192.0.2.7/32"),
        ("errorCode", "exists", None, "errorCode: *"),
        ("errorCode", "isMissing", None, "not errorCode: *"),
        ("event.requestParameters.a b", "exists", None, '"event.requestParameters.a b": *'),
        ("user", "is", "{{who}}", "user: {{who}}"),
        ("user", "isOneOf", ("{{who}}", "b"), 'user: ({{who}} or "b")'),
        ("user", "is", "a {{who}}", 'user: "a {{who}}"'),
        ("sourceIpAddress", "isInNetwork", "{{net}}", "sourceIpAddress: {{net}}"),
        ("event.n", "isAtLeast", "{{n}}", "event.n >= {{n}}"),
    ],
)
def test_a_condition_is_this_text(field: str, operator: str, value: Any, expected: str) -> None:
    assert text(field, operator, value) == expected


def test_each_operator_makes_what_can_be_read() -> None:
    values = {"text": "a", "part": "a", "texts": ("a", "b"), "amount": "5", "network": "10.0.0.0/8", "nothing": None}

    for name, operator in OPERATORS.items():
        parse_query(text("event.a", name, values[operator.wants]))


anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=10)


@given(anything)
def test_a_value_is_itself_and_nothing_else(value: str) -> None:
    condition = parse_query(text("event.a", "isOneOf", (value, "x"))).condition

    assert isinstance(condition, Or)
    assert len(condition.conditions) == 2
    if value.lower() != "null":
        assert condition.conditions[0] == Equals(condition.conditions[1].field, (value.lower(),))


@given(anything)
def test_a_part_of_a_value_is_itself_between_wildcards(value: str) -> None:
    condition = parse_query(text("event.a", "contains", value)).condition

    assert isinstance(condition, Equals)
    assert condition.pattern == (Wildcard.ANY, value.lower(), Wildcard.ANY)


@given(anything.filter(lambda name: all(name.split("."))))
def test_a_field_is_one_field(name: str) -> None:
    condition = parse_query(text(f"event.{name}", "exists")).condition

    assert isinstance(condition, Exists)
    assert ".".join(condition.field.path) == name


def test_and_binds_tighter_than_or() -> None:
    made = text_of_conditions(
        [
            Condition("event.a", "is", "1"),
            Condition("event.b", "isMissing", connective="and"),
            Condition("event.c", "isInNetwork", "10.0.0.0/8", "or"),
            Condition("event.d", "isGreaterThan", "5", "and"),
        ]
    )

    assert made == 'event.a: "1" and not event.b: * or event.c: 10.0.0.0/8 and event.d > 5'
    condition = parse_query(made).condition
    assert isinstance(condition, Or)
    first, second = condition.conditions
    assert isinstance(first, And)
    assert isinstance(first.conditions[1], Not)
    assert isinstance(second, And)
    assert [type(each) for each in second.conditions] == [InNetwork, InRange]


@pytest.mark.parametrize(
    ("operator", "value", "named"),
    [
        ("is", None, "value must be a text or a number"),
        ("is", ("a", "b"), "value must be a text or a number"),
        ("is", "a" * 1001, "value must be a text of at most 1000 characters"),
        ("isOneOf", (), "value must be a list of 1 to 100 texts"),
        ("isOneOf", None, "value must be a list of 1 to 100 texts"),
        ("isOneOf", ("a",) * 101, "value must be a list of 1 to 100 texts"),
        ("contains", "", "value must be a text of its own"),
        ("contains", "a{{x}}", "value must be a text of its own"),
        ("isGreaterThan", "many", "value must be a plain number"),
        ("isGreaterThan", "2026-13-01T00:00:00Z", "value must be a plain number"),
        ("isInNetwork", "10.0.0.0/33", "value must be an address, or a CIDR range"),
        ("exists", "x", "value must be left out"),
    ],
)
def test_what_cannot_be_a_value_is_refused_with_its_place(operator: str, value: Any, named: str) -> None:
    conditions = [Condition("event.a", "exists"), Condition("event.a", operator, value)]

    with pytest.raises(InvalidParameter) as refused:
        text_of_conditions(conditions)
    assert refused.value.message.startswith(f"conditions[1].{named}")


# What is offered to pick


def test_every_field_that_is_offered_can_be_asked_with_every_operator_that_is_offered_for_it() -> None:
    for field in pickers()["fields"]:
        assert field.keys() - {"values"} == {"field", "label", "operators", "example"}, field
        for name in field["operators"]:
            wants = OPERATORS[name].wants
            value = {"nothing": None, "texts": (field["example"],)}.get(wants, field["example"])
            parse_query(text(field["field"], name, value))
        assert field["example"] in field.get("values", [field["example"]]), field


def test_fields_and_operators_have_names_for_people_and_none_twice() -> None:
    offered = pickers()
    for names in (
        [field["field"] for field in offered["fields"]],
        [field["label"] for field in offered["fields"]],
        [operator["label"] for operator in offered["operators"]],
    ):
        assert len(set(names)) == len(names)
        assert all(names)
    assert [operator["name"] for operator in offered["operators"]] == list(OPERATORS)
    used = {name for field in offered["fields"] for name in field["operators"]}
    assert OPERATORS.keys() - used <= {"isGreaterThan", "isAtLeast", "isLessThan", "isAtMost"}, (
        "for fields of the event"
    )
