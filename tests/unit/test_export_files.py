"""Files of an export: cut at their limits, whole or not there, hashed as they are stored."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.memory_bucket import MemoryBucket
from trailkeep.errors import StorageUnavailable
from trailkeep.exports import files as files_module
from trailkeep.exports import upload as upload_module
from trailkeep.exports.columns import Shape
from trailkeep.exports.files import Files, StoredFile, Taken
from trailkeep.exports.formats import Format
from trailkeep.exports.json_file import objects
from trailkeep.exports.upload import KeyTaken, Upload, Written

KEY = "exports/jobs/1/part-00001.json"
PREFIX = "exports/jobs/1/"
NDJSON = Format("ndjson")


@contextmanager
def limits(**smaller: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in smaller.items():
            patch.setattr(upload_module if name == "PART_BYTES" else files_module, name, value)
        yield


# One object


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(1, 50))
def test_an_object_is_its_pieces_with_their_size_and_hash(pieces: list[bytes], part_bytes: int) -> None:
    bucket, whole = MemoryBucket(), b"".join(pieces)
    sent: list[int] = []
    with limits(PART_BYTES=part_bytes), Upload(bucket, KEY, "text/csv") as upload:
        bucket.before_call = lambda operation, key: sent.append(len(upload._held))  # type: ignore[method-assign]
        for piece in pieces:
            upload.write(piece)
        assert bucket.objects == {}, "seen before its end"
        written = upload.finish()

    assert bucket.get(KEY) == whole
    assert written == Written(len(whole), sha256(whole).hexdigest())
    assert upload.bytes == len(whole)
    assert bucket.uploads == {}
    assert len(sent) >= len(whole) // part_bytes


def test_parts_are_sent_as_they_are_full_and_no_more_is_held() -> None:
    bucket, held = MemoryBucket(), []
    with limits(PART_BYTES=100), Upload(bucket, KEY, "text/csv") as upload:
        for _ in range(50):
            upload.write(b"x" * 30)
            held.append(30 * 50 - sum(map(len, next(iter(bucket.uploads.values())).values())))
        upload.finish()

    assert min(held) < 100
    assert bucket.get(KEY) == b"x" * 1500


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, None])
def test_what_was_not_finished_leaves_nothing(error: type[BaseException] | None) -> None:
    bucket = MemoryBucket()

    def begin() -> None:
        with limits(PART_BYTES=10), Upload(bucket, KEY, "text/csv") as upload:
            upload.write(b"x" * 25)
            if error:
                raise error

    if error:
        with pytest.raises(error):
            begin()
    else:
        begin()
    assert (bucket.objects, bucket.uploads) == ({}, {})


def test_an_error_is_told_although_the_store_does_not_take_the_abortion() -> None:
    bucket = MemoryBucket()

    def unreachable(operation: str, key: str) -> None:
        if operation == "abort_upload":
            raise StorageUnavailable("it does not answer")

    bucket.before_call = unreachable  # type: ignore[method-assign]
    with pytest.raises(KeyError, match="the first"), Upload(bucket, KEY, "text/csv"):
        raise KeyError("the first")


def test_the_same_object_of_an_interrupted_run_is_taken_over() -> None:
    bucket = MemoryBucket()
    bucket.put(KEY, b"body")
    before = bucket.stat(KEY)

    with Upload(bucket, KEY, "text/csv") as upload:
        upload.write(b"body")
        assert upload.finish() == Written(4, sha256(b"body").hexdigest())

    assert bucket.stat(KEY) == before
    assert bucket.uploads == {}


def test_another_object_is_left_as_it_is_and_told_of() -> None:
    bucket = MemoryBucket()
    bucket.put(KEY, b"Body")

    with Upload(bucket, KEY, "text/csv") as upload:
        upload.write(b"body")
        with pytest.raises(KeyTaken):
            upload.finish()

    assert bucket.get(KEY) == b"Body"
    assert bucket.uploads == {}


# One file after another


NUMBERS = Shape(pa.schema([("n", pa.int64())]), (), lambda table: table.select(["n"]), objects)


def table_of(numbers: range | list[int]) -> pa.Table:
    return pa.table({"n": pa.array(numbers, pa.int64()), "other": pa.array([None] * len(numbers))})


def numbers_in(bucket: MemoryBucket, file: StoredFile) -> list[int]:
    body = bucket.get(PREFIX + file.name)
    assert (len(body), sha256(body).hexdigest()) == (file.bytes, file.sha256)
    text = gzip.decompress(body) if file.name.endswith(".gz") else body
    return [json.loads(line)["n"] for line in text.splitlines()]


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(1, 12), st.booleans())
def test_rows_are_cut_into_files_and_none_is_lost(sizes: list[int], file_rows: int, packed: bool) -> None:
    bucket, taken, start = MemoryBucket(), list[Taken](), 0
    with limits(FILE_ROWS=file_rows), Files(bucket, PREFIX, Format("ndjson", packed), NUMBERS, []) as files:
        for size in sizes:
            for each in files.take(table_of(range(start, start + size))):
                taken.append(each)
                assert each.is_stored is not files.has_rows_under_way
                assert files.rows == sum(len(one.rows) for one in taken)
            start += size
        if files.has_rows_under_way or not files.stored:
            files.close()

    assert [n for each in taken for n in each.rows["n"].to_pylist()] == list(range(start))
    assert [file.rows for file in files.stored[:-1]] == [file_rows] * (len(files.stored) - 1)
    assert [n for file in files.stored for n in numbers_in(bucket, file)] == list(range(start))
    assert set(bucket.objects) == {PREFIX + file.name for file in files.stored}
    assert bucket.uploads == {}


def test_names_count_on_behind_files_that_stand() -> None:
    bucket = MemoryBucket()
    stood = [StoredFile(f"part-{n:05d}.csv.gz", 10, 1, "") for n in (1, 2)]
    with Files(bucket, PREFIX, Format("csv", gzip=True), NUMBERS, stood) as files:
        list(files.take(table_of([1])))
        files.close()

    assert [file.name for file in files.stored] == ["part-00001.csv.gz", "part-00002.csv.gz", "part-00003.csv.gz"]
    assert files.rows == 21
    assert [file.name for file in stood] == ["part-00001.csv.gz", "part-00002.csv.gz"]


def test_another_copy_has_another_name() -> None:
    bucket = MemoryBucket()
    with Files(bucket, PREFIX, NDJSON, NUMBERS, [], copy=2) as files:
        files.close()

    assert [stat.key for stat in bucket.list("").objects] == [PREFIX + "part-00001-2.ndjson"]


def test_a_large_file_is_full_before_it_has_all_rows_that_it_may_have() -> None:
    bucket = MemoryBucket()
    with limits(FILE_BYTES=100, PART_BYTES=10), Files(bucket, PREFIX, NDJSON, NUMBERS, []) as files:
        for start in range(0, 100, 5):
            list(files.take(table_of(range(start, start + 5))))
        files.close()

    assert len(files.stored) > 5
    assert [n for file in files.stored for n in numbers_in(bucket, file)] == list(range(100))


def test_a_file_under_way_leaves_nothing_where_the_work_breaks_off() -> None:
    bucket = MemoryBucket()

    def work() -> Any:
        with limits(FILE_ROWS=3, PART_BYTES=5), Files(bucket, PREFIX, NDJSON, NUMBERS, []) as files:
            for each in files.take(table_of(range(10))):
                if each.rows["n"][0].as_py() == 6:
                    list(files.take(table_of([1])))
                    raise KeyError

    with pytest.raises(KeyError):
        work()
    assert sorted(bucket.objects) == [PREFIX + f"part-0000{n}.ndjson" for n in (1, 2, 3)]
    assert bucket.uploads == {}


def test_without_rows_there_is_one_file_without_rows() -> None:
    bucket = MemoryBucket()
    with Files(bucket, PREFIX, Format("csv"), NUMBERS, []) as files:
        assert list(files.take(table_of([]))) == []
        files.close()

    assert bucket.get(PREFIX + "part-00001.csv") == b'"n"\r\n'
    assert files.stored[0].rows == 0
