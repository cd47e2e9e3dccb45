"""Saved queries with arguments: what may be given, and that whatever is given stays one value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.errors import InvalidParameter, InvalidQuery
from trailkeep.saved_queries.resolve import resolve
from trailkeep.saved_queries.saved_query import Definition, Kind, Parameter
from trailkeep.search.conditions import (
    And,
    Condition,
    Equals,
    Everything,
    Exists,
    InNetwork,
    InRange,
    IsNull,
    Not,
    Or,
    Words,
)
from trailkeep.search.language import parse_query
from trailkeep.search.words import words_of


def saved(query: str, *parameters: Parameter) -> Definition:
    return Definition(name="n", mode="custom", query=query, parameters=parameters)


def shape(condition: Condition) -> Any:
    """What a condition is but for its values."""
    match condition:
        case And(inner) | Or(inner):
            return type(condition).__name__, [shape(each) for each in inner]
        case Not(inner):
            return "Not", shape(inner)
        case Everything():
            return "Everything"
        case Words():
            return "Words"
        case Equals(field) | IsNull(field):
            return "value", field  # null is a text that means something of its own
        case InRange(field) | InNetwork(field) | Exists(field):
            return type(condition).__name__, field
    raise AssertionError(condition)


NASTY = (
    'x" or event.b: "y',
    "x' or '1'='1",
    "x\\",
    'x\\" or *',
    "x'; drop table log --",
    "*/ select 1 /*",
    "-- ",
    ") or (",
    "| select 1",
    "{{y}}",
    "*",
    "?",
    "null",
    "not",
    "or",
    "[1 2]",
    "> 5",
    "10.0.0.0/8",
    "event.b: x",
    "a\nb",
    "\\",
    '"',
    "'",
    "",
    " ",
)
texts = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)

TEMPLATE = (
    "event.a: {{x}} and (not event.b:({{x}} or {{y}}) or event.c: 1) and not event.d : {{y}} "
    "| select count(*), {{x}} as x from log where user_name = {{y}} and event_name in ({{x}},{{y}}) limit 5"
)


@given(texts, texts)
def test_whatever_the_arguments_the_query_has_the_same_shape(x: str, y: str) -> None:
    query = saved(TEMPLATE, Parameter("x"), Parameter("y"))

    plain, filled = (parse_query(resolve(query, arguments)) for arguments in ({"x": "1", "y": "2"}, {"x": x, "y": y}))

    assert shape(filled.condition) == shape(plain.condition)
    assert skeleton(filled.sql) == skeleton(plain.sql)


@given(texts, texts)
def test_and_its_values_are_the_arguments(x: str, y: str) -> None:
    query = saved(TEMPLATE, Parameter("x"), Parameter("y"))

    parsed = parse_query(resolve(query, {"x": x, "y": y}))

    assert isinstance(parsed.condition, And)
    first = parsed.condition.conditions[0]
    if x.lower() == "null":
        assert isinstance(first, IsNull)
    else:
        assert isinstance(first, Equals)
        assert first.pattern == ((x.lower(),) if x else ())
    literals = [literal.this for literal in tree(parsed.sql).find_all(sqlglot.exp.Literal) if literal.is_string]
    assert sorted(literals) == sorted([x, y, x, y])


@given(texts)
def test_words_stay_words_or_are_refused(x: str) -> None:
    query = saved("event.a: 1 and {{x}} or event.b: 2", Parameter("x"))

    if not words_of((x,)):
        with pytest.raises(InvalidQuery, match="a word to look for"):
            parse_query(resolve(query, {"x": x}))
        return
    parsed = parse_query(resolve(query, {"x": x}))
    assert shape(parsed.condition) == shape(parse_query(resolve(query, {"x": "1"})).condition)


@given(st.integers(-(10**18) + 1, 10**18 - 1) | st.decimals(-1000, 1000, places=3).map(str))
def test_numbers_compare_as_they_are(value: int | str) -> None:
    query = saved("event.a > {{n}} | select count(*) from log having count(*) > {{n}}", Parameter("n", "number"))

    parsed = parse_query(resolve(query, {"n": value}))

    assert isinstance(parsed.condition, InRange)
    assert str(parsed.condition.low) == str(value)
    assert tree(parsed.sql).sql(dialect="trino").endswith(f"> {value}")


def tree(sql: str | None) -> sqlglot.exp.Expression:
    (found,) = sqlglot.parse(sql or "", read="trino")
    assert found is not None
    return found


def skeleton(sql: str | None) -> str:
    def without_value(node: Any) -> Any:
        return sqlglot.exp.Literal.string("") if isinstance(node, sqlglot.exp.Literal) and node.is_string else node

    return tree(sql).transform(without_value).sql(dialect="trino")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "alice", 'user: "alice"'),
        ("text", 7, 'user: "7"'),
        ("text", 'a"b\\c', r'user: "a\"b\\c"'),
        ("number", "5", "user: 5"),
        ("number", 0.25, "user: 0.25"),
        ("number", -5, "user: -5"),
        ("network", "192.0.2.7/24", "user: 192.0.2.0/24"),
        ("network", "192.0.2.7", "user: 192.0.2.7/32"),
        ("network", "2001:DB8::/32", "user: 2001:db8::/32"),
    ],
)
def test_an_argument_stands_in_the_form_of_its_kind(kind: Kind, value: object, expected: str) -> None:
    assert resolve(saved("user: {{x}}", Parameter("x", kind)), {"x": value}) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [("text", "it's", "'it''s'"), ("number", "5", "5"), ("network", "192.0.2.7", "'192.0.2.7/32'")],
)
def test_in_sql_as_well(kind: Kind, value: object, expected: str) -> None:
    text = resolve(saved("* | select {{x}} as x from log", Parameter("x", kind)), {"x": value})

    assert text == f"* | select {expected} as x from log"


def test_a_default_stands_where_nothing_is_given() -> None:
    query = saved("user: ({{x}} or {{y}})", Parameter("x", default="alice"), Parameter("y", default=""))

    assert resolve(query, {}) == 'user: ("alice" or "")'
    assert resolve(query, {"x": None, "y": "bob"}) == 'user: ("alice" or "bob")'


def refusal(act: Callable[[], object]) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as refused:
        act()
    return refused.value


def test_an_argument_that_is_missing_is_named_with_what_it_is() -> None:
    query = saved("user: {{who}}", Parameter("who", description="The operator."))

    error = refusal(lambda: resolve(query, {}))
    assert (error.message, error.hint) == ("the argument who is missing", "The operator.")


def test_an_unknown_argument_is_refused_with_the_nearest_known_one() -> None:
    query = saved("user: {{user}}", Parameter("user"))

    assert refusal(lambda: resolve(query, {"user": "a", "usr": "b"})).hint == "Did you mean user?"
    assert refusal(lambda: resolve(query, {"user": "a", "zzz": "b"})).hint == "Known are user."
    assert refusal(lambda: resolve(saved("*"), {"zzz": "b"})).hint == "No argument is known here."


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(
            ("number", value)
            for value in ("", "five", "1e5", "0x10", "１", "1 or 2", "--1", "1.", 1e300, True, "1" * 19)
        ),
        *(("network", value) for value in ("", "x", "10.0.0.0/33", "10.0.0", "fe80::1%a or b", "*", 5)),
        *(("text", value) for value in ("a\0b", "a" * 1001, ["a"], {"a": 1}, True)),
    ],
    ids=str,
)
def test_an_argument_that_is_not_of_its_kind_is_refused_by_name(kind: Kind, value: object) -> None:
    error = refusal(lambda: resolve(saved("user: {{it}}", Parameter("it", kind)), {"it": value}))
    assert "the argument it must be" in error.message
