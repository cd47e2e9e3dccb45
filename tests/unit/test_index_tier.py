"""A tier says of every value and event ID where it is: nothing missing, nothing added, however it was built."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.index_objects import (
    Lookup,
    compacted,
    counts_of,
    groups,
    holders,
    rows_of,
    scanned,
    tier_of,
    values_of,
)
from tests.unit.strategies import MIDNIGHT, make_event
from trailkeep.events.event import Event
from trailkeep.index import ids_writer, postings_writer, tier_writer
from trailkeep.index.keys import COUNTED, LISTS, POSTED
from trailkeep.index.postings import DENSE
from trailkeep.index.sources import StoredTier
from trailkeep.index.tier import GONE, Place, Tier
from trailkeep.index.tier_writer import NewTier, TierObject, build_tier
from trailkeep.lake.damaged import Damaged
from trailkeep.lake.storage import Range

lakes = st.lists(groups, min_size=1, max_size=4)
small_buckets = st.booleans()


@pytest.fixture(autouse=True)
def many_small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen rows fill several buckets, and are written in several stretches."""
    monkeypatch.setattr(ids_writer, "_BUCKET_ENTRIES", 4)
    monkeypatch.setattr(postings_writer, "_BUCKET_ROWS", 4)
    monkeypatch.setattr(tier_writer, "_STRETCH_BYTES", 2000)


def reads(new: NewTier) -> StoredTier:
    """The tier as a merge reads it."""

    def fetch(wanted: Range) -> bytes:
        return new.body[wanted.start : wanted.start + wanted.length]

    return StoredTier(Tier(new.directory), fetch)


def check(lookup: Lookup, objects: dict[int, list[Event]]) -> None:
    """Everything that a tier can be asked, compared with looking at every row."""
    for column in POSTED:
        values = {value for rows in objects.values() for row in rows for value in values_of(row, column)}
        twins = [name for name, number in POSTED.items() if number == POSTED[column]]
        for value in {*values, "nowhere", "a", ""}:
            expected = {}
            for place, rows in objects.items():
                if found := sorted({row for name in twins for row in holders(rows, name, value)}):
                    expected[place] = found
            answer = lookup.value(column, value)
            assert {place: count for place, (count, _) in answer.items()} == {p: len(f) for p, f in expected.items()}
            for place, (_, listed) in answer.items():
                is_dense = len(expected[place]) * DENSE >= len(objects[place])
                assert listed == (None if is_dense else expected[place])
    for event_id in {row.event_id for rows in objects.values() for row in rows} | {"nowhere"}:
        if event_id is not None:
            places = {
                Place(p, n) for p, rows in objects.items() for n, row in enumerate(rows) if row.event_id == event_id
            }
            assert lookup.ids(event_id) == places
    for column in COUNTED:
        assert column not in LISTS
        for chosen in (list(objects), list(objects)[:1], []):
            assert lookup.counts(column, chosen) == counts_of([objects[place] for place in chosen], column)
        if lookup.tier.is_whole:
            assert lookup.totals(column) == counts_of(objects.values(), column)


@given(lakes)
@settings(max_examples=40)
def test_everything_is_found_and_nothing_else(lake: list[list[Event]]) -> None:
    bodies = [compacted(group).body for group in lake]

    check(Lookup(tier_of(bodies)), {place: rows_of(body) for place, body in enumerate(bodies)})


@given(st.lists(groups, min_size=2, max_size=5), st.data())
@settings(max_examples=40)
def test_merging_gives_what_building_from_nothing_would(lake: list[list[Event]], data: st.DataObject) -> None:
    bodies = [compacted(group).body for group in lake]
    cut = data.draw(st.integers(1, len(bodies) - 1))
    kept = sorted(data.draw(st.sets(st.sampled_from(range(len(bodies))), min_size=1)))
    sources = [reads(tier_of(bodies[:cut])), reads(tier_of(bodies[cut:]))]

    merged = build_tier(
        sources,
        [TierObject(place, int(n >= cut), n - cut if n >= cut else n) for place, n in enumerate(kept)],
    )

    assert merged.body == tier_of([bodies[n] for n in kept]).body
    check(Lookup(merged), {place: rows_of(bodies[n]) for place, n in enumerate(kept)})


def test_objects_that_are_gone_are_in_no_answer() -> None:
    groups = [[make_event(n + 10 * group, user_name=f"u{n % 2}") for n in range(9)] for group in range(3)]
    bodies = [compacted(group).body for group in groups]
    new = tier_of(bodies, [0, GONE, 1])

    check(Lookup(new), {0: rows_of(bodies[0]), 1: rows_of(bodies[2])})
    assert not Tier(new.directory).is_whole
    assert Lookup(new).ids("id-10") == set()


def test_rows_of_a_rare_value_are_listed_and_of_a_frequent_one_are_not() -> None:
    rare, frequent = {500, 777}, set(range(0, 1000, 9))
    events = [
        make_event(n, event_time=MIDNIGHT + n, user_name="rare" if n in rare else "some" if n in frequent else None)
        for n in range(1000)
    ]
    lookup = Lookup(tier_of([compacted(events).body]))

    assert lookup.value("user_name", "rare") == {0: (2, [500, 777])}
    assert lookup.value("user_name", "some") == {0: (112, None)}
    assert lookup.value("user_name", "none") == {}


def test_a_value_is_of_its_column() -> None:
    lookup = Lookup(tier_of([compacted([make_event(user_name="Ecs", service_name="alice")]).body]))

    assert lookup.value("user_name", "Ecs")
    assert not lookup.value("service_name", "Ecs")
    assert not lookup.value("user_name", "alice")


def test_a_value_twice_in_a_row_is_one_row() -> None:
    lookup = Lookup(tier_of([compacted([make_event(resource_types=["a", "b", "a"])]).body]))

    assert lookup.value("resource_types", "a") == {0: (1, None)}


@pytest.mark.parametrize("asked", ["192.0.2.7", "::ffff:192.0.2.7", "::FFFF:C000:207"])
def test_an_address_is_one_value_in_all_its_spellings(asked: str) -> None:
    spellings = {3: "192.0.2.7", 500: "::ffff:192.0.2.7", 777: "0:0:0:0:0:ffff:c000:207", 778: "192.0.2.7"}
    events = [
        make_event(n, event_time=MIDNIGHT + n, source_ip_address=spellings.get(n, "2001:db8::1")) for n in range(1000)
    ]
    lookup = Lookup(tier_of([compacted(events).body]))

    assert lookup.value("source_ip_address", asked) == {0: (4, [3, 500, 777, 778])}
    assert lookup.totals("source_ip_address")["::ffff:192.0.2.7"] == 1


def test_values_with_one_hash_hide_none_of_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the rows are not listed, and whoever looks for one of the values looks at every row."""

    class Same:
        def digest(self) -> bytes:
            return b"\1" * 8

    monkeypatch.setattr(postings_writer, "value_digest", lambda text: Same())
    events = [make_event(n, user_name=f"user-{n}", event_time=MIDNIGHT + n) for n in range(200)]
    source = scanned(compacted(events).body)

    (run,) = source.found_runs.dense.tolist()
    assert run is True


@pytest.mark.parametrize("rows", [1, 3000])
def test_ids_are_found_in_small_and_in_large_tiers(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a small one hashes lie far from each other, further than a gap can tell at once."""
    monkeypatch.setattr(ids_writer, "_BUCKET_ENTRIES", 512)
    monkeypatch.setattr(ids_writer, "ID_BITS", 34)
    events = [make_event(n, event_time=MIDNIGHT + n) for n in range(rows)]
    body = compacted(events).body
    for gap_bytes in (2, 4):
        form = ids_writer.IdFormat(2, gap_bytes, 4)
        monkeypatch.setattr(tier_writer, "id_format", lambda rows, form=form: form)
        lookup = Lookup(tier_of([body]))
        for number in range(0, rows, 97):
            assert Place(0, number) in lookup.ids(f"id-{number}")
        again = build_tier([reads(tier_of([body]))], [TierObject(0, 0, 0)])
        assert again.body == lookup.body


@given(lakes, st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_damaged_bytes_are_told_never_answered_from(lake: list[list[Event]], dice: random.Random) -> None:
    new = tier_of([compacted(group).body for group in lake])
    tier = Tier(new.directory)

    def damaged(wanted: Range) -> bytes:
        body = bytearray(new.body[wanted.start : wanted.start + wanted.length])
        how = dice.randrange(3)
        if how == 0:
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        elif how == 1:
            del body[dice.randrange(len(body)) :]
        else:
            body += b"\0"
        return bytes(body)

    with pytest.raises(Damaged):
        tier.find_id(damaged(tier.ids_range("id-1")), "id-1")
    with pytest.raises(Damaged):
        tier.find_value(damaged(tier.postings_range("user_name", "a")), "user_name", "a")
    with pytest.raises(Damaged):
        tier.page_table(damaged(tier.page_table_range(0)), 0)
    with pytest.raises(Damaged):
        tier.totals(damaged(tier.totals_range("user_name")), "user_name")


def test_a_bucket_in_the_place_of_another_is_told() -> None:
    new = tier_of([compacted([make_event(n) for n in range(60)]).body])
    tier = Tier(new.directory)
    ranges = {tier.ids_range(f"id-{n}") for n in range(60)}
    other = next(wanted for wanted in ranges if wanted != tier.ids_range("id-1"))

    with pytest.raises(Damaged):
        tier.find_id(new.body[other.start : other.start + other.length], "id-1")


def test_columns_with_too_many_values_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailkeep.index.cube_writer.MOST_VALUES", 5)
    events = [make_event(n, user_name=f"user-{n}") for n in range(6)]
    bodies = [compacted(events[:3]).body, compacted(events[3:]).body]
    together = Tier(tier_of(bodies).directory)

    assert Tier(tier_of(bodies[:1]).directory).counts("user_name")
    assert not together.counts("user_name")
    assert together.counts("service_name")
    with pytest.raises(KeyError):
        together.cube_range("user_name")
