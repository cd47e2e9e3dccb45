"""Idempotency keys of jobs: the same request sent again, for want of an answer, starts no second job."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from trailkeep.access.principal import Principal
from trailkeep.errors import IdempotencyConflict, InvalidParameter
from trailkeep.jobs.job import Moment
from trailkeep.lake.storage import Bucket

CREATING = timedelta(minutes=10)
"""Within this a job that a key stands for and that is not there is created; later it has been deleted."""

_RECORDS = "state/idempotency/"
_FORM = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The ``Idempotency-Key`` of a request, and the body that it came with."""

    key: str
    body: bytes


class _Record(msgspec.Struct, frozen=True):
    sha256: str
    job: str
    at: Moment


_decoder = msgspec.json.Decoder(_Record)


def idempotency_of(headers: Mapping[str, str], body: bytes) -> Idempotency | None:
    """What makes a request repeatable; ``headers`` by their names in lower case. None where it came without a key."""
    key = headers.get("idempotency-key")
    if key is None:
        return None
    if not _FORM.fullmatch(key):
        raise InvalidParameter("Idempotency-Key must be 1 to 128 visible ASCII characters")
    return Idempotency(key, body)


@dataclass(frozen=True, slots=True)
class Binding:
    """Which job a key stands for. ``is_fresh``: since so short a time that the job may not have been created yet."""

    job_id: str
    is_fresh: bool


def bind(lake: Bucket, idempotency: Idempotency, who: Principal, job_id: str, now: datetime) -> Binding:
    """Let a key of this token stand for ``job_id``, unless it stands for a job already.

    Raises :class:`IdempotencyConflict` where it came before with another body.
    """
    name = sha256(f"job\0{who.token_id}\0{idempotency.key}".encode()).hexdigest()[:32]
    target = f"{_RECORDS}{name}.json"
    record = _Record(sha256(idempotency.body).hexdigest(), job_id, now)
    if lake.create(target, msgspec.json.encode(record)):
        return Binding(job_id, is_fresh=True)
    standing = _decoder.decode(lake.get(target))
    if standing.sha256 != record.sha256:
        raise IdempotencyConflict("this Idempotency-Key came before with another body")
    return Binding(standing.job, is_fresh=now < standing.at + CREATING)
