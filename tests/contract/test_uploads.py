"""Objects that come in parts, on every store: seen whole or not at all, and never over one that stands.

Of several that complete one key in the same moment one wins on S3. SeaweedFS looks and writes in two steps, and lets
several win; nothing rests on it, since each key is written by the one worker that holds a job.
"""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from hashlib import sha256

import pytest

from tests.functions.interruption import Fault, interrupted
from trailkeep.errors import StorageUnavailable
from trailkeep.lake import storage
from trailkeep.lake.storage import Bucket

MINIMUM = 5 << 20
"""S3 takes no smaller part, but for the last."""

KEY = "exports/jobs/ü +/part-00001.csv.gz"

SEAWEED = pytest.param("seaweed", marks=pytest.mark.seaweed)


def upload(bucket: Bucket, *parts: bytes, key: str = KEY) -> tuple[str, list[str]]:
    """An upload with its parts, which is not completed yet."""
    started = bucket.begin_upload(key, "text/csv")
    return started, [bucket.upload_part(key, started, number, part) for number, part in enumerate(parts, 1)]


def uploads_under_way(bucket: Bucket) -> int:
    return len(storage._client().list_multipart_uploads(Bucket=bucket.name).get("Uploads", []))


@pytest.mark.parametrize("last", [b"", b"x", os.urandom(MINIMUM + 17)], ids=lambda last: f"{len(last)} bytes")
def test_the_object_is_its_parts_one_after_another(bucket: Bucket, last: bytes) -> None:
    parts = [os.urandom(MINIMUM), os.urandom(MINIMUM + 1), last]

    assert bucket.complete_upload(KEY, *upload(bucket, *parts))

    whole = b"".join(parts)
    assert sha256(bucket.get(KEY)).digest() == sha256(whole).digest()
    assert bucket.stat(KEY).size == len(whole)
    assert [(stat.key, stat.size) for stat in bucket.list("exports/").objects] == [(KEY, len(whole))]
    assert storage._client().head_object(Bucket=bucket.name, Key=KEY)["ContentType"] == "text/csv"
    assert uploads_under_way(bucket) == 0


def test_of_parts_that_come_out_of_order_the_number_counts_and_the_last_one_given(bucket: Bucket) -> None:
    first, second = os.urandom(MINIMUM), os.urandom(MINIMUM)
    started = bucket.begin_upload(KEY, "text/csv")
    etag_2 = bucket.upload_part(KEY, started, 2, second)
    bucket.upload_part(KEY, started, 1, b"sent before, and again since its answer was lost")
    etag_1 = bucket.upload_part(KEY, started, 1, first)

    assert bucket.complete_upload(KEY, started, [etag_1, etag_2])

    assert bucket.get(KEY) == first + second


def test_nothing_is_seen_before_the_end_nor_of_what_was_aborted(bucket: Bucket, store: str) -> None:
    started, etags = upload(bucket, os.urandom(MINIMUM), b"end")
    assert bucket.list("").objects == []

    bucket.abort_upload(KEY, started)

    assert bucket.list("").objects == []
    assert uploads_under_way(bucket) == 0
    if store != "moto":  # which breaks down where it should answer that there is no such upload
        assert not bucket.complete_upload(KEY, started, etags), "what was dropped comes to nothing"
        assert bucket.list("").objects == []


def test_an_upload_is_aborted_any_number_of_times_and_harms_nothing_once_completed(bucket: Bucket) -> None:
    aborted, _ = upload(bucket, b"one")
    for _ in range(2):
        bucket.abort_upload(KEY, aborted)
    completed, etags = upload(bucket, b"two")
    assert bucket.complete_upload(KEY, completed, etags)

    bucket.abort_upload(KEY, completed)

    assert bucket.get(KEY) == b"two"


def test_what_stands_is_not_created_again_by_parts(bucket: Bucket) -> None:
    bucket.create(KEY, b"first")
    before = bucket.stat(KEY)
    started, etags = upload(bucket, os.urandom(MINIMUM), b"second")

    assert not bucket.complete_upload(KEY, started, etags)

    assert bucket.get(KEY) == b"first"
    assert bucket.stat(KEY) == before
    bucket.abort_upload(KEY, started)
    assert uploads_under_way(bucket) == 0


def test_what_came_by_parts_is_not_created_again_and_can_be_replaced_and_deleted(bucket: Bucket) -> None:
    assert bucket.complete_upload(KEY, *upload(bucket, os.urandom(MINIMUM), b"first"))

    assert not bucket.create(KEY, b"second")
    assert bucket.replace(KEY, b"third", bucket.stat(KEY).etag)
    assert bucket.get(KEY) == b"third"
    assert bucket.delete(KEY, bucket.stat(KEY).etag)
    assert bucket.complete_upload(KEY, *upload(bucket, b"fourth"))
    assert bucket.get(KEY) == b"fourth"


# A store that falters


def steps(bucket: Bucket) -> list[str]:
    """Every call of an upload, each of which a fault may meet; gives what stands then."""
    started, etags = upload(bucket, b"body")
    assert bucket.complete_upload(KEY, started, etags) or bucket.get(KEY) == b"body"
    bucket.abort_upload(KEY, started)
    return [stat.key for stat in bucket.list("").objects]


@pytest.mark.parametrize("fault", [Fault.TIMED_OUT, Fault.BUSY_ONCE, Fault.ERROR_ONCE, Fault.ANSWER_LOST])
@pytest.mark.parametrize("at", range(1, 5))
def test_a_moment_of_weakness_at_any_call_is_not_seen(bucket: Bucket, fault: Fault, at: int) -> None:
    with interrupted(at, fault):
        assert steps(bucket) == [KEY]
    assert bucket.get(KEY) == b"body"


@pytest.mark.parametrize("at", range(1, 4))
def test_a_store_that_does_not_answer_is_told_as_such_and_nothing_stands(bucket: Bucket, at: int) -> None:
    with interrupted(at, Fault.UNAVAILABLE), pytest.raises(StorageUnavailable):
        steps(bucket)
    assert bucket.list("").objects == []


# Links


@pytest.mark.parametrize("store", [SEAWEED], indirect=True)
def test_a_link_ends_with_its_time_however_it_is_written(bucket: Bucket) -> None:
    assert bucket.complete_upload(KEY, *upload(bucket, b"body"))
    link = bucket.link(KEY, 1)

    time.sleep(2.5)

    for each in (link, link.replace("Expires=1&", "Expires=300&")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(each, timeout=10)
        assert refused.value.code == 403
