"""Single pages: read by themselves they hold what the library wrote, and damage is told."""

from __future__ import annotations

import io
import random
from contextlib import suppress
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index_objects import compacted, scanned
from tests.unit.strategies import MIDNIGHT, make_event
from trailkeep.index.page_table import decode_page_table
from trailkeep.index.root import RootObject
from trailkeep.lake.compacted import PAGE_ROWS
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.pages import pages_in, texts_in

texts = st.text(max_size=30) | st.sampled_from(["", "ü" * 200, "日志", "x" * 5000])
columns = st.integers(1, 500).flatmap(lambda size: st.lists(texts, min_size=size, max_size=size))


def chunk_of(values: list[str | None], **options: object) -> bytes:
    """The column chunk of texts as the library writes it, in pages of 128 rows if not told otherwise."""
    sink = io.BytesIO()
    layout = {"compression": "zstd", "use_dictionary": False, "write_batch_size": 128, "data_page_size": 1}
    pq.write_table(pa.table({"event": pa.array(values, pa.string())}), sink, **(layout | options))
    column = pq.read_metadata(sink).row_group(0).column(0)
    start = min(filter(None, (column.dictionary_page_offset, column.data_page_offset)))
    return sink.getvalue()[start : start + column.total_compressed_size]


@given(columns)
def test_all_texts_come_back(values: list[str]) -> None:
    assert texts_in(chunk_of(values)) == dict(enumerate(value.encode() for value in values))


@given(columns, st.data())
def test_wanted_texts_come_back_and_no_others(values: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.sets(st.sampled_from(range(len(values)))))

    assert texts_in(chunk_of(values), wanted) == {row: values[row].encode() for row in wanted}


@given(columns)
def test_each_page_can_be_read_by_itself(values: list[str]) -> None:
    chunk = chunk_of(values)
    pages = list(pages_in(chunk))

    assert [page.rows for page in pages[:-1]] == [128] * (len(pages) - 1)
    assert all(before.end == after.start for before, after in pairwise(pages))
    for page in pages:
        here = values[page.first_row : page.first_row + page.rows]
        assert texts_in(chunk[page.start : page.end]) == dict(enumerate(value.encode() for value in here))


def test_pages_that_are_not_asked_for_are_not_looked_into() -> None:
    chunk = bytearray(chunk_of([f"text-{n}" for n in range(300)]))
    _, second, _ = pages_in(bytes(chunk))
    chunk[second.body : second.end] = b"\0" * (second.end - second.body)

    assert texts_in(bytes(chunk), [5, 299]) == {5: b"text-5", 299: b"text-299"}
    with pytest.raises(Damaged):
        texts_in(bytes(chunk), [130])


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": True},
        {"data_page_version": "2.0"},
        {"column_encoding": {"event": "DELTA_LENGTH_BYTE_ARRAY"}},
        {"compression": "snappy"},
        {"compression": "none"},
    ],
    ids=str,
)
def test_pages_of_other_layouts_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Damaged):
        texts_in(chunk_of(["text", "other"] * 50, **options))


def test_pages_with_nulls_are_refused() -> None:
    with pytest.raises(Damaged, match="as many values"):
        texts_in(chunk_of(["a", None, "b"]))


def test_a_row_behind_the_last_one_is_refused() -> None:
    with pytest.raises(Damaged, match="no row 3"):
        texts_in(chunk_of(["a", "b", "c"]), [1, 3])


@given(st.lists(texts, min_size=1, max_size=300), st.randoms(use_true_random=False))
def test_a_chunk_cut_anywhere_is_refused_or_lacks_whole_pages(values: list[str], dice: random.Random) -> None:
    chunk = chunk_of(values)
    cut = chunk[: dice.randrange(len(chunk))]
    try:
        found = texts_in(cut)
    except Damaged:
        return
    assert found == {row: values[row].encode() for row in range(len(found))}


@given(st.lists(texts, min_size=1, max_size=200), st.randoms(use_true_random=False))
def test_a_flipped_bit_in_a_page_with_a_checksum_changes_no_text(values: list[str], dice: random.Random) -> None:
    chunk = bytearray(chunk_of(values, write_page_checksum=True))
    chunk[dice.randrange(len(chunk))] ^= 1 << dice.randrange(8)
    try:
        found = texts_in(bytes(chunk))
    except Damaged:
        return
    # A header has bits that mean nothing to us.
    assert all(found[row] == value.encode() for row, value in enumerate(values) if row in found)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_typed_error_or_in_texts(data: bytes) -> None:
    with suppress(Damaged):
        texts_in(data)


def test_rows_are_located_in_pages_and_between_marks() -> None:
    """What compaction writes: blocks of 128 rows to a page, over several row groups."""
    dice = random.Random(7)
    events = [
        make_event(n, event_time=MIDNIGHT + n * 1_000_000, event=dice.randbytes(dice.randrange(1, 900)).hex())
        for n in range(2000)
    ]
    body = compacted(events).body
    found = scanned(body)
    table = decode_page_table(found.table, 2000)
    known = RootObject("events/x", len(body), 2000, 0, 0, 1, groups=found.groups)

    assert known.is_paged
    for row in (0, 1, 127, 128, 1000, 1919, 1999):
        for place in (table.locate(row), known.stretch_of(row)):
            assert place.first_row % PAGE_ROWS == 0
            stretch = body[place.start : place.start + place.length]
            assert texts_in(stretch, [row - place.first_row]) == {row - place.first_row: events[row].event.encode()}
    assert table.times[1] == events[table.first_rows[1]].event_time
    for wrong in (-1, 2000):
        with pytest.raises(IndexError):
            table.locate(wrong)
        with pytest.raises(IndexError):
            known.stretch_of(wrong)


@given(st.binary(max_size=60))
def test_any_bytes_as_a_page_table_are_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        decode_page_table(data, 5)
