"""The format's smallest parts: numbers one by one and by the million are the same, and other bytes are told."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_imports import LAYER
from trailkeep.index.arrays import buffer, decode_numbers, encode_numbers, gaps_within, slices, sums_within
from trailkeep.index.frames import pack, seal, unpack, unseal
from trailkeep.index.keys import ID_BITS, POSTED, VALUE_BITS, id_hash, value_hash
from trailkeep.index.varints import decode_varints, encode_varints
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.thrift import read_struct

numbers = st.lists(st.integers(0, 300) | st.integers(0, (1 << 63) - 1), max_size=40)


@given(numbers, st.binary(max_size=3))
def test_numbers_come_back_one_by_one_and_all_at_once(values: list[int], before: bytes) -> None:
    data = encode_varints(values)
    array, lengths = encode_numbers(np.array(values, np.int64))

    assert array.tobytes() == data
    assert [len(encode_varints([value])) for value in values] == lengths.tolist()
    assert decode_varints(before + data, len(before), len(values)) == (values, len(before) + len(data))
    found, end = decode_numbers(buffer(before + data), len(before), len(values))
    assert (found.tolist(), end) == (values, len(before) + len(data))


@given(numbers.filter(bool))
def test_numbers_that_are_cut_off_are_told(values: list[int]) -> None:
    data = encode_varints(values)[:-1]

    with pytest.raises(Damaged):
        decode_varints(data, 0, len(values))
    with pytest.raises(Damaged):
        decode_numbers(buffer(data), 0, len(values))


def test_a_number_without_end_is_told() -> None:
    for data in (b"\xff" * 40, b"\xff" * 40 + b"\0"):
        with pytest.raises(Damaged):
            decode_varints(data, 0, 1)
        with pytest.raises(Damaged):
            decode_numbers(buffer(data), 0, 1)


@given(st.lists(st.lists(st.integers(0, 1000)), max_size=8))
def test_gaps_add_up_to_what_they_were_taken_from(groups: list[list[int]]) -> None:
    groups = [sorted(group) for group in groups]
    flat = np.array([value for group in groups for value in group], np.int64)
    lengths = np.array([len(group) for group in groups], np.int64)

    gaps = gaps_within(flat, lengths)

    assert sums_within(gaps, lengths).tolist() == flat.tolist()
    ends = list(accumulate(map(len, groups), initial=0))
    for group, (start, end) in zip(groups, pairwise(ends), strict=True):
        assert list(accumulate(gaps[start:end].tolist())) == group


@given(st.binary(max_size=50), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=6))
def test_slices_are_taken_in_the_order_given(data: bytes, wanted: list[tuple[int, int]]) -> None:
    wanted = [(start, length) for start, length in wanted if start + length <= len(data)]
    starts, lengths = (np.array([pair[n] for pair in wanted], np.int64) for n in (0, 1))

    found = slices(buffer(data), starts, lengths).tobytes()

    assert found == b"".join(data[start : start + length] for start, length in wanted)


@given(st.binary(max_size=300))
def test_frames_come_back_in_their_own_place_only(payload: bytes) -> None:
    assert unseal(seal(payload, "here"), "here") == payload
    assert unpack(pack(payload, "here"), "here") == payload
    with pytest.raises(Damaged):
        unseal(seal(payload, "here"), "there")
    with pytest.raises(Damaged):
        unpack(pack(payload, "here"), "there")


@given(st.binary(max_size=60))
def test_any_bytes_are_no_frame(data: bytes) -> None:
    for read in (unseal, unpack):
        with pytest.raises(Damaged):
            read(data, "here")


@given(st.binary(max_size=40))
def test_a_sealed_frame_that_is_no_compressed_one_is_told(data: bytes) -> None:
    with pytest.raises(Damaged):
        unpack(seal(data, "here"), "here")


@given(st.binary(max_size=80))
def test_any_bytes_as_a_page_header_end_in_a_typed_error_or_in_fields(data: bytes) -> None:
    try:
        fields, end = read_struct(data, 0)
    except Damaged:
        return
    assert end <= len(data)
    assert isinstance(fields, dict)


def test_the_hashes_are_part_of_the_format() -> None:
    """What stands in buckets would not be found by others: a change needs another version of the root."""
    assert id_hash("48deee2f-a38b-440b-aae4-168640afd6b8") == 11301357880
    assert value_hash("access_key_id", "LTAI5tAliceExample000001") == 38201138610087304
    assert value_hash("resource_names", "日志") == 55289229913686638
    numbers = [number for name, number in POSTED.items() if name != "event_source"]
    assert len(numbers) == len(set(numbers))
    assert POSTED["event_source"] == POSTED["service_name"]


@given(st.text())
def test_hashes_have_their_bits_whatever_the_text(text: str) -> None:
    assert 0 <= id_hash(text) < 1 << ID_BITS
    assert 0 <= value_hash("user_name", text) < 1 << VALUE_BITS


def test_half_a_character_in_a_question_is_looked_up_like_any_other() -> None:
    assert 0 <= id_hash("\ud800") < 1 << ID_BITS


def test_looking_up_needs_no_numpy() -> None:
    """The functions that answer have none."""
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "import trailkeep.index.root, trailkeep.index.recent, trailkeep.lake.pages, trailkeep.index.derivable\n"
        "import trailkeep.lookup.lookup\n"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(LAYER), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
