"""Rows that older code read or masked: compaction brings them up to date, and loses none that it cannot."""

from __future__ import annotations

import json

import pytest

from tests.unit.compaction_lake import CompactionLake
from tests.unit.strategies import MIDNIGHT, REGIONS, make_event
from trailkeep.compaction import pieces, refresh, rewriting
from trailkeep.events.event import Event
from trailkeep.events.mask_rules import MASK_VERSION
from trailkeep.events.normalise import NORMALISER_VERSION
from trailkeep.lake.partitions import EVENTS, Partition, Versions

DAY = Partition(EVENTS, REGIONS[0], "2026-03-09")


def stored(number: int, mask_version: int = MASK_VERSION, original: str | None = None, **record: object) -> Event:
    """A row as older code left it: its columns say nothing, its event says all, a secret included."""
    text = {"eventId": f"id-{number}", "eventTime": "2026-03-09T00:00:01Z", "eventName": "CreateUser", **record}
    return make_event(
        number,
        event_time=MIDNIGHT + 1_000_000,
        event_name="old",
        user_name=None,
        mask_version=mask_version,
        event=json.dumps(text) if original is None else original,
    )


def rows(lake: CompactionLake) -> list[dict[str, object]]:
    found: list[dict[str, object]] = lake.rows(each.key for each in lake.manifest(DAY).compacted).to_pylist()
    return sorted(found, key=lambda row: str(row["event_id"]))


@pytest.fixture
def lake() -> CompactionLake:
    return CompactionLake()


def test_rows_of_older_masks_are_masked_again_and_keep_who_they_are(lake: CompactionLake) -> None:
    old = stored(1, mask_version=0, password="hunter2", userIdentity={"type": "ram-user", "userName": "bob"})
    lake.deliver([old], Versions(NORMALISER_VERSION, 0))

    (outcome,) = lake.compact()

    (row,) = rows(lake)
    assert "hunter2" not in str(row["event"])
    assert (row["uid"], row["event_name"], row["user_name"]) == (old.uid, "CreateUser", "bob")
    assert (row["mask_version"], outcome.tally.refreshed, outcome.tally.refused) == (MASK_VERSION, 1, 0)


def test_rows_of_an_older_normaliser_get_todays_columns(lake: CompactionLake) -> None:
    lake.deliver([stored(1)], Versions(NORMALISER_VERSION - 1, MASK_VERSION))

    lake.compact()

    assert [row["event_name"] for row in rows(lake)] == ["CreateUser"]


def test_rows_of_todays_code_are_not_looked_at(lake: CompactionLake) -> None:
    lake.deliver([stored(1)], Versions(NORMALISER_VERSION, MASK_VERSION))

    (outcome,) = lake.compact()

    assert [row["event_name"] for row in rows(lake)] == ["old"]
    assert outcome.tally.refreshed == 0


@pytest.mark.parametrize(
    "text", ["no JSON", '{"eventId": "x"}', "[]", "{" * 10_000], ids=["text", "no time", "list", "deep"]
)
def test_a_row_that_todays_code_refuses_is_kept_as_it_is_and_counted(lake: CompactionLake, text: str) -> None:
    lake.deliver([stored(1, mask_version=0, original=text), stored(2, mask_version=0)], Versions(NORMALISER_VERSION, 0))

    (outcome,) = lake.compact()

    assert rows(lake)[0]["event"] == text
    assert [row["event_name"] for row in rows(lake)] == ["old", "CreateUser"]
    assert (outcome.tally.refreshed, outcome.tally.refused) == (2, 1)


def test_a_masker_that_fails_costs_no_row(lake: CompactionLake, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(refresh, "normalise", broken)
    lake.deliver([stored(1, mask_version=0)], Versions(NORMALISER_VERSION, 0))

    (outcome,) = lake.compact()

    assert (len(rows(lake)), outcome.tally.refused) == (1, 1)


def test_compacted_objects_of_older_rules_are_written_anew_once(
    lake: CompactionLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update: what was compacted before it is masked again with the next message, and then left alone."""
    lake.deliver([*(stored(number, password="hunter2") for number in (1, 2)), stored(3, original="no JSON")])
    lake.compact()
    for module in (refresh, rewriting, pieces):
        monkeypatch.setattr(module, "MASK_VERSION", MASK_VERSION + 1)
    monkeypatch.setattr("trailkeep.events.columns.MASK_VERSION", MASK_VERSION + 1)

    (first,) = lake.compact()
    (second,) = lake.compact()

    assert (first.tally.refreshed, first.tally.refused) == (3, 1)
    assert (second.tally.rounds, second.tally.refreshed) == (0, 0)
    assert [row["mask_version"] for row in rows(lake)] == [MASK_VERSION + 1] * 2 + [MASK_VERSION]
    assert lake.manifest(DAY).compacted[0].mask_version == MASK_VERSION + 1


def test_of_two_copies_the_better_masked_one_stays_with_the_earlier_delivery(lake: CompactionLake) -> None:
    stale = stored(1, mask_version=0, original="no JSON any more")
    lake.deliver([stale], Versions(NORMALISER_VERSION, 0))
    lake.wait(minutes=5)
    lake.deliver([stored(1)])

    lake.compact()

    (row,) = rows(lake)
    assert row["mask_version"] == MASK_VERSION
    assert lake.manifest(DAY).compacted[0].delivered_first == lake.delivered[stale.uid]
