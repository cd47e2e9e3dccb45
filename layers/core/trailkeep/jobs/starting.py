"""Starting the work on a job: the function that works is called and not waited for. A hint only: calls may be lost."""

import json
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from trailkeep.errors import StorageUnavailable
from trailkeep.settings import required


def start(job_id: str, function: str | None = None) -> None:
    """Have a job worked on, by the function that ``RUN_JOB_FUNCTION`` names where none is given.

    Raises :class:`StorageUnavailable` where it cannot be called; the schedule finds the job all the same.
    """
    payload = json.dumps({"job": job_id}).encode()
    name = function or required("RUN_JOB_FUNCTION")
    try:
        _functions().invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    except (ClientError, BotoCoreError) as error:
        raise StorageUnavailable(f"the function that works on jobs was not called: {type(error).__name__}") from error


@lru_cache(maxsize=1)
def _functions() -> Any:
    retries: Any = {"mode": "standard", "max_attempts": 3}
    return boto3.client("lambda", config=Config(retries=retries, connect_timeout=3, read_timeout=10))
