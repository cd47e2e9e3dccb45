"""The rule of retention: when a partition has expired. Pure: times in, an answer out."""

from datetime import UTC, date, datetime, timedelta


def date_has_expired(day: str, days: int, now: datetime) -> bool:
    """Whether all of a UTC date ``YYYY-MM-DD`` is longer ago than ``days``."""
    return _start_of(day) < now - timedelta(days=days + 1)


def has_expired(day: str, newest_delivery: datetime, days: int, now: datetime) -> bool:
    """Whether a partition has expired: its date **and** its newest delivery are longer ago than ``days``.

    The second lets history that is imported today stay as long as what happens today.
    """
    return date_has_expired(day, days, now) and newest_delivery < now - timedelta(days=days)


def is_date(day: str) -> bool:
    """Whether a text in the form of a date is one of the calendar."""
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _start_of(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
