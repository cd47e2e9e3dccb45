"""A record that is broken, in whichever way, costs only itself: its neighbours are read, in bounded time and memory."""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.json_texts import compact, flush_left, pretty, values
from trailkeep.events.normalise import Arrival, normalise
from trailkeep.events.reasons import Reason, Rejected
from trailkeep.events.records import MAX_RECORD_BYTES, Record, split
from trailkeep.events.regions import RegionRules

ARRIVAL = Arrival("objects", 1_800_000_000_000_000, RegionRules("cn-hangzhou", "ap-southeast-1"))

Write = Callable[[Any], bytes]
Join = Callable[[list[bytes]], bytes]

FORMS: dict[str, tuple[Write, Join]] = {
    "an array in one line": (compact, lambda written: b"[" + b",".join(written) + b"]"),
    "an array with a record a line": (compact, lambda written: b"[\n" + b",\n".join(written) + b"\n]\n"),
    "an indented array": (pretty, lambda written: b"[\n" + b",\n".join(written) + b"\n]\n"),
    "an array of lines flush left": (flush_left, lambda written: b"[\n" + b",\n".join(written) + b"\n]\n"),
    "an envelope": (compact, lambda written: b'{"Records":[' + b",".join(written) + b"]}"),
    "lines": (compact, lambda written: b"\n".join(written) + b"\n"),
}

names = st.text('abc{}[]":,\\', max_size=6)
resources = st.lists(st.builds(lambda name: {"ARN": name}, names), max_size=3)
events = st.builds(
    lambda name, parameters, listed, read_only: {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "userName": name},
        "requestParameters": parameters,
        "resources": listed,
        "readOnly": read_only,
    },
    names,
    values,
    resources,
    st.booleans(),
)
"""As a cloud writes them: all begin with the same name, objects and lists are nested, strings hold anything."""


def structure(text: bytes) -> list[int]:
    """The places of brackets and of the quotes of strings."""
    places = []
    at = 0
    while at < len(text):
        if text[at : at + 1] in b"{}[]" and text[at : at + 1]:
            places.append(at)
        elif text[at : at + 1] == b'"':
            places.append(at)
            while True:
                at += 1
                if text[at : at + 1] == b"\\":
                    at += 1
                elif text[at : at + 1] == b'"':
                    break
            places.append(at)
        at += 1
    return places


def with_a_scalar_that_is_none(text: bytes, dice: random.Random) -> bytes:
    cut = text.rindex(b"}")
    return (
        text[:cut] + b',"z":' + dice.choice([b"NaN", b"-Infinity", b"0x1F", b"01", b"'x'", b"undefined"]) + text[cut:]
    )


def without_a_bracket(text: bytes, dice: random.Random) -> bytes:
    place = dice.choice([place for place in structure(text) if text[place : place + 1] != b'"'])
    return text[:place] + text[place + 1 :]


def with_a_bracket_too_many(text: bytes, dice: random.Random) -> bytes:
    place = dice.choice(structure(text))
    return text[:place] + dice.choice([b"{", b"}", b"[", b"]"]) + text[place:]


def with_a_string_unclosed(text: bytes, dice: random.Random) -> bytes:
    place = dice.choice([place for place in structure(text) if text[place : place + 1] == b'"'])
    return text[:place] + text[place + 1 :]


def with_a_quote_too_many(text: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(1, len(text))
    return text[:place] + b'"' + text[place:]


def torn(text: bytes, dice: random.Random) -> bytes:
    return text[: dice.randrange(1, len(text))]


def no_object(_: bytes, dice: random.Random) -> bytes:
    return dice.choice([b"1", b"-0.5", b"null", b"true", b'"text"', b'"a,b{"', b'"},{"', b"[]", b'[1,{"a":2}]', b"NaN"])


BREAKS = [
    with_a_scalar_that_is_none,
    without_a_bracket,
    with_a_bracket_too_many,
    with_a_string_unclosed,
    with_a_quote_too_many,
    torn,
    no_object,
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("broken", BREAKS)
@settings(max_examples=20)
@given(st.lists(events, min_size=3, max_size=6), st.integers(1, 1000), st.randoms(use_true_random=False))
def test_its_neighbours_are_read(
    broken: Callable[[bytes, random.Random], bytes],
    form: str,
    group: list[dict[str, Any]],
    position: int,
    dice: random.Random,
) -> None:
    write, join = FORMS[form]
    written = [write(event) for event in group]
    position = 1 + position % (len(written) - 2) if len(written) > 2 else 1
    neighbours = written[:position] + written[position + 1 :]
    written[position] = broken(written[position], dice)
    assume(form != "lines" or b"\n" not in written[position])

    found = [part.text for part in split([join(written)]) if isinstance(part, Record)]

    assert [neighbour for neighbour in neighbours if not any(is_read_in(text, neighbour) for text in found)] == []


def is_read_in(text: bytes, record: bytes) -> bool:
    """Whether a text is the record; or holds it, where what was torn makes valid JSON together with its neighbour."""
    return text == record or (record in text and is_json(text))


def is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("form", ["an array in one line", "lines"])
@pytest.mark.parametrize("broken", BREAKS)
def test_one_among_ten_thousand(broken: Callable[[bytes, random.Random], bytes], form: str) -> None:
    write, join = FORMS[form]
    written = [
        write({"eventName": f"n{number}", "resources": [{"ARN": "a"}, {"ARN": "b"}]}) for number in range(10_000)
    ]
    neighbours = [*written[:5000], *written[5001:]]
    written[5000] = broken(written[5000], random.Random(5))

    found = list(split([join(written)]))

    sound = [part.text for part in found if isinstance(part, Record) and b'"eventName"' in part.text]
    assert [text for text in sound if is_json(text)] == neighbours
    assert len(found) <= 10_000 + 30, "what remains of one record is not counted as many"


@pytest.mark.parametrize("form", FORMS)
def test_many_broken_ones_among_many(form: str) -> None:
    write, join = FORMS[form]
    dice = random.Random(11)
    written = [
        write({"eventName": f"n{number}", "list": [{"a": "b"}], "user": {"name": "x"}}) for number in range(2000)
    ]
    neighbours = [text for number, text in enumerate(written) if number % 3]
    for number in range(0, 2000, 3):
        written[number] = BREAKS[number % len(BREAKS)](written[number], dice)
    if form == "lines":
        written = [text.replace(b"\n", b" ") for text in written]

    found = {part.text for part in split([join(written)]) if isinstance(part, Record)}

    assert set(neighbours) - found == set()


def refusals(text: bytes) -> list[Reason]:
    """Why records of a text are refused, be it by the splitting or by the reading of each."""
    results = (part if isinstance(part, Rejected) else normalise(part, ARRIVAL) for part in split([text]))
    return [result.reason for result in results if isinstance(result, Rejected)]


GOOD = b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z"}'
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","n":NaN}', Reason.INVALID_JSON),
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","n":1,"n":2}', Reason.DUPLICATE_KEY),
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","n":' + b"9" * 5000 + b"}", Reason.NUMBER_OUT_OF_RANGE),
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","n":1e999}', Reason.NUMBER_OUT_OF_RANGE),
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","n":"\\ud800"}', Reason.INVALID_JSON),
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","n":"\xff\xfe"}', Reason.NOT_UTF8),
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","\xed\xa0\x80":1}', Reason.NOT_UTF8),
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","n":"\x00"}', Reason.INVALID_JSON),
        (b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","n":' + DEEP + b"}", Reason.TOO_DEEP),
        (b'{"eventName":"x","eventTime":"9999-12-31T23:59:59Z"}', Reason.EVENT_TIME_OUT_OF_RANGE),
        (b'{"eventName":"x","eventTime":"1969-12-31T23:59:59Z"}', Reason.EVENT_TIME_OUT_OF_RANGE),
        (b'{"eventName":"x","eventTime":1772323200}', Reason.INVALID_EVENT_TIME),
        (b'{"eventName":"x","eventTime":"2026-02-30T00:00:00Z"}', Reason.INVALID_EVENT_TIME),
        (b'{"eventName":"x"}', Reason.MISSING_EVENT_TIME),
        (b'{"eventTime":"2026-03-01T00:00:00Z"}', Reason.MISSING_EVENT_NAME),
        (b"{}", Reason.MISSING_EVENT_TIME),
        (b"null", Reason.NOT_AN_OBJECT),
        (b'"text"', Reason.NOT_AN_OBJECT),
        (b"{'a':1}", Reason.INVALID_JSON),
        (b'{"a":1,}', Reason.INVALID_JSON),
        (b'{"a":"' + b"x" * (MAX_RECORD_BYTES + 10) + b'"}', Reason.RECORD_TOO_LARGE),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
@pytest.mark.parametrize("join", [join for _, join in FORMS.values()], ids=FORMS)
def test_a_bad_record_is_refused_with_its_reason_and_alone(bad: bytes, reason: Reason, join: Join) -> None:
    assert refusals(join([GOOD] * 3 + [bad] + [GOOD] * 3)) == [reason]


def test_a_record_of_five_megabytes_is_kept() -> None:
    large = b'{"eventName":"x","eventTime":"2026-03-01T00:00:00Z","text":"' + b"x" * (5 << 20) + b'"}'

    assert refusals(b"[" + large + b"," + GOOD + b"]") == []


def test_lists_among_records_are_refused_and_what_they_hold_is_read() -> None:
    found = list(split([b"[" + GOOD + b",[],[1],[[" + GOOD + b"]]," + GOOD + b"]"]))

    assert [part.text for part in found if isinstance(part, Record)] == [GOOD] * 3
    assert {part.reason for part in found if isinstance(part, Rejected)} == {Reason.NOT_AN_OBJECT}


def test_nesting_without_end_is_refused_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailkeep.events.exact.PATIENCE_BYTES", 1 << 16)

    def endless() -> Iterator[bytes]:
        yield GOOD + b"\n"
        for _ in range(5):
            yield b'{"a":[' * 2_000

    tracemalloc.start()
    reasons = [part.reason for part in split(endless()) if isinstance(part, Rejected)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert set(reasons) <= {Reason.INVALID_JSON, Reason.TRUNCATED}
    assert peak < 16 << 20


def test_a_record_without_end_is_dropped_while_it_is_read() -> None:
    def endless() -> Iterator[bytes]:
        yield b'[{"a":"'
        for _ in range(60):
            yield b"x" * (1 << 20)
        yield b'"},' + GOOD + b"]"

    tracemalloc.start()
    found = list(split(endless()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [part.text if isinstance(part, Record) else part.reason for part in found] == [Reason.RECORD_TOO_LARGE, GOOD]
    assert peak < 5 * MAX_RECORD_BYTES


HOSTILE = [
    b'{"a":[',
    b'{"a":{"a":',
    b'{":{',
    b'{":1},',
    b'{"',
    b"[{",
    b'"{" ',
    b'{"a":"{"}',
    b'{"Records":[',
    b"},{",
    b'\\"',
    b'{"a":1\n',
    b"1,",
    b'"a,',
]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("start", [b"[", b'{"a":1}\n', b'{"a":[{"b":"'])
def test_no_text_takes_a_time_out_of_proportion(unit: bytes, start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailkeep.events.exact.PATIENCE_BYTES", 1 << 12)

    def seconds(size: int) -> float:
        text = start + unit * (size // len(unit))
        started = time.process_time()
        for _ in split([text]):
            pass
        return time.process_time() - started

    small, large = (min(seconds(size) for _ in range(2)) for size in (3_000, 24_000))

    assert large < 25 * max(small, 0.002), "8 times the text; in square, it would take 64 times as long"
