"""What is written anew: all that fresh rows fall into, nothing else of good size, and small objects together."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailkeep.compaction import pieces as module
from trailkeep.compaction.pieces import MAX_OBJECTS, TARGET_BYTES, UNDERSIZED_BYTES, overlapping, parts_of, pieces
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.lake.manifest import Compacted
from trailkeep.lake.partitions import EVENTS, Part, Partition

LARGE, SMALL = TARGET_BYTES, UNDERSIZED_BYTES // 8


def standing(first: int, last: int, size: int = LARGE, mask_version: int = MASK_VERSION) -> Compacted:
    return Compacted(f"{first}-{last}", size, 1_000, first, last, 0, 0, NORMALISER_VERSION, mask_version, "")


def keys(objects: tuple[Compacted, ...]) -> list[str]:
    return [each.key for each in objects]


def test_only_the_object_that_rows_fall_into_is_written_anew() -> None:
    objects = [standing(0, 9), standing(10, 19), standing(20, 29)]

    (piece,) = pieces(objects, [12, 15])

    assert (keys(piece.objects), piece.start, piece.end) == (["10-19"], 0, 2)


def test_an_object_with_rows_only_around_it_stays() -> None:
    first, second = pieces([standing(10, 19)], [5, 25])

    assert (keys(first.objects), first.start, first.end) == ([], 0, 1)
    assert (keys(second.objects), second.start, second.end) == ([], 1, 2)


def test_rows_behind_the_end_join_a_small_last_object_and_leave_a_large_one() -> None:
    (small,) = pieces([standing(0, 9), standing(10, 19, SMALL)], [30, 31])
    (large,) = pieces([standing(0, 9), standing(10, 19)], [30, 31])

    assert keys(small.objects) == ["10-19"]
    assert keys(large.objects) == []


def test_objects_that_share_a_time_with_a_row_are_both_in() -> None:
    """The same event may stand in either of them."""
    (piece,) = pieces([standing(0, 10), standing(10, 20)], [10])

    assert keys(piece.objects) == ["0-10", "10-20"]


def test_small_neighbours_are_merged_without_fresh_rows_and_one_small_object_is_left() -> None:
    (piece,) = pieces([standing(0, 9), standing(10, 19, SMALL), standing(20, 29, SMALL), standing(30, 39)], [])

    assert keys(piece.objects) == ["10-19", "20-29"]
    assert pieces([standing(0, 9), standing(10, 19, SMALL), standing(20, 29)], []) == []


def test_rows_of_older_rules_are_written_anew() -> None:
    (piece,) = pieces([standing(0, 9), standing(10, 19, mask_version=MASK_VERSION - 1)], [])

    assert keys(piece.objects) == ["10-19"]


def test_nothing_fresh_and_nothing_small_is_nothing_to_do() -> None:
    assert pieces([], []) == []
    assert pieces([standing(0, 9), standing(10, 19)], []) == []


def test_one_piece_is_some_minutes_of_work_at_most() -> None:
    objects = [standing(10 * number, 10 * number + 9) for number in range(50)]

    found = pieces(objects, [10 * number for number in range(50)])

    assert all(len(piece.objects) <= MAX_OBJECTS for piece in found)
    assert [key for piece in found for key in keys(piece.objects)] == [each.key for each in objects]


def test_objects_that_share_times_are_not_parted() -> None:
    objects = [standing(10 * number, 10 * number + 10) for number in range(20)]

    (piece,) = pieces(objects, [10 * number for number in range(20)])

    assert len(piece.objects) == 20


@pytest.mark.parametrize(
    ("size", "parts"), [(0, 1), (TARGET_BYTES, 1), (TARGET_BYTES * 3 // 2 + 1, 2), (TARGET_BYTES * 10, 10)]
)
def test_objects_come_near_their_target(size: int, parts: int) -> None:
    assert parts_of(1_000_000, size) == parts


def test_no_more_objects_than_rows() -> None:
    assert parts_of(3, TARGET_BYTES * 10) == 3


def test_overlapping_is_sharing_a_time() -> None:
    objects = [standing(0, 9), standing(10, 19), standing(20, 29)]
    part = Part(Partition(EVENTS, "r", "2026-03-09"), 9, 10, "x")

    assert keys(overlapping(objects, part)) == ["0-9", "10-19"]


bounds = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.sampled_from([LARGE, SMALL])), max_size=12)


@given(bounds, st.lists(st.integers(0, 90), max_size=30).map(sorted))
def test_every_row_is_in_one_piece_with_every_object_of_its_time(
    gaps: list[tuple[int, int, int]], times: list[int]
) -> None:
    objects: list[Compacted] = []
    end = 0
    for gap, length, size in gaps:
        each = standing(end + gap, end + gap + length, size)
        objects.append(msgspec.structs.replace(each, key=f"{len(objects)}"))
        end = objects[-1].last

    found = pieces(objects, times)

    assert [row for piece in found for row in range(piece.start, piece.end)] == list(range(len(times)))
    chosen = [key for piece in found for key in keys(piece.objects)]
    assert len(set(chosen)) == len(chosen)
    for piece in found:
        for row in range(piece.start, piece.end):
            assert set(keys(tuple(o for o in objects if o.first <= times[row] <= o.last))) <= set(keys(piece.objects))
    # What is written stands between what stays: the order of all objects is kept.
    for piece in found:
        inside = [
            *(times[row] for row in range(piece.start, piece.end)),
            *(t for o in piece.objects for t in (o.first, o.last)),
        ]
        for other in objects:
            if inside and other.key not in keys(piece.objects):
                assert other.last <= min(inside) or other.first >= max(inside)


def test_sizes_make_sense() -> None:
    assert module.UNDERSIZED_BYTES * 2 == module.TARGET_BYTES
