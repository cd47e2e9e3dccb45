"""What the lake relies on in an object store, asked of an emulation and of a server by others."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier

import pytest

from tests.contract.stores import connected
from tests.functions.interruption import Fault, interrupted
from trailkeep.errors import ObjectNotFound, ObjectUnreadable, StorageUnavailable
from trailkeep.lake import storage
from trailkeep.lake.storage import Bucket, Range

BODIES = [b"", b"x", os.urandom(3_500_000)]
KEYS = [
    "plain.json",
    "with a blank  and two",
    "plus+plus",
    "percent%20encoded",
    "a%2Fslash/that is none",
    "region=cn-hangzhou/date=2026-03-09/part.parquet",
    "ünï/張三/😀",
    "& # ? ; : @ $ , ! ' ( ) * ~ ^ | \" < > [ ] { } `",
    "..hidden/...dots.",
    "UPPER/lower",
    "a.b.c/" + "n" * 900,
    "k" * 1024,
]


SEAWEED = pytest.param("seaweed", marks=pytest.mark.seaweed)
"""For what an emulation in this process cannot show."""

PATIENCE = {"moto": 15, "seaweed": 3}
"""Rounds of a race: who loses one is told at once by the one store, and after seconds by the other."""


# One object


@pytest.mark.parametrize("body", BODIES, ids=lambda body: f"{len(body)} bytes")
def test_what_is_written_is_read_back_byte_for_byte(bucket: Bucket, body: bytes) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    assert bucket.create("key", body, {"rows": "17", "fingerprint": "ab-cd"})

    stat = bucket.stat("key")
    assert (stat.key, stat.size, stat.metadata) == ("key", len(body), {"rows": "17", "fingerprint": "ab-cd"})
    assert before <= stat.modified_at <= datetime.now(UTC) + timedelta(seconds=2)
    assert bucket.get("key") == body
    with bucket.open("key") as (opened, chunks):
        assert opened == stat
        assert b"".join(chunks) == body
    (listed,) = bucket.list("").objects
    # To the second, as the headers have it: a listing may be more exact than that.
    assert listed.modified_at.replace(microsecond=0) == stat.modified_at
    assert (listed.key, listed.etag, listed.size) == ("key", stat.etag, stat.size)


def test_what_stands_is_not_created_again(bucket: Bucket) -> None:
    assert bucket.create("key", b"first", {"by": "the first"})
    before = bucket.stat("key")

    assert not bucket.create("key", b"second")
    assert not bucket.create("key", b"first")

    assert bucket.get("key") == b"first"
    assert bucket.stat("key") == before


def test_only_the_one_that_was_seen_is_replaced(bucket: Bucket) -> None:
    bucket.create("key", b"first")
    seen = bucket.stat("key").etag

    assert bucket.replace("key", b"second", seen)
    assert not bucket.replace("key", b"third", seen), "a stale etag replaces nothing"

    assert bucket.get("key") == b"second"
    assert bucket.stat("key").etag != seen


def test_only_the_one_that_was_seen_is_deleted(bucket: Bucket) -> None:
    bucket.create("key", b"first")
    stale = bucket.stat("key").etag
    bucket.replace("key", b"second", stale)

    assert not bucket.delete("key", stale)
    assert bucket.get("key") == b"second"

    assert bucket.delete("key", bucket.stat("key").etag)
    assert not bucket.delete("key", stale)
    assert bucket.list("").objects == []


def test_what_is_gone_is_not_found_and_not_replaced_and_can_be_created(bucket: Bucket) -> None:
    bucket.create("key", b"first")
    etag = bucket.stat("key").etag
    bucket.delete("key", etag)

    for read in (
        bucket.get,
        bucket.stat,
        lambda key: bucket.ranges([Range(key, 0, 1)]),
        lambda key: open_(bucket, key),
    ):
        with pytest.raises(ObjectNotFound):
            read("key")
    assert not bucket.replace("key", b"second", etag)
    with pytest.raises(ObjectNotFound):
        bucket.get("key")

    assert bucket.create("key", b"again")
    assert bucket.get("key") == b"again"


@pytest.mark.parametrize(
    "promise",
    [
        test_what_stands_is_not_created_again,
        test_only_the_one_that_was_seen_is_replaced,
        test_only_the_one_that_was_seen_is_deleted,
        test_what_is_gone_is_not_found_and_not_replaced_and_can_be_created,
    ],
)
def test_a_bucket_that_keeps_old_versions_keeps_these_promises_too(
    versioned: Bucket, promise: Callable[[Bucket], None]
) -> None:
    """What was deleted there has a marker on top of it, which must count as nothing."""
    promise(versioned)


def open_(bucket: Bucket, key: str) -> bytes:
    with bucket.open(key) as (_, chunks):
        return b"".join(chunks)


def test_an_object_that_was_opened_is_read_as_it_was_or_not_at_all(bucket: Bucket) -> None:
    first, second = os.urandom(6_000_000), os.urandom(6_000_000)
    bucket.create("key", first)

    with bucket.open("key") as (stat, chunks):
        head = next(chunks)
        assert bucket.replace("key", second, stat.etag)
        try:
            whole = head + b"".join(chunks)
        except StorageUnavailable:
            return
    assert whole == first


# Ranges


def test_ranges_come_in_the_order_in_which_they_were_asked_for(bucket: Bucket) -> None:
    bodies = {f"object {n}": os.urandom(100_000 + n) for n in range(3)}
    for key, body in bodies.items():
        bucket.create(key, body)
    wanted = [
        Range(key, start, length)
        for start, length in ((99_990, 10), (0, 1), (17, 50_000), (0, 100_000), (5, 1), (5, 1))
        for key in bodies
    ]

    assert bucket.ranges(wanted) == [bodies[key][start : start + length] for key, start, length in wanted]
    assert bucket.ranges([]) == []


@pytest.mark.parametrize(("start", "length"), [(0, 11), (9, 2), (10, 1), (11, 1), (5_000, 1)])
def test_a_range_behind_the_end_is_an_object_that_is_too_short(bucket: Bucket, start: int, length: int) -> None:
    bucket.create("key", b"0123456789")

    with pytest.raises(ObjectUnreadable):
        bucket.ranges([Range("key", 0, 10), Range("key", start, length)])


# Keys and listings


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:40])
def test_any_key_names_one_object(bucket: Bucket, key: str) -> None:
    bucket.create(key + "x" if len(key) < 1000 else key[:-1], b"a neighbour")

    assert bucket.create(key, b"first")
    assert not bucket.create(key, b"other")
    assert bucket.get(key) == b"first"
    assert bucket.ranges([Range(key, 1, 3)]) == [b"irs"]
    assert key in [stat.key for stat in bucket.list(key[:3]).objects]
    assert bucket.replace(key, b"second", bucket.stat(key).etag)
    assert bucket.get(key) == b"second"
    assert bucket.delete(key, bucket.stat(key).etag)
    assert len(bucket.list("").objects) == 1


def test_a_listing_is_in_the_order_of_the_keys_and_starts_behind_any_of_them(bucket: Bucket, store: str) -> None:
    names = ["a-b", "a.b", "a=b", "aB", "ab", "b", "b1/b", "b1/c/d", "b2/a", "z", "é", "張", "😀"]
    if store == "moto":  # a server whose store is a file system has no folder and file of one name
        names += ["b1", "b1/c"]
    for key in reversed(names):
        bucket.create(f"in/{key}", b"")
    bucket.create("outside", b"")
    expected = sorted((f"in/{key}" for key in names), key=str.encode)

    assert [stat.key for stat in bucket.list("in/").objects] == expected
    for place, key in enumerate(expected):
        assert [stat.key for stat in bucket.list("in/", after=key).objects] == expected[place + 1 :]
    assert [stat.key for stat in bucket.list("in/", after="in/a-").objects] == expected
    assert [stat.key for stat in bucket.list("in/", after="in/a-c").objects] == expected[1:]
    assert [stat.key for stat in bucket.list("in/b2/").objects] == ["in/b2/a"]
    assert [stat.key for stat in bucket.list("in/a").objects] == expected[:5]
    assert bucket.list("nothing/").objects == []


def test_a_listing_rolls_up_at_its_delimiter(bucket: Bucket) -> None:
    for key in ("d/r=1/d=1/x", "d/r=1/d=2/x", "d/r=2/d=1/x", "d/r=2/d=1/y", "d/file", "e/r=3/d=1/x"):
        bucket.create(key, b"")

    listing = bucket.list("d/", delimiter="/")

    assert [stat.key for stat in listing.objects] == ["d/file"]
    assert listing.prefixes == ["d/r=1/", "d/r=2/"]
    assert bucket.list("d/r=2/", delimiter="/").prefixes == ["d/r=2/d=1/"]


def test_a_listing_goes_on_behind_its_first_page(bucket: Bucket) -> None:
    keys = [f"many/{n:05}" for n in range(1_100)]
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda key: bucket.create(key, b""), keys))

    pages = [[stat.key for stat in page.objects] for page in bucket.pages("many/")]

    assert len(pages) > 1
    assert [key for page in pages for key in page] == keys
    assert [stat.key for stat in bucket.list("many/", after=keys[1_049]).objects] == keys[1_050:]


def test_a_listing_shows_every_write_and_every_deletion_at_once(bucket: Bucket) -> None:
    for number in range(60):
        bucket.create(f"key {number}", b"")
        assert len(bucket.list("").objects) == number + 1
    for number in range(60):
        assert bucket.delete(f"key {number}", bucket.stat(f"key {number}").etag)
        assert len(bucket.list("").objects) == 59 - number


# Races


def at_once(count: int, work: Callable[[int], bool]) -> list[bool]:
    """``work`` done by so many threads that begin at the same moment."""
    barrier = Barrier(count)

    def run(number: int) -> bool:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def create_as(bucket: Bucket, key: str, who: int) -> bool:
    return bucket.create(key, f"written by {who}".encode())


def replace_as(bucket: Bucket, etag: str, who: int) -> bool:
    return bucket.replace("key", f"{etag} {who}".encode(), etag)


def test_of_twelve_that_create_at_once_one_wins_and_its_object_stands(bucket: Bucket, store: str) -> None:
    for number in range(PATIENCE[store]):
        key = f"race {number}"
        won = at_once(12, partial(create_as, bucket, key))
        assert won.count(True) == 1
        assert bucket.get(key) == f"written by {won.index(True)}".encode()


def test_of_twelve_that_replace_the_same_at_once_one_wins(bucket: Bucket, store: str) -> None:
    bucket.create("key", b"0")
    for _ in range(PATIENCE[store]):
        etag = bucket.stat("key").etag
        won = at_once(12, partial(replace_as, bucket, etag))
        assert won.count(True) == 1
        assert bucket.get("key") == f"{etag} {won.index(True)}".encode()


def test_of_those_that_replace_and_delete_the_same_at_once_one_wins(bucket: Bucket, store: str) -> None:
    for number in range(PATIENCE[store]):
        key = f"race {number}"
        bucket.create(key, b"first")
        etag = bucket.stat(key).etag

        def replace_or_delete(who: int, key: str = key, etag: str = etag) -> bool:
            return bucket.delete(key, etag) if who % 2 else bucket.replace(key, f"by {who}".encode(), etag)

        won = at_once(8, replace_or_delete)
        assert won.count(True) == 1
        winner = won.index(True)
        left = [bucket.get(stat.key) for stat in bucket.list(key).objects]
        assert left == ([] if winner % 2 else [f"by {winner}".encode()])


def test_a_counter_that_several_raise_at_once_misses_none(bucket: Bucket) -> None:
    bucket.create("counter", b"0")

    def raise_it(_: int) -> bool:
        for _ in range(5):
            while not bucket.replace("counter", *next_of(bucket)):
                pass
        return True

    at_once(6, raise_it)
    assert bucket.get("counter") == b"30"


def next_of(bucket: Bucket) -> tuple[bytes, str]:
    with bucket.open("counter") as (stat, chunks):
        return str(int(b"".join(chunks)) + 1).encode(), stat.etag


# A store that falters


@pytest.fixture
def faltering(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket whose faults can be chosen: they go into boto3, so it must not read by any other way."""
    monkeypatch.setattr(storage, "obstore", None)
    return bucket


@pytest.mark.parametrize("fault", [Fault.TIMED_OUT, Fault.BUSY_ONCE, Fault.ERROR_ONCE, Fault.CONFLICT_ONCE])
def test_a_moment_of_weakness_is_not_seen(faltering: Bucket, fault: Fault) -> None:
    for number, work in enumerate(every_call(faltering)):
        faltering.create("key", b"body")
        with interrupted(1, fault) as calls:
            assert work(f"new {number}")
        assert len(calls) > 1 or not fault.concerns(calls[0])


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE])
def test_a_store_that_does_not_answer_is_told_as_such(faltering: Bucket, fault: Fault) -> None:
    faltering.create("key", b"body")
    for number, work in enumerate(every_call(faltering)):
        with interrupted(1, fault), pytest.raises(StorageUnavailable):
            work(f"new {number}")


@pytest.mark.parametrize("fault", [Fault.BODY_BROKEN, Fault.BODY_SHORT, Fault.BODY_SHORT_UNNOTICED])
def test_a_body_that_ends_early_is_never_taken_for_the_whole(faltering: Bucket, fault: Fault) -> None:
    faltering.create("key", b"the whole body")

    for read in (faltering.get, lambda key: open_(faltering, key)):
        with interrupted(1, fault), pytest.raises(StorageUnavailable):
            read("key")


def test_a_listing_that_breaks_off_is_told_as_such(bucket: Bucket) -> None:
    bucket.create("key", b"body")

    with interrupted(1, Fault.LISTING_BROKEN), pytest.raises(StorageUnavailable):
        bucket.list("")


def test_a_write_whose_answer_was_lost_stands_and_counts_as_another_s(bucket: Bucket) -> None:
    """Who writes again cannot know that it was them: they have to compare."""
    with interrupted(1, Fault.ANSWER_LOST):
        assert not bucket.create("key", b"first")
    assert bucket.get("key") == b"first"

    etag = bucket.stat("key").etag
    with interrupted(1, Fault.ANSWER_LOST):
        assert not bucket.replace("key", b"second", etag)
    assert bucket.get("key") == b"second"

    etag = bucket.stat("key").etag
    with interrupted(1, Fault.ANSWER_LOST):
        assert not bucket.delete("key", etag)
    assert bucket.list("").objects == []


@pytest.mark.parametrize("store", [SEAWEED], indirect=True)
def test_ranges_of_a_server_that_is_gone_are_told_as_such(bucket: Bucket) -> None:
    """They take another way than everything else."""
    with connected({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}), pytest.raises(StorageUnavailable):
        bucket.ranges([Range("key", 0, 1)])


def every_call(bucket: Bucket) -> Iterable[Callable[[str], bool]]:
    """Each method, as something that is true when it has worked; the object ``key`` stands before."""
    etag = ""

    def remember(_: str) -> bool:
        nonlocal etag
        etag = bucket.stat("key").etag
        return bool(etag)

    yield lambda new: bucket.get("key") == b"body"
    yield lambda new: open_(bucket, "key") == b"body"
    yield remember
    yield lambda new: [stat.key for stat in bucket.list("k").objects] == ["key"]
    yield lambda new: bucket.create(new, b"new")
    etag = bucket.stat("key").etag
    yield lambda new: bucket.replace("key", b"body 2", etag)
    etag = bucket.stat("key").etag
    yield lambda new: bucket.delete("key", etag)


# Links


@pytest.mark.parametrize("store", [SEAWEED], indirect=True)
def test_a_link_gives_its_object_to_anyone_and_no_other(bucket: Bucket) -> None:
    bucket.create("exports/ü +.json", b"body")
    bucket.create("exports/other.json", b"other")
    link = bucket.link("exports/ü +.json", 60)

    with urllib.request.urlopen(link, timeout=10) as answer:
        assert answer.read() == b"body"
        assert answer.headers["Content-Disposition"] == "attachment"
    head, signature = link.split("?", 1)
    for changed in (
        head,
        f"{head.rpartition('/')[0]}/other.json?{signature}",
        link.replace("Expires=60", "Expires=600"),
        link.replace("attachment", "inline"),
    ):
        assert changed != link
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(changed, timeout=10)
        assert refused.value.code == 403
