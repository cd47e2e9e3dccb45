"""Why something could not be read: the closed list of quarantine reasons."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a record, or the rest of an object, is in quarantine."""

    EMPTY_OBJECT = "empty_object"
    NOT_JSON = "not_json"
    NOT_UTF8 = "not_utf8"
    CORRUPT_GZIP = "corrupt_gzip"
    TRUNCATED_GZIP = "truncated_gzip"
    INFLATES_TOO_FAR = "inflates_too_far"
    OBJECT_TOO_LARGE = "object_too_large"
    TRUNCATED = "truncated"
    INVALID_JSON = "invalid_json"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    TOO_DEEP = "too_deep"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    RECORD_TOO_LARGE = "record_too_large"
    MISSING_EVENT_NAME = "missing_event_name"
    MISSING_EVENT_TIME = "missing_event_time"
    INVALID_EVENT_TIME = "invalid_event_time"
    EVENT_TIME_OUT_OF_RANGE = "event_time_out_of_range"
    MASKING_FAILED = "masking_failed"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be kept as an event.

    ``index`` counts the records of an object from 0; ``detail`` says what was expected and never quotes the input,
    which may hold secrets.
    """

    index: int
    reason: Reason
    detail: str


class Unreadable(Exception):
    """The rest of an object cannot be read: raised by a decoder, turned into one :class:`Rejected`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
