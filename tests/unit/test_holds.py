"""Holds: what may be asked for, what they touch, and that none is ever lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.aged_lake import ADMIN
from tests.unit.memory_bucket import NOW, MemoryBucket
from trailkeep.errors import HoldNotFound, InvalidNextToken, InvalidParameter, ObjectUnreadable
from trailkeep.lake.partitions import Partition
from trailkeep.retention.hold_request import parse_hold
from trailkeep.retention.holds import HOLDS, Hold, HoldBook, Scope, create_hold, list_holds, release_hold

NAMED = {"name": "case 7", "reason": "a letter of the court"}


@pytest.fixture
def lake() -> MemoryBucket:
    return MemoryBucket()


def make_hold(lake: MemoryBucket, **scope: Any) -> Hold:
    return create_hold(lake, "case", "reason", Scope(**(scope or {"regions": ("cn-hangzhou",)})), ADMIN, NOW)


regions = st.sampled_from(["cn-hangzhou", "us-east-1", "eu-west-1"])
days = st.sampled_from(["2026-01-01", "2026-01-31", "2026-02-01", "2026-12-31"])
scopes = st.builds(
    Scope, regions=st.lists(regions, max_size=2).map(tuple), start_date=st.none() | days, end_date=st.none() | days
)


@given(scopes, regions, days)
def test_a_hold_touches_what_lies_within_all_that_it_says(scope: Scope, region: str, day: str) -> None:
    expected = True
    if scope.regions:
        expected &= region in scope.regions
    if scope.start_date:
        expected &= scope.start_date <= day
    if scope.end_date:
        expected &= day <= scope.end_date

    for dataset in ("events", "insights"):
        assert scope.touches(Partition(dataset, region, day)) is expected


@given(scopes, regions, days)
def test_to_say_more_never_holds_more(scope: Scope, region: str, day: str) -> None:
    narrower = Scope(("cn-hangzhou",), scope.start_date, scope.end_date)
    partition = Partition("events", region, day)
    if not scope.regions and narrower.touches(partition):
        assert scope.touches(partition)


def test_a_request_says_what_is_held() -> None:
    fields = {
        **NAMED,
        "regions": ["us-east-1", "cn-hangzhou", "us-east-1"],
        "startDate": "2026-01-01",
        "endDate": "2026-01-01",
        "accounts": ["111122223333"],
    }

    name, reason, scope = parse_hold(fields)

    assert (name, reason) == ("case 7", "a letter of the court")
    assert scope == Scope(("cn-hangzhou", "us-east-1"), "2026-01-01", "2026-01-01", ("111122223333",))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "regions, startDate, endDate, accounts"),
        ({"regions": []}, "regions"),
        ({"regions": "cn-hangzhou"}, "regions"),
        ({"regions": ["CN"]}, "regions"),
        ({"regions": ["*"]}, "regions"),
        ({"regions": [1]}, "regions"),
        ({"regions": None}, "regions"),
        ({"regions": ["a"] * 101}, "regions"),
        ({"accounts": []}, "accounts"),
        ({"accounts": [""]}, "accounts"),
        ({"accounts": [" 1"]}, "accounts"),
        ({"accounts": [111122223333]}, "accounts"),
        ({"accounts": ["1" * 257]}, "accounts"),
        ({"startDate": "2026-02-30"}, "startDate"),
        ({"startDate": "20260201"}, "startDate"),
        ({"startDate": "2026-02-01T00:00:00Z"}, "startDate"),
        ({"startDate": "2026-W05-1"}, "startDate"),
        ({"startDate": 20260201}, "startDate"),
        ({"endDate": ""}, "endDate"),
        ({"startDate": "2026-02-02", "endDate": "2026-02-01"}, "startDate must not be after endDate"),
        ({"accounts": ["1"], "name": ""}, "name"),
        ({"accounts": ["1"], "name": "  "}, "name"),
        ({"accounts": ["1"], "name": 7}, "name"),
        ({"accounts": ["1"], "name": "x" * 129}, "name"),
        ({"accounts": ["1"], "reason": None}, "reason"),
        ({"accounts": ["1"], "reason": "x" * 2001}, "reason"),
        ({"accounts": ["1"], "user": "alice"}, "unknown field user"),
    ],
    ids=str,
)
def test_what_cannot_be_held_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        parse_hold({**NAMED, **fields})


@pytest.mark.parametrize("missing", ["name", "reason"])
def test_a_hold_says_what_it_is_called_and_why_it_is(missing: str) -> None:
    fields = {**NAMED, "accounts": ["1"]}
    del fields[missing]

    with pytest.raises(InvalidParameter, match=missing):
        parse_hold(fields)


def test_a_misspelt_field_is_told_the_right_one() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_hold({**NAMED, "region": ["cn-hangzhou"]})

    assert refusal.value.hint == "Did you mean regions?"


def test_a_released_hold_is_kept_with_who_released_it_and_when(lake: MemoryBucket) -> None:
    hold = make_hold(lake)
    assert HoldBook(lake).in_force() == [hold]

    released = release_hold(lake, hold.id, ADMIN, NOW)

    assert released.released_at == NOW
    assert released.released_by is not None
    assert released.released_by.token_id == ADMIN.token_id
    assert HoldBook(lake).in_force() == []
    assert list_holds(lake, 10, None).holds == [released]


def test_a_hold_is_released_once(lake: MemoryBucket) -> None:
    hold = make_hold(lake)
    first = release_hold(lake, hold.id, ADMIN, NOW)

    assert release_hold(lake, hold.id, ADMIN, NOW.replace(year=2027)) == first


@pytest.mark.parametrize("hold_id", ["", "x", "20260310T120000-00000000", "../retention", "20260310T120000-0000000G"])
def test_a_hold_that_is_none_is_not_found(lake: MemoryBucket, hold_id: str) -> None:
    with pytest.raises(HoldNotFound):
        release_hold(lake, hold_id, ADMIN, NOW)


def test_holds_are_listed_in_pages_each_once(lake: MemoryBucket) -> None:
    made = [create_hold(lake, "n", "r", Scope(accounts=("1",)), ADMIN, NOW.replace(minute=m)) for m in range(7)]
    found: list[Hold] = []
    token = None
    for _ in range(4):
        page = list_holds(lake, 2, token)
        found += page.holds
        token = page.next_token
        make_hold(lake)  # one that is made while others are listed neither repeats nor hides any
        if token is None:
            break

    assert [hold for hold in found if hold in made] == made
    assert len({hold.id for hold in found}) == len(found)


@pytest.mark.parametrize("token", ["x", "../x", "20260310T120000-0000000g", "é"])
def test_a_damaged_token_is_told_so(lake: MemoryBucket, token: str) -> None:
    with pytest.raises(InvalidNextToken):
        list_holds(lake, 2, token)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"id":1}', b"\xff"])
def test_a_hold_that_cannot_be_read_is_named_in_the_list_and_stops_who_would_delete(
    lake: MemoryBucket, body: bytes
) -> None:
    hold = make_hold(lake)
    damaged = f"{HOLDS}20260101T000000-00000000.json"
    lake.put(damaged, body)

    page = list_holds(lake, 10, None)
    assert page.holds == [hold]
    assert [failure["object"] for failure in page.failures] == [damaged]
    answer = page.as_json(NOW)["completeness"]
    assert isinstance(answer, dict)
    assert answer["complete"] is False
    with pytest.raises(ObjectUnreadable):
        HoldBook(lake).in_force()


def test_the_book_reads_again_what_has_changed_and_only_that(lake: MemoryBucket) -> None:
    hold, other = make_hold(lake), make_hold(lake)
    book = HoldBook(lake)
    assert len(book.in_force()) == 2
    read: list[str] = []
    lake.before_call = lambda operation, key: read.append(key) if operation == "get" else None  # type: ignore[method-assign]

    release_hold(lake, hold.id, ADMIN, NOW)

    assert book.in_force() == [other]
    assert read == [f"{HOLDS}{hold.id}.json"]


def test_an_account_hold_says_nothing_of_a_key() -> None:
    assert Scope(accounts=("1",)).touches(Partition("events", "cn-hangzhou", "2026-01-01"))
