import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.errors import ObjectUnreadable
from trailkeep.sql.exact import text_at
from trailkeep.sql.extraction import Extractor

EVENT = (
    '{"eventName": "RunInstances", "eventVersion": 1, "isGlobal": false, "errorCode": null, "empty": "",\n'
    ' "userIdentity": {"type": "ram-user", "sessionContext": {"attributes": {"mfaAuthenticated": "true"}}},'
    ' "requestParameters": {"Amount": 1.50, "Big": 12345678901234567890123, "Exp": 1E+2, "Zero": -0,'
    ' "a.b": "dotted", "quote\\"d": "q", "List": [{"Name" : "x"}, "caf\\u00e9"], "Object": { "y" : [ ] }},'
    ' "requestParameterJson": "{\\"MaxPasswordAge\\": 90, \\"Deep\\": \\"{\\\\\\"x\\\\\\": 1}\\"}",'
    ' "braces": "{not json", "list": [1, 2], "escapes": ["\\u001f\\u007f", "\\\\u001f"],'
    ' "esc\\u0061ped": "a \\"quoted\\" \\/ text"}'
)


def texts(paths: list[tuple[str, ...]], *events: str) -> list[list[str | None]]:
    columns = Extractor(paths).read(pa.chunked_array([list(events)], pa.string()))
    return [column.to_pylist() for column in columns]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("eventName", "RunInstances"),
        ("empty", ""),
        ("eventVersion", "1"),
        ("isGlobal", "false"),
        ("errorCode", None),
        ("absent", None),
        ("eventname", None),
        ("userIdentity/type", "ram-user"),
        ("userIdentity/sessionContext/attributes/mfaAuthenticated", "true"),
        ("userIdentity/sessionContext", '{"attributes":{"mfaAuthenticated":"true"}}'),
        ("userIdentity/absent/deeper", None),
        ("eventName/deeper", None),
        ("eventVersion/deeper", None),
        ("errorCode/deeper", None),
        ("requestParameters/Amount", "1.50"),
        ("requestParameters/Big", "12345678901234567890123"),
        ("requestParameters/Exp", "1E+2"),
        ("requestParameters/Zero", "-0"),
        ("requestParameters/a.b", "dotted"),
        ('requestParameters/quote"d', "q"),
        ("requestParameters/List", '[{"Name":"x"},"café"]'),
        ("requestParameters/List/Name", None),
        ("requestParameters/Object", '{"y":[]}'),
        ("requestParameterJson", '{"MaxPasswordAge": 90, "Deep": "{\\"x\\": 1}"}'),
        ("requestParameterJson/MaxPasswordAge", "90"),
        ("requestParameterJson/Deep", '{"x": 1}'),
        ("requestParameterJson/Deep/x", None),
        ("braces/x", None),
        ("list", "[1,2]"),
        ("list/0", None),
        ("escapes", '["\\u001F\x7f","\\\\u001f"]'),
        ("escaped", 'a "quoted" / text'),
    ],
)
def test_a_path_is_the_text_of_what_stands_there(path: str, text: str | None) -> None:
    steps = tuple(path.split("/"))
    assert text_at(EVENT.encode(), steps) == text
    assert texts([steps], EVENT) == [[text]]


def test_paths_that_share_their_way_are_read_together() -> None:
    paths = [("a", "b"), ("a",), ("a", "c"), ("d",), ("a", "b", "e")]
    event = '{"a": {"b": {"e": "1"}, "c": 2}, "d": "3"}'
    assert texts(paths, event) == [['{"e":"1"}'], ['{"b":{"e":"1"},"c":2}'], ["2"], ["3"], ["1"]]


def test_events_of_every_shape_stand_beside_each_other() -> None:
    events = [
        '{"a": {"b": "1"}}',
        '{"a": "{\\"b\\": 2}"}',
        '{"a": [3]}',
        '{"a": null}',
        "{}",
        '{"a": 4}',
        '{"a": {"b": {}}}',
    ]
    assert texts([("a", "b")], *events) == [["1", "2", None, None, None, None, "{}"]]


def test_no_events_are_no_texts() -> None:
    assert texts([("a",), ("b",)]) == [[], []]


@pytest.mark.parametrize("text", ["", "[]", '"a"', "{", '{"a": tru}', "nothing"])
def test_what_is_no_event_is_damage_and_not_null(text: str) -> None:
    with pytest.raises(ObjectUnreadable):
        texts([("a",)], '{"a": "1"}', text)


NAMES = st.sampled_from(["a", "b", "c", "a.b", 'q"', "é", "", "A"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["{", "{}", "null", "-0", '{"a": 1, "a": 2}', ' {"b": {"a": "x"}}\n']),
)
OBJECTS = st.recursive(
    st.dictionaries(NAMES, SCALARS, max_size=4),
    lambda inner: st.dictionaries(
        NAMES, st.one_of(SCALARS, inner, st.lists(inner, max_size=2), inner.map(json.dumps)), max_size=4
    ),
    max_leaves=12,
)
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=4).map(tuple), min_size=1, max_size=5, unique=True)


@given(st.lists(OBJECTS, max_size=5), PATHS, st.booleans())
def test_the_fast_way_finds_what_the_exact_way_finds(
    events: list[dict[str, Any]], paths: list[tuple[str, ...]], escaped: bool
) -> None:
    written = [json.dumps(event, ensure_ascii=escaped, separators=(",", ":") if escaped else None) for event in events]
    expected = [[text_at(event.encode(), path) for event in written] for path in paths]
    assert texts(paths, *written) == expected
