"""Scan budgets: nothing is read beyond them, by however many at once, and each day is another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.access.budget import charge, demand_some, give_back, left, spend
from trailkeep.access.principal import Principal, from_context
from trailkeep.errors import ObjectUnreadable, ScanBudgetExceeded, StorageUnavailable

WHO = Principal("TokenOfAlice", "alice", frozenset({"view"}), scan_budget=1_000)
OTHER = Principal("TokenOfBob00", "bob", frozenset({"view"}), scan_budget=1_000)
FREE = Principal("TokenOfAdmin", "admin", frozenset({"view"}))


def test_what_was_spent_is_not_left() -> None:
    lake = MemoryBucket()

    assert left(lake, WHO, NOW) == 1_000
    spend(lake, WHO, 600, NOW)
    assert left(lake, WHO, NOW) == 400
    spend(lake, WHO, 400, NOW)
    assert left(lake, WHO, NOW) == 0
    assert left(lake, OTHER, NOW) == 1_000
    assert list(lake.objects) == ["state/budgets/2026-03-10/TokenOfAlice.json"]


def test_more_than_is_left_is_refused_and_costs_nothing() -> None:
    lake = MemoryBucket()
    spend(lake, WHO, 600, NOW)

    with pytest.raises(ScanBudgetExceeded, match=r"401 bytes.*1000.*400 are left"):
        spend(lake, WHO, 401, NOW)
    assert left(lake, WHO, NOW) == 400


def test_what_was_not_read_in_the_end_is_given_back() -> None:
    lake = MemoryBucket()
    spend(lake, WHO, 900, NOW)
    give_back(lake, WHO, 850, NOW)

    assert left(lake, WHO, NOW) == 950
    give_back(lake, WHO, 10**9, NOW)
    assert left(lake, WHO, NOW) == 1_000


def test_what_was_read_already_is_charged_whatever_was_left() -> None:
    lake = MemoryBucket()
    spend(lake, WHO, 900, NOW)

    demand_some(lake, WHO, NOW)
    charge(lake, WHO, 5_000, NOW)

    assert left(lake, WHO, NOW) == 0
    with pytest.raises(ScanBudgetExceeded, match="1000"):
        demand_some(lake, WHO, NOW)
    with pytest.raises(ScanBudgetExceeded):
        spend(lake, WHO, 1, NOW)
    demand_some(lake, WHO, NOW + timedelta(days=1))


def test_a_token_without_a_budget_is_not_asked_about() -> None:
    lake = MemoryBucket()
    lake.before_call = lambda operation, key: pytest.fail(f"{operation} {key}")  # type: ignore[method-assign]

    spend(lake, FREE, 10**18, NOW)
    give_back(lake, FREE, 5, NOW)
    charge(lake, FREE, 5, NOW)
    demand_some(lake, FREE, NOW)
    assert left(lake, FREE, NOW) is None


def test_a_budget_of_nothing_reads_nothing() -> None:
    none = Principal("t", "n", frozenset(), scan_budget=0)
    lake = MemoryBucket()

    spend(lake, none, 0, NOW)
    with pytest.raises(ScanBudgetExceeded):
        spend(lake, none, 1, NOW)


def test_a_smaller_budget_counts_at_once() -> None:
    lake = MemoryBucket()
    spend(lake, WHO, 900, NOW)
    smaller = Principal(WHO.token_id, "alice", WHO.scopes, scan_budget=500)

    assert left(lake, smaller, NOW) == 0
    with pytest.raises(ScanBudgetExceeded, match="0 are left"):
        spend(lake, smaller, 1, NOW)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11))], ids=str)
def test_days_are_those_of_utc(zone: Any) -> None:
    lake = MemoryBucket()
    last = datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC).astimezone(zone)
    spend(lake, WHO, 1_000, last)

    assert left(lake, WHO, last) == 0
    assert left(lake, WHO, last + timedelta(seconds=1)) == 1_000


@given(st.lists(st.integers(0, 400), max_size=20), st.integers(0, 2_000))
def test_never_more_is_spent_than_the_budget(sizes: list[int], budget: int) -> None:
    lake, who, taken = MemoryBucket(), Principal("t", "n", frozenset(), scan_budget=budget), 0
    for size in sizes:
        try:
            spend(lake, who, size, NOW)
        except ScanBudgetExceeded:
            assert taken + size > budget
        else:
            taken += size
    assert taken <= budget
    assert left(lake, who, NOW) == budget - taken


def test_two_at_once_do_not_spend_the_same_bytes() -> None:
    lake = MemoryBucket()
    original = lake.replace
    spend(lake, WHO, 100, NOW)
    others = iter([500])

    def replace(key: str, body: bytes, etag: str) -> bool:
        for size in others:
            spend(lake, WHO, size, NOW)
        return original(key, body, etag)

    lake.replace = replace  # type: ignore[method-assign]
    spend(lake, WHO, 300, NOW)

    assert left(lake, WHO, NOW) == 100
    others = iter([100])
    with pytest.raises(ScanBudgetExceeded):
        spend(lake, WHO, 50, NOW)


@pytest.mark.parametrize("operation", ["create", "replace"])
def test_what_was_spent_is_spent_once_though_the_answer_is_lost(operation: str) -> None:
    lake = MemoryBucket()
    if operation == "replace":
        spend(lake, WHO, 100, NOW)
    original: Any = getattr(lake, operation)
    setattr(lake, operation, lambda *arguments: original(*arguments) and False)

    before = left(lake, WHO, NOW) or 0
    spend(lake, WHO, 300, NOW)

    assert left(lake, WHO, NOW) == before - 300


def test_it_stays_small_however_often_something_is_spent() -> None:
    lake = MemoryBucket()
    for _ in range(500):
        spend(lake, WHO, 1, NOW)

    (body, _) = next(iter(lake.objects.values()))
    assert left(lake, WHO, NOW) == 500
    assert len(body) < 4_000


def test_a_store_that_fails_or_is_fought_over_is_told() -> None:
    lake = MemoryBucket()
    lake.create = lambda *_: False  # type: ignore[assignment, method-assign]
    with pytest.raises(StorageUnavailable):
        spend(lake, WHO, 1, NOW)


def test_a_damaged_record_is_told() -> None:
    lake = MemoryBucket()
    lake.put("state/budgets/2026-03-10/TokenOfAlice.json", b"{")

    with pytest.raises(ObjectUnreadable, match="TokenOfAlice"):
        spend(lake, WHO, 1, NOW)


@pytest.mark.parametrize("budget", [None, 0, 5, 2**53 - 1])
def test_the_functions_hear_of_the_budget_from_the_authorizer(budget: int | None) -> None:
    who = Principal("t", "n", frozenset({"view"}), scan_budget=budget)

    assert from_context(who.context()) == who
    assert all(isinstance(value, str) for value in who.context().values())
    assert who.as_json()["scanBytesPerDay"] == budget


def test_an_authorizer_of_before_there_were_budgets_sets_none() -> None:
    context = FREE.context()
    del context["scanBytesPerDay"]

    assert from_context(context).scan_budget is None
