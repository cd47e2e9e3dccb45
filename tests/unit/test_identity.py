"""An event keeps its identity however often and however written it comes; another event never has it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from trailkeep.events.identity import OBJECTS, UID_BYTES, event_uid

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
records = st.dictionaries(texts, values, max_size=4)
times = st.integers(0, 2**53)
channels = st.sampled_from([OBJECTS, "api/1", "api/11", "api/2"])


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(inner) for key, inner in reversed(value.items())}
    return [reordered(inner) for inner in value] if isinstance(value, list) else value


@given(channels, st.none() | texts, times, records)
def test_an_identity_has_a_fixed_length_and_is_always_the_same(
    channel: str, event_id: str | None, time: int, record: dict[str, Any]
) -> None:
    uid = event_uid(channel, event_id, time, record)

    assert len(uid) == UID_BYTES
    assert uid == event_uid(channel, event_id, time, reordered(record))


@given(records, times, st.sampled_from([None, 2]))
def test_neither_order_nor_blanks_of_a_record_without_an_id_matter(
    record: dict[str, Any], time: int, indent: int | None
) -> None:
    again = msgspec.json.decode(json.dumps(reordered(record), indent=indent))

    assert event_uid(OBJECTS, None, time, again) == event_uid(OBJECTS, None, time, record)


def test_an_event_with_an_id_is_the_same_whatever_else_it_says() -> None:
    assert event_uid(OBJECTS, "a", 1, {"x": 1}) == event_uid(OBJECTS, "a", 1, {"x": 2})


identities = st.tuples(channels, texts.filter(bool), times)


@given(identities, identities)
@example(("api/1", "1", 1), ("api/11", "1", 1))
@example(("api/1", "\x001", 1), ("api/1", "1", 1))
def test_another_channel_id_or_time_is_another_event(one: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    assert (event_uid(*one, {}) == event_uid(*other, {})) == (one == other)


@given(records, records)
def test_another_record_without_an_id_is_another_event(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")

    assert (event_uid(OBJECTS, None, 0, one) == event_uid(OBJECTS, None, 0, other)) == same


@given(records)
def test_an_id_is_never_taken_for_a_record(record: dict[str, Any]) -> None:
    written = msgspec.json.encode(record, order="deterministic").decode()

    assert event_uid(OBJECTS, written, 0, record) != event_uid(OBJECTS, None, 0, record)


def test_identities_never_change() -> None:
    assert event_uid(OBJECTS, "48deee2f", 1_685_686_101_000_000, {}).hex() == "6000f80e6227dcfb78ce0d9ae596a105"
    assert event_uid("api/1", None, 0, {"b": 1, "a": [True]}).hex() == "f6db0fa5ff57b24ea1ef5879df18000b"
