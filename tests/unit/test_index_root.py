"""The root comes back as it was, is told from any other bytes, and stays small."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index_lake import SmallLake, events
from tests.unit.memory_bucket import NOW
from tests.unit.strategies import MIDNIGHT
from trailkeep.events.timestamps import to_micros
from trailkeep.index.frames import pack
from trailkeep.index.page_table import Stretch
from trailkeep.index.publishing import publish_index
from trailkeep.index.recent import RECENT, Recent, RecentPage, encode_recent
from trailkeep.index.recent_rows import Newest, Row, join_newest, newest_in
from trailkeep.index.root import ROOT, Root, decode_root, encode_root
from trailkeep.index.tier import Place
from trailkeep.lake.damaged import Damaged

texts = st.none() | st.sampled_from(["a", "b", "日志"]) | st.text(max_size=5)
lists = st.lists(st.sampled_from(["x", "y", ""]), max_size=3)
values = st.tuples(*(lists if name == "resource_types" else texts for name in RECENT))


@st.composite
def newest(draw: st.DrawFn) -> Newest:
    places = draw(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 300)), max_size=12))
    since = MIDNIGHT + draw(st.integers(0, 5))
    rows = []
    for place in places:
        page = Stretch(1000 + place[1] // 128, 10, place[1] // 128 * 128, 128)
        rows.append(Row(since + draw(st.integers(0, 9)), Place(*place), page, draw(values)))
    rows.sort(key=lambda row: (row.time, row.place), reverse=True)
    return Newest(since, rows)


def same(recent: Recent) -> dict[Place, tuple[int, tuple[object, ...]]]:
    columns = [recent.lists(name) if name == "resource_types" else recent.texts(name) for name in RECENT]
    rows = zip(recent.times(), recent.where(), *columns, strict=True)
    return {place: (time, tuple(own)) for time, place, *own in rows}


@given(newest())
def test_the_newest_rows_come_back(part: Newest) -> None:
    recent = join_newest([part])

    assert same(recent) == {row.place: (row.time, tuple(row.values)) for row in part.rows}
    assert recent.times() == sorted(recent.times(), reverse=True)
    for row in part.rows:
        assert recent.page_of(row.place) == row.page
    again = newest_in(recent, {n: n for n in range(4)})
    assert same(join_newest([again])) == same(recent)


@given(st.lists(newest(), min_size=1, max_size=4), st.integers(1, 20), st.data())
def test_of_several_together_none_is_missing_behind_the_time_that_they_tell(
    parts: list[Newest], most: int, data: st.DataObject
) -> None:
    # An object's rows are those of one part: here each part has objects of its own.
    own = [
        Newest(
            part.since, [Row(r.time, Place(r.place.object + 4 * n, r.place.row), r.page, r.values) for r in part.rows]
        )
        for n, part in enumerate(parts)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trailkeep.index.recent_rows.MOST_ROWS", most)
        recent = join_newest(own)

    assert recent.rows <= most
    expected = {row.place: row.time for part in own for row in part.rows if row.time >= recent.since}
    assert {place: time for place, (time, _) in same(recent).items()} == expected
    assert recent.since >= max(part.since for part in own)
    gone = data.draw(st.sets(st.integers(0, 15)))
    left = newest_in(recent, {n: n + 100 for n in range(16) if n not in gone})
    assert {row.place for row in left.rows} == {Place(p.object + 100, p.row) for p in expected if p.object not in gone}


def test_long_values_leave_fewer_rows_never_a_large_root() -> None:
    rows = [
        Row(
            MIDNIGHT + n,
            Place(0, n),
            Stretch(0, 1, 0, 9999),
            [f"{n}" * 500 if name != "resource_types" else [] for name in RECENT],
        )
        for n in reversed(range(500))
    ]
    recent = join_newest([Newest(MIDNIGHT, rows)], 50_000)

    assert 2 <= recent.rows < 20
    assert recent.since == rows[recent.rows - 1].time


def test_a_recent_row_without_a_page_is_damage() -> None:
    recent = encode_recent(0, [5], [Place(0, 200)], {}, [RecentPage(0, 0, 9, 0, 128)])

    with pytest.raises(Damaged):
        recent.page_of(Place(0, 200))


@pytest.fixture(scope="module")
def root() -> bytes:
    lake = SmallLake()
    lake.compact(events(0, 300))
    lake.compact(events(0, 30, day=1))
    lake.deliver(events(400, 3))
    publish_index(lake.bucket, NOW)
    return lake.bucket.get(ROOT)


def test_a_root_comes_back(root: bytes) -> None:
    decoded = decode_root(root)

    assert encode_root(decoded.record) == root
    assert decoded.record.checked_at == to_micros(NOW)
    assert [part.partition.date for part in decoded.parts] == ["2026-03-09", "2026-03-10"]
    assert set(decoded.tier_of) == {0, 1}


@given(st.randoms(use_true_random=False))
def test_a_damaged_root_is_none(root: bytes, dice: random.Random) -> None:
    damaged = bytearray(root)
    damaged[dice.randrange(len(root))] ^= 1 << dice.randrange(8)

    for body in (bytes(damaged), root[: dice.randrange(len(root))], root + b"\0"):
        with pytest.raises(Damaged):
            decode_root(body)


@pytest.mark.parametrize("body", [b"", b"{}", pack(b"\x90", ROOT), pack(b"\x93\x01\x02\x03", ROOT)])
def test_other_bytes_are_no_root(body: bytes) -> None:
    with pytest.raises(Damaged):
        decode_root(body)


def test_a_root_of_another_version_is_as_good_as_none(root: bytes) -> None:
    from msgspec.structs import replace

    other = encode_root(replace(decode_root(root).record, version=99))

    with pytest.raises(Damaged, match="another version"):
        decode_root(other)


def test_a_root_with_a_foreign_key_is_told() -> None:
    from trailkeep.index.root import RootObject

    with pytest.raises(Damaged, match="no key of the lake"):
        RootObject("events/other", 1, 1, 0, 0, 1).part()


def test_regions_share_the_room_for_recent_rows() -> None:
    lake = SmallLake()
    for region in ("cn-hangzhou", "eu-west-1", "us-east-1"):
        lake.compact(events(0, 40, region))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trailkeep.index.draft._RECENT_BYTES", 1500)
        publish_index(lake.bucket, NOW)

    found: Root = lake.root
    assert all(0 < recent.rows < 40 for recent in found.recent.values())
