"""Athena as this deployment has it: start a text, see how it goes, stop it, and read what it gave."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import boto3
import pyarrow as pa
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from trailkeep.athena.results import read_result
from trailkeep.errors import EngineUnavailable, QueryFailed
from trailkeep.lake.storage import Bucket
from trailkeep.sql.kinds import Kind

MOST_RESULT_BYTES = 256 << 20
"""Of a result that is read into memory."""

_PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds between two looks at a query; the last one stays."""


class State(Enum):
    """Where a query is."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether it stays there."""
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Execution:
    """A query that was started: ``reason`` says why it failed, ``result`` is the key of what it gave."""

    id: str
    state: State
    bytes_scanned: int
    result: str | None = None
    reason: str = ""
    is_fault: bool = False
    """Whether it failed by a fault of Athena's own."""


class Athena:
    """The workgroup and the tables of a deployment.

    Every method raises :class:`EngineUnavailable` soon where no Athena answers, or not to this deployment.
    """

    def __init__(self, workgroup: str, database: str, bucket: Bucket) -> None:
        self.database = database
        self._workgroup = workgroup
        self._bucket = bucket

    def start(self, text: str, token: str) -> str:
        """Start a text; the ID of its execution, the same one however often that is done with the same ``token``.

        Raises :class:`QueryFailed` for a text that Athena does not take.
        """
        with _typed():
            answer = _client().start_query_execution(
                QueryString=text,
                # Another text is another query: Athena refuses a token that comes with one.
                ClientRequestToken=hashlib.sha256(f"{token}\n{text}".encode()).hexdigest(),
                QueryExecutionContext={"Database": self.database},
                WorkGroup=self._workgroup,
            )
        started: str = answer["QueryExecutionId"]
        return started

    def look_at(self, execution_id: str) -> Execution:
        """Where a query is."""
        with _typed():
            answer = _client().get_query_execution(QueryExecutionId=execution_id)
        return self._execution(answer["QueryExecution"])

    def wait_for(
        self, execution_id: str, out_of_time: Callable[[], bool], pause: Callable[[float], None] = time.sleep
    ) -> Execution:
        """Where a query is when it has ended, or when time is out."""
        for seconds in _pauses():
            execution = self.look_at(execution_id)
            if execution.state.is_final or out_of_time():
                break
            pause(seconds)
        return execution

    def cancel(self, execution_id: str) -> None:
        """Stop a query; one that has ended stays as it is."""
        with _typed():
            _client().stop_query_execution(QueryExecutionId=execution_id)

    def rows(self, execution: Execution, outputs: Sequence[tuple[str, Kind]]) -> pa.Table:
        """What a query gave, with the columns that its text was made to select.

        Raises :class:`QueryFailed` for one that did not succeed, and says why; and for a result that is too large.
        """
        if execution.state is not State.SUCCEEDED or execution.result is None:
            raise _failure(execution)
        size = self._bucket.stat(execution.result).size
        if size > MOST_RESULT_BYTES:
            raise QueryFailed(
                f"the result takes {size} bytes, of which {MOST_RESULT_BYTES} can be read at once",
                hint="Select fewer columns or rows.",
            )
        return read_result(self._bucket.get(execution.result), outputs)

    def _execution(self, described: Mapping[str, Any]) -> Execution:
        status = described["Status"]
        fault = status.get("AthenaError", {})
        place = described.get("ResultConfiguration", {}).get("OutputLocation", "")
        prefix = f"s3://{self._bucket.name}/"
        return Execution(
            id=described["QueryExecutionId"],
            state=State(status["State"]),
            bytes_scanned=described.get("Statistics", {}).get("DataScannedInBytes", 0),
            result=place.removeprefix(prefix) if place.startswith(prefix) else None,
            reason=status.get("StateChangeReason", ""),
            is_fault=fault.get("ErrorCategory") == _SYSTEM,
        )


def athena_of(bucket: Bucket, environment: Mapping[str, str] = os.environ) -> Athena:
    """The Athena that the settings name; :class:`EngineUnavailable` where they name none."""
    workgroup, database = environment.get("ATHENA_WORKGROUP"), environment.get("GLUE_DATABASE")
    if not workgroup or not database:
        raise EngineUnavailable("this deployment has no Athena")
    return Athena(workgroup, database, bucket)


_SYSTEM = 1
"""The category of errors that are Athena's own."""

_BUSY = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"})


@lru_cache(maxsize=1)
def _client() -> Any:
    """One client for the life of a function. Whoever asked is waiting: it gives up after a few seconds."""
    return boto3.client(
        "athena",
        config=Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=2, read_timeout=5),
    )


def _pauses() -> Iterator[float]:
    yield from _PAUSES
    while True:
        yield _PAUSES[-1]


@contextmanager
def _typed() -> Iterator[None]:
    """Turn the client's errors into ours, once."""
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        code, message = str(told.get("Code", "")), str(told.get("Message", ""))
        if code in _BUSY:
            raise EngineUnavailable("Athena runs as many queries as it may", hint="Try again in a moment.") from error
        if code == "InvalidRequestException" and error.response.get("AthenaErrorCode") == _REFUSED:
            raise QueryFailed(f"Athena does not take the query: {message}") from error
        raise EngineUnavailable(f"Athena answered {code}: {message}") from error
    except (BotoCoreError, ResponseParserError, OSError) as error:
        raise EngineUnavailable(f"Athena did not answer: {type(error).__name__}") from error


_REFUSED = "MALFORMED_QUERY"


def _failure(execution: Execution) -> QueryFailed | EngineUnavailable:
    reason = execution.reason or f"the query is {execution.state.value.lower()}"
    if "scanned limit" in reason:  # Athena cancels it
        return QueryFailed(
            f"the query was stopped after reading {execution.bytes_scanned} bytes, more than this deployment allows",
            hint="Ask for a shorter window or fewer regions, or raise AthenaScanLimitBytes.",
        )
    if execution.state is State.CANCELLED:
        return QueryFailed("the query was cancelled")
    if execution.is_fault:
        return EngineUnavailable(f"Athena failed: {reason}", hint="Try again in a moment.")
    return QueryFailed(f"Athena says: {reason}")
