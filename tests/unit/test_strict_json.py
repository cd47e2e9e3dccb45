"""What is accepted means one thing to every parser; everything else is refused with its reason."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailkeep.events.reasons import Reason, Unreadable
from trailkeep.events.strict_json import MAX_DEPTH, parse_object

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ['":', '"', "\\", ":", "a", "é"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
objects = st.dictionaries(texts, values, max_size=4)
separators = st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :"), (",\n", "\t:\r\n")])


def reason_of(text: bytes) -> Reason:
    with pytest.raises(Unreadable) as refusal:
        parse_object(text)
    return refusal.value.reason


def same(one: Any, other: Any) -> bool:
    """Equal, and of one type: 1 is not 1.0 here, nor True."""
    return repr(one) == repr(other)


@given(objects, separators, st.booleans(), st.sampled_from([None, 0, 2]))
def test_an_object_is_read_as_json_loads_reads_it(
    value: dict[str, Any], separators: tuple[str, str], escape: bool, indent: int | None
) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=escape, indent=indent).encode()

    assert same(parse_object(text), value)


PIECES = (
    "{", "}", "[", "]", ",", ":", " ", "\n", '"', '"a"', '"a":', '"a" :', '"b":', '{"a":', "1", "0", "-", "-0",
    "01", "1.", ".5", "1e5", "1E+5", "1e999", "true", "null", "NaN", "Infinity", '"\\', "\\u0061", "\\ud83d",
    "\\ude00", '"\\u00e9"', "\\x", "\x00", "\t", "\x0b", "é", "\u2028", "\ufeff", "/", "//", "'a'", "9" * 30,
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join).map(lambda text: f'{{"a":{text}}}'))
@example('{"a":1,"\\u0061":2}')
def test_nothing_is_accepted_that_json_loads_refuses_or_reads_otherwise(text: str) -> None:
    try:
        value = parse_object(text.encode())
    except Unreadable:
        return

    assert same(json.loads(text), value)


@given(st.binary(max_size=40) | st.binary(max_size=20).map(lambda inside: b'{"a":"' + inside + b'"}'))
def test_no_bytes_end_in_another_error(text: bytes) -> None:
    try:
        value = parse_object(text)
    except Unreadable:
        return

    assert same(json.loads(text), value)


@st.composite
def twice(draw: st.DrawFn) -> str:
    """An object with one key twice, written differently, among other members and at some depth."""
    name = draw(texts)
    ways = st.sampled_from([json.dumps(name), json.dumps(name, ensure_ascii=False), spelled_out(name)])
    colons = st.sampled_from([":", " :", "\n: ", "\t:"])
    members = [f"{draw(ways)}{draw(colons)}{json.dumps(draw(scalars))}" for _ in range(2)]
    others = draw(st.dictionaries(texts.filter(lambda other: other != name), scalars, max_size=3))
    members += [f"{json.dumps(key)}{draw(colons)}{json.dumps(value)}" for key, value in others.items()]
    text = "{" + draw(st.sampled_from([",", " , "])).join(draw(st.permutations(members))) + "}"
    for _ in range(draw(st.integers(0, 3))):
        text = draw(st.sampled_from(['{{"in":{}}}', '{{"in":[0,{}]}}', '{{"\\":":"\\":",  "in" :{}}}'])).format(text)
    return text


def spelled_out(name: str) -> str:
    units = name.encode("utf-16-be")
    return '"' + "".join(f"\\u{units[at]:02X}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'


@given(twice())
@example('{"a":1,"b":"\\":","a":2}')
@example('{"b":"\\":","a":1,"a"\t:2}')
def test_a_key_twice_in_one_object_is_refused_however_it_is_written(text: str) -> None:
    assert reason_of(text.encode()) is Reason.DUPLICATE_KEY


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
        b'{"a":"{\\"a\\":1,\\"a\\":2}"}',
        b'{"a":"\\":\\":","A":1, "a ":2}',
        b'{"a":":\\"a\\" :"}',
    ],
)
def test_the_same_key_in_different_objects_and_texts_is_fine(text: bytes) -> None:
    assert parse_object(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", Reason.INVALID_JSON),
        (b"{", Reason.INVALID_JSON),
        (b"{} {}", Reason.INVALID_JSON),
        (b"{}\0", Reason.INVALID_JSON),
        (b"\xef\xbb\xbf{}", Reason.INVALID_JSON),
        (b"{'a':1}", Reason.INVALID_JSON),
        (b'{"a":1,}', Reason.INVALID_JSON),
        (b'{"a":NaN}', Reason.INVALID_JSON),
        (b'{"a":[-Infinity]}', Reason.INVALID_JSON),
        (b'{"a":01}', Reason.INVALID_JSON),
        (b'{"a":"\n"}', Reason.INVALID_JSON),
        (b'{"a":"\\ud800"}', Reason.INVALID_JSON),
        (b'{"\\ud800":1}', Reason.INVALID_JSON),
        (b'{"a":"\\ude00\\ud83d"}', Reason.INVALID_JSON),
        (b'{"a":"\xff"}', Reason.NOT_UTF8),
        (b'{"\xc3":1}', Reason.NOT_UTF8),
        (b'{"a":"\xed\xa0\x80"}', Reason.NOT_UTF8),
        (b'{"a":"\xc0\xaf"}', Reason.NOT_UTF8),
        (b"[]", Reason.NOT_AN_OBJECT),
        (b"null", Reason.NOT_AN_OBJECT),
        (b'"{}"', Reason.NOT_AN_OBJECT),
        (b'{"a":' + b"9" * 5_000 + b"}", Reason.NUMBER_OUT_OF_RANGE),
        (b'{"a":-' + b"9" * 5_000 + b"}", Reason.NUMBER_OUT_OF_RANGE),
        (b'{"a":[1e400]}', Reason.NUMBER_OUT_OF_RANGE),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Reason.TOO_DEEP),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, Reason.TOO_DEEP),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_what_is_refused_and_why(text: bytes, reason: Reason) -> None:
    assert reason_of(text) is reason


@given(st.integers(1, MAX_DEPTH + 20), st.booleans())
@example(MAX_DEPTH, True)
@example(MAX_DEPTH, False)
@example(MAX_DEPTH + 1, True)
@example(MAX_DEPTH + 1, False)
def test_the_limit_of_depth_is_exact(depth: int, in_lists: bool) -> None:
    inner = depth - 1
    opening, closing = ("[", "]") if in_lists else ('{"a":', "}")
    text = f'{{"a":{opening * inner}1{closing * inner}}}'.encode()

    if depth <= MAX_DEPTH:
        assert parse_object(text) == json.loads(text)
    else:
        assert reason_of(text) is Reason.TOO_DEEP


@given(st.integers(-(10**400), 10**400) | st.integers(), st.integers(-500, 500))
@example(10**309, 0)
@example(-int(sys.float_info.max), 0)
@example(int(sys.float_info.max) + 1, 0)
def test_a_number_is_that_of_json_loads_or_beyond_what_a_double_holds(digits: int, exponent: int) -> None:
    for text in (f"{digits}", f"{digits}.5", f"{digits}e{exponent}"):
        expected = json.loads(text)
        record = f'{{"a":{text}}}'.encode()

        if abs(expected) > sys.float_info.max:
            assert reason_of(record) is Reason.NUMBER_OUT_OF_RANGE
        else:
            assert same(parse_object(record), {"a": expected})


def test_a_refusal_never_quotes_the_record() -> None:
    for text in (b'{"a":"hunter2","a":1}', b'{"a":hunter2}', b'{"a":"hunter2\xff"}', b'"hunter2"'):
        with pytest.raises(Unreadable) as refusal:
            parse_object(text)

        assert not re.search("hunter2", str(refusal.value))
