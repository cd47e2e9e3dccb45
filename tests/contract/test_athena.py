"""Athena is asked, and what it says is understood: by a stand-in that speaks its protocol."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.contract.fake_athena import WORKGROUP, FakeAthena
from tests.contract.stores import connected
from tests.local.emulator import free_port
from tests.unit.memory_bucket import MemoryBucket
from trailkeep.athena.engine import MOST_RESULT_BYTES, Athena, State, athena_of
from trailkeep.errors import EngineUnavailable, QueryFailed
from trailkeep.sql.kinds import BIGINT

ONE = (("one", BIGINT),)


@pytest.fixture
def fake() -> Iterator[FakeAthena]:
    with FakeAthena().serving() as serving, connected({"AWS_ENDPOINT_URL_ATHENA": serving.url}):
        yield serving


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket()


@pytest.fixture
def athena(fake: FakeAthena, bucket: MemoryBucket) -> Athena:
    return Athena(WORKGROUP, "lake_tables", bucket)


def never() -> bool:
    return False


def at_once(seconds: float) -> None:
    pass


def test_a_text_is_started_in_the_workgroup_over_the_tables(athena: Athena, fake: FakeAthena) -> None:
    athena.start("SELECT 1", "job-1")
    (started,) = fake.started
    assert started["QueryString"] == "SELECT 1"
    assert started["WorkGroup"] == WORKGROUP
    assert started["QueryExecutionContext"] == {"Database": "lake_tables"}


def test_a_text_that_is_started_again_is_the_same_query(athena: Athena, fake: FakeAthena) -> None:
    assert athena.start("SELECT 1", "job-1") == athena.start("SELECT 1", "job-1")
    assert athena.start("SELECT 1", "job-2") != athena.start("SELECT 1", "job-1")
    assert athena.start("SELECT 2", "job-1") != athena.start("SELECT 1", "job-1")
    assert len(fake.started) == 3


def test_a_query_is_looked_at_until_it_has_ended(athena: Athena, fake: FakeAthena, bucket: MemoryBucket) -> None:
    fake.states = ["QUEUED", "RUNNING", "RUNNING", "SUCCEEDED"]
    pauses: list[float] = []
    execution = athena.wait_for(athena.start("SELECT 1", "job"), never, pauses.append)
    assert execution.state is State.SUCCEEDED
    assert execution.bytes_scanned == 1234
    assert pauses == sorted(pauses)
    assert len(pauses) == 3
    bucket.put(execution.result or "", b'"one"\n"1"\n')
    assert athena.rows(execution, ONE).to_pylist() == [{"one": 1}]


def test_nobody_waits_longer_than_there_is_time(athena: Athena, fake: FakeAthena) -> None:
    fake.states = ["RUNNING"]
    execution = athena.wait_for(athena.start("SELECT 1", "job"), lambda: True, at_once)
    assert execution.state is State.RUNNING
    with pytest.raises(QueryFailed, match="running"):
        athena.rows(execution, ONE)


def test_a_query_can_be_cancelled(athena: Athena, fake: FakeAthena) -> None:
    fake.states = ["RUNNING"]
    started = athena.start("SELECT 1", "job")
    athena.cancel(started)
    execution = athena.wait_for(started, never, at_once)
    assert execution.state is State.CANCELLED
    with pytest.raises(QueryFailed, match="cancelled"):
        athena.rows(execution, ONE)


def test_a_query_that_would_read_too_much_says_so(athena: Athena, fake: FakeAthena) -> None:
    fake.states, fake.reason = ["CANCELLED"], "Query cancelled! : Bytes scanned limit was exceeded"
    with pytest.raises(QueryFailed, match="1234 bytes, more than this deployment allows") as failed:
        athena.rows(athena.look_at(athena.start("SELECT 1", "job")), ONE)
    assert "AthenaScanLimitBytes" in failed.value.hint


def test_a_query_that_fails_says_why(athena: Athena, fake: FakeAthena) -> None:
    fake.states, fake.reason, fake.error_category = ["FAILED"], "DIVISION_BY_ZERO: Division by zero", 2
    with pytest.raises(QueryFailed, match="Division by zero"):
        athena.rows(athena.look_at(athena.start("SELECT 1", "job")), ONE)


def test_a_fault_of_athenas_own_is_not_the_querys(athena: Athena, fake: FakeAthena) -> None:
    fake.states, fake.reason, fake.error_category = ["FAILED"], "GENERIC_INTERNAL_ERROR", 1
    with pytest.raises(EngineUnavailable, match="GENERIC_INTERNAL_ERROR"):
        athena.rows(athena.look_at(athena.start("SELECT 1", "job")), ONE)


@pytest.mark.parametrize(
    ("code", "more", "raised", "says"),
    [
        ("InvalidRequestException", {"AthenaErrorCode": "MALFORMED_QUERY"}, QueryFailed, "line 1:8"),
        ("InvalidRequestException", {"AthenaErrorCode": "INVALID_INPUT"}, EngineUnavailable, "line 1:8"),
        ("TooManyRequestsException", {"Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED"}, EngineUnavailable, "as many"),
        ("AccessDeniedException", {}, EngineUnavailable, "AccessDeniedException"),
        ("InternalServerException", {}, EngineUnavailable, "InternalServerException"),
    ],
)
def test_what_athena_refuses_has_a_type(
    athena: Athena, fake: FakeAthena, code: str, more: dict[str, str], raised: type[Exception], says: str
) -> None:
    fake.refuses = (code, "line 1:8: mismatched input", more)
    with pytest.raises(raised, match=says):
        athena.start("SELECT 1", "job")


def test_where_nothing_answers_that_is_told_soon(bucket: MemoryBucket) -> None:
    begun = time.monotonic()
    with (
        connected({"AWS_ENDPOINT_URL_ATHENA": f"http://127.0.0.1:{free_port()}"}),
        pytest.raises(EngineUnavailable, match="did not answer"),
    ):
        Athena(WORKGROUP, "lake_tables", bucket).start("SELECT 1", "job")
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("lacking", ["ATHENA_WORKGROUP", "GLUE_DATABASE"])
def test_a_deployment_without_its_settings_has_no_athena(lacking: str, bucket: MemoryBucket) -> None:
    settings = {"ATHENA_WORKGROUP": "w", "GLUE_DATABASE": "d"}
    assert athena_of(bucket, settings).database == "d"
    with pytest.raises(EngineUnavailable, match="no Athena"):
        athena_of(bucket, settings | {lacking: ""})


def test_a_result_that_is_too_large_is_not_read(athena: Athena, bucket: MemoryBucket) -> None:
    execution = athena.look_at(athena.start("SELECT 1", "job"))
    stat = bucket.put(execution.result or "", b"")
    bucket.objects[stat.key] = (b"", stat.__class__(stat.key, stat.etag, MOST_RESULT_BYTES + 1, stat.modified_at))
    with pytest.raises(QueryFailed, match="can be read at once"):
        athena.rows(execution, ONE)
