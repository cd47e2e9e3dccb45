r"""No original that meets a condition is passed over, however its JSON is written; and most others are."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.search_conditions import questions
from tests.unit.search_objects import respelled, rows_with
from trailkeep.search.clues import MOST_TRACES, clues_for
from trailkeep.search.conditions import And, Condition, Not, Or, Words
from trailkeep.search.document import Columns, Document
from trailkeep.search.evaluation import meets
from trailkeep.search.language import parse_query
from trailkeep.search.patterns import folded

OTHERS = ['{"z":{"y":[0,"other"]}}', "{}", '{"eventName":"Other","a":"o"}']


def suspects(condition: Condition, originals: list[str], *, is_compacted: bool) -> list[int] | None:
    """The places of the originals that may meet a condition; None where any may."""
    clues = clues_for(condition)
    if clues is None:
        return None
    detective = clues.detective()
    blocks = rows_with(originals, is_compacted=is_compacted).blocks()
    return [place for block in blocks for place in detective.suspects(block)]


def is_suspect(query: str, original: str) -> bool:
    """Whether an original between others is suspected by a query that has clues."""
    found = suspects(parse_query(query).condition, [OTHERS[0], original, OTHERS[2]], is_compacted=True)
    assert found is not None
    return 1 in found


def parts_of(condition: Condition) -> Iterator[Condition]:
    """A condition, and all that it is put together from."""
    yield condition
    match condition:
        case Not(inner):
            yield from parts_of(inner)
        case And(conditions) | Or(conditions):
            for each in conditions:
                yield from parts_of(each)


@settings(max_examples=200, deadline=None)
@given(questions(), st.booleans(), st.data())
def test_what_meets_a_condition_is_suspected(
    question: tuple[Condition, str, Columns], is_compacted: bool, data: st.DataObject
) -> None:
    asked, original, columns = question
    original = data.draw(respelled(original))

    for condition in parts_of(asked):
        found = suspects(condition, [*OTHERS, original, *OTHERS], is_compacted=is_compacted)
        if found is not None and meets(condition, Document(original, columns)):
            assert len(OTHERS) in found


@pytest.mark.parametrize(
    ("query", "event"),
    [
        ("kelvin", {"a": "\u212aelvin"}),
        ("event.a: kelvin", {"a": "\u212aelvin"}),
        ("event.a: i*", {"a": "\u0130stanbul"}),
        ("日志", {"a": "一日志二"}),
        ("get", {"a": "x\nget"}),
        ("get", {"a": "日get志"}),
        ("get", {"a": ["get"]}),
        ("get", {"get": 1}),
        ('"get object"', {"a": 'Get "object"'}),
        ('"get object"', {"a": "get/object"}),
        ("80", {"a": 80}),
        ("event.a: 80", {"a": 8e1}),
        ("event.a: -80", {"a": -80.0}),
        ("event.a: 0", {"a": -0.0}),
        ("event.a: 10.0.0.1", {"a": "::FFFF:a00:1"}),
        ("event.a: 10.0.0.1", {"a": "0:0:0:0:0:ffff:10.0.0.1"}),
        ("event.a: 2001:db8::1", {"a": "2001:DB8:0:0::1"}),
        ("event.a: 10.0.0.0/8", {"a": ["10.255.0.1"]}),
        ("event.a: 10.0.0.0/9", {"a": "10.1.0.1"}),
        ("event.a > 5", {"a": "6"}),
        ("event.a > 2026-01-01", {"a": "2026-01-02T00:00:00Z"}),
        ("event.a: true", {"a": True}),
        ("event.a: n*", {"a": None}),
        ("event.a: null", {"a": "NULL"}),
        ("event.a: *", {"a": {}}),
        ("event.a: *", {"a": [0]}),
        ('event.a: ""', {"a": ""}),
        ("event.a.b: v", {"a": '{\n  "b" : "v"}'}),
        ("event.a.b: v*", {"a": [{"b": "va"}]}),
        ('event.a.b: *\\"v', {"a": json.dumps({"b": 'x"v'})}),
        ('event.a."x\\"y": 1', {"a": {'x"y': 1}}),
        ("event.resourceName: b", {"resourceName": "a ; b,c"}),
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_in_whichever_way_it_is_written(query: str, event: dict[str, Any], ascii_only: bool) -> None:
    original = json.dumps(event, ensure_ascii=ascii_only)
    assert meets(parse_query(query).condition, Document(original))

    assert is_suspect(query, original)
    assert is_suspect(query, original.replace("/", "\\/"))
    assert is_suspect(query, original.replace('":', '" :\n'))


@pytest.mark.parametrize(
    ("query", "event"),
    [
        ("get", {"a": "target", "b": "GetObject", "c": "_get", "d": "get-it"}),
        ('"get object"', {"a": "get the object", "b": ["get", "object"]}),
        ("event.a: get", {"a": "GetObject", "b": "get"}),
        ("event.a: get*", {"a": "target", "get": "a"}),
        ("event.a: *object", {"a": "ObjectOf", "b": "object"}),
        ("event.a: 80", {"a": 801, "b": 80, "c": "80"}),
        ("event.a > 5", {"a": "b"}),
        ("event.a > 2026-01-01", {"a": 2026}),
        ("event.a: *", {"a": None}),
        ("event.a: *", {"a": ""}),
        ("event.a: null", {"a": "b", "c": None}),
        ("event.a: 10.0.0.0/8", {"a": "192.0.2.1", "b": "10.0.0.1"}),
        ("event.a: get and event.b: put", {"a": "get", "b": "list"}),
        ("event.a: get or event.b: put", {"a": "list", "b": "list"}),
        ("event.a: get and not event.b: put", {"a": "list"}),
        ("event.a: get and eventName: put", {"a": "list"}),
        ("event.A: get", {"a": "get"}),
        ("event.a.b: get", {"a": {"b": "x\\u003d<&>"}, "c": {"get": "b"}}),
    ],
)
def test_what_only_looks_alike_is_passed_over(query: str, event: dict[str, Any]) -> None:
    assert not is_suspect(query, json.dumps(event))


def test_escapes_of_other_characters_raise_no_suspicion() -> None:
    assert not is_suspect("event.a.b: get", '{"a":{"b":"x\\u003dy\\u0026z"}}')
    assert is_suspect("event.a.b: get", '{"a":{"b":"\\u0067et"}}')


@pytest.mark.parametrize("query", ["*", "not get", "get or not put", "eventName: get", "get or eventName: put", "é*"])
def test_of_some_conditions_there_are_no_clues(query: str) -> None:
    assert clues_for(parse_query(query).condition) is None


def test_of_conditions_of_very_many_parts_there_are_no_clues() -> None:
    words = tuple(Words(((f"w{number}",),)) for number in range(MOST_TRACES + 1))

    assert clues_for(Or(words)) is None
    assert clues_for(Or(words[:-1])) is not None
    assert clues_for(And(words * 2)) is None


def test_patterns_of_any_length_are_looked_for() -> None:
    long = "x" * 3_000
    originals = [json.dumps({"a": text}) for text in ("x", long, "y" + long)]

    assert suspects(parse_query(f"event.a: {long}").condition, originals, is_compacted=True) == [1]


def test_only_two_letters_beyond_ascii_fold_to_what_stands_for_itself() -> None:
    odd = [
        character
        for character in map(chr, range(0x80, 0x110000))
        if (lower := folded(character)) != character
        and any(each.isascii() or unicodedata.category(each) == "Lo" for each in lower)
    ]
    assert odd == ["\u0130", "\u212a"]


@pytest.mark.parametrize("is_compacted", [True, False])
def test_places_are_right_over_many_blocks(is_compacted: bool) -> None:
    originals = [json.dumps({"a": "needle" if number % 700 == 3 else "hay" * (number % 50)}) for number in range(3_000)]

    assert suspects(parse_query("needle").condition, originals, is_compacted=is_compacted) == [3, 703, 1403, 2103, 2803]
