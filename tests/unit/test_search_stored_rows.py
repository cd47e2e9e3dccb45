"""Rows of SQL that are more than one page, from the store and back."""

from __future__ import annotations

import json
from typing import cast

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import InvalidNextToken, ObjectUnreadable
from trailkeep.lake.storage import Bucket
from trailkeep.search import stored_rows
from trailkeep.search.spool import clear_spool, spool, spooled
from trailkeep.search.stored_rows import place_in, read_rows, rows_token, store_rows

PREFIX = "exports/jobs/j/"
KEY = b"k" * 64


def bucket() -> Bucket:
    return cast(Bucket, MemoryBucket())


def lines(count: int, size: int = 0) -> list[bytes]:
    return [json.dumps({"n": number, "filler": "x" * size}).encode() for number in range(count)]


@given(st.integers(0, 25), st.integers(1, 10), st.integers(1, 7))
def test_pages_of_any_size_give_all_rows_in_order(count: int, file_rows: int, most: int) -> None:
    lake, rows = bucket(), lines(count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_rows, "FILE_ROWS", file_rows)
        files = store_rows(lake, PREFIX, rows)
    found: list[bytes] = []
    place: int | None = 0

    while place is not None:
        page = read_rows(lake, PREFIX, files, place, most)
        assert len(page.rows) <= most
        found += page.rows
        place = page.next

    assert found == rows
    assert sum(file.rows for file in files) == count


def test_a_page_ends_before_an_answer_gets_too_large() -> None:
    lake = bucket()
    files = store_rows(lake, PREFIX, lines(9, 1_000_000))

    first = read_rows(lake, PREFIX, files, 0, 1000)

    assert (len(first.rows), first.next) == (4, 4)
    assert len(files) == 3


def test_the_same_rows_stored_again_are_the_same_files() -> None:
    lake = bucket()

    assert store_rows(lake, PREFIX, lines(3)) == store_rows(lake, PREFIX, lines(3))
    assert len(lake.list(PREFIX).objects) == 1


@pytest.mark.parametrize("place", [-1, 3, 10**9])
def test_a_place_behind_the_last_row_is_no_page(place: int) -> None:
    lake = bucket()

    with pytest.raises(InvalidNextToken):
        read_rows(lake, PREFIX, store_rows(lake, PREFIX, lines(3)), place, 1)


def test_a_file_that_is_not_what_was_stored_is_not_given() -> None:
    lake = bucket()
    (file,) = store_rows(lake, PREFIX, lines(3))
    (stat,) = lake.list(PREFIX).objects
    lake.replace(stat.key, b"{}\n", stat.etag)

    with pytest.raises(ObjectUnreadable, match=file.name):
        read_rows(lake, PREFIX, [file], 0, 1)


def test_a_token_leads_to_its_place_for_whom_it_was_made_and_for_nobody_else() -> None:
    token = rows_token(KEY, b"TokenA, this query", "job", 50)

    assert place_in(KEY, b"TokenA, this query", token) == ("job", 50)
    for key, bound in ((KEY, b"TokenB, this query"), (b"o" * 64, b"TokenA, this query")):
        with pytest.raises(InvalidNextToken):
            place_in(key, bound, token)


def test_spooled_rows_come_back_and_go() -> None:
    lake, table = bucket(), pa.table({"a": [1, 2], "b": ["x", None]})
    files = [spool(lake, PREFIX, number, [table, table]) for number in (1, 2)]

    assert [each.to_pydict() for each in spooled(lake, PREFIX, files)] == [{"a": [1, 2] * 2, "b": ["x", None] * 2}] * 2

    clear_spool(lake, PREFIX)
    assert not lake.list(PREFIX).objects
