"""A job by itself: its ID, who sees it, and the JSON that it is kept as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.job_world import ADMIN, ALICE, BOB, NOW
from trailkeep.access.principal import Principal
from trailkeep.jobs.job import (
    Failure,
    Job,
    Lease,
    Tally,
    is_job_id,
    job_id_in,
    mark_in,
    mark_of,
    moment_in,
    new_job_id,
)

moments = st.datetimes(datetime(2001, 9, 9), datetime(2286, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def job_of(who: Principal = ALICE, **fields: object) -> Job:
    plain = {"kind": "search", "who": who.context(), "scope": "download", "request": {}}
    times = {"created_at": NOW, "updated_at": NOW}
    return Job(id=new_job_id(who.token_id, NOW), **{**plain, **times, **fields})  # type: ignore[arg-type]


@given(moments, moments)
def test_the_ids_of_later_jobs_sort_before_those_of_earlier_ones(one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    if second - first >= timedelta(milliseconds=2):
        assert new_job_id("a", second) < new_job_id("b", first)


@given(moments, st.text())
def test_an_id_tells_its_time_and_its_creator_by_a_mark_only(now: datetime, token_id: str) -> None:
    job_id = new_job_id(token_id, now)

    assert is_job_id(job_id)
    assert abs(moment_in(job_id) - now) < timedelta(milliseconds=1.001)
    assert mark_in(job_id) == mark_of(token_id)
    assert len(token_id) < 6 or token_id not in job_id


def test_no_two_ids_are_alike_and_what_differs_is_beyond_guessing() -> None:
    ids = [new_job_id(ALICE.token_id, NOW) for _ in range(100)]

    assert len({each.split("-")[2] for each in ids}) == 100
    assert all(len(each.split("-")[2]) * 4 == 128 for each in ids)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "../../state/tokens/x",
        "1" * 13,
        f"{'1' * 13}-{'a' * 12}-{'A' * 32}",
        f"{'1' * 13}-{'a' * 12}-{'a' * 31}",
        f"{'1' * 13}-{'a' * 12}-{'a' * 32}\n",
        f"{'１' * 13}-{'a' * 12}-{'a' * 32}",
        "open/x",
        "a" * 100_000,
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert not is_job_id(text)


def test_only_the_keys_of_jobs_have_one() -> None:
    job = job_of()

    assert job_id_in(job.key) == job.id
    for key in ("", job.id, f"state/jobs/open/{job.id}", f"state/jobs/{job.id}", f"{job.key}.json", job.results):
        assert job_id_in(key) is None


def test_a_job_is_kept_as_json_and_is_the_same_again() -> None:
    job = job_of(
        state="running",
        lease=Lease("x", NOW),
        error=Failure("InvalidQuery", "m", "h", 400),
        progress=Tally(0.25, 3, 5),
        checkpoint={"behind": [1, None, "日"]},
    )
    text = msgspec.json.encode(job)

    assert msgspec.json.decode(text, type=Job) == job
    assert set(msgspec.json.decode(text)) == {
        "id", "kind", "who", "scope", "request", "createdAt", "updatedAt", "state", "startedAt", "endedAt", "deletedAt",
        "progress", "checkpoint", "result", "error", "lease", "attempts", "cancelRequested",
    }  # fmt: skip


def test_the_creator_of_a_job_is_known_with_all_that_narrowed_it() -> None:
    who = Principal("t", "n", frozenset({"view"}), ("1", "2"), ("cn-hangzhou",), 5_000)

    assert job_of(who).principal == who


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (ALICE, True),
        (ADMIN, True),
        (BOB, False),
        (Principal(BOB.token_id, "alice", frozenset({"view", "download"})), False),
        (Principal("Narrow", "n", ADMIN.scopes, ("1",)), False),
        (Principal("Narrow", "n", ADMIN.scopes, regions=("cn-hangzhou",)), False),
        (Principal(ALICE.token_id, "renamed", frozenset({"ingest"})), True),
    ],
)
def test_a_job_is_seen_by_its_creator_and_by_administrators_of_everything(who: Principal, sees: bool) -> None:
    assert job_of().may_be_seen_by(who) is sees


@pytest.mark.parametrize(
    ("creator", "who", "sees"),
    [
        (ALICE, ALICE, True),
        (ALICE, ADMIN, True),
        (ALICE, BOB, False),
        (ALICE, Principal(ALICE.token_id, "alice", frozenset({"view"})), False),
        (ALICE, Principal("Other", "admin", frozenset({"admin", "view"})), False),
        (ALICE, Principal(ALICE.token_id, "alice", ALICE.scopes, accounts=("1",)), False),
        (ALICE, Principal(ALICE.token_id, "alice", ALICE.scopes, regions=("eu-west-1",)), False),
        (Principal("t", "", ALICE.scopes, ("1",)), Principal("t", "", ALICE.scopes, ("1", "2")), True),
        (Principal("t", "", ALICE.scopes, ("1", "2")), Principal("t", "", ALICE.scopes, ("1",)), False),
        (Principal("t", "", ALICE.scopes, ("1",)), Principal("t", "", ALICE.scopes), True),
    ],
)
def test_a_result_needs_the_scope_and_all_that_its_creator_might_see(
    creator: Principal, who: Principal, sees: bool
) -> None:
    assert job_of(creator).result_may_be_seen_by(who) is sees


tallies = st.builds(Tally, st.floats(0, 2), st.integers(0, 10**12), st.integers(0, 10**15))


@given(tallies, tallies)
def test_a_tally_never_goes_back_nor_beyond_the_whole(one: Tally, other: Tally) -> None:
    raised = one.raised(other)

    assert raised.rows >= one.rows
    assert raised.bytes >= one.bytes
    assert min(one.fraction, 1) <= raised.fraction <= 1
    assert raised.raised(other) == raised
