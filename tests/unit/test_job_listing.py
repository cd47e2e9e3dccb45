"""Lists of jobs: the newest first, a page at a time, one's own, and as the API shows them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.job_world import ADMIN, ALICE, BOB, JobWorld
from trailkeep.access.principal import Principal
from trailkeep.errors import InvalidNextToken, QueryFailed
from trailkeep.jobs import store
from trailkeep.jobs.description import describe, describe_whole
from trailkeep.jobs.job import Job, is_job_id
from trailkeep.jobs.listing import list_jobs


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> JobWorld:
    monkeypatch.setattr(store, "MOST_OPEN", 10_000)
    return JobWorld()


def some(world: JobWorld, creators: str) -> list[Job]:
    """Jobs of Alice, Bob and the administrator, by their initials, one a second."""
    jobs = []
    for initial in creators:
        jobs.append(world.create({"a": ALICE, "b": BOB, "d": ADMIN}[initial]))
        world.forward(seconds=1)
    return jobs


def pages(world: JobWorld, who: Principal, most: int, **more: Any) -> list[list[str]]:
    """The IDs of each page."""
    found, token = [], None
    while True:
        page = list_jobs(world.store, who, most, token, world.now, **more)
        assert not page.failures
        found.append([job["id"] for job in page.jobs])
        token = page.next_token
        if token is None:
            return found


def test_the_newest_come_first_and_only_ones_own(world: JobWorld) -> None:
    jobs = some(world, "abdab")

    assert pages(world, ALICE, 50) == [[jobs[3].id, jobs[0].id]]
    assert pages(world, BOB, 50) == [[jobs[4].id, jobs[1].id]]
    assert pages(world, ADMIN, 50) == [[job.id for job in reversed(jobs)]]


def test_a_narrowed_administrator_sees_its_own(world: JobWorld) -> None:
    narrowed = Principal("Narrow", "n", ADMIN.scopes, ("1",))
    some(world, "ab")
    own = world.create(narrowed)

    assert pages(world, narrowed, 50) == [[own.id]]


def test_pages_hold_as_many_as_was_asked_for_and_together_all(world: JobWorld) -> None:
    jobs = some(world, "ab" * 10)
    expected = [job.id for job in reversed(jobs[::2])]

    assert pages(world, ALICE, 4) == [expected[:4], expected[4:8], expected[8:]]
    assert pages(world, ALICE, 10) == [expected]


def test_jobs_that_come_meanwhile_are_on_no_later_page(world: JobWorld) -> None:
    jobs = some(world, "aaaa")
    first = list_jobs(world.store, ALICE, 2, None, world.now)
    some(world, "aa")

    second = list_jobs(world.store, ALICE, 2, first.next_token, world.now)

    assert [job["id"] for job in first.jobs + second.jobs] == [job.id for job in reversed(jobs)]


@given(
    creators=st.text("ab", max_size=30),
    most=st.integers(1, 5),
    page_size=st.integers(1, 7),
    looks=st.lists(st.booleans(), max_size=10),
)
def test_however_often_time_runs_out_each_job_is_on_one_page(
    creators: str, most: int, page_size: int, looks: list[bool]
) -> None:
    world = JobWorld()
    jobs = some(world, creators)
    world.lake.page_size = page_size
    hurried = iter(looks)

    listed = pages(world, ALICE, most, out_of_time=lambda: next(hurried, False))

    assert [each for page in listed for each in page] == [
        job.id for job, creator in zip(reversed(jobs), reversed(creators), strict=True) if creator == "a"
    ]


def test_a_page_that_time_closed_tells_nobody_the_ids_of_others(world: JobWorld) -> None:
    some(world, "bbbb")

    page = list_jobs(world.store, ALICE, 5, None, world.now, lambda: True)

    assert page.jobs == []
    # The marks of open jobs are behind the jobs, where the list ends.
    world.lake.page_size = 2
    page = list_jobs(world.store, ALICE, 5, None, world.now, lambda: True)
    assert page.next_token is not None
    assert not is_job_id(page.next_token)
    assert list_jobs(world.store, ALICE, 5, page.next_token, world.now).jobs == []


def test_of_thousands_only_a_page_is_read(world: JobWorld) -> None:
    for _ in range(1_500):
        some(world, "b")
    some(world, "aaa")
    asked: list[str] = []
    world.lake.before_call = lambda operation, key: asked.append(operation)  # type: ignore[method-assign]

    assert len(list_jobs(world.store, ALICE, 2, None, world.now).jobs) == 2
    assert asked == ["list", "open", "open"]


def test_a_page_of_large_requests_is_shorter(world: JobWorld) -> None:
    large = {"query": "x" * 250_000}
    jobs = [world.store.create("search", large, ALICE, "view", world.now) for _ in range(40)]

    listed = pages(world, ALICE, 1000)

    assert sorted(each for page in listed for each in page) == sorted(job.id for job in jobs)
    assert [len(page) for page in listed] == [16, 16, 8]
    page = list_jobs(world.store, ALICE, 1000, None, world.now)
    assert 3_500_000 < len(msgspec.json.encode(page.as_json(world.now))) < 5_000_000


def test_what_has_expired_is_deleted_or_damaged_is_not_shown(world: JobWorld) -> None:
    expired, deleted, damaged, stays = some(world, "aaaa")
    world.store.cancel(expired.id, world.now)
    world.forward(days=7)
    world.store.cancel(deleted.id, world.now)
    world.store.delete(deleted.id, world.now)
    world.lake.put(damaged.key, b"{")

    page = list_jobs(world.store, ALICE, 50, None, world.now)

    assert [job["id"] for job in page.jobs] == [stays.id]
    assert [failure["object"] for failure in page.failures] == [damaged.key]
    told = msgspec.json.decode(msgspec.json.encode(page.as_json(world.now)))
    assert told["completeness"]["complete"] is False
    assert set(told) == {"jobs", "completeness"}


@pytest.mark.parametrize("token", ["x", "../", "1" * 12, "１" * 13, "1" * 13 + "\n", "state/jobs/open/"])
def test_a_token_that_was_not_given_is_refused(world: JobWorld, token: str) -> None:
    with pytest.raises(InvalidNextToken):
        list_jobs(world.store, ALICE, 5, token, world.now)


# As the API shows them


def test_what_only_workers_need_is_not_shown(world: JobWorld) -> None:
    shown = describe(world.run(world.create()), world.store.retention)

    assert set(shown) == {
        "id", "kind", "state", "scope", "createdBy", "request", "createdAt", "startedAt", "updatedAt", "endedAt",
        "expiresAt", "progress", "cancelRequested", "error",
    }  # fmt: skip
    assert shown["createdBy"] == {"tokenId": ALICE.token_id, "name": "alice"}
    assert shown["expiresAt"] == world.now + world.store.retention


def test_why_it_failed_is_shown_as_errors_are(world: JobWorld) -> None:
    def fail(job: Job, progress: object) -> dict[str, Any]:
        raise QueryFailed("too much", hint="Ask for less.")

    world.kinds["files"] = fail

    shown = describe(world.run(world.create()), world.store.retention)

    assert shown["error"] == {"code": "QueryFailed", "message": "too much", "hint": "Ask for less."}


def test_files_and_manifest_of_a_result_come_with_links(world: JobWorld) -> None:
    world.kinds["files"] = lambda job, progress: {
        "files": [{"name": "part-1", "rows": 5}, {"name": "part-2", "rows": 6}],
        "manifest": {"name": "manifest.json"},
        "rows": 11,
    }
    job = world.run(world.create())

    result = describe_whole(job, world.store.retention, ALICE, world.lake)["result"]

    at = f"https://lake.example/exports/jobs/{job.id}"
    assert result == {
        "files": [
            {"name": "part-1", "rows": 5, "url": f"{at}/part-1?seconds=300"},
            {"name": "part-2", "rows": 6, "url": f"{at}/part-2?seconds=300"},
        ],
        "manifest": {"name": "manifest.json", "url": f"{at}/manifest.json?seconds=300"},
        "rows": 11,
    }
    assert "url" not in str(world.read(job).result)


def test_who_lacks_the_scope_sees_the_job_and_not_its_result(world: JobWorld) -> None:
    world.kinds["files"] = lambda job, progress: {"rows": 7}
    job = world.run(world.create())
    viewer = Principal(ALICE.token_id, "alice", frozenset({"view"}))

    shown = describe_whole(job, world.store.retention, viewer, world.lake)

    assert (shown["state"], shown["result"]) == ("succeeded", None)
    assert "download" in shown["resultWithheld"]
    assert "resultWithheld" not in describe_whole(job, world.store.retention, ALICE, world.lake)


def test_an_empty_result_is_one(world: JobWorld) -> None:
    world.kinds["files"] = lambda job, progress: {}
    job = world.run(world.create())

    assert describe_whole(job, world.store.retention, ALICE, world.lake)["result"] == {}
