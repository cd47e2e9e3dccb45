"""A job: what was asked for, by whom, how far it is, and how it ended. Plain values; one JSON object each.

A job's ID begins with the time of its creation, counted backwards: the keys of all jobs are in order, the newest first.
Then comes a mark of its creator, so that a listing tells whose it is, and 128 random bits that nobody guesses.
"""

import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec

from trailkeep.access.principal import EVERYTHING, Principal, from_context
from trailkeep.events.timestamps import from_micros, to_micros

JOBS = "state/jobs/"
RESULTS = "exports/jobs/"

_FORM = re.compile(r"([0-9]{13})-([0-9a-f]{12})-[0-9a-f]{32}", re.ASCII)
_END_OF_TIME = 10**13 - 1
"""Milliseconds since 1970, in the year 2286: what an ID counts back from."""

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Tally(msgspec.Struct, frozen=True):
    """How far a job is: the part that is done, from 0 to 1, the rows found and the bytes read for that."""

    fraction: float = 0.0
    rows: int = 0
    bytes: int = 0

    def raised(self, other: "Tally") -> "Tally":
        """The greater of each: what was told never goes back, also when work has to be done once more."""
        fraction = min(max(self.fraction, other.fraction), 1.0)
        return Tally(fraction, max(self.rows, other.rows), max(self.bytes, other.bytes))


class Lease(msgspec.Struct, frozen=True):
    """Who works on a job, and until when nobody else does."""

    owner: str
    until: Moment


class Failure(msgspec.Struct, frozen=True):
    """Why a job failed, in the words of an error of the API; ``status`` is the one that it has there."""

    code: str
    message: str
    hint: str
    status: int


class Job(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A job as it is stored.

    ``who`` is the context of its creator (:meth:`Principal.context`), ``scope`` what its result needs, ``request`` what
    was asked for, validated. ``checkpoint`` and ``result`` are what the work of this ``kind`` made of them; objects
    that ``result`` names in ``files`` (a list) and ``manifest``, each ``{"name": …}``, stand under :attr:`results`.
    ``attempts`` counts the workers that began since the last checkpoint.
    """

    id: str
    kind: str
    who: dict[str, str]
    scope: str
    request: dict[str, Any]
    created_at: Moment
    updated_at: Moment
    state: State = "queued"
    started_at: Moment | None = None
    ended_at: Moment | None = None
    deleted_at: Moment | None = None
    progress: Tally = Tally()
    checkpoint: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: Failure | None = None
    lease: Lease | None = None
    attempts: int = 0
    cancel_requested: bool = False

    @property
    def principal(self) -> Principal:
        """Its creator, with what it might see when it asked: what the work is done for."""
        return from_context(self.who)

    @property
    def key(self) -> str:
        """Where the job is stored."""
        return job_key(self.id)

    @property
    def results(self) -> str:
        """What the keys of its results begin with."""
        return results_prefix(self.id)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it, but that it expires."""
        return self.state in ("succeeded", "failed", "cancelled")

    def is_held_by(self, owner: str) -> bool:
        """Whether this worker is the one that works on it."""
        return self.state == "running" and self.lease is not None and self.lease.owner == owner

    @property
    def is_free(self) -> bool:
        """Whether it was begun, and waits for the next worker."""
        return self.state == "running" and self.lease is None

    def is_held(self, now: datetime) -> bool:
        """Whether any worker may be working on it."""
        return self.state == "running" and self.lease is not None and now < self.lease.until

    def expires_at(self, retention: timedelta) -> datetime | None:
        """From when on it is there for nobody, with its result; None before its end."""
        return self.deleted_at or (self.ended_at and self.ended_at + retention)

    def may_be_seen_by(self, who: Principal) -> bool:
        """Whether this token created it, or is that of an administrator of the whole lake."""
        return is_admin(who) or self.who["tokenId"] == who.token_id

    def result_may_be_seen_by(self, who: Principal) -> bool:
        """Whether this token sees the result: it has the scope, and may still see all that the creator might."""
        creator = self.principal
        return (
            self.may_be_seen_by(who)
            and self.scope in who.scopes
            and _covers(who.accounts, creator.accounts)
            and _covers(who.regions, creator.regions)
        )


def is_admin(who: Principal) -> bool:
    """Whether this token sees the jobs of all: those of an administrator who sees the whole lake."""
    return "admin" in who.scopes and who.accounts == EVERYTHING and who.regions == EVERYTHING


def job_key(job_id: str) -> str:
    """Where a job is stored."""
    return f"{JOBS}{job_id}.json"


def job_id_in(key: str) -> str | None:
    """The ID of the job that is stored at a key; None where none can be."""
    job_id = key.removeprefix(JOBS).removesuffix(".json")
    return job_id if key == job_key(job_id) and is_job_id(job_id) else None


def results_prefix(job_id: str) -> str:
    """What the keys of a job's results begin with: ``exports/jobs/<id>/``."""
    return f"{RESULTS}{job_id}/"


def new_job_id(token_id: str, now: datetime) -> str:
    """An ID that nobody guesses, for a job that this token creates now."""
    return f"{counted_back(now)}-{mark_of(token_id)}-{secrets.token_hex(16)}"


def is_job_id(text: str) -> bool:
    """Whether this could be the ID of a job."""
    return _FORM.fullmatch(text) is not None


def counted_back(moment: datetime) -> str:
    """What IDs of this moment begin with: the later, the smaller."""
    return f"{_END_OF_TIME - to_micros(moment) // 1000:013d}"


def moment_in(job_id: str) -> datetime:
    """When the job with this ID was created, to the millisecond."""
    return from_micros((_END_OF_TIME - int(job_id.split("-")[0])) * 1000)


def mark_of(token_id: str) -> str:
    """What stands in the ID of a job for the token that created it."""
    return sha256(token_id.encode()).hexdigest()[:12]


def mark_in(job_id: str) -> str:
    """The creator's mark in an ID that :func:`is_job_id`."""
    return job_id.split("-")[1]


def _covers(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    return ours == EVERYTHING or (theirs != EVERYTHING and set(theirs) <= set(ours))
