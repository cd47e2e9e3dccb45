"""What requests to ``/v1/holds`` ask for, checked field by field."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from trailkeep.errors import InvalidParameter
from trailkeep.events.regions import is_region
from trailkeep.named import refuse_unknown
from trailkeep.retention.holds import Scope

MAX_VALUES = 100
_LENGTHS = {"name": 128, "reason": 2_000}
_MAX_ACCOUNT_LENGTH = 256
_KNOWN = (*_LENGTHS, "regions", "startDate", "endDate", "accounts")


def parse_hold(fields: Mapping[str, Any]) -> tuple[str, str, Scope]:
    """Name, reason and scope of a hold. Raises :class:`InvalidParameter`, which names the field."""
    refuse_unknown(fields, _KNOWN)
    scope = Scope(
        regions=_texts(fields, "regions", is_region, "regions such as cn-hangzhou"),
        start_date=_date(fields, "startDate"),
        end_date=_date(fields, "endDate"),
        accounts=_texts(fields, "accounts", _is_account, f"account IDs of at most {_MAX_ACCOUNT_LENGTH} characters"),
    )
    if scope == Scope():
        raise InvalidParameter(
            "a hold needs at least one of regions, startDate, endDate, accounts",
            hint="To keep everything, raise days of /v1/retention, or hold from a startDate on.",
        )
    if scope.start_date and scope.end_date and scope.start_date > scope.end_date:
        raise InvalidParameter("startDate must not be after endDate")
    return _text(fields, "name"), _text(fields, "reason"), scope


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > _LENGTHS[name]:
        raise InvalidParameter(f"{name} must be a text of 1 to {_LENGTHS[name]} characters")
    return value


def _texts(fields: Mapping[str, Any], name: str, is_sound: Callable[[str], bool], what: str) -> tuple[str, ...]:
    if name not in fields:
        return ()
    value = fields[name]
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
        raise InvalidParameter(f"{name} must be a list of 1 to {MAX_VALUES} {what}")
    if not all(isinstance(each, str) and is_sound(each) for each in value):
        raise InvalidParameter(f"{name} must hold nothing but {what}")
    return tuple(sorted(set(value)))


def _is_account(text: str) -> bool:
    return 0 < len(text) <= _MAX_ACCOUNT_LENGTH and text == text.strip()


def _date(fields: Mapping[str, Any], name: str) -> str | None:
    if name not in fields:
        return None
    value = fields[name]
    try:
        # Of the forms that Python reads, only the one that sorts as text.
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise InvalidParameter(f"{name} must be a date such as 2026-01-31")
