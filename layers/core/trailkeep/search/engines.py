"""Which engine answers a search: the function that was asked, a job, or Athena. Decided by what there is to read."""

from dataclasses import dataclass
from typing import Literal

from trailkeep.errors import EngineUnavailable

Choice = Literal["request", "job", "athena"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Up to how many bytes of objects SQL is run within the request, and up to how many by a job of our own."""

    request_bytes: int
    job_bytes: int


def choose(asked: str, size: int, thresholds: Thresholds, *, has_sql: bool, has_athena: bool) -> Choice:
    """Where a search runs that may have to read ``size`` bytes; ``asked`` is ``auto``, ``embedded`` or ``athena``.

    Without SQL it is answered page by page, however much there is: a page ends where it is full, or in time. SQL needs
    all its rows. Raises :class:`EngineUnavailable`.
    """
    if asked == "athena":
        if not has_athena:
            raise EngineUnavailable("Athena is not set up in this deployment")
        return "athena"
    if not has_sql or size <= thresholds.request_bytes:
        return "request"
    return "athena" if asked == "auto" and has_athena and size > thresholds.job_bytes else "job"
